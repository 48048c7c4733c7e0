package gate

import "time"

// ReasonKind tells reasons apart.
type ReasonKind string

// Why a verdict is not a plain pass. Each kind names the fields of a Reason that it fills.
const (
	Slower           ReasonKind = "slower"            // Route, Metric, Change, Interval, Limit
	SlowUnderLoad    ReasonKind = "slow-under-load"   // Route, Metric under load, Change, Interval, Limit
	LowerThroughput  ReasonKind = "lower-throughput"  // Route, Metric, Change, Interval, Limit
	CostsMore        ReasonKind = "costs-more"        // Route, Metric (a cost), Change, Interval, Limit
	Failing          ReasonKind = "failing"           // Route, Metric, Before, Now, Requests, Limit, Failures; Why when the rate has risen
	PastThreshold    ReasonKind = "past-threshold"    // Route, Rule, Now
	LowCoverage      ReasonKind = "low-coverage"      // Has of Needs operations were compared, Limit is the share that the policy asks for
	NoBaseline       ReasonKind = "no-baseline"       // Branch
	TooFewRuns       ReasonKind = "too-few-runs"      // Has and Needs runs of the history, Branch
	SingleRuns       ReasonKind = "single-runs"       // one run against one
	TooFewPairs      ReasonKind = "too-few-pairs"     // Has pairs, Needs as many for the next look
	OtherProfile     ReasonKind = "other-profile"     // Of; Names holds the digests: the run's, the baseline's
	OtherEnvironment ReasonKind = "other-environment" // Of; Names holds what differs
	RunNotWhole      ReasonKind = "run-not-whole"     // Of; Text, or Has of Needs rounds
	NoRun            ReasonKind = "no-run"            // there is no run to judge
	NoSamples        ReasonKind = "no-samples"        // Of; or Route and Rule: a threshold without data
	NothingCompared  ReasonKind = "nothing-compared"  // no route could be compared
	RouteMissing     ReasonKind = "route-missing"     // Route, Of: the side that lacks it
	RouteNotJudged   ReasonKind = "route-not-judged"  // Route, Why; Metric and RunTime if a longer run would be enough; Before of Requests and Failures if base fails; Rule if a threshold is in doubt
	CostNotJudged    ReasonKind = "cost-not-judged"   // the profile sets a limit for costs, and none was judged: Route, Metric (a cost), Why
	NotRequested     ReasonKind = "not-requested"     // the profile has the Route, and no side requested it
	NotReached       ReasonKind = "not-reached"       // Of, Route that fails (Now of Requests, Limit, Failures), Names of the routes that therefore were not requested, and Has more
	LostSight        ReasonKind = "lost-sight"        // Route, Metrics, Before and Now requests in a round: the change leaves too few; RunTime that would be enough; Why if another route is the cause
	LooksWorse       ReasonKind = "looks-worse"       // Route, Metric, Change, Has of Needs fresh runs
	NotProven        ReasonKind = "not-proven"        // past the limit, but it may be noise: Route, Metric, Change, Interval, Limit, Has pairs or runs, Visible, Why; of FailureRate Now, Requests, Limit, Interval
	AddedLoad        ReasonKind = "added-load"        // past the limit, but faster routes make users send more requests: Route, Metric, Change, Interval, Limit, Why
	TooNoisy         ReasonKind = "too-noisy"         // may be past the limit: Route, Metric, Interval, Limit (the guard), Has pairs, Visible
	NoisyMachine     ReasonKind = "noisy-machine"     // Has of Needs pairs were disturbed; Names has the leg of a fleet
	LegsLost         ReasonKind = "legs-lost"         // Has of Needs legs of a fleet were measured: Names has the lost ones, each with the reason; Text is the outcome of the measured ones alone
	ControlStrayed   ReasonKind = "control-strayed"   // Before and Now, the control's ns before and after the load
	CommonShift      ReasonKind = "common-shift"      // most routes moved together: Change; a notice if a control shows that the machine did not
	AgainstShift     ReasonKind = "against-shift"     // moved against the other routes: Route, Metric, Change against theirs, Limit
	BusyMachine      ReasonKind = "busy-machine"      // Of, Text; Now is the share of the machine's CPU time that others had, Before that of the load generator
	BusyGenerator    ReasonKind = "busy-generator"    // Of, Text; the same shares
	ThresholdOpen    ReasonKind = "threshold-open"    // Route, Rule: the pairing ended too early to decide; Now, for the whole plan
	Unstable         ReasonKind = "unstable"          // Course: of a soak
	NotAged          ReasonKind = "not-aged"          // the aged system was not compared with a fresh one: Text
	NotRead          ReasonKind = "not-read"          // nothing that could grow was read in a soak: Text
	NotMeasured      ReasonKind = "not-measured"      // an error, and no verdict: Text, a line of it
)

// Notices of a verdict. They do not change it.
const (
	Creep        ReasonKind = "creep"         // small changes have added up on the branch: Route, Metric, Change, Since
	Step         ReasonKind = "step"          // the branch itself changed its level: Route, Metric, Change, Commit, Since
	LowSight     ReasonKind = "low-sight"     // only large changes could be seen: Sights, and Has more; Of
	OrderEffect  ReasonKind = "order-effect"  // being loaded second made it worse: Route, Metric, Change
	CostUp       ReasonKind = "cost-up"       // surely up, by less than the limit: Route, Metric (a cost), Change, Interval, Limit
	Disturbed    ReasonKind = "disturbed"     // Has of Needs pairs were left out and replaced
	ControlMoved ReasonKind = "control-moved" // against the history: Change
	UnknownBase  ReasonKind = "unknown-base"  // the baseline may be younger than the change's base: Branch, Text
	Unsteady     ReasonKind = "unsteady"      // Course: of a soak
	IdleBusy     ReasonKind = "idle-busy"     // the idle load kept the system busy: Now is its share of the CPU, Limit the most that is idle
	NotAccepted  ReasonKind = "not-accepted"  // somebody tried to accept the change: By, Label; or Text, if that could not be found out
)

// Part is a part of a comparison.
type Part string

// The parts. The zero Part is the run that is judged.
const (
	OfBase     Part = "base"     // the first side of a pairing
	OfHead     Part = "head"     // the second
	OfPair     Part = "pair"     // the two sides, beside each other
	OfBaseline Part = "baseline" // the history
	OfFresh    Part = "fresh"    // the runs to be judged, beside each other
	OfIdle     Part = "idle"     // the idle load of a system
	OfFull     Part = "full"     // its full load
	OfLoads    Part = "loads"    // the two loads, beside each other
)

// Reason is one reason of a verdict, or one notice: a kind with its figures. It holds no sentence;
// package report has those. The comment beside each kind names the fields that it fills.
type Reason struct {
	Kind     ReasonKind    `json:"kind"`
	Of       Part          `json:"of,omitempty"`
	Route    string        `json:"route,omitempty"` // tally.All for all together
	Metric   Metric        `json:"metric,omitempty"`
	Metrics  []Metric      `json:"metrics,omitempty"`
	Rule     string        `json:"rule,omitempty"`
	Change   float64       `json:"change,omitempty"`   // relative
	Interval *Range        `json:"interval,omitempty"` // of Change, with 95 % confidence; of a failure rate with 98 %
	Limit    float64       `json:"limit,omitempty"`    // as in a Comparison
	Visible  float64       `json:"smallest_visible,omitempty"`
	Before   float64       `json:"before,omitempty"` // in the unit that the kind says; a failure rate is a share
	Now      float64       `json:"now,omitempty"`
	Requests int64         `json:"requests,omitempty"`
	Has      int           `json:"has,omitempty"`
	Needs    int           `json:"needs,omitempty"`
	Why      *Why          `json:"why,omitempty"`
	RunTime  time.Duration `json:"run_time_ns,omitempty"`
	Branch   string        `json:"branch,omitempty"`
	Commit   string        `json:"commit,omitempty"`
	Since    time.Time     `json:"since,omitzero"`
	Names    []string      `json:"names,omitempty"`
	Sights   []Sight       `json:"sights,omitempty"`
	By       string        `json:"by,omitempty"`
	Label    string        `json:"label,omitempty"`
	Text     string        `json:"text,omitempty"` // the words of another program or package, such as an error's
	Failures []Failure     `json:"failures,omitempty"`
	Course   *Course       `json:"course,omitempty"`
	Imported bool          `json:"imported,omitempty"` // another tool measured the runs, so they cannot be paired
}

// Sight is the smallest relative change that can be seen in one line.
type Sight struct {
	Route   string  `json:"route"`
	Metric  Metric  `json:"metric"`
	Visible float64 `json:"smallest_visible"`
}

// WhyKind tells the explanations of comparisons apart.
type WhyKind string

// Explanations of a comparison beyond its figures.
const (
	FewRequests   WhyKind = "few-requests"    // not judged: Has requests in a round on average, Needs; OnBase; OnStart, or RunTime if a longer run would be enough
	FewRounds     WhyKind = "few-rounds"      // not judged: too few rounds have a value that can be compared
	FewRuns       WhyKind = "few-runs"        // not judged, or not proven: the history Has fewer runs than it Needs
	NotInBaseline WhyKind = "not-in-baseline" // not judged: the baseline does not have the route
	NotAsked      WhyKind = "not-requested"   // not judged: no side requested it
	ManyFailures  WhyKind = "many-failures"   // not judged: a failed request can look fast; OnBase
	Unfinished    WhyKind = "unfinished"      // not judged: the end of the load cut off Has requests, at most Needs are allowed; OnBase
	BelowEffect   WhyKind = "below-effect"    // within: the change is smaller than Needs, in ns
	Caused        WhyKind = "caused"          // follows: from Routes, and More others; By says how they changed
	ControlToo    WhyKind = "control-too"     // unclear: the control changed by Change as well
	MoreLoad      WhyKind = "more-load"       // unclear: Change more requests per second than before, because Routes, and More others, take less time
	Restless      WhyKind = "restless"        // not proven: the runs of the history differ too much among themselves
	Risen         WhyKind = "risen"           // worse: a failure rate that has risen, inside its limit or not
	FewStarts     WhyKind = "few-starts"      // a cost is reported and not judged: the systems start Has times, Needs are needed
	Unsettled     WhyKind = "unsettled"       // a cost is reported and not judged: in Has of Needs rounds the system was still at work when a stretch ended
	Undecided     WhyKind = "undecided"       // told and not judged, because it may be past its limit or not: a cost that the profile does not ask for, or a figure of few requests; RunTime if a longer run would be enough
	NotCounted    WhyKind = "not-counted"     // a cost is not judged: it was not counted on both sides
	OtherLegs     WhyKind = "other-legs"      // unclear: past the limit on the Has legs of a fleet that were measured, of Needs
	OnlyTold      WhyKind = "only-told"       // a cost is reported and not judged: runs on other machines have other costs
)

// Why explains a comparison beyond its figures.
type Why struct {
	Kind    WhyKind       `json:"kind"`
	OnBase  bool          `json:"on_base,omitempty"`  // on the side that is compared with
	OnIdle  bool          `json:"on_idle,omitempty"`  // under the idle load
	OnStart bool          `json:"on_start,omitempty"` // no task sends it: users do when they start
	Has     float64       `json:"has,omitempty"`
	Needs   float64       `json:"needs,omitempty"`
	RunTime time.Duration `json:"run_time_ns,omitempty"`
	Change  float64       `json:"change,omitempty"`
	By      Cause         `json:"by,omitempty"`
	Routes  []string      `json:"routes,omitempty"` // at most three
	More    int           `json:"more,omitempty"`   // routes beside those
}

// Cause says how the routes changed that another route follows from.
type Cause string

// The causes.
const (
	BySlower    Cause = "slower"        // they are slower
	ByFarSlower Cause = "far-slower"    // they are slower by far more, in time
	ByFailing   Cause = "failing"       // they fail
	ByBase      Cause = "fails-on-base" // they failed in the baseline, and no longer do
	ByNew       Cause = "new"           // the baseline does not have them
	ByGone      Cause = "gone"          // they are no longer requested
)

// reasonOf is the reason that a comparison gives; not ok if it gives none.
func reasonOf(mode Mode, c *Comparison) (r Reason, ok bool) {
	r = Reason{Route: c.Route, Metric: c.Metric, Change: c.Change, Interval: c.Interval, Limit: c.Limit, Why: c.Why}
	if c.Metric == FailureRate {
		r.Change, r.Interval = 0, nil
		r.Before, r.Now, r.Requests, r.Failures = c.Baseline, c.Head, c.Requests, c.Failures
	}
	switch {
	case c.Status == Worse && c.Metric == FailureRate:
		r.Kind = Failing
	case c.Status == Worse && c.Metric == Throughput:
		r.Kind = LowerThroughput
	case c.Status == Worse && c.Metric.IsCost():
		r.Kind = CostsMore
	case c.Status == Worse && c.Metric.IsUnderLoad():
		r.Kind = SlowUnderLoad
	case c.Status == Worse:
		r.Kind = Slower
	case c.Status == Suspect:
		r.Kind, r.Interval, r.Limit, r.Why, r.Has, r.Needs = LooksWorse, nil, 0, nil, c.N, FreshRuns
	case c.Status != Unclear:
		return Reason{}, false
	case c.Metric == FailureRate:
		span := c.HeadRange
		r.Kind, r.Before, r.Interval = NotProven, 0, &span
	case c.Why != nil && c.Why.Kind == MoreLoad:
		r.Kind = AddedLoad
	case mode == Stored || c.past() > 1:
		r.Kind, r.Has, r.Visible = NotProven, c.N, c.SmallestVisible
		if mode == Stored && r.Why == nil {
			r.Why = &Why{Kind: Restless}
		}
	default:
		r.Kind, r.Has, r.Visible, r.Change, r.Limit, r.Why = TooNoisy, c.N, c.SmallestVisible, 0, guardFactor*c.Limit, nil
	}
	return r, true
}

// Reason is the reason that a comparison gives to fail the change or to doubt it; not ok if it gives
// none.
func (v *Verdict) Reason(c Comparison) (r Reason, ok bool) { return reasonOf(v.Mode, &c) }
