package report

import (
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// header names the columns of a comparison's row.
var header = []string{"Route", "Metric", "Baseline", "This change", "Change", "Limit", "Verdict"}

// headerOf names the columns in a verdict of a mode.
func headerOf(m gate.Mode) []string {
	switch m {
	case gate.Soak:
		return []string{"Route", "Metric", "Fresh", "Aged", "Change", "Limit", "Verdict"}
	case gate.UnderLoad:
		return []string{"Route", "Metric", "Idle", "Full load", "Change", "Limit", "Verdict"}
	default:
		return header
	}
}

// columns says how each is aligned.
const columns = "llrrrrl"

// row is a comparison as a row of a table, for a terminal or in markdown.
func row(c gate.Comparison, markdown bool) []string {
	foreign := show(plain)
	if markdown {
		foreign = code
	}
	route := foreign(c.Route, maxName)
	if c.Route == tally.All {
		route = RouteName(c.Route)
	}
	verdict := verdict(c, foreign)
	if markdown && c.Status == gate.Worse {
		verdict = mark(gate.Fail) + " " + verdict
	}
	figures := cells(c, markdown)
	return []string{route, metric(c.Metric, foreign), figures[0], figures[1], figures[2], figures[3], verdict}
}

// metric is the name of a metric. Another tool may have given it.
func metric(m gate.Metric, foreign show) string {
	if slices.Contains(gate.Metrics(), m) {
		return string(m)
	}
	return foreign(string(m), maxName)
}

// word is the verdict on one comparison.
func word(c gate.Comparison) string {
	switch {
	case improved(c):
		return "improved"
	case c.Status != gate.Worse:
		return c.Status.String()
	case c.Metric == gate.FailureRate:
		return "failing"
	case c.Metric == gate.Throughput:
		return "lower"
	case c.Metric.IsCost():
		return "costs more"
	default:
		return "slower"
	}
}

// improved reports whether a metric is better by more than its limit, with its whole interval on the
// good side of no change.
func improved(c gate.Comparison) bool {
	if c.Status != gate.Within || c.Interval == nil || c.Metric == gate.FailureRate {
		return false
	}
	if c.Limit < 0 { // higher is better
		return c.Change > -c.Limit && c.Interval.Low > 0
	}
	return c.Change < -c.Limit && c.Interval.High < 0
}

// verdict is the word on a comparison with its explanation: why it is so, or that a larger change than the
// limit would have passed as well.
func verdict(c gate.Comparison, foreign show) string {
	text := word(c)
	switch {
	case c.Status == gate.Follows && c.Why != nil:
		if c.Why.By == gate.ByFarSlower {
			text = "may follow"
		}
		text += " " + because(c.Why, foreign)
	case c.Why != nil && c.Why.Kind == gate.FewRuns && c.Status == gate.NotJudged: // the reasons say so once
	case c.Why != nil:
		text += ": " + because(c.Why, foreign)
	}
	if up := passes(c); up != "" && c.Status == gate.Within && text != "improved" {
		text += "; up to " + up + " may pass"
	}
	return text
}

// cells are a comparison's figures in a table: baseline, head, change with its interval, limit.
func cells(c gate.Comparison, markdown bool) [4]string {
	limit := bound(c.Limit)
	if c.Metric == gate.FailureRate {
		limit = limit[len(sign(c.Limit)):]
	}
	bold := func(text string) string {
		if markdown && c.Status == gate.Worse {
			return "**" + text + "**"
		}
		return text
	}
	switch {
	case c.Metric == gate.FailureRate && c.Baseline == 0 && c.Change > 0:
		return [4]string{share(c.Baseline), share(c.Head), "▲ " + bold("new failures"), limit}
	case c.Metric == gate.FailureRate && c.Baseline == 0 && c.Head > 0: // there is no baseline
		return [4]string{"", share(c.Head), "", limit}
	case c.Metric == gate.FailureRate && c.Change == 0:
		return [4]string{share(c.Baseline), share(c.Head), "0 pp", limit}
	case c.Metric == gate.FailureRate:
		return [4]string{share(c.Baseline), share(c.Head), arrow(c.Change) + bold(points(c.Change)), limit}
	case c.Metric.IsCost() && c.Baseline == 0 && c.Head > 0:
		return [4]string{"", value(c.Metric, c.Head), "", ""}
	case c.Status == gate.NotJudged && c.Baseline == 0:
		return [4]string{}
	}
	change := arrow(c.Change) + bold(percent(c.Change))
	if c.Interval != nil {
		change += " " + interval(*c.Interval)
	}
	return [4]string{value(c.Metric, c.Baseline), value(c.Metric, changed(c)), change, limit}
}

// changed is the baseline's figure with the estimated change. The median of this change's own rounds is
// another estimate: with noise it may even lie on the other side of the baseline.
func changed(c gate.Comparison) float64 { return min(max(c.Baseline*(1+c.Change), 0), maxValue) }
