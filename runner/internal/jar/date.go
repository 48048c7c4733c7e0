package jar

import (
	"strings"
	"time"
)

// date holds the parts of a date that were found.
type date struct {
	hour, minute, second, day, month, year int
	hasTime, hasDay, hasMonth, hasYear     bool
}

// parseDate reads a date by section 5.1.1. The text needs a time, a day, a month and a year, in any
// order and among anything else.
func parseDate(text string) (time.Time, bool) {
	var d date
	for _, token := range strings.FieldsFunc(text, delimits) {
		d.take(token)
	}
	switch {
	case 70 <= d.year && d.year <= 99:
		d.year += 1900
	case 0 <= d.year && d.year <= 69:
		d.year += 2000
	}
	if !d.hasTime || !d.hasDay || !d.hasMonth || !d.hasYear || d.day < 1 || d.day > 31 || d.year < 1601 || d.hour > 23 || d.minute > 59 || d.second > 59 {
		return time.Time{}, false
	}
	at := time.Date(d.year, time.Month(d.month), d.day, d.hour, d.minute, d.second, 0, time.UTC)
	return at, at.Day() == d.day // there is no 30th of February
}

func delimits(r rune) bool {
	return r == '\t' || ' ' <= r && r <= '/' || ';' <= r && r <= '@' || '[' <= r && r <= '`' || '{' <= r && r <= '~'
}

// take uses a token as the first missing part that it fits.
func (d *date) take(token string) {
	if !d.hasTime {
		if h, m, s, ok := clock(token); ok {
			d.hour, d.minute, d.second, d.hasTime = h, m, s, true
			return
		}
	}
	if !d.hasDay {
		if n, rest, ok := number(token, 1, 2); ok && !startsWithDigit(rest) {
			d.day, d.hasDay = n, true
			return
		}
	}
	if !d.hasMonth && len(token) >= 3 {
		if i := strings.Index("jan feb mar apr may jun jul aug sep oct nov dec", strings.ToLower(token[:3])); i >= 0 && i%4 == 0 {
			d.month, d.hasMonth = i/4+1, true
			return
		}
	}
	if !d.hasYear {
		if n, rest, ok := number(token, 2, 4); ok && !startsWithDigit(rest) {
			d.year, d.hasYear = n, true
		}
	}
}

// clock reads hours, minutes and seconds.
func clock(token string) (hour, minute, second int, ok bool) {
	fields := [3]int{}
	for i := range fields {
		n, rest, ok := number(token, 1, 2)
		if !ok || i < 2 && !strings.HasPrefix(rest, ":") || i == 2 && startsWithDigit(rest) {
			return 0, 0, 0, false
		}
		fields[i], token = n, strings.TrimPrefix(rest, ":")
	}
	return fields[0], fields[1], fields[2], true
}

// number reads the digits at the beginning of a text: at least least, at most most of them.
func number(text string, least, most int) (n int, rest string, ok bool) {
	i := 0
	for ; i < len(text) && i < most && startsWithDigit(text[i:]); i++ {
		n = n*10 + int(text[i]-'0')
	}
	return n, text[i:], i >= least
}

func startsWithDigit(text string) bool { return text != "" && '0' <= text[0] && text[0] <= '9' }
