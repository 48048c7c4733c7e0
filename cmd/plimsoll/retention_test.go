package main

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
)

// contested is a store in which another prune is faster: each batch that is told of has lost a run,
// or all of them, before it is removed.
type contested struct {
	baseline.Store
	all     bool
	batches int
}

func (c *contested) Expired(ctx context.Context, r baseline.Retention) ([]baseline.Info, error) {
	runs, err := c.Store.Expired(ctx, r)
	if c.batches++; c.batches%2 == 0 || len(runs) == 0 { // every second batch is left alone
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

// Two prunes at once end both, and each says what it has removed itself.
func TestPruneBesideAnother(t *testing.T) {
	for name, c := range map[string]struct {
		all  bool
		want int // of nine that go, in batches of two
	}{
		"a part of a batch is gone":    {false, 6}, // lost 1, took 2, lost 1, took 2, lost 1, took 2
		"the whole of a batch is gone": {true, 4},  // lost 2, took 2, lost 2, took 2, lost 1
	} {
		t.Run(name, func(t *testing.T) {
			store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "b.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			for n := range 10 {
				if _, _, err := store.Put(t.Context(), storetest.NewResult(n)); err != nil {
					t.Fatal(err)
				}
			}
			gone, err := prune(t.Context(), &contested{Store: store, all: c.all}, baseline.Retention{Keep: 1, Limit: 2})
			if err != nil || gone != c.want {
				t.Errorf("removed %d runs, %v, want %d", gone, err, c.want)
			}
			if left, err := store.List(t.Context(), baseline.Query{}); err != nil || len(left) != 1 {
				t.Errorf("%d runs are left, %v, want the newest", len(left), err)
			}
		})
	}
}

// endless is a store in which as many runs may go as are asked for, and none is ever found.
type endless struct {
	baseline.Store
	removals int
}

func (e *endless) Expired(_ context.Context, r baseline.Retention) ([]baseline.Info, error) {
	return make([]baseline.Info, max(1, r.Limit)), nil
}

func (e *endless) Remove(context.Context, ...string) error {
	e.removals++
	return baseline.ErrNotFound
}

func TestPruneGivesUp(t *testing.T) {
	store := &endless{}
	if gone, err := prune(t.Context(), store, baseline.Retention{Keep: 1}); !errors.Is(err, baseline.ErrNotFound) || gone != 0 {
		t.Errorf("removed %d runs, %v, want ErrNotFound", gone, err)
	}
	if want := mostLost + 1; store.removals != want {
		t.Errorf("tried %d times, want %d", store.removals, want)
	}
}

func TestDryRunSaysThatItStopped(t *testing.T) {
	var stdout bytes.Buffer
	if err := (&baselinePruneCmd{}).tell(t.Context(), &console.Console{Stdout: &stdout}, &endless{}, baseline.Retention{Keep: 1}); err != nil {
		t.Fatal(err)
	}
	if want := "100000 runs or more would be removed; nothing was.\n"; !strings.HasSuffix(stdout.String(), want) {
		t.Errorf("got %q, want %q at its end", stdout.String()[max(0, stdout.Len()-200):], want)
	}
}
