package serve_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/serve"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
)

// counting is a store that counts how often it is asked, and waits until it may answer.
type counting struct {
	baseline.Store
	asked *atomic.Int64
	may   chan struct{}
}

func (c counting) List(ctx context.Context, q baseline.Query) ([]baseline.Info, error) {
	c.asked.Add(1)
	<-c.may
	return c.Store.List(ctx, q)
}

// Many who ask for the same at once cost one question, and so do those who ask again soon.
func TestFresh(t *testing.T) {
	store, _ := filled(t)
	asked := counting{store, new(atomic.Int64), make(chan struct{})}
	var now atomic.Int64
	c := config(asked)
	c.Now = func() time.Time { return time.Unix(now.Load(), 0) }
	h := serve.New(c)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if status, _, _ := get(t, h, "/api/series"); status != http.StatusOK {
				t.Errorf("status %d", status)
			}
		})
	}
	close(asked.may)
	all.Wait()
	for second, want := range []int64{1, 1, 1, 1, 1, 2} {
		now.Store(int64(second))
		ok(t, h, "/api/series")
		if got := asked.asked.Load(); got != want {
			t.Errorf("after %d s the store was asked %d times, want %d", second, got, want)
		}
	}
}

// An answer goes with the reading that it was made from.
func TestFreshOfReading(t *testing.T) {
	store, _ := filled(t)
	var now atomic.Int64
	c := config(store)
	c.Now = func() time.Time { return time.Unix(now.Load(), 0) }
	h := serve.New(c)
	series := "/history/" + site.Slug("shop", "example/shop", "main") + "/"
	ok(t, h, series+"index.html")
	ok(t, h, "/")
	now.Store(4)
	for path, want := range map[string]string{series: ": 8 runs from", "/index.html": "12 runs"} {
		if body := ok(t, h, path); !strings.Contains(body, want) {
			t.Errorf("%s has not %q:\n%s", path, want, body)
		}
	}
	if _, _, err := store.Put(t.Context(), storetest.NewResult(100)); err != nil {
		t.Fatal(err)
	}
	now.Store(6)
	for path, want := range map[string]string{series: ": 9 runs from", "/index.html": "13 runs"} {
		if body := ok(t, h, path); !strings.Contains(body, want) {
			t.Errorf("%s has not %q 6 s after the first reading", path, want)
		}
	}
}

// A client that goes away does not spoil the answer for others who wait for it.
func TestGoneAsker(t *testing.T) {
	store, _ := filled(t)
	asked := counting{store, new(atomic.Int64), make(chan struct{})}
	h := serve.New(config(asked))
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan int)
	go func() {
		status, _, _ := get(t, h, "/api/series", func(r *http.Request) { *r = *r.WithContext(ctx) })
		first <- status
	}()
	for asked.asked.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	close(asked.may)
	<-first
	ok(t, h, "/api/series")
	if n := asked.asked.Load(); n != 1 {
		t.Errorf("the store was asked %d times", n)
	}
}
