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

// Slow makes a route do more work for each request: CPU work, unless Sleep is set.
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
	slow  map[string]Slow
	fail  map[string]Fail
	stall stall
}

// set checks that the routes exist.
func (t *trouble) set(o Options, routes map[string]http.HandlerFunc) error {
	t.slow, t.fail = map[string]Slow{}, map[string]Fail{}
	t.stall.Stall = o.Stall
	for _, s := range o.Slow {
		t.slow[s.Route] = s
	}
	for _, f := range o.Fail {
		t.fail[f.Route] = f
	}
	for _, route := range slices.Concat(slices.Collect(maps.Keys(t.slow)), slices.Collect(maps.Keys(t.fail))) {
		if _, known := routes[route]; !known {
			return fmt.Errorf("there is no route %q; there are: %s", route, strings.Join(slices.Sorted(maps.Keys(routes)), ", "))
		}
	}
	return nil
}

// wrap adds the trouble of a route to its handler.
func (t *trouble) wrap(route string, handler http.HandlerFunc) http.HandlerFunc {
	slow, isSlow := t.slow[route]
	if isSlow {
		handler = slow.wrap(handler)
	}
	if fail, fails := t.fail[route]; fails {
		handler = fail.wrap(handler)
	}
	return handler
}

func (s Slow) wrap(handler http.HandlerFunc) http.HandlerFunc {
	var again spread
	return func(w http.ResponseWriter, r *http.Request) {
		if s.Sleep {
			time.Sleep(s.Time)
		} else {
			spin(s.Time)
		}
		if s.Share == 0 {
			handler(w, r)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			refuse(w, http.StatusBadRequest, "the body cannot be read: "+err.Error())
			return
		}
		for range again.take(s.Share) {
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

// inShadow is the same request from a caller of its own, so that repeating it changes nothing for
// anybody else.
func inShadow(r *http.Request, body []byte) *http.Request {
	shadow := r.Clone(r.Context())
	shadow.Body = io.NopCloser(bytes.NewReader(body))
	shadow.Header.Set("X-Token", "shadow")
	return shadow
}

func (f Fail) wrap(handler http.HandlerFunc) http.HandlerFunc {
	var failing spread
	return func(w http.ResponseWriter, r *http.Request) {
		if failing.take(f.Share) > 0 {
			refuse(w, http.StatusInternalServerError, "this request was chosen to fail")
			return
		}
		handler(w, r)
	}
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
