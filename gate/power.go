package gate

import (
	"cmp"
	"math"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Power is how small a change of one line a whole paired comparison finds. Changes are relative, for the worse, and have
// no sign: 0.2 is 20 % more latency, or 20 % less throughput.
type Power struct {
	Route  string // tally.All for all together
	Metric Metric
	Limit  float64 // a smaller change never fails
	// Visible is the smallest change that is told from chance nine times in ten. Fails is the smallest one that fails nine
	// times in ten: it is past the limit, too.
	Visible, Fails float64
	N              int // differences that it was estimated from
	// Starts is how often a whole comparison starts both systems, for a cost. With fewer than NeedsStarts it fails nothing.
	Starts, NeedsStarts int
}

// powers collects differences of lines that have not changed, line by line.
type powers struct {
	p     Policy
	lines []powerLine
	at    map[lineName]int // places in lines
}

type lineName struct {
	route  string
	metric Metric
}

// powerLine is a line with its differences. Their number divided by their share is the number that a whole comparison
// has.
type powerLine struct {
	line
	differences []float64
	share       float64   // of a whole comparison, that the differences cover
	further     float64   // variance of a whole comparison that the differences lack
	starts      int       // of a whole comparison, for a cost
	middles     []float64 // of the line, in its unit
}

func (s *powers) of(l line) *powerLine {
	name := lineName{l.route, l.metric}
	if s.at == nil {
		s.at = map[lineName]int{}
	}
	if _, known := s.at[name]; !known {
		s.at[name] = len(s.lines)
		s.lines = append(s.lines, powerLine{line: l})
	}
	return &s.lines[s.at[name]]
}

// leastDifferences is the least number of differences whose spread says anything.
const leastDifferences = 6

// all estimates the powers of all lines with enough differences. A change that has just this size is found late, by looks
// that have about half of a family's level, and the lines of a family share that (Bonferroni).
func (s *powers) all() []Power {
	var lines, costs int
	for _, l := range s.lines {
		if l.metric.IsCost() && l.starts >= s.needs() {
			costs++
		} else if !l.metric.IsCost() {
			lines++
		}
	}
	level := s.p.level() / 2
	ofLines, ofCosts := level, costShare*level
	if costs > 0 {
		ofLines -= ofCosts
	}
	pairs := stats.Trimmed(make([]float64, MaxPairs)).DF
	var all []Power
	for _, l := range s.lines {
		own, df := ofLines/float64(lines), pairs
		if l.metric.IsCost() {
			own, df = ofCosts/float64(max(costs, 1)), l.starts-1
		}
		if one, ok := l.power(s.p, own, df); ok {
			if l.metric.IsCost() {
				one.Starts, one.NeedsStarts = l.starts, s.needs()
			}
			all = append(all, one)
		}
	}
	return all
}

// needs is the least number of starts that judge a cost.
func (s *powers) needs() int { return startsNeeded(costShare * s.p.level()) }

// power is the power of one line, tested at a level with df degrees of freedom.
func (l *powerLine) power(p Policy, level float64, df int) (Power, bool) {
	e := stats.Trimmed(l.differences)
	least := leastDifferences
	if l.metric.IsCost() {
		least = leastStarts
	}
	if e.N < least || !(l.share > 0) {
		return Power{}, false
	}
	se := math.Sqrt(e.SE*e.SE*l.share + l.further)
	visible, beyond := stats.VisibleTo(se, level, df), stats.VisibleTo(se, 0.5, df)
	fails := max(visible, l.limit+beyond)
	if middle := stats.Median(l.middles); l.metric.IsLatency() && middle > 0 {
		fails = max(fails, math.Log1p(float64(p.MinEffect)/middle)+beyond)
	}
	toll := func(onScale float64) float64 { return math.Abs(relative(onScale, l.up)) }
	one := Power{Route: l.route, Metric: l.metric, Limit: toll(l.limit), Visible: toll(visible), Fails: toll(fails), N: e.N}
	return one, finite(one.Visible) && finite(one.Fails)
}

// PowerOfPairs estimates the power of a paired gate from pairings of a system with itself, base and head of each. The more
// pairs they have, the surer the estimate. Lines of too few pairs, or too few requests, are left out.
func PowerOfPairs(p Policy, pairings [][2]*result.Result) []Power {
	s := &powers{p: p}
	for _, sides := range pairings {
		s.addPairs(sides[0], sides[1])
	}
	return s.all()
}

func (s *powers) addPairs(base, head *result.Result) {
	if misfitPair(s.p, base, head) != nil {
		return
	}
	j := pairing{p: s.p, base: base, head: head, good: undisturbed(base, head, len(base.Rounds))}
	of := j.sides()
	for _, r := range of.samplePairs(of.collect(), base, head, j.good) {
		if r.now == nil {
			continue
		}
		l := s.of(r.line)
		l.differences = append(l.differences, r.differences()...)
		l.share += float64(len(j.good)) / MaxPairs
		l.middles = append(l.middles, r.Baseline)
	}
	costs := costsOf(s.p, base, head, j.good)
	for i := range costs.rows {
		if r := &costs.rows[i]; r.now != nil {
			l := s.of(r.line)
			l.differences = append(l.differences, perStart(r.differences(), costs.of, costs.starts)...)
			l.share += float64(costs.starts) / float64(costs.most)
			l.starts = costs.most
		}
	}
}

// PowerOfRuns estimates, from runs of one series on machines of one class in the order of time, the power of a paired gate
// with runTime of judged load a side. A pair differs as much as two rounds next to each other in a run; the mean over all
// pairs differs less, by the square root of their load. Processes have their luck, so a cost also differs from start to
// start. Lines of too few rounds, or too few requests in a round, are left out.
func PowerOfRuns(p Policy, runs []*result.Result, runTime time.Duration) []Power {
	s := &powers{p: p}
	for _, r := range runs {
		s.addRun(r, runTime)
	}
	s.addLuck(runs)
	return s.all()
}

func (s *powers) addRun(r *result.Result, runTime time.Duration) {
	if !r.Whole() || len(r.Rounds) < 2 || runTime <= 0 {
		return
	}
	rounds := len(r.Rounds) / 2 * 2
	share := r.Length().Seconds() / float64(len(r.Rounds)) * float64(rounds/2) / runTime.Seconds()
	for _, route := range append([]string{tally.All}, r.Routes()...) {
		limits := s.p.forRoute(route)
		for _, m := range s.p.RouteMetrics() {
			l := newLine(route, m, m == Throughput, limits.Degradation)
			values := l.valuesOf(unitsOfRounds(r, nil))
			if limits.Ignore || !enoughRequests(r, route, m) || len(there(values)) < len(values) {
				continue
			}
			s.addRounds(l, values[:rounds], share)
		}
	}
	for _, m := range s.p.Metrics {
		if m.IsCost() && isCounted(m, r) {
			s.addRounds(newLine(tally.All, m, false, cmp.Or(s.p.Cost, s.p.Degradation)), s.costsOfRun(m, r)[:rounds], share)
		}
	}
}

// addRounds adds the differences of rounds next to each other, each round in one of them.
func (s *powers) addRounds(l line, values []float64, share float64) {
	of := s.of(l)
	for i := 0; i+1 < len(values); i += 2 {
		of.differences = append(of.differences, values[i+1]-values[i])
	}
	of.share += share
	middle, _ := unscale(values, l.up)
	of.middles = append(of.middles, middle)
}

// costsOfRun are the values of a cost in the rounds of a run, on the line's scale.
func (s *powers) costsOfRun(m Metric, r *result.Result) []float64 {
	values := make([]float64, len(r.Rounds))
	for i := range r.Rounds {
		values[i] = onScale(s.p.cost(m, &r.Rounds[i]), false)
	}
	return values
}

// enoughRequests reports whether the rounds of a run have enough requests of a route for a metric.
func enoughRequests(r *result.Result, route string, m Metric) bool {
	var n int64
	for i := range r.Rounds {
		n += r.Rounds[i].Of(route).Requests
	}
	return float64(n) >= needs(m)*float64(len(r.Rounds))
}

// Of starts, when runs do not tell how often a pairing restarts its systems.
const (
	usualStarts = MaxPairs / 2 // every two pairs, while a restart is cheap
	usualLuck   = 0.015        // spread of a start's cost, of one side (docs/verdict.md)
	leastSteps  = 4            // fewer differences from run to run do not show that the luck is less
)

// addLuck adds to each cost what differs from start to start: what differs from run to run, but at most what is usual,
// because the machine and the code differ from run to run, too.
func (s *powers) addLuck(runs []*result.Result) {
	for i := range s.lines {
		l := &s.lines[i]
		if !l.metric.IsCost() {
			continue
		}
		var steps []float64
		last := math.NaN()
		for _, r := range runs {
			if middle := stats.Median(there(s.costsOfRun(l.metric, r))); !math.IsNaN(middle) {
				steps = append(steps, middle-last)
				last = middle
			}
		}
		spread := math.Sqrt2 * usualLuck
		if steps = there(steps); len(steps) >= leastSteps {
			spread = min(spread, stats.MAD(steps))
		}
		l.starts, l.further = usualStarts, spread*spread/usualStarts
	}
}
