package gate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// The simulations of what a request costs, of docs/verdict.md: go test ./gate -run SimulatedCost -v -reports 1000

// spending is a world with costs: cpu, cycles and instructions, each with its own noise of a pair, on top of the luck of
// each start, which the three share.
type spending struct {
	world
	luck  float64 // spread of the starts' luck, of one side
	every int     // pairs of a start
	dear  float64 // relative change of all costs
	limit float64 // gate.cost; 0 for none
	all   bool    // all lines of the first route change with world.change, not one line
}

// costNoise is the spread of a pair of rounds: what two vCPUs under a load average of 12 to 18 did.
var costNoise = map[Metric]float64{CPU: 0.03, Cycles: 0.006, Instructions: 0.006}

// spent is a simulated report with costs, [metric][pair] as differences.
type spentReport struct {
	simulated
	costs map[Metric][]float64
	of    []int
}

func (w spending) report(r *rand.Rand) spentReport {
	s := spentReport{simulated: w.world.report(r), costs: map[Metric][]float64{}}
	luck := 0.0
	for i := range MaxPairs {
		if i%w.every == 0 {
			luck = w.luck * math.Sqrt2 * r.NormFloat64()
		}
		s.of = append(s.of, i/w.every)
		for _, m := range []Metric{CPU, Cycles, Instructions} {
			s.costs[m] = append(s.costs[m], math.Log1p(w.dear)+luck+costNoise[m]*studentT(r))
		}
		for j := range s.lines {
			if w.all && j/4 == 0 && j != s.slow {
				s.side[1][j][i] += simulated{slow: j, lines: s.lines}.changed(w.change)
			}
		}
	}
	return s
}

// policyOf is the policy of a world.
func (w spending) policy() Policy {
	p := DefaultPolicy()
	p.Cost = w.limit
	return p
}

// costsAt are the rows of the costs after n pairs.
func (w spending) costsAt(s spentReport, n int) *costs {
	c := &costs{p: w.policy(), of: s.of[:n], starts: s.of[n-1] + 1, most: (MaxPairs + w.every - 1) / w.every}
	c.needs = startsNeeded(costShare * (1 - c.p.Confidence))
	limit := c.p.Degradation
	if w.limit > 0 {
		limit = w.limit
	}
	for _, m := range []Metric{CPU, Cycles, Instructions} {
		r := row{line: newLine(tally.All, m, false, limit), Comparison: Comparison{Route: tally.All, Metric: m, Status: NotJudged, Limit: limit}}
		r.before, r.now = make([]float64, n), s.costs[m][:n]
		r.describe()
		c.rows = append(c.rows, r)
	}
	return c
}

// outcome is what one look says.
type outcomeAt struct {
	red, cost, open bool
	rows            []row
	hold            func(rows []row) bool
}

// inDoubt was the reason to go on before costs were judged: any line in doubt.
func inDoubt(rows []row) bool {
	return slices.ContainsFunc(rows, func(r row) bool { return r.Status == Unclear })
}

// add adds a line.
func (o *outcomeAt) add(l line, status Status, past, asked bool) {
	o.red, o.open = o.red || status == Worse, o.open || status == Unclear && asked
	o.rows = append(o.rows, row{line: l, Comparison: Comparison{Route: l.route, Metric: l.metric, Status: status, Limit: 1}})
	if past {
		o.rows[len(o.rows)-1].Change = 2
	}
}

// decide is one way to judge a report with costs.
type decide func(w spending, s spentReport, n int, at look) outcomeAt

// inShares is the rule in use: pairs and starts are families of their own.
func inShares(w spending, s spentReport, n int, at look) (o outcomeAt) {
	rest := at.beside(n)
	for j, f := range judgePairs(s.lines, asLines(s.differences(n)), rest, false, func() uint64 { return uint64(s.slow) }) {
		o.add(s.lines[j], f.status, f.change > s.lines[j].limit, true)
	}
	for _, r := range w.costsAt(s, n).judge(at, at.last, one) {
		o.cost = o.cost || r.Status == Worse
		o.hold = holds
		o.add(r.line, r.Status, r.past() > 1, true)
	}
	return o
}

// withoutCosts is the rule for a system whose costs nobody counts.
func withoutCosts(_ spending, s spentReport, n int, at look) (o outcomeAt) {
	for j, f := range judgePairs(s.lines, asLines(s.differences(n)), at, false, func() uint64 { return uint64(s.slow) }) {
		o.add(s.lines[j], f.status, f.change > s.lines[j].limit, true)
	}
	o.hold = inDoubt // as the gate did before
	return o
}

// inOneFamily judges all lines by units of one kind, with one vector of signs.
func inOneFamily(unit func(w spending, s spentReport, d []float64) []float64) decide {
	return func(w spending, s spentReport, n int, at look) (o outcomeAt) {
		lines, d := slices.Clone(s.lines), s.differences(n)
		for _, r := range w.costsAt(s, n).rows {
			lines, d = append(lines, r.line), append(d, r.now)
		}
		for j := range d {
			d[j] = unit(w, s, d[j])
		}
		o.hold = holds
		at.from = min(at.from, 8)
		units := asLines(d)
		if len(d[0]) < n {
			for j := range d {
				units[j] = stats.Means(d[j])
			}
		}
		for j, f := range judgePairs(lines, units, at, false, one) {
			isCost := j >= len(s.lines)
			o.cost = o.cost || f.status == Worse && isCost
			o.add(lines[j], f.status, f.change > lines[j].limit, !isCost || w.limit > 0)
		}
		return o
	}
}

// byPairs takes the pair as the unit of everything, byStarts the start.
var (
	byPairs  = inOneFamily(func(_ spending, _ spentReport, d []float64) []float64 { return d })
	byStarts = inOneFamily(func(_ spending, s spentReport, d []float64) []float64 { return perStart(d, s.of, s.of[len(d)-1]+1) })
)

// tried is what came of many reports.
type tried struct {
	red, cost, open float64
	pairs           []int // used by each report
}

func (t tried) median() int {
	slices.Sort(t.pairs)
	return t.pairs[len(t.pairs)/2]
}

func (w spending) run(n int, rule decide) (sum tried) {
	random := rand.New(rand.NewPCG(11, 0))
	for range n {
		s := w.report(random)
		for _, pairs := range looks {
			at, _ := lookAt(pairs, 0.01)
			o := rule(w, s, pairs, at)
			if o.hold(o.rows) && !at.last || at.early && o.red {
				continue
			}
			add := func(to *float64, is bool) {
				if is {
					*to += 1 / float64(n)
				}
			}
			add(&sum.red, o.red)
			add(&sum.cost, o.cost)
			add(&sum.open, o.open && !o.red)
			sum.pairs = append(sum.pairs, pairs)
			break
		}
	}
	return sum
}

func (t tried) String() string {
	return fmt.Sprintf("%.1f %% red, %.1f %% by a cost, %.1f %% inconclusive, %d pairs in the median", 100*t.red, 100*t.cost, 100*t.open, t.median())
}

// TestSimulatedCostUnchanged holds the costs to the promise of the whole report, with the luck of starts. With pairs
// as the unit the same reports turn red.
func TestSimulatedCostUnchanged(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 60
	}
	quiet := world{lines: 24, noise: 0.03, drift: 0.02}
	for _, w := range []spending{
		{world: quiet, luck: 0.015, every: 2}, {world: quiet, luck: 0.015, every: 2, limit: 0.03}, {world: quiet, luck: 0.03, every: 2, limit: 0.01},
		{world: quiet, luck: 0.03, every: 3, limit: 0.01}, {world: quiet, luck: 0, every: 1, limit: 0.01},
	} {
		t.Run(fmt.Sprintf("luck %v, %d pairs a start, limit %v", w.luck, w.every, w.limit), func(t *testing.T) {
			t.Parallel()
			got := w.run(n, inShares)
			t.Logf("luck of a start %.1f %%, %d pairs a start, gate.cost %.0f %%: %v", 100*w.luck, w.every, 100*w.limit, got)
			if most := max(0.005, 1.5/float64(n)); got.red > most { // of few reports, one may be red by chance
				t.Errorf("%v; want at most %.1f %% red", got, 100*most)
			}
		})
	}
	t.Run("pairs as the unit", func(t *testing.T) {
		t.Parallel()
		w := spending{world: quiet, luck: 0.03, every: 6, limit: 0.01}
		with, without := w.run(n/5, inShares), w.run(n/5, byPairs)
		t.Logf("luck of a start 3 %%, 6 pairs a start, gate.cost 1 %%: pairs as the unit: %v; starts: %v", without, with)
		if without.red < 0.05 || with.red > 0.005 {
			t.Errorf("pairs as the unit: %v; starts: %v; want more than 5 %% red, and hardly any", without, with)
		}
	})
}

// TestSimulatedCostChange: what costs find, how soon, and what one coarse flip for all lines would find.
func TestSimulatedCostChange(t *testing.T) {
	n := min(*reports, 1000)
	if testing.Short() {
		n = 20
	}
	quiet, noisy := world{lines: 24, noise: 0.03, drift: 0.02}, world{lines: 12, noise: 0.10, drift: 0.02}
	slow := noisy
	slow.change = 0.30
	for _, c := range []struct {
		name string
		w    spending
		want float64
	}{
		{"+5 % of all work, gate.cost 3 %", spending{world: quiet, luck: 0.01, every: 2, dear: 0.05, limit: 0.03}, 0.9},
		{"+10 % of all work, gate.cost 5 %", spending{world: quiet, luck: 0.015, every: 2, dear: 0.10, limit: 0.05}, 0.97},
		{"+30 % of all work", spending{world: quiet, luck: 0.015, every: 2, dear: 0.30}, 0.99},
		{"+30 % on one of three routes, gate.cost 5 %", spending{world: slow, all: true, luck: 0.015, every: 2, dear: 0.10, limit: 0.05}, 0.99},
		{"+30 % on one of three routes", spending{world: slow, all: true, luck: 0.015, every: 2, dear: 0.10}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, coarse, before := c.w.run(n, inShares), c.w.run(n, byStarts), c.w.run(n, withoutCosts)
			t.Logf("%s: %v; one flip of starts for all: %v; without costs: %v", c.name, got, coarse, before)
			if got.red < c.want && !testing.Short() {
				t.Errorf("%v; want %v red", got, c.want)
			}
			if c.want > 0 && c.w.all && !testing.Short() && got.median() >= before.median() {
				t.Errorf("%d pairs in the median, and %d without costs", got.median(), before.median())
			}
		})
	}
}
