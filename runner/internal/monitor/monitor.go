// Package monitor reads what a system, its machine and others use while a load lasts.
//
// A Sampler has a source for each subject: processes, the machine, this program, and what other packages read, such as
// exporters and GPUs. Each source is read in a goroutine of its own: at each interval, and at each edge that the load
// tells. So a source that hangs holds neither the load nor the others. What it has not answered in time is missing.
//
// A reading covers the time since the one before. Edges cut the time, so that each reading lies in one round, in unjudged
// load, or in a pause. The figures of a round are the sums of its readings: a counter's difference from edge to
// edge, a gauge's mean over time. While a Sampler pauses, nothing is read and nothing counts.
//
// A figure that was not read is missing, never zero, and Absent says why.
package monitor

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Source is what a Sampler reads. Its methods are never called concurrently.
type Source interface {
	// Read returns the figures by their names, texts about what is watched, and what could not be read.
	Read(now time.Time) (figures map[string]float64, facts map[string]string, absent []result.Absent)
	Close()
}

// spender is a Source that reads in the background too.
type spender interface {
	Spent() time.Duration // CPU time, so far
}

// counter is a Source that also counts. Its amounts belong to intervals of its own, not to those between two calls of Read.
type counter interface {
	// Counted calls tell for each amount that was counted since the last call. The rate is amount divided by of, and peak is
	// the highest rate in one interval.
	Counted(tell func(name string, amount, of, peak float64))
}

// counting is a source that tells amounts, so that its figures are exact over any span of time.
type counting interface {
	// take reads the source and adds its figures since the last call.
	take(now time.Time, to *Reading)
	Close()
}

// Phase is what a span of time belongs to: a round, counted from 0, or one of the constants.
type Phase int

// Phases that are no round.
const (
	Pause    Phase = -2 // no load on this system: nothing is read
	Unjudged Phase = -1 // such as a warm-up
)

// Config says how a Sampler reads. The zero value of every field is usable.
type Config struct {
	Every time.Duration    // from one reading to the next; 0 for a second
	Clock func() time.Time // nil for time.Now
}

// Sampler reads sources over time. It pauses until the first Edge. Its methods may be called concurrently, and none waits
// for a source except Settle and Close.
type Sampler struct {
	every time.Duration
	clock func() time.Time
	start time.Time // points of the timeline count from here
	stop  context.CancelFunc
	ctx   context.Context // of all workers, which Close ends

	mu      sync.Mutex // guards the fields below
	workers []*worker
	phase   Phase
	missed  []result.Absent
	turned  time.Time     // the last Edge
	watched time.Duration // before it, without pauses
}

// New returns a Sampler. The caller must close it.
func New(ctx context.Context, c Config) *Sampler {
	s := &Sampler{every: c.Every, clock: c.Clock, phase: Pause}
	if s.every <= 0 {
		s.every = time.Second
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	s.start = s.clock()
	s.ctx, s.stop = context.WithCancel(ctx)
	return s
}

// Begin lets the timeline begin now. What was read before is forgotten.
func (s *Sampler) Begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.start, s.watched = s.clock(), 0
	for _, w := range s.workers {
		w.forget(s.start)
	}
}

// Add adds a source, under the name that its own trouble is told with.
func (s *Sampler) Add(name string, from Source) { s.add(name, figuresOf{from}) }

func (s *Sampler) add(name string, from counting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := newWorker(name, from, s.every, s.clock)
	w.sums.start = s.start
	w.edge(s.phase)
	s.workers = append(s.workers, w)
	go w.work(s.ctx) // ends with the Sampler, or when its source answers after that
}

// Edge begins a phase, and ends the one before it. It does not wait.
func (s *Sampler) Edge(next Phase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched, s.turned, s.phase = s.sinceBegin(), s.clock(), next
	for _, w := range s.workers {
		w.edge(next)
	}
}

// sinceBegin is how long sources have been read, without pauses. The caller holds mu.
func (s *Sampler) sinceBegin() time.Duration {
	if s.phase == Pause {
		return s.watched
	}
	return s.watched + s.clock().Sub(s.turned)
}

// Cores is how many cores this Sampler and its sources used to read, on average without pauses: 0.006 for 6 ms a second. It
// is 0 where the operating system does not tell.
func (s *Sampler) Cores() float64 {
	var spent time.Duration
	for _, w := range s.all() {
		spent += w.cpu()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if length := s.sinceBegin(); length > 0 {
		return spent.Seconds() / length.Seconds()
	}
	return 0
}

// Settle waits until all sources have answered at the edges so far, but no longer than patience.
func (s *Sampler) Settle(patience time.Duration) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for _, w := range s.all() {
		settled := w.settled()
		if settled == nil {
			continue
		}
		select {
		case <-settled:
		case <-w.done:
		case <-timer.C:
			return
		}
	}
}

// Miss notes a source that is not read at all.
func (s *Sampler) Miss(source, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missed = append(s.missed, result.Absent{Source: source, Why: why})
}

func (s *Sampler) all() []*worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.workers)
}

// Round returns the figures of a round, and forgets them.
func (s *Sampler) Round(i int) map[string]float64 {
	figures := map[string]float64{}
	for _, w := range s.all() {
		w.mu.Lock()
		w.sums.round(Phase(i), figures)
		w.mu.Unlock()
	}
	return figures
}

// Latest returns the figures that were read last, of sources that still answer.
func (s *Sampler) Latest() map[string]float64 {
	figures := map[string]float64{}
	now := s.clock()
	for _, w := range s.all() {
		w.mu.Lock()
		if now.Sub(w.sums.last) < 3*s.every {
			maps.Copy(figures, w.sums.latest)
		}
		w.mu.Unlock()
	}
	return figures
}

// Watch returns all that was read so far.
func (s *Sampler) Watch() *result.Watch {
	t := newTable(s.every)
	s.mu.Lock()
	for _, a := range s.missed {
		t.absent(a)
	}
	s.mu.Unlock()
	for _, w := range s.all() {
		w.mu.Lock()
		w.tell(t)
		w.mu.Unlock()
	}
	return t.watch()
}

// Close ends all reading. It waits for sources that are being read, but not long.
func (s *Sampler) Close() {
	s.stop()
	timer := time.NewTimer(closePatience)
	defer timer.Stop()
	for _, w := range s.all() {
		select {
		case <-w.done:
		case <-timer.C:
			return
		}
	}
}

// closePatience is how long Close waits for a source that hangs.
const closePatience = time.Second
