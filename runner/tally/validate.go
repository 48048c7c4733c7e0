package tally

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
)

// Bounds on what Validate accepts. At a million requests a second, a load reaches MaxRequests after
// eleven days; at a hundred gigabits a second, MaxBytes after one. Nine thousand tallies at these
// bounds add up to less than hist.MaxCount, and to less than an int64 holds.
const (
	MaxRequests = 1_000_000_000_000     // of all routes together; also bounds Resent and Carried
	MaxBytes    = 1_000_000_000_000_000 // received, of all routes together
	MaxLatency  = 366 * 24 * time.Hour  // of one request
	MaxRoutes   = 200_000
	maxName     = 4_000 // bytes of a route's name
)

// Validate checks a tally from elsewhere. It accepts everything that this package counts within the
// bounds above, and refuses counts that no program can have made.
func (t *Tally) Validate() error { return ValidateAll(t) }

// ValidateCounts is Validate for a tally of a program that keeps no histograms: all of them must be empty.
func (t *Tally) ValidateCounts() error { return t.validate(&bounded{countsOnly: true}) }

// ValidateAll is Validate for tallies whose sum must lie within the bounds too.
func ValidateAll(all ...*Tally) error {
	var sum bounded
	for _, t := range all {
		if err := t.validate(&sum); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tally) validate(sum *bounded) error {
	if len(t.Routes) > MaxRoutes {
		return fmt.Errorf("it has %d routes, at most %d are possible", len(t.Routes), MaxRoutes)
	}
	for name, route := range t.Routes {
		if err := ValidName(name); err != nil {
			return err
		}
		if err := route.validate(sum); err != nil {
			return fmt.Errorf("route %.80q: %w", name, err)
		}
	}
	return nil
}

// ValidName returns what is wrong with the name of a route; nil if it is valid.
func ValidName(name string) error {
	switch {
	case name == "" || name == All:
		return fmt.Errorf("a route is named %q", name)
	case len(name) > maxName || !utf8.ValidString(name):
		return fmt.Errorf("the name of a route is longer than %d bytes, or not UTF-8: %.40q", maxName, name)
	case strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("the name of a route holds a control character: %.40q", name)
	}
	return nil
}

// bounded are sums over routes that stay within the bounds.
type bounded struct {
	requests, bytes, resent, carried int64
	countsOnly                       bool // the routes keep no histograms
}

// add adds n, from 0 to most, to a sum that stays within the same bounds: neither overflows.
func add(sum *int64, n, most int64) bool {
	if n < 0 || n > most || *sum+n > most {
		return false
	}
	*sum += n
	return true
}

func (r *Route) validate(sum *bounded) error {
	if r == nil || r.Outcomes == nil {
		return errors.New("it has no outcomes")
	}
	requests, timed := int64(0), r.Unfinished
	for class, n := range r.Outcomes {
		if !class.known() || !add(&requests, n, MaxRequests) {
			return fmt.Errorf("impossible count: %d requests of class %v", n, class)
		}
		if class.Timed() {
			timed += n
		}
	}
	failures := requests - r.Outcomes[OK]
	switch {
	case !add(&requests, r.Unfinished, MaxRequests):
		return fmt.Errorf("impossible count: %d requests are unfinished", r.Unfinished)
	case r.Carried < -Whole*r.Outcomes[OK] || !add(&sum.carried, max(r.Carried, 0), Whole*MaxRequests):
		return fmt.Errorf("impossible count: %d thousandths of requests are carried over", r.Carried)
	case !add(&sum.requests, requests, MaxRequests):
		return fmt.Errorf("impossible count: more than %d requests in all", int64(MaxRequests))
	case !add(&sum.bytes, r.BytesReceived, MaxBytes):
		return fmt.Errorf("impossible count: %d bytes, of at most %d in all", r.BytesReceived, int64(MaxBytes))
	case !add(&sum.resent, r.Resent, MaxRequests):
		return fmt.Errorf("impossible count: %d requests were sent again, of at most %d in all", r.Resent, int64(MaxRequests))
	}
	if sum.countsOnly {
		timed = 0
	}
	for _, h := range []*hist.Histogram{&r.Response, &r.Service} {
		if h.Count() != timed || h.Max() > MaxLatency {
			return fmt.Errorf("impossible latencies: %d of %d requests, the longest %v", h.Count(), timed, h.Max())
		}
	}
	return r.validateErrors(failures)
}

func (r *Route) validateErrors(failures int64) error {
	if err := r.Errors.validate(); err != nil {
		return err
	}
	var n int64
	for text, seen := range r.Errors {
		if !add(&n, seen.Count, failures) {
			return fmt.Errorf("impossible count: error %.40q %d times among %d failures", text, seen.Count, failures)
		}
	}
	return nil
}
