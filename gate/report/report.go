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
	return strings.Join(parts, ", ")
}

// doubt says in a few words why nothing could be told.
func doubt(reasons []gate.Reason) string {
	if len(reasons) == 0 {
		return "no reason was given"
	}
	return map[gate.ReasonKind]string{
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
	case c.Status == gate.NotJudged:
		return "not judged"
	case c.Status != gate.Worse:
		return "within"
	case c.Metric == gate.FailureRate:
		return "failing"
	case c.Metric == gate.Throughput:
		return "lower"
	default:
		return "slower"
	}
}

// verdict is the word with what there is to say about it.
func verdict(c gate.Comparison) string {
	if c.Reason == "" {
		return word(c)
	}
	return word(c) + ": " + c.Reason
}

// cells are a comparison's figures as they stand in a table: baseline, head, change, limit.
func cells(c gate.Comparison) [4]string {
	if c.Status == gate.NotJudged {
		return [4]string{"", "", "", ""}
	}
	if c.Metric == gate.FailureRate {
		return [4]string{share(c.Baseline), share(c.Head), points(c.Change), share(c.Limit)}
	}
	return [4]string{
		fmt.Sprintf("%s (%s)", value(c.Metric, c.Baseline), spread(c.Metric, c.BaselineRange)),
		fmt.Sprintf("%s (%s)", value(c.Metric, c.Head), spread(c.Metric, c.HeadRange)),
		percent(c.Change), percent(c.Limit),
	}
}

// counts tells what was compared with what.
func (r Report) counts() string {
	v := r.Verdict
	text := fmt.Sprintf("%d of %d routes compared", v.Compared, v.Total)
	if v.Baseline.Runs == 0 {
		return text + ", no baseline"
	}
	text += fmt.Sprintf(", baseline of %s", count(v.Baseline.Runs, "run"))
	if v.Baseline.Branch != "" {
		text += " on " + v.Baseline.Branch
	}
	if v.Baseline.Commit != "" {
		text += fmt.Sprintf(", the newest of %.7s", v.Baseline.Commit)
	}
	return text + ", same profile and environment"
}
