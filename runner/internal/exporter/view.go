package exporter

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// view is a page beside the page before it. Its figures are NaN where the page does not tell them, so that what is
// computed from them is NaN too.
type view struct {
	series  map[string][]Series                              // by name
	before  map[string]point                                 // by series
	at      time.Time                                        // of the page
	since   time.Duration                                    // since the page before
	every   time.Duration                                    // how often pages are asked for
	doubles map[string]bool                                  // series that stand on the page more than once
	odd     odd                                              // what of the page was asked for and cannot be used
	fell    map[string]bool                                  // names that were asked for their rate and have a series that fell
	put     func(value float64, figure string, of ...string) // what holds at this instant
	count   func(r rate, figure string, of ...string)        // what was counted since the page before
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

// gauge returns the sum of the values of all series that match. If one of them cannot be used, neither can the sum.
func (v *view) gauge(name string, matches ...match) float64 { return v.sum(name, true, matches) }

// limit is like gauge. 0 and less stand for no limit.
func (v *view) limit(name string, matches ...match) float64 {
	return positive(v.sum(name, false, matches))
}

func (v *view) sum(name string, counts bool, matches []match) float64 {
	sum := math.NaN()
	for s := range v.matching(name, matches) {
		if !v.usable(s, counts) {
			return math.NaN()
		}
		sum = plus(sum, s.Value)
	}
	return sum
}

// usable says whether a series has a value that can be used. If it has none, that is noted. What counts is never negative.
func (v *view) usable(s *Series, counts bool) bool {
	var f fault
	switch {
	case len(v.doubles) > 0 && v.doubles[s.String()]:
		v.odd.note(twice, s.String(), "")
		return false
	case math.IsNaN(s.Value) || math.IsInf(s.Value, 0):
		f = notFinite
	case math.Abs(s.Value) > maxValue:
		f = tooLarge
	case counts && s.Value < 0:
		f = negative
	default:
		return true
	}
	v.odd.note(f, s.String(), isValue(s.Value))
	return false
}

const maxValue = 1e300 // what a Result keeps

// rate returns how much the series that match have grown, together. A series that is new is left out. If one fell, such
// as after a restart, nobody knows how much was counted: the rate is unknown. So it is if one cannot be used.
func (v *view) rate(name string, matches ...match) rate {
	sum := unknown
	for s := range v.matching(name, matches) {
		if !v.usable(s, true) {
			return unknown
		}
		r, fell := v.rateOf(s)
		if fell {
			v.fell[name] = true
			return unknown
		}
		sum = sum.plus(r)
	}
	return sum
}

// rateOf returns how much one series has grown, whose value can be used.
func (v *view) rateOf(s *Series) (r rate, fell bool) {
	before, ok := v.before[s.String()]
	if !ok || math.IsNaN(before.value) || before.value < 0 && s.Value >= 0 { // below 0 it was no counter
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
	values := slices.SortedFunc(maps.Keys(v.distinct(name, label)), naturally)
	if len(values) > maxParts {
		v.odd.note(tooMany, label+" of "+name, fmt.Sprintf(" has %d", len(values)))
	}
	return values[:min(len(values), maxParts)]
}

// distinct returns all values of a label in the series of a name, "" left out.
func (v *view) distinct(name, label string) map[string]bool {
	found := map[string]bool{}
	for i := range v.series[name] {
		if value := v.series[name][i].Label(label); value != "" {
			found[value] = true
		}
	}
	return found
}

// maxParts bounds the cards, pools, groups or containers of a page.
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
