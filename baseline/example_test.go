package baseline_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// withStore gives f a store of three runs, made a minute apart.
func withStore(f func(context.Context, baseline.Store, []baseline.Info) error) {
	ctx := context.Background()
	err := func() error {
		dir, err := os.MkdirTemp("", "baseline")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		store, err := sqlite.Open(ctx, filepath.Join(dir, "b.db"))
		if err != nil {
			return err
		}
		defer store.Close()
		var infos []baseline.Info
		for n := range 3 {
			info, _, err := store.Put(ctx, storetest.NewResult(n))
			if err != nil {
				return err
			}
			infos = append(infos, info)
		}
		return f(ctx, store, infos)
	}()
	if err != nil {
		fmt.Println(err)
	}
}

// A change is compared with the newest runs that fit it.
func ExampleChoose() {
	withStore(func(ctx context.Context, store baseline.Store, _ []baseline.Info) error {
		fresh := storetest.NewResult(9)
		past, err := baseline.Choose(ctx, store, []*result.Result{fresh}, baseline.Past{Branch: "main", Limit: 2})
		for _, run := range past {
			fmt.Println(run.Started.Format(time.TimeOnly), run.Figures["GET /items"].P50.Round(time.Millisecond))
		}
		return err
	})
	// Output:
	// 12:02:00 102ms
	// 12:01:00 101ms
}

// The same run put twice is one run.
func ExampleStore_put() {
	withStore(func(ctx context.Context, store baseline.Store, infos []baseline.Info) error {
		info, created, err := store.Put(ctx, storetest.NewResult(0))
		fmt.Println(created, info.ID == infos[0].ID)
		return err
	})
	// Output: false true
}

// Somebody accepts a change for the worse: its run is the first of a new level.
func ExampleStore_accept() {
	withStore(func(ctx context.Context, store baseline.Store, infos []baseline.Info) error {
		mark := baseline.Mark{By: "ana", Why: "the new tax rules cost 4 ms", At: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)}
		if err := store.Accept(ctx, infos[1].ID, mark); err != nil {
			return err
		}
		counting, err := store.List(ctx, baseline.Query{Series: "shop", SinceAccepted: true})
		fmt.Println(len(counting), "of", len(infos), "runs count")
		return err
	})
	// Output: 2 of 3 runs count
}

func ExamplePrune() {
	withStore(func(ctx context.Context, store baseline.Store, _ []baseline.Info) error {
		removed, err := baseline.Prune(ctx, store, baseline.Retention{Keep: 1})
		fmt.Println("removed", removed)
		return err
	})
	// Output: removed 2
}

func ExampleMark_Check() {
	fmt.Println(baseline.Mark{By: "ana", At: time.Now()}.Check())
	// Output: a mark needs the reason
}
