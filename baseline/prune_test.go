package baseline_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
)

func open(t testing.TB) baseline.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "b.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// contested is a store in which another Prune is faster: every other batch loses a run, or all of them, before it
// is removed.
type contested struct {
	baseline.Store
	all     bool
	batches int
}

func (c *contested) Expired(ctx context.Context, r baseline.Retention) ([]baseline.Info, error) {
	runs, err := c.Store.Expired(ctx, r)
	if c.batches++; c.batches%2 == 0 || len(runs) == 0 { // the other Prune takes only every second batch
		return runs, err
	}
	lost := runs[:1]
	if c.all {
		lost = runs
	}
	for _, run := range lost {
		err = errors.Join(err, c.Remove(ctx, run.ID))
	}
	return runs, err
}

// Two prunes at once both end, and each counts only the runs that it removed.
func TestPruneBesideAnother(t *testing.T) {
	for name, c := range map[string]struct {
		all  bool
		want int // of nine that go, in batches of two
	}{
		"a part of a batch is gone": {false, 6}, // lost 1, took 2, lost 1, took 2, lost 1, took 2
		"a whole batch is gone":     {true, 4},  // lost 2, took 2, lost 2, took 2, lost 1
	} {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			for n := range 10 {
				if _, _, err := store.Put(t.Context(), storetest.NewResult(n)); err != nil {
					t.Fatal(err)
				}
			}
			removed, err := baseline.Prune(t.Context(), &contested{Store: store, all: c.all}, baseline.Retention{Keep: 1, Limit: 2})
			if err != nil || removed != c.want {
				t.Errorf("removed %d runs, %v, want %d", removed, err, c.want)
			}
			if left, err := store.List(t.Context(), baseline.Query{}); err != nil || len(left) != 1 {
				t.Errorf("%d runs are left, %v, want the newest", len(left), err)
			}
		})
	}
}

// endless is a store that always lists runs to remove, but Remove never finds one.
type endless struct {
	baseline.Store
	removals int
}

func (e *endless) Expired(context.Context, baseline.Retention) ([]baseline.Info, error) {
	return make([]baseline.Info, 1), nil
}

func (e *endless) Remove(context.Context, ...string) error {
	e.removals++
	return baseline.ErrNotFound
}

func TestPruneGivesUp(t *testing.T) {
	store := &endless{}
	if removed, err := baseline.Prune(t.Context(), store, baseline.Retention{Keep: 1}); !errors.Is(err, baseline.ErrNotFound) || removed != 0 {
		t.Errorf("removed %d runs, %v, want ErrNotFound", removed, err)
	}
	if store.removals != 1001 {
		t.Errorf("tried %d times, want 1001", store.removals)
	}
}
