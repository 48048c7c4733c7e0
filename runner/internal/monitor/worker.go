package monitor

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// worker reads one source.
type worker struct {
	name  string
	from  counting
	every time.Duration
	clock func() time.Time
	wake  chan struct{}
	left  chan struct{} // closed when the source is to be read no more
	done  chan struct{} // closed when nothing is read any more

	// Used by work alone.
	phase Phase
	took  time.Duration // the last reading
	whole bool          // the source was read since the last pause
	early bool          // the next tick comes before its time

	mu    sync.Mutex // guards the fields below
	edges []Phase    // not handled yet
	idle  chan struct{}
	since time.Time // when the present reading began; zero while nothing is read
	sums  sums
	spent time.Duration // CPU time, to read
}

func newWorker(name string, from counting, every time.Duration, clock func() time.Time) *worker {
	idle := make(chan struct{})
	close(idle)
	return &worker{
		name: name, from: from, every: every, clock: clock, phase: Pause, wake: make(chan struct{}, 1), done: make(chan struct{}), left: make(chan struct{}),
		idle: idle, sums: newSums(every),
	}
}

// edge notes an edge and wakes the worker.
func (w *worker) edge(next Phase) {
	select {
	case <-w.left:
		return
	default:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.edges) == 0 {
		w.idle = make(chan struct{})
	}
	w.edges = append(w.edges, next)
	select {
	case w.wake <- struct{}{}:
	default: // it is awake
	}
}

// settled is closed when all edges so far have been handled. It is nil if the source hangs: nobody has to wait for that.
func (w *worker) settled() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hangs() {
		return nil
	}
	return w.idle
}

// hangs reports whether the present reading takes too long.
func (w *worker) hangs() bool {
	return !w.since.IsZero() && w.clock().Sub(w.since) > w.every/2+lateAfter
}

// detach lets the worker end. What it has told stays.
func (w *worker) detach() {
	select {
	case <-w.left:
	default:
		close(w.left)
	}
}

// forget forgets all readings so far.
func (w *worker) forget(start time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sums = newSums(w.every)
	w.sums.start = start
}

// work reads the source until ctx ends.
func (w *worker) work(ctx context.Context) {
	defer close(w.done)
	defer w.from.Close()
	ticker := time.NewTicker(w.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.left:
			return
		case <-ticker.C:
			w.tick(ticker)
		case <-w.wake:
			w.turn(ticker)
		}
	}
}

// tick reads the source within a phase.
func (w *worker) tick(ticker *time.Ticker) {
	if w.early {
		w.early = false
		ticker.Reset(w.every)
	}
	if w.phase != Pause {
		w.read(w.phase)
	}
}

// turn handles the edges that have come. If several have, the time before the last of them lies in no phase alone.
func (w *worker) turn(ticker *time.Ticker) {
	w.mu.Lock()
	edges := slices.Clone(w.edges)
	w.mu.Unlock()
	if len(edges) == 0 {
		return
	}
	handled := len(edges)
	phases := slices.Compact(append([]Phase{w.phase}, edges...))
	before, next := phases[0], phases[len(phases)-1]
	mixed := len(phases) > 2
	switch {
	case before == Pause && next == Pause:
	case before == Pause && next == Unjudged && !mixed: // a stretch of a pair is judged so soon that this reading would tell nothing
		w.early = true
		ticker.Reset(max(w.every/4, time.Millisecond))
	case before == Pause || mixed:
		w.read(Pause)
		ticker.Reset(w.every)
	default:
		w.read(before)
	}
	w.phase = next
	if next == Pause {
		w.whole = false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.edges = slices.Delete(w.edges, 0, handled)
	if len(w.edges) == 0 {
		close(w.idle)
	} else {
		select {
		case w.wake <- struct{}{}:
		default: // it is set
		}
	}
}

// read reads the source and adds what it tells to a phase. The first reading after a pause only begins the first span.
func (w *worker) read(phase Phase) {
	began := w.clock()
	w.mu.Lock()
	w.since = began
	w.mu.Unlock()
	var r Reading
	cpu := proc.CPUOf(func() { w.from.take(began, &r) })
	now := w.clock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since = time.Time{}
	w.took = now.Sub(began)
	w.spent += cpu
	w.sums.describe(&r)
	if w.took > w.every/2+lateAfter { // a late answer is of no time in particular
		w.sums.late++
		w.whole = true
		w.sums.at = began
		return
	}
	if w.whole && phase != Pause {
		w.sums.add(phase, began, &r)
	}
	w.whole, w.sums.at = true, began
}

// lateAfter is how long a reading may take beside half an interval.
const lateAfter = 100 * time.Millisecond

// tell adds what was read to a table.
func (w *worker) tell(t *table) {
	w.sums.tell(t)
	switch {
	case w.hangs():
		t.absent(result.Absent{Source: w.name, Why: fmt.Sprintf("it has not answered for %v", w.clock().Sub(w.since).Round(100*time.Millisecond))})
	case w.sums.late > 0:
		t.absent(result.Absent{Source: w.name, Why: fmt.Sprintf("it answered too late %d times", w.sums.late)})
	}
}

// cpu is the CPU time that reading took.
func (w *worker) cpu() time.Duration {
	w.mu.Lock()
	spent := w.spent
	w.mu.Unlock()
	if from, ok := w.from.(figuresOf); ok {
		if background, ok := from.Source.(spender); ok {
			spent += background.Spent()
		}
	}
	return spent
}
