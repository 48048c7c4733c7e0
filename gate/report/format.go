package report

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// value is a metric's value with its unit, to three significant digits; of a foreign metric
// its name is the unit.
func value(m gate.Metric, v float64) string {
	switch {
	case m == gate.Throughput:
		return significant(v) + " /s"
	case m.IsLatency():
		return latency(time.Duration(v))
	default:
		return significant(v) + " " + string(m)
	}
}

// latency is a span with the unit that fits it: µs, ms or s.
func latency(d time.Duration) string {
	unit, name := latencyUnit(d)
	return significant(float64(d)/float64(unit)) + " " + name
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

// significant is a number that is not negative with three digits that mean something, and no
// exponent.
func significant(v float64) string {
	if v == 0 {
		return "0"
	}
	decimals := 2 - int(math.Floor(math.Log10(v)))
	return fmt.Sprintf("%.*f", min(max(decimals, 0), 6), v)
}

// percent is a relative change with its sign, such as +40.9 % or −22.0 %.
func percent(change float64) string {
	return signed(change) + " %"
}

// signed is a relative change in percent without its unit, such as +40.9.
func signed(change float64) string {
	return fmt.Sprintf("%s%.1f", sign(change), 100*math.Abs(change))
}

// share is a rate from 0 to 1, such as 1.90 %.
func share(v float64) string { return fmt.Sprintf("%.2f %%", 100*v) }

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

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// How many characters of a foreign text are shown: of a name, and of a sentence.
const (
	maxName     = 80
	maxSentence = 400
)

// plain makes foreign text one harmless line: no control characters, none that turn the
// direction of writing or are invisible, white space folded, at most most characters.
func plain(text string, most int) string {
	kept := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r): // also format characters (Cf): bidi marks, zero widths
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
	runes := []rune(strings.Join(strings.Fields(kept), " "))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}

// code is foreign text as a markdown code span that may stand in a table: its fence is
// longer than any run of backticks inside, and bars are escaped, which GitHub's tables want
// even there.
func code(text string) string {
	text = plain(text, maxName)
	if text == "" {
		return ""
	}
	longest, run := 0, 0
	for _, r := range text {
		if r != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	pad := ""
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		pad = " "
	}
	return fence + pad + strings.ReplaceAll(text, "|", `\|`) + pad + fence
}

// block is foreign lines as a fenced block of text, in which nothing is markup.
func block(lines []string) string {
	fence := "```"
	for _, line := range lines {
		for strings.Contains(line, fence) {
			fence += "`"
		}
	}
	return fence + "text\n" + strings.Join(lines, "\n") + "\n" + fence + "\n"
}
