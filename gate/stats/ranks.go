package stats

import (
	"iter"
	"math"
	"math/rand/v2"
	"slices"
)

// PermuteRanks tests for each line whether its fresh runs lie above its history, all lines at once:
// history[line][run] and fresh[line][run], as many runs in each line, NaN where a run has no value.
// Each line is ranked over all runs (ties share the mean of their ranks: Wilcoxon, Individual
// comparisons by ranking methods, 1945). The statistic is the mean rank of the fresh runs, divided
// by its permutation standard deviation so that lines with gaps compare. When nothing differs, any
// runs might have been the fresh ones: the p value of a line is the share of choices of runs whose
// largest statistic of any line reaches the line's own (see the package for sources).
//
// If there are at most draws choices, all of them are tried. Otherwise draws seeded ones are, and the
// identity.
func PermuteRanks(history, fresh [][]float64, draws int, seed uint64) []float64 {
	if len(history) == 0 || len(history[0]) == 0 || len(fresh[0]) == 0 {
		return nil
	}
	past, now := len(history[0]), len(fresh[0])
	lines := make([]rankLine, len(fresh))
	for j := range lines {
		lines[j] = newRankLine(slices.Concat(history[j], fresh[j]), now)
	}
	var largest []float64
	for chosen := range choices(past+now, now, draws, seed) {
		most := math.Inf(-1)
		for j := range lines {
			most = max(most, lines[j].statistic(chosen))
		}
		largest = append(largest, most)
	}
	own := make([]float64, len(lines))
	for j := range lines {
		own[j] = lines[j].statistic(last(past+now, now))
	}
	return shareAtLeast(largest, own)
}

// last lists the last k of n: the real order of the runs.
func last(n, k int) []int {
	all := make([]int, k)
	for i := range all {
		all[i] = n - k + i
	}
	return all
}

// choices yields every choice of k of n if there are at most draws of them, otherwise the last k and so
// many seeded ones. It reuses the slice.
func choices(n, k, draws int, seed uint64) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		if binomial(n, k) <= float64(draws) {
			combinations(n, k, yield)
			return
		}
		if !yield(last(n, k)) {
			return
		}
		random := rand.New(rand.NewPCG(seed, uint64(n)))
		labels := last(n, n)
		for range draws {
			for i := range k { // the beginning of a Fisher–Yates shuffle
				other := i + random.IntN(n-i)
				labels[i], labels[other] = labels[other], labels[i]
			}
			if !yield(labels[:k]) {
				return
			}
		}
	}
}

// rankLine holds the centred ranks of one line, NaN for a run without a value.
type rankLine struct {
	centred  []float64
	n        int
	variance float64 // of the ranks, over n
	whole    float64 // the standard deviation of the mean if every chosen run has a value; 0 if the line has gaps
}

// newRankLine ranks the values of a line. chosen is how many of them each choice takes.
func newRankLine(values []float64, chosen int) rankLine {
	c := rankLine{centred: midranks(values)}
	for _, rank := range c.centred {
		if !math.IsNaN(rank) {
			c.n++
		}
	}
	for i := range c.centred {
		c.centred[i] -= float64(c.n+1) / 2
		if !math.IsNaN(c.centred[i]) {
			c.variance += c.centred[i] * c.centred[i] / float64(c.n)
		}
	}
	if c.n == len(values) && c.variance > 0 {
		c.whole = c.deviation(chosen)
	}
	return c
}

// deviation is the standard deviation of the mean of k of the line's n ranks, drawn without
// replacement: its variance is σ²/k·(n−k)/(n−1).
func (c *rankLine) deviation(k int) float64 {
	return math.Sqrt(c.variance / float64(k) * float64(c.n-k) / float64(c.n-1))
}

// statistic is the standardised mean rank of the chosen runs, −Inf if they have no values or there is
// nothing to compare them with.
func (c *rankLine) statistic(chosen []int) float64 {
	sum := 0.0
	if c.whole > 0 {
		for _, i := range chosen {
			sum += c.centred[i]
		}
		return sum / float64(len(chosen)) / c.whole
	}
	k := 0
	for _, i := range chosen {
		if !math.IsNaN(c.centred[i]) {
			sum += c.centred[i]
			k++
		}
	}
	if k == 0 || k == c.n || c.variance == 0 {
		return math.Inf(-1)
	}
	return sum / float64(k) / c.deviation(k)
}

// midranks ranks values from 1; equal ones share the mean of their ranks, NaN stays NaN.
func midranks(values []float64) []float64 {
	sorted := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	slices.Sort(sorted)
	ranks := make([]float64, len(values))
	for i, v := range values {
		if math.IsNaN(v) {
			ranks[i] = v
			continue
		}
		from := search(sorted, v)
		to := from + 1
		if to < len(sorted) && sorted[to] == v {
			to = searchAfter(sorted, v)
		}
		ranks[i] = float64(from+to+1) / 2
	}
	return ranks
}

// search is the first place of a value in a sorted list that holds it. slices.BinarySearch minds NaN,
// and takes three times as long.
func search(sorted []float64, v float64) int {
	low, high := 0, len(sorted)-1
	for low < high {
		if middle := (low + high) / 2; sorted[middle] < v {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// searchAfter returns the index after the last occurrence of a value in a sorted list. A linear search would take
// quadratic time on a history of equal values.
func searchAfter(sorted []float64, v float64) int {
	low, high := 0, len(sorted)
	for low < high {
		if middle := (low + high) / 2; sorted[middle] <= v {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// binomial is n over k.
func binomial(n, k int) float64 {
	b := 1.0
	for i := 1; i <= k; i++ {
		b = b * float64(n-k+i) / float64(i)
	}
	return math.Round(b)
}

// combinations yields every choice of k of n, in lexical order. It reuses the slice.
func combinations(n, k int, yield func([]int) bool) {
	chosen := last(k, k)
	for yield(chosen) {
		i := k - 1
		for i >= 0 && chosen[i] == n-k+i {
			i--
		}
		if i < 0 {
			return
		}
		chosen[i]++
		for ; i+1 < k; i++ {
			chosen[i+1] = chosen[i] + 1
		}
	}
}
