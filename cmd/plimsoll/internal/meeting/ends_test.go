package meeting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// What ends one shard ends all, before the load and in it, and whoever comes later is told.
func TestWhatEndsAMeeting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		who  int // does it; -1 for none of the shards
		do   func(t *testing.T, b Book, seats []*Seat, interrupts []chan struct{})
		want string
	}{
		"an interrupt": {1, func(_ *testing.T, _ Book, _ []*Seat, interrupts []chan struct{}) { close(interrupts[1]) },
			"the meeting m was stopped: shard 2 of 3 (host-2): it was interrupted"},
		"a limit": {2, func(_ *testing.T, _ Book, seats []*Seat, _ []chan struct{}) {
			seats[2].GaveUp(errors.New("too slow"))
			seats[2].Leave(errors.New("aborted"))
		},
			"the meeting m was stopped: shard 3 of 3 (host-3): too slow"},
		"a failure": {0, func(_ *testing.T, _ Book, seats []*Seat, _ []chan struct{}) {
			seats[0].Leave(errors.New("the target\ndoes not answer"))
		},
			"the meeting m was stopped: shard 1 of 3 (host-1): the target does not answer"},
		"somebody": {-1, func(t *testing.T, b Book, _ []*Seat, _ []chan struct{}) {
			if m, stopped, err := b.Stop(t.Context(), "m", "by Ana"); err != nil || !stopped || m.State != Stopped {
				t.Errorf("%+v, %v, %v", m, stopped, err)
			}
		}, "the meeting m was stopped: by Ana"},
	} {
		for _, begun := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, begun %v", name, begun), func(t *testing.T) {
				t.Parallel()
				b, _ := newBook(t)
				var seats []*Seat
				var interrupts []chan struct{}
				for i := range 3 {
					p := place(i+1, 3)
					interrupt := make(chan struct{})
					p.Interrupt = interrupt
					seats, interrupts = append(seats, join(t, b, p)), append(interrupts, interrupt)
				}
				if _, err := seats[0].Give(nil); err != nil {
					t.Fatal(err)
				}
				if begun {
					gatherAll(t, seats)
				}
				c.do(t, b, seats, interrupts)
				for i, s := range seats {
					if i != c.who { // that one knows
						ends(t, s, c.want)
					}
				}
				for i, s := range seats {
					if err := s.Deliver(t.Context(), shardResult(i, 3, runner.Start{At: time.Now(), Clock: &result.Clock{}})); err == nil {
						t.Errorf("shard %d delivers to a meeting that was stopped", i+1)
					}
				}
				left := ask[int](t, b, "SELECT count(*) FROM plimsoll_handover")
				if _, err := b.Join(t.Context(), place(2, 3)); left != 0 || err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%d values of setup are left; who comes later: %v", left, err)
				}
				for range 2 {
					var incomplete *IncompleteError
					if _, err := b.Merged(t.Context(), "m", nil); !errors.As(err, &incomplete) || !strings.Contains(err.Error(), strings.TrimPrefix(c.want, "the meeting m was stopped: ")) {
						t.Errorf("the merged run: %v", err)
					}
				}
				for _, s := range seats {
					select {
					case <-s.left: // it has left before, or reports nothing any more
					case <-time.After(within):
						t.Errorf("shard %d still reports", s.number)
					}
				}
			})
		}
	}
}

// gatherAll begins the load of all seats.
func gatherAll(t *testing.T, seats []*Seat) {
	t.Helper()
	var all sync.WaitGroup
	for _, s := range seats {
		all.Go(func() {
			if _, err := s.Gather(t.Context()); err != nil {
				t.Errorf("shard %d: %v", s.number, err)
			}
		})
	}
	all.Wait()
}

// A shard that dies silently is lost when its lease ends, before the load or in it. The reason names it, and does not change.
func TestALostShard(t *testing.T) {
	t.Parallel()
	b, _ := newBook(t)
	short := func(number int) Place {
		p := place(number, 2)
		p.Lease = 2 * time.Second
		return p
	}
	first, second := join(t, b, short(1)), join(t, b, short(2))
	gatherAll(t, []*Seat{first, second})
	do(t, b, "UPDATE plimsoll_shard SET lease = clock_timestamp() WHERE number = 2") // as if it had hung for longer than its lease
	ends(t, second, "the lease of shard 2 of 2 (host-2) in the meeting m has ended")
	ends(t, first, "the meeting m was stopped: shard 2 of 2 (host-2) was lost: it reported last at ")
	second.Leave(errors.New("late")) // and may say nothing
	first.Leave(nil)
	m, err := b.Look(t.Context(), "m")
	if err != nil || !strings.HasPrefix(m.Reason, "shard 2 of 2 (host-2) was lost") {
		t.Errorf("%+v, %v", m, err)
	}
	_, err = b.Join(t.Context(), short(2))
	if err == nil || !strings.Contains(err.Error(), "was stopped: shard 2 of 2") {
		t.Errorf("its second life: %v", err)
	}
}

// A cluster that misses one shard interrupts the others. They are not to blame: whoever asks learns which shard said nothing.
func TestAShardThatIsKilled(t *testing.T) {
	t.Parallel()
	b, _ := newBook(t)
	interrupt := make(chan struct{})
	var seats []*Seat
	for i := range 3 {
		p := place(i+1, 3)
		if i == 1 {
			p.Interrupt = interrupt
		}
		seats = append(seats, join(t, b, p))
	}
	gatherAll(t, seats)
	seats[2].Leave(nil) // it reports no more
	close(interrupt)
	<-seats[1].left // it has stopped the meeting
	for range 2 {
		_, err := b.Merged(t.Context(), "m", nil)
		if err == nil || !strings.Contains(err.Error(), "\n  it was stopped: shard 2 of 3 (host-2): it was interrupted\n  shard 3 of 3 (host-3) was not heard of after ") || strings.Contains(err.Error(), "shard 1 ") {
			t.Errorf("the merged run: %v", err)
		}
	}
	ends(t, seats[0], "it was interrupted")
}

// Who asks for the run before the load, or in it, gets it at the end.
func TestAskedTooEarly(t *testing.T) {
	t.Parallel()
	b, _ := newBook(t)
	first := join(t, b, place(1, 2))
	r, err := b.Merged(t.Context(), "m", func(shards string) {
		if shards != "shards 1, 2 of 2" {
			t.Errorf("waiting for %s", shards)
		}
		go func() {
			second, err := b.Join(t.Context(), place(2, 2))
			if err != nil {
				t.Errorf("shard 2: %v", err)
				return
			}
			seats := []*Seat{first, second}
			gatherAll(t, seats)
			for i, s := range seats {
				if err := s.Deliver(t.Context(), shardResult(i, 2, runner.Start{At: time.Now(), Clock: &result.Clock{}})); err != nil {
					t.Errorf("shard %d: %v", i+1, err)
				}
				s.Leave(nil)
			}
		}()
	})
	if err != nil || len(r.Shards) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// If the last shard at work is lost, nobody is there to stop the meeting. Whoever reads the meeting sees the loss.
func TestTheLastShardIsLost(t *testing.T) {
	t.Parallel()
	b, _ := newBook(t)
	first, second := join(t, b, place(1, 2)), join(t, b, place(2, 2))
	gatherAll(t, []*Seat{first, second})
	if err := first.Deliver(t.Context(), shardResult(0, 2, runner.Start{At: time.Now(), Clock: &result.Clock{}})); err != nil {
		t.Fatal(err)
	}
	first.Leave(nil)
	impatient, leave := context.WithCancel(t.Context())
	var waits []string
	_, err := b.Merged(impatient, "m", func(shards string) {
		waits = append(waits, shards)
		leave()
	})
	if err == nil || !strings.Contains(err.Error(), "shard 2 of 2 (host-2) is still at work: ask again") || !slices.Equal(waits, []string{"shard 2 of 2"}) {
		t.Errorf("before it is lost: %v, waiting for %q", err, waits)
	}
	second.Leave(nil) // it reports no more
	do(t, b, "UPDATE plimsoll_shard SET lease = clock_timestamp(), seen = '2026-11-27T18:30:00Z' WHERE number = 2")
	for range 2 {
		if _, err := b.Merged(t.Context(), "m", nil); err == nil || err.Error() != "the meeting m has no whole run: shard 2 of 2 (host-2) was lost: it reported last at 2026-11-27T18:30:00.000Z" {
			t.Errorf("%v", err)
		}
	}
	if err := second.Deliver(t.Context(), shardResult(1, 2, runner.Start{At: time.Now(), Clock: &result.Clock{}})); err == nil || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("it delivers after all: %v", err)
	}
	if _, err := b.Merged(t.Context(), "m", nil); err == nil || !strings.Contains(err.Error(), "was lost") {
		t.Errorf("after that: %v", err)
	}
}

// A meeting whose shards do not all come, or are not all ready, ends.
func TestShardsThatDoNotCome(t *testing.T) {
	t.Parallel()
	b, _ := newBook(t)
	p := place(2, 4)
	p.Within = 300 * time.Millisecond
	second := join(t, b, p)
	ends(t, second, "shards 1, 3, 4 of 4 did not come within 300ms")
	second.Leave(second.Why())
	both := []Place{place(1, 2), place(2, 2)}
	for i := range both {
		both[i].Meeting, both[i].Within = "m2", 2*time.Second
	}
	first, second := join(t, b, both[0]), join(t, b, both[1])
	go func() { _, _ = first.Gather(t.Context()) }() // ends with the meeting
	ends(t, first, "shard 2 of 2 was not ready within 2s")
	ends(t, second, "shard 2 of 2 was not ready within 2s")
	first.Leave(nil)
	second.Leave(nil)
	if _, err := b.Merged(t.Context(), "nowhere", nil); !errors.Is(err, ErrUnknown) {
		t.Errorf("a meeting that never was: %v", err)
	}
}

// A database that is away for a moment ends nothing. If it is away for longer, each shard ends its load by itself.
func TestADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	bridge := pgtest.NewBridge(t, url)
	through := bookAt(t, bridge.URL)
	join2 := func(lease time.Duration, name string) []*Seat {
		var seats []*Seat
		for i := range 2 {
			p := place(i+1, 2)
			p.Meeting, p.Lease = name, lease
			seats = append(seats, join(t, through, p))
		}
		gatherAll(t, seats)
		return seats
	}
	seats := join2(within, "a moment")
	bridge.Cut()
	time.Sleep(time.Second)
	bridge.Mend()
	for i, s := range seats {
		if err := s.Deliver(t.Context(), shardResult(i, 2, runner.Start{At: time.Now(), Clock: &result.Clock{}})); err != nil || s.Why() != nil {
			t.Errorf("after a moment: %v, %v", err, s.Why())
		}
		s.Leave(nil)
	}
	if _, err := bookAt(t, url).Merged(t.Context(), "a moment", nil); err != nil {
		t.Errorf("after a moment: %v", err)
	}
	seats = join2(2*time.Second, "for good")
	bridge.Cut()
	for _, s := range seats {
		ends(t, s, "ended its load, since no report had reached the database for 1.5s: ")
		s.Leave(s.Why())
	}
}

// A database that was restored from a backup, or emptied, ends the load of all.
func TestADatabaseThatForgets(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]string{
		"all":            "DELETE FROM plimsoll_meeting",
		"a shard":        "DELETE FROM plimsoll_shard WHERE number = 1",
		"some reports":   "UPDATE plimsoll_shard SET beats = 0",
		"old reports":    "UPDATE plimsoll_shard SET beats = 0, lease = clock_timestamp() - interval '1 hour'",
		"that it began":  "UPDATE plimsoll_meeting SET state = 'gathering', start_at = NULL",
		"when it begins": "UPDATE plimsoll_meeting SET start_at = start_at - interval '1 minute'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, _ := newBook(t)
			s := join(t, b, place(1, 1))
			gatherAll(t, []*Seat{s})
			for ask[int](t, b, "SELECT beats::int FROM plimsoll_shard") < 5 {
				time.Sleep(10 * time.Millisecond)
			}
			do(t, b, forget)
			ends(t, s, "the database has forgotten what shard 1 of 1 (host-1) reported to the meeting m")
			s.Leave(s.Why())
		})
	}
}

// Meetings are listed from the newest on, 50 of them unless the caller says how many.
func TestList(t *testing.T) {
	t.Parallel()
	b, _ := newBook(t)
	for _, name := range []string{"first", "second", "third"} {
		p := place(1, 2)
		p.Meeting = name
		if err := claimantOf(t, b, p, "a").claim(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for limit, want := range map[int]string{-1: "third second first", 0: "third second first", 1: "third", 2: "third second", 9: "third second first"} {
		all, err := b.List(t.Context(), limit)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, m := range all {
			names = append(names, m.ID)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("at most %d: %q, want %q", limit, got, want)
		}
	}
}

// A meeting that is a day old is removed, unless a shard still lives. Values of setup are removed once their shards are gone.
func TestPrune(t *testing.T) {
	t.Parallel()
	b, _ := newBook(t)
	for _, name := range []string{"old", "old and live", "young"} {
		p := place(1, 2)
		p.Meeting = name
		s := join(t, b, p)
		if _, err := s.Give(nil); err != nil {
			t.Fatal(err)
		}
		s.Leave(nil) // without another word
	}
	do(t, b, "UPDATE plimsoll_shard SET lease = clock_timestamp() WHERE meeting <> 'old and live'")
	do(t, b, "UPDATE plimsoll_meeting SET made = made - interval '25 hours' WHERE id <> 'young'")
	s := join(t, b, place(1, 1))
	defer s.Leave(nil)
	if left := ask[string](t, b, "SELECT string_agg(id, ', ' ORDER BY id) FROM plimsoll_meeting"); left != "m, old and live, young" {
		t.Errorf("left are %s", left)
	}
	if left := ask[string](t, b, "SELECT string_agg(meeting, ', ') FROM plimsoll_handover"); left != "old and live" {
		t.Errorf("left are the values of %s", left)
	}
}
