package load

import (
	"math"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// Paced compares the tasks that a rate asked for in judged time with those that began: the tasks of
// users with a pace, or all tasks of the open model. It is zero for other loads.
type Paced struct {
	Due    int64 // tasks that should have begun
	Begun  int64 // those of them that did
	Missed int64 // those that did not because this machine was late; the system's slowness caused the others
}

// Add adds what another worker or stretch counted.
func (p *Paced) Add(o Paced) {
	p.Due, p.Begun, p.Missed = p.Due+o.Due, p.Begun+o.Begun, p.Missed+o.Missed
}

// schedule says when the tasks of a user with a pace begin: task k at the first one's instant plus
// k periods, or at once when the task before took longer. An instant that lies a period back or
// more is skipped. So what a timer is late is made up for, and a system that stalls is not
// flooded afterwards. Periods are shorter than timers are late on a busy machine: what lies up to
// makeUp back because of this machine is not skipped.
type schedule struct {
	period  time.Duration // 0 for a user without a pace, who counts nothing
	planned time.Duration // when the present task should have begun; negative if in an earlier stretch
	late    time.Duration // how much later it began because of this machine
	next    time.Duration // when the next task should begin
	slept   bool          // the user sleeps until then, and does not begin at once because it is late
	*Paced                // nil if nothing is counted
}

// makeUp is how late this machine may have been for tasks that are made up for all the same.
const makeUp = 100 * time.Millisecond

// newSchedule is the schedule of a user; period is 0 if it has no pace.
func newSchedule(period time.Duration) schedule {
	if period == 0 {
		return schedule{}
	}
	return schedule{period: period, Paced: &Paced{}}
}

// take gives what was counted, and forgets it.
func (s *schedule) take() (counted Paced) {
	if s.Paced != nil {
		counted, *s.Paced = *s.Paced, Paced{}
	}
	return counted
}

// plan says when the next task should begin, and whether the user sleeps until then.
func (s *schedule) plan(next time.Duration, slept bool) { s.next, s.slept = next, slept }

// begin says that the next task begins.
func (s *schedule) begin(now time.Duration) {
	if s.late = min(s.late, now-s.next); s.slept {
		s.late = now - s.next
	}
	s.planned = s.next
}

// reach plans the next task for an instant, or, if that is past, for the last one of the schedule
// until now. It counts those that are skipped, as far as they lie in a window of time.
func (s *schedule) reach(next, now time.Duration, w window) {
	s.plan(next, next >= now)
	if s.period == 0 {
		return
	}
	skipped := max(now-next, 0) / s.period
	inTime := max(now-s.late-next, 0) / s.period // skipped if this machine had not been late
	if now-next-inTime*s.period < makeUp {
		skipped = inTime
	}
	due := w.count(next, s.period, int64(skipped))
	s.Due += due
	s.Missed += min(due, int64(skipped-inTime))
	s.next += skipped * s.period
}

// counted counts the task that is planned next, which begins, or does not.
func (s *schedule) counted(begun int64, w window) {
	if s.period > 0 && w.from <= s.next && s.next < w.to {
		s.Due++
		s.Begun += begun
	}
}

// skip counts every instant in a window, from first on: at none of them a task began.
func (s *schedule) skip(first time.Duration, w window) {
	if s.period > 0 {
		s.Due += w.count(first, s.period, math.MaxInt64)
	}
}

// window is a span of time, its end excluded.
type window struct{ from, to time.Duration }

// count is how many of n instants, a period apart, lie in the window.
func (w window) count(first, period time.Duration, n int64) int64 {
	before := func(t time.Duration) int64 { return min(max(int64((t-first+period-1)/period), 0), n) }
	return max(before(w.to)-before(max(w.from, first)), 0)
}

// judged is the part of a user's span in which its tasks count against its pace.
func (r *run) judged(span plan.Span) window {
	w := window{r.Plan.WarmUp, min(span.To, r.Plan.Length())}
	if r.stopping.Load() {
		w.to = min(w.to, r.until)
	}
	return w
}
