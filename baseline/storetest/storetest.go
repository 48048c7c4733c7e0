// Package storetest is the contract of baseline.Store as a test suite. Every store runs it: on a real
// database, with many handles and two processes at once, with a process that is killed, and with
// rows that were damaged past the store.
package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// marker is Accept or Exclude.
type marker func(ctx context.Context, id string, m baseline.Mark) error

// Opener opens the store at a place: a path, a URL. Opened twice, it is the same store.
type Opener func(ctx context.Context, place string) (baseline.Store, error)

// Suite is the contract for one kind of store.
type Suite struct {
	Open  Opener
	Place func(t testing.TB) string // gives the place of a store that nobody has opened yet
	// SQL opens the database of the store at a place, past the store; the test closes it.
	SQL func(t testing.TB, place string) *sql.DB
	// Handles is how many handles the concurrent tests open at once.
	Handles int
}

// Run checks the contract.
func (s Suite) Run(t *testing.T) {
	for name, test := range map[string]func(*testing.T, baseline.Store){
		"a run comes back as it was put":                 roundTrip,
		"a run put twice is one run":                     twice,
		"a run that is not whole is refused":             notWhole,
		"a run that could not be read back is refused":   impossible,
		"a change has its history":                       choose,
		"old runs are pruned":                            prune,
		"a window has the newest runs that fit":          window,
		"a run is found by the beginning of its ID":      get,
		"runs are removed with their marks, all or none": remove,
		"an accepted run is the first that counts":       accept,
		"an excluded run does not count":                 exclude,
		"a query selects runs by their commits":          commits,
		"All reads every run, page by page":              pages,
		"a retention selects by age and by count":        retention,
		"a canceled context ends a call":                 canceled,
	} {
		t.Run(name, func(t *testing.T) { test(t, s.open(t, s.Place(t))) })
	}
	t.Run("SQL reads figures", s.figures)
	t.Run("a damaged run is named, and can be excluded and removed", s.damaged)
	t.Run("a row of another program is named, and can be excluded and removed", s.foreign)
	t.Run("many at once lose nothing and put nothing twice", s.concurrent)
	t.Run("many at once accept the same run", s.acceptedAtOnce)
	t.Run("two processes at once lose nothing and put nothing twice", s.twoProcesses)
	t.Run("a killed process leaves whole runs", s.killed)
}

func (s Suite) open(t testing.TB, place string) baseline.Store {
	t.Helper()
	store, err := s.Open(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return store
}

// A Change turns a run into another one.
type Change func(*result.Result)

// NewResult is a whole run of two routes in two rounds, the nth of its series: each begins a
// minute after the one before.
func NewResult(n int, changes ...Change) *result.Result {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
	r := &result.Result{Schema: result.Schema, PlannedRounds: 2}
	r.Identity = result.Identity{
		Series: "shop", Repository: "example/shop", Branch: "main", Commit: fmt.Sprintf("%040x", n),
		ProfileDigest: strings.Repeat("ab", 32), Target: "http://127.0.0.1:1", Tool: "1.0.0", Users: 3,
		Started: start, Finished: start.Add(30 * time.Second),
	}
	r.Environment = result.Environment{OS: "linux", Arch: "amd64", CPUModel: "a CPU", CPUCores: 2, MemoryGiB: 8}
	for i := range r.PlannedRounds {
		round := &tally.Tally{}
		for j := range 200 {
			sample := tally.Sample{Route: "GET /items", Ended: time.Duration(n%1000+j+1) * time.Millisecond, Class: tally.OK}
			if j%2 == 0 {
				sample.Route = "GET /ünusual|`name`"
			}
			round.Add(sample)
		}
		r.Rounds = append(r.Rounds, result.NewRound(time.Duration(i)*10*time.Second, 10*time.Second, round))
		r.Tally.Merge(round)
	}
	for _, change := range changes {
		change(r)
	}
	return r
}

func put(t testing.TB, s baseline.Store, r *result.Result) baseline.Info {
	t.Helper()
	info, created, err := s.Put(t.Context(), r)
	if err != nil || !created {
		t.Fatalf("put %v: created %v, error %v", r, created, err)
	}
	return info
}

func roundTrip(t *testing.T, s baseline.Store) {
	r := NewResult(1, func(r *result.Result) { r.Branch = `feature/"quotes" 'and' ü; DROP TABLE plimsoll_run` })
	before := time.Now().Add(-time.Minute)
	kept := put(t, s, r)
	got, err := s.Get(t.Context(), r.ID())
	if err != nil {
		t.Fatal(err)
	}
	want := baseline.Info{
		ID: r.ID(), Series: r.Series, Repository: r.Repository, Branch: r.Branch, Commit: r.Commit, ProfileDigest: r.ProfileDigest,
		Environment: r.Environment.Class(), Tool: r.Tool, Started: r.Started, Stored: kept.Stored,
	}
	if got.Info != want {
		t.Errorf("got  %+v\nwant %+v", got.Info, want)
	}
	if got.Stored.Before(before) || got.Stored.After(time.Now().Add(time.Minute)) {
		t.Errorf("stored at %v, want about now", got.Stored)
	}
	if encode(t, got.Result) != encode(t, r.Compact()) {
		t.Error("the run came back changed")
	}
	if got.Result.ID() != r.ID() {
		t.Error("the run came back with another ID")
	}
	window, err := s.Window(t.Context(), baseline.Query{})
	if err != nil || len(window) != 1 || window[0].Info != want || !reflect.DeepEqual(window[0].Summary, r.Summary()) {
		t.Errorf("%v: the summary came back as %+v\nwant %+v", err, window, r.Summary())
	}
}

func encode(t testing.TB, r *result.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := result.Encode(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func twice(t *testing.T, s baseline.Store) {
	first := put(t, s, NewResult(1))
	second, created, err := s.Put(t.Context(), NewResult(1))
	if err != nil || created || second != first {
		t.Errorf("put again: created %v, error %v, record %+v, want %+v", created, err, second, first)
	}
	if infos := list(t, s, baseline.Query{}); len(infos) != 1 {
		t.Errorf("%d runs are kept, want 1", len(infos))
	}
}

func notWhole(t *testing.T, s baseline.Store) {
	for _, change := range []Change{
		func(r *result.Result) { r.PlannedRounds = 3 },
		func(r *result.Result) {
			r.Problems = []result.Problem{{Kind: result.Interrupted, Text: "interrupted"}}
		},
	} {
		if _, _, err := s.Put(t.Context(), NewResult(1, change)); !errors.Is(err, baseline.ErrNotWhole) {
			t.Errorf("got %v, want ErrNotWhole", err)
		}
	}
	if infos := list(t, s, baseline.Query{}); len(infos) != 0 {
		t.Errorf("%d runs are kept, want none", len(infos))
	}
}

func list(t testing.TB, s baseline.Store, q baseline.Query) []baseline.Info {
	t.Helper()
	infos, err := s.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return infos
}

func window(t *testing.T, s baseline.Store) {
	names := map[string]string{}
	for i, run := range []struct {
		name   string
		change Change
	}{
		{"plain", func(*result.Result) {}},
		{"other series", func(r *result.Result) { r.Series = "cart" }},
		{"other repository", func(r *result.Result) { r.Repository = "fork/shop" }},
		{"other branch", func(r *result.Result) { r.Branch = "feature" }},
		{"other profile", func(r *result.Result) { r.ProfileDigest = strings.Repeat("cd", 32) }},
		{"other environment", func(r *result.Result) { r.Environment.CPUCores = 4 }},
		{"plain again", func(*result.Result) {}},
		{"oldest", func(r *result.Result) { r.Started = r.Started.Add(-time.Hour) }},
	} {
		names[put(t, s, NewResult(i, run.change)).ID] = run.name
	}
	plain := NewResult(0)
	q := baseline.Query{
		Series: plain.Series, Repository: plain.Repository, Branch: plain.Branch,
		ProfileDigest: plain.ProfileDigest, Environment: plain.Environment.Class(),
	}
	check := func(q baseline.Query, want ...string) {
		t.Helper()
		var listed, got []string
		for _, info := range list(t, s, q) {
			listed = append(listed, names[info.ID])
		}
		records, err := s.Window(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			got = append(got, names[record.Summary.ID])
		}
		if !slices.Equal(got, want) || !slices.Equal(listed, want) {
			t.Errorf("%+v\nwindow %q\nlist   %q\nwant   %q", q, got, listed, want)
		}
	}
	check(q, "plain again", "plain", "oldest")
	check(baseline.Query{Series: "shop", Branch: "main", Limit: 2}, "plain again", "other environment")
	check(baseline.Query{Series: "cart"}, "other series")
	check(baseline.Query{Branch: "feature"}, "other branch")
	check(baseline.Query{Series: "nothing"})
	check(baseline.Query{Series: "shop' OR '1'='1"})
	check(baseline.Query{Series: "shop\x00"})
	check(baseline.Query{Branch: "\xff", SinceAccepted: true})
	check(baseline.Query{}, "plain again", "other environment", "other profile", "other branch", "other repository", "other series", "plain", "oldest")
}

func get(t *testing.T, s baseline.Store) {
	const n = 17 // two of them begin with the same of 16 digits
	begins := map[byte]int{}
	var ids []string
	for i := range n {
		id := put(t, s, NewResult(i)).ID
		ids = append(ids, id)
		begins[id[0]]++
	}
	for _, id := range ids {
		got, err := s.Get(t.Context(), id[:20])
		found, findErr := s.Find(t.Context(), id[:20])
		if err != nil || findErr != nil || got.ID != id || got.Result.ID() != id || found != got.Info {
			t.Errorf("got %+v, %v, and found %+v, %v, for the beginning of %s", got.Info, err, found, findErr, id)
		}
		if _, err := s.Get(t.Context(), id[:1]); begins[id[0]] > 1 && !errors.Is(err, baseline.ErrAmbiguous) {
			t.Errorf("%s begins %d runs: got %v, want ErrAmbiguous", id[:1], begins[id[0]], err)
		}
	}
	for _, id := range []string{"", "%", "_", "XYZ", strings.Repeat("0", 64), ids[0] + "0", "' OR 1=1 --", ids[0][:20] + "\x00", "\xff"} {
		if _, err := s.Get(t.Context(), id); !errors.Is(err, baseline.ErrNotFound) {
			t.Errorf("%q: got %v, want ErrNotFound", id, err)
		}
	}
}

func canceled(t *testing.T, s baseline.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Put(ctx, NewResult(1)); err == nil {
		t.Error("a run was put though the context was canceled")
	}
	if _, err := s.List(ctx, baseline.Query{}); err == nil {
		t.Error("runs were listed though the context was canceled")
	}
}

// concurrent opens a new store with many handles at once. Each handle puts a run of its own, and a run that all
// share.
func (s Suite) concurrent(t *testing.T) {
	place := s.Place(t)
	var wg sync.WaitGroup
	var mu sync.Mutex // guards created
	created := 0
	for i := range s.Handles {
		wg.Go(func() {
			store, err := s.Open(t.Context(), place)
			if err != nil {
				t.Errorf("handle %d: %v", i, err)
				return
			}
			defer store.Close() //nolint:errcheck // Put's error is what counts
			for _, r := range []*result.Result{NewResult(1 + i), NewResult(0)} {
				_, isNew, err := store.Put(t.Context(), r)
				if err != nil {
					t.Errorf("handle %d: %v", i, err)
				}
				mu.Lock()
				if isNew {
					created++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	want := s.Handles + 1
	if infos := list(t, s.open(t, place), baseline.Query{Limit: 1000}); len(infos) != want || created != want {
		t.Errorf("%d runs are kept and %d were reported as new, want %d", len(infos), created, want)
	}
}
