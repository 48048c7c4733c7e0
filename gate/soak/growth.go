package soak

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// levels are the figures that must not grow without end, besides memory. Nothing collects them.
var levels = []string{result.OpenFiles, result.Threads, result.Goroutines}

// growing judges the levels of each subject but the machine, this program and GPUs.
func growing(limit float64, r *result.Result, least time.Duration) (courses []gate.Course) {
	if r.Watch == nil || len(r.Rounds) == 0 {
		return nil
	}
	w := judged(r)
	for _, subject := range w.subjects() {
		add := func(name string, column []float64, envelope func([]float64, float64) stats.Envelope) {
			if column != nil {
				courses = append(courses, grown(name, envelope(column, limit), extent{limit, r.Length(), least}))
			}
		}
		heap, rss := result.Reading(subject, result.LiveHeapBytes), result.Reading(subject, result.RSSBytes)
		add(heap, w.columns[heap], stats.LowerEdge)
		if w.columns[heap] == nil && (subject != result.OfSystem || !w.tellsHeap()) {
			add(rss, w.columns[rss], stats.LowerEnvelope)
		}
		for _, figure := range levels {
			name := result.Reading(subject, figure)
			add(name, w.columns[name], stats.LowerEdge)
		}
		add(result.Reading(subject, result.Connections), w.connections(subject), stats.LowerEdge)
	}
	return courses
}

// extent is what the growth of a level is held to.
type extent struct {
	limit       float64
	over, least time.Duration
}

// grown is the course of one level.
func grown(name string, e stats.Envelope, of extent) gate.Course {
	c := gate.Course{Kind: gate.Growth, Name: name, Status: gate.Within, Limit: of.limit, Over: of.over}
	if !e.Judged {
		c.Status, c.Why = gate.NotJudged, gate.FewReadings
		if e.Falls > 0 {
			c.Why, c.Has = gate.FewCollections, e.Falls
		}
		return c
	}
	c.Has, c.Before, c.Now, c.Change = e.Falls, max(e.From, 0), max(e.To, 0), e.Growth
	switch {
	case e.Going && of.over < of.least:
		c.Status, c.Why, c.Needs = gate.Suspect, gate.ShortSoak, of.least
	case e.Going:
		c.Status = gate.Worse
	case e.Slowing:
		c.Status, c.Why = gate.Suspect, gate.Slowing
	case e.Uneven:
		c.Status, c.Why = gate.Suspect, gate.Uneven
	}
	return c
}

// readings are the columns of a timeline within judged time.
type readings struct{ columns map[string][]float64 }

// judged cuts the warm-up and the end off the timeline of a run. Columns without a value are left out.
func judged(r *result.Result) readings {
	w := readings{map[string][]float64{}}
	last := r.Rounds[len(r.Rounds)-1]
	from, to := place(r.Watch, r.Rounds[0].Start), place(r.Watch, last.Start+last.Length)
	for name, column := range r.Watch.Timeline {
		within := column[min(from, len(column)):min(to, len(column))]
		if slices.ContainsFunc(within, func(v float64) bool { return !math.IsNaN(v) }) {
			w.columns[name] = within
		}
	}
	return w
}

// place is the first point of the timeline that begins at an instant or after it.
func place(w *result.Watch, at time.Duration) int {
	if w.Step <= 0 || at <= w.Start {
		return 0
	}
	return int((at - w.Start + w.Step - 1) / w.Step)
}

// subjects are those of all columns, without the machine, this program and GPUs.
func (w readings) subjects() []string {
	found := map[string]bool{}
	for name := range w.columns {
		for _, figure := range append([]string{result.RSSBytes, result.LiveHeapBytes}, levels...) {
			if subject, ok := strings.CutSuffix(name, "."+figure); ok {
				found[subject] = true
			}
		}
	}
	delete(found, result.OfMachine)
	delete(found, result.OfGenerator)
	return slices.Sorted(maps.Keys(found))
}

// tellsHeap reports whether some subject tells its live heap: a page of the system's own, which says more than resident
// memory.
func (w readings) tellsHeap() bool {
	for name := range w.columns {
		if strings.HasSuffix(name, "."+result.LiveHeapBytes) {
			return true
		}
	}
	return false
}

// connections adds up the connections of a subject to all addresses; nil if they were not read.
func (w readings) connections(subject string) (sum []float64) {
	prefix := result.Reading(subject, result.Connections) + "."
	for name, column := range w.columns {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if sum == nil {
			sum = slices.Repeat([]float64{math.NaN()}, len(column))
		}
		for i, v := range column {
			switch {
			case math.IsNaN(v):
			case math.IsNaN(sum[i]):
				sum[i] = v
			default:
				sum[i] += v
			}
		}
	}
	return sum
}
