package exporter

import (
	"maps"
	"math"
	"slices"
	"time"
)

// view is a page beside the page before it. Its figures are NaN where the page does not tell them, so that what is
// computed from them is NaN too.
type view struct {
	series map[string][]Series                              // by name
	before map[string]point                                 // by series
	at     time.Time                                        // of the page
	since  time.Duration                                    // since the page before
	every  time.Duration                                    // how often pages are asked for
	fell   map[string]bool                                  // names that were asked for their rate and have a series that fell
	put    func(value float64, figure string, of ...string) // what holds at this instant
	count  func(r rate, figure string, of ...string)        // what was counted since the page before
}

// point is the value of a series in the page before.
type point struct {
	value float64
	at    time.Time
}

// match says which series of a name count.
type match func(*Series) bool

func is(label, value string) match { return func(s *Series) bool { return s.Label(label) == value } }

// has reports whether the page has series of a name.
func (v *view) has(name string) bool { return len(v.series[name]) > 0 }

// gauge returns the sum of the values of all series that match.
func (v *view) gauge(name string, matches ...match) float64 {
	sum := math.NaN()
	for s := range v.matching(name, matches) {
		sum = plus(sum, s.Value)
	}
	return sum
}

// rate returns how much the series that match have grown, together. A series that is new is left out. If one fell, such
// as after a restart, nobody knows how much was counted: the rate is unknown.
func (v *view) rate(name string, matches ...match) rate {
	sum := unknown
	for s := range v.matching(name, matches) {
		r, fell := v.rateOf(s)
		if fell {
			v.fell[name] = true
			return unknown
		}
		sum = sum.plus(r)
	}
	return sum
}

// rateOf returns how much one series has grown.
func (v *view) rateOf(s *Series) (r rate, fell bool) {
	before, ok := v.before[s.String()]
	if !ok {
		return unknown, false
	}
	since := v.since
	if !s.At.IsZero() && !before.at.IsZero() {
		since = s.At.Sub(before.at) // the page gives its own time: 0 if it has not counted anew
	}
	if s.Value < before.value {
		return unknown, true
	}
	if since <= 0 {
		return unknown, false
	}
	return rate{s.Value - before.value, since.Seconds(), v.every.Seconds()}, false
}

// values returns the values of a label in the series of a name, "" left out, at most maxParts.
func (v *view) values(name, label string) []string {
	found := map[string]bool{}
	for i := range v.series[name] {
		if value := v.series[name][i].Label(label); value != "" {
			found[value] = true
		}
	}
	values := slices.Sorted(maps.Keys(found))
	return values[:min(len(values), maxParts)]
}

// maxParts bounds the devices, pools, groups or containers of a page.
const maxParts = 50

// matching yields the series of a name that match.
func (v *view) matching(name string, matches []match) func(yield func(*Series) bool) {
	return func(yield func(*Series) bool) {
		for i := range v.series[name] {
			s := &v.series[name][i]
			if all(s, matches) && !yield(s) {
				return
			}
		}
	}
}

func all(s *Series, matches []match) bool {
	for _, m := range matches {
		if !m(s) {
			return false
		}
	}
	return true
}

// plus adds what is known: NaN only if both are.
func plus(a, b float64) float64 {
	switch {
	case math.IsNaN(a):
		return b
	case math.IsNaN(b):
		return a
	}
	return a + b
}

// or returns a, or b if a is not known.
func or(a, b float64) float64 {
	if math.IsNaN(a) {
		return b
	}
	return a
}

// positive returns v, or NaN if v is no limit: 0 and less stand for none.
func positive(v float64) float64 {
	if v > 0 {
		return v
	}
	return math.NaN()
}
