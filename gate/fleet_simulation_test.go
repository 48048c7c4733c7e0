package gate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// The simulations of fleets, of docs/scale.md: go test ./gate -run SimulatedFleet -v -reports 1000

// fleet is a world on several machines. Each adds an effect of its own, normal with the spread: to both sides, or to
// the difference of the sides, the same in all its lines or another one in each.
type fleet struct {
	world
	legs   int
	effect machineEffect
	spread float64
	limit  float64 // of every line
}

type machineEffect string

const (
	onBoth machineEffect = "on both sides"
	onDiff machineEffect = "on the difference, in all lines"
	onEach machineEffect = "on the difference, in each line"
)

// report has the differences of all pairs by line, and the pairs of each machine.
func (w fleet) report(r *rand.Rand) (s simulated, d [][]float64, machines [][]int) {
	slow := r.IntN(w.lines)
	d = make([][]float64, w.lines)
	for range w.legs {
		one := w.world
		one.change = 0
		m := one.report(r)
		m.slow = slow
		common, pairs := w.spread*r.NormFloat64(), []int{}
		for j := range m.lines {
			m.lines[j] = newLine(m.lines[j].route, m.lines[j].metric, m.lines[j].up, w.limit)
			own := 0.0
			switch w.effect {
			case onDiff:
				own = common
			case onEach:
				own = w.spread * r.NormFloat64()
			}
			if j == slow {
				own += m.changed(w.change)
			}
			for i := range LegPairs(w.legs) {
				both := 0.0
				if w.effect == onBoth {
					both = common
				}
				if j == 0 {
					pairs = append(pairs, len(d[0]))
				}
				d[j] = append(d[j], m.side[1][j][i]+both+own-(m.side[0][j][i]+both))
			}
		}
		s, machines = m, append(machines, pairs)
	}
	return s, d, machines
}

// cameOf is the outcome of many reports.
type cameOf struct{ red, right, wrong, open float64 }

// run judges reports with the machines as units too, or with pairs alone.
func (w fleet) run(n int, seed uint64, withMachines bool) (sum cameOf) {
	random := rand.New(rand.NewPCG(seed, uint64(w.legs)))
	for range n {
		s, d, machines := w.report(random)
		at := look{level: 0.01, report: 0.01, pass: fleetPass, from: failFrom, last: true}
		if withMachines {
			at.machines = machines
		}
		var right, wrong, open float64
		for j, f := range judgePairs(s.lines, asLines(d), at, false, one) {
			switch {
			case f.status == Worse && j == s.slow && w.change > 0:
				right = 1
			case f.status == Worse:
				wrong = 1
			case f.status == Unclear:
				open = 1
			}
		}
		red := max(right, wrong)
		sum.red += red / float64(n)
		sum.right += right / float64(n)
		sum.wrong += wrong / float64(n)
		sum.open += open * (1 - red) / float64(n)
	}
	return sum
}

// fleetReports is the number of reports in each cell. There are a hundred cells.
func fleetReports() int {
	if *reports < 1000 {
		return max(*reports/5, 20)
	}
	return *reports
}

// fleets are the numbers of legs that are simulated: the least and the most that a fleet may have.
var fleets = []int{LeastLegs, MostLegs}

// TestSimulatedFleetUnchanged holds the rule to its promise when nothing has changed, whatever the machines add.
func TestSimulatedFleetUnchanged(t *testing.T) {
	n := fleetReports()
	clean, spoilt := world{lines: 24, noise: 0.06, drift: 0.02}, world{lines: 24, noise: 0.06, drift: 0.02, spoilt: 0.15}
	for _, legs := range fleets {
		for _, effect := range []machineEffect{onBoth, onDiff, onEach} {
			for _, spread := range []float64{0, 0.02, 0.05, 0.10} {
				if spread == 0 && effect != onBoth {
					continue // the same cell
				}
				for _, limit := range []float64{0.20, 0.05} {
					for _, w := range []world{clean, spoilt} {
						if limit < 0.20 && w.spoilt > 0 {
							continue // the limit is what these cells are about
						}
						f := fleet{world: w, legs: legs, effect: effect, spread: spread, limit: limit}
						t.Run(fmt.Sprintf("%d legs, %v %s, limit %v, spoilt %v", legs, spread, effect, limit, w.spoilt), func(t *testing.T) {
							t.Parallel()
							got := f.run(n, 21, true)
							t.Logf("%d legs, %3.0f %% %s, limit %2.0f %%, spoilt %2.0f %%: %.0f of %d red, %.1f %% inconclusive", legs, 100*spread, effect, 100*limit, 100*w.spoilt, got.red*float64(n), n, 100*got.open)
							if most := max(0.005, 1.5/float64(n)); limit == 0.20 && got.red > most {
								t.Errorf("%+v: want at most %.1f %% red", got, 100*most)
							}
							if most := max(0.017, 2.5/float64(n)); got.red > most { // 1 %, and chance
								t.Errorf("%+v: want at most 1 %% red", got)
							}
						})
					}
				}
			}
		}
	}
}

// TestSimulatedFleetChange measures what a fleet finds, and what one machine that measures all pairs finds.
func TestSimulatedFleetChange(t *testing.T) {
	n := fleetReports()
	for _, noise := range []float64{0.03, 0.06} {
		alone := world{lines: 24, noise: noise, drift: 0.02, change: 0.30}
		single := alone.run(n, 2, theRule)
		t.Logf("one machine, noise %.0f %%, +30 %%: found %.1f %%", 100*noise, 100*single.right)
		for _, legs := range fleets {
			for _, spread := range []float64{0, 0.02, 0.05, 0.10} {
				for _, effect := range []machineEffect{onBoth, onDiff, onEach} {
					if spread == 0 && effect != onBoth {
						continue // the same cell
					}
					f := fleet{world: alone, legs: legs, effect: effect, spread: spread, limit: simulatedLimit}
					t.Run(fmt.Sprintf("noise %v, %d legs, %v %s", noise, legs, spread, effect), func(t *testing.T) {
						t.Parallel()
						got := f.run(n, 22, true)
						t.Logf("noise %.0f %%, %d legs, %3.0f %% %s, +30 %%: found %.1f %%, another blamed %.1f %%", 100*noise, legs, 100*spread, effect, 100*got.right, 100*got.wrong)
						if effect == onBoth && got.right < single.right-max(0.01, 2.5/float64(n)) {
							t.Errorf("found %.1f %%, and one machine finds %.1f %%", 100*got.right, 100*single.right)
						}
						if got.wrong > max(0.005, 1.5/float64(n)) {
							t.Errorf("%.1f %% blame another line", 100*got.wrong)
						}
					})
				}
			}
		}
	}
}

// TestSimulatedFleetControls leaves out the test of the machines, which turns unchanged reports red. It also tries fewer
// machines than a fleet may have, which find too little.
func TestSimulatedFleetControls(t *testing.T) {
	n := max(*reports, 200)
	if testing.Short() {
		n = 60
	}
	w := world{lines: 24, noise: 0.03, drift: 0.02}
	for _, f := range []fleet{
		{world: w, legs: 3, effect: onEach, spread: 0.05, limit: 0.05},
		{world: w, legs: 2, effect: onEach, spread: 0.10, limit: 0.20},
		{world: w, legs: 4, effect: onDiff, spread: 0.05, limit: 0.05},
		{world: w, legs: 4, effect: onEach, spread: 0.05, limit: 0.05},
	} {
		t.Run(fmt.Sprintf("%d legs, %v %s", f.legs, f.spread, f.effect), func(t *testing.T) {
			t.Parallel()
			with, without := f.run(n, 23, true), f.run(n, 23, false)
			t.Logf("%d legs, %.0f %% %s, limit %.0f %%: pairs alone %.1f %% red, machines too %.1f %%", f.legs, 100*f.spread, f.effect, 100*f.limit, 100*without.red, 100*with.red)
			if without.red < 0.02 || with.red > 0.03 {
				t.Errorf("pairs alone: %.1f %% of unchanged reports are red, and %.1f %% with the machines", 100*without.red, 100*with.red)
			}
		})
	}
	changed := w
	changed.change, changed.noise = 0.30, 0.06
	for _, few := range []fleet{
		{world: changed, legs: 2, effect: onBoth, limit: 0.20},
		{world: changed, legs: 2, effect: onDiff, spread: 0.05, limit: 0.20},
		{world: changed, legs: 3, effect: onDiff, spread: 0.05, limit: 0.20},
	} {
		got := few.run(n, 24, true)
		t.Logf("%d legs, %.0f %% %s, noise 6 %%, +30 %%: found %.1f %%", few.legs, 100*few.spread, few.effect, 100*got.right)
		if got.right > 0.75 {
			t.Errorf("%d machines find %.1f %%: they could be offered", few.legs, 100*got.right)
		}
	}
}

// The machines' test alone keeps the level of a report, at any spread and with any limit, even with a limit of 0.
func TestSimulatedRotations(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 200
	}
	for _, effect := range []machineEffect{onBoth, onDiff, onEach} {
		t.Run(string(effect), func(t *testing.T) {
			t.Parallel()
			w := fleet{world: world{lines: 8, noise: 0.03, drift: 0.02}, legs: 4, effect: effect, spread: 0.30, limit: 0.2}
			random := rand.New(rand.NewPCG(25, 0))
			small := 0
			for range n {
				_, d, machines := w.report(random)
				var lines []stats.Machines
				for _, l := range asLines(d) {
					lines = append(lines, stats.OnMachines(l, machines))
				}
				least := 1.0
				for _, p := range stats.Rotate(lines, 499, random.Uint64()) {
					least = min(least, p)
				}
				if least <= 0.05 {
					small++
				}
			}
			share := float64(small) / float64(n)
			t.Logf("%s: p ≤ 5 %% in %.1f %% of reports", effect, 100*share)
			if most := 0.05 + 3*math.Sqrt(0.05*0.95/float64(n)); share > most {
				t.Errorf("p ≤ 5 %% in %.1f %% of reports, want at most %.1f %%", 100*share, 100*most)
			}
		})
	}
}
