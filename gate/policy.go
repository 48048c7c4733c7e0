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
	Degradation float64       // relative change of a metric that fails, 0.2 for 20 %
	FailureRate float64       // share of failed requests that a route may have, 0..1
	Metrics     []Metric      // compared with the baseline
	MinEffect   time.Duration // a latency change smaller than this never fails
	// Confidence is that of the whole report: 0.99 lets one unchanged report in a hundred be
	// red in a paired comparison, at most.
	Confidence float64
	Strict     bool // a change fails only when its lower bound is past the limit as well
	Control    bool // a reference server is measured beside the system
	Thresholds []RouteThresholds
	Routes     map[string]RoutePolicy
	Baseline   BaselinePolicy
	// PassInDoubt lets the process exit 0 when the verdict is Inconclusive. The verdict
	// stays what it is.
	PassInDoubt bool
}

// RoutePolicy is what a route has of its own.
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
	MinRuns int    // fewer give no verdict
}

// DefaultPolicy is the policy of a profile that says nothing of its gate.
func DefaultPolicy() Policy {
	return Policy{
		Degradation: 0.20,
		FailureRate: 0.01,
		Metrics:     []Metric{P50, P95, P99, Throughput},
		MinEffect:   time.Millisecond,
		Confidence:  0.99,
		Baseline:    BaselinePolicy{Window: 20, MinRuns: 5},
	}
}

// Most runs that a window may hold, and a limit far past any sensible one.
const (
	maxWindow      = 200
	maxDegradation = 100 // 10,000 %
)

// ParsePolicy reads the gate: section of a profile, nil for none. The names are those of the
// profile's routes: a rule for another is a problem.
func ParsePolicy(file string, n *yaml.Node, routes []string) (Policy, strict.Problems) {
	r := strict.NewReader(file)
	p := DefaultPolicy()
	if n == nil {
		return p, nil
	}
	r.In("gate", func() {
		var perRoute *yaml.Node // read last: its defaults are the section's own values
		r.Mapping(n, strict.Fields{
			"degradation":  func(n *yaml.Node) { p.Degradation = degradation(r, n) },
			"failure_rate": func(n *yaml.Node) { p.FailureRate = r.Percent(n, 0, 1) },
			"metrics":      func(n *yaml.Node) { p.Metrics = parseMetrics(r, n) },
			"min_effect":   func(n *yaml.Node) { p.MinEffect = r.Duration(n, 0) },
			"confidence":   func(n *yaml.Node) { p.Confidence = r.Percent(n, 0.5, 0.999) },
			"strict":       func(n *yaml.Node) { p.Strict = r.Bool(n) },
			"control":      func(n *yaml.Node) { p.Control = r.Bool(n) },
			"thresholds":   func(n *yaml.Node) { p.Thresholds = parseThresholds(r, n, routes) },
			"routes":       func(n *yaml.Node) { perRoute = n },
			"baseline":     func(n *yaml.Node) { parseBaseline(r, n, &p.Baseline) },
			"inconclusive": func(n *yaml.Node) { p.PassInDoubt = r.OneOf(n, "fail", "pass") == "pass" },
		})
		if perRoute != nil {
			r.In("routes", func() { p.Routes = parseRoutes(r, perRoute, p, routes) })
		}
	})
	return p, r.Problems()
}

func degradation(r *strict.Reader, n *yaml.Node) float64 { return r.Percent(n, 0.001, maxDegradation) }

func parseMetrics(r *strict.Reader, n *yaml.Node) []Metric {
	var words []string
	for _, m := range []Metric{P50, P95, P99, Throughput} {
		words = append(words, string(m))
	}
	var metrics []Metric
	r.Sequence(n, func(item *yaml.Node) {
		m := Metric(r.OneOf(item, words...))
		if slices.Contains(metrics, m) {
			r.Problem(item, "%s stands here twice", m)
		}
		metrics = append(metrics, m)
	})
	if n.Kind == yaml.SequenceNode && len(metrics) == 0 {
		r.Problem(n, "the list is empty; a gate without metrics would judge nothing")
	}
	return metrics
}

func parseBaseline(r *strict.Reader, n *yaml.Node, b *BaselinePolicy) {
	r.Mapping(n, strict.Fields{
		"branch":   func(n *yaml.Node) { b.Branch = r.Text(n) },
		"window":   func(n *yaml.Node) { b.Window = r.Int(n, 1, maxWindow) },
		"min_runs": func(n *yaml.Node) { b.MinRuns = r.Int(n, 1, maxWindow) },
	})
	if b.MinRuns > b.Window {
		r.Problem(n, "min_runs is %d, more than the window of %d can hold", b.MinRuns, b.Window)
	}
}

func parseRoutes(r *strict.Reader, n *yaml.Node, p Policy, known []string) map[string]RoutePolicy {
	routes := map[string]RoutePolicy{}
	r.Entries(n, func(key, value *yaml.Node) {
		if !slices.Contains(known, key.Value) {
			r.Problem(key, "no request is counted under this name%s", strict.Suggest(key.Value, known))
		}
		rp := RoutePolicy{Degradation: p.Degradation, FailureRate: p.FailureRate}
		r.Mapping(value, strict.Fields{
			"degradation":  func(n *yaml.Node) { rp.Degradation = degradation(r, n) },
			"failure_rate": func(n *yaml.Node) { rp.FailureRate = r.Percent(n, 0, 1) },
			"ignore":       func(n *yaml.Node) { rp.Ignore = r.Bool(n) },
		})
		routes[key.Value] = rp
	})
	return routes
}

func parseThresholds(r *strict.Reader, n *yaml.Node, known []string) (all []RouteThresholds) {
	r.Entries(n, func(key, value *yaml.Node) {
		t := RouteThresholds{Route: key.Value}
		switch {
		case key.Value == "*":
			t.Route = tally.All
		case !slices.Contains(known, key.Value):
			r.Problem(key, "no request is counted under this name%s", strict.Suggest(key.Value, known))
		}
		r.Sequence(value, func(item *yaml.Node) {
			rule, err := parseRule(r.Text(item))
			if err != nil {
				r.Problem(item, "%s", err)
			}
			t.rules = append(t.rules, rule)
		})
		all = append(all, t)
	})
	return all
}

// forRoute is what holds for a route.
func (p Policy) forRoute(route string) RoutePolicy {
	if own, ok := p.Routes[route]; ok {
		return own
	}
	return RoutePolicy{Degradation: p.Degradation, FailureRate: p.FailureRate}
}
