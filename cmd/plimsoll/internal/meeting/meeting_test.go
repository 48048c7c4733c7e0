package meeting

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// within is the most that a test waits for what must come. No test is about how long it takes.
const within = 2 * time.Minute

// bookAt opens the meetings of a database until the test ends.
func bookAt(t *testing.T, url string) Book {
	t.Helper()
	db, err := postgres.OpenMeetings(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return Book{db}
}

func newBook(t *testing.T) (b Book, url string) {
	t.Helper()
	url = pgtest.Database(t)
	return bookAt(t, url), url
}

// do runs a statement.
func do(t *testing.T, b Book, statement string) {
	t.Helper()
	if err := b.DB.Write(t.Context(), func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), statement); return err }); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// ask reads one value.
func ask[T any](t *testing.T, b Book, query string, args ...any) (value T) {
	t.Helper()
	if err := b.DB.Read(t.Context(), func(tx pgx.Tx) error { return tx.QueryRow(t.Context(), query, args...).Scan(&value) }); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

// place is that of a shard in a meeting of n.
func place(number, n int) Place {
	return Place{
		Meeting: "m", Number: number, Of: n, Host: fmt.Sprintf("host-%d", number), Within: within, Lease: DefaultLease,
		Terms: []Term{{"profile digest", "d1"}, {"commit", "c1"}},
	}
}

// join takes a place.
func join(t *testing.T, b Book, p Place) *Seat {
	t.Helper()
	s, err := b.Join(t.Context(), p)
	if err != nil {
		t.Fatalf("shard %d: %v", p.Number, err)
	}
	return s
}

// ends waits until a seat's load must end, and checks why.
func ends(t *testing.T, s *Seat, want string) {
	t.Helper()
	select {
	case <-s.Ended():
	case <-time.After(within):
		t.Errorf("shard %d goes on, want %q", s.number, want)
		return
	}
	if why := s.Why(); why == nil || !strings.Contains(why.Error(), want) {
		t.Errorf("shard %d ends: %v, want %q", s.number, why, want)
	}
}

// shardResult is what a shard measures, made up.
func shardResult(i, n int, start runner.Start) *result.Result {
	t := &tally.Tally{}
	random := rand.New(rand.NewPCG(uint64(i), 7))
	for range 500 {
		at := time.Duration(random.Int64N(int64(time.Second)))
		t.Add(tally.Sample{Route: "GET /a", Class: tally.OK, Due: at, Sent: at, Ended: at + time.Duration(1+random.Int64N(5_000_000))})
	}
	began := start.At.Add(-start.Clock.Ahead).UTC().Round(0)
	round := result.NewRound(0, time.Second, t)
	r := &result.Result{
		Schema: result.Schema,
		Identity: result.Identity{
			Series: "s", ProfileDigest: "d1", Target: "http://t", Users: n, Tool: "dev", Commit: "c1",
			Started: start.At.UTC().Truncate(time.Millisecond), Finished: start.At.UTC().Add(2 * time.Second).Truncate(time.Millisecond),
		},
		WarmUp: &tally.Tally{}, PlannedRounds: 1, PlannedRoutes: []string{"GET /a"}, Rounds: []result.Round{round},
		Part: &result.Part{Index: i, Of: n, By: fmt.Sprintf("host-%d", i+1), Users: 1, Seed: "1", Began: began, Clock: start.Clock},
	}
	r.Tally.Merge(t)
	r.Problems = append(r.Problems, r.Part.Problem())
	return r
}

// Shards that share a setup meet, also behind a PgBouncer that pools by transaction over one connection. All begin at one
// instant, the values of setup are gone once all have them, and the merged run equals that of the files, each time it is made.
func TestMeeting(t *testing.T) {
	t.Parallel()
	for name, through := range map[string]func(t testing.TB, url string) string{
		"directly":          func(_ testing.TB, url string) string { return url },
		"through PgBouncer": pgtest.Pooler,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n = 4
			url := through(t, pgtest.Database(t))
			var mu sync.Mutex // guards files
			files := map[string]*result.Result{}
			values := []profile.Value{{Kind: profile.TextValue, Text: "\xff\x00secret"}, {Kind: profile.NumberValue, Text: "7"}}
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() {
					b := bookAt(t, url) // each a process of its own
					s, err := b.Join(t.Context(), place(i+1, n))
					if err != nil {
						t.Errorf("shard %d: %v", i+1, err)
						return
					}
					r, err := attend(t.Context(), s, values)
					if err == nil {
						err = s.Deliver(t.Context(), r)
					}
					if err == nil {
						err = s.Deliver(t.Context(), r) // again changes nothing
					}
					s.Leave(err)
					if err != nil {
						t.Errorf("shard %d: %v", i+1, err)
						return
					}
					mu.Lock()
					defer mu.Unlock()
					files[fmt.Sprintf("shard-%d.json", i+1)] = r
				})
			}
			all.Wait()
			if t.Failed() {
				return
			}
			b := bookAt(t, url)
			m, err := b.Look(t.Context(), "m")
			if err != nil || m.State != Done || len(m.Shards) != n || m.StartAt.IsZero() {
				t.Fatalf("%+v, %v", m, err)
			}
			if left := ask[int](t, b, "SELECT count(*) FROM plimsoll_handover"); left != 0 {
				t.Error("the values of setup are still there")
			}
			want, err := result.Merge(files)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				got, err := b.Merged(t.Context(), "m", nil)
				if err != nil || !bytes.Equal(encoded(t, got), encoded(t, want)) {
					t.Fatalf("the merged run differs from that of the files: %v", err)
				}
			}
			for _, s := range m.Shards { // this machine's clock and the database's are the same
				if c := s.Clock; c == nil || c.Ahead.Abs() > c.Error {
					t.Errorf("the clock of shard %d is told as %+v", s.Number, c)
				}
			}
			if skew, wrong := want.Skew(); skew > 2*wrong {
				t.Errorf("the shards agree on an instant to %v, with a known error of %v", skew, wrong)
			}
			if _, err := b.Join(t.Context(), place(1, n)); err == nil || !strings.Contains(err.Error(), "was held already") {
				t.Errorf("a second meeting of this name: %v", err)
			}
		})
	}
}

// attend does what a run does: setup, ready, load.
func attend(ctx context.Context, s *Seat, values []profile.Value) (*result.Result, error) {
	id, err := "", error(nil)
	if s.number == 1 {
		id, err = s.Give(values)
	} else {
		var got []profile.Value
		if got, id, err = s.Take(ctx); err == nil && fmt.Sprint(got) != fmt.Sprint(values) {
			err = fmt.Errorf("took %v", got)
		}
	}
	if err != nil {
		return nil, err
	}
	start, err := s.Gather(ctx)
	if err != nil {
		return nil, err
	}
	s.Show(runner.Progress{Phase: "round 1 of 1", Loading: true, Requests: 500})
	r := shardResult(s.number-1, s.of, start)
	r.Part.Setup = id
	return r, nil
}

func encoded(t *testing.T, r *result.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := result.Encode(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSize delivers the result of a shard of one hour with 20 routes. Sixteen of them must stay below 100 MB.
func TestSize(t *testing.T) {
	t.Parallel()
	const rounds, routes, shards, most = 60, 20, 16, 100 << 20
	b, _ := newBook(t)
	s := join(t, b, place(1, 1))
	gatherAll(t, []*Seat{s})
	r := shardResult(0, 1, runner.Start{At: time.Now(), Clock: &result.Clock{}})
	random := rand.New(rand.NewPCG(1, 2))
	r.Rounds, r.Tally, r.PlannedRounds, r.PlannedRoutes = nil, tally.Tally{}, rounds, nil
	for i := range rounds {
		counts := &tally.Tally{}
		start := time.Duration(i) * time.Minute
		for route := range routes {
			for range 3000 { // 50 requests a second for each route
				at := start + time.Duration(random.Int64N(int64(time.Minute)))
				took := time.Duration(float64(5*time.Millisecond) * (1 + random.ExpFloat64()))
				counts.Add(tally.Sample{Route: fmt.Sprintf("GET /routes/%d/{id}", route), Class: tally.OK, Due: at, Sent: at + 50*time.Microsecond, Ended: at + took})
			}
		}
		round := result.NewRound(start, time.Minute, counts)
		round.Readings = map[string]float64{}
		for k := range 60 {
			round.Readings[fmt.Sprintf("system.reading_%d", k)] = random.Float64()
		}
		r.Rounds = append(r.Rounds, round)
		r.Tally.Merge(counts)
	}
	for i := range 3600 {
		r.AddSecond(result.Second{Start: time.Duration(i) * time.Second, Length: time.Second, Requests: 1000, P50: 5 * time.Millisecond, P95: 20 * time.Millisecond, P99: 30 * time.Millisecond})
	}
	r.Finished = r.Started.Add(61 * time.Minute)
	if err := s.Deliver(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	s.Leave(nil)
	size := ask[int64](t, b, "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relname IN ('plimsoll_meeting', 'plimsoll_shard', 'plimsoll_shard_part', 'plimsoll_handover')")
	t.Logf("one shard takes %.1f MB, %d take %.0f MB", float64(size)/(1<<20), shards, float64(size)*shards/(1<<20))
	if size*shards > most {
		t.Errorf("%d shards take %d bytes, want at most %d", shards, size*shards, most)
	}
}
