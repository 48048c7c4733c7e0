// Package report renders a run and its verdict for people and machines: markdown for a pull
// request, tables for a terminal, JSON for programs.
//
// A renderer takes a value and an io.Writer and looks at nothing else: no clock, no
// environment, no network. Text that came from outside, such as the name of a route, is made
// harmless before it is shown; what is cut for length is announced in the text. Numbers
// always bear their unit, and changes their sign.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Report is a verdict with the run that it is about.
type Report struct {
	Verdict gate.Verdict
	Run     *result.Result
}

// JSON writes the report for machines: the verdict as gate.Verdict describes it, and the run
// by name.
func JSON(w io.Writer, r Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(struct {
		Series string `json:"series"`
		Run    string `json:"run"`
		Commit string `json:"commit,omitempty"`
		gate.Verdict
	}{r.Run.Series, r.Run.ID(), r.Run.Commit, r.Verdict})
}

// headline is the verdict in a few words, without its mark.
func (r Report) headline() string {
	v := r.Verdict
	switch v.Outcome {
	case gate.Pass:
		return fmt.Sprintf("pass: %s within limits", count(v.Compared, "route"))
	case gate.Fail:
		return "fail: " + r.failing()
	default:
		return fmt.Sprintf("%s: %s", v.Outcome, doubt(v.Reasons))
	}
}

// failing counts the routes that are past their limits, by what is wrong with them.
func (r Report) failing() string {
	wrong := map[string]map[string]bool{}
	for _, c := range r.Verdict.Of(gate.Worse) {
		if wrong[word(c)] == nil {
			wrong[word(c)] = map[string]bool{}
		}
		wrong[word(c)][c.Route] = true
	}
	var parts []string
	for _, part := range []struct{ word, one, more string }{
		{"slower", "is slower", "are slower"},
		{"lower", "has lower throughput", "have lower throughput"},
		{"failing", "is past its failure limit", "are past their failure limits"},
	} {
		routes := wrong[part.word]
		everywhere := routes[tally.All]
		delete(routes, tally.All)
		switch {
		case len(routes) == 1:
			parts = append(parts, "1 route "+part.one)
		case len(routes) > 1:
			parts = append(parts, fmt.Sprintf("%d routes %s", len(routes), part.more))
		case everywhere:
			parts = append(parts, "the whole "+part.one)
		}
	}
	broken := 0
	for _, t := range r.Verdict.Thresholds {
		if t.Status == gate.Worse {
			broken++
		}
	}
	switch {
	case broken == 1:
		parts = append(parts, "1 threshold does not hold")
	case broken > 1:
		parts = append(parts, fmt.Sprintf("%d thresholds do not hold", broken))
	}
	return strings.Join(parts, ", ")
}

// doubt says in a few words why nothing could be told.
func doubt(reasons []gate.Reason) string {
	if len(reasons) == 0 {
		return "there is more to measure"
	}
	return map[gate.ReasonKind]string{
		gate.NotProven:         "it looks worse, and that is not proven",
		gate.TooNoisy:          "too noisy to tell",
		gate.NoisyMachine:      "the machine is too noisy",
		gate.LooksWorse:        "it looks worse in one run",
		gate.CommonShift:       "the whole run shifted",
		gate.NoBaseline:        "no baseline yet",
		gate.TooFewRuns:        "too few baseline runs",
		gate.OtherProfile:      "the baseline has another profile",
		gate.OtherEnvironment:  "the baseline has another environment",
		gate.RunNotWhole:       "the run is not whole",
		gate.NoSamples:         "nothing to compare",
		gate.RouteMissing:      "a route was not requested",
		gate.RouteCannotBeSeen: "too few requests",
	}[reasons[0].Kind]
}

// word is the verdict on one comparison.
func word(c gate.Comparison) string {
	switch {
	case c.Status != gate.Worse:
		return c.Status.String()
	case c.Metric == gate.FailureRate:
		return "failing"
	case c.Metric == gate.Throughput:
		return "lower"
	default:
		return "slower"
	}
}

// verdict is the word with what there is to say about it: why it is so, or that a change of
// the limit could not have been seen.
func verdict(c gate.Comparison) string {
	switch {
	case c.Status == gate.Follows:
		return word(c) + " " + c.Reason
	case c.Reason != "" && c.Metric != gate.FailureRate:
		return word(c) + ": " + c.Reason
	case c.Status == gate.Within && c.SmallestVisible > 1.1*math.Abs(c.Limit):
		return fmt.Sprintf("%s; sees from %.0f %%", word(c), 100*c.SmallestVisible)
	}
	return word(c)
}

// cells are a comparison's figures as they stand in a table: baseline, head, change with its
// interval, limit.
func cells(c gate.Comparison) [4]string {
	if c.Status == gate.NotJudged && c.Baseline == 0 {
		return [4]string{"", "", "", ""}
	}
	if c.Metric == gate.FailureRate {
		return [4]string{share(c.Baseline), share(c.Head), emphasis(c, points(c.Change)), share(c.Limit)}
	}
	change := emphasis(c, percent(c.Change))
	if c.Interval != nil {
		change += fmt.Sprintf(" (%s to %s)", signed(c.Interval.Low), signed(c.Interval.High))
	}
	return [4]string{value(c.Metric, c.Baseline), value(c.Metric, c.Head), change, percent(c.Limit)}
}

// emphasis marks a change that is past its limit.
func emphasis(c gate.Comparison, change string) string {
	if c.Status == gate.Worse {
		return "**" + change + "**"
	}
	return change
}

// counts tells what was compared with what.
func (r Report) counts() string {
	v := r.Verdict
	text := fmt.Sprintf("%d of %d routes compared", v.Compared, v.Total)
	switch b := v.Baseline; {
	case b.Pairs > 0:
		text += fmt.Sprintf(", %s of rounds, base and head in turn", count(b.Pairs, "pair"))
		if b.Commit != "" {
			text += fmt.Sprintf(", base %.7s", b.Commit)
		}
		return text
	case b.Runs == 0:
		return text + ", no baseline"
	default:
		text += fmt.Sprintf(", baseline of %s", count(b.Runs, "run"))
		if b.Branch != "" {
			text += " on " + b.Branch
		}
		if b.Commit != "" {
			text += fmt.Sprintf(", the newest of %.7s", b.Commit)
		}
		return text + ", same profile and environment"
	}
}
