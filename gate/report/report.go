// Package report renders a run and its verdict for people and machines: markdown for a pull
// request and for a step's summary, tables for a terminal, and the verdict file, which another
// job can read back.
//
// A Report is a value that holds everything a renderer shows. New makes one, Decode reads one. A
// renderer takes it and an io.Writer and looks at nothing else: no clock, no environment, no
// network. Every sentence about a verdict is here: sentences.go has one for each kind of reason,
// phrases.go and failures.go the parts that they share, headline.go the few words on top and the advice,
// changed.go the differences in the load, unjudged.go the figures that could not be judged. There is a file for
// each reader: comment.go, summary.go, terminal.go and, for machines, verdictfile.go. told.go splits reports and runs into
// parts, for forms in packages of their own.
//
// Text from outside, such as the name of a route, is made harmless before it is shown: in markdown
// it appears only in code spans and fenced blocks. If something is cut for length, the text says so.
// Numbers always have their unit, and changes their sign.
package report

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Report is a verdict with the run that it is about.
type Report struct {
	Verdict gate.Verdict
	Subject Subject
	// LeftOut is how many comparisons were left out of the file that the report was read from. They
	// are less bad than those in it.
	LeftOut int
	// PassInDoubt says that the job goes on although the verdict is Inconclusive: the policy or a flag lets it.
	PassInDoubt bool

	// These depend on where the report is shown. The verdict file does not hold them: whoever shows
	// somebody else's file has links of their own.
	Links  Links
	Accept string // the label that accepts a failing change; empty if there is none
}

// Links are http or https addresses. Others, and empty ones, are not shown.
type Links struct {
	Run     string // the log of the workflow's run
	History string // the page of plimsoll history about the route that changed most
	Docs    string
}

// Subject describes the run that was judged.
type Subject struct {
	Run           string             `json:"run"` // its ID, see result.Result
	Series        string             `json:"series"`
	Repository    string             `json:"repository,omitempty"`
	Branch        string             `json:"branch,omitempty"`
	Commit        string             `json:"commit,omitempty"`
	Dirty         bool               `json:"dirty,omitempty"` // the working tree differed from Commit
	ProfileDigest string             `json:"profile_digest"`
	Tool          string             `json:"tool"`
	Users         int                `json:"users,omitempty"` // 0 when tasks arrive at a rate
	Starts        int                `json:"starts,omitempty"`
	Environment   result.Environment `json:"environment"`
	Generator     result.Generator   `json:"generator"`
	Rounds        int                `json:"rounds"` // of judged load
	RoundLength   time.Duration      `json:"round_length_ns"`
	Course        []Round            `json:"course"` // the rounds in the order of time, at most 200 of them, evenly spread
	// Measured are the lists that `plimsoll run` prints at its end, line by line.
	Measured []string `json:"measured,omitempty"`
}

// Round is what all routes together did in one round.
type Round struct {
	P50        time.Duration `json:"p50_ns"`
	P95        time.Duration `json:"p95_ns"`
	Throughput float64       `json:"throughput_per_sec"`
	Requests   int64         `json:"requests"`
	Failures   int64         `json:"failures"`
}

// maxCourse is the most rounds that a Subject holds.
const maxCourse = 200

// New makes the report of a verdict on a run. If several runs of one change were judged, r is the first.
func New(v gate.Verdict, r *result.Result) Report {
	s := Subject{
		Run: r.ID(), Series: r.Series, Repository: r.Repository, Branch: r.Branch, Commit: r.Commit, Dirty: r.Dirty,
		ProfileDigest: r.ProfileDigest, Tool: r.Tool, Users: r.Users, Starts: r.Starts, Environment: r.Environment, Generator: r.Generator,
		Rounds: len(r.Rounds), Course: []Round{},
	}
	if len(r.Rounds) > 0 {
		s.RoundLength = r.Rounds[0].Length
	}
	shown := min(len(r.Rounds), maxCourse)
	for i := range shown {
		f := r.Rounds[i*len(r.Rounds)/shown].Total
		s.Course = append(s.Course, Round{P50: f.P50, P95: f.P95, Throughput: f.Throughput, Requests: f.Requests, Failures: f.Failures})
	}
	s.Measured = flat(sections(r, FoundBy(v, r)))
	return Report{Verdict: v, Subject: s}
}

// Unjudged makes the report of an error in the place of a verdict: its lines are the reasons. s holds
// what was known of the run before the error.
func Unjudged(err error, mode gate.Mode, s Subject) Report {
	return Report{Verdict: gate.NoVerdict(mode, err), Subject: s}
}

// trouble is the error that an unjudged report is about.
func (r Report) trouble() error {
	var lines []string
	for _, reason := range r.Verdict.Reasons {
		lines = append(lines, Sentence(reason))
	}
	return errors.New(strings.Join(lines, "\n"))
}

// With adds a verdict under load to a report about a change.
func (r Report) With(under gate.Verdict) Report {
	r.Verdict = r.Verdict.With(under)
	after := slices.IndexFunc(r.Subject.Measured, func(line string) bool { return strings.HasPrefix(line, "- "+rateTitle) })
	if text := UnderLoad(r.Verdict); text != "" && after >= 0 {
		r.Subject.Measured = slices.Insert(slices.Clone(r.Subject.Measured), after+1, "- "+underLoadTitle+plain(text, maxSentence))
	}
	return r
}
