package load

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// arrival is one task that has fallen due.
type arrival struct {
	index int
	due   time.Duration
}

// server is a worker that serves arrivals of its behaviour, one after the other.
type server struct {
	*worker
	next     chan arrival // closed at the end of a stretch; nil before its first arrival
	replaces *worker      // the worker that must leave before it begins; nil for none
}

// pool is the servers of the open model.
type pool struct {
	run *run // the present stretch

	mu       sync.Mutex  // guards the fields below
	idle     [][]*server // by behaviour, the last used last
	inFlight int
	present  int // servers, idle or not
	closing  bool
	paced    Paced // of the stretch

	all sync.WaitGroup // of servers that wait for an arrival or serve one
}

// open hands each arrival to the idle server of its behaviour that worked last, since its connection
// is warm. The pool grows to as many servers as were ever needed at once. All behaviours together
// never have more servers than tasks may be in flight. An arrival that this machine did not turn to before the
// load ended makes no call, and is no failure: the machine was late, as the lag says.
func (r *run) open(ctx context.Context) Paced {
	p := &r.crew.pool
	p.begin(r)
	arrivals, choose, pace := r.Plan.Arrivals(), r.Plan.Chooser(0), newPacer(r.Precise)
	defer pace.close()
	index, due, ok := arrivals.Next()
	for ; ok && r.sleepUntil(due, pace); index, due, ok = arrivals.Next() {
		choose.Reset(index)
		p.serve(ctx, arrival{index, due}, choose.Behaviour())
	}
	<-r.stopped
	for ; ok && due < r.until; index, due, ok = arrivals.Next() {
		p.mu.Lock()
		p.note(arrival{index, due}, Paced{Due: 1, Missed: 1})
		p.mu.Unlock()
		r.late(r.lanes[0], due, r.now())
	}
	p.close()
	return p.paced
}

// flying is how many tasks are in flight.
func (p *pool) flying() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inFlight
}

// begin starts a stretch.
func (p *pool) begin(r *run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.run, p.closing, p.paced = r, false, Paced{}
	if p.idle == nil {
		p.idle = make([][]*server, len(r.Plan.Behaviours))
	}
}

// serve finds a server for an arrival, or drops it.
func (p *pool) serve(ctx context.Context, a arrival, behaviour int) {
	p.mu.Lock()
	p.note(a, Paced{Due: 1})
	if p.inFlight >= p.run.Plan.Open.MaxInFlight {
		p.mu.Unlock()
		p.run.late(p.run.lanes[0], a.due, p.run.now())
		p.lose(a, tally.Sample{Class: tally.Dropped, Error: "dropped: too many tasks were under way"})
		return
	}
	p.note(a, Paced{Begun: 1})
	p.inFlight++
	var s *server
	if idle := p.idle[behaviour]; len(idle) > 0 {
		s = idle[len(idle)-1]
		p.idle[behaviour] = idle[:len(idle)-1]
	} else {
		s = p.newServer(a, behaviour)
	}
	if s.next == nil {
		s.run, s.next = p.run, make(chan arrival, 1)
		p.all.Go(func() { p.work(ctx, s) })
	}
	p.mu.Unlock()
	s.next <- a
}

// newServer makes a server for an arrival. At the limit it takes the place of an idle one. The caller
// holds the lock.
func (p *pool) newServer(a arrival, behaviour int) *server {
	s := &server{worker: p.run.newWorker(p.present, a.index, behaviour)}
	if p.present < p.run.Plan.Open.MaxInFlight {
		p.present++
		return s
	}
	most := 0 // the behaviour with the most idle servers: the arrival's own has none
	for b := range p.idle {
		if len(p.idle[b]) > len(p.idle[most]) {
			most = b
		}
	}
	longest := p.idle[most][0] // the one that has been idle for longest
	p.idle[most] = p.idle[most][1:]
	if longest.next != nil {
		close(longest.next)
	}
	longest.run = p.run
	s.replaces = longest.worker
	return s
}

// unserved is the sample of an arrival whose server could not begin.
func (s *server) unserved() tally.Sample {
	if !s.refused { // it was still at its first try
		return tally.Sample{Unfinished: true}
	}
	return tally.Sample{Class: tally.Timeout, Error: "on_start did not succeed before the load ended"}
}

// lose counts an arrival that made no call. Its first call ends now, with the outcome in lost.
func (p *pool) lose(a arrival, lost tally.Sample) {
	r := p.run
	lost.Due, lost.Sent, lost.Ended = a.due, a.due, max(a.due, r.now())
	choose := r.Plan.Chooser(a.index)
	if c := firstCall(choose.Task(choose.Behaviour()).Steps); c != nil {
		r.count(r.lanes[0], c.Route(), lost)
	}
}

// firstCall is the first call among some steps, even if a guard would leave it out; nil if there is
// none.
func firstCall(steps []plan.Step) *plan.Call {
	for i := range steps {
		if steps[i].Call != nil {
			return steps[i].Call
		}
		if c := firstCall(steps[i].Steps); c != nil {
			return c
		}
	}
	return nil
}

// note counts an arrival if it fell due in judged time. The caller holds the lock.
func (p *pool) note(a arrival, counts Paced) {
	if a.due >= p.run.Plan.WarmUp {
		p.paced.Add(counts)
	}
}

// work serves the arrivals of a stretch.
func (p *pool) work(ctx context.Context, s *server) {
	for a := range s.next {
		p.run.late(s.lane, a.due, p.run.now())
		if s.replaces != nil { // the system, not this machine, takes the time of its on_stop
			s.replaces.leave(ctx)
			s.replaces = nil
		}
		ready := s.begun && !s.mustRenew() || s.begin(ctx, p.run.Plan.Length())
		if s.begun = s.begun || ready; ready {
			s.task(ctx, a)
		} else {
			p.mu.Lock()
			p.note(a, Paced{Begun: -1})
			p.mu.Unlock()
			p.lose(a, s.unserved())
		}
		p.done(s)
	}
}

// task does an arrival's task.
func (s *server) task(ctx context.Context, a arrival) {
	s.choose.Reset(a.index)
	s.values.Reset(a.index)
	behaviour := s.choose.Behaviour()
	s.perform(ctx, s.choose.Task(behaviour).Steps, a.due)
	s.resume = 0 // an interrupted task is not resumed
}

// done puts a server back.
func (p *pool) done(s *server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inFlight--
	p.idle[s.behaviour] = append(p.idle[s.behaviour], s)
	if p.closing {
		close(s.next)
	}
}

// close ends the stretch for idle servers now, and for busy ones after their task.
func (p *pool) close() {
	p.mu.Lock()
	p.closing = true
	for _, s := range slices.Concat(p.idle...) {
		if s.next != nil {
			close(s.next)
		}
	}
	p.mu.Unlock()
	p.all.Wait()
	for _, s := range slices.Concat(p.idle...) {
		s.next = nil
	}
}
