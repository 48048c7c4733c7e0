package foreign

import (
	"maps"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// mostSeconds is how many parts the timeline has: when a load is longer than an hour, its parts are longer than a
// second.
const mostSeconds = 3600

// timeline counts requests by when they ended.
type timeline struct {
	origin int64 // as of log
	width  int64 // of a second, in ns
	all    map[int64]*second
	now    near
	took   hist.Recorder // of the second now
}

type second struct {
	requests, failures int64
	users              int
	took               hist.Histogram
}

func newTimeline() timeline { return timeline{width: int64(time.Second), all: map[int64]*second{}} }

// add counts a request that ended at an instant.
func (t *timeline) add(end int64, r *Request) {
	place := floor(end-t.origin, t.width)
	s := t.second(&place)
	near := t.now.at(place, t.settle)
	s.requests++
	if r.Class != tally.OK {
		s.failures++
	}
	s.users = max(s.users, r.Users)
	switch {
	case !r.Class.Timed():
	case near:
		t.took.Record(r.Took)
	default:
		s.took.Record(r.Took)
	}
}

// interval counts the requests of a histogram.
func (t *timeline) interval(at int64, took *hist.Histogram) {
	place := floor(at-t.origin, t.width)
	s := t.second(&place)
	s.requests += took.Count()
	if err := s.took.Merge(took); err != nil {
		panic("foreign: " + err.Error()) // a file with 2⁵³ requests
	}
}

func (t *timeline) usersAt(at int64, n int) {
	place := floor(at-t.origin, t.width)
	s := t.second(&place)
	s.users = max(s.users, n)
}

// second is the part of the timeline at a place. If the parts become longer, the place changes.
func (t *timeline) second(place *int64) *second {
	if s := t.all[*place]; s != nil {
		return s
	}
	s := &second{}
	t.all[*place] = s
	if len(t.all) > mostSeconds {
		t.widen()
		*place >>= 1
	}
	return t.all[*place]
}

// widen makes the parts twice as long.
func (t *timeline) widen() {
	before := t.all
	t.all = make(map[int64]*second, len(before))
	t.width *= 2
	for _, place := range slices.Sorted(maps.Keys(before)) {
		wide, s := t.all[place>>1], before[place]
		if wide == nil {
			t.all[place>>1] = s
			continue
		}
		wide.requests, wide.failures, wide.users = wide.requests+s.requests, wide.failures+s.failures, max(wide.users, s.users)
		if err := wide.took.Merge(&s.took); err != nil {
			panic("foreign: " + err.Error()) // a file with 2⁵³ requests
		}
	}
	t.now.slot >>= 1
}

// settle moves the recorded times into their second.
func (t *timeline) settle() {
	if !t.now.is {
		return
	}
	place := t.now.slot
	t.took.Drain(&t.second(&place).took)
}

// tell puts the timeline into a result whose load began at first.
func (t *timeline) tell(r *result.Result, first int64) {
	t.settle()
	t.fill()
	places := slices.Sorted(maps.Keys(t.all))
	for _, place := range places {
		s := t.all[place]
		from := time.Duration(t.origin + place*t.width - first)
		start := max(from, 0)
		if from+time.Duration(t.width) <= 0 {
			continue // users before the first request
		}
		r.AddSecond(result.Second{
			Start: start, Length: from + time.Duration(t.width) - start, Requests: s.requests, Failures: s.failures, Users: s.users,
			P50: s.took.Quantile(0.50), P95: s.took.Quantile(0.95), P99: s.took.Quantile(0.99),
		})
	}
}

// fill adds the parts without a request, unless the file has far more of them than others. It makes parts longer before it
// adds any, so that their places stay as they are while it does.
func (t *timeline) fill() {
	first, last := t.ends()
	if last-first >= 2*mostSeconds {
		return
	}
	for last-first >= mostSeconds {
		t.widen()
		first, last = t.ends()
	}
	for place := first; place <= last; place++ {
		if t.all[place] == nil {
			t.all[place] = &second{}
		}
	}
}

// ends are the places of the first part and the last.
func (t *timeline) ends() (first, last int64) {
	places := slices.Collect(maps.Keys(t.all))
	return slices.Min(places), slices.Max(places)
}
