package runner

import (
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Window counts the requests in the last seconds of a load, and in all of it so far.
type Window struct {
	At     time.Time     // its end, by the wall clock
	Length time.Duration // about 10 s, less at the beginning
	Users  int           // at work at its end; in the open model tasks in flight
	// Last counts the requests that ended in the window, All those since the load began. Both sum all routes and include
	// the warm-up. All belongs to the runner: read it before the call returns.
	Last, All *tally.Route
}

// windowSeconds is how many seconds a Window looks back, as Locust does.
const windowSeconds = 10

// recall remembers the last seconds of a load for Config.Window.
type recall struct {
	tell func(Window)
	last []remembered // at most windowSeconds
	all  *tally.Route // nil before the first second
}

// remembered counts the requests that ended in one tick, about a second.
type remembered struct {
	length time.Duration
	counts *tally.Route
}

// second adds a second that ended at an instant, and calls tell with the window that ends there.
func (r *recall) second(at time.Time, one result.Second, counts *tally.Route) {
	if r.all == nil {
		r.all = none()
	}
	r.all.Merge(counts)
	r.last = append(r.last, remembered{one.Length, counts})
	r.last = r.last[max(0, len(r.last)-windowSeconds):]
	w := Window{At: at, Users: one.Users, Last: none(), All: r.all}
	for _, s := range r.last {
		w.Length += s.length
		w.Last.Merge(s.counts)
	}
	r.tell(w)
}

// none counts nothing.
func none() *tally.Route { return (&tally.Tally{}).Total() }
