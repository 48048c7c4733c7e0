package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// unread stands where a figure was not read: a missing figure is never shown as 0.
const unread = "-"

// thousands is a number in groups of three digits, such as 45,250.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return sign + digits
}

// perSec is a rate with one decimal, such as 2,790.3, and two below 1.
func perSec(rate float64) string {
	if rate > 0 && rate < 1 {
		return fmt.Sprintf("%.2f", rate)
	}
	tenths := int64(math.Round(min(rate, 1e15) * 10))
	return fmt.Sprintf("%s.%d", thousands(tenths/10), tenths%10)
}

// trimmed is a number with at most three significant digits, and without zeros at its end.
func trimmed(v float64) string {
	text := significant(v)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// tight is a span with its unit, such as 78ms, 8.4ms or 840µs.
func tight(d time.Duration) string {
	unit, name := latencyUnit(d)
	return trimmed(float64(d)/float64(unit)) + name
}

// trimmedSpan is a span with its unit after a space, such as 5.2 ms.
func trimmedSpan(d time.Duration) string {
	unit, name := latencyUnit(d)
	return trimmed(float64(d)/float64(unit)) + " " + name
}

// portion is a share from 0 to 1 as a percentage, such as 78%, and 0.4% below 1 %.
func portion(share float64) string {
	switch percent := 100 * share; {
	case percent > 0 && percent < 0.1:
		return "<0.1%"
	case percent > 0 && percent < 0.95:
		return fmt.Sprintf("%.1f%%", percent)
	default:
		return fmt.Sprintf("%.0f%%", percent)
	}
}

// hundredths is a share from 0 to 1 as a percentage with two decimals, such as 0.08%.
func hundredths(share float64) string {
	if share > 0 && share < 0.00005 {
		return "<0.01%"
	}
	return fmt.Sprintf("%.2f%%", 100*share)
}

// memory is a number of bytes in powers of 1,024, as tools for memory count: 62GB, 4.1GB, 512MB. decimals are those of
// GB from 10 on.
func memory(bytes float64, decimals int) string {
	gb := bytes / (1 << 30)
	switch {
	case gb >= 9.95:
		return fmt.Sprintf("%.*fGB", decimals, gb)
	case gb >= 0.9995:
		return fmt.Sprintf("%.1fGB", gb)
	case bytes >= 1<<20:
		return fmt.Sprintf("%.0fMB", bytes/(1<<20))
	default:
		return fmt.Sprintf("%.0fKB", bytes/(1<<10))
	}
}

// traffic is a number of bytes each second in powers of 1,000, as disks and networks are sold: 14.0 MB/s, 120 kB/s.
// decimals are those of MB from 10 on.
func traffic(bytes float64, decimals int) string {
	switch mb := bytes / 1e6; {
	case bytes == 0:
		return "0 MB/s"
	case mb >= 9_950:
		return fmt.Sprintf("%.0f GB/s", mb/1e3)
	case mb >= 999.5:
		return fmt.Sprintf("%.1f GB/s", mb/1e3)
	case mb >= 9.95:
		return fmt.Sprintf("%.*f MB/s", decimals, mb)
	case mb >= 0.0995:
		return fmt.Sprintf("%.1f MB/s", mb)
	default:
		return fmt.Sprintf("%.1f kB/s", bytes/1e3)
	}
}

// natural compares texts, with the numbers at their ends by value: gpu.9 comes before gpu.10.
func natural(a, b string) int {
	digits := "0123456789"
	stemA, stemB := strings.TrimRight(a, digits), strings.TrimRight(b, digits)
	numberA, _ := strconv.ParseUint(a[len(stemA):], 10, 64) // no number counts as 0
	numberB, _ := strconv.ParseUint(b[len(stemB):], 10, 64)
	return cmp.Or(strings.Compare(stemA, stemB), cmp.Compare(numberA, numberB), strings.Compare(a, b))
}

// atMost shortens lines to a number of them, and says how many are left out.
func atMost(lines []string, most int, what string) []string {
	if len(lines) <= most {
		return lines
	}
	return append(slices.Clone(lines[:most]), fmt.Sprintf("and %d more %s", len(lines)-most, what))
}
