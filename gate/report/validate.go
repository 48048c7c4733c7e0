package report

import (
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// Bounds of a run in a verdict file.
const (
	maxSubjectText = 300       // characters of a name
	maxCount       = 1<<31 - 1 // of anything but requests
	maxRequests    = 1_000_000_000_000_000
	maxValue       = 1e18

	maxMeasured     = 200   // lines
	maxMeasuredText = 1_000 // characters of a line
)

// check is an error if no gate can have written this content.
func (c *content) check() error {
	if c.LeftOut < 0 || c.LeftOut > maxCount {
		return fmt.Errorf("it left out %d comparisons", c.LeftOut)
	}
	if c.PassInDoubt && c.Outcome != gate.Inconclusive {
		return fmt.Errorf("it lets the job go on in doubt, and its verdict is %v", c.Outcome)
	}
	if err := c.Subject.check(c.Outcome); err != nil {
		return err
	}
	return c.Validate()
}

// texts points to all texts of a subject.
func (s *Subject) texts() []*string {
	return []*string{
		&s.Run, &s.Series, &s.Repository, &s.Branch, &s.Commit, &s.ProfileDigest, &s.Tool, &s.Environment.OS, &s.Environment.Arch,
		&s.Environment.CPUModel, &s.Environment.Runner, &s.Environment.ToolMajor, &s.Environment.Kernel, &s.Generator.Protocol,
	}
}

var (
	hexName = regexp.MustCompile(`^[0-9a-f]{64}$`)
	commit  = regexp.MustCompile(`^[0-9a-f]{4,64}$`)
)

// possible tells whether a figure can be: false for NaN.
func possible(v float64) bool { return v >= 0 && v <= maxValue }

func (s *Subject) check(outcome gate.Outcome) error {
	for _, text := range s.texts() {
		if n := utf8.RuneCountInString(*text); n > maxSubjectText {
			return fmt.Errorf("a text has %d characters, at most %d are allowed", n, maxSubjectText)
		}
	}
	if len(s.Measured) > maxMeasured {
		return fmt.Errorf("it holds %d lines of what was measured, at most %d are allowed", len(s.Measured), maxMeasured)
	}
	for _, line := range s.Measured {
		if n := utf8.RuneCountInString(line); n > maxMeasuredText {
			return fmt.Errorf("a line has %d characters, at most %d are allowed", n, maxMeasuredText)
		}
	}
	g, e := s.Generator, s.Environment
	switch {
	case !hexName.MatchString(s.Run) && (outcome != gate.Unjudged || s.Run != ""):
		return fmt.Errorf("its run is named %.80q", s.Run)
	case s.Series == "":
		return errors.New("it names no series")
	case s.Commit != "" && !commit.MatchString(s.Commit):
		return fmt.Errorf("%.80q is not a commit", s.Commit)
	case s.Users < 0 || s.Users > maxCount || s.Starts < 0 || s.Starts > maxCount:
		return fmt.Errorf("it had %d users and %d starts", s.Users, s.Starts)
	case len(s.Course) > maxCourse:
		return fmt.Errorf("it holds %d rounds, at most %d are allowed", len(s.Course), maxCourse)
	case s.Rounds < len(s.Course) || s.Rounds > maxCount || s.RoundLength < 0 || s.Rounds > 0 && s.RoundLength == 0:
		return fmt.Errorf("it had %d rounds of %v", s.Rounds, s.RoundLength)
	case e.CPUCores < 0 || e.CPUCores > maxCount || e.MemoryGiB < 0 || e.MemoryGiB > maxCount || !possible(e.LoadAverage):
		return fmt.Errorf("its machine had %d cores, %d GiB and a load of %g", e.CPUCores, e.MemoryGiB, e.LoadAverage)
	case g.Cores < 0 || g.Cores > maxCount || !possible(g.CPUShare) || !possible(g.Watching) || g.LagP50 < 0 || g.LagP99 < g.LagP50 || g.LagMax < 0 || g.GCPauses < 0 || g.GCPauseMax < 0 || g.Paced.Validate() != nil:
		return errors.New("the figures of its load generator are impossible")
	}
	for i := range s.Course {
		if err := s.Course[i].check(); err != nil {
			return fmt.Errorf("round %d: %w", i+1, err)
		}
	}
	return nil
}

func (r *Round) check() error {
	if r.P50 < 0 || r.P95 < r.P50 || !possible(r.Throughput) || r.Failures < 0 || r.Requests < r.Failures || r.Requests > maxRequests {
		return fmt.Errorf("its figures are impossible: %+v", *r)
	}
	return nil
}
