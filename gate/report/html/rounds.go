package html

import (
	"math"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// rounds wraps a result. nil stands for a missing side.
type rounds struct {
	*result.Result
	total *tally.Route // of all rounds and routes; made once, since merging many routes takes long
}

func roundsOf(r *result.Result) *rounds { return &rounds{r, r.Tally.Total()} }

// n is the number of rounds; 0 without a result.
func (r *rounds) n() int {
	if r == nil {
		return 0
	}
	return len(r.Rounds)
}

// failed is how many requests failed, in the warm-up too if the result knows its seconds; 0 without a result.
func (r *rounds) failed() (n int64) {
	if r == nil {
		return 0
	}
	for _, s := range r.Timeline {
		n += s.Failures
	}
	return max(n, r.total.Failures())
}

// seconds returns values from the timeline, or by round if there is none. It skips very short seconds, such as the last of
// a round: a handful of requests makes no rate.
func (r *rounds) seconds(ofSecond func(result.Second) float64, ofRound func(result.Round) float64) (x, y []float64) {
	var c column
	if len(r.Timeline) == 0 || ofSecond == nil {
		for _, round := range r.Rounds {
			c.add(round.Start, round.Length, ofRound(round))
		}
		return c.x, c.y
	}
	usual := usualLength(r.Timeline)
	for _, s := range r.Timeline {
		if s.Length > usual/4 {
			c.add(s.Start, s.Length, ofSecond(s))
		}
	}
	return c.x, c.y
}

// usualLength is the median length. The mean would not do: a second lasts much longer if the machine stalls.
func usualLength(seconds []result.Second) time.Duration {
	lengths := make([]time.Duration, len(seconds))
	for i, s := range seconds {
		lengths[i] = s.Length
	}
	slices.Sort(lengths)
	return lengths[len(lengths)/2]
}

// bare reports whether the rounds keep no histograms of their own.
func (r *rounds) bare() bool { return r.n() > 0 && r.Rounds[0].Tally == nil }

// whole is what a route did in all rounds; nil if it had no request.
func (r *rounds) whole(route string) *tally.Route {
	switch {
	case r == nil:
		return nil
	case route == tally.All:
		return r.total
	default:
		return r.Tally.Routes[route]
	}
}

// counted returns the response times of a route by round, on a log scale. A result without tallies by round gives one
// round; one without histograms gives none.
func (r *rounds) counted(route string) (all []stats.Counted) {
	whole := r.whole(route)
	if whole == nil || whole.Response.Count() == 0 {
		return nil
	}
	for i := range r.Rounds {
		if r.Rounds[i].Tally == nil {
			var one stats.Counted
			count(&one, &whole.Response)
			return []stats.Counted{one}
		}
		var one stats.Counted
		r.each(i, route, func(h *hist.Histogram) { count(&one, h) })
		all = append(all, one)
	}
	return all
}

// each calls do for the response times of a route in a round, or of each of them for all.
func (r *rounds) each(round int, route string, do func(*hist.Histogram)) {
	routes := r.Rounds[round].Tally.Routes
	if route != tally.All {
		if t := routes[route]; t != nil {
			do(&t.Response)
		}
		return
	}
	for _, t := range routes {
		if !t.Part {
			do(&t.Response)
		}
	}
}

// count adds the values of a histogram.
func count(c *stats.Counted, h *hist.Histogram) {
	h.Each(func(v time.Duration, n int64) bool {
		c.Values, c.Counts = append(c.Values, math.Log(float64(max(v, time.Microsecond/10)))), append(c.Counts, n)
		return true
	})
}
