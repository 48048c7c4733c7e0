package gate

import (
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// SoakPolicy says what counts as unstable in a soak.
type SoakPolicy struct {
	Drift        float64 // relative change for the worse of a route's figure over the soak, which is noted
	MemoryGrowth float64 // relative growth of memory, open files, threads, goroutines or connections that fails
	Aged         bool    // at its end the system is compared with a fresh process of the same build
}

// defaultSoak is the policy of a profile that says nothing of soaks.
func defaultSoak() SoakPolicy { return SoakPolicy{Drift: 0.20, MemoryGrowth: 0.10, Aged: true} }

func readSoak(r *strict.Reader, s *SoakPolicy) func(*yaml.Node) {
	return func(n *yaml.Node) {
		r.Mapping(n,
			strict.Key("drift", "The change of a latency or of throughput over a soak that is noted.", r.Percent(&s.Drift, minDegradation, maxDegradation)),
			strict.Key("memory_growth", "The growth of memory, open files, threads, goroutines or connections over a soak that fails.", r.Percent(&s.MemoryGrowth, minDegradation, maxDegradation)),
			strict.Key("aged", "At the end of a soak, start a second, fresh process of the same build, and compare the aged one with it.", r.Bool(&s.Aged)),
		)
	}
}

// CourseKind says what a Course is about. The comment beside each says which fields it fills.
type CourseKind string

// The kinds of courses.
const (
	Drift       CourseKind = "drift"         // a figure of a route: Name is the route, Metric; Before and Now, Change, Limit
	Growth      CourseKind = "growth"        // a reading: Before and Now, Change, Limit; Has collections
	Failures    CourseKind = "failures"      // of a route: shares of all its requests, Before over the whole soak and Now in the last third; Limit
	Restarts    CourseKind = "restarts"      // a reading: Now is how many there were
	OutOfMemory CourseKind = "out-of-memory" // a reading: Now is how many processes were killed
	MemoryLimit CourseKind = "memory-limit"  // a reading: Now is how often a group was at its limit
	Died        CourseKind = "died"          // Text says how the system ended
)

// CourseWhy explains the status of a course.
type CourseWhy string

// The explanations.
const (
	ShortSoak      CourseWhy = "short"           // suspect: a soak shorter than Needs only notes it
	OnlyNoted      CourseWhy = "only-noted"      // suspect: a drift may be the machine's
	Slowing        CourseWhy = "slowing"         // suspect: it grew more slowly at the end. A longer run tells
	Uneven         CourseWhy = "uneven"          // suspect: it grew in steps, or up and down
	FewCollections CourseWhy = "few-collections" // not judged: Has collections in Over
	FewReadings    CourseWhy = "few-readings"    // not judged
)

// Course is how one thing went over a soak.
type Course struct {
	Kind   CourseKind `json:"kind"`
	Name   string     `json:"name"`
	Metric Metric     `json:"metric,omitempty"`
	// Status is Within, Worse, NotJudged, or Suspect for what is noted and does not fail.
	Status Status        `json:"status"`
	Why    CourseWhy     `json:"why,omitempty"`
	Before float64       `json:"before,omitempty"` // in the unit of the reading or the metric
	Now    float64       `json:"now,omitempty"`
	Change float64       `json:"change,omitempty"` // relative
	Limit  float64       `json:"limit,omitempty"`
	Has    int           `json:"has,omitempty"`
	Over   time.Duration `json:"over_ns,omitempty"`  // the time that it covers
	Needs  time.Duration `json:"needs_ns,omitempty"` // the time that would do
	Text   string        `json:"text,omitempty"`
}

// Soaked makes the verdict of a soak from that of the aged system against a fresh one, or from an empty verdict if there
// was no such comparison. It holds the soak r to the thresholds. A course that is Worse fails it, and a Suspect one is a
// notice. The doubts leave it open.
func (v Verdict) Soaked(p Policy, r *result.Result, courses []Course, doubts ...Reason) Verdict {
	v.Mode, v.Stability, v.More = Soak, courses, 0
	thresholds, more := judgeThresholds(p, r, extent{last: true})
	v.Thresholds, doubts = thresholds, slices.Concat(doubts, more)
	if v.Comparisons == nil {
		v.Comparisons = []Comparison{}
	}
	if v.Outcome == Unjudged && !slices.ContainsFunc(courses, Course.judged) {
		doubts = append(slices.Clone(doubts), Reason{Kind: NothingCompared})
	}
	failed := append(failures(Soak, nil, thresholds), unstable(courses)...)
	at := slices.IndexFunc(v.Reasons, func(r Reason) bool { return kinds[r.Kind].use != asFailure })
	if at < 0 {
		at = len(v.Reasons)
	}
	v.Reasons = slices.Concat(v.Reasons[:at], failed, v.Reasons[at:], doubts)
	for i := range courses {
		if courses[i].Status == Suspect {
			v = v.Note(Reason{Kind: Unsteady, Course: &courses[i]})
		}
	}
	switch {
	case len(failed) > 0 || v.Outcome == Fail:
		v.Outcome = Fail
	case len(doubts) > 0 || v.Outcome == Inconclusive:
		v.Outcome = Inconclusive
	default:
		v.Outcome = Pass
	}
	return v
}

// unstable are the reasons that courses give to fail.
func unstable(courses []Course) (reasons []Reason) {
	for i := range courses {
		if courses[i].Status == Worse {
			reasons = append(reasons, Reason{Kind: Unstable, Course: &courses[i]})
		}
	}
	return reasons
}

func (c Course) judged() bool { return c.Status != NotJudged }

// maxCourses bounds the list of a verdict.
const maxCourses = 1_000

// boundCourses copies the worst courses.
func boundCourses(all []Course) []Course {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Course) int { return b.Status.Severity() - a.Status.Severity() })
	return all[:min(len(all), maxCourses)]
}

// texts adds the texts of a course.
func (c *Course) texts(names, words []*string) (_, _ []*string) {
	if c == nil {
		return names, words
	}
	return append(names, &c.Name, (*string)(&c.Metric)), append(words, &c.Text)
}

func (c *Course) clone() *Course {
	if c == nil {
		return nil
	}
	copied := *c
	return &copied
}

func checkCourse(c *Course) error {
	switch {
	case !slices.Contains([]CourseKind{Drift, Growth, Failures, Restarts, OutOfMemory, MemoryLimit, Died}, c.Kind):
		return fmt.Errorf("%.80q is not a course", string(c.Kind))
	case !slices.Contains([]CourseWhy{"", ShortSoak, OnlyNoted, Slowing, Uneven, FewCollections, FewReadings}, c.Why):
		return fmt.Errorf("%.80q is not an explanation", string(c.Why))
	case !slices.Contains([]Status{Within, Worse, NotJudged, Suspect}, c.Status):
		return fmt.Errorf("%s of %.80q is %s", c.Kind, c.Name, c.Status)
	case c.Name == "" || c.Metric != "" && !slices.Contains(Metrics(), c.Metric):
		return fmt.Errorf("%s: it names nothing that can be judged", c.Kind)
	case !inRange(c.Before, c.Now, c.Change, c.Limit) || !isCount(c.Has) || c.Over < 0 || c.Needs < 0:
		return fmt.Errorf("%s of %.80q: a number is out of range", c.Kind, c.Name)
	}
	return nil
}
