package gate

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of a verdict. They lie above what is shown anywhere, and keep a hostile verdict cheap.
const (
	maxComparisons = 10_000
	maxThresholds  = 500
	maxReasons     = 200
	maxNames       = 20        // in one reason
	maxFailures    = 3         // of one route
	maxChanged     = 100       // differences of profiles
	maxName        = 300       // characters of a name
	maxText        = 1_000     // characters of somebody's words
	maxCount       = 1<<31 - 1 // of anything but requests
	maxRequests    = 1_000_000_000_000_000
	maxValue       = 1e18 // nanoseconds, or anything else
)

// MaxComparisons is how many comparisons Validate allows.
const MaxComparisons = maxComparisons

var commitName = regexp.MustCompile(`^[0-9a-f]{4,64}$`)

// use says where a verdict may hold a kind of reason.
type use uint8

const (
	asFailure use = 1 << iota // among the reasons of a Fail, first
	asDoubt                   // among the reasons
	asNotice                  // among the notices
	asError                   // the reasons of a verdict that is Unjudged
)

// kinds are all kinds of reasons: where each may appear, and a check of its fields.
var kinds = map[ReasonKind]struct {
	use use
	has func(r *Reason) bool
}{
	Slower: {asFailure, ofLine}, SlowUnderLoad: {asFailure, ofLine}, LowerThroughput: {asFailure, ofLine}, CostsMore: {asFailure, ofCost}, Failing: {asFailure, ofLine},
	LowCoverage:   {asFailure, func(r *Reason) bool { return r.Has < r.Needs }},
	PastThreshold: {asFailure, func(r *Reason) bool { return r.Route != "" && r.Rule != "" }},

	LooksWorse: {asDoubt, ofLine}, NotProven: {asDoubt, ofLine}, TooNoisy: {asDoubt, ofLine},
	AddedLoad:      {asDoubt, func(r *Reason) bool { return ofLine(r) && r.Why != nil && r.Why.Kind == MoreLoad }},
	RouteMissing:   {asDoubt, func(r *Reason) bool { return r.Route != "" && (r.Of == OfBase || r.Of == OfHead) }},
	RouteNotJudged: {asDoubt, func(r *Reason) bool { return r.Route != "" && r.Why != nil }},
	CostNotJudged:  {asDoubt, func(r *Reason) bool { return ofCost(r) && r.Why != nil }},
	LostSight:      {asDoubt, func(r *Reason) bool { return r.Route != "" && len(r.Metrics) > 0 }},
	NoBaseline:     {asDoubt, anything}, TooFewRuns: {asDoubt, anything}, SingleRuns: {asDoubt, anything}, TooFewPairs: {asDoubt, anything},
	OtherProfile: {asDoubt, anything}, OtherEnvironment: {asDoubt, anything}, RunNotWhole: {asDoubt, anything}, NoRun: {asDoubt, anything},
	LegsLost:  {asDoubt, func(r *Reason) bool { return r.Has < r.Needs && len(r.Names) == r.Needs-r.Has }},
	NoSamples: {asDoubt, anything}, NothingCompared: {asDoubt, anything}, NoisyMachine: {asDoubt, anything}, ControlStrayed: {asDoubt, anything},
	CommonShift: {asDoubt | asNotice, anything}, AgainstShift: {asDoubt, ofLine}, BusyMachine: {asDoubt, anything}, BusyGenerator: {asDoubt, anything},
	NotRequested: {asDoubt, func(r *Reason) bool { return r.Route != "" }},
	NotReached:   {asDoubt, func(r *Reason) bool { return r.Route != "" && len(r.Names)+r.Has > 0 }},
	Unstable:     {asFailure, ofCourse}, Unsteady: {asNotice, ofCourse},
	NotAged:       {asDoubt, func(r *Reason) bool { return r.Text != "" }},
	NotRead:       {asDoubt, func(r *Reason) bool { return r.Text != "" }},
	ThresholdOpen: {asDoubt, func(r *Reason) bool { return r.Route != "" && r.Rule != "" }},

	Creep: {asNotice, ofLine}, Step: {asNotice, ofLine}, OrderEffect: {asNotice, ofLine}, CostUp: {asNotice, ofCost},
	LowSight:    {asNotice, func(r *Reason) bool { return len(r.Sights) > 0 }},
	NotAccepted: {asNotice, func(r *Reason) bool { return r.Text != "" || r.By != "" }},
	IdleBusy:    {asNotice, anything},
	Disturbed:   {asNotice, anything}, ControlMoved: {asNotice, anything}, UnknownBase: {asNotice, anything},

	NotMeasured: {asError, func(r *Reason) bool { return r.Text != "" }},
}

func ofLine(r *Reason) bool { return r.Route != "" && slices.Contains(Metrics(), r.Metric) }

func ofCost(r *Reason) bool { return r.Route != "" && r.Metric.IsCost() }

func ofCourse(r *Reason) bool { return r.Course != nil }

func anything(*Reason) bool { return true }

// Kinds lists all kinds of reasons and notices, in the order of their names.
func Kinds() []ReasonKind {
	var all []ReasonKind
	for kind := range kinds {
		all = append(all, kind)
	}
	slices.Sort(all)
	return all
}

// Validate checks a verdict that may come from somebody else. Its error names the part that no gate can have
// written, or the bound that is exceeded. A final verdict of Judge or JudgePairs is valid after Bound has cut
// it to MaxComparisons and shortened its texts.
func (v *Verdict) Validate() error {
	for _, check := range []func() error{
		v.checkBounds, v.checkTexts, v.checkBaseline,
		func() error { return each("comparison", v.Comparisons, checkComparison) }, v.checkTwice,
		func() error { return each("threshold", v.Thresholds, checkThreshold) },
		func() error { return each("course", v.Stability, checkCourse) },
		func() error { return each("reason", v.Reasons, checkReason) },
		func() error { return each("notice", v.Notices, checkReason) },
		func() error { return each("difference", v.Changed, checkDifference) },
		v.Coverage.check, v.Cause.check, v.Loads.check, v.checkAcceptance, v.checkOutcome,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkTwice returns an error if a figure was compared twice. It allows names that Bound has cut: they may belong to
// several routes.
func (v *Verdict) checkTwice() error {
	type figure struct {
		route  string
		metric Metric
	}
	seen := make(map[figure]bool, len(v.Comparisons))
	for i := range v.Comparisons {
		one := figure{v.Comparisons[i].Route, v.Comparisons[i].Metric}
		if seen[one] && !strings.HasSuffix(one.route, "…") {
			return fmt.Errorf("comparison %d: %s of %.80q was compared before", i+1, one.metric, one.route)
		}
		seen[one] = true
	}
	return nil
}

// each checks the members of a list.
func each[T any](name string, all []T, check func(*T) error) error {
	for i := range all {
		if err := check(&all[i]); err != nil {
			return fmt.Errorf("%s %d: %w", name, i+1, err)
		}
	}
	return nil
}

func (v *Verdict) checkBounds() error {
	for _, list := range []struct {
		name      string
		n, atMost int
	}{
		{"comparisons", len(v.Comparisons), maxComparisons}, {"thresholds", len(v.Thresholds), maxThresholds},
		{"reasons", len(v.Reasons), maxReasons}, {"notices", len(v.Notices), maxReasons}, {"differences", len(v.Changed), maxChanged},
		{"courses", len(v.Stability), maxCourses},
	} {
		if list.n > list.atMost {
			return fmt.Errorf("it holds %d %s, at most %d are allowed", list.n, list.name, list.atMost)
		}
	}
	switch {
	case !isCount(v.More):
		return fmt.Errorf("it asks for %d more runs", v.More)
	case v.Compared < 0 || v.Compared > v.Total || !isCount(v.Total):
		return fmt.Errorf("%d of %d routes were compared", v.Compared, v.Total)
	}
	return nil
}

func (v *Verdict) checkTexts() error {
	names, words := v.texts()
	for _, list := range []struct {
		texts []*string
		most  int
	}{{names, maxName}, {words, maxText}} {
		for _, text := range list.texts {
			if n := utf8.RuneCountInString(*text); n > list.most {
				return fmt.Errorf("a text has %d characters, at most %d are allowed", n, list.most)
			}
		}
	}
	return nil
}

func (v *Verdict) checkBaseline() error {
	b := v.Baseline
	switch {
	case !slices.Contains([]Mode{Paired, Stored, Soak, UnderLoad}, v.Mode):
		return fmt.Errorf("%.40q is not a mode", string(v.Mode))
	case !isCount(b.Runs) || !isCount(b.Pairs) || !isCount(b.Starts) || !isCount(b.Legs):
		return fmt.Errorf("its baseline had %d runs, %d pairs and %d starts", b.Runs, b.Pairs, b.Starts)
	case v.Mode != Stored && b.Runs > 0 || v.Mode == Stored && b.Pairs > 0:
		return fmt.Errorf("a %s comparison with %d runs and %d pairs", v.Mode, b.Runs, b.Pairs)
	case b.Commit != "" && !commitName.MatchString(b.Commit):
		return fmt.Errorf("%.80q is not a commit", b.Commit)
	case b.Behind != nil && !isCount(*b.Behind):
		return fmt.Errorf("its baseline lies %d commits before its base", *b.Behind)
	case !speakable(b.Newest):
		return errors.New("the time of its baseline is out of range")
	}
	return nil
}

// speakable reports whether JSON can hold a time.
func speakable(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }

func within(v, low, high float64) bool { return v >= low && v <= high } // false for NaN

func isCount(n int) bool { return n >= 0 && n <= maxCount }

// inRange reports whether all values are numbers that may be a change, a limit or a figure.
func inRange(values ...float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return !within(v, -maxValue, maxValue) })
}

// sound reports whether a range is nil, or does not end before it begins.
func (r *Range) sound() bool {
	return r == nil || inRange(r.Low, r.High) && r.Low <= r.High
}

func checkComparison(c *Comparison) error {
	share := c.Metric == FailureRate
	switch {
	case c.Route == "":
		return errors.New("it names no route")
	case !slices.Contains(Metrics(), c.Metric):
		return fmt.Errorf("%.80q is not a metric", string(c.Metric))
	case c.Status.Severity() == 0:
		return errors.New("it has no status")
	case !inRange(c.Change, c.Limit):
		return fmt.Errorf("%s: a number is out of range", c.Metric)
	case !within(c.Baseline, 0, maxValue) || !within(c.Head, 0, maxValue) || share && (c.Baseline > 1 || c.Head > 1):
		return fmt.Errorf("%s: %g before and %g now", c.Metric, c.Baseline, c.Head)
	case !c.BaselineRange.sound() || !c.HeadRange.sound() || !c.Interval.sound():
		return fmt.Errorf("%s: a range ends before it begins, or is out of range", c.Metric)
	case !within(c.SmallestVisible, 0, maxValue) || !within(c.LetsThrough, 0, maxValue) || !within(c.Alpha, 0, 1) || c.P != nil && !within(*c.P, 0, 1):
		return fmt.Errorf("%s: a chance or a share is out of range", c.Metric)
	case c.Requests < 0 || c.Requests > maxRequests || !isCount(c.N):
		return fmt.Errorf("%s: of %d requests and %d runs", c.Metric, c.Requests, c.N)
	}
	if err := checkFailures(c.Failures); err != nil {
		return err
	}
	return c.Why.check()
}

func checkFailures(all []Failure) error {
	if len(all) > maxFailures {
		return fmt.Errorf("it names %d errors, at most %d are allowed", len(all), maxFailures)
	}
	for _, f := range all {
		if f.Count < 1 || f.Count > maxRequests || f.Class == "" && f.Text == "" {
			return fmt.Errorf("it counts %d errors of class %.40q", f.Count, f.Class)
		}
	}
	return nil
}

func checkDifference(d *Difference) error {
	if d.What == "" || d.Before == d.Now {
		return fmt.Errorf("%.80q of %.80q is the same before and now", d.What, d.Name)
	}
	return nil
}

func (w *Why) check() error {
	switch {
	case w == nil:
		return nil
	case !slices.Contains([]WhyKind{FewRequests, FewRounds, FewRuns, NotInBaseline, NotAsked, ManyFailures, Unfinished, BelowEffect, Caused, ControlToo, MoreLoad, Restless, Risen, FewStarts, Unsettled, Undecided, NotCounted, OtherLegs, OnlyTold}, w.Kind):
		return fmt.Errorf("%.80q is not an explanation", string(w.Kind))
	case !within(w.Has, 0, maxValue) || !within(w.Needs, 0, maxValue) || !inRange(w.Change) || !isCount(w.More) || w.RunTime < 0:
		return fmt.Errorf("%s: a number is out of range", w.Kind)
	case !slices.Contains([]Cause{"", BySlower, ByFarSlower, ByFailing, ByBase, ByNew, ByGone}, w.By):
		return fmt.Errorf("%.80q is not a cause", string(w.By))
	case len(w.Routes) > mostCauses || (w.Kind == Caused || w.Kind == MoreLoad) != (len(w.Routes) > 0):
		return fmt.Errorf("%s: it names %d routes", w.Kind, len(w.Routes))
	}
	return nil
}

func checkThreshold(t *Threshold) error {
	if t.Route == "" || t.Rule == "" || !within(t.Value, 0, math.MaxFloat64) || !within(t.Counted, 0, math.MaxFloat64) || !slices.Contains([]Status{Within, Worse, NotJudged}, t.Status) {
		return fmt.Errorf("%.80q of %.80q is %s at %g", t.Rule, t.Route, t.Status, t.Value)
	}
	return nil
}

func checkReason(r *Reason) error {
	kind, known := kinds[r.Kind]
	switch {
	case !known:
		return fmt.Errorf("%.80q is not a kind of reason", string(r.Kind))
	case !kind.has(r):
		return fmt.Errorf("%s: it lacks a field that it must have", r.Kind)
	case !slices.Contains([]Part{"", OfBase, OfHead, OfPair, OfBaseline, OfFresh, OfIdle, OfFull, OfLoads}, r.Of):
		return fmt.Errorf("%s: %.80q is not a part of a comparison", r.Kind, string(r.Of))
	case !inRange(r.Change, r.Limit) || !within(r.Visible, 0, maxValue) || !within(r.Before, 0, math.MaxFloat64) || !within(r.Now, 0, math.MaxFloat64):
		return fmt.Errorf("%s: a number is out of range", r.Kind)
	case !r.Interval.sound():
		return fmt.Errorf("%s: a range ends before it begins, or is out of range", r.Kind)
	case !isCount(r.Has) || !isCount(r.Needs) || r.Requests < 0 || r.Requests > maxRequests || r.RunTime < 0:
		return fmt.Errorf("%s: a count or a time is out of range", r.Kind)
	case len(r.Metrics) > len(Metrics()) || len(r.Names) > maxNames || len(r.Sights) > mostSights:
		return fmt.Errorf("%s: it names too many", r.Kind)
	case checkFailures(r.Failures) != nil:
		return fmt.Errorf("%s: %w", r.Kind, checkFailures(r.Failures))
	case !speakable(r.Since):
		return fmt.Errorf("%s: its time is out of range", r.Kind)
	case slices.ContainsFunc(r.Sights, func(s Sight) bool { return s.Route == "" || !within(s.Visible, 0, maxValue) }):
		return fmt.Errorf("%s: one of its sights is out of range", r.Kind)
	}
	if r.Course != nil {
		if err := checkCourse(r.Course); err != nil {
			return fmt.Errorf("%s: %w", r.Kind, err)
		}
	}
	return r.Why.check()
}

func (v *Verdict) checkAcceptance() error {
	switch a := v.Accepted; {
	case a == nil:
		return nil
	case a.By == "" || a.At.IsZero() || !speakable(a.At):
		return errors.New("it is accepted, but does not say by whom and when")
	case !isCount(a.Pull):
		return fmt.Errorf("it is accepted on pull request %d", a.Pull)
	case v.Outcome == Fail || v.Outcome == Unjudged || !v.worse():
		return errors.New("it is accepted, but there was nothing to accept")
	}
	return nil
}

// worse reports whether anything is past its limit.
func (v *Verdict) worse() bool {
	return v.Coverage != nil && v.Coverage.Low || slices.ContainsFunc(v.Comparisons, func(c Comparison) bool { return c.Status == Worse }) ||
		slices.ContainsFunc(v.Thresholds, func(t Threshold) bool { return t.Status == Worse }) ||
		slices.ContainsFunc(v.Stability, func(c Course) bool { return c.Status == Worse })
}

// checkOutcome checks that the outcome fits the rest of the verdict.
func (v *Verdict) checkOutcome() error {
	worse, accepted := v.worse(), v.Accepted != nil
	doubtful := slices.ContainsFunc(v.Comparisons, func(c Comparison) bool { return c.Status == Unclear || c.Status == Suspect })
	switch {
	case v.Outcome == Pass && v.Compared == 0 && !slices.ContainsFunc(v.Stability, Course.judged):
		return errors.New("it passes although nothing was compared")
	case v.Outcome == Pass && !accepted && (worse || doubtful || len(v.Reasons) > 0):
		return errors.New("it passes although something is worse or in doubt")
	case v.Outcome == Fail && !worse:
		return errors.New("it fails although nothing is worse")
	case v.Outcome == Inconclusive && (worse && !accepted || len(v.Reasons) == 0):
		return errors.New("it is inconclusive, but gives no reason, or something is worse")
	case v.Outcome == Unjudged && (len(v.Comparisons)+v.Compared > 0 || len(v.Reasons) == 0):
		return errors.New("it is unjudged, but compares something or gives no reason")
	case v.Outcome > Inconclusive:
		return errors.New("its outcome is unknown")
	case slices.ContainsFunc(v.Reasons, func(r Reason) bool { return kinds[r.Kind].use&v.mayGive() == 0 }):
		return fmt.Errorf("it is %s, but gives reasons of another kind", v.Outcome)
	case v.Outcome == Fail && (len(v.Reasons) == 0 || kinds[v.Reasons[0].Kind].use != asFailure):
		return errors.New("it fails, but its first reason is none that fails a change")
	case slices.ContainsFunc(v.Notices, func(r Reason) bool { return kinds[r.Kind].use&asNotice == 0 }):
		return errors.New("a reason stands among its notices")
	}
	return nil
}

// mayGive are the kinds of reasons that a verdict of its outcome has. A Pass has reasons if it was accepted.
func (v *Verdict) mayGive() use {
	switch v.Outcome {
	case Unjudged:
		return asError
	case Inconclusive:
		return asDoubt
	default:
		return asFailure | asDoubt
	}
}
