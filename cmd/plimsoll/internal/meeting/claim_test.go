package meeting

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// claimantOf wants the number of a place, with a token.
func claimantOf(t *testing.T, b Book, p Place, token string) claimant {
	t.Helper()
	terms, err := encode(append(p.Terms, Term{"--meet-lease", p.Lease.String()}))
	if err != nil {
		t.Fatal(err)
	}
	return claimant{Book: b, id: p.Meeting, number: p.Number, of: p.Of, token: token, host: p.Host + "-" + token, terms: terms, lease: p.Lease}
}

// Of many who claim a number at once, one gets it, with or without a meeting that is there, and after a lease has ended.
func TestOneClaimWins(t *testing.T) {
	t.Parallel()
	_, url := newBook(t)
	const many = 16
	b := bookAt(t, url)
	for round := range 4 {
		var won, held atomic.Int32
		var all sync.WaitGroup
		for i := range many {
			all.Go(func() {
				c := claimantOf(t, bookAt(t, url), place(1, 3), fmt.Sprintf("%d-%d", round, i))
				err := c.claim(t.Context())
				again := c.claim(t.Context()) // as after an answer that was lost
				switch {
				case err == nil && again == nil:
					won.Add(1)
				case errors.Is(err, errHeld) && errors.Is(again, errHeld):
					held.Add(1)
				default:
					t.Errorf("%v, then %v", err, again)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || held.Load() != many-1 {
			t.Fatalf("round %d: %d have won, %d are told that it is held", round, won.Load(), held.Load())
		}
		do(t, b, "UPDATE plimsoll_shard SET lease = clock_timestamp()")
	}
	if n := ask[int](t, b, "SELECT count(*) FROM plimsoll_shard"); n != 1 {
		t.Errorf("there are %d shards", n)
	}
}

// A shard that does not belong to a meeting is told why.
func TestClaimsThatAreRefused(t *testing.T) {
	t.Parallel()
	other := func(change func(*Place)) Place {
		p := place(2, 3)
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		prepare string // SQL after shards 1 and 2 have claimed; theirs are the tokens a
		claims  Place
		want    string
	}{
		"another number of shards": {"", place(2, 4), "the meeting m is of 3 shards, and this is shard 2 of 4 (host-2-b)"},
		"another commit": {"", other(func(p *Place) { p.Terms[1].Value = "c2" }),
			"shard 2 of 3 (host-2-b) does not belong to the meeting m: its commit is c2, and the meeting's is c1; give this load another name"},
		"another profile and no commit": {"", other(func(p *Place) { p.Terms[0].Value, p.Terms[1].Value = "d2", "" }),
			"its profile digest is d2, and the meeting's is d1; its commit is none, and the meeting's is c1"},
		"another lease":         {"", other(func(p *Place) { p.Lease = time.Minute }), "its --meet-lease is 1m0s, and the meeting's is 20s"},
		"an older version":      {"", other(func(p *Place) { p.Terms = p.Terms[:1] }), "it does not say its commit"},
		"terms of another kind": {"UPDATE plimsoll_meeting SET terms = '{'", place(2, 3), "its terms cannot be read"},
		"stopped":               {"UPDATE plimsoll_meeting SET state = 'stopped', reason = 'by Ana'", place(2, 3), "the meeting m was stopped: by Ana; begin again with another name"},
		"a reason of others":    {"UPDATE plimsoll_meeting SET state = 'stopped', reason = E'\\x1b[2J'", place(2, 3), "the meeting m was stopped:  [2J; begin again"},
		"terms of others":       {`UPDATE plimsoll_meeting SET terms = '[{"name": "commit", "value": "\u001b[2J"}, {"name": "\u001b[3J"}]'`, place(2, 3), "its commit is c1, and the meeting's is  [2J; its --meet-lease is 20s, and the meeting's is none; it does not say its  [3J"},
		"a machine of others":   {"UPDATE plimsoll_shard SET host = E'\\x1b[2J'", place(2, 3), "another process holds the number: shard 2 of 3 ( [2J) reported last at "},
		"done":                  {"UPDATE plimsoll_meeting SET state = 'done'", place(2, 3), "was held already"},
		"begun":                 {"UPDATE plimsoll_meeting SET state = 'loading'", place(2, 3), "the load of the meeting m has begun, and shard 2 of 3 (host-2-a) sent a part of it: nobody may send it again"},
		"begun and lost": {"UPDATE plimsoll_meeting SET state = 'loading'; UPDATE plimsoll_shard SET lease = clock_timestamp()", place(2, 3),
			"shard 2 of 3 (host-2-a) sent a part of it"},
		"begun without it":    {"UPDATE plimsoll_meeting SET state = 'loading'", place(3, 3), "has begun without shard 3 of 3 (host-3-b): the database has forgotten it"},
		"after setup":         {"UPDATE plimsoll_meeting SET setup = 's1'; UPDATE plimsoll_shard SET lease = clock_timestamp()", place(1, 3), "shard 1 of 3 (host-1-a) has done setup for the meeting m and was lost"},
		"held":                {"", place(2, 3), "another process holds the number: shard 2 of 3 (host-2-a) reported last at "},
		"lost, and not begun": {"UPDATE plimsoll_meeting SET setup = 's1'; UPDATE plimsoll_shard SET lease = clock_timestamp()", place(2, 3), ""},
		"lost before setup":   {"UPDATE plimsoll_shard SET lease = clock_timestamp()", place(1, 3), ""},
		"new":                 {"", place(3, 3), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, _ := newBook(t)
			for number := range 2 {
				if err := claimantOf(t, b, place(number+1, 3), "a").claim(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for statement := range strings.SplitSeq(c.prepare, "; ") {
				if statement != "" {
					do(t, b, statement)
				}
			}
			err := claimantOf(t, b, c.claims, "b").claim(t.Context())
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if kept := ask[string](t, b, "SELECT string_agg(DISTINCT token, '') FROM plimsoll_shard"); kept != "a" {
				t.Errorf("the refused one has changed something: the tokens are %s", kept)
			}
		})
	}
}

// A first life that comes back after a second one has taken its place may write nothing at all.
func TestAFirstLifeIsFenced(t *testing.T) {
	t.Parallel()
	b, _ := newBook(t)
	first := join(t, b, place(1, 1))
	do(t, b, "UPDATE plimsoll_shard SET lease = clock_timestamp(), token = 'of nobody'") // so that it reports no more
	ends(t, first, "has taken the place of shard 1 of 1 (host-1) in the meeting m")
	second, err := b.Join(t.Context(), place(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer second.Leave(nil)
	gatherAll(t, []*Seat{second})
	start := runner.Start{At: time.Now(), Clock: &result.Clock{}}
	for what, do := range map[string]func() error{
		"delivers": func() error { return first.Deliver(t.Context(), shardResult(0, 1, start)) },
		"gives":    func() error { _, err := first.Give(nil); return err },
		"takes": func() error {
			do(t, b, "UPDATE plimsoll_meeting SET setup = 's'")
			_, err := first.collect(t.Context())
			return err
		},
		"reports": func() error { _, err := first.beat(t.Context()); return err },
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), "has taken the place of") {
			t.Errorf("it %s: %v", what, err)
		}
	}
	if err := first.halt(t.Context(), "out of spite"); err != nil {
		t.Error(err)
	}
	if err := first.begin(t.Context()); err != nil {
		t.Error(err)
	}
	m, err := b.Look(t.Context(), "m")
	if err != nil || m.State != Loading || second.Why() != nil {
		t.Errorf("the second life's meeting: %+v, %v, %v", m, err, second.Why())
	}
	r := shardResult(0, 1, start)
	if err := second.Deliver(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	r.AddNote("changed")
	if err := second.Deliver(t.Context(), r); err == nil || !strings.Contains(err.Error(), "has another result of shard 1 of 1 (host-1) already") {
		t.Errorf("another result under the same key: %v", err)
	}
	if n := ask[int](t, b, "SELECT count(*) FROM plimsoll_shard_part"); n != 1 {
		t.Errorf("%d results are there", n)
	}
}

// A pod whose first life died before the load began takes its place over when the lease has ended, and waits until then.
func TestASecondLife(t *testing.T) {
	t.Parallel()
	b, _ := newBook(t)
	p := place(2, 2)
	p.Lease = 2 * time.Second
	first := claimantOf(t, b, p, "first life")
	if err := first.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := join(t, b, p)
	other := p
	other.Number = 1
	one := join(t, b, other)
	gatherAll(t, []*Seat{one, second})
	one.Leave(nil)
	second.Leave(nil)
	if err := first.claim(t.Context()); err == nil || !strings.Contains(err.Error(), "the load of the meeting m has begun") {
		t.Errorf("the first life claims again: %v", err)
	}
}

// A delivered result that was damaged in the database makes no run.
func TestDamagedDeliveries(t *testing.T) {
	t.Parallel()
	b, _ := newBook(t)
	s := join(t, b, place(1, 1))
	gatherAll(t, []*Seat{s})
	if err := s.Deliver(t.Context(), shardResult(0, 1, runner.Start{At: time.Now(), Clock: &result.Clock{}})); err != nil {
		t.Fatal(err)
	}
	s.Leave(nil)
	for damage, want := range map[string]string{
		"UPDATE plimsoll_shard_part SET document = substring(document FROM 1 FOR 100)": "what shard 1 of 1 delivered cannot be read",
		"UPDATE plimsoll_shard_part SET document = ''":                                 "what shard 1 of 1 delivered cannot be read",
		"UPDATE plimsoll_shard_part SET digest = 'd'":                                  "its digest is not the one that it was delivered with",
		"DELETE FROM plimsoll_shard_part":                                              "the database has forgotten what was delivered by shard 1",
	} {
		do(t, b, "CREATE TABLE kept AS SELECT * FROM plimsoll_shard_part")
		do(t, b, damage)
		if _, err := b.Merged(t.Context(), "m", nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", damage, err)
		}
		do(t, b, "DELETE FROM plimsoll_shard_part")
		do(t, b, "INSERT INTO plimsoll_shard_part SELECT * FROM kept")
		do(t, b, "DROP TABLE kept")
	}
	if _, err := b.Merged(t.Context(), "m", nil); err != nil {
		t.Errorf("whole again: %v", err)
	}
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"load-4711", "github 12/1 shop", "3f0c7d6e-1b6d-4e6a-9a86-0c8f9e4b2a10", strings.Repeat("x", 200), "ü"} {
		if err := CheckName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", " ", "a ", "a\nb", "a\x00", "\xff", strings.Repeat("x", 201), "a\u202eb", "\x1b[31m"} {
		if err := CheckName(name); err == nil {
			t.Errorf("%q is a name", name)
		}
	}
}
