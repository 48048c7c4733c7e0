package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

func remove(t *testing.T, s baseline.Store) {
	ids := puts(t, s, 5)
	for _, id := range ids[:3] {
		if err := errors.Join(s.Accept(t.Context(), id, NewMark(0)), s.Exclude(t.Context(), id, NewMark(0))); err != nil {
			t.Fatal(err)
		}
	}
	for _, wrong := range [][]string{{ids[0][:20]}, {""}, {"nothing"}, {ids[0] + "\x00"}, {ids[0], "\xff"}, {ids[0], ids[3], strings.Repeat("0", 64)}} {
		if err := s.Remove(t.Context(), wrong...); !errors.Is(err, baseline.ErrNotFound) {
			t.Errorf("remove %.8q: got %v, want ErrNotFound", wrong, err)
		}
	}
	if infos := list(t, s, baseline.Query{WithExcluded: true}); len(infos) != 5 {
		t.Fatalf("%d runs are left by removals that were refused, want all 5", len(infos))
	}
	if err := s.Remove(t.Context()); err != nil {
		t.Errorf("remove nothing: %v", err)
	}
	if err := s.Remove(t.Context(), ids[0], ids[3], ids[0]); err != nil {
		t.Error(err)
	}
	if err := s.Remove(t.Context(), ids[0]); !errors.Is(err, baseline.ErrNotFound) {
		t.Errorf("remove again: got %v, want ErrNotFound", err)
	}
	check(t, s, baseline.Query{WithExcluded: true}, ids[4], ids[2], ids[1])
	again := put(t, s, NewResult(0, later(0)))
	if again.Accepted != nil || again.Excluded != nil {
		t.Errorf("a run that was removed and put again bears marks: %+v", again)
	}
}

func commits(t *testing.T, s baseline.Store) {
	ids := puts(t, s, 5)
	twin := put(t, s, NewResult(1, onBranch("feature"), later(6))).ID // another run of commit 1
	other := put(t, s, NewResult(1, later(7), func(r *result.Result) { r.Series = "cart" })).ID
	plain := NewResult(0)
	fitting := baseline.Query{Series: "shop", ProfileDigest: plain.ProfileDigest, Environment: plain.Environment.Class()}
	of := func(q baseline.Query, commits ...string) baseline.Query {
		q.Commits = append([]string{}, commits...)
		return q
	}
	check(t, s, of(fitting, commit(3), commit(1), commit(0)), twin, ids[3], ids[1], ids[0])
	check(t, s, of(baseline.Query{}, commit(1)), other, twin, ids[1])
	check(t, s, of(baseline.Query{Branch: "main", Series: "shop", Limit: 1}, commit(1), commit(2)), ids[2])
	check(t, s, of(fitting, commit(77)))
	check(t, s, of(fitting)) // an empty list of commits admits nothing
	check(t, s, of(fitting, "\x00", "\xff", commit(3)), ids[3])
	many := make([]string, baseline.MaxCommits)
	for i := range many {
		many[i] = commit(1000 + i)
	}
	many[0], many[len(many)-1] = commit(4), commit(2)
	sinceAccepted := fitting
	sinceAccepted.SinceAccepted = true
	if err := s.Accept(t.Context(), ids[4], NewMark(0)); err != nil {
		t.Fatal(err)
	}
	check(t, s, of(fitting, many...), ids[4], ids[2])
	check(t, s, of(sinceAccepted, many...), ids[4])
	check(t, s, of(sinceAccepted, commit(2), commit(3)), ids[3], ids[2])
	if _, err := s.List(t.Context(), of(fitting, append(many, commit(5))...)); err == nil || !strings.Contains(err.Error(), "at most 10000") {
		t.Errorf("too many commits: got %v", err)
	}
}

// small reduces a run to one request, for tests that need many runs.
func small(r *result.Result) {
	one := &tally.Tally{}
	one.Add(tally.Sample{Route: "GET /items", Ended: time.Millisecond, Class: tally.OK})
	r.PlannedRounds, r.Tally = 1, tally.Tally{}
	r.Rounds = []result.Round{result.NewRound(0, 10*time.Second, one)}
	r.Tally.Merge(one)
}

// pages reads more runs than one page of All. Some began at the same instant.
func pages(t *testing.T, s baseline.Store) {
	const n = 205
	for i := range n {
		put(t, s, NewResult(i, small, func(r *result.Result) { r.Started = r.Started.Add(-time.Duration(i%3) * time.Minute) }))
	}
	all := idsOf(list(t, s, baseline.Query{Limit: n}))
	var got []string
	for record, err := range baseline.All(t.Context(), s, baseline.Query{Series: "shop", Limit: 3}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, record.Result.ID())
	}
	if len(all) != n || !slices.Equal(got, all) {
		t.Errorf("page by page there are %d runs, and %d at once, want the same %d", len(got), len(all), n)
	}
}

func retention(t *testing.T, s baseline.Store) {
	ids := puts(t, s, 6)
	feature := puts(t, s, 2, onBranch("feature"))
	other := puts(t, s, 2, func(r *result.Result) { r.Environment.CPUCores = 64 })
	start := NewResult(0).Started
	expired := func(r baseline.Retention, want ...string) {
		t.Helper()
		infos, err := s.Expired(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		got := idsOf(infos)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%+v\ngot  %.8q\nwant %.8q", r, got, want)
		}
	}
	expired(baseline.Retention{Keep: 10})
	expired(baseline.Retention{Before: start})
	expired(baseline.Retention{Keep: 4}, ids[0], ids[1])
	expired(baseline.Retention{Before: start.AddDate(0, 0, 2)}, ids[0], ids[1], feature[0], other[0])
	expired(baseline.Retention{Before: start.AddDate(1, 0, 0)}, ids[0], ids[1], ids[2], ids[3], ids[4], feature[0], other[0])
	expired(baseline.Retention{Before: start.AddDate(0, 0, 1), Keep: 5}, ids[0], feature[0], other[0])

	// Excluded runs do not use up the number to keep. The newest run that counts always stays.
	for _, id := range []string{ids[5], ids[3]} {
		if err := s.Exclude(t.Context(), id, NewMark(0)); err != nil {
			t.Fatal(err)
		}
	}
	expired(baseline.Retention{Keep: 1}, ids[0], ids[1], ids[2], ids[3], feature[0], other[0])
	expired(baseline.Retention{Keep: 3}, ids[0])
	expired(baseline.Retention{Before: start.AddDate(1, 0, 0)}, ids[0], ids[1], ids[2], ids[3], ids[5], feature[0], other[0])

	// Without the newest accepted run an older level would count again.
	if err := s.Accept(t.Context(), ids[1], NewMark(0)); err != nil {
		t.Fatal(err)
	}
	expired(baseline.Retention{Keep: 1}, ids[0], ids[2], ids[3], feature[0], other[0])
	// The acceptance of an excluded run does not count here either.
	if err := s.Accept(t.Context(), ids[3], NewMark(0)); err != nil {
		t.Fatal(err)
	}
	expired(baseline.Retention{Keep: 1}, ids[0], ids[2], ids[3], feature[0], other[0])

	for range 6 {
		infos, err := s.Expired(t.Context(), baseline.Retention{Keep: 1, Limit: 2})
		if err != nil || len(infos) > 2 {
			t.Fatalf("%d runs, %v, of at most 2", len(infos), err)
		}
		if err := s.Remove(t.Context(), idsOf(infos)...); err != nil {
			t.Fatal(err)
		}
	}
	left := idsOf(list(t, s, baseline.Query{WithExcluded: true}))
	if want := []string{ids[5], ids[4], ids[1], feature[1], other[1]}; !equalSets(left, want) {
		t.Errorf("%.8q are left, want %.8q", left, want)
	}
	for _, wrong := range []baseline.Retention{{}, {Keep: -1}, {Keep: 1, Limit: -1}} {
		if _, err := s.Expired(t.Context(), wrong); err == nil {
			t.Errorf("%+v was not refused", wrong)
		}
	}
}

func equalSets(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}
