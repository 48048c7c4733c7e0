package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// maxDifferences is the most differences of the profile that are shown on top. A fold has all of them.
const maxDifferences = 6

// differences has a few words on each difference in what is loaded. foreign makes names and values harmless.
func differences(changed []gate.Difference, foreign show) []string {
	var parts []string
	for _, d := range worthTelling(changed) {
		parts = append(parts, difference(d, foreign))
	}
	return parts
}

// worthTelling leaves out the weight of a task whose only route is new or gone: the route says that.
func worthTelling(changed []gate.Difference) []gate.Difference {
	routes := map[string]bool{} // that are new or gone
	for _, d := range changed {
		if d.What == "route" {
			routes[d.Name] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(changed), func(d gate.Difference) bool {
		_, task, _ := strings.Cut(d.Name, ", ") // of a user
		return d.What == "weight" && (d.Before == "" || d.Now == "") && routes[task]
	})
}

func difference(d gate.Difference, foreign show) string {
	what, before, now := d.What, foreign(d.Before, maxError), foreign(d.Now, maxError)
	if !known(what) {
		what = foreign(what, maxName)
	}
	of := ""
	if d.Name != "" {
		of = " of " + foreign(d.Name, maxName)
	}
	switch {
	case d.What == "route" && d.Now == "":
		return foreign(d.Name, maxName) + " is no longer requested"
	case d.What == "route" && d.Before == "":
		return foreign(d.Name, maxName) + " is requested now"
	case d.What == "request":
		return foreign(d.Name, maxName) + " sends " + values(before, now)
	case d.What == "expect":
		return foreign(d.Name, maxName) + " expects " + values(before, now)
	case d.What == "profile" && d.Before == "":
		return "the profile " + now + " is new"
	case d.Now == "":
		return fmt.Sprintf("%s%s was %s, and is gone", what, of, before)
	case d.Before == "":
		return fmt.Sprintf("%s%s is new: %s", what, of, now)
	default:
		return fmt.Sprintf("%s%s %s", what, of, values(before, now))
	}
}

// values shows a value before and now.
func values(before, now string) string {
	return strings.TrimSpace(before + " → " + now)
}

// known reports whether a kind of difference is a word of ours: lower-case letters, with underscores
// and spaces between them.
func known(what string) bool {
	return len(what) <= 40 && strings.Trim(what, "abcdefghijklmnopqrstuvwxyz ") == ""
}

// loadChanged has the differences in one line; empty if there are none.
func loadChanged(changed []gate.Difference, foreign show) string {
	changed = worthTelling(changed)
	parts := differences(changed[:min(len(changed), maxDifferences)], foreign)
	if more := len(changed) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, "; ")
}

// maxForgiven is the most changes that are named for passing only because of min_effect.
const maxForgiven = 5

// forgiven has a line of plain text for each change that is past its limit and passes because it is smaller
// than min_effect, the largest first.
func forgiven(v gate.Verdict, order []int) []string {
	var lines []string
	more := 0
	for _, i := range order {
		c := &v.Comparisons[i]
		if !isForgiven(c) || c.Route == tally.All {
			continue
		}
		if len(lines) == maxForgiven {
			more++
			continue
		}
		lines = append(lines, fmt.Sprintf("%s: %s is %.1f %% slower (%s → %s), and passes because that is less than gate.min_effect (%v)",
			name(c.Route), metric(c.Metric, plain), 100*c.Change, value(c.Metric, c.Baseline), value(c.Metric, changed(*c)), time.Duration(c.Why.Needs)))
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more that pass because of gate.min_effect", more))
	}
	return lines
}

// isForgiven reports whether a comparison is past its limit and passes because of min_effect.
func isForgiven(c *gate.Comparison) bool {
	return c.Status == gate.Within && c.Why != nil && c.Why.Kind == gate.BelowEffect && c.Change > c.Limit
}

// passes is the largest change that may pass, in percent; empty unless it is larger than the limit.
func passes(c gate.Comparison) string {
	if through(&c) <= 1.1*math.Abs(c.Limit) {
		return ""
	}
	return fmt.Sprintf("%s%.0f %%", sign(c.Limit), 100*through(&c))
}

// through is the largest change that may pass, without its sign; 0 if it is unknown.
func through(c *gate.Comparison) float64 {
	up := max(c.LetsThrough, c.SmallestVisible)
	if up == 0 || c.Metric == gate.FailureRate {
		return 0
	}
	up = max(up, math.Abs(c.Limit))
	if c.Metric == gate.Throughput {
		up = min(up, 1)
	}
	return up
}
