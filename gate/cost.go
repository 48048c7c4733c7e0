package gate

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// cost is a metric's value for a request of a round; NaN if the round has none that counts. The work of a round that
// did not settle may stand in the other side's. Failed requests are cheap, so a round with more of them than the limits
// allow says nothing.
func (p Policy) cost(m Metric, r *result.Round) float64 {
	c := r.Cost
	if c == nil || c.Unsettled || c.Requests <= 0 || p.failsMore(r) {
		return math.NaN()
	}
	used := map[Metric]float64{CPU: float64(c.CPU), Cycles: float64(c.Cycles), Instructions: float64(c.Instructions)}[m]
	return used / float64(c.Requests)
}

// failsMore reports whether more requests of a round failed than the limits of its routes allow.
func (p Policy) failsMore(r *result.Round) bool {
	allowed := 0.0
	for route, f := range r.Figures {
		allowed += p.forRoute(route).FailureRate * float64(f.Requests)
	}
	return float64(r.Total.Failures) > allowed
}

// isCounted reports whether a cost was counted in any round of a side.
func isCounted(m Metric, r *result.Result) bool {
	for i := range r.Rounds {
		if c := r.Rounds[i].Cost; c != nil && (m == CPU || m == Cycles && c.Cycles > 0 || m == Instructions && c.Instructions > 0) {
			return true
		}
	}
	return false
}

// costs are the rows of the costs of a pairing, and what their rule needs.
type costs struct {
	p      Policy
	rows   []row
	of     []int // the start of each pair
	starts int
	most   int // starts that the whole budget allows at the pace so far, even if the pairing ends sooner: levels depend on it
	needs  int // starts that can prove a change
	// unsettled are the rounds of both sides that the system's late work spoilt; of all that were counted.
	unsettled, all int
}

// costsOf makes a row of each cost that both sides have. If the profile sets a limit for costs and none was counted, the
// row of the first cost says so.
func costsOf(p Policy, base, head *result.Result, pairs []int) *costs {
	c := &costs{p: p, needs: startsNeeded(costShare * p.level())}
	c.of, c.starts = startsOf(base, head, pairs)
	c.most = c.starts
	if len(pairs) > 0 {
		c.most = max(c.starts, c.starts*MaxPairs/len(pairs))
	}
	var missing []row
	for _, m := range p.Metrics {
		if !m.IsCost() {
			continue
		}
		limit := cmp.Or(p.Cost, p.Degradation)
		r := row{line: newLine(tally.All, m, false, limit), Comparison: Comparison{Route: tally.All, Metric: m, Status: NotJudged, Limit: limit}}
		if isCounted(m, base) && isCounted(m, head) {
			c.sample(&r, base, head, pairs)
			c.rows = append(c.rows, r)
			continue
		}
		r.Why = &Why{Kind: NotCounted}
		missing = append(missing, r)
	}
	if len(c.rows) == 0 && p.Cost > 0 {
		c.rows = missing[:min(len(missing), 1)]
	}
	return c
}

// sample gives a row its values in the rounds of the pairs.
func (c *costs) sample(r *row, base, head *result.Result, pairs []int) {
	c.unsettled, c.all = 0, 0
	for _, i := range pairs {
		b, h := &base.Rounds[i], &head.Rounds[i]
		r.before, r.now = append(r.before, onScale(c.p.cost(r.Metric, b), false)), append(r.now, onScale(c.p.cost(r.Metric, h), false))
		for _, one := range []*result.Round{b, h} {
			if one.Cost != nil {
				c.all++
				r.Requests += one.Cost.Requests
				if one.Cost.Unsettled {
					c.unsettled++
				}
			}
		}
	}
	r.describe()
}

// judged reports whether there will be enough starts to prove a change. Only then do costs get a share of the level.
func (c *costs) judged() bool {
	for i := range c.rows {
		if c.rows[i].now != nil {
			return c.most >= c.needs
		}
	}
	return false
}

// judge settles the rows of the costs. over says that there will be no more pairs.
func (c *costs) judge(at look, over bool, seed func() uint64) []row {
	var lines []line
	var d []stats.Paired
	var places []int
	for i := range c.rows {
		if r := &c.rows[i]; r.now != nil {
			lines, d, places = append(lines, r.line), append(d, stats.Means(perStart(r.differences(), c.of, c.starts))), append(places, i)
		}
	}
	level := 0.0
	if c.judged() {
		level = costLevel(costShare*at.report, len(c.of), c.startsAt)
	}
	rule := look{level: level, pass: at.pass, report: costShare * at.report, from: c.needs}
	if at.machines != nil { // there is one look
		rule.machines = c.startsOn(at.machines)
		if c.judged() {
			rule.level = rule.report
		}
	}
	findings := judgePairs(lines, d, rule, c.p.Strict, seed)
	for k, i := range places {
		r := &c.rows[i]
		r.found = &findings[k]
		r.settle(c.p)
		c.settle(r, over || at.last)
	}
	return c.rows
}

// startsOn are the starts of each machine, from its pairs.
func (c *costs) startsOn(machines [][]int) [][]int {
	starts := make([][]int, len(machines))
	for k, pairs := range machines {
		for _, i := range pairs {
			if n := len(starts[k]); n == 0 || starts[k][n-1] != c.of[i] {
				starts[k] = append(starts[k], c.of[i])
			}
		}
	}
	return starts
}

// startsAt counts the starts with a value among the first pairs.
func (c *costs) startsAt(pairs int) int {
	most := 0
	for i := range c.rows {
		if r := &c.rows[i]; r.now != nil {
			d := perStart(r.differences()[:pairs], c.of[:pairs], c.starts)
			most = max(most, len(there(d)))
		}
	}
	return most
}

// leastStarts is the least number of starts whose spread says anything.
const leastStarts = 4

// settle takes back what a cost does not prove. It leaves the verdict open only if the profile sets a limit for costs;
// else it only keeps the pairing going while it looks past its limit.
func (c *costs) settle(r *row, over bool) {
	switch {
	case r.found == nil || r.Why != nil || r.Status == Worse: // it has no value, or is proven
	case c.most < c.needs:
		r.untold(FewStarts, c.most, c.needs)
	case r.N < leastStarts && over, r.N < c.needs && over && r.Status != Within:
		if r.untold(FewStarts, r.N, c.needs); c.starts >= c.needs && c.unsettled > 0 {
			r.untold(Unsettled, c.unsettled, c.all)
		}
	case r.N < leastStarts && r.Status == Within && c.p.Cost > 0:
		r.Status = Unclear
	case r.Status == Unclear && c.p.Cost == 0 && (over || r.past() <= 1):
		r.Status, r.Why = NotJudged, &Why{Kind: Undecided}
	}
}

// unjudged returns the doubt that arises when the profile limits costs and none of them could be judged.
func (c *costs) unjudged() []Reason {
	if c.p.Cost == 0 || len(c.rows) == 0 || slices.ContainsFunc(c.rows, func(r row) bool { return r.Status != NotJudged }) {
		return nil
	}
	first := &c.rows[0]
	return []Reason{{Kind: CostNotJudged, Route: first.Route, Metric: first.Metric, Why: first.Why.clone()}}
}

// untold marks a cost that is reported and not judged.
func (r *row) untold(kind WhyKind, has, needs int) {
	r.Status, r.Why = NotJudged, &Why{Kind: kind, Has: float64(has), Needs: float64(needs)}
	r.P, r.LetsThrough = nil, 0
}

// leastNoticed is the least rise of a cost that is worth a notice.
const leastNoticed = 0.005

// follow marks costs that are past their limits only because routes became slower by far more.
func (c *costs) follow(rows []row) {
	for i := range c.rows {
		if r := &c.rows[i]; sureness(r.Status) > 0 {
			r.follow(r.ofWaiting(rows))
		}
	}
}

// ofWaiting names the routes whose latency has surely risen by so much more than a cost that the cost follows from it; nil if
// there is none. Users who wait longer ask less often, and a system that is less busy needs more CPU time for the same work,
// because its caches are cold and its cores asleep. It does not need more instructions.
func (r *row) ofWaiting(rows []row) *Why {
	if r.Metric == Instructions || r.found == nil {
		return nil
	}
	var names []string
	for i := range rows {
		if other := &rows[i]; other.Status == Worse && other.Route != tally.All && other.Metric.IsLatency() && r.Change < leastOfRise*other.Change {
			names = append(names, other.Route)
		}
	}
	slices.Sort(names)
	return caused(BySlower, slices.Compact(names))
}

// notices reports the first cost that has surely risen by less than its limit, and not because routes became slower.
func (c *costs) notices(rows []row) []Reason {
	for i := range c.rows {
		r := &c.rows[i]
		if r.surelyUp() && sureness(r.Status) == 0 && r.past() <= 1 && r.ofWaiting(rows) == nil {
			return []Reason{{Kind: CostUp, Route: r.Route, Metric: r.Metric, Change: r.Change, Interval: r.Interval, Limit: r.Limit}}
		}
	}
	return nil
}

// leastSure is the least number of starts that make a rise of a cost sure.
const leastSure = 6

// surelyUp reports whether a cost has risen, by its interval over the starts.
func (r *row) surelyUp() bool {
	return r.found != nil && r.N >= leastSure && r.Interval != nil && r.Interval.Low > 0 && r.Change >= leastNoticed
}

// told is what the judged run of a stored gate costs. CPU time of two machines cannot be compared, so nothing is judged.
func told(p Policy, fresh []*result.Result) []row {
	var rows []row
	for _, m := range p.Metrics {
		if !m.IsCost() {
			continue
		}
		r := row{line: newLine(tally.All, m, false, cmp.Or(p.Cost, p.Degradation))}
		for _, one := range fresh {
			if !isCounted(m, one) {
				continue
			}
			for i := range one.Rounds {
				r.now = append(r.now, onScale(p.cost(m, &one.Rounds[i]), false))
			}
		}
		if len(there(r.now)) == 0 {
			continue
		}
		r.Comparison = Comparison{Route: tally.All, Metric: m, Status: NotJudged, Limit: cmp.Or(p.Cost, p.Degradation), Why: &Why{Kind: OnlyTold}}
		r.describe()
		rows = append(rows, r)
	}
	return rows
}
