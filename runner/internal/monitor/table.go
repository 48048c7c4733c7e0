package monitor

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// table puts together what several sources told.
type table struct {
	so    result.Watch
	step  time.Duration
	all   map[string]part // of a subject that was read in several pieces, such as a system with several starts
	parts []slots
}

// slots are the points of one source.
type slots struct {
	step   time.Duration
	points []point
}

func newTable(every time.Duration) *table {
	return &table{step: every, all: map[string]part{}, so: result.Watch{
		Every: every, Mean: map[string]float64{}, Peak: map[string]float64{}, Facts: map[string]string{},
	}}
}

// The bounds of a result.Watch.
const (
	maxText    = 500
	maxColumns = 270 // of 1,800 points each, below 500,000 cells
	maxFigures = 900
	maxNames   = 500
)

// tell adds one source's sums to a table.
func (s *sums) tell(t *table) {
	for name, p := range s.all {
		sum := t.all[name]
		sum.join(*p)
		t.all[name] = sum
	}
	points, peak := s.closedCopy()
	for name, value := range peak {
		if mean := s.all[name]; mean != nil {
			value = max(value, mean.value()) // the peaks of amounts are cautious
		}
		if before, known := t.so.Peak[name]; !known || value > before {
			t.so.Peak[name] = value
		}
	}
	maps.Copy(t.so.Facts, s.facts)
	for _, a := range s.absent {
		t.absent(a)
	}
	t.step = max(t.step, s.every)
	t.parts = append(t.parts, slots{s.every, points})
}

// closedCopy is closed while the slot goes on being filled.
func (s *sums) closedCopy() ([]point, map[string]float64) {
	c := *s
	c.points, c.peak = slices.Clone(s.points), maps.Clone(s.peak)
	return c.closed()
}

// absent adds what was not read, once.
func (t *table) absent(a result.Absent) {
	a.Source, a.Why = plain(a.Source), plain(a.Why)
	if !slices.Contains(t.so.Absent, a) && len(t.so.Absent) < maxFigures {
		t.so.Absent = append(t.so.Absent, a)
	}
}

// plain is a text that a result may hold.
func plain(text string) string {
	text = strings.ToValidUTF8(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, text), "\ufffd")
	for len(text) > maxText {
		text = strings.ToValidUTF8(text[:len(text)-1], "")
	}
	return text
}

// watch completes the Watch.
func (t *table) watch() *result.Watch {
	w := &t.so
	for name, sum := range t.all {
		w.Mean[name] = sum.value()
	}
	if more := len(w.Mean) - maxFigures; more > 0 {
		t.absent(result.Absent{Source: "figures", Why: fmt.Sprintf("only %d are kept, %d are left out", maxFigures, more)})
	}
	w.Mean, w.Peak = bounded(w.Mean, maxFigures), bounded(w.Peak, maxFigures)
	for name, text := range w.Facts {
		w.Facts[name] = plain(text)
	}
	t.columns()
	slices.SortFunc(w.Absent, func(a, b result.Absent) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Why, b.Why))
	})
	return w
}

// bounded leaves out what a result may not hold.
func bounded(figures map[string]float64, most int) map[string]float64 {
	kept := map[string]float64{}
	for _, name := range inOrder(maps.Keys(figures)) {
		if v := figures[name]; len(kept) < most && !math.IsNaN(v) && math.Abs(v) <= 1e300 {
			kept[name] = v
		}
	}
	return kept
}

// inOrder sorts the names that a result may hold. Those of the system, its machine and this program come first, and others by
// name: a bound leaves out what comes last.
func inOrder(names iter.Seq[string]) []string {
	rank := func(name string) int {
		subject, _, _ := strings.Cut(name, ".")
		if at := slices.Index([]string{result.OfSystem, result.OfMachine, result.OfGenerator}, subject); at >= 0 {
			return at
		}
		return math.MaxInt
	}
	all := slices.SortedFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
	return slices.DeleteFunc(all, func(name string) bool { return len(name) > maxNames })
}

// columns makes the timeline of the points. Neighbours are joined until there are few enough.
func (t *table) columns() {
	first, last := math.MaxInt, -1
	for i := range t.parts {
		t.parts[i].points = joined(t.parts[i].points, int(t.step/t.parts[i].step))
		for _, p := range t.parts[i].points {
			first, last = min(first, p.slot), max(last, p.slot)
		}
	}
	if last < 0 {
		return
	}
	for last-first+1 > mostPoints {
		for i := range t.parts {
			t.parts[i].points = joined(t.parts[i].points, 2)
		}
		first, last, t.step = first/2, last/2, 2*t.step
	}
	w := &t.so
	w.Start, w.Step, w.Timeline = time.Duration(first)*t.step, t.step, map[string]result.Column{}
	for _, name := range t.drawn() {
		w.Timeline[name] = slices.Repeat(result.Column{math.NaN()}, last-first+1)
	}
	for _, part := range t.parts {
		for _, p := range part.points {
			for name, value := range p.figures {
				if column := w.Timeline[name]; column != nil && math.Abs(value) <= 1e300 {
					column[p.slot-first] = value
				}
			}
		}
	}
}

// drawn are the names of the columns. If there are too many, it notes how many are left out.
func (t *table) drawn() []string {
	names := map[string]bool{}
	for _, part := range t.parts {
		for _, p := range part.points {
			for name := range p.figures {
				names[name] = true
			}
		}
	}
	all := inOrder(maps.Keys(names))
	if more := len(all) - maxColumns; more > 0 {
		t.absent(result.Absent{Source: "timeline", Why: fmt.Sprintf("only %d figures have one, %d are left out", maxColumns, more)})
		all = all[:maxColumns]
	}
	return all
}
