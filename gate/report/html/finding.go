package html

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// The sentences of this file describe the drawings. They stand below them, and screen readers read them aloud.

// inBrief describes the most common percentiles.
func (d *drawing) inBrief() string {
	now := &d.page.head.whole(d.route).Response
	return fmt.Sprintf("p50 %s, p95 %s, p99 %s, longest %s.", report.Latency(now.Quantile(0.5)), report.Latency(now.Quantile(0.95)), report.Latency(now.Quantile(0.99)), report.Latency(now.Max()))
}

// found says at which percentiles a route differs; empty without a band.
func (d *drawing) found() string {
	if d.ShiftBand == nil {
		return ""
	}
	return capital(differs(d.qs, d.Shift, d.ShiftBand))
}

// differs lists the ranges of percentiles at which the band of the difference excludes zero.
func differs(qs, shift []float64, band []stats.Interval) string {
	var parts []string
	for from := 0; from < len(qs); from++ {
		side := sideOf(band[from])
		to := from
		for to+1 < len(qs) && sideOf(band[to+1]) == side {
			to++
		}
		if side != 0 {
			parts = append(parts, stretch(qs[from:to+1], shift[from:to+1], side))
		}
		from = to
	}
	if len(parts) == 0 {
		return "no difference is shown at any percentile."
	}
	return strings.Join(parts, "; ") + "."
}

// sideOf is 1 if all of an interval is slower, −1 if all of it is faster, and 0 if it includes no difference.
func sideOf(i stats.Interval) int {
	switch {
	case i.Low > 0:
		return 1
	case i.High < 0:
		return -1
	}
	return 0
}

// stretch says how much slower or faster a range of percentiles is.
func stretch(qs, shift []float64, side int) string {
	word := "slower"
	if side < 0 {
		word = "faster"
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range shift {
		low, high = min(low, math.Expm1(v)), max(high, math.Expm1(v))
	}
	where := "at " + percentile(qs[0])
	if len(qs) > 1 {
		where = fmt.Sprintf("from %s to %s", percentile(qs[0]), percentile(qs[len(qs)-1]))
	}
	least, most := unsigned(low), unsigned(high)
	if side < 0 {
		least, most = most, least
	}
	by := "by " + least + " %"
	if least != most {
		by = fmt.Sprintf("by %s to %s %%", least, most)
	}
	return fmt.Sprintf("%s %s, %s", word, where, by)
}

// unsigned is a relative change in percent, without its sign.
func unsigned(change float64) string { return fmt.Sprintf("%.1f", 100*math.Abs(change)) }

// howToSee says how to read the drawings by percentile, and what they lack.
func (p *page) howToSee() string {
	base, _ := p.sides()
	text := "Half of all requests took less than the time at p50, and one of a hundred took more than the time at p99."
	switch {
	case p.base != nil:
		text += " " + base + " is dashed."
	case p.m.Report != nil && p.m.Report.Verdict.Mode == gate.Stored:
		text += " Dots are the baseline's medians: a history keeps no histograms."
	case p.m.Report != nil && p.m.Report.Verdict.Mode != gate.Soak:
		text += " Dots are the baseline's medians: its result was not given."
	}
	switch n := p.head.n(); {
	case p.head.bare():
		return text + " There are no bands: this result keeps no histograms of its rounds."
	case n < stats.LeastRounds:
		return text + fmt.Sprintf(" There are no bands: they take %d rounds, and there are %d.", stats.LeastRounds, n)
	}
	text += " Bands come from resampled rounds: a percentile lies in its own with 95 % confidence"
	if p.base != nil {
		text += ", and all differences together lie in theirs"
	}
	return text + "."
}

// percentile names a quantile, such as p99.9.
func percentile(q float64) string {
	if q == 1 {
		return "p100"
	}
	decimals := 0
	switch {
	case q > 0.9999:
		decimals = 3
	case q > 0.999:
		decimals = 2
	case q > 0.9:
		decimals = 1
	}
	text := fmt.Sprintf("%.*f", decimals, math.Floor(100*q*math.Pow(10, float64(decimals))+1e-6)/math.Pow(10, float64(decimals)))
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return "p" + text
}

// course describes a line over time as a reader would at first glance.
func course(name string, values []float64, words func(float64) string) string {
	low, high, sum, n := math.Inf(1), math.Inf(-1), 0.0, 0
	for _, v := range values {
		if !math.IsNaN(v) {
			low, high, sum, n = min(low, v), max(high, v), sum+v, n+1
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%s: from %s to %s, %s on average", name, words(low), words(high), words(sum/float64(n)))
}

// nanos is a span of nanoseconds on an axis.
func nanos(v float64) string { return report.Span(time.Duration(v)) }

// inPercent is a share from 0 to 1 on an axis.
func inPercent(v float64) string { return report.Trimmed(100*v) + " %" }

// wholePercent is a relative change on an axis.
func wholePercent(v float64) string {
	text := strings.TrimSuffix(strings.TrimSuffix(report.Percent(v), " %"), ".0") + " %"
	if text == "+0 %" || text == "−0 %" {
		return "0 %"
	}
	return text
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func lower(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToLower(text[:1]) + text[1:]
}
