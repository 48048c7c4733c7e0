package stats

import (
	"cmp"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// allFlipsUpTo is the number of pairs up to which every pattern of signs is looked at.
const allFlipsUpTo = 12

// maxPairs is how many pairs SignFlip takes: a pattern of signs is one word.
const maxPairs = 64

// SignFlip tests for each line whether its differences d[line][pair] lie above 0, all lines
// at once. When nothing differs, either side of a pair might as well have been the other:
// flipping the signs of whole pairs, the same pairs in every line, gives other outcomes that
// were as likely. The p value of a line is the share of such patterns whose largest T of any
// line reaches the line's own; T is the 20 % trimmed mean over the root mean square of the
// sizes, the largest fifth of them set to the next. That scale knows no signs: were it the
// standard error of the flipped values, a few flips of a clear change would be trimmed away and
// look even clearer than the change itself. If nothing differs, the chance that any line of a report has
// p ≤ α is at most α, however the lines correlate and whatever the noise is (see the package for sources).
//
// Up to 12 pairs it tries all patterns; beyond that a seeded sample, and the identity.
// A pair that is missing in a line (NaN) is left out of that line; a line with fewer than two
// pairs has p 1. SignFlip panics on more than 64 pairs.
func SignFlip(d [][]float64, flips int, seed uint64) []float64 {
	lines := make([]Paired, len(d))
	for j := range d {
		lines[j] = Differences(d[j])
	}
	return FlipLines(lines, flips, seed)
}

// Paired is one line of FlipLines and OnMachines.
type Paired interface {
	// Estimate is the line's location with its standard error.
	Estimate() Estimate
	// length is the number of pairs.
	length() int
	// underFlips puts the statistic of each pattern of flips into t, and returns that of the pairs as they are. It is
	// −Inf without one.
	underFlips(patterns []uint64, t []float64) (own float64)
	// on is the location of some of the pairs, those of one machine, with its standard error. NaN without one.
	on(pairs []int) (value, se float64)
}

// Differences are a line with one difference for each pair. Its location is the trimmed mean.
type Differences []float64

// Means are a line with one difference for each of few units that are means themselves. The test uses their mean:
// the trimmed mean of eight has no clearer pattern than the identity, but one that is as clear, since the smallest
// difference is trimmed away whatever its sign. So its p value cannot fall below 2 of 256, and that of the mean can.
type Means []float64

// Estimate is that of Trimmed.
func (d Differences) Estimate() Estimate { return Trimmed(d) }

// Estimate is that of Trimmed.
func (d Means) Estimate() Estimate { return Trimmed(d) }

func (d Differences) length() int { return len(d) }
func (d Means) length() int       { return len(d) }
func (p *Pool) length() int       { return p.pairs }

func (d Differences) underFlips(patterns []uint64, t []float64) float64 {
	return newFlipLine(d, trim).under(patterns, t)
}

func (d Means) underFlips(patterns []uint64, t []float64) float64 {
	return newFlipLine(d, 0).under(patterns, t)
}

// FlipLines is SignFlip for lines of several kinds, which share the pairs and the flips.
func FlipLines(lines []Paired, flips int, seed uint64) []float64 {
	pairs := 0
	for _, l := range lines {
		pairs = max(pairs, l.length())
	}
	if pairs > maxPairs {
		panic("stats: more than 64 pairs")
	}
	patterns := flipsOf(pairs, flips, seed)
	largest, t, own := make([]float64, len(patterns)), make([]float64, len(patterns)), make([]float64, len(lines))
	for b := range largest {
		largest[b] = math.Inf(-1)
	}
	for j, l := range lines {
		own[j] = l.underFlips(patterns, t)
		for b := range largest {
			largest[b] = max(largest[b], t[b])
		}
	}
	return shareAtLeast(largest, own)
}

// flipsOf lists all patterns of few pairs, and else the identity and some drawn ones.
func flipsOf(pairs, flips int, seed uint64) (patterns []uint64) {
	if pairs <= allFlipsUpTo {
		for pattern := range uint64(1) << pairs {
			patterns = append(patterns, pattern)
		}
		return patterns
	}
	patterns = append(patterns, 0)
	random := rand.New(rand.NewPCG(seed, uint64(pairs)))
	for range flips {
		patterns = append(patterns, random.Uint64())
	}
	return patterns
}

// shareAtLeast gives for each value the share of the largest that reach it. What differs by
// no more than rounding is equal.
func shareAtLeast(largest, own []float64) []float64 {
	slices.Sort(largest)
	p := make([]float64, len(own))
	for j, t := range own {
		if math.IsInf(t, -1) {
			p[j] = 1
			continue
		}
		below, _ := slices.BinarySearch(largest, t-1e-9*math.Abs(t))
		p[j] = float64(len(largest)-below) / float64(len(largest))
	}
	return p
}

// flipLine is one line, ready for any pattern: since flipping a sign leaves the size of a
// difference as it is, the sizes are sorted once.
type flipLine struct {
	sizes    []float64 // in growing order
	pairs    []uint    // the pair of each size
	present  uint64    // the pairs that the line has
	negative uint64    // those of them whose difference is below 0
	cut      int       // values that the statistic leaves out at either end
	scale    float64   // of the sizes
	sorted   []float64 // reused; one place more at either end
}

func newFlipLine(d []float64, trim float64) flipLine {
	var l flipLine
	for i, x := range d {
		if math.IsNaN(x) {
			continue
		}
		l.pairs = append(l.pairs, uint(i))
		l.present |= 1 << i
		if x < 0 {
			l.negative |= 1 << i
		}
	}
	slices.SortStableFunc(l.pairs, func(a, b uint) int { return cmp.Compare(math.Abs(d[a]), math.Abs(d[b])) })
	for _, i := range l.pairs {
		l.sizes = append(l.sizes, math.Abs(d[i]))
	}
	l.sorted = make([]float64, len(l.sizes)+2)
	if n := len(l.sizes); n > 0 {
		l.cut = int(trim * float64(n))
		kept := n - l.cut
		for _, size := range l.sizes {
			size = min(size, l.sizes[kept-1])
			l.scale += size * size / float64(n)
		}
		l.scale = max(math.Sqrt(l.scale), leastSE)
	}
	return l
}

// under puts the statistic of each pattern into t, and returns that of the identity.
func (l flipLine) under(patterns []uint64, t []float64) (own float64) {
	for b, pattern := range patterns {
		t[b] = l.t(pattern)
	}
	return l.t(0)
}

// t is the statistic of the line once the pattern's pairs are flipped; −Inf without one.
func (l *flipLine) t(pattern uint64) float64 {
	n := len(l.sizes)
	if n < 2 {
		return math.Inf(-1)
	}
	flipped := (l.negative ^ pattern) & l.present
	// The negative ones from the largest size down, then the others from the smallest up. Each
	// size is written to both places and only one of them moves on: to branch on a random bit
	// would cost more than the rest.
	below := bits.OnesCount64(flipped)
	down, up := below, below+1
	for k, i := range l.pairs {
		size, is := l.sizes[k], int(flipped>>i&1)
		l.sorted[down], l.sorted[up] = -size, size
		down -= is
		up += 1 - is
	}
	return meanWithin(l.sorted[1:n+1], l.cut) / l.scale
}
