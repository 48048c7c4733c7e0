package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Outcome is the result of a Verdict. The zero value is no outcome.
type Outcome uint8

// The outcomes.
const (
	Unjudged     Outcome = iota
	Pass                 // everything compared is within its limits
	Fail                 // something is worse, or fails too often
	Inconclusive         // the gate could not tell
)

// String is the outcome as one word.
func (o Outcome) String() string {
	return [...]string{"unjudged", "pass", "fail", "inconclusive"}[o]
}

// MarshalText writes the outcome as one word.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what MarshalText wrote, and nothing else.
func (o *Outcome) UnmarshalText(text []byte) error {
	for _, known := range []Outcome{Unjudged, Pass, Fail, Inconclusive} {
		if known.String() == string(text) {
			*o = known
			return nil
		}
	}
	return fmt.Errorf("%.40q is not an outcome: pass, fail, inconclusive and unjudged are", text)
}

// Mode tells what a change was compared with.
type Mode string

// The modes.
const (
	Paired Mode = "paired" // rounds of base and head, in turn on one machine
	Stored Mode = "stored" // the history of a branch
	Soak   Mode = "soak"   // a fresh process of the same build, and its own course
	// UnderLoad is no comparison of a change: one system, idle and under its full load in turn.
	UnderLoad Mode = "under-load"
)

// Verdict is the result of a judgement. It is data: package report has the sentences.
type Verdict struct {
	Outcome     Outcome      `json:"verdict"`
	Mode        Mode         `json:"mode"`
	Reasons     []Reason     `json:"reasons"`           // most important first; empty for a plain pass
	Notices     []Reason     `json:"notices,omitempty"` // worth knowing, without effect on the outcome
	Changed     []Difference `json:"changed,omitempty"` // differences between the loads of head and base
	Comparisons []Comparison `json:"comparisons"`       // worst first
	Thresholds  []Threshold  `json:"thresholds,omitempty"`
	Stability   []Course     `json:"stability,omitempty"` // how a soak went
	Compared    int          `json:"compared"`            // routes with at least one metric judged against the baseline
	Total       int          `json:"total"`               // routes to compare
	Baseline    Baseline     `json:"baseline"`
	// More is how many more pairs or fresh runs could still tell something; 0 when the verdict
	// is final.
	More int `json:"more,omitempty"`
	// Cause says whether the system works more for a request, or only makes it wait longer; nil if that is not known, or
	// nothing is worse.
	Cause *Explanation `json:"cause,omitempty"`
	// Loads are the two loads of the system that the metrics under load compare; nil if that was not measured.
	Loads *Loads `json:"loads,omitempty"`
	// Accepted is who let a failing change pass; nil when nobody has, or there was no need.
	Accepted *Acceptance `json:"accepted,omitempty"`
	// Coverage tells how much of the API was compared; nil unless the profile names a description of it.
	Coverage *Coverage `json:"coverage,omitempty"`
}

// Difference is one part of the profile that a change has changed: both sides were measured with the changed
// profile, not with the base's own.
type Difference struct {
	What   string `json:"what"`             // the kind of thing, such as route or weight
	Name   string `json:"name,omitempty"`   // which one
	Before string `json:"before,omitempty"` // empty for what was added
	Now    string `json:"now,omitempty"`    // empty for what was removed
}

// Baseline tells what a change was compared with.
type Baseline struct {
	Branch string    `json:"branch,omitempty"`
	Runs   int       `json:"runs,omitempty"`   // of the history
	Pairs  int       `json:"pairs,omitempty"`  // of rounds
	Starts int       `json:"starts,omitempty"` // how often both sides were started, paired
	Legs   int       `json:"legs,omitempty"`   // machines of a fleet that the pairs were measured on
	Commit string    `json:"commit,omitempty"` // of the newest run, or of the base
	Newest time.Time `json:"newest,omitzero"`
	// Behind is how many commits the newest run lies before the base of the change; nil when
	// that is not known.
	Behind *int `json:"behind,omitempty"`
}

// Of gives the comparisons with a status.
func (v Verdict) Of(s Status) []Comparison {
	var matching []Comparison
	for i := range v.Comparisons {
		if v.Comparisons[i].Status == s {
			matching = append(matching, v.Comparisons[i])
		}
	}
	return matching
}

// String is the verdict in a line for tests and logs: the outcome and the kinds of its reasons.
func (v Verdict) String() string {
	parts := []string{v.Outcome.String()}
	for _, r := range v.Reasons {
		parts = append(parts, strings.TrimSpace(string(r.Kind)+" "+strings.TrimSpace(r.Route+" "+string(r.Metric))))
	}
	return strings.Join(parts, "; ")
}

// Note adds notices to the verdict.
func (v Verdict) Note(notices ...Reason) Verdict {
	v.Notices = slices.Concat(v.Notices, notices)
	return v
}

// Differs adds to the verdict how the change has changed the profile.
func (v Verdict) Differs(changes ...Difference) Verdict {
	v.Changed = slices.Concat(v.Changed, changes)
	return v
}

// On adds to the verdict how far the baseline lies before the change's base. commits are the base and
// the commits before it, newest first.
func (v Verdict) On(commits []string) Verdict {
	if i := slices.Index(commits, v.Baseline.Commit); i >= 0 {
		v.Baseline.Behind = &i
	}
	return v
}

// NoVerdict takes the place of a verdict if an error kept the gate from judging a change. Its reasons are the
// lines of the error.
func NoVerdict(m Mode, err error) Verdict {
	v := Verdict{Outcome: Unjudged, Mode: m, Comparisons: []Comparison{}}
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" && len(v.Reasons) < maxReasons {
			v.Reasons = append(v.Reasons, Reason{Kind: NotMeasured, Text: line})
		}
	}
	return v
}

// Acceptance is somebody's decision to let a change pass although it is worse, made with a label on a
// pull request or in words.
type Acceptance struct {
	By    string    `json:"by"`
	Label string    `json:"label,omitempty"`
	Pull  int       `json:"pull,omitempty"` // the number of the pull request that has the label
	Why   string    `json:"why,omitempty"`
	At    time.Time `json:"at"`
}

// Accept returns the verdict with a known change accepted: a Fail becomes a Pass that holds the
// acceptance, and keeps its comparisons and reasons. Acceptance settles no other doubt: if another
// route could not be judged, the verdict becomes Inconclusive for that reason. If nothing could be
// compared, there is nothing to accept: the verdict stays a Fail, and a notice says who tried. Accept
// returns any other verdict as it is, and ignores an acceptance that does not say by whom and when.
func (v Verdict) Accept(a Acceptance) Verdict {
	switch {
	case v.Outcome != Fail || a.By == "" || a.At.IsZero():
		return v
	case v.Compared == 0:
		return v.Note(Reason{Kind: NotAccepted, By: a.By, Label: a.Label})
	}
	v.Outcome, v.Accepted = Pass, &a
	elsewhere := v.doubtElsewhere()
	doubts := slices.DeleteFunc(slices.Clone(v.Reasons), func(r Reason) bool {
		switch r.Kind {
		case Slower, SlowUnderLoad, LowerThroughput, CostsMore, Failing, PastThreshold, LowCoverage, Unstable:
			return true
		case LostSight, CommonShift: // the accepted change is, or may be, the cause
			return true
		case NotProven, TooNoisy, LooksWorse:
			return !elsewhere
		default:
			return false
		}
	})
	if len(doubts) > 0 {
		v.Outcome, v.Reasons = Inconclusive, doubts
	}
	return v
}

// doubtElsewhere reports whether there is doubt about a route that is not worse. An acceptance covers the doubt
// about a worse route.
func (v *Verdict) doubtElsewhere() bool {
	worse := map[string]bool{tally.All: true} // something in it is
	for i := range v.Comparisons {
		if v.Comparisons[i].Status == Worse {
			worse[v.Comparisons[i].Route] = true
		}
	}
	return slices.ContainsFunc(v.Comparisons, func(c Comparison) bool {
		return (c.Status == Unclear || c.Status == Suspect) && !worse[c.Route]
	})
}

// Revoke returns the verdict without its acceptance: a Fail again, with everything that is worse among
// its reasons. A verdict that was not accepted is returned as it is.
func (v Verdict) Revoke() Verdict {
	if v.Accepted == nil {
		return v
	}
	doubts := slices.DeleteFunc(slices.Clone(v.Reasons), func(r Reason) bool {
		switch r.Kind {
		case Slower, SlowUnderLoad, LowerThroughput, CostsMore, Failing, PastThreshold, LowCoverage, Unstable:
			return true
		default:
			return false
		}
	})
	v.Outcome, v.Accepted = Fail, nil
	v.Reasons = failures(v.Mode, v.Comparisons, v.Thresholds)
	if v.Coverage != nil && v.Coverage.Low {
		v.Reasons = append(v.Reasons, v.Coverage.reason())
	}
	v.Reasons = slices.Concat(v.Reasons, unstable(v.Stability), doubts)
	return v
}

// failures are the reasons that fail a change, in the order of the comparisons.
func failures(mode Mode, comparisons []Comparison, thresholds []Threshold) []Reason {
	var reasons []Reason
	for i := range comparisons {
		if r, ok := reasonOf(mode, &comparisons[i]); ok && comparisons[i].Status == Worse {
			reasons = append(reasons, r)
		}
	}
	for _, t := range thresholds {
		if t.Status == Worse {
			reasons = append(reasons, Reason{Kind: PastThreshold, Route: t.Route, Rule: t.Rule, Now: t.Value})
		}
	}
	return reasons
}
