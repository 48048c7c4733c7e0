package gate

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// The simulations of docs/verdict.md: go test ./gate -run Simulat -v -reports 1000
var reports = flag.Int("reports", 200, "reports in each simulated cell where something has changed")

// world is what a simulated service and its machine do. Spreads are on the log scale.
type world struct {
	lines  int
	noise  float64 // of a round, t-distributed with 4 degrees of freedom, partly shared by all lines
	spoilt float64 // share of pairs in which every line gets N(0, 0.6²) of its own
	change float64 // relative change of one line, drawn at random
	order  float64 // effect of being loaded second
	drift  float64 // step of the machine's level from one round to the next
}

// simulated is one report: every round of both sides.
type simulated struct {
	lines  []line
	slow   int            // the line that has changed
	side   [2][][]float64 // base and head, [line][pair]
	second []bool         // of each pair: head came second
}

const simulatedLimit = 0.20

// one is a seed.
func one() uint64 { return 1 }

func (w world) report(r *rand.Rand) simulated {
	s := simulated{slow: r.IntN(w.lines)}
	for j := range w.lines {
		s.lines = append(s.lines, newLine(fmt.Sprint("route ", j/4), []Metric{P50, P95, P99, Throughput}[j%4], j%4 == 3, simulatedLimit))
	}
	for side := range s.side {
		s.side[side] = make([][]float64, w.lines)
	}
	level, swap := 0.0, false
	for i := range MaxPairs {
		if swap = !swap; i%2 == 0 { // balanced blocks of two pairs
			swap = r.IntN(2) == 0
		}
		s.second = append(s.second, !swap)
		spoilt := r.Float64() < w.spoilt
		for turn := range 2 {
			side := turn
			if swap {
				side = 1 - turn
			}
			level = 0.9*level + w.drift*r.NormFloat64()
			shared := level + w.order*float64(turn) + 0.6*w.noise*studentT(r)
			if r.Float64() < 0.05 { // a burst
				shared += math.Abs(0.3 * r.NormFloat64())
			}
			for j := range w.lines {
				y := shared + 0.8*w.noise*studentT(r)
				if spoilt {
					y += 0.6 / math.Sqrt2 * r.NormFloat64()
				}
				if side == 1 && j == s.slow {
					y += s.changed(w.change)
				}
				s.side[side][j] = append(s.side[side][j], y)
			}
		}
	}
	return s
}

// changed is a relative change of the slow line on its scale, in the metric's own terms: 30 %
// more latency, 30 % less throughput.
func (s simulated) changed(change float64) float64 {
	if s.lines[s.slow].up {
		return -math.Log1p(-change)
	}
	return math.Log1p(change)
}

// studentT has 4 degrees of freedom and a standard deviation of 1.
func studentT(r *rand.Rand) float64 {
	chi2 := 0.0
	for range 4 {
		x := r.NormFloat64()
		chi2 += x * x
	}
	return r.NormFloat64() / math.Sqrt(chi2/4) / math.Sqrt2
}

// differences of the first n pairs.
func (s simulated) differences(n int) [][]float64 {
	d := make([][]float64, len(s.lines))
	for j := range d {
		for i := range n {
			d[j] = append(d[j], s.side[1][j][i]-s.side[0][j][i])
		}
	}
	return d
}

// asLines are differences as the rule takes them.
func asLines(d [][]float64) []stats.Paired {
	lines := make([]stats.Paired, len(d))
	for j := range d {
		lines[j] = stats.Differences(d[j])
	}
	return lines
}

// ruling judges n pairs of a report.
type ruling func(s simulated, n int, at look) []finding

// theRule is the one that is in use.
func theRule(s simulated, n int, at look) []finding {
	return judgePairs(s.lines, asLines(s.differences(n)), at, false, func() uint64 { return uint64(s.slow) })
}

// rates are what came of many reports.
type rates struct{ red, right, wrong, open, budget float64 }

// run judges reports at the looks, as the gate does.
func (w world) run(n int, seed uint64, rule ruling) (sum rates) {
	random := rand.New(rand.NewPCG(seed, 0))
	for range n {
		s := w.report(random)
		for _, pairs := range looks {
			at, _ := lookAt(pairs, 0.01)
			var open, right, wrong float64
			for j, f := range rule(s, pairs, at) {
				switch {
				case f.status == Unclear:
					open = 1
				case f.status == Worse && j == s.slow && w.change > 0:
					right = 1
				case f.status == Worse:
					wrong = 1
				}
			}
			if open > 0 && !at.last || at.early && right+wrong > 0 {
				continue
			}
			red := max(right, wrong)
			sum.red += red / float64(n)
			sum.right += right / float64(n)
			sum.wrong += wrong / float64(n)
			sum.open += open * (1 - red) / float64(n)
			sum.budget += float64(pairs) / MaxPairs / float64(n)
			break
		}
	}
	return sum
}

// TestSimulatedUnchanged holds the rule to what it promises when nothing has changed.
func TestSimulatedUnchanged(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 100
	}
	for _, w := range []world{
		{lines: 24, noise: 0.03, drift: 0.02}, {lines: 24, noise: 0.06, drift: 0.02},
		{lines: 24, noise: 0.03, drift: 0.02, spoilt: 0.15}, {lines: 24, noise: 0.06, drift: 0.02, spoilt: 0.15},
	} {
		t.Run(fmt.Sprintf("noise %v, spoilt %v", w.noise, w.spoilt), func(t *testing.T) {
			t.Parallel()
			got := w.run(n, 1, theRule)
			t.Logf("noise %2.0f %%, spoilt %2.0f %%: %.1f of %d red, %.1f %% inconclusive, %.0f %% of the budget", 100*w.noise, 100*w.spoilt, got.red*float64(n), n, 100*got.open, 100*got.budget)
			if got.red > 0.005 || got.open > 0.02 || got.budget > 0.6 {
				t.Errorf("%+v: %+v; want at most 0.5 %% red, 2 %% inconclusive, 60 %% of the budget", w, got)
			}
		})
	}
}

// TestSimulatedChange holds the rule to finding one line that has changed, and no other.
func TestSimulatedChange(t *testing.T) {
	n := *reports
	if testing.Short() {
		n = 20
	}
	for _, c := range []struct{ noise, change, want float64 }{
		{0.03, 0.25, 0.95}, {0.03, 0.30, 0.99}, {0.03, 0.50, 0.999},
		{0.06, 0.25, 0.88}, {0.06, 0.30, 0.97}, {0.06, 0.50, 0.999},
	} {
		t.Run(fmt.Sprintf("noise %v, change %v", c.noise, c.change), func(t *testing.T) {
			t.Parallel()
			got := world{lines: 24, noise: c.noise, drift: 0.02, change: c.change}.run(n, 2, theRule)
			t.Logf("noise %2.0f %%, +%.0f %%: found %.1f %%, another blamed %.1f %%, %.0f %% of the budget", 100*c.noise, 100*c.change, 100*got.right, 100*got.wrong, 100*got.budget)
			if got.right < c.want && !testing.Short() || got.wrong > 0.005 {
				t.Errorf("noise %v, change %v: found %v, another blamed %v; want %v found", c.noise, c.change, got.right, got.wrong, c.want)
			}
		})
	}
}

// TestNegativeControls takes one thing after the other away from the method: without each,
// unchanged reports turn red, and with it they do not.
func TestNegativeControls(t *testing.T) {
	n := 200
	if testing.Short() {
		n = 60
	}
	second := world{lines: 24, noise: 0.03, drift: 0.02, order: 0.25}
	noisy := world{lines: 24, noise: 0.36, drift: 0.02}
	drifts := world{lines: 24, noise: 0.03, drift: 0.25}
	for _, c := range []struct {
		name  string
		world world
		rule  ruling
	}{
		{"the sides swapped where head came first", second, func(s simulated, n int, at look) []finding {
			d := s.differences(n)
			for j := range d {
				for i := range d[j] {
					if !s.second[i] {
						d[j][i] = -d[j][i]
					}
				}
			}
			return judgePairs(s.lines, asLines(d), at, false, one)
		}},
		{"a fixed order", second, func(s simulated, n int, at look) []finding {
			d := s.differences(n)
			for j := range d {
				for i := range d[j] {
					if !s.second[i] { // had base been first here too
						d[j][i] += 2 * second.order
					}
				}
			}
			return judgePairs(s.lines, asLines(d), at, false, one)
		}},
		{"no pairing: all of base, then all of head", drifts, func(s simulated, n int, at look) []finding {
			d := make([][]float64, len(s.lines))
			for j := range d {
				for i := range n / 2 { // the first half of the time is base's, the second head's
					d[j] = append(d[j], s.side[0][j][n/2+i]-s.side[0][j][i], s.side[1][j][n/2+i]-s.side[1][j][i])
				}
			}
			return judgePairs(s.lines, asLines(d), at, false, one)
		}},
		{"requests instead of rounds", noisy, func(s simulated, n int, at look) []finding {
			findings := judgePairs(s.lines, asLines(s.differences(n)), at, false, one)
			for j := range findings {
				// Each round has 2,000 requests whose log latencies spread by 0.5: to a test of
				// requests the rounds' own differences are real.
				f := &findings[j]
				z := f.change / (0.5 * math.Sqrt(2/(2000*float64(n))))
				if f.change > s.lines[j].limit && z > 6 {
					f.status = Worse
				}
			}
			return findings
		}},
		{"no max over the lines", noisy, func(s simulated, n int, at look) []finding {
			d := s.differences(n)
			findings := judgePairs(s.lines, asLines(d), at, false, one)
			for j := range findings {
				if f := &findings[j]; f.change > s.lines[j].limit && stats.SignFlip(d[j:j+1], leastDraws, 1)[0] <= at.level {
					f.status = Worse
				}
			}
			return findings
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			with, without := c.world.run(n, 3, theRule), c.world.run(n, 3, c.rule)
			t.Logf("%s: %.1f %% red, with the rule %.1f %%", c.name, 100*without.red, 100*with.red)
			if with.red > 0.02 || without.red < 0.05 {
				t.Errorf("%s: %.1f %% of unchanged reports are red, and %.1f %% with the rule; want more than 5 %% and hardly any", c.name, 100*without.red, 100*with.red)
			}
		})
	}
}
