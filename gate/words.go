package gate

import (
	"fmt"
	"math"
)

// change says how far a metric moved, such as "27.1 % slower".
func (c Comparison) change() string {
	word := "slower"
	if c.Metric == Throughput {
		word = "lower"
	}
	return fmt.Sprintf("%.1f %% %s", 100*math.Abs(c.Change), word)
}

// sure says how sure the change is; empty when that cannot be told.
func (c Comparison) sure() string {
	if c.Interval == nil {
		return ""
	}
	return fmt.Sprintf(" (95 %% sure of %+.1f to %+.1f %%)", 100*c.Interval.Low, 100*c.Interval.High)
}

// Sentence says of a comparison that is Worse what is past its limit.
func (c Comparison) Sentence() string { return worse(c).Text }

// worse says in a sentence what is past its limit.
func worse(c Comparison) Reason {
	route := RouteName(c.Route)
	limit := 100 * math.Abs(c.Limit)
	switch {
	case c.Metric == FailureRate && c.Reason != "":
		return Reason{Failing, fmt.Sprintf("%s: %s", route, c.Reason)}
	case c.Metric == FailureRate:
		return Reason{Failing, fmt.Sprintf("%s: %.2f %% of %d requests failed, the limit is %g %%", route, 100*c.Head, c.Requests, limit)}
	case c.Metric == Throughput:
		return Reason{LowerThroughput, fmt.Sprintf("%s: throughput is %s, the limit is %g %%%s", route, c.change(), limit, c.sure())}
	default:
		return Reason{Slower, fmt.Sprintf("%s: %s is %s, the limit is %g %%%s", route, c.Metric, c.change(), limit, c.sure())}
	}
}

// inDoubt says in a sentence what could not be told of a comparison; not ok when nothing is
// in doubt.
func inDoubt(mode Mode, c Comparison) (r Reason, ok bool) {
	route := RouteName(c.Route)
	switch {
	case c.Status == Suspect:
		return Reason{LooksWorse, fmt.Sprintf("%s: %s is %s in %s, which proves nothing; %d runs can tell, or `plimsoll gate --against` the base", route, c.Metric, c.change(), runs(c.N), FreshRuns)}, true
	case c.Status != Unclear:
		return r, false
	case c.Metric == FailureRate:
		return Reason{NotProven, fmt.Sprintf("%s: %s", route, c.Reason)}, true
	case mode == Stored && c.Reason != "":
		return Reason{NotProven, fmt.Sprintf("%s: %s looks %s%s, and %s: `plimsoll gate --against` the base can tell now", route, c.Metric, c.change(), c.sure(), c.Reason)}, true
	case mode == Stored:
		return Reason{NotProven, fmt.Sprintf("%s: %s looks %s%s, and the history is too restless to prove it: `plimsoll gate --against` the base can tell", route, c.Metric, c.change(), c.sure())}, true
	case math.Abs(c.Change) > math.Abs(c.Limit) && (c.Change > 0) == (c.Limit > 0):
		return Reason{NotProven, fmt.Sprintf("%s: %s looks %s%s, and that is not proven after %d pairs of rounds: %s", route, c.Metric, c.change(), c.sure(), c.N, c.sight())}, true
	default:
		return Reason{TooNoisy, fmt.Sprintf("%s: %s is too noisy to exclude %.0f %%%s after %d pairs of rounds: %s", route, c.Metric, 100*guardFactor*math.Abs(c.Limit), c.sure(), c.N, c.sight())}, true
	}
}

func runs(n int) string {
	if n == 1 {
		return "one run"
	}
	return fmt.Sprintf("%d runs", n)
}

// sight says what could have been seen, and what would help.
func (c Comparison) sight() string {
	if c.SmallestVisible == 0 {
		return "a longer run_time would help"
	}
	return fmt.Sprintf("this gate sees a change of %.0f %% here; more requests in a round (a longer run_time) make it see more", 100*c.SmallestVisible)
}

// reason says in a sentence what an absolute limit found.
func (t Threshold) reason() Reason {
	return Reason{PastThreshold, fmt.Sprintf("%s: %s does not hold, it is %.4g", RouteName(t.Route), t.Rule, t.Value)}
}
