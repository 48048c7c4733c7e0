package meeting

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Place is the part of a load that a shard wants to send, and the load.
type Place struct {
	Meeting    string
	Number, Of int    // the number counts from 1
	Host       string // the machine's name
	Terms      []Term // of the load
	Within     time.Duration
	Lease      time.Duration
	Interrupt  <-chan struct{} // closing it stops the meeting; may be nil
}

// Seat is a shard's place in a meeting. It is a runner.Handover. Its Gather and GaveUp are for the fields of runner.Config with
// these names, and its Ended is for Stop. Safe for concurrent use.
type Seat struct {
	claimant
	within time.Duration
	came   time.Time // from which within counts

	ended   chan struct{} // closed when the load must end, or must not begin
	started chan struct{} // closed when startAt is known
	urgent  chan string   // why this shard stops the meeting
	wake    chan struct{} // the shard has become ready
	leaving chan struct{}
	left    chan struct{} // closed when nothing is reported any more

	mu      sync.Mutex // guards the fields below
	why     error      // why it ended
	now     report
	startAt time.Time // by the database's clock
}

// report is what a shard says of itself.
type report struct {
	beats              int64
	state, phase       string
	requests, failures int64
	clock              *result.Clock
}

// comparison is how the clock compares, in nanoseconds; nil if it is not known.
func (r report) comparison() (offset, wrong *int64) {
	if r.clock == nil {
		return nil, nil
	}
	a, w := int64(r.clock.Ahead), int64(r.clock.Error)
	return &a, &w
}

// Join claims a place and keeps it until Leave. It waits while another process holds the place: the first life of a pod, for
// example, holds it for a lease after its end. The error is a RefusedError if the shard may not take part.
func (b Book) Join(ctx context.Context, p Place) (*Seat, error) {
	terms, err := encode(append(p.Terms, Term{"--meet-lease", p.Lease.String()}))
	if err != nil {
		return nil, err
	}
	s := &Seat{
		claimant: claimant{Book: b, id: p.Meeting, number: p.Number, of: p.Of, token: rand.Text(), host: plain(p.Host), terms: terms, lease: p.Lease},
		within:   p.Within, came: time.Now(), now: report{state: present},
		ended: make(chan struct{}), started: make(chan struct{}), urgent: make(chan string, 1), wake: make(chan struct{}, 1),
		leaving: make(chan struct{}), left: make(chan struct{}),
	}
	if err := s.await(ctx, p.Interrupt); err != nil {
		return nil, err
	}
	go s.stay(context.WithoutCancel(ctx), time.Now()) // until Leave
	go func() {
		select {
		case <-p.Interrupt:
			s.giveUp("it was interrupted")
		case <-s.left:
		}
	}()
	return s, nil
}

// await claims the number, or waits until it is free.
func (s *Seat) await(ctx context.Context, interrupt <-chan struct{}) error {
	for {
		err := s.claim(ctx)
		if !errors.Is(err, errHeld) {
			return err
		}
		if time.Since(s.came) > s.within {
			return refuse("%s could not take part in the meeting %s: %v", s.self(), s.id, err)
		}
		select {
		case <-time.After(beatEach):
		case <-interrupt:
			return fmt.Errorf("%w: %s waited for its place in the meeting %s: %w", runner.ErrInterrupted, s.self(), s.id, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Ended is closed when the load must end, or must not begin: Why says why.
func (s *Seat) Ended() <-chan struct{} { return s.ended }

// Why is why the load must end; nil if it need not.
func (s *Seat) Why() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// end ends the load, for the first reason.
func (s *Seat) end(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why == nil {
		s.why = why
		close(s.ended)
	}
}

// giveUp ends the load of all shards, because this one cannot go on.
func (s *Seat) giveUp(reason string) {
	s.end(refuse("the meeting %s was stopped: %s: %s", s.id, s.self(), reason))
	s.tell(reason)
}

// GaveUp stops the meeting because a limit of the profile ends this shard's load.
func (s *Seat) GaveUp(reason error) { s.tell(reason.Error()) }

// tell asks stay to stop the meeting. Only the first reason counts.
func (s *Seat) tell(reason string) {
	select {
	case s.urgent <- s.self() + ": " + reason:
	default: // there is one already
	}
}

// Show takes the progress, for the reports.
func (s *Seat) Show(p runner.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.phase = plain(p.Phase)
	if p.Loading {
		s.now.requests, s.now.failures = p.Requests, p.Failures
	}
}

// Gather waits until all shards are ready, and says when their load begins.
func (s *Seat) Gather(ctx context.Context) (runner.Start, error) {
	s.become(ready, nil)
	select {
	case s.wake <- struct{}{}:
	default:
	}
	select {
	case <-s.started:
	case <-s.ended:
		return runner.Start{}, s.Why()
	case <-ctx.Done():
		return runner.Start{}, ctx.Err()
	}
	start, err := s.start(ctx)
	if err != nil {
		return start, fmt.Errorf("compare the clock with that of the database: %w", err)
	}
	s.become(loading, start.Clock)
	return start, nil
}

// become changes what is reported.
func (s *Seat) become(state string, clock *result.Clock) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.state = state
	if clock != nil {
		s.now.clock = clock
	}
}

// Leave ends the seat. If the shard has failed, failure stops the meeting.
func (s *Seat) Leave(failure error) {
	if failure != nil {
		s.giveUp(failure.Error())
	}
	close(s.leaving)
	<-s.left
}

// parting is how long the last word of a shard may take.
const parting = 5 * time.Second

// stay reports until the seat ends. last is when the last report that got through was begun; before the first one it is when
// the claim was answered, and nothing is sent before the first one.
func (s *Seat) stay(ctx context.Context, last time.Time) {
	defer close(s.left)
	for {
		began := time.Now()
		over, err := s.once(ctx, last)
		switch {
		case over:
			return
		case err == nil:
			last = began
		case time.Since(last) >= patience(s.lease):
			s.end(refuse("%s ended its load, since no report had reached the database for %s: %v", s.self(), patience(s.lease), err))
			return
		}
		select {
		case <-time.After(s.pause()):
		case <-s.wake:
		case reason := <-s.urgent:
			s.lastWord(ctx, reason)
			return
		case <-s.leaving:
			select {
			case reason := <-s.urgent:
				s.lastWord(ctx, reason)
			default:
			}
			return
		}
	}
}

// lastWord stops the meeting. If that does not get through, the others find this shard lost when its lease ends.
func (s *Seat) lastWord(ctx context.Context, reason string) {
	ctx, cancel := context.WithTimeout(ctx, parting)
	defer cancel()
	_ = s.quit(ctx, reason) // see above
}

// pause is the time between two reports.
func (s *Seat) pause() time.Duration {
	select {
	case <-s.started:
		return min(beatEach, s.lease/8)
	default:
		return min(gatherEach, s.lease/8)
	}
}

// once reports once, and does what the state of the meeting calls for. over is true when there is nothing left to report.
func (s *Seat) once(ctx context.Context, last time.Time) (over bool, err error) {
	ctx, cancel := context.WithDeadline(ctx, last.Add(patience(s.lease)))
	defer cancel()
	g, err := s.beat(ctx)
	var refused *RefusedError
	if errors.As(err, &refused) {
		s.end(refused)
		return true, nil
	}
	if err != nil {
		return false, err
	}
	switch late := time.Since(s.came) > s.within; {
	case g.state == Stopped:
		s.end(refuse("the meeting %s was stopped: %s", s.id, plain(g.reason)))
		_ = s.DB.Write(ctx, func(tx pgx.Tx) error { return s.depart(ctx, tx) }) // if this fails, the shard seems to have been killed
		return true, nil
	case g.state == Done:
		return true, nil
	case g.state == Loading && g.lost:
		return false, s.stopFor(ctx, (*Meeting).loss)
	case g.state == Gathering && g.ready:
		return false, s.begin(ctx)
	case g.state == Gathering && late:
		return false, s.stopFor(ctx, func(m *Meeting) string { return m.late(s.within) })
	}
	return false, nil
}
