package locust

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// near is how early Locust may end by itself and still have loaded to the end: its clock began a moment before ours.
const near = 100 * time.Millisecond

// Work lets Locust load the system for one stretch, until its end or until stop is closed. Locust then waits for tasks
// under way, for the plan's StopWithin at most. When ctx ends, it is killed. Work returns when Locust has ended, and can
// be called once. If Locust ends too early, crashes or hangs, Parts.End gets the reason.
func (e *Engine) Work(ctx context.Context, stop <-chan struct{}, shift *plan.Plan) load.Stretch {
	w := &working{Engine: e, began: time.Now(), stop: stop, length: shift.Length()}
	e.mu.Lock()
	e.counts.shift, e.health = shift, health{from: shift.WarmUp, to: shift.Length()}
	e.heard = w.began
	e.mu.Unlock()
	if _, err := io.WriteString(e.words, "go\n"); err != nil && !e.gone() {
		e.program.Kill() // it has closed its standard input
	}
	w.run(ctx)
	<-e.read
	e.flush()
	report := load.Stretch{Until: w.until()}
	if err := w.trouble(report.Until); err != nil && !isClosed(stop) && ctx.Err() == nil {
		e.parts.End(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	report.Driver = e.health.driver()
	return report
}

// working is one stretch of load.
type working struct {
	*Engine
	began  time.Time
	length time.Duration
	stop   <-chan struct{}
	halted time.Duration // when stop was closed; 0 if it was not
	hung   string        // why Locust was killed; empty if it was not
}

// run waits until Locust has ended, and looks after it meanwhile.
func (w *working) run(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	patience := w.parts.Patience.End + w.parts.Plan.StopWithin
	enough := time.NewTimer(w.length + patience)
	defer enough.Stop()
	last, stop, ended := w.began, w.stop, ctx.Done()
	for {
		select {
		case <-w.program.Ended():
			return
		case <-ticker.C:
			w.flush()
			now := time.Now()
			w.listenFor(now)
			if w.parts.Tick != nil {
				w.parts.Tick(now.Sub(last))
			}
			last = now
		case <-stop:
			stop, w.halted = nil, max(time.Since(w.began), 1)
			w.program.Terminate()
			enough.Reset(patience)
		case <-ended:
			ended = nil
			w.program.Kill()
		case <-enough.C:
			w.give(fmt.Sprintf("Locust did not end within %v of the end of the load, and was killed: does a task of the locustfile never yield?", patience))
		}
	}
}

// listenFor kills a Locust that gives no sign of life.
func (w *working) listenFor(now time.Time) {
	w.mu.Lock()
	silent := now.Sub(w.heard)
	w.health.warned = w.health.warned || w.program.Seen() && w.health.judged(now.Sub(w.began))
	w.mu.Unlock()
	if silent >= w.parts.Patience.Silent {
		w.give(fmt.Sprintf("Locust gave no sign of life for %v, and was killed: does a task of the locustfile never yield?", silent.Round(time.Second)))
	}
}

// give gives up on Locust.
func (w *working) give(why string) {
	if w.hung == "" {
		w.hung = why
	}
	w.program.Kill()
}

// until is how long load was applied.
func (w *working) until() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	until := time.Since(w.began)
	switch {
	case w.halted > 0:
		until = w.halted
	case w.stopped > 0:
		if until = w.stopped; until > w.length-near {
			until = w.length
		}
	case w.hung != "" || !w.orderly: // the last that is known of it
		until = w.heard.Sub(w.began)
	}
	return min(until, w.length)
}

// trouble is why the load did not go as planned; nil if it did.
func (w *working) trouble(until time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	how, _ := w.program.How()
	switch {
	case w.hung != "":
		return &sut.Failure{What: w.hung, Output: w.program.Output()}
	case w.unread != nil: // which ended Locust too
		return &sut.Failure{What: fmt.Sprintf("read what Locust tells: %v", w.unread), Output: w.program.Output()}
	case !w.orderly:
		return &sut.Failure{What: "Locust crashed: it ended with " + how, Output: w.program.Output()}
	case until < w.length:
		return &sut.Failure{What: fmt.Sprintf("Locust ended by itself after %v of %v, with %s: the locustfile may have ended the test (environment.runner.quit)", plan.InWords(until), plan.InWords(w.length), how), Output: w.program.Output()}
	}
	return nil
}

// flush hands over what was counted.
func (e *Engine) flush() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.counts.drain(e.parts.Sink)
}

// gone reports whether Locust has ended.
func (e *Engine) gone() bool { return isClosed(e.program.Ended()) }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Saturated says that Locust was the bottleneck, in its judged time; nil if it was not.
func (e *Engine) Saturated() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	what := e.health.saturated()
	if what == "" {
		return nil
	}
	return errors.New("Locust was the bottleneck: " + what + ", so its response times are partly its own; use less load (fewer users, longer waits) or FastHttpUser, or make users of the locustfile with `plimsoll init --locust`")
}

// Notes say what else Locust told, and what it did not tell. Call it when Work has returned.
func (e *Engine) Notes() (notes []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if e.gone() {
		how, status := e.program.How()
		why := ""
		switch {
		case !e.orderly:
		case status == 1 && (e.counts.failed > 0 || e.raised > 0):
			why = ", as it does when a request failed or a task raised an exception"
		case status > 0:
			why = ": the locustfile or its arguments asked for it (process_exit_code, --exit-code-on-error), or a listener had an error"
		}
		note("%s ended with %s%s", strings.TrimSpace("Locust "+e.version), how, why)
	}
	note("Locust counts the time of a request from when it was sent, not from when it was due: a stall of the system counts once, not for the requests that had to wait for it. This run is compared only with runs of the same locustfile")
	switch {
	case e.raised == 1:
		note("a task of the locustfile raised an exception: %s", e.example)
	case e.raised > 1:
		note("tasks of the locustfile raised %d exceptions, such as %s", e.raised, e.example)
	}
	c := e.counts
	switch {
	case c.untimed == 1:
		note("1 request told no time that a request can have, and is not counted")
	case c.untimed > 1:
		note("%d requests told no time that a request can have, and are not counted", c.untimed)
	}
	if c.timed >= 100 && c.whole == c.timed {
		note("all times are whole milliseconds: FastHttpUser of this version of Locust rounds them down")
	}
	if c.more {
		note("the locustfile has more than %d names of requests, and counts the rest together as %q: give requests a name (name=\"/items/[id]\")", mostNames, others)
	}
	return notes
}
