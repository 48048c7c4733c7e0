package stats_test

import (
	"math"
	"slices"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// Student's sleep data: the hours that ten patients slept longer with one drug than with the other (Student, The probable
// error of a mean, Biometrika 6, 1908; R's ?sleep). t is 4.0621 with 9 degrees of freedom, and its one-sided p 0.001416.
var sleep = []float64{1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4}

func TestRotateIsStudentsT(t *testing.T) {
	m := stats.Machines{Values: sleep}
	if e := m.Estimate(); math.Abs(e.Value-1.58) > 1e-9 || math.Abs(e.Value/e.SE-4.0621) > 1e-4 || e.DF != 9 {
		t.Errorf("estimate %+v", e)
	}
	const draws = 400_000
	p := stats.Rotate([]stats.Machines{m}, draws, 1)[0]
	if sd := math.Sqrt(0.001416 / draws); math.Abs(p-0.001416) > 4*sd {
		t.Errorf("p is %.6f, that of Student's t is 0.001416", p)
	}
}

// A line that all machines agree on is found among lines that are nothing but noise, and the noise is not.
func TestRotateFindsOneLine(t *testing.T) {
	lines := []stats.Machines{
		{Values: []float64{0.26, 0.27, 0.25, 0.26}, Within: 0.001},
		{Values: []float64{0.011, 0.010, 0.009, 0.010}, Within: 0.001}, // together by chance: far less than the pairs' noise
		{Values: []float64{0.2, -0.3, 0.1, 0.05}, Within: 0.001},
		{Values: []float64{0.2, math.NaN(), 0.1, 0.05}, Within: 0.001},
	}
	p := stats.Rotate(lines, 9_999, 1)
	if p[0] > 0.01 || p[1] < 0.05 || p[2] < 0.05 || p[3] != 1 {
		t.Errorf("p %v", p)
	}
	if again := stats.Rotate(lines, 9_999, 1); !slices.Equal(p, again) {
		t.Errorf("again p %v, and not %v", again, p)
	}
}

// Machines are the units: four that hardly agree prove nothing, however many pairs they have.
func TestOnMachines(t *testing.T) {
	var d stats.Differences
	var machines [][]int
	for _, level := range []float64{0.5, 0.01, 0.02, 0.4} {
		var own []int
		for i := range 6 {
			own = append(own, len(d))
			d = append(d, level+0.001*float64(i%3))
		}
		machines = append(machines, own)
	}
	d[0] = math.NaN() // a pair without a value
	d[23] = 9         // a spoilt one
	m := stats.OnMachines(d, machines)
	if m.Pairs != 23 || math.Abs(m.Values[3]-0.401) > 0.0011 || m.Past(0.3) != 2 {
		t.Errorf("%+v", m)
	}
	if flips, rotations := stats.FlipLines([]stats.Paired{d}, 1999, 1)[0], stats.Rotate([]stats.Machines{m}, 9_999, 1)[0]; flips > 0.01 || rotations < 0.03 {
		t.Errorf("p by pairs %v, by machines %v", flips, rotations)
	}
	if m := stats.OnMachines(d, append(machines, nil)); !math.IsNaN(m.Estimate().Value) {
		t.Errorf("a machine without pairs: %+v", m.Estimate())
	}
}
