package bottleneck

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Step is judged load that stays about the same, and what was read meanwhile.
type Step struct {
	Load       float64 // users, or tasks each second in the open model
	Open       bool    // Load is a rate
	Length     time.Duration
	Throughput float64 // requests that succeeded, each second
	Response   float64 // mean response time in seconds; 0 if nothing was answered
	Median     float64 // of the response times; 0 if it is not known
	Failures   float64 // share of the requests
	Readings   map[string]float64
}

// own is the response time without the waits for a core, which others on the machine may cause. About half of them lie in the
// way of a request, measured on pools and locks beside busy programs: threads that serve none wait too.
func (s Step) own() float64 {
	delay := s.Readings[result.Reading(result.OfSystem, result.RunDelayCores)]
	if s.Throughput <= 0 {
		return s.Response
	}
	return max(s.Response-delay/2/s.Throughput, s.Response/2)
}

// sameLoad is how much the loads of rounds in one step may differ.
const sameLoad = 1.1

// Steps puts the rounds of a run together to steps of load, lightest first. A round whose load was not read has the
// load of the whole run.
func Steps(r *result.Result) []Step {
	var steps []Step
	for _, round := range r.Rounds {
		steps = append(steps, stepOf(r, round))
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(a.Load, b.Load) })
	var joined []Step
	for _, s := range steps {
		if n := len(joined); n > 0 && s.Load <= joined[n-1].Load*sameLoad && s.Open == joined[n-1].Open {
			joined[n-1] = join(joined[n-1], s)
		} else {
			joined = append(joined, s)
		}
	}
	return joined
}

func stepOf(r *result.Result, round result.Round) Step {
	s := Step{Length: round.Length, Throughput: round.Total.Throughput, Response: round.Total.P50.Seconds(), Median: round.Total.P50.Seconds(), Readings: round.Readings}
	if mean := meanOf(round.Tally); mean > 0 {
		s.Response = mean
	}
	if n := round.Total.Requests; n > 0 {
		s.Failures = float64(round.Total.Failures) / float64(n)
	}
	users, closed := round.Readings[result.Reading(result.OfGenerator, result.Users)]
	rate, open := round.Readings[result.Reading(result.OfGenerator, result.TasksPerSec)]
	switch {
	case closed:
		s.Load = users
	case open:
		s.Load, s.Open = rate, true
	case r.Load.Rate > 0:
		s.Load, s.Open = r.Load.Rate, true
	default:
		s.Load = float64(r.Users)
	}
	if len(s.Readings) == 0 && len(r.Rounds) == 1 && r.Watch != nil {
		s.Readings = r.Watch.Mean
	}
	return s
}

// meanOf is the mean response time of all routes in seconds; 0 if it is not known. It merges no histograms: a round may
// have a thousand routes.
func meanOf(t *tally.Tally) float64 {
	if t == nil {
		return 0
	}
	sum, n := 0.0, int64(0)
	for _, name := range t.Names() { // in one order, since sums of fractions depend on it
		if r := t.Routes[name]; !r.Part {
			sum, n = sum+r.Response.Mean().Seconds()*float64(r.Response.Count()), n+r.Response.Count()
		}
	}
	return sum / float64(max(n, 1))
}

// join weighs by length. A reading that only one of both has is that one's.
func join(a, b Step) Step {
	share := float64(b.Length) / max(float64(a.Length+b.Length), 1)
	mix := func(x, y float64) float64 { return x + share*(y-x) }
	joined := Step{
		Load: mix(a.Load, b.Load), Open: a.Open, Length: a.Length + b.Length, Throughput: mix(a.Throughput, b.Throughput),
		Failures: mix(a.Failures, b.Failures), Readings: maps.Clone(a.Readings),
	}
	if done := a.Throughput*a.Length.Seconds() + b.Throughput*b.Length.Seconds(); done > 0 { // each request counts once
		ofB := b.Throughput * b.Length.Seconds() / done
		joined.Response, joined.Median = a.Response+ofB*(b.Response-a.Response), a.Median+ofB*(b.Median-a.Median)
	}
	if joined.Readings == nil {
		joined.Readings = map[string]float64{}
	}
	for name, y := range b.Readings {
		if x, ok := a.Readings[name]; ok {
			y = mix(x, y)
		}
		joined.Readings[name] = y
	}
	return joined
}

// kneeShare is how much of the best throughput the first step past the knee has. Kneedle on seven doubling points is no
// better and has a parameter.
const kneeShare = 0.9

// curve is throughput by load.
type curve struct {
	steps       []Step
	best        Step // with the highest throughput
	first, last Step
	alone       float64 // the least own response time of all steps: without a queue, and with the least trouble from others
	past        Step    // the steps past the knee, of the last two doublings, together
}

func newCurve(steps []Step) curve {
	c := curve{steps: steps, best: steps[0], first: steps[0], last: steps[len(steps)-1]}
	for _, s := range steps {
		if s.Throughput > c.best.Throughput {
			c.best = s
		}
		if own := s.own(); own > 0 && (c.alone == 0 || own < c.alone) {
			c.alone = own
		}
	}
	knee := slices.IndexFunc(steps, func(s Step) bool { return s.Throughput >= kneeShare*c.best.Throughput })
	c.past = c.last
	for _, s := range steps[min(knee+1, len(steps)-1) : len(steps)-1] {
		if s.Load >= c.last.Load/4 {
			c.past = join(s, c.past)
		}
	}
	return c
}

// leastSpread is how many times the lightest load the heaviest one has to be before anything is said of how throughput
// grows.
const leastSpread = 4

// grows tells whether load differs enough between the steps.
func (c *curve) grows() bool { return len(c.steps) >= 3 && c.last.Load >= leastSpread*c.first.Load }

// elasticity is by how much throughput grows with load over the last two doublings: 1 with the load, 0 not at all.
func (c *curve) elasticity() float64 {
	before := c.first
	for _, s := range c.steps {
		if s.Load <= c.last.Load/4*1.05 {
			before = s
		}
	}
	return math.Log(max(c.last.Throughput, 1e-9)/max(before.Throughput, 1e-9)) / math.Log(c.last.Load/before.Load)
}

// atATime is how many requests are inside the system once throughput has stopped, by Little's law. The response time
// alone has to be that of a step without a queue.
func (c *curve) atATime() float64 { return c.best.Throughput * c.alone }

func (c *curve) scaling() *Scaling {
	var loads, throughputs []float64
	for _, s := range c.steps {
		loads, throughputs = append(loads, s.Load), append(throughputs, s.Throughput)
	}
	fits, clear := stats.Scalings(loads, throughputs)
	if !clear {
		return nil
	}
	s := &Scaling{Model: string(fits[0].Model), Serial: fits[0].Sigma, Limit: fits[0].Limit}
	if peak := fits[0].Peak(); c.last.Throughput < kneeShare*c.best.Throughput && peak < c.last.Load {
		s.Peak = peak
	}
	return s
}

// subjects are all that has a figure, in alphabetical order, but with the system before all others.
func subjects(readings map[string]float64, figure string) (names []string) {
	for name := range readings {
		if subject, ok := strings.CutSuffix(name, "."+figure); ok {
			names = append(names, subject)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if (a == result.OfSystem) != (b == result.OfSystem) {
			if a == result.OfSystem {
				return -1
			}
			return 1
		}
		return cmp.Compare(a, b)
	})
	return names
}

// parts are the names that follow a figure of a subject, such as devices or addresses, in alphabetical order.
func parts(readings map[string]float64, subject, figure string) (names []string) {
	for name := range readings {
		if part, ok := strings.CutPrefix(name, result.Reading(subject, figure)+"."); ok {
			names = append(names, part)
		}
	}
	slices.Sort(names)
	return names
}

// answered tells whether any request of a run succeeded.
func answered(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool { return s.Throughput > 0 })
}
