package html

import (
	"math"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// rounds are those of a result, with what all routes did together in each.
type rounds struct {
	*result.Result
	totals []*tally.Route // nil for a round without a tally
}

func roundsOf(r *result.Result) *rounds {
	all := &rounds{Result: r}
	for i := range r.Rounds {
		var total *tally.Route
		if t := r.Rounds[i].Tally; t != nil {
			total = t.Total()
		}
		all.totals = append(all.totals, total)
	}
	return all
}

// n is the number of rounds; 0 without a result.
func (r *rounds) n() int {
	if r == nil {
		return 0
	}
	return len(r.Rounds)
}

// of is what a route did in a round; nil if the round keeps no tally, or had no request of it.
func (r *rounds) of(round int, route string) *tally.Route {
	switch t := r.Rounds[round].Tally; {
	case t == nil:
		return nil
	case route == tally.All:
		return r.totals[round]
	default:
		return t.Routes[route]
	}
}

// whole is what a route did in all rounds; nil if it had no request.
func (r *rounds) whole(route string) *tally.Route {
	if r == nil {
		return nil
	}
	if route == tally.All {
		return r.Tally.Total()
	}
	return r.Tally.Routes[route]
}

// counted are the response times of a route, on a log scale and round by round. A result without tallies of its rounds has
// them as one. They are none if there are no histograms at all.
func (r *rounds) counted(route string) (all []stats.Counted) {
	whole := r.whole(route)
	if whole == nil || whole.Response.Count() == 0 {
		return nil
	}
	for i := range r.n() {
		if r.Rounds[i].Tally == nil {
			return []stats.Counted{countedOf(&whole.Response)}
		}
		var one stats.Counted
		if t := r.of(i, route); t != nil {
			one = countedOf(&t.Response)
		}
		all = append(all, one)
	}
	return all
}

func countedOf(h *hist.Histogram) stats.Counted {
	c := stats.Counted{Values: make([]float64, 0, h.Buckets()), Counts: make([]int64, 0, h.Buckets())}
	h.Each(func(v time.Duration, n int64) bool {
		c.Values, c.Counts = append(c.Values, math.Log(float64(max(v, time.Microsecond/10)))), append(c.Counts, n)
		return true
	})
	return c
}
