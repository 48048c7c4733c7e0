package shop

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Slow makes a route do more work for each request: CPU work, unless Sleep is set. On a stream, each message is
// a request.
//
// With Share, the route repeats its own work this many times on average, which slows it down in the
// same proportion on a busy machine. With Time, it keeps a core busy, or sleeps, for that long.
type Slow struct {
	Route string
	Share float64 // 0.3 for 30 % more
	Time  time.Duration
	Sleep bool
}

// Fail makes a share of a route's requests fail with status 500, evenly spread.
type Fail struct {
	Route string
	Share float64
}

// Stall freezes the whole service for For at the start of each period Every, counted from the first
// request. No request is lost.
type Stall struct {
	For, Every time.Duration
}

// trouble is what goes wrong on purpose.
type trouble struct {
	slow  map[string]*slowed
	fail  map[string]*failing
	stall stall
}

type slowed struct {
	Slow
	spread spread
}

type failing struct {
	Fail
	spread spread
}

// errChosen is what happens to a request that fails on purpose.
var errChosen = &refusal{http.StatusInternalServerError, "this request was chosen to fail"}

// set checks that the routes exist.
func (t *trouble) set(o Options, routes []string) error {
	t.slow, t.fail = map[string]*slowed{}, map[string]*failing{}
	t.stall.Stall = o.Stall
	for _, s := range o.Slow {
		t.slow[s.Route] = &slowed{Slow: s}
	}
	for _, f := range o.Fail {
		t.fail[f.Route] = &failing{Fail: f}
	}
	for _, route := range slices.Concat(slices.Collect(maps.Keys(t.slow)), slices.Collect(maps.Keys(t.fail))) {
		if !slices.Contains(routes, route) {
			return fmt.Errorf("there is no route %q; there are: %s", route, strings.Join(slices.Sorted(slices.Values(routes)), ", "))
		}
	}
	return nil
}

// begin is called when an operation begins. It waits while the shop is frozen, and does what makes the operation
// slower. It returns how often the operation must repeat its own work, or errChosen.
func (t *trouble) begin(route string) (again int, err error) {
	time.Sleep(t.stall.rest(time.Now()))
	if fail, fails := t.fail[route]; fails && fail.spread.take(fail.Share) > 0 {
		return 0, errChosen
	}
	slow, isSlow := t.slow[route]
	switch {
	case !isSlow:
	case slow.Sleep:
		time.Sleep(slow.Time)
	default:
		spin(slow.Time)
		again = slow.spread.take(slow.Share)
	}
	return again, nil
}

// wrap adds the trouble of a route to its handler.
func (t *trouble) wrap(route string, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		again, err := t.begin(route)
		if err != nil {
			refuse(w, err)
			return
		}
		if again == 0 {
			handler(w, r)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			refuse(w, invalid("the body cannot be read: %v", err))
			return
		}
		for range again {
			handler(httptest.NewRecorder(), inShadow(r, body))
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		handler(w, r)
	}
}

// spin keeps one core busy for a time.
func spin(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
	}
}

// shadow is the caller for whom an operation repeats its work, so that nobody else's cart changes.
const shadow = "shadow"

// inShadow is the same request from the caller shadow.
func inShadow(r *http.Request, body []byte) *http.Request {
	copied := r.Clone(r.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	copied.Header.Set("X-Token", shadow)
	return copied
}

// spread distributes a share evenly: n calls of take(share) sum up to n×share, rounded down. The zero
// value is ready. Safe for concurrent use.
type spread struct{ calls atomic.Int64 }

func (s *spread) take(share float64) int {
	n := float64(s.calls.Add(1))
	return int(math.Floor(n*share+1e-9) - math.Floor((n-1)*share+1e-9))
}

// stall blocks its callers while it is active. Safe for concurrent use.
type stall struct {
	Stall
	once  sync.Once
	first time.Time // set by once
}

// rest returns how long a caller must wait at a time.
func (s *stall) rest(now time.Time) time.Duration {
	if s.Every <= 0 {
		return 0
	}
	s.once.Do(func() { s.first = now })
	return max(0, s.For-now.Sub(s.first)%s.Every)
}
