package monitor

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Reading is what a source told at one instant, about the time since it was read before.
type Reading struct {
	figures []figure
	facts   map[string]string
	absent  []result.Absent
}

// figure is a part of a whole: an amount and the seconds in which it was counted, or what was held back and all. Its
// value is amount divided by of. Over several readings both are added.
type figure struct {
	name       string
	amount, of float64
	instant    bool    // a gauge
	peak       float64 // NaN for what was counted between readings: its peak is the highest point of the timeline
	whose      string  // what it is of, such as the name of a thread; the fact of that name is of the highest value
}

// gauge adds a value that holds at this instant.
func (r *Reading) gauge(name string, value float64) {
	r.figures = append(r.figures, figure{name: name, amount: value, of: 1, instant: true, peak: value})
}

// counted adds an amount that was counted since the reading before, of another such amount. Without the other nothing is known.
func (r *Reading) counted(name string, amount, of float64) {
	if of > 0 && amount >= 0 {
		r.figures = append(r.figures, figure{name: name, amount: amount, of: of, peak: math.NaN()})
	}
}

// countedOf is counted for a figure that is of something, such as of the thread that used most.
func (r *Reading) countedOf(whose, name string, amount, of float64) {
	n := len(r.figures)
	if r.counted(name, amount, of); len(r.figures) > n {
		r.figures[n].whose = whose
	}
}

// countedApart adds an amount that was counted between other instants than those of readings, and the highest rate of it.
func (r *Reading) countedApart(name string, amount, of, peak float64) {
	if of > 0 && amount >= 0 {
		r.figures = append(r.figures, figure{name: name, amount: amount, of: of, peak: peak})
	}
}

func (r *Reading) fact(name, text string) {
	if r.facts == nil {
		r.facts = map[string]string{}
	}
	r.facts[name] = text
}

func (r *Reading) miss(source, why string) {
	r.absent = append(r.absent, result.Absent{Source: source, Why: why})
}

// part is the mean of a figure over several readings. A gauge is weighted by time, and a counter by the amount that it
// is a share of. The mean of equal values is exactly that value.
type part struct{ mean, weight float64 }

func (p part) value() float64 { return p.mean }

func (p *part) add(f figure, seconds float64) {
	if f.instant {
		p.join(part{f.amount, seconds})
	} else {
		p.join(part{f.amount / f.of, f.of})
	}
}

func (p *part) join(o part) {
	p.weight += o.weight
	p.mean += (o.mean - p.mean) * (o.weight / p.weight)
}

// sums are the figures of one source over time.
type sums struct {
	every  time.Duration
	start  time.Time // the first slot begins here
	at     time.Time // of the reading before
	last   time.Time // of the last reading that counted
	late   int
	latest map[string]float64
	facts  map[string]string
	absent []result.Absent

	rounds map[Phase]map[string]*part
	all    map[string]*part // judged time
	peak   map[string]float64
	whose  map[string]float64 // the highest value of a figure that is of something, which the facts name

	// The slot of the timeline that is being filled.
	slot   int
	within map[string]*part // of it
	judged map[string]*part // of it, in judged time: what has no peak of its own
	length time.Duration    // of that
	points []point
}

// point is a slot of the timeline.
type point struct {
	slot    int
	figures map[string]float64
}

// mostPoints bounds the points that are kept. Past it, neighbours are joined and slots are twice as long.
const mostPoints = 1_800

func newSums(every time.Duration) sums {
	return sums{
		every: every, rounds: map[Phase]map[string]*part{}, all: map[string]*part{}, peak: map[string]float64{},
		whose: map[string]float64{}, facts: map[string]string{}, within: map[string]*part{}, judged: map[string]*part{},
	}
}

// describe keeps the facts and what was absent.
func (s *sums) describe(r *Reading) {
	maps.Copy(s.facts, r.facts)
	for _, a := range r.absent {
		i := slices.IndexFunc(s.absent, func(b result.Absent) bool { return b.Source == a.Source })
		switch {
		case i >= 0:
			s.absent[i] = a
		case len(s.absent) < mostAbsent:
			s.absent = append(s.absent, a)
		}
	}
}

// mostAbsent bounds what one source may lack.
const mostAbsent = 50

// add adds a reading about the time since the one before. If the clock went back, that time is unknown.
func (s *sums) add(phase Phase, now time.Time, r *Reading) {
	length := now.Sub(s.at)
	if length <= 0 {
		return
	}
	s.last = now
	s.turnTo(int(s.at.Add(length/2).Sub(s.start) / s.every))
	s.latest = make(map[string]float64, len(r.figures))
	for _, f := range r.figures {
		s.latest[f.name] = f.amount / f.of
		if f.whose != "" {
			s.name(f, phase >= 0)
		}
		into(s.within, f, length)
		if phase < 0 {
			continue
		}
		if s.rounds[phase] == nil {
			s.rounds[phase] = map[string]*part{}
		}
		into(s.rounds[phase], f, length)
		into(s.all, f, length)
		if math.IsNaN(f.peak) {
			into(s.judged, f, length)
		} else {
			s.raise(f.name, f.peak)
		}
	}
	if phase >= 0 {
		s.length += length
	}
}

// name keeps what the highest judged value of a figure is of. One that is not judged counts until there is one that is.
func (s *sums) name(f figure, judged bool) {
	highest, known := s.whose[f.name]
	switch value := f.amount / f.of; {
	case judged && (!known || value >= highest):
		s.whose[f.name] = value
		s.facts[f.name] = f.whose
	case !known && s.facts[f.name] == "":
		s.facts[f.name] = f.whose
	}
}

func into(parts map[string]*part, f figure, length time.Duration) {
	p := parts[f.name]
	if p == nil {
		p = &part{}
		parts[f.name] = p
	}
	p.add(f, length.Seconds())
}

func (s *sums) raise(name string, value float64) {
	if before, known := s.peak[name]; !known || value > before {
		s.peak[name] = value
	}
}

// turnTo closes the slot that is being filled, if another one begins.
func (s *sums) turnTo(slot int) {
	if slot == s.slot {
		return
	}
	if slot >= 0 {
		s.points, s.peak = s.closed()
	}
	s.slot, s.length = max(slot, 0), 0
	clear(s.within)
	clear(s.judged)
	if len(s.points) > 2*mostPoints {
		s.thin()
	}
}

// closed returns the points and the peaks with the present slot. A counter's rate over a small part of an interval is no peak: CPU
// time comes in steps of 10 ms.
func (s *sums) closed() (points []point, peak map[string]float64) {
	points, peak = s.points, s.peak
	if len(s.within) > 0 {
		figures := make(map[string]float64, len(s.within))
		for name, p := range s.within {
			figures[name] = p.value()
		}
		points = append(points, point{s.slot, figures})
	}
	if s.length < s.every/4 && len(peak) > 0 {
		return points, peak
	}
	for name, p := range s.judged {
		if before, known := peak[name]; !known || p.value() > before {
			peak[name] = p.value()
		}
	}
	return points, peak
}

// thin joins neighbours.
func (s *sums) thin() {
	s.points = joined(s.points, 2)
	s.every *= 2
	s.slot /= 2
}

// joined makes one slot of several: its figures are the means of theirs.
func joined(points []point, slots int) (fewer []point) {
	counts := map[string]float64{}
	for _, p := range points {
		p.slot /= slots
		if n := len(fewer); n == 0 || fewer[n-1].slot != p.slot {
			fewer = append(fewer, point{p.slot, maps.Clone(p.figures)})
			clear(counts)
			for name := range p.figures {
				counts[name] = 1
			}
			continue
		}
		to := fewer[len(fewer)-1].figures
		for name, value := range p.figures {
			counts[name]++
			to[name] += (value - to[name]) / counts[name]
		}
	}
	return fewer
}

// round adds the figures of a round to a map, and forgets them.
func (s *sums) round(phase Phase, to map[string]float64) {
	for name, p := range s.rounds[phase] {
		to[name] = p.value()
	}
	delete(s.rounds, phase)
}
