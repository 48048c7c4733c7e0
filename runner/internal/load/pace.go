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
	Begun  int64 // due tasks that did begin
	Missed int64 // tasks that did not because this machine was late; for the others the system was too slow
}

// Add adds what another worker or stretch counted.
func (p *Paced) Add(o Paced) {
	p.Due, p.Begun, p.Missed = p.Due+o.Due, p.Begun+o.Begun, p.Missed+o.Missed
}

// schedule says when the tasks of a user with a pace begin: task k begins k periods after the first,
// or at once if the task before took longer. An instant that lies a period or more in the past is
// skipped. A late timer is thus made up for, and a system that stalled is not flooded afterwards. On a
// busy machine timers can be later than a whole period. If this machine is the cause, instants up to
// makeUp in the past are not skipped.
type schedule struct {
	period  time.Duration // 0 for a user without a pace, who counts nothing
	planned time.Duration // when the present task should have begun; negative if in an earlier stretch
	late    time.Duration // how much later it began because of this machine
	next    time.Duration // when the next task should begin
	slept   bool          // the user sleeps until then; false if it is late and begins at once
	*Paced                // nil if nothing is counted
}

// makeUp bounds the lateness of this machine that is made up for.
const makeUp = 100 * time.Millisecond

// newSchedule is the schedule of a user; period is 0 if it has no pace.
func newSchedule(period time.Duration) schedule {
	if period == 0 {
		return schedule{}
	}
	return schedule{period: period, Paced: &Paced{}}
}

// take returns the counts and resets them.
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

// reach plans the next task for an instant. If that is past, it plans the latest instant of the
// schedule until now, and counts the skipped ones that lie in the window.
func (s *schedule) reach(next, now time.Duration, w window) {
	s.plan(next, next >= now)
	if s.period == 0 {
		return
	}
	skipped := max(now-next, 0) / s.period
	inTime := max(now-s.late-next, 0) / s.period // skipped even if this machine had been in time
	if now-next-inTime*s.period < makeUp {
		skipped = inTime
	}
	due := w.count(next, s.period, int64(skipped))
	s.Due += due
	s.Missed += min(due, int64(skipped-inTime))
	s.next += skipped * s.period
}

// counted counts the task planned next; begun is 1 if it begins, else 0.
func (s *schedule) counted(begun int64, w window) {
	if s.period > 0 && w.from <= s.next && s.next < w.to {
		s.Due++
		s.Begun += begun
	}
}

// skip counts every instant in a window, from first on, as due and not begun.
func (s *schedule) skip(first time.Duration, w window) {
	if s.period > 0 {
		s.Due += w.count(first, s.period, math.MaxInt64)
	}
}

// window is a span of time without its end.
type window struct{ from, to time.Duration }

// count is how many of n instants, a period apart from first on, lie in the window.
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
