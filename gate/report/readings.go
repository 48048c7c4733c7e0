package report

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// reading is the mean and the peak of a reading; NaN for what was not read.
func (u Usage) reading(subject, figure string) (mean, peak float64) {
	name := result.Reading(subject, figure)
	return orNaN(u.Watch.Mean, name), orNaN(u.Watch.Peak, name)
}

func (u Usage) mean(subject, figure string) float64 {
	mean, _ := u.reading(subject, figure)
	return mean
}

// absent says why a source was not read.
func (u Usage) absent(source string) (why string, ok bool) {
	for _, a := range u.Watch.Absent {
		if a.Source == source {
			return plain(a.Why, maxSentence), true
		}
	}
	return "", false
}

func orNaN(readings map[string]float64, name string) float64 {
	if v, ok := readings[name]; ok {
		return v
	}
	return math.NaN()
}

// or is a figure in words, or - if it was not read. A figure that cannot be counts as not read.
func or(v float64, words func(float64) string) string {
	if noneRead(v) {
		return unread
	}
	return words(v)
}

// noneRead reports whether none of some figures was read.
func noneRead(values ...float64) bool {
	return !slices.ContainsFunc(values, possible)
}

// subjects are those for which one of some figures was read, in natural order.
func (u Usage) subjects(want func(subject string) bool, figures ...string) []string {
	found := map[string]bool{}
	for name := range u.Watch.Mean {
		for _, figure := range figures {
			if subject, ok := strings.CutSuffix(name, "."+figure); ok && want(subject) {
				found[subject] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(found), natural)
}
