package plan

import (
	"math"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// WarmUpShift is the plan of the first stretch of a load in several stretches: the warm-up with its ramp,
// without a round. Shift(1, …), Shift(2, …) and so on follow it. All share the calls and users of p and
// depend only on p and their arguments, so two systems get the same load by the same shifts.
func (p *Plan) WarmUpShift() *Plan {
	s := *p
	s.Rounds = 0
	s.Users = nil
	for _, u := range p.Users {
		var spans []Span
		for _, span := range u.Spans {
			if span.To = min(span.To, p.WarmUp); span.From < span.To {
				spans = append(spans, span)
			}
		}
		u.Spans = spans
		s.Users = append(s.Users, u)
	}
	if p.Open != nil {
		s.Open = &Open{Spacing: p.Open.Spacing, MaxInFlight: p.Open.MaxInFlight, pieces: p.Open.until(p.WarmUp), end: p.first(1, 0)}
	}
	return &s
}

// Shift is the plan of stretch i, from 1: unjudged load for warmUp, then one judged round; pass
// the same values for every i. Every user works throughout, except those of Idle who rest. In the open model tasks arrive at the
// plan's rate, and their indices continue from stretch to stretch, with the rows and choices that
// belong to them. If the plan has stages, a shift has its largest number of users, and the mean
// rate of its rounds.
func (p *Plan) Shift(i int, warmUp, length time.Duration) *Plan {
	s := *p
	s.WarmUp, s.Rounds, s.RoundLength = warmUp, 1, length
	always := []Span{{0, s.Length()}}
	s.Users = nil
	for _, u := range p.Users {
		if len(u.Spans) > 0 {
			u.Spans = always
		}
		s.Users = append(s.Users, u)
	}
	if p.Open != nil {
		s.Open = p.stretch(i, s.Length())
	}
	return &s
}

// Restart is the plan for the n-th start of the system, from 0. Start 0 makes the plan's own choices; each
// later start makes others, so a system that kept its data sees new values.
func (p *Plan) Restart(n int) *Plan {
	s := *p
	if n > 0 {
		s.Seed = mix(p.Seed ^ mix(uint64(n)))
	}
	return &s
}

// until returns the pieces before an instant.
func (o *Open) until(t time.Duration) (pieces []piece) {
	for _, p := range o.pieces {
		length := min(p.length, t.Seconds()-p.start)
		if length <= 0 {
			break
		}
		p.to = p.from + (p.to-p.from)*length/p.length
		p.length = length
		pieces = append(pieces, p)
	}
	return pieces
}

// meanRate is that of the rounds.
func (p *Plan) meanRate() float64 {
	return (p.Open.Expected() - p.warmUpArrivals()) / (p.Length() - p.WarmUp).Seconds()
}

// warmUpArrivals is the expected number of arrivals in the warm-up.
func (p *Plan) warmUpArrivals() float64 {
	return (&Open{pieces: p.Open.until(p.WarmUp)}).Expected()
}

// parts is how many parts make up an arrival. Integer parts make stretches of a constant rate meet exactly.
const parts = 1_000_000

// before is the number of arrivals, in parts, in the stretches before the i-th. A random number of arrivals
// gets eight standard deviations more than expected, so no stretch runs out of indices.
func (p *Plan) before(i int, length time.Duration) int64 {
	aside := func(n float64) int64 {
		if p.Open.Spacing == profile.Poisson {
			n = math.Ceil(n + 8*math.Sqrt(n) + 8)
		}
		return int64(math.Round(n * parts))
	}
	return aside(p.warmUpArrivals()) + int64(i-1)*aside(p.meanRate()*length.Seconds())
}

// first is the index of the first arrival of stretch i of a length.
func (p *Plan) first(i int, length time.Duration) int {
	return int((p.before(i, length) + parts - 1) / parts)
}

// stretch is the arrivals of stretch i of a length.
func (p *Plan) stretch(i int, length time.Duration) *Open {
	o, rate := p.Open, p.meanRate()
	made := &Open{
		Spacing: o.Spacing, MaxInFlight: o.MaxInFlight, pieces: []piece{{0, length.Seconds(), rate, rate}},
		number: i + o.aside, begin: p.first(i, length), end: p.first(i+1, length),
	}
	if o.Spacing != profile.Poisson {
		made.offset = float64(int64(made.begin)*parts-p.before(i, length)) / parts
	}
	made.begin, made.end = made.begin+o.aside, made.end+o.aside
	return made
}
