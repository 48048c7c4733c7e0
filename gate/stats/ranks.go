package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// PermuteRanks tests for each column whether the fresh runs lie above the history, all columns
// at once. Rows are runs, columns are lines; history[row][column] and fresh[row][column] may
// be NaN. Each column is ranked over all rows (ties share the mean of their ranks: Wilcoxon,
// Individual comparisons by ranking methods, 1945); the statistic is the mean rank of the
// fresh rows, standardised by its permutation variance so that columns with gaps compare.
// When nothing differs, any rows might have been the fresh ones: the p value of a column is
// the share of choices of rows whose largest statistic of any column reaches the column's
// own (see the package for sources).
//
// If there are at most draws choices, all of them are tried. Otherwise draws seeded ones are, and the
// identity.
func PermuteRanks(history, fresh [][]float64, draws int, seed uint64) []float64 {
	rows := slices.Concat(history, fresh)
	if len(fresh) == 0 || len(history) == 0 {
		return nil
	}
	columns := make([]rankColumn, len(rows[0]))
	for j := range columns {
		columns[j] = newRankColumn(rows, j)
	}
	identity := make([]int, len(fresh))
	for i := range identity {
		identity[i] = len(history) + i
	}
	var largest []float64
	each := func(chosen []int) {
		most := math.Inf(-1)
		for j := range columns {
			most = max(most, columns[j].statistic(chosen))
		}
		largest = append(largest, most)
	}
	if binomial(len(rows), len(fresh)) <= float64(draws) {
		combinations(len(rows), len(fresh), each)
	} else {
		each(identity)
		random := rand.New(rand.NewPCG(seed, uint64(len(rows))))
		labels := make([]int, len(rows))
		for i := range labels {
			labels[i] = i
		}
		for range draws {
			for i := range fresh { // the beginning of a Fisher–Yates shuffle
				k := i + random.IntN(len(labels)-i)
				labels[i], labels[k] = labels[k], labels[i]
			}
			each(labels[:len(fresh)])
		}
	}
	own := make([]float64, len(columns))
	for j := range columns {
		own[j] = columns[j].statistic(identity)
	}
	return shareAtLeast(largest, own)
}

// rankColumn holds the centred ranks of one column, NaN for a row without a value.
type rankColumn struct {
	centred  []float64
	n        int
	variance float64 // of the ranks, over n
}

func newRankColumn(rows [][]float64, j int) rankColumn {
	values := make([]float64, len(rows))
	for i, row := range rows {
		values[i] = row[j]
	}
	c := rankColumn{centred: midranks(values)}
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
	return c
}

// statistic is the standardised mean rank of the chosen rows, −Inf if they have no values or there is
// nothing to compare them with. The mean of k of n ranks, drawn without replacement, has the variance
// σ²/k·(n−k)/(n−1).
func (c *rankColumn) statistic(chosen []int) float64 {
	sum, k := 0.0, 0
	for _, i := range chosen {
		if !math.IsNaN(c.centred[i]) {
			sum += c.centred[i]
			k++
		}
	}
	if k == 0 || k == c.n || c.variance == 0 {
		return math.Inf(-1)
	}
	return sum / float64(k) / math.Sqrt(c.variance/float64(k)*float64(c.n-k)/float64(c.n-1))
}

// midranks ranks values from 1; equal ones share the mean of their ranks, NaN stays NaN.
func midranks(values []float64) []float64 {
	var order []int
	for i, v := range values {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	ranks := make([]float64, len(values))
	for i := range ranks {
		ranks[i] = math.NaN()
	}
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = float64(from+to+1) / 2
		}
		from = to
	}
	return ranks
}

// binomial is n over k.
func binomial(n, k int) float64 {
	b := 1.0
	for i := 1; i <= k; i++ {
		b = b * float64(n-k+i) / float64(i)
	}
	return math.Round(b)
}

// combinations calls each with every choice of k of n, in lexical order. It reuses the slice.
func combinations(n, k int, each func([]int)) {
	chosen := make([]int, k)
	for i := range chosen {
		chosen[i] = i
	}
	for {
		each(chosen)
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
