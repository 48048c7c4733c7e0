package report

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// value is a metric's value with its unit, to three significant digits.
func value(m gate.Metric, v float64) string {
	switch {
	case m == gate.Throughput:
		return significant(v) + " /s"
	case m.IsLatency(), m == gate.CPU:
		return latency(time.Duration(v))
	default:
		return significant(v)
	}
}

// latency is a span with the unit that fits it: µs, ms or s.
func latency(d time.Duration) string {
	unit, name := latencyUnit(d)
	return significant(float64(d)/float64(unit)) + " " + name
}

// exactly is a span with all its digits and the unit that fits it, such as 1 ms or 1.5 s.
func exactly(d time.Duration) string {
	unit, name := latencyUnit(d)
	return strconv.FormatFloat(float64(d)/float64(unit), 'f', -1, 64) + " " + name
}

func latencyUnit(d time.Duration) (unit time.Duration, name string) {
	switch {
	case d < time.Millisecond:
		return time.Microsecond, "µs"
	case d < time.Second:
		return time.Millisecond, "ms"
	default:
		return time.Second, "s"
	}
}

// significant is a number with three significant digits and no exponent. v must not be negative.
func significant(v float64) string {
	if v == 0 {
		return "0"
	}
	decimals := 2 - int(math.Floor(math.Log10(v)))
	return fmt.Sprintf("%.*f", min(max(decimals, 0), 6), v)
}

// percent is a relative change with its sign, such as +40.9 % or −22.0 %.
func percent(change float64) string { return signed(change, 1) + " %" }

// bound is a limit with its sign and as few digits as it needs, such as +20 %.
func bound(limit float64) string {
	return fmt.Sprintf("%s%.3g %%", sign(limit), 100*math.Abs(limit))
}

// interval is the 95 % interval of a change in percent, in whole numbers unless it is narrower than
// 5 points.
func interval(r gate.Range) string {
	decimals := 0
	if r.High-r.Low < 0.05 {
		decimals = 1
	}
	return fmt.Sprintf("(95 %%: %s … %s)", signed(r.Low, decimals), signed(r.High, decimals))
}

// signed is a relative change in percent without its unit, such as +40.9.
func signed(change float64, decimals int) string {
	return fmt.Sprintf("%s%.*f", sign(change), decimals, 100*math.Abs(change))
}

// share is a rate from 0 to 1 in percent, such as 1.90 %.
func share(v float64) string {
	switch {
	case v == 0:
		return "0 %"
	case v < 0.00005:
		return "<0.01 %"
	case v == 1:
		return "100 %"
	default:
		return fmt.Sprintf("%.2f %%", 100*v)
	}
}

// points is a difference of two shares in percentage points.
func points(change float64) string {
	return fmt.Sprintf("%s%.2f pp", sign(change), 100*math.Abs(change))
}

func sign(v float64) string {
	if v < 0 {
		return "−"
	}
	return "+"
}

// arrow is the direction of a change.
func arrow(v float64) string {
	switch {
	case v > 0:
		return "▲ "
	case v < 0:
		return "▼ "
	default:
		return ""
	}
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// are is the form of a verb that goes with a number.
func are(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

// short is the beginning of a digest or a commit.
func short(text string) string { return text[:min(12, len(text))] }
