package storetest

import (
	"slices"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// choose checks the histories that Choose gives.
func choose(t *testing.T, s baseline.Store) {
	ids := puts(t, s, 5)
	other := put(t, s, NewResult(8, later(8), func(r *result.Result) { r.Environment.CPUCores = 64 })).ID
	head := NewResult(9, later(9))
	chosen := func(fresh []*result.Result, p baseline.Past, want ...string) {
		t.Helper()
		past, err := baseline.Choose(t.Context(), s, fresh, p)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, summary := range past {
			got = append(got, summary.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v\ngot  %.8q\nwant %.8q", p, got, want)
		}
	}
	main := baseline.Past{Branch: "main", Limit: 10}
	chosen([]*result.Result{head}, main, ids[4], ids[3], ids[2], ids[1], ids[0])
	chosen([]*result.Result{head}, baseline.Past{Branch: "main", Limit: 2}, ids[4], ids[3])
	chosen([]*result.Result{head}, baseline.Past{Limit: 10, Commits: []string{commit(1), commit(3)}}, ids[3], ids[1])
	chosen([]*result.Result{head}, baseline.Past{Limit: 10, Commits: []string{commit(77)}})
	chosen([]*result.Result{head}, baseline.Past{Branch: "release"})
	chosen(nil, main)

	// If nothing fits, the newest run is given.
	misfit := NewResult(9, func(r *result.Result) { r.ProfileDigest = "none" })
	chosen([]*result.Result{misfit}, main, other)
	stranger := NewResult(9, func(r *result.Result) { r.Series = "cart" })
	chosen([]*result.Result{stranger}, main)

	// The fresh runs may be in the store already. They are left out of the history, and do not count for the
	// limit.
	fresh := []*result.Result{NewResult(4, later(4)), NewResult(3, later(3))}
	chosen(fresh, baseline.Past{Branch: "main", Limit: 2}, ids[2], ids[1])
	alone := NewResult(8, later(8), func(r *result.Result) { r.Environment.CPUCores = 64 })
	chosen([]*result.Result{alone}, main, ids[4])

	if err := s.Accept(t.Context(), ids[3], NewMark(0)); err != nil {
		t.Fatal(err)
	}
	chosen([]*result.Result{head}, main, ids[4], ids[3])
}

func prune(t *testing.T, s baseline.Store) {
	ids := puts(t, s, 7)
	removed, err := baseline.Prune(t.Context(), s, baseline.Retention{Keep: 2, Limit: 2})
	if err != nil || removed != 5 {
		t.Errorf("removed %d runs, %v, want 5", removed, err)
	}
	check(t, s, baseline.Query{}, ids[6], ids[5])
	if removed, err := baseline.Prune(t.Context(), s, baseline.Retention{Keep: 2}); err != nil || removed != 0 {
		t.Errorf("removed %d runs more, %v", removed, err)
	}
	if _, err := baseline.Prune(t.Context(), s, baseline.Retention{}); err == nil {
		t.Error("a retention that says nothing was not refused")
	}
}
