package scan

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// Int reads a whole number.
func Int(text []byte) (int64, error) {
	n, digits := int64(0), text
	if len(text) > 1 && text[0] == '-' {
		digits = text[1:]
	}
	if len(digits) == 0 || len(digits) > 18 {
		return strconv.ParseInt(string(text), 10, 64)
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%.40q is no whole number", text)
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) < len(text) {
		n = -n
	}
	return n, nil
}

// Float reads a number, with a decimal point or, as some locales write it, a decimal comma. NaN and infinite numbers
// are errors, and so is 1,234, which may be 1.234 or 1234.
func Float(text []byte) (float64, error) {
	// The string shares the bytes: ParseFloat keeps them only in its error.
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(text), len(text)), 64)
	if whole, part, comma := strings.Cut(string(text), ","); err != nil && comma {
		if digits(part) == len("234") && len(part) == len("234") && strings.TrimLeft(whole, "-0") != "" {
			return 0, fmt.Errorf("%.40q may have a decimal comma, or one between thousands: write it with a decimal point", string(text))
		}
		f, err = strconv.ParseFloat(whole+"."+part, 64)
	}
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("%.40q is no number", string(text))
	}
	return f, nil
}

// digits is how many digits a text begins with.
func digits(text string) (n int) {
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return n
}

// Span reads a number of units, such as time.Millisecond.
func Span(text []byte, unit time.Duration) (time.Duration, error) {
	f, err := Float(text)
	if err != nil {
		return 0, err
	}
	return Times(f, unit)
}

// Times is a number of units.
func Times(f float64, unit time.Duration) (time.Duration, error) {
	ns := math.Round(f * float64(unit))
	if !(math.Abs(ns) < math.MaxInt64) {
		return 0, fmt.Errorf("%g × %v is no time of a request", f, unit)
	}
	return time.Duration(ns), nil
}

// Quantity reads a time with its unit, such as 1.24ms or 2.00s; units are those of wrk and of Go, and min. Of
// micro there are two characters, U+00B5 and the Greek letter U+03BC.
func Quantity(text string) (time.Duration, error) {
	for _, unit := range []struct {
		name string
		of   time.Duration
	}{{"ns", 1}, {"us", time.Microsecond}, {"µs", time.Microsecond}, {"μs", time.Microsecond}, {"ms", time.Millisecond}, {"min", time.Minute}, {"m", time.Minute}, {"h", time.Hour}, {"secs", time.Second}, {"s", time.Second}} {
		if number, is := strings.CutSuffix(text, unit.name); is {
			if d, err := time.ParseDuration(text); err == nil {
				return d, nil
			}
			return Span([]byte(strings.TrimSpace(number)), unit.of)
		}
	}
	return 0, fmt.Errorf("%.40q is no time with a unit", text)
}

// Since1970 is an instant in ns since 1970, of a number of seconds, ms, µs or ns. One before the year 2000 is an error.
func Since1970(n int64) (int64, error) {
	unit := UnitSince1970(n)
	if n < 0 || n > math.MaxInt64/int64(unit) {
		return 0, fmt.Errorf("%d is no time since 1970", n)
	}
	at := n * int64(unit)
	if year := time.Unix(0, at).UTC().Year(); year < 2000 {
		return 0, fmt.Errorf("%d lies in the year %d, as a number of %s since 1970: no load ran then", n, year, UnitName(unit))
	}
	return at, nil
}

// UnitSince1970 is the unit of an instant: its size tells, since a load of our time is meant.
func UnitSince1970(n int64) time.Duration {
	switch size := max(n, -n); {
	case size < 1e11: // up to the year 5138
		return time.Second
	case size < 1e14:
		return time.Millisecond
	case size < 1e17:
		return time.Microsecond
	}
	return time.Nanosecond
}

// UnitName is the name of such a unit.
func UnitName(unit time.Duration) string {
	return map[time.Duration]string{time.Second: "seconds", time.Millisecond: "milliseconds", time.Microsecond: "microseconds", time.Nanosecond: "nanoseconds"}[unit]
}
