package report_test

import (
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// tracer is part of every hostile name, to find it again.
const tracer = "zqx"

// hostileNames try what a name can do to markdown, and to GitHub's.
var hostileNames = reporttest.Names()

// laced is a report in which every foreign text is name.
func laced(name string) report.Report {
	v := failed()
	v.Comparisons = v.Comparisons[len(shopRoutes())-1:]
	for i := range v.Comparisons {
		c := &v.Comparisons[i]
		if c.Route != tally.All {
			c.Route = name
		}
	}
	not, follows := comparison(name, gate.P95, gate.NotJudged), comparison(name, gate.P50, gate.Follows)
	follows.Why = &gate.Why{Kind: gate.Caused, Routes: []string{name, name}, More: 2}
	unknown := comparison(name, gate.Metric(name), gate.Worse)
	v.Comparisons = append(v.Comparisons, not, follows, unknown)
	v.Reasons = append(v.Reasons, reporttest.Reasons(name)...)
	v.Notices = reporttest.Reasons(name)
	v.Comparisons[0].Failures = []gate.Failure{{Class: name, Text: name, Count: 3}}
	for _, what := range []string{"route", "weight", "request", "expect", name} {
		v.Changed = append(v.Changed, gate.Difference{What: what, Name: name, Before: name}, gate.Difference{What: what, Name: name, Now: name}, gate.Difference{What: what, Name: name, Before: name, Now: name + "b"})
	}
	below := comparison(name, gate.P99, gate.Within)
	below.Change, below.Why = 2, &gate.Why{Kind: gate.BelowEffect, Needs: 1e6}
	v.Comparisons = append(v.Comparisons, below)
	v.Coverage = &gate.Coverage{Compared: 1, Total: 9, LeftOut: 1, Needs: 0.5, Low: true}
	for _, status := range []gate.CoverStatus{gate.CoverCompared, gate.CoverNoStep, gate.CoverIgnored, gate.CoverNotRequested, gate.CoverFewRequests, gate.CoverFailing, gate.CoverFailedBefore, gate.CoverNew, gate.CoverNotJudged} {
		v.Coverage.Operations = append(v.Coverage.Operations, gate.Covered{Operation: name, Route: name, Status: status, Metric: gate.Metric(name), Share: 0.5, Requests: 8, Failures: []gate.Failure{{Class: name, Text: name, Count: 3}}})
	}
	v.Coverage.Operations = append(v.Coverage.Operations, gate.Covered{Route: name, Status: gate.CoverNew})
	v.Baseline.Branch, v.Baseline.Commit = name, name
	r := report.New(v, shopRun())
	s := &r.Subject
	s.Run, s.Series, s.Repository, s.Branch, s.Commit, s.ProfileDigest, s.Tool = name, name, name, name, name, name, name
	s.Environment.CPUModel, s.Environment.Runner, s.Environment.OS, s.Generator.Protocol = name, name, name, name
	r.Accept = name
	s.Measured = []string{name, "", "- " + name}
	return r
}

// lacedKinds are laced reports of each way to show them.
func lacedKinds(name string) []report.Report {
	fail, accepted, doubt := laced(name), laced(name), laced(name)
	accepted.Verdict = accepted.Verdict.Accept(gate.Acceptance{By: name + " ", Why: name, Label: name, At: time.Unix(1_700_000_000, 0)})
	doubt.Verdict.Outcome, doubt.Verdict.Reasons = gate.Inconclusive, []gate.Reason{{Kind: gate.NoBaseline, Branch: name}}
	soaked := laced(name)
	soaked.Verdict.Mode = gate.Soak
	for _, kind := range []gate.CourseKind{gate.Drift, gate.Growth, gate.Failures, gate.Restarts, gate.OutOfMemory, gate.MemoryLimit, gate.Died} {
		for _, status := range []gate.Status{gate.Worse, gate.Suspect, gate.Within, gate.NotJudged} {
			for _, reading := range []string{name, name + "." + result.RSSBytes, name + "." + result.Restarts} {
				soaked.Verdict.Stability = append(soaked.Verdict.Stability, gate.Course{Kind: kind, Name: reading, Metric: gate.Metric(name), Status: status, Text: name})
			}
		}
	}
	return []report.Report{fail, accepted, doubt, soaked}
}

var writers = []func(io.Writer, report.Report) error{comment, report.Summary}

// FuzzEscape: names that came from outside stay names. Every test runs the seeds.
func FuzzEscape(f *testing.F) {
	for _, name := range hostileNames {
		f.Add(name)
	}
	f.Fuzz(interferes)
}

// interferes fails the test when a name changes anything of the markdown outside of the code
// that it stands in.
func interferes(t *testing.T, name string) {
	t.Helper()
	for i, r := range lacedKinds("a" + name) {
		for k, write := range writers {
			text := render(t, write, r)
			inert(t, text)
			if got, want := skeleton(text), harmless()[k][i]; got != want {
				t.Errorf("%q changes the markdown outside of code:\n%s\nwant:\n%s\nin:\n%s", name, got, want, text)
			}
		}
	}
	var b strings.Builder
	if err := report.Trouble(&b, troubled(name), report.Links{}, maxComment); err != nil {
		t.Fatal(err)
	}
	inert(t, b.String())
}

// harmless are the skeletons of reports whose foreign texts are one letter, by writer and kind.
var harmless = sync.OnceValue(func() (all [2][4]string) {
	for k, write := range writers {
		for i, r := range lacedKinds("a") {
			var b strings.Builder
			if err := write(&b, r); err != nil {
				panic(err)
			}
			all[k][i] = skeleton(b.String())
		}
	}
	return all
})

// Text from outside cannot steer a terminal, or end a line.
func TestTerminalIsHarmless(t *testing.T) {
	for _, name := range hostileNames {
		r := shopRun()
		r.PlannedRoutes = []string{name}
		r.Tally = tally.Tally{}
		r.Tally.Add(tally.Sample{Route: name, Class: tally.Status, Error: name})
		texts := []string{render(t, func(w io.Writer, _ report.Report) error { return report.Run(w, r, report.Found{}) }, report.Report{})}
		for _, laced := range lacedKinds("a" + name) {
			texts = append(texts, render(t, report.Terminal, laced))
		}
		for _, text := range texts {
			if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && unicode.Is(unicode.C, r) }); i >= 0 {
				t.Errorf("%q: a terminal gets %q", name, text[max(i-20, 0):min(i+20, len(text))])
			}
		}
	}
}

type troubled string

func (e troubled) Error() string { return string(e) }

// skeleton is markdown without its code, and without what only pads it.
func skeleton(text string) string {
	var b strings.Builder
	for _, line := range outsideFences(text) {
		outside := strings.NewReplacer(" ", "", "-", "").Replace(outsideCode(line))
		b.WriteString(outside + "\n")
	}
	return b.String()
}

// inert fails the test if markdown holds, outside of its code, anything that only a foreign text can have
// brought there, or characters that must not be shown.
func inert(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool {
		return r != '\n' && (unicode.Is(unicode.C, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r))
	}) {
		t.Errorf("characters that are not to be shown: %q", text)
	}
	for _, line := range outsideFences(text) {
		ours := strings.NewReplacer("<details><summary>", "", "</summary>", "", "</details>", "").Replace(strings.TrimLeft(line, "#"))
		if outside := outsideCode(ours); foreign.MatchString(outside) {
			t.Errorf("a foreign text may be at work in %q", line)
		}
	}
}

// foreign matches characters that our own text never has outside of code and links.
var foreign = regexp.MustCompile("(?i)[@\\[\\]<>$#`&~_]|http|www|mailto|" + tracer)

// outsideFences returns the lines outside of fenced blocks.
func outsideFences(text string) (lines []string) {
	fence := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		opened, isFence := strings.CutSuffix(line, "text")
		switch {
		case fence != "" && line == fence:
			fence = ""
		case fence != "":
		case isFence && len(opened) >= 3 && strings.Trim(opened, "`") == "":
			fence = opened
		default:
			lines = append(lines, line)
		}
	}
	return lines
}

// outsideCode is a line without its code spans: a run of backticks opens one where as long a
// run follows that closes it.
func outsideCode(line string) string {
	var b strings.Builder
	for {
		at := strings.IndexByte(line, '`')
		if at < 0 {
			return b.String() + line
		}
		b.WriteString(line[:at])
		rest := strings.TrimLeft(line[at:], "`")
		fence := line[at : len(line)-len(rest)]
		end := closing(rest, len(fence))
		if end < 0 {
			b.WriteString(fence)
			line = rest
			continue
		}
		line = rest[end:]
	}
}

// closing is where a run of exactly n backticks ends; negative when there is none.
func closing(text string, n int) int {
	for at := 0; at < len(text); {
		if text[at] != '`' {
			at++
			continue
		}
		run := len(text[at:]) - len(strings.TrimLeft(text[at:], "`"))
		at += run
		if run == n {
			return at
		}
	}
	return -1
}
