package gate

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Policy says what counts as worse. ParsePolicy makes one; the zero Policy judges nothing.
type Policy struct {
	Degradation float64  // relative change of a metric that fails, 0.2 for 20 %
	FailureRate float64  // share of failed requests that a route may have, 0..1
	Metrics     []Metric // that are compared with the baseline
	// Cost is the relative change of a cost that fails; 0 for Degradation. If it is not 0, a cost that is still
	// undecided at the end leaves the verdict open.
	Cost      float64
	MinEffect time.Duration // a latency change smaller than this never fails
	// Confidence belongs to the whole report: 0.99 lets at most one in a hundred unchanged reports
	// be red in a paired comparison.
	Confidence float64
	Coverage   float64 // the share of the API's operations that must be compared, 0..1
	Strict     bool    // a change fails only when its lower bound is past the limit as well
	Control    bool    // a reference server is measured beside the system
	Thresholds []RouteThresholds
	Routes     map[string]RoutePolicy
	Baseline   BaselinePolicy
	Soak       SoakPolicy
	UnderLoad  UnderLoadPolicy
	// PassInDoubt lets the process exit 0 when the verdict is Inconclusive. The verdict
	// stays what it is.
	PassInDoubt bool

	loads bool // the sides are two loads of one system, and differ in all but latency by design
}

// RoutePolicy is the policy of one route.
type RoutePolicy struct {
	Degradation float64
	FailureRate float64
	Ignore      bool // neither compared nor held to the failure rate
}

// RouteThresholds are the absolute limits of a route, tally.All for all together.
type RouteThresholds struct {
	Route string
	rules []rule
}

// BaselinePolicy says which runs of the past count.
type BaselinePolicy struct {
	Branch  string // empty: the base of the pull request, else main
	Window  int    // the newest runs that are compared with
	MinRuns int    // fewer runs give no verdict
}

// DefaultPolicy is the policy of a profile that says nothing of its gate.
func DefaultPolicy() Policy {
	return Policy{
		Degradation: 0.20,
		FailureRate: 0.01,
		Metrics:     []Metric{P50, P95, P99, Throughput, CPU, Cycles, Instructions},
		MinEffect:   100 * time.Microsecond,
		Confidence:  0.99,
		Baseline:    BaselinePolicy{Window: 20, MinRuns: 5},
		Soak:        defaultSoak(),
		UnderLoad:   UnderLoadPolicy{Degradation: 0.20, Idle: usualIdle},
	}
}

// The most runs that a window may hold, and limits far past any sensible ones.
const (
	minDegradation = 0.001
	maxWindow      = 200
	maxDegradation = 100 // 10,000 %
)

// ParsePolicy reads the gate: section of a profile, nil for none. routes are the names of the
// profile's routes: a rule for another one is a problem. They are nil if nobody knows them.
func ParsePolicy(file string, n *yaml.Node, routes []string) (Policy, strict.Problems) {
	r := strict.NewReader(file)
	p := DefaultPolicy()
	if n == nil {
		return p, nil
	}
	r.In("gate", func() { readPolicy(r, n, &p, routes) })
	return p, r.Problems()
}

// PolicySchema returns the JSON Schema of the gate: section, made by the readers that ParsePolicy
// uses.
func PolicySchema() *strict.Schema {
	return strict.Describe(func(r *strict.Reader, n *yaml.Node) {
		p := DefaultPolicy()
		readPolicy(r, n, &p, nil)
	})
}

func readPolicy(r *strict.Reader, n *yaml.Node, p *Policy, routes []string) {
	inconclusive := "fail"
	var perRoute *yaml.Node // read last: its defaults are the section's own values
	var cost *yaml.Node
	r.Mapping(n,
		strict.Key("degradation", "The relative change for the worse that fails.", r.Percent(&p.Degradation, minDegradation, maxDegradation)),
		strict.Key("failure_rate", "The share of a route's requests that may fail.", r.Percent(&p.FailureRate, 0, 1)),
		strict.Key("metrics", "The metrics that are compared with the baseline.",
			strict.SeveralOf(r, &p.Metrics, "a gate without metrics would judge nothing", P50, P95, P99, Throughput, CPU, Cycles, Instructions)),
		strict.Key("cost", "The relative change of CPU time, cycles and instructions of a request that fails; by default that of degradation. If it is set, a cost that is still undecided at the end leaves the verdict open; one that was not counted, or in too few starts, is told and not judged.", func(n *yaml.Node) {
			r.Percent(&p.Cost, minDegradation, maxDegradation)(n)
			cost = n
		}),
		strict.Key("min_effect", "A change of latency smaller than this never fails.", r.Duration(&p.MinEffect, 0)),
		strict.Key("confidence", "The confidence of the whole report, not of each figure.", r.Percent(&p.Confidence, 0.5, 0.999)),
		strict.Key("coverage", "The share of the operations of api: that must be compared.", r.Percent(&p.Coverage, 0, 1)),
		strict.Key("strict", "Paired gate: a change fails only when its lower bound is past the limit too.", r.Bool(&p.Strict)),
		strict.Key("control", "Measure a small server of Plimsoll's own beside the system, to tell the machine from the change.", r.Bool(&p.Control)),
		strict.Key("thresholds", "Absolute limits by route, * for all routes together.", func(n *yaml.Node) { p.Thresholds = parseThresholds(r, n, routes) }),
		strict.Key("routes", "Limits of single routes.", strict.Later(&perRoute)),
		strict.Key("baseline", "Which recorded runs are compared with.", func(n *yaml.Node) { parseBaseline(r, n, &p.Baseline) }),
		strict.Key("soak", "What plimsoll soak holds a system to.", readSoak(r, &p.Soak)),
		strict.Key("under_load", "How much slower the system may answer under its full load than when it is idle; if it is set, every gate measures both.", func(n *yaml.Node) { readUnderLoad(r, n, &p.UnderLoad) }),
		strict.Key("inconclusive", "What an inconclusive verdict does to the exit status.", strict.OneOf(r, &inconclusive, "fail", "pass")),
	)
	p.PassInDoubt = inconclusive == "pass"
	if cost != nil && !slices.ContainsFunc(p.Metrics, Metric.IsCost) {
		r.Problem(cost, "metrics names no cost, so this limit has no effect: add cpu to metrics")
	}
	if perRoute != nil {
		r.In("routes", func() { p.Routes = parseRoutes(r, perRoute, *p, routes) })
	}
}

func parseBaseline(r *strict.Reader, n *yaml.Node, b *BaselinePolicy) {
	r.Mapping(n,
		strict.Key("branch", "The branch whose runs count; by default the base of the pull request, else main.", r.Text(&b.Branch)),
		strict.Key("window", "How many of the newest runs are compared with.", r.Int(&b.Window, 1, maxWindow)),
		strict.Key("min_runs", "With fewer runs there is no verdict.", r.Int(&b.MinRuns, 1, maxWindow)),
	)
	if b.MinRuns > b.Window {
		r.Problem(n, "min_runs is %d, but the window has room for only %d", b.MinRuns, b.Window)
	}
}

func parseRoutes(r *strict.Reader, n *yaml.Node, p Policy, known []string) map[string]RoutePolicy {
	routes := map[string]RoutePolicy{}
	r.Entries(n, func(key, value *yaml.Node) {
		if known != nil && !slices.Contains(known, key.Value) {
			r.Problem(key, "no request is counted under this name%s", strict.Suggest(key.Value, known))
		}
		const unset = -1
		rp := RoutePolicy{Degradation: unset, FailureRate: unset}
		r.Mapping(value,
			strict.Key("degradation", "The change of this route that fails.", r.Percent(&rp.Degradation, minDegradation, maxDegradation)),
			strict.Key("failure_rate", "The share of this route's requests that may fail.", r.Percent(&rp.FailureRate, 0, 1)),
			strict.Key("ignore", "Do not judge this route.", r.Bool(&rp.Ignore)),
		)
		if rp.Degradation == unset {
			rp.Degradation = p.Degradation
		}
		if rp.FailureRate == unset {
			rp.FailureRate = p.FailureRate
		}
		routes[key.Value] = rp
	})
	return routes
}

func parseThresholds(r *strict.Reader, n *yaml.Node, known []string) (all []RouteThresholds) {
	threshold := strict.NewPattern(ruleForm.String(), "a threshold such as p(95)<500 or rate>=50").Explained(func(text string) string {
		_, err := parseRule(text)
		return err.Error()
	})
	r.Entries(n, func(key, value *yaml.Node) {
		t := RouteThresholds{Route: key.Value}
		switch {
		case key.Value == "*":
			t.Route = tally.All
		case known != nil && !slices.Contains(known, key.Value):
			r.Problem(key, "no request is counted under this name%s", strict.Suggest(key.Value, known))
		}
		r.Sequence(value, r.Match(threshold, func(n *yaml.Node, text string) {
			rule, err := parseRule(text)
			if err != nil {
				r.Problem(n, "%s", err)
			}
			t.rules = append(t.rules, rule)
		}))
		all = append(all, t)
	})
	return all
}

// RouteMetrics are the metrics of routes that are compared: all but the costs.
func (p Policy) RouteMetrics() []Metric {
	return slices.DeleteFunc(slices.Clone(p.Metrics), Metric.IsCost)
}

// forRoute is the policy of a route.
func (p Policy) forRoute(route string) RoutePolicy {
	if own, ok := p.Routes[route]; ok {
		return own
	}
	return RoutePolicy{Degradation: p.Degradation, FailureRate: p.FailureRate}
}
