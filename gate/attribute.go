package gate

import (
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// attribute finds what is past its limit only because something else is: when a route's
// answers are slower as a rule (its p50), users who wait for them send less elsewhere, others
// now and then stand behind them (their tails), and all routes together are slower too. What is
// sure does not follow from what is not.
func (j *judge) attribute() {
	slower, tails, lower, failing := sources{}, sources{}, sources{}, sources{}
	for _, c := range j.verdict.Comparisons {
		switch {
		case c.Route == tally.All:
		case c.Metric == FailureRate:
			failing.add(c)
		case c.Metric == P50:
			slower.add(c)
		case c.Metric.IsLatency():
			tails.add(c)
		default:
			lower.add(c)
		}
	}
	if !slower.any() { // tails alone
		slower = tails
	}
	for i := range j.verdict.Comparisons {
		c := &j.verdict.Comparisons[i]
		from := slower
		switch {
		case slower[c.Route] > 0 && c.Metric != FailureRate:
			continue // it is a source itself
		case c.Metric == FailureRate:
			from = failing
		}
		if c.Route != tally.All && c.Metric == FailureRate {
			continue
		}
		names := from.like(*c)
		if names == "" && c.Route == tally.All && c.Metric == Throughput {
			names = lower.like(*c)
		}
		if names != "" {
			c.Status, c.Reason = Follows, "from "+names
		}
	}
}

// sources are the routes that are past a limit, and how sure that is.
type sources map[string]int

// sureness is 2 for what is worse, 1 for what may be, and 0 for the rest.
func sureness(c Comparison) int {
	switch c.Status {
	case Worse:
		return 2
	case Unclear, Suspect:
		return 1
	default:
		return 0
	}
}

func (s sources) any() bool {
	for _, sure := range s {
		if sure > 0 {
			return true
		}
	}
	return false
}

func (s sources) add(c Comparison) { s[c.Route] = max(s[c.Route], sureness(c)) }

// like names the sources that are at least as sure as c; empty for none, or when c is not past
// a limit.
func (s sources) like(c Comparison) string {
	own := sureness(c)
	var names []string
	for name, sure := range s {
		if own > 0 && sure >= own {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) > 3 {
		names = append(names[:3], "others")
	}
	return strings.Join(names, ", ")
}
