package foreign

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

const (
	rounds    = 6  // as a profile has by default
	mostSlots = 64 // slots of time; when there are more, each becomes twice as long
	firstSlot = 10 * time.Millisecond
)

// log counts requests in slots of time. How long the load lasts is known only at its end, when slots become rounds.
type log struct {
	names   names
	origin  int64 // when the first request that came was sent, in ns since 1970. Slots count from here
	first   int64 // when the earliest was sent
	sent    int64 // when the latest was sent
	last    int64 // when the last one ended
	began   bool
	width   int64 // of a slot, in ns
	slots   map[int64]*tally.Tally
	now     near
	live    []counts // what succeeded in the slot now, by route
	seconds timeline
}

// counts are the successes of a route. They are counted in a Recorder, which is several times as fast as a Tally.
type counts struct {
	requests, bytes int64
	took            hist.Recorder
}

// near is the slot that most requests fall into at present.
type near struct {
	slot   int64
	misses int
	is     bool
}

// mostMisses is how many requests in a row fall into other slots before near changes. Logs are ordered by the end
// of requests, or by nothing.
const mostMisses = 64

// at reports whether a slot is the near one. settle is called before the near one changes.
func (n *near) at(slot int64, settle func()) bool {
	if n.is && n.slot == slot {
		n.misses = 0
		return true
	}
	if n.misses++; n.is && n.misses < mostMisses {
		return false
	}
	settle()
	*n = near{slot: slot, is: true}
	return true
}

func newLog() *log {
	return &log{width: int64(firstSlot), slots: map[int64]*tally.Tally{}, seconds: newTimeline()}
}

// add counts one request.
func (l *log) add(r *Request) error {
	end := r.Start + int64(r.Took)
	l.cover(r.Start, r.Start, end)
	id := l.route(r.Route)
	l.seconds.add(end, r)
	slot := floor(r.Start-l.origin, l.width)
	if !l.now.is || l.now.slot != slot {
		l.slot(slot)
		slot = floor(r.Start-l.origin, l.width) // slots may have become longer
	}
	if l.now.at(slot, l.settle) && r.Class == tally.OK {
		one := &l.live[id]
		one.requests++
		one.bytes += r.Bytes
		one.took.Record(r.Took)
		return nil
	}
	l.addSlowly(slot, l.names.list[id], r)
	return nil
}

// cover makes the log span what was sent from start to sent, and ended at end.
func (l *log) cover(start, sent, end int64) {
	if !l.began {
		l.origin, l.first, l.sent, l.last, l.began = start, start, sent, end, true
		l.seconds.origin = start
	}
	l.first, l.sent, l.last = min(l.first, start), max(l.sent, sent), max(l.last, end)
}

// route is the number of a route.
func (l *log) route(name []byte) int {
	id := l.names.of(name, l.regroup)
	for len(l.live) <= id {
		l.live = append(l.live, counts{})
	}
	return id
}

// interval counts requests by a histogram. They belong to the round, and to the second, in the middle of the interval.
func (l *log) interval(name []byte, start int64, length time.Duration, took *hist.Histogram) {
	middle := start + int64(length)/2
	l.cover(start, max(start, start+int64(length)-1), start+int64(length))
	route := l.names.list[l.route(name)]
	if took.Count() == 0 {
		return
	}
	l.seconds.interval(middle, took)
	one := tally.Tally{Routes: map[string]*tally.Route{route: {Outcomes: map[tally.Class]int64{tally.OK: took.Count()}}}}
	if err := one.Routes[route].Response.Merge(took); err != nil {
		panic("foreign: " + err.Error()) // an empty histogram takes as many values as another holds
	}
	l.slot(floor(middle-l.origin, l.width)).Merge(&one)
}

// spare is added to the times of errors until the beginning of the load is known: a Tally has none before its start.
const spare = tally.MaxLatency

// addSlowly counts a request that failed, or that is not near the others.
func (l *log) addSlowly(slot int64, route string, r *Request) {
	due := time.Duration(r.Start-l.origin) + spare
	s := tally.Sample{Route: route, Due: due, Sent: due, Ended: due + r.Took, Class: r.Class, BytesReceived: r.Bytes, Error: kindOf(r.Error)}
	if s.Error != r.Error {
		s.Example = r.Error
	}
	l.slot(slot).Add(s)
}

// slot is the tally of a slot. A new one may make all slots longer, the near one included. The near one has a tally
// before anything is counted in it.
func (l *log) slot(slot int64) *tally.Tally {
	t := l.slots[slot]
	if t != nil {
		return t
	}
	t = &tally.Tally{}
	l.slots[slot] = t
	if len(l.slots) > mostSlots {
		l.widen()
		return l.slots[slot>>1]
	}
	return t
}

// widen makes slots twice as long.
func (l *log) widen() {
	before := l.slots
	l.slots = make(map[int64]*tally.Tally, len(before))
	l.width *= 2
	for _, slot := range slices.Sorted(maps.Keys(before)) {
		if wide := l.slots[slot>>1]; wide != nil {
			wide.Merge(before[slot])
		} else {
			l.slots[slot>>1] = before[slot]
		}
	}
	l.now.slot >>= 1
}

// settle moves the live counts into their slot.
func (l *log) settle() { l.settleAs(l.names.list) }

func (l *log) settleAs(list []string) {
	var t tally.Tally
	for id := range l.live {
		one := &l.live[id]
		if one.requests == 0 {
			continue
		}
		if t.Routes == nil {
			t.Routes = map[string]*tally.Route{}
		}
		route := &tally.Route{Outcomes: map[tally.Class]int64{tally.OK: one.requests}, BytesReceived: one.bytes}
		one.took.Drain(&route.Response)
		t.Routes[list[id]] = route
		one.requests, one.bytes = 0, 0
	}
	if len(t.Routes) > 0 {
		l.slot(l.now.slot).Merge(&t)
	}
}

// regroup counts everything so far under new routes.
func (l *log) regroup(before []string, now []int) {
	l.settleAs(before)
	l.live = nil
	renamed := make(map[string]string, len(before))
	for i, name := range before {
		renamed[name] = l.names.list[now[i]]
	}
	for slot, t := range l.slots {
		grouped := &tally.Tally{}
		for _, name := range t.Names() {
			grouped.Merge(&tally.Tally{Routes: map[string]*tally.Route{renamed[name]: t.Routes[name]}})
		}
		l.slots[slot] = grouped
	}
}

// usersAt tells the timeline how many users were at work.
func (l *log) usersAt(at int64, n int) {
	if l.began {
		l.seconds.usersAt(at, n)
	}
}

// fill puts what was counted into a result.
func (l *log) fill(r *result.Result) error {
	if !l.began {
		return errNothing
	}
	l.settle()
	r.Started, r.Finished = instant(l.first), instant(l.last)
	if r.Finished.Sub(r.Started) > 365*24*time.Hour {
		return fmt.Errorf("its requests lie between %v and %v: more than a year is no load; some of its times are wrong", r.Started, r.Finished)
	}
	for _, t := range l.slots {
		t.Delay(time.Duration(l.origin-l.first) - spare)
	}
	for _, round := range l.rounds() {
		r.Rounds = append(r.Rounds, round)
		r.Tally.Merge(round.Tally)
	}
	r.PlannedRounds = len(r.Rounds)
	l.seconds.tell(r, l.first)
	for _, note := range l.names.notes() {
		r.AddNote(note)
	}
	return nil
}

// rounds are about equally long. Each begins where a slot does.
func (l *log) rounds() (all []result.Round) {
	low, high := floor(l.first-l.origin, l.width), floor(l.sent-l.origin, l.width)
	n := high - low + 1
	count := min(n, rounds)
	tallies := make([]tally.Tally, count)
	for _, slot := range slices.Sorted(maps.Keys(l.slots)) {
		i := ((slot-low+1)*count - 1) / n // the round whose slots end at n·(i+1)/count or later
		tallies[i].Merge(l.slots[slot])
	}
	end := l.end()
	start := time.Duration(0)
	for i := range count {
		next := end
		if i+1 < count {
			next = time.Duration(l.origin + (low+(i+1)*n/count)*l.width - l.first)
		}
		for _, route := range tallies[i].Routes {
			route.Service = hist.Histogram{} // only requests that failed have one
			if err := route.Service.Merge(&route.Response); err != nil {
				panic("foreign: " + err.Error()) // an empty histogram takes as many values as another holds
			}
		}
		all = append(all, result.NewRound(start, max(next-start, time.Millisecond), &tallies[i]))
		start = next
	}
	return all
}

// end is when the load ended, since it began. The last request of all may hang for a minute, in which nothing was
// loaded, so it is a typical time after the last one was sent.
func (l *log) end() time.Duration {
	var all tally.Tally
	for _, t := range l.slots {
		all.Merge(t)
	}
	usual := all.Total().Response.Quantile(0.5)
	return min(time.Duration(l.sent-l.first)+usual, time.Duration(l.last-l.first))
}

func instant(ns int64) time.Time { return time.Unix(0, ns).UTC().Truncate(time.Millisecond) }

// floor divides, and rounds down.
func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
