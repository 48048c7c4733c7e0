package plan

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Open is the open model: tasks arrive by themselves.
type Open struct {
	Spacing     profile.Spacing
	MaxInFlight int // past this an arrival is dropped; of this shard

	pieces []piece
	aside  int // added to all indices; see Plan.Idle

	// Of a stretch; see Shift.
	number     int     // 0 for the first, and for a load in one piece
	begin, end int     // its indices; end is 0 if the pieces alone determine the number of arrivals
	offset     float64 // of the first, in expected arrivals
}

// piece is a span of time over which the rate changes linearly.
type piece struct {
	start, length float64 // seconds
	from, to      float64 // arrivals per second
}

// count is how many arrivals fall due in the piece.
func (p piece) count() float64 { return (p.from + p.to) / 2 * p.length }

// at is the offset in the piece at which n arrivals have fallen due: the root of
// from·t + (to−from)/(2·length)·t² = n.
func (p piece) at(n float64) float64 {
	slope := (p.to - p.from) / p.length
	switch {
	case n <= 0:
		return 0
	case slope == 0:
		return n / p.from
	}
	// The form that does not subtract nearly equal numbers.
	return 2 * n / (p.from + math.Sqrt(max(p.from*p.from+2*slope*n, 0)))
}

// newOpen is the open model of a load of a length.
func newOpen(l profile.Load, length time.Duration) *Open {
	o := &Open{Spacing: l.Arrivals, MaxInFlight: l.MaxInFlight}
	if len(l.Stages) == 0 {
		o.pieces = []piece{{0, length.Seconds(), l.Rate, l.Rate}}
		return o
	}
	start, rate := 0.0, 0.0
	for _, s := range l.Stages {
		o.pieces = append(o.pieces, piece{start, s.For.Seconds(), rate, s.Rate})
		start, rate = start+s.For.Seconds(), s.Rate
	}
	return o
}

// MaxRate is the highest rate, in arrivals per second.
func (o *Open) MaxRate() (most float64) {
	for _, p := range o.pieces {
		most = max(most, p.from, p.to)
	}
	return most
}

// Expected is how many arrivals fall due in all, for all shards together.
func (o *Open) Expected() (sum float64) {
	for _, p := range o.pieces {
		sum += p.count()
	}
	return sum
}

// Arrivals returns the shard's arrivals in order of time. Constant arrivals fall due when the
// expected number is whole. Poisson arrivals have seeded exponential gaps, stretched to the rate
// (the time change of an inhomogeneous Poisson process: Çınlar, Introduction to Stochastic
// Processes, 1975, ch. 4).
type Arrivals struct {
	open  *Open
	shard Shard
	rand  *rand.Rand
	index int
	due   float64 // of the next arrival, in expected arrivals
	piece int
	past  float64 // expected arrivals before the piece
}

// Arrivals starts with the first arrival. The plan must be of the open model.
func (p *Plan) Arrivals() *Arrivals {
	o := p.Open
	a := &Arrivals{open: o, shard: p.Shard, rand: p.Rand(ArrivalTimes, o.number), index: o.begin, due: o.offset}
	if o.Spacing == profile.Poisson {
		a.due = a.rand.ExpFloat64()
	}
	return a
}

// Next returns the index of the shard's next arrival and the offset at which it is due. ok is false after
// the last one.
func (a *Arrivals) Next() (index int, due time.Duration, ok bool) {
	for {
		index, due, ok = a.next()
		if !ok || a.shard.has(index) {
			return index, due, ok
		}
	}
}

func (a *Arrivals) next() (index int, due time.Duration, ok bool) {
	for a.piece < len(a.open.pieces) && a.due >= a.past+a.open.pieces[a.piece].count() {
		a.past += a.open.pieces[a.piece].count()
		a.piece++
	}
	if a.piece == len(a.open.pieces) || a.open.end > 0 && a.index == a.open.end {
		return 0, 0, false
	}
	p := a.open.pieces[a.piece]
	index, due = a.index, time.Duration((p.start+p.at(a.due-a.past))*float64(time.Second))
	a.index++
	gap := 1.0
	if a.open.Spacing == profile.Poisson {
		gap = a.rand.ExpFloat64()
	}
	a.due += gap
	return index, due, true
}

// TasksPerSec is how many of the shard's tasks fall due each second in a span of time, on average. Poisson arrivals differ
// from it by chance. The plan must be of the open model.
func (p *Plan) TasksPerSec(from, to time.Duration) float64 {
	due := func(t time.Duration) float64 { return (&Open{pieces: p.Open.until(t)}).Expected() }
	return (due(to) - due(from)) / (to - from).Seconds() / float64(max(p.Shard.N, 1))
}
