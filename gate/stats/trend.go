package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Line is a straight line through points.
type Line struct{ Slope, Intercept float64 }

// TheilSen is the line whose slope is the median of the slopes between all pairs of points, and which has as many points
// above it as below. Up to 29 % of the points may be anything: Theil, A rank-invariant method of linear and polynomial
// regression analysis, Proceedings of the KNAW 53, 1950; Sen, Estimates of the regression coefficient based on Kendall's
// tau, JASA 63, 1968. A point with a missing value does not count. NaN unless two points differ in x.
func TheilSen(xs, ys []float64) Line {
	var slopes []float64
	for i := range xs {
		for j := range i {
			slope := (ys[i] - ys[j]) / (xs[i] - xs[j])
			if xs[i] != xs[j] && !math.IsNaN(slope) {
				slopes = append(slopes, slope)
			}
		}
	}
	slices.Sort(slopes)
	line := Line{Slope: medianOfSorted(slopes)}
	rests := make([]float64, 0, len(xs))
	for i := range xs {
		if rest := ys[i] - line.Slope*xs[i]; !math.IsNaN(rest) {
			rests = append(rests, rest)
		}
	}
	line.Intercept = Median(rests)
	return line
}

// Kendall is the outcome of a test for a trend.
type Kendall struct {
	S int     // pairs of values that rise, less those that fall
	N int     // values
	P float64 // the chance of an S as large without a trend
}

// exactUpTo is the number of values up to which MannKendall counts orders and needs no approximation.
const exactUpTo = 40

// MannKendall tests whether values rise in the order in which they come: Mann, Nonparametric tests against trend,
// Econometrica 13, 1945; Kendall, Rank Correlation Methods, 1970. It is one-sided: negate the values to ask whether they
// fall. Up to 40 values without ties its P is exact. Otherwise it is that of the normal distribution, with the
// variance of ties and the correction for continuity. Missing values do not count. Fewer than three values have P 1.
//
// Values that hang together in time have far too small a P. Take blocks that are longer than their memory, or
// JointTrend.
func MannKendall(ys []float64) Kendall {
	ys = slices.DeleteFunc(slices.Clone(ys), math.IsNaN)
	k := Kendall{N: len(ys), P: 1}
	for i := range ys {
		for j := range i {
			k.S += sign(ys[i] - ys[j])
		}
	}
	if k.N < 3 {
		return k
	}
	deviation, ties := kendallDeviation(ys)
	switch {
	case deviation == 0: // all are equal
	case k.N <= exactUpTo && !ties:
		k.P = exactKendall(k.N, k.S)
	default:
		k.P = distuv.UnitNormal.Survival((float64(k.S) - 1) / deviation)
	}
	return k
}

func sign(x float64) int {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// kendallDeviation is the standard deviation of S without a trend: Kendall 1970, section 4.3.
func kendallDeviation(ys []float64) (deviation float64, ties bool) {
	sorted := slices.Clone(ys)
	slices.Sort(sorted)
	term := func(n float64) float64 { return n * (n - 1) * (2*n + 5) }
	sum := term(float64(len(ys)))
	for i := 0; i < len(sorted); {
		j := i
		for j < len(sorted) && sorted[j] == sorted[i] {
			j++
		}
		sum -= term(float64(j - i))
		ties = ties || j > i+1
		i = j
	}
	return math.Sqrt(sum / 18), ties
}

// exactKendall is the chance of an S as large among all orders of n different values. An order with k inversions
// has S = n(n−1)/2 − 2k. The orders of n values come from those of n−1 by putting the largest anywhere.
func exactKendall(n, s int) float64 {
	pairs := n * (n - 1) / 2
	chance := make([]float64, pairs+1) // by inversions
	chance[0] = 1
	for m := 2; m <= n; m++ {
		next := make([]float64, pairs+1)
		for k, c := range chance {
			for more := 0; more < m && k+more <= pairs && c > 0; more++ {
				next[k+more] += c / float64(m)
			}
		}
		chance = next
	}
	p := 0.0
	for k := 0; k <= (pairs-s)/2; k++ {
		p += chance[k]
	}
	return min(1, p)
}

// JointTrend tests for each line whether its values rise over time, all lines at once. All lines have a value for
// each of the same instants, NaN where it is missing. The time is cut into blocks, and each line becomes its
// medians of the blocks. If nothing drifts, any order of the blocks was as likely: they are put in other orders, the
// same in every line. The p value of a line is the share of orders whose largest Mann–Kendall statistic of any line
// reaches the line's own: the single-step max-T of Westfall and Young (see the package), on blocks as in Kunsch,
// The jackknife and the bootstrap for general stationary observations, Annals of Statistics 17, 1989.
//
// Blocks have to be longer than the noise's memory: 12 of them, of 10 s and more. A machine that wanders for minutes looks
// like a drift to this test and to any other.
// A line with fewer than four blocks has p 1. Negate a line to ask whether it falls.
func JointTrend(lines [][]float64, blocks, orders int, seed uint64) []float64 {
	trends := make([]trendLine, len(lines))
	for j, line := range lines {
		trends[j] = newTrendLine(BlockMedians(line, blocks))
	}
	order := make([]int, blocks)
	for i := range order {
		order[i] = i
	}
	own := make([]float64, len(lines))
	for j := range trends {
		own[j] = trends[j].t(order)
	}
	largest := []float64{slices.Max(append(own, math.Inf(-1)))} // the identity
	random := rand.New(rand.NewPCG(seed, uint64(blocks)))
	for range orders {
		random.Shuffle(blocks, func(i, k int) { order[i], order[k] = order[k], order[i] })
		most := math.Inf(-1)
		for j := range trends {
			most = max(most, trends[j].t(order))
		}
		largest = append(largest, most)
	}
	return shareAtLeast(largest, own)
}

// trendLine is one line of blocks, ready for any order: the signs of all differences, from the row's block to the column's.
type trendLine struct {
	signs     [][]int
	deviation float64
}

func newTrendLine(medians []float64) trendLine {
	present := slices.DeleteFunc(slices.Clone(medians), math.IsNaN)
	if len(present) < 4 {
		return trendLine{}
	}
	l := trendLine{signs: make([][]int, len(medians))}
	l.deviation, _ = kendallDeviation(present)
	for i, from := range medians {
		for _, to := range medians {
			l.signs[i] = append(l.signs[i], sign(to-from)) // 0 where one is missing
		}
	}
	return l
}

// t is S over its deviation, for blocks in this order; −Inf where there is none.
func (l *trendLine) t(order []int) float64 {
	if l.deviation == 0 {
		return math.Inf(-1)
	}
	s := 0
	for k, to := range order {
		for _, from := range order[:k] {
			s += l.signs[from][to]
		}
	}
	return float64(s) / l.deviation
}

// BlockMedians cuts a series into blocks of about equal length and returns the median of each, NaN for one without values.
func BlockMedians(series []float64, blocks int) []float64 { return eachBlock(series, blocks, Median) }

func eachBlock(series []float64, blocks int, figure func([]float64) float64) []float64 {
	figures := make([]float64, blocks)
	for b := range figures {
		block := series[b*len(series)/blocks : (b+1)*len(series)/blocks]
		figures[b] = figure(slices.DeleteFunc(slices.Clone(block), math.IsNaN))
	}
	return figures
}
