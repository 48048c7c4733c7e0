package exporter

import (
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// memory is what one page must know of the pages before it.
type memory struct {
	as       string
	keep     []string
	every    time.Duration // from one page to the next
	at       time.Time
	before   map[string]point
	falls    map[string]int // by name: pages in which it fell
	started  float64        // when the process started, in seconds since 1970
	restarts float64
}

// reading is what one page tells.
type reading struct {
	figures map[string]float64 // what holds at its instant
	counted map[string]rate    // since the page before
	absent  []result.Absent
	odd     odd
}

// wanted says which names of a page are read.
func (m *memory) wanted(name string) bool {
	for _, beginning := range known {
		if strings.HasPrefix(name, beginning) && !strings.HasSuffix(name, "_bucket") {
			return true
		}
	}
	return m.keeps(name)
}

// keeps says whether the profile asks for a name.
func (m *memory) keeps(name string) bool {
	if strings.HasSuffix(name, "_bucket") || strings.HasSuffix(name, "_created") {
		return false // the parts of a histogram say nothing one by one
	}
	return slices.ContainsFunc(m.keep, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return ok && err == nil
	})
}

// read turns a page into figures, and remembers what the next page needs.
func (m *memory) read(page *Page, at time.Time) reading {
	values, doubles := points(page)
	for name := range doubles {
		delete(values, name)
	}
	r := reading{figures: map[string]float64{}, counted: map[string]rate{}}
	v := &view{series: map[string][]Series{}, before: m.before, at: at, since: at.Sub(m.at), every: m.every, fell: map[string]bool{}, doubles: doubles, odd: odd{}}
	for _, s := range page.Series {
		v.series[s.Name] = append(v.series[s.Name], s)
	}
	r.odd = v.odd
	v.put = func(value float64, figure string, of ...string) {
		r.put(value, result.Reading(m.as, figure, of...), true)
	}
	v.count = func(value rate, figure string, of ...string) { r.count(value, result.Reading(m.as, figure, of...)) }
	m.restart(v)
	v.figures()
	v.cards(func(value float64, card, figure string) {
		r.put(value, result.Reading(m.as+".gpu."+card, figure), true)
	})
	m.keepOthers(v, page, &r)
	m.leftOut(page, &r)
	m.fallen(v, &r)
	v.odd.tell(m.as, &r)
	m.at, m.before = at, values
	return r
}

// leftOut tells which lines of a page were not read.
func (m *memory) leftOut(page *Page, r *reading) {
	if page.Bad > 0 {
		r.tell(m.as+" lines", fmt.Sprintf("%d bad lines of its page are left out, the first: %s", page.Bad, page.Why))
	}
	if page.More > 0 {
		r.tell(m.as+" series", fmt.Sprintf("only the first %d series of its page are read, %d are left out", maxSeries, page.More))
	}
}

// put keeps a figure unless it is not known. What counts is never negative.
func (r *reading) put(value float64, name string, counts bool) {
	switch {
	case math.IsNaN(value) || !r.fits(name):
	case math.Abs(value) > maxValue:
		r.odd.note(tooLarge, name, isValue(value))
	case counts && value < 0:
		r.odd.note(negative, name, isValue(value))
	default:
		r.figures[name] = value
	}
}

// count keeps a rate unless it is not known.
func (r *reading) count(value rate, name string) {
	switch {
	case !value.known() || !r.fits(name):
	case value.value() > maxValue:
		r.odd.note(tooLarge, name, isValue(value.value()))
	default:
		r.counted[name] = value
	}
}

// fits says whether a Result may hold a name.
func (r *reading) fits(name string) bool {
	if len(name) > maxName || strings.ContainsFunc(name, isControl) {
		r.odd.note(unnamable, strconv.Quote(name), "")
		return false
	}
	return true
}

// tell adds a sentence, cut to what a Result keeps.
func (r *reading) tell(source, why string) {
	r.absent = append(r.absent, result.Absent{Source: clean(source), Why: clean(why)})
}

func clean(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.Map(func(c rune) rune {
		if isControl(c) {
			return ' '
		}
		return c
	}, text)
	if len(text) > maxName {
		text = strings.ToValidUTF8(text[:maxName], "")
	}
	return text
}

func isControl(c rune) bool { return c < ' ' || 0x7f <= c && c < 0xa0 }

const (
	maxName = 400 // bytes of a name or a sentence
	maxKept = 200 // series that patterns of keep match
)

// keepOthers keeps what the profile asks for, under the names of the page. A counter is kept as its rate.
func (m *memory) keepOthers(v *view, page *Page, r *reading) {
	kept, left := 0, 0
	found := make([]bool, len(m.keep))
	for i := range page.Series {
		s := &page.Series[i]
		if !m.keeps(s.Name) {
			continue
		}
		for i, pattern := range m.keep {
			ok, err := path.Match(pattern, s.Name)
			found[i] = found[i] || ok && err == nil
		}
		if kept++; kept > maxKept {
			left++
			continue
		}
		m.keepOne(v, page, s, r)
	}
	var nothing []string
	for i, ok := range found {
		if !ok {
			nothing = append(nothing, strconv.Quote(m.keep[i]))
		}
	}
	if len(nothing) > 0 {
		r.tell(m.as+" keep", "its page has nothing that fits "+strings.Join(nothing, ", "))
	}
	if left > 0 {
		r.tell(m.as+" kept", fmt.Sprintf("keep: %d series more than %d are left out", left, maxKept))
	}
}

func (m *memory) keepOne(v *view, page *Page, s *Series, r *reading) {
	if !v.usable(s, false) {
		return
	}
	if !counts(page, s.Name) {
		r.put(s.Value, m.as+"."+s.String(), false)
		return
	}
	rate, fell := v.rateOf(s)
	if fell {
		v.fell[s.Name] = true
	}
	perSec := *s
	perSec.Name += "_per_sec"
	r.count(rate, m.as+"."+perSec.String())
}

// counts says whether a series is a counter: its page says so, or, where the page says nothing, its name does.
func counts(page *Page, name string) bool {
	family, part := name, ""
	for _, suffix := range []string{"_total", "_sum", "_count"} {
		if cut, ok := strings.CutSuffix(name, suffix); ok {
			family, part = cut, suffix
		}
	}
	kind, ok := page.Types[name]
	if !ok {
		kind, ok = page.Types[family]
	}
	switch {
	case !ok || kind == "untyped" || kind == "unknown":
		return part != ""
	case kind == "histogram" || kind == "summary":
		return part == "_sum" || part == "_count"
	}
	return kind == "counter"
}

// restart counts the starts of the process that answers. After one, the page before tells nothing. Some libraries
// compute the start from clocks, and it moves a little.
func (m *memory) restart(v *view) {
	const wobble = 2 // seconds
	started := v.gauge("process_start_time_seconds")
	if math.IsNaN(started) {
		return
	}
	if m.started != 0 && math.Abs(started-m.started) > wobble {
		m.restarts++
		v.before = nil
	}
	m.started = started
	if !v.speaksOfOthers() {
		v.put(m.restarts, result.Restarts)
	}
}

// mostFalls is in how many pages a counter may fall until it is told that it is none.
const mostFalls = 5

// fallen tells of counters that fall again and again: their pages lie about their type.
func (m *memory) fallen(v *view, r *reading) {
	for name := range v.fell {
		m.falls[name]++
	}
	for _, name := range slices.Sorted(maps.Keys(m.falls)) {
		if m.falls[name] >= mostFalls {
			r.tell(m.as+" "+name, fmt.Sprintf("%s should only grow, but it fell %d times", name, m.falls[name]))
		}
	}
}

// points are the values of a page, and the series that it has more than once: nobody knows which of their values counts.
func points(page *Page) (values map[string]point, doubles map[string]bool) {
	values, doubles = make(map[string]point, len(page.Series)), map[string]bool{}
	for i := range page.Series {
		name := page.Series[i].String()
		if _, before := values[name]; before {
			doubles[name] = true
		}
		value := page.Series[i].Value
		if math.Abs(value) > maxValue {
			value = math.NaN()
		}
		values[name] = point{value, page.Series[i].At}
	}
	return values, doubles
}
