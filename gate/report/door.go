package report

import (
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/capacity"
)

// The functions of this file format figures and names as all reports do, for forms in packages of their own.

// Name makes a foreign name one harmless line. An invisible name is described as such.
func Name(text string) string { return name80(RouteName(text)) }

// Line80 makes foreign text one harmless line; empty if all of it is invisible.
func Line80(text string) string { return plain(text, maxName) }

// Latency is a span with the unit that fits it, such as 58.9 ms.
func Latency(d time.Duration) string { return latency(d) }

// Percent is a relative change with its sign, such as +40.9 %.
func Percent(change float64) string { return percent(change) }

// Share is a share from 0 to 1 in percent, such as 1.90 %.
func Share(v float64) string { return share(v) }

// Trimmed is a number with at most three digits and no trailing zeros.
func Trimmed(v float64) string { return trimmed(v) }

// Thousands is a whole number in groups of three digits.
func Thousands(n int64) string { return thousands(n) }

// Load is a load of a search with its unit, such as 915/s or 12 users.
func Load(c capacity.Claim, load float64) string { return loadOf(c, load) }

// Span is a span of time with its unit and no more digits than it needs, such as 5.2 ms.
func Span(d time.Duration) string { return trimmedSpan(d) }

// Bytes is an amount of memory, such as 4.1GB, and Traffic an amount each second, such as 14.0 MB/s.
func Bytes(v float64) string   { return memory(v, 1) }
func Traffic(v float64) string { return traffic(v, 1) }
