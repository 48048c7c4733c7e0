package gate

import (
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// attribute finds rows that are past their limits only because another route is. When a route's
// answers are slower in general (its p50), users who wait for them send fewer requests elsewhere,
// requests of other routes sometimes queue behind them (their tails), and all routes together are
// slower too. A proven change is never attributed to an unproven one.
func attribute(rows []row) []row {
	rows = slices.Clone(rows)
	slower, tails, lower, failing := sources{}, sources{}, sources{}, sources{}
	for i := range rows {
		switch c := &rows[i].Comparison; {
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
	for i := range rows {
		c := &rows[i].Comparison
		var from *Why
		switch {
		case c.Metric == FailureRate && c.Route == tally.All:
			from = failing.like(c)
		case c.Metric == FailureRate || slower[c.Route] > 0: // the latter is a source itself
		default:
			from = slower.like(c)
			if from == nil && c.Route == tally.All && c.Metric == Throughput {
				from = lower.like(c)
			}
		}
		if from != nil {
			c.Status, c.Why = Follows, from
		}
	}
	return rows
}

// sources are routes that may be past a limit, and how sure that is.
type sources map[string]int

// sureness is 2 for what is worse, 1 for what may be, and 0 for the rest.
func sureness(s Status) int { return max(s.Severity()-Follows.Severity(), 0) }

func (s sources) any() bool {
	for _, sure := range s {
		if sure > 0 {
			return true
		}
	}
	return false
}

func (s sources) add(c *Comparison) { s[c.Route] = max(s[c.Route], sureness(c.Status)) }

// mostCauses is the most routes that are named as causes of another.
const mostCauses = 3

// like names the sources that are at least as sure as c; nil if there are none, or c is not past a
// limit.
func (s sources) like(c *Comparison) *Why {
	own := sureness(c.Status)
	var names []string
	for name, sure := range s {
		if own > 0 && sure >= own {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	shown := min(len(names), mostCauses)
	return &Why{Kind: Caused, Routes: names[:shown:shown], More: len(names) - shown}
}
