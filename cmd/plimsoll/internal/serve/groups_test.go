package serve_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/serve"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// stored is a store with n runs, each changed by a function.
func stored(t *testing.T, n int, change func(n int, r *result.Result)) baseline.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "b.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	for i := range n {
		if _, _, err := store.Put(t.Context(), storetest.NewResult(i, func(r *result.Result) { change(i, r) })); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// A series has pages without a repository and without a branch too. They have its runs, all of them and no others, even if
// newer ones are of another repository.
func TestGroupsWithoutNames(t *testing.T) {
	store := stored(t, 70, func(n int, r *result.Result) {
		switch {
		case n < 5:
			r.Repository = ""
		case n < 8:
			r.Branch = ""
		}
	})
	h := serve.New(config(store))
	list := decode[serve.SeriesList](t, ok(t, h, "/api/series"))
	if len(list.Series) != 3 {
		t.Fatalf("series %+v", list)
	}
	for i, want := range []string{": 10 runs from", ": 3 runs from", ": 5 runs from"} {
		if body := ok(t, h, list.Series[i].Page+"?runs=10"); !strings.Contains(body, want) {
			t.Errorf("%+v has not %q", list.Series[i], want)
		}
	}
	if body := ok(t, h, "/"); !strings.Contains(body, "3 series with 58 runs") {
		t.Errorf("the first page:\n%s", body)
	}
}

// Runs of an environment are found behind newer ones of others.
func TestEnvironmentBehindOthers(t *testing.T) {
	store := stored(t, 70, func(n int, r *result.Result) {
		if n < 5 {
			r.Environment.CPUCores = 64
		}
	})
	h := serve.New(config(store))
	list := decode[serve.SeriesList](t, ok(t, h, "/api/series"))
	oldest := decode[serve.RunList](t, ok(t, h, "/api/runs?limit=500")).Runs[69]
	only := "?environment=" + strings.ReplaceAll(strings.ReplaceAll(oldest.Environment, " ", "+"), "=", "%3D")
	if body := ok(t, h, list.Series[0].Page+only+"&runs=10"); !strings.Contains(body, ": 5 runs from") {
		t.Errorf("its page:\n%s", body)
	}
	if body := ok(t, h, "/"+only); !strings.Contains(body, "1 series with 5 runs") {
		t.Errorf("the first page:\n%s", body)
	}
	first := decode[serve.RunList](t, ok(t, h, "/api/runs"+only+"&limit=3"))
	if len(first.Runs) != 3 || first.Next == "" {
		t.Fatalf("%d runs, then %q", len(first.Runs), first.Next)
	}
	if second := decode[serve.RunList](t, ok(t, h, "/api/runs"+only+"&limit=3&after="+first.Next)); len(second.Runs) != 2 || second.Next != "" || second.Runs[1].ID != oldest.ID {
		t.Errorf("then %d runs, and %q", len(second.Runs), second.Next)
	}
}

// The first page says that the store has more only if it has.
func TestMore(t *testing.T) {
	store, _ := filled(t)
	for _, query := range []string{"", "?series=shop", "?series=none"} {
		if body := ok(t, serve.New(config(store)), "/"+query); strings.Contains(body, "The store has more") {
			t.Errorf("of 12 runs, /%s says\n%s", query, body)
		}
	}
	store = stored(t, 51, func(n int, r *result.Result) {
		if n == 50 {
			r.Series = "blog"
		}
	})
	if body := ok(t, serve.New(config(store)), "/"); strings.Contains(body, "The store has more") {
		t.Errorf("of 50 runs and one, it says\n%s", body)
	}
	if _, _, err := store.Put(t.Context(), storetest.NewResult(60)); err != nil {
		t.Fatal(err)
	}
	if body := ok(t, serve.New(config(store)), "/"); !strings.Contains(body, "The store has more") {
		t.Errorf("of 51 runs and one, it says\n%s", body)
	}
}
