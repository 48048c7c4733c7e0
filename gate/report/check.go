package report

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// Bounds on what a verdict file holds. They lie above what is shown anywhere, and keep a
// hostile file from costing much.
const (
	maxComparisons = 10_000
	maxThresholds  = 500
	maxReasons     = 200
	maxTextName    = 300       // characters of a name
	maxTextLine    = 1_000     // characters of a sentence
	maxCount       = 1<<31 - 1 // of anything but requests
	maxRequests    = 1_000_000_000_000_000
	maxValue       = 1e18 // nanoseconds, or anything else
)

// check says what in a content no gate can have said; nil when it may have.
func (c *content) check() error {
	return first(
		c.checkBounds,
		c.checkTexts,
		func() error { return c.Subject.check(c.Outcome) },
		c.checkBaseline,
		func() error { return each("comparison", c.Comparisons, checkComparison) },
		func() error { return each("threshold", c.Thresholds, checkThreshold) },
		func() error { return each("reason", c.Reasons, checkReason) },
		func() error { return each("notice", c.Notices, checkReason) },
		c.checkOutcome,
	)
}

// first is the first error of several checks.
func first(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// each checks the members of a list.
func each[T any](name string, all []T, check func(T) error) error {
	for i, one := range all {
		if err := check(one); err != nil {
			return fmt.Errorf("%s %d: %w", name, i+1, err)
		}
	}
	return nil
}

func (c *content) checkBounds() error {
	for _, list := range []struct {
		name      string
		n, atMost int
	}{
		{"comparisons", len(c.Comparisons), maxComparisons}, {"thresholds", len(c.Thresholds), maxThresholds},
		{"reasons", len(c.Reasons), maxReasons}, {"notices", len(c.Notices), maxReasons}, {"rounds", len(c.Subject.Course), maxCourse},
	} {
		if list.n > list.atMost {
			return fmt.Errorf("it holds %d %s, %d are the most", list.n, list.name, list.atMost)
		}
	}
	if c.LeftOut < 0 || c.LeftOut > maxCount || c.More < 0 || c.More > maxCount {
		return fmt.Errorf("it left out %d comparisons and asks for %d runs", c.LeftOut, c.More)
	}
	if c.Compared < 0 || c.Compared > c.Total || c.Total > maxCount {
		return fmt.Errorf("%d of %d routes were compared", c.Compared, c.Total)
	}
	return nil
}

// texts are all texts of a content: names, and sentences.
func (c *content) texts() (names, lines []*string) {
	s := &c.Subject
	names = []*string{
		&s.Run, &s.Series, &s.Repository, &s.Branch, &s.Commit, &s.ProfileDigest, &s.Tool, &s.Environment.OS, &s.Environment.Arch,
		&s.Environment.CPUModel, &s.Environment.Runner, &s.Environment.ToolMajor, &s.Environment.Kernel, &s.Generator.Protocol,
		&c.Baseline.Branch, &c.Baseline.Commit,
	}
	for i := range c.Comparisons {
		names, lines = append(names, &c.Comparisons[i].Route, (*string)(&c.Comparisons[i].Metric)), append(lines, &c.Comparisons[i].Reason)
	}
	for i := range c.Thresholds {
		names = append(names, &c.Thresholds[i].Route, &c.Thresholds[i].Rule)
	}
	for _, reasons := range [][]gate.Reason{c.Reasons, c.Notices} {
		for i := range reasons {
			lines = append(lines, &reasons[i].Text)
		}
	}
	if c.Accepted != nil {
		names, lines = append(names, &c.Accepted.By), append(lines, &c.Accepted.Why)
	}
	return names, lines
}

func (c *content) checkTexts() error {
	names, lines := c.texts()
	for _, list := range []struct {
		texts []*string
		most  int
	}{{names, maxTextName}, {lines, maxTextLine}} {
		for _, text := range list.texts {
			if n := utf8.RuneCountInString(*text); n > list.most {
				return fmt.Errorf("a text has %d characters, %d are the most", n, list.most)
			}
		}
	}
	return nil
}

var (
	hexName = regexp.MustCompile(`^[0-9a-f]{64}$`)
	commit  = regexp.MustCompile(`^[0-9a-f]{4,64}$`)
)

func (s *Subject) check(outcome gate.Outcome) error {
	g, e := s.Generator, s.Environment
	switch {
	case !hexName.MatchString(s.Run) && (outcome != gate.Unjudged || s.Run != ""):
		return fmt.Errorf("its run is named %.80q", s.Run)
	case s.Series == "":
		return errors.New("it names no series")
	case s.Commit != "" && !commit.MatchString(s.Commit):
		return fmt.Errorf("%.80q is no commit", s.Commit)
	case s.Users < 0 || s.Users > maxCount || s.Starts < 0 || s.Starts > maxCount:
		return fmt.Errorf("it had %d users and %d starts", s.Users, s.Starts)
	case s.Rounds < len(s.Course) || s.Rounds > maxCount || s.RoundLength < 0 || s.Rounds > 0 && s.RoundLength == 0:
		return fmt.Errorf("it had %d rounds of %v", s.Rounds, s.RoundLength)
	case e.CPUCores < 0 || e.CPUCores > maxCount || e.MemoryGiB < 0 || e.MemoryGiB > maxCount || !within(e.LoadAverage, 0, maxValue):
		return fmt.Errorf("its machine had %d cores, %d GiB and a load of %g", e.CPUCores, e.MemoryGiB, e.LoadAverage)
	case g.Cores < 0 || g.Cores > maxCount || !within(g.CPUShare, 0, maxValue) || g.LagP50 < 0 || g.LagP99 < g.LagP50 || g.LagMax < 0 || g.GCPauses < 0 || g.GCPauseMax < 0:
		return errors.New("its load generator did what is impossible")
	}
	return each("round", s.Course, func(r Round) error {
		if r.P50 < 0 || r.P95 < r.P50 || !within(r.Throughput, 0, maxValue) || r.Failures < 0 || r.Requests < r.Failures || r.Requests > maxRequests {
			return fmt.Errorf("its figures are impossible: %+v", r)
		}
		return nil
	})
}

func (c *content) checkBaseline() error {
	b := c.Baseline
	switch {
	case c.Mode != gate.Paired && c.Mode != gate.Stored:
		return fmt.Errorf("%.40q is no way to compare", string(c.Mode))
	case b.Runs < 0 || b.Runs > maxCount || b.Pairs < 0 || b.Pairs > maxCount || b.Starts < 0 || b.Starts > maxCount:
		return fmt.Errorf("its baseline had %d runs, %d pairs and %d starts", b.Runs, b.Pairs, b.Starts)
	case c.Mode == gate.Paired && b.Runs > 0 || c.Mode == gate.Stored && b.Pairs > 0:
		return fmt.Errorf("a %s comparison with %d runs and %d pairs", c.Mode, b.Runs, b.Pairs)
	case b.Commit != "" && !commit.MatchString(b.Commit):
		return fmt.Errorf("%.80q is no commit", b.Commit)
	case b.Behind != nil && (*b.Behind < 0 || *b.Behind > maxCount):
		return fmt.Errorf("its baseline lies %d commits before its base", *b.Behind)
	case !speakable(b.Newest):
		return errors.New("its baseline is of no time")
	}
	return nil
}

// speakable reports whether JSON can hold a time.
func speakable(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }

func within(v, low, high float64) bool { return v >= low && v <= high } // false for NaN

func checkComparison(c gate.Comparison) error {
	numbers := []float64{c.Change, c.Limit, c.BaselineRange.Low, c.BaselineRange.High, c.HeadRange.Low, c.HeadRange.High}
	if c.Interval != nil {
		numbers = append(numbers, c.Interval.Low, c.Interval.High)
	}
	share := c.Metric == gate.FailureRate
	switch {
	case c.Route == "":
		return errors.New("it names no route")
	case !slices.Contains(metrics, c.Metric):
		return fmt.Errorf("%.80q is no metric", string(c.Metric))
	case rank(c.Status) == 1 && c.Status != gate.NotJudged:
		return errors.New("it has no status")
	case slices.ContainsFunc(numbers, func(v float64) bool { return !within(v, -maxValue, maxValue) }):
		return fmt.Errorf("%s: a number is out of range", c.Metric)
	case !within(c.Baseline, 0, maxValue) || !within(c.Head, 0, maxValue) || share && (c.Baseline > 1 || c.Head > 1):
		return fmt.Errorf("%s: %g before and %g now", c.Metric, c.Baseline, c.Head)
	case c.BaselineRange.Low > c.BaselineRange.High || c.HeadRange.Low > c.HeadRange.High || c.Interval != nil && c.Interval.Low > c.Interval.High:
		return fmt.Errorf("%s: a range ends before it begins", c.Metric)
	case !within(c.SmallestVisible, 0, maxValue) || !within(c.Alpha, 0, 1) || c.P != nil && !within(*c.P, 0, 1):
		return fmt.Errorf("%s: a chance or a share is out of range", c.Metric)
	case c.Requests < 0 || c.Requests > maxRequests || c.N < 0 || c.N > maxCount:
		return fmt.Errorf("%s: of %d requests and %d runs", c.Metric, c.Requests, c.N)
	}
	return nil
}

func checkThreshold(t gate.Threshold) error {
	if t.Route == "" || t.Rule == "" || !within(t.Value, 0, math.MaxFloat64) || !slices.Contains([]gate.Status{gate.Within, gate.Worse, gate.NotJudged}, t.Status) {
		return fmt.Errorf("%.80q of %.80q is %s at %g", t.Rule, t.Route, t.Status, t.Value)
	}
	return nil
}

// shown are the kinds of reasons that no table of words lists otherwise.
var shown = []gate.ReasonKind{
	gate.Slower, gate.LowerThroughput, gate.Failing, gate.PastThreshold, gate.Creep, gate.Step, gate.LowSight, gate.OrderEffect, gate.Disturbed,
	gate.UnknownBase, gate.NotAccepted, gate.NotMeasured,
}

func checkReason(r gate.Reason) error {
	if _, isDoubt := doubts[r.Kind]; !isDoubt && !slices.Contains(shown, r.Kind) {
		return fmt.Errorf("%.80q is no kind of reason", string(r.Kind))
	}
	if r.Text == "" {
		return fmt.Errorf("%s: it says nothing", r.Kind)
	}
	return nil
}

// checkOutcome holds the outcome to what stands in the verdict.
func (c *content) checkOutcome() error {
	worse := len(c.Of(gate.Worse)) > 0 || slices.ContainsFunc(c.Thresholds, func(t gate.Threshold) bool { return t.Status == gate.Worse })
	doubtful := len(c.Of(gate.Unclear))+len(c.Of(gate.Suspect)) > 0
	switch a := c.Accepted; {
	case a != nil && (a.By == "" || a.At.IsZero() || !speakable(a.At)):
		return errors.New("it is accepted, and does not say by whom and when")
	case a != nil && (c.Outcome == gate.Fail || c.Outcome == gate.Unjudged || !worse):
		return errors.New("it is accepted, and there was nothing to accept")
	case c.Outcome == gate.Pass && c.Compared == 0:
		return errors.New("it passes, and nothing was compared")
	case c.Outcome == gate.Pass && a == nil && (worse || doubtful || len(c.Reasons) > 0):
		return errors.New("it passes, and names what is worse or in doubt")
	case c.Outcome == gate.Fail && !worse:
		return errors.New("it fails, and nothing in it is worse")
	case c.Outcome == gate.Inconclusive && (worse && a == nil || len(c.Reasons) == 0):
		return errors.New("it is inconclusive, and does not say why, or names what is worse")
	case c.Outcome == gate.Unjudged && (len(c.Comparisons)+c.Compared > 0 || len(c.Reasons) == 0):
		return errors.New("it judges nothing, and compares, or does not say why")
	case slices.ContainsFunc(c.Reasons, func(r gate.Reason) bool { return (r.Kind == gate.NotMeasured) != (c.Outcome == gate.Unjudged) }):
		return fmt.Errorf("it is %s, and gives reasons of another kind", c.Outcome)
	}
	return nil
}
