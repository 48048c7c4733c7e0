package plan

import "math/rand/v2"

// Purpose separates streams of random numbers: draws for one purpose never depend on another.
type Purpose uint64

// The purposes.
const (
	Choices      Purpose = iota + 1 // a user's or an arrival's tasks and waits
	Begin                           // the values of generators for a user, from its beginning
	Fill                            // the values of generators for an arrival's task
	ArrivalTimes                    // when tasks arrive
	RowOrder                        // the order of a table's rows
	WithinTasks                     // the repeats and waits within a task of a user or an arrival
	Once                            // the values of generators for setup and teardown
	Decks                           // the order of the tasks in a deck
)

// Reseed sets a source to its beginning for a purpose and an index: of a user, an arrival or
// a table. Equal plans give equal numbers.
func (p *Plan) Reseed(source *rand.PCG, purpose Purpose, index int) {
	first := p.stream(purpose)
	source.Seed(first, mix(first^uint64(index)*golden))
}

// stream is the beginning of all numbers of a purpose.
func (p *Plan) stream(purpose Purpose) uint64 { return mix(p.Seed + uint64(purpose)*golden) }

// Rand is a fresh source for a purpose and an index.
func (p *Plan) Rand(purpose Purpose, index int) *rand.Rand {
	var source rand.PCG
	p.Reseed(&source, purpose, index)
	return rand.New(&source)
}

// golden is 2⁶⁴ divided by the golden ratio, odd.
const golden = 0x9e3779b97f4a7c15

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): neighbouring
// inputs give outputs that have nothing in common.
func mix(x uint64) uint64 {
	x += golden
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
