package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/internal/gpu"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol"
	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// session holds the systems of one Run or Pair. It brings them up, loads one at a time and takes them
// down.
type session struct {
	Config
	start   time.Time // of the load: times in results count from here
	begins  Start     // when the load of all shards was to begin; zero for a load in one piece
	systems []*system // in the order in which they were added, the control among them
	control *system   // nil for none
	cards   gpu.Cards
	show    func(*system, Progress)
	proxy   func(*url.URL) (*url.URL, error)
}

// newSession fills in the defaults of c. The caller must close the session.
func newSession(c Config) *session {
	if c.Log == nil {
		c.Log = io.Discard
	}
	c.Log = &shared{to: c.Log}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	return &session{
		Config: c, start: time.Now(), proxy: proxies(c.Environ), show: func(_ *system, now Progress) { c.Progress(now) },
	}
}

// add adds a system, or refuses it if it must not or cannot be loaded. It starts nothing.
func (s *session) add(one System) (*system, error) {
	y := s.enter(one)
	return y, s.prepare(y)
}

// enter makes a system part of the session.
func (s *session) enter(one System) *system {
	y := newSystem(one)
	y.cards = &s.cards
	s.systems = append(s.systems, y)
	return y
}

// open adds the only system of a session, builds it and brings it up.
func (s *session) open(ctx context.Context, one System) (*system, error) {
	y, err := s.add(one)
	if err != nil {
		return nil, err
	}
	if err := s.build(ctx, y); err != nil {
		return nil, err
	}
	return y, s.up(ctx, y)
}

// prepare makes the plan, door and clients for the next start of a system.
func (s *session) prepare(y *system) error {
	y.plan = y.Plan.Restart(y.starts)
	if err := admit(y.plan); err != nil {
		return err
	}
	var err error
	if y.door, err = sut.NewDoor(y.plan.Target, s.proxy); err != nil {
		return refuse(err)
	}
	if y.clients, err = protocol.New(y.plan, s.proxy, s.Protocols); err != nil {
		return refuse(err)
	}
	return nil
}

// place is where a system is built and started.
func (s *session) place(y *system) sut.Place {
	at := sut.Place{Dir: y.Dir, Environ: s.Environ, Secrets: s.Secrets, Log: s.Log, Guarded: s.Guarded}
	if y.Name != "" {
		at.Label = y.Name + ": "
	}
	if y == s.control {
		at.Log = io.Discard
	}
	return at
}

// shared is a writer that several systems write to.
type shared struct {
	mu sync.Mutex // guards to
	to io.Writer
}

// Write writes p in one piece.
func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(p)
}

// build builds a system, if its plan says how.
func (s *session) build(ctx context.Context, y *system) error {
	if y.plan.Start == nil || len(y.plan.Start.Build) == 0 {
		return nil
	}
	preparing, done := untilAny(ctx, s.Stop, nil)
	defer done()
	s.told(y, Progress{Phase: "building the system"})
	return interruptedOr(sut.Build(preparing, y.plan.Start, s.place(y)))
}

// up starts a system, or reaches one that runs elsewhere, and gathers its crew.
func (s *session) up(ctx context.Context, y *system) error {
	if y.clients == nil {
		if err := s.prepare(y); err != nil {
			return err
		}
	}
	if err := s.launch(ctx, y); err != nil {
		return err
	}
	if err := s.ask(ctx, y); err != nil {
		return err
	}
	if err := s.enlist(ctx, y); err != nil {
		return err
	}
	y.fresh = true
	if y.result == nil {
		y.begin(ctx, s.Runner, shownProxy(y.plan.Target, s.proxy))
	}
	return nil
}

// enlist makes the crew of a system, which does setup, or starts the program that loads it instead.
func (s *session) enlist(ctx context.Context, y *system) error {
	if y.plan.Locust != nil {
		return s.hire(ctx, y)
	}
	source := datagen.New(y.plan)
	y.crew = load.NewCrew(load.Parts{
		Plan: y.plan, Client: y.clients.Client, Sink: y.sink, Precise: true,
		Values: func(index, slots int) load.UserValues { return source.User(index, slots) },
		Once:   func(slots int) load.UserValues { return source.Once(slots) },
		Tick:   func(since time.Duration) { s.tick(y.loaded, since) },
	})
	return s.setup(ctx, y)
}

// tick ends a second of load.
func (s *session) tick(at *system, since time.Duration) {
	now, reason := at.counts.tick(since)
	if at.trial != nil {
		reason = at.trial.tick(reason)
	}
	if reason == nil {
		reason = at.watcher.past(since)
	}
	s.told(at, now)
	if reason != nil {
		at.abort(reason)
		s.gaveUp(reason)
	}
}

// ask checks that the system speaks the version of HTTP that target.http names, and lets protocols ask the system
// what they need to know.
func (s *session) ask(ctx context.Context, y *system) error {
	asking, done := untilAny(ctx, s.Stop, y.ended())
	defer done()
	err := y.door.Speaks(asking)
	if err == nil {
		err = y.clients.Ask(asking)
	}
	var problems strict.Problems
	if errors.As(err, &problems) { // the system is as it should be: the profile is not
		return refuse(err)
	}
	return y.failure(asking, err)
}

// setup does the plan's setup, or gets its values from the shard that does it.
func (s *session) setup(ctx context.Context, y *system) error {
	if len(y.plan.Setup) == 0 {
		return nil
	}
	preparing, done := untilAny(ctx, s.Stop, y.ended())
	defer done()
	if y.plan.Shard.I > 0 {
		return s.inherit(preparing, y)
	}
	s.told(y, Progress{Phase: "setup"})
	if err := y.failure(preparing, y.crew.Setup(preparing)); err != nil || y.plan.Shard.N == 0 {
		return err
	}
	return s.handOver(y)
}

// vacant returns an error if a program listens already where the system will.
func (s *session) vacant(ctx context.Context, y *system) error {
	door := y.door
	if y.Behind != nil {
		var err error
		if door, err = sut.NewDoor(*y.Behind, s.proxy); err != nil {
			return refuse(err)
		}
	}
	return door.Vacant(ctx, y.plan.Start.Ports...)
}

// launch starts the system's program, or reaches a system that runs elsewhere.
func (s *session) launch(ctx context.Context, y *system) error {
	preparing, done := untilAny(ctx, s.Stop, nil)
	defer done()
	if y.program != nil {
		return nil // it has been running for long
	}
	if y.plan.Start == nil {
		err := y.door.Reach(preparing)
		if preparing.Err() != nil {
			return interruptedOr(preparing.Err())
		}
		if err != nil {
			return &Failure{What: err.Error()}
		}
		return nil
	}
	if err := s.vacant(preparing, y); err != nil {
		return interruptedOr(err)
	}
	s.told(y, Progress{Phase: "starting the system"})
	at := s.place(y)
	at.Count = y.bill.count
	program, err := sut.Start(preparing, y.plan.Start, y.door, at)
	if err != nil {
		return interruptedOr(err)
	}
	y.program = program
	y.starts++
	y.bill.open(program)
	return nil
}

// measured says how a stretch went.
type measured struct {
	began     time.Time
	until     time.Duration // how long load was applied
	stoppedBy error         // why it ended early: context.Canceled if the session or the system ended; nil if it did not
	past      error         // the limit that its last second passed; nil for none
}

// stretch loads a system without a pause, with its whole plan or a shift of it. It reads the meters around
// the judged time.
func (s *session) stretch(ctx context.Context, y *system, shift *plan.Plan) (m measured) {
	cmp.Or(y.host, y).loaded = y
	y.counts.begin(shift, time.Since(s.start))
	if y.crew != nil {
		y.counts.flying = y.crew.InFlight
	}
	y.watcher.prepare(y, time.Since(s.start))
	open, done := untilAny(ctx, s.Stop, y.ended())
	defer done()
	loading, abort := context.WithCancelCause(open)
	defer abort(nil)
	y.abort = abort
	y.bill.begin()
	before, answered := spending(), y.counts.answered
	if shift == y.plan { // a run, whose rounds lie without a gap
		y.bill.watch(loading, shift)
	}
	read := y.watch(loading, shift)
	m.began = time.Now()
	report := y.work(ctx, loading.Done(), shift)
	m.until, m.stoppedBy = report.Until, context.Cause(loading)
	read(&report)
	if shift.Rounds > 0 { // the warm-up of a pair is not judged
		y.spent.add(spending().since(before).driven(report.Driver.CPU))
	}
	var now Progress
	now, m.past = y.counts.end()
	y.bill.end(loading, shift, y.counts.answered-answered)
	s.told(y, now)
	return m
}

// told shows the progress of a system, unless it is the control.
func (s *session) told(y *system, now Progress) {
	if y != s.control {
		s.show(y, now)
	}
}

// down dismisses a system's crew and stops its program, even if the crew panics.
func (s *session) down(ctx context.Context, y *system) {
	defer func() {
		if err := y.stop(ctx); err != nil {
			fmt.Fprintln(s.Log, y.named(err)) // no failure: the load was measured
		}
	}()
	if y.host != nil {
		y.part()
	}
	y.dismiss(ctx)
}

// close takes all systems down, the last first, even if one panics.
func (s *session) close(ctx context.Context) {
	for _, y := range s.systems {
		defer y.watcher.close()
		defer s.down(ctx, y)
	}
}

// interrupted reports whether somebody has ended the session.
func (s *session) interrupted(ctx context.Context) bool { return isClosed(s.Stop) || ctx.Err() != nil }

func interruptedOr(err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: the system was not up yet", ErrInterrupted)
	}
	return err
}

// untilAny makes a context that ends with ctx, or when a or b is closed. The caller must call done.
func untilAny(ctx context.Context, a, b <-chan struct{}) (until context.Context, done func()) {
	until, cancel := context.WithCancel(ctx)
	if isClosed(a) || isClosed(b) { // nothing begins before the goroutine below runs
		cancel()
	}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-a:
		case <-b:
		case <-until.Done():
		}
		cancel()
	}()
	return until, func() { cancel(); <-watched }
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
