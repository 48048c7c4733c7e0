package gate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// The simulation of docs/verdict.md of whole services under load, in which one route changes:
//
//	go test ./gate -run SimulatedModels -v -reports 1000
//
// Users of two kinds ask routes of very different speed. In the closed model a user asks for the next route
// once the present one has answered, after a wait; a paced one begins a task every so often; in the open
// model tasks fall due at a fixed rate. Nothing queues: each answer takes its time.

// simRoute is one route of the simulated service: its median in ms, and the kind of users that ask for it.
type simRoute struct {
	name   string
	median float64
	kind   int
}

var simRoutes = []simRoute{{"GET /fast", 2, 0}, {"GET /list", 8, 0}, {"GET /item", 20, 0}, {"GET /search", 80, 1}, {"GET /report", 300, 1}}

// Users of each kind, their wait and their pace in ms.
var (
	simUsers = [2]int{6, 20}
	simWait  = [2]float64{10, 0}
	simPace  = [2]float64{40, 500}
)

const simRound = 3000.0 // ms

// simChange is what happens to one route, drawn at random, between base and head.
type simChange struct {
	name   string
	times  float64    // head's time over base's
	other  float64    // the same of another route, 0 for none
	fails  [2]float64 // of base and head: every request is answered 500, in so many ms; 0 if it is not
	lacks  [2]bool    // never requested: a step before it fails
	ignore bool       // by gate.routes
	red    bool       // a gate must fail
	// The fresh runs of a stored gate have another machine, which takes so many times as long; 0 for none. A
	// gate must not pass then.
	machine float64
}

func simChanges() []simChange {
	return []simChange{
		{name: "none", times: 1},
		{name: "40 % faster", times: 0.6},
		{name: "50 % slower", times: 1.5, red: true},
		{name: "50 % slower, another 40 % faster", times: 1.5, other: 0.6, red: true},
		{name: "three times as slow, and ignored", times: 3, ignore: true},
		{name: "repaired", times: 1, fails: [2]float64{0.3, 0}},
		{name: "repaired, and failed slowly", times: 1, fails: [2]float64{900, 0}},
		{name: "broken", times: 1, fails: [2]float64{0, 0.3}, red: true},
		{name: "broken, and fails slowly", times: 1, fails: [2]float64{0, 900}, red: true},
		{name: "new", times: 1, lacks: [2]bool{true, false}},
		{name: "gone", times: 1, lacks: [2]bool{false, true}},
		{name: "none, on a machine 25 % slower", times: 1, machine: 1.25},
		{name: "none, on a machine 20 % faster", times: 1, machine: 0.8},
		{name: "40 % slower, on one 20 % faster", times: 1.4, machine: 0.8},
	}
}

// service is the simulated service of one report.
type service struct {
	model   string
	change  simChange
	changed int // the route
	other   int // another one
	policy  Policy
	random  *rand.Rand
	bins    [simBins]float64 // latencies over the median, each as likely as the others
}

const simBins = 400

func newService(model string, change simChange, random *rand.Rand) *service {
	s := &service{model: model, change: change, changed: random.IntN(len(simRoutes)), random: random, policy: DefaultPolicy()}
	s.other = (s.changed + 1 + random.IntN(len(simRoutes)-1)) % len(simRoutes)
	if change.ignore {
		s.policy.Routes = map[string]RoutePolicy{simRoutes[s.changed].name: {Degradation: 0.2, FailureRate: 0.01, Ignore: true}}
	}
	for i := range s.bins { // log-normal, s = 0.3
		s.bins[i] = math.Exp(0.3 * math.Sqrt2 * math.Erfinv(2*(float64(i)+0.5)/simBins-1))
	}
	return s
}

// counted are the requests of one route in one round, by latency.
type counted struct {
	n, failures int64
	bins        [simBins]int64
	scale       float64 // ms
}

// round is one round of a side on a machine that is so much slower than usual, on the log scale.
func (s *service) round(side int, machine float64) result.Round {
	var routes [5]counted
	for i := range routes {
		routes[i].scale = simRoutes[i].median * math.Exp(machine+0.05*studentT(s.random))
		switch ms := s.change.fails[side]; {
		case i == s.other && side == 1 && s.change.other > 0:
			routes[i].scale *= s.change.other
		case i == s.changed && ms > 0:
			routes[i].scale = ms
		case i == s.changed && side == 1:
			routes[i].scale *= s.change.times
		}
	}
	for kind := range simUsers {
		s.load(kind, side, &routes)
	}
	return s.figures(side, &routes)
}

// load lets the users of one kind ask for their routes during a round.
func (s *service) load(kind, side int, routes *[5]counted) {
	var own []int
	for i, r := range simRoutes {
		if r.kind == kind {
			own = append(own, i)
		}
	}
	ask := func() (latency float64) {
		i := own[s.random.IntN(len(own))]
		if i == s.changed && s.change.lacks[side] {
			return 0
		}
		bin := s.random.IntN(simBins)
		routes[i].n++
		routes[i].bins[bin]++
		return s.bins[bin] * routes[i].scale
	}
	if s.model == "open" {
		for range int(float64(simUsers[kind])*simRound/simPace[kind] + math.Sqrt(simRound)*s.random.NormFloat64()/10) {
			ask()
		}
		return
	}
	for range simUsers[kind] {
		for t := s.random.Float64() * 20; t < simRound; {
			latency := ask()
			if s.model == "paced" {
				t += max(latency, simPace[kind])
			} else {
				t += latency + simWait[kind]*(0.5+s.random.Float64())
			}
		}
	}
}

// figures makes a round of what was counted.
func (s *service) figures(side int, routes *[5]counted) result.Round {
	round := result.Round{Length: simRound * time.Millisecond, Figures: map[string]result.Figures{}}
	for i := range routes {
		c := &routes[i]
		if c.n == 0 {
			continue
		}
		if i == s.changed && s.change.fails[side] > 0 {
			c.failures = c.n
		}
		f := result.Figures{Requests: c.n, Failures: c.failures, Throughput: float64(c.n-c.failures) / simRound * 1000}
		f.P50, f.P95, f.P99 = s.quantile(c, 0.5), s.quantile(c, 0.95), s.quantile(c, 0.99)
		round.Figures[simRoutes[i].name] = f
	}
	t := &round.Total
	for _, f := range round.Figures {
		t.Requests, t.Failures, t.Throughput = t.Requests+f.Requests, t.Failures+f.Failures, t.Throughput+f.Throughput
	}
	t.P50, t.P95, t.P99 = s.pooled(routes, 0.5), s.pooled(routes, 0.95), s.pooled(routes, 0.99)
	return round
}

func (s *service) quantile(c *counted, q float64) time.Duration {
	seen := int64(0)
	for i, n := range c.bins {
		if seen += n; float64(seen) >= q*float64(c.n) {
			return time.Duration(s.bins[i] * c.scale * float64(time.Millisecond))
		}
	}
	return 0
}

// pooled is a quantile of all requests, at the mix that they came in.
func (s *service) pooled(routes *[5]counted, q float64) time.Duration {
	total, below := 0.0, [5][simBins]float64{}
	for i := range routes {
		sum := 0.0
		for k, n := range routes[i].bins {
			sum += float64(n)
			below[i][k] = sum
		}
		total += sum
	}
	low, high := 0.0, 1e5 // ms
	for range 40 {
		middle, sum := (low+high)/2, 0.0
		for i := range routes {
			if k, _ := slices.BinarySearch(s.bins[:], middle/routes[i].scale); k > 0 {
				sum += below[i][k-1]
			}
		}
		if sum < q*total {
			low = middle
		} else {
			high = middle
		}
	}
	return time.Duration(high * float64(time.Millisecond))
}

// run is an empty run of the service.
func (s *service) run(id int) *result.Result {
	r := &result.Result{Schema: result.Schema, PairSeed: "5eed", Starts: 1}
	r.Series, r.ProfileDigest, r.Commit, r.Started = "shop", "d1", fmt.Sprintf("c%05d", id), time.Unix(1_700_000_000+int64(id), 0)
	if s.model != "open" {
		r.Users = simUsers[0] + simUsers[1]
	}
	for _, route := range simRoutes {
		r.PlannedRoutes = append(r.PlannedRoutes, route.name)
	}
	return r
}

// add adds a round to a run.
func (s *service) add(r *result.Result, round result.Round) {
	round.Start = time.Duration(len(r.Rounds)) * round.Length
	r.Rounds = append(r.Rounds, round)
	r.PlannedRounds = len(r.Rounds)
	for name, f := range round.Figures {
		if r.Tally.Routes == nil {
			r.Tally.Routes = map[string]*tally.Route{}
		}
		if r.Tally.Routes[name] == nil {
			r.Tally.Routes[name] = &tally.Route{Outcomes: map[tally.Class]int64{}}
		}
		r.Tally.Routes[name].Outcomes[tally.OK] += f.Requests - f.Failures
		r.Tally.Routes[name].Outcomes[tally.Status] += f.Failures
	}
}

// paired is the verdict of a paired gate.
func (s *service) paired() (v Verdict) {
	base, head := s.run(1), s.run(2)
	level, first := 0.0, 0
	for i := range MaxPairs {
		if first = 1 - first; i%2 == 0 {
			first = s.random.IntN(2)
		}
		for turn := range 2 {
			level = 0.9*level + 0.02*s.random.NormFloat64()
			side := []*result.Result{base, head}[first^turn]
			round := s.round(first^turn, level+0.02*studentT(s.random))
			round.Second = turn == 1
			s.add(side, round)
		}
		if _, ok := lookAt(i+1, 0.01); !ok {
			continue
		}
		if v = JudgePairs(s.policy, base, head, i+1 == MaxPairs); v.More == 0 {
			break
		}
	}
	return v
}

// stored is the verdict of a stored gate with a history of 20 runs.
func (s *service) stored() Verdict {
	measure := func(id, side int) *result.Result {
		r, machine := s.run(id), 0.04*studentT(s.random)
		if side == 1 && s.change.machine > 0 {
			machine += math.Log(s.change.machine)
		}
		for range 4 {
			s.add(r, s.round(side, machine))
		}
		return r
	}
	var history []result.Summary
	for i := range 20 {
		history = append(history, measure(i, 0).Summary())
	}
	fresh := []*result.Result{measure(100, 1)}
	v := Judge(s.policy, fresh, history)
	if v.More > 0 {
		for i := range v.More {
			fresh = append(fresh, measure(101+i, 1))
		}
		v = Judge(s.policy, fresh, history)
	}
	return v
}

// came counts the outcomes of many reports.
type came struct{ pass, fail, open, alone, others, named int }

func (c *came) add(s *service, v Verdict) {
	switch v.Outcome {
	case Pass:
		c.pass++
	case Fail:
		c.fail++
	default:
		c.open++
	}
	var blamed []string
	for _, row := range v.Of(Worse) {
		if !slices.Contains(blamed, row.Route) {
			blamed = append(blamed, row.Route)
		}
	}
	name := simRoutes[s.changed].name
	if slices.Contains(blamed, name) || slices.ContainsFunc(v.Reasons, func(r Reason) bool { return r.Route == name }) {
		c.named++
	}
	switch {
	case len(blamed) == 1 && blamed[0] == name && s.change.red:
		c.alone++
	case len(blamed) > 0 && !(s.change.red && slices.Equal(blamed, []string{name})):
		c.others++
	}
}

// TestSimulatedModels checks that the gate blames the route that changed for the worse, and no other, in every
// model of load.
func TestSimulatedModels(t *testing.T) {
	n := max(*reports/10, 10) // there are 75 cells
	if *reports >= 1000 {
		n = *reports
	}
	if testing.Short() {
		n = 6
	}
	for _, mode := range []Mode{Paired, Stored} {
		for _, model := range []string{"closed", "paced", "open"} {
			for k, change := range simChanges() {
				if change.machine > 0 && mode == Paired { // both sides have it
					continue
				}
				t.Run(strings.Join([]string{string(mode), model, change.name}, " "), func(t *testing.T) {
					t.Parallel()
					var got came
					random := rand.New(rand.NewPCG(uint64(k), uint64(len(model)+len(mode))))
					for range n {
						s := newService(model, change, random)
						if mode == Paired {
							got.add(s, s.paired())
						} else {
							got.add(s, s.stored())
						}
					}
					t.Logf("%-6s %-6s %-32s: %5.1f %% red, %5.1f %% blame it alone, %4.1f %% blame others, %5.1f %% inconclusive, %5.1f %% pass", mode, model, change.name,
						100*float64(got.fail)/float64(n), 100*float64(got.alone)/float64(n), 100*float64(got.others)/float64(n), 100*float64(got.open)/float64(n), 100*float64(got.pass)/float64(n))
					if got.others > 1+n/100 {
						t.Errorf("%d of %d reports blame a route that has not changed for the worse", got.others, n)
					}
					if change.red && got.alone < n*9/10-1 {
						t.Errorf("%d of %d reports blame the changed route alone", got.alone, n)
					}
					if change.red && got.pass > 0 {
						t.Errorf("%d of %d reports pass", got.pass, n)
					}
					if change.machine > 0 && got.pass > 1+n/20 { // a machine that is slower than usual again
						t.Errorf("%d of %d reports pass on another machine", got.pass, n)
					}
					if change.machine > 0 && change.times > 1 && got.named < n*9/10-1 {
						t.Errorf("%d of %d reports name the changed route", got.named, n)
					}
					if !change.red && got.fail > 1+n/100 {
						t.Errorf("%d of %d reports are red", got.fail, n)
					}
				})
			}
		}
	}
}
