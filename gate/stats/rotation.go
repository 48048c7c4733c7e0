package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Machines is a line whose pairs were measured on several machines: a location for each machine. One change may look
// different on each machine, and then the pairs of one are no evidence about the others. So the machine is the unit.
type Machines struct {
	Values []float64 // a location for each machine
	Within float64   // the sum of their squared standard errors, each from the pairs of its machine
	Pairs  int       // of all machines
}

// OnMachines is the line on machines, each given by the indices of its pairs. A machine without a value leaves the line
// without an estimate.
func OnMachines(l Paired, machines [][]int) Machines {
	m := Machines{Pairs: l.Estimate().N}
	for _, pairs := range machines {
		value, se := l.on(pairs)
		m.Values = append(m.Values, value)
		m.Within += se * se
	}
	return m
}

// Estimate is the mean of the machines. Its standard error is that of their spread, which contains the noise of the
// pairs, and has one degree of freedom less than there are machines.
func (m Machines) Estimate() Estimate {
	e := Estimate{Value: math.NaN(), SE: math.Inf(1), DF: len(m.Values) - 1, N: m.Pairs}
	n := float64(len(m.Values))
	if n < 2 || slices.ContainsFunc(m.Values, math.IsNaN) {
		return e
	}
	sum, squares := 0.0, 0.0
	for _, v := range m.Values {
		sum += v
	}
	e.Value = sum / n
	for _, v := range m.Values {
		squares += (v - e.Value) * (v - e.Value)
	}
	e.SE = max(math.Sqrt(squares/(n-1)/n), leastSE)
	return e
}

// Past counts the machines whose value lies above a limit.
func (m Machines) Past(limit float64) (n int) {
	for _, v := range m.Values {
		if v > limit {
			n++
		}
	}
	return n
}

// Rotate tests for each line whether its machines lie above 0, all lines at once. It assumes that what a machine adds to the
// difference of two builds is normal with mean 0. The spread does not matter, nor how the lines of a machine move together.
// If nothing differs, one rotation of the vectors of all lines in the space of the machines gives an outcome that was as
// likely. The p value of a line is the share of rotations in which the largest statistic of any line reaches the line's own.
// This is the rotation test of Langsrud, Rotation tests, Statistics and Computing 15, 2005, with the max of Westfall and Young
// (Solari, Finos and Goeman, Rotation-based multiple testing in the multivariate linear model, Biometrics 70, 2014). Flipping
// signs is a special case: with four machines it has 16 patterns, and so no p value below 6 %. For a single line the test is
// Student's t.
//
// The statistic is the mean over the root mean square, and the noise of the pairs is added to the mean square. A rotation
// changes neither of the two. The noise keeps quiet lines, whose small values point one way by chance, from competing with
// a line that has really moved.
//
// Rotate draws that many rotations from the seed, and adds the identity. All lines have the same machines. A line without an
// estimate has p 1.
func Rotate(lines []Machines, draws int, seed uint64) []float64 {
	n := 0
	for _, l := range lines {
		n = max(n, len(l.Values))
	}
	identity := make([]float64, n)
	for k := range identity {
		identity[k] = 1 / math.Sqrt(float64(n))
	}
	own, scales := make([]float64, len(lines)), make([]float64, len(lines))
	for j, l := range lines {
		scales[j] = l.scale()
		own[j] = l.towards(identity, scales[j])
	}
	largest := []float64{slices.Max(append([]float64{math.Inf(-1)}, own...))}
	random, direction := rand.New(rand.NewPCG(seed, uint64(n))), make([]float64, n)
	for range draws {
		turn(direction, random)
		most := math.Inf(-1)
		for j, l := range lines {
			most = max(most, l.towards(direction, scales[j]))
		}
		largest = append(largest, most)
	}
	return shareAtLeast(largest, own)
}

// turn draws a direction, each as likely as any other. A rotation turns the direction of the mean into one, and the mean
// is all that the statistic needs of it.
func turn(direction []float64, random *rand.Rand) {
	length := 0.0
	for k := range direction {
		direction[k] = random.NormFloat64()
		length += direction[k] * direction[k]
	}
	for k := range direction {
		direction[k] /= math.Sqrt(length)
	}
}

// scale is the size of the values with the noise of their pairs. NaN without an estimate.
func (m Machines) scale() float64 {
	sum := m.Within
	for _, v := range m.Values {
		sum += v * v
	}
	return max(math.Sqrt(sum), leastSE)
}

// towards is the statistic in a direction; −Inf without one.
func (m Machines) towards(direction []float64, scale float64) float64 {
	if math.IsNaN(scale) || math.IsInf(scale, 1) || len(m.Values) != len(direction) || len(direction) < 2 {
		return math.Inf(-1)
	}
	along := 0.0
	for k, v := range m.Values {
		along += direction[k] * v
	}
	return along / scale
}

// middleShare is the share of the pairs of one machine that its location leaves out at either end. It is larger than the
// share for all pairs, because a third of six pairs is spoilt more often than a third of 24.
const middleShare = 0.25

// middle is the location of the values of one machine, with its standard error.
func middle(values []float64) (value, se float64) {
	sorted := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	slices.Sort(sorted)
	n := len(sorted)
	if n == 0 {
		return math.NaN(), math.Inf(1)
	}
	cut := int(middleShare * float64(n))
	if n-2*cut < 2 {
		cut = 0
	}
	return trimmedBy(sorted, cut)
}

// pick are some of the values.
func pick(values []float64, some []int) []float64 {
	picked := make([]float64, len(some))
	for k, i := range some {
		picked[k] = values[i]
	}
	return picked
}

func (d Differences) on(pairs []int) (value, se float64) { return middle(pick(d, pairs)) }

// on trims nothing: a machine has few units of this kind, and they are means already.
func (d Means) on(units []int) (value, se float64) {
	values := slices.DeleteFunc(pick(d, units), math.IsNaN)
	if len(values) == 0 {
		return math.NaN(), math.Inf(1)
	}
	slices.Sort(values)
	if len(values) == 1 {
		return values[0], 0 // the spread of the machines has to tell
	}
	return trimmedBy(values, 0)
}

func (p *Pool) on(pairs []int) (value, se float64) {
	e := p.estimate(pairs)
	return e.Value, e.SE
}
