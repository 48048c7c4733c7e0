package gate

import (
	"cmp"
	"errors"
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"go.yaml.in/yaml/v4"
)

// UnderLoadPolicy says how much slower a system may answer under its full load than under an idle one.
type UnderLoadPolicy struct {
	Asked       bool    // the profile has the section, so every gate judges it
	Degradation float64 // relative change of a latency that fails
	Idle        float64 // the share of the load that the idle load has, 0..1
}

// The share of the load that is idle by default, and its bounds.
const (
	usualIdle = 0.10
	leastIdle = 0.01
	mostIdle  = 0.50
)

// idleCPU is the most of its CPU time that an idle system uses.
const idleCPU = 0.10

// loadsShare is the share of the report's level that the comparison of the two loads gets, and the other comparison
// leaves, if the report has both.
const loadsShare = 0.5

// MetricsUnderLoad are the metrics that are compared between the two loads. Throughput, failures and costs of two loads
// differ by design.
func MetricsUnderLoad() []Metric { return []Metric{P50, P95} }

// underLoad is a metric of the full load, compared with the same of the idle one.
var underLoad = map[Metric]Metric{P50: P50UnderLoad, P95: P95UnderLoad}

// IsUnderLoad reports whether the metric compares the two loads of one system, and not two versions of it.
func (m Metric) IsUnderLoad() bool { return m == P50UnderLoad || m == P95UnderLoad }

// Loads are the two loads of one system that were compared.
type Loads struct {
	Idle  Burden  `json:"idle"`
	Full  Burden  `json:"full"`
	Limit float64 `json:"limit"` // how much slower the system may answer
	Pairs int     `json:"pairs"` // of rounds
}

// Burden is one of the two loads, and how busy it kept the system.
type Burden struct {
	Users    int      `json:"users,omitempty"`        // 0 in the open model
	Rate     float64  `json:"rate_per_sec,omitempty"` // tasks each second in the open model
	CPUShare *float64 `json:"cpu_share,omitempty"`    // of what the system may use, from 0 to 1; nil if it was not read
	CPUCores float64  `json:"cpu_cores,omitempty"`    // that the system used
	Unread   string   `json:"unread,omitempty"`       // why it was not
}

// JudgeUnderLoad compares the latencies of a system under its full load with those under its idle load, whose i-th rounds
// were loaded next to each other by one process. It is JudgePairs with idle in the place of base and full in that of
// head, and with the metrics of MetricsUnderLoad alone. The failures and thresholds are those of the full load.
func JudgeUnderLoad(p Policy, idle, full *result.Result, final bool) Verdict {
	few := *idle
	few.ProfileDigest = full.ProfileDigest // it differs because the load does
	v := JudgePairs(p.ofLoads(), &few, full, final)
	v.Mode, v.Baseline = UnderLoad, Baseline{Pairs: v.Baseline.Pairs}
	v.Loads = &Loads{Idle: burdenOf(idle), Full: burdenOf(full), Limit: p.UnderLoad.Degradation, Pairs: v.Baseline.Pairs}
	v.Comparisons, v.Reasons, v.Notices = slices.Clone(v.Comparisons), slices.Clone(v.Reasons), slices.Clone(v.Notices)
	for i := range v.Comparisons {
		v.Comparisons[i].ofLoads()
	}
	for _, reasons := range [][]Reason{v.Reasons, v.Notices} {
		for i := range reasons {
			reasons[i].ofLoads()
		}
	}
	v.Notices = slices.DeleteFunc(v.Notices, func(r Reason) bool { return r.Kind == OrderEffect }) // its advice is for two systems
	if share := v.Loads.Idle.CPUShare; share != nil && *share > idleCPU && v.More == 0 {
		v = v.Note(Reason{Kind: IdleBusy, Now: *share, Limit: idleCPU})
	}
	return v
}

// ofLoads is the policy for the two loads of one system.
func (p Policy) ofLoads() Policy {
	p.loads, p.Degradation, p.Cost = true, p.UnderLoad.Degradation, 0
	p.Metrics = MetricsUnderLoad()
	routes := make(map[string]RoutePolicy, len(p.Routes))
	for name, own := range p.Routes {
		own.Degradation = p.Degradation
		routes[name] = own
	}
	p.Routes = routes
	return p
}

// level is the level of a comparison. Two comparisons in one report share the report's.
func (p Policy) level() float64 {
	if p.loads || p.UnderLoad.Asked {
		return loadsShare * (1 - p.Confidence)
	}
	return 1 - p.Confidence
}

func burdenOf(r *result.Result) Burden {
	b := Burden{Users: r.Users, Rate: r.Load.Rate}
	if r.Watch == nil {
		b.Unread = "nothing was watched"
		return b
	}
	if share, known := r.Watch.Mean[result.Reading(result.OfSystem, result.CPUShare)]; known && share >= 0 {
		b.CPUShare, b.CPUCores = &share, max(r.Watch.Mean[result.Reading(result.OfSystem, result.CPUCores)], 0)
		return b
	}
	b.Unread = "it was not read"
	for _, a := range r.Watch.Absent {
		if a.Source == result.OfSystem {
			b.Unread = a.Why
		}
	}
	return b
}

// ofLoads makes a comparison of base and head one of the idle load and the full one.
func (c *Comparison) ofLoads() {
	c.Metric = cmp.Or(underLoad[c.Metric], c.Metric)
	c.Why = c.Why.ofLoads()
	if c.Metric == FailureRate { // of the full load alone
		c.Baseline, c.BaselineRange, c.Change = 0, Range{}, 0
	}
}

func (r *Reason) ofLoads() {
	r.Metric = cmp.Or(underLoad[r.Metric], r.Metric)
	r.Metrics, r.Sights = slices.Clone(r.Metrics), slices.Clone(r.Sights)
	for i := range r.Metrics {
		r.Metrics[i] = cmp.Or(underLoad[r.Metrics[i]], r.Metrics[i])
	}
	for i := range r.Sights {
		r.Sights[i].Metric = cmp.Or(underLoad[r.Sights[i].Metric], r.Sights[i].Metric)
	}
	r.Why = r.Why.ofLoads()
	switch {
	case r.Kind == Slower:
		r.Kind = SlowUnderLoad
	case r.Kind == RouteMissing:
		r.Kind, r.Why = RouteNotJudged, &Why{Kind: NotAsked, OnIdle: r.Of == OfBase}
		r.Of = OfLoads
	case r.Of == OfBase:
		r.Of = OfIdle
	case r.Of == OfHead:
		r.Of = OfFull
	case r.Of != "" || !r.Metric.IsUnderLoad() && r.Kind != Failing && r.Kind != PastThreshold && r.Kind != ThresholdOpen:
		r.Of = OfLoads
	}
	if r.Kind == Failing {
		r.Before = 0
	}
}

func (w *Why) ofLoads() *Why {
	w = w.clone()
	if w == nil {
		return nil
	}
	w.OnIdle, w.OnBase = w.OnBase, false
	if w.Kind == NotInBaseline {
		w.Kind, w.OnIdle = NotAsked, true
	}
	return w
}

// With adds a verdict of JudgeUnderLoad to one about a change: the change must be good in both. Failures and thresholds
// under load are those of the change itself, so only those that the change's own rounds do not have are added.
func (v Verdict) With(under Verdict) Verdict {
	if v.Outcome == Unjudged || under.Mode != UnderLoad {
		return v
	}
	v.Loads = under.Loads
	all := slices.Clone(v.Comparisons)
	for _, c := range under.Comparisons {
		if c.Metric.IsUnderLoad() || c.Status != Within {
			all = append(all, c)
		}
	}
	v.Comparisons = make([]Comparison, len(all))
	for k, i := range WorstFirst(all) {
		v.Comparisons[k] = all[i]
	}
	var failing, doubts []Reason
	for _, r := range append(slices.Clone(v.Reasons), under.reasonsBeside(&v)...) {
		if kinds[r.Kind].use == asFailure {
			failing = append(failing, r)
		} else {
			doubts = append(doubts, r)
		}
	}
	v.Reasons = append(failing, doubts...)
	v.Notices = slices.Concat(v.Notices, under.Notices)
	switch {
	case len(failing) > 0:
		v.Outcome = Fail
	case len(doubts) > 0:
		v.Outcome = Inconclusive
	}
	return v
}

// reasonsBeside are the reasons that another verdict does not have, about the same route and limit.
func (v *Verdict) reasonsBeside(other *Verdict) []Reason {
	return slices.DeleteFunc(slices.Clone(v.Reasons), func(r Reason) bool {
		return r.Kind == PastThreshold || r.Kind == ThresholdOpen || slices.ContainsFunc(other.Reasons, func(o Reason) bool {
			return o.Kind == r.Kind && o.Route == r.Route && o.Metric == r.Metric && o.Rule == r.Rule && o.Of == r.Of
		})
	})
}

func readUnderLoad(r *strict.Reader, n *yaml.Node, u *UnderLoadPolicy) {
	u.Asked = true
	r.Mapping(n,
		strict.Key("degradation", "How much slower than when idle the system may answer under its full load.", r.Percent(&u.Degradation, minDegradation, maxDegradation)),
		strict.Key("idle", "The share of the users, or of the rate, that is the idle load; auto for a tenth.", func(n *yaml.Node) {
			r.Choice(n, func(n *yaml.Node) int {
				if n.Kind == yaml.ScalarNode && n.Value == "auto" {
					return 0
				}
				return 1
			}, r.Match(auto, func(*yaml.Node, string) {}), r.Percent(&u.Idle, leastIdle, mostIdle))
		}),
	)
}

var auto = strict.NewPattern(`^auto$`, "auto, or a share such as 5%")

// check is an error if no gate can have compared these loads.
func (l *Loads) check() error {
	if l == nil {
		return nil
	}
	for _, b := range []Burden{l.Idle, l.Full} {
		if !isCount(b.Users) || !within(b.Rate, 0, maxValue) || !within(b.CPUCores, 0, maxValue) || b.CPUShare != nil && !within(*b.CPUShare, 0, maxValue) {
			return errors.New("one of its two loads is impossible")
		}
	}
	if !within(l.Limit, 0, maxValue) || !isCount(l.Pairs) {
		return errors.New("the limit or the pairs of its two loads are impossible")
	}
	return nil
}
