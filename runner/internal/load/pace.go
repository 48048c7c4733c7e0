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
// flooded afterwards.
type schedule struct {
	period  time.Duration // 0 for a user without a pace, who counts nothing
	planned time.Duration // when the present task should have begun; negative if in an earlier stretch
	late    time.Duration // how much later it began because of this machine
	Paced
}

// begin says that the task planned for an instant begins at now. It slept until then, or begins
// at once because the task before took longer.
func (s *schedule) begin(planned, now time.Duration, slept bool) {
	if s.late = min(s.late, now-planned); slept {
		s.late = now - planned
	}
	s.planned = planned
}

// following is the instant planned for the task after one that ended at ended. It counts the
// instants that are skipped, as far as they lie in a window of time.
func (s *schedule) following(ended time.Duration, w window) time.Duration {
	next := s.planned + s.period
	skipped := max(ended-next, 0) / s.period
	inTime := max(ended-s.late-next, 0) / s.period // skipped if this machine had not been late
	due := w.count(next, s.period, int64(skipped))
	s.Due += due
	s.Missed += min(due, int64(skipped-inTime))
	return next + skipped*s.period
}

// counted says that a task planned for an instant began, or did not.
func (s *schedule) counted(planned time.Duration, w window, begun int64) {
	if s.period > 0 && w.from <= planned && planned < w.to {
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
