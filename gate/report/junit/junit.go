// Package junit writes a verdict, or a run without one, as a JUnit file, for the test reports of CI systems.
//
// A Material goes in, one XML document comes out. Each route is a suite, and each metric of it a case. The first suite
// is the series; its case "verdict" is the verdict itself, so that a file always has a case. A search for the highest load
// is a suite of one case. The dialect is the one that
// GitLab, Jenkins, Buildkite, CircleCI, Azure and TeamCity read alike: testsuites, testsuite, testcase, failure and
// skipped, with the sentence in the attribute and in the text, no error, and times of three decimals. It is valid by
// the schema of Jenkins' xUnit plugin (testdata/junit-10.xsd).
//
// A finding that fails the change is a failure. A doubt is a failure too, unless the job goes on in doubt; then the case is
// skipped. Cases are also skipped if they were not judged, follow from another route, or were accepted by somebody. CI
// systems follow a case over builds by classname and name, so neither holds a measured value. The time of a case is the
// latency in seconds, so the systems' charts of test times show it.
package junit

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Write writes the document.
func Write(w io.Writer, m report.Material) error {
	doc := document{Name: "plimsoll"}
	switch {
	case m.Report != nil:
		doc.Suites = judged(m)
	case m.Run != nil:
		doc.Suites = measured(m.Run)
	}
	if m.Capacity != nil {
		doc.Suites = append(doc.Suites, searched(m.Capacity)...)
	}
	doc.sum()
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// judged writes the suites of a verdict.
func judged(m report.Material) []*suite {
	f, v, s := form{m.Report.PassInDoubt}, m.Report.Verdict, m.Report.Subject
	a := newAlbum(s.Series, stamp(m.Run), s.Environment.Runner)
	a.about("verdict", f.verdict(v))
	for _, i := range gate.WorstFirst(v.Comparisons) {
		c := v.Comparisons[i]
		a.route(c.Route, string(c.Metric), f.comparison(v, c))
	}
	for _, t := range v.Thresholds {
		a.route(t.Route, t.Rule, f.threshold(v, t))
	}
	for i := range v.Stability {
		c := &v.Stability[i]
		a.add(soak, "plimsoll."+a.series+"."+soak, strings.TrimSpace(string(c.Kind)+" of "+c.Name+" "+string(c.Metric)), stability(v, c))
	}
	if n := m.Report.LeftOut; n > 0 {
		a.about("comparisons left out", skip(fmt.Sprintf("the verdict file has left out %d comparisons, which are less bad than those here", n)))
	}
	return a.suites
}

// form writes the cases of a verdict.
type form struct{ passInDoubt bool }

// verdict is the case of the verdict itself.
func (f form) verdict(v gate.Verdict) outcome {
	var lines []string
	for _, r := range report.Once(v.Reasons) {
		lines = append(lines, report.Sentence(r))
	}
	text := strings.Join(lines, "\n")
	switch v.Outcome {
	case gate.Pass:
		return outcome{state: passed}
	case gate.Inconclusive:
		return f.doubt(report.Line(v)).with(text)
	default: // a fail, or an error in place of a verdict
		return fail(v.Outcome.String(), report.Line(v)).with(text)
	}
}

// doubt is the outcome of a case that the gate could not decide.
func (f form) doubt(sentence string) outcome {
	if f.passInDoubt {
		return skip(sentence)
	}
	return fail("inconclusive", sentence)
}

// kinds maps kinds of reasons to types of failures.
var kinds = map[gate.ReasonKind]string{gate.LowerThroughput: "lower", gate.Failing: "failing", gate.CostsMore: "costs-more"}

// comparison is the case of one metric of one route.
func (f form) comparison(v gate.Verdict, c gate.Comparison) outcome {
	r, told := v.Reason(c)
	sentence := report.RouteName(c.Route) + ": " + string(c.Metric) + ": " + report.Finding(c)
	if told {
		sentence = report.Sentence(r)
	}
	o := f.status(v, c.Status, cmp.Or(kinds[r.Kind], "slower"), sentence).with(report.Compared(c))
	if c.Metric.IsLatency() {
		o.took = time.Duration(cmp.Or(c.Head, c.Baseline))
	}
	return o
}

// status converts a comparison's status to an outcome. kind is the type of the failure, if it fails.
func (f form) status(v gate.Verdict, s gate.Status, kind, sentence string) outcome {
	switch {
	case s == gate.Within:
		return outcome{state: passed}
	case s == gate.Worse && v.Accepted != nil:
		return skip("accepted by " + v.Accepted.By + ": " + sentence)
	case s == gate.Worse:
		return fail(kind, sentence)
	case (s == gate.Unclear || s == gate.Suspect) && v.Outcome != gate.Pass: // an acceptance covers a doubt
		return f.doubt(sentence)
	default:
		return skip(sentence)
	}
}

// threshold is the case of an absolute limit.
func (f form) threshold(v gate.Verdict, t gate.Threshold) outcome {
	about := report.RouteName(t.Route) + ": " + t.Rule
	past := report.Sentence(gate.Reason{Kind: gate.PastThreshold, Route: t.Route, Rule: t.Rule, Now: t.Value})
	switch {
	case t.Status == gate.Within:
		return outcome{state: passed}
	case t.Status == gate.Worse && v.Accepted != nil:
		return skip("accepted by " + v.Accepted.By + ": " + past)
	case t.Status == gate.Worse:
		return fail("limit", past)
	case t.Status == gate.NotJudged || v.Outcome == gate.Pass:
		return skip(about + " was not judged")
	default:
		return f.doubt(about + " could not be decided")
	}
}

// stability is the case of one reading over a soak. A mere notice is skipped.
func stability(v gate.Verdict, c *gate.Course) outcome {
	sentence := report.Sentence(gate.Reason{Kind: gate.Unstable, Course: c})
	switch {
	case c.Status == gate.Within:
		return outcome{state: passed}
	case c.Status == gate.Worse && v.Accepted != nil:
		return skip("accepted by " + v.Accepted.By + ": " + sentence)
	case c.Status == gate.Worse:
		return fail("unstable", sentence)
	case c.Status == gate.NotJudged:
		return skip(c.Name + " was not judged")
	default:
		return skip("noted: " + sentence)
	}
}

// measured writes the suites of a run without a verdict: nothing was compared, so only an incomplete run fails.
func measured(r *result.Result) []*suite {
	a := newAlbum(r.Series, stamp(r), r.Environment.Runner)
	a.about("run", whole(r))
	for _, route := range append(r.Routes(), tally.All) {
		t := r.Tally.Routes[route]
		if route == tally.All {
			t = r.Tally.Total()
		}
		for _, one := range []struct {
			metric gate.Metric
			q      float64
		}{{gate.P50, 0.50}, {gate.P95, 0.95}, {gate.P99, 0.99}} {
			o := outcome{state: passed, took: t.Response.Quantile(one.q)}
			if t.Response.Count() == 0 {
				o = skip("no request was answered")
			}
			a.route(route, string(one.metric), o)
		}
	}
	return a.suites
}

// whole is the case of the run itself: it fails unless every planned round was measured without a problem.
func whole(r *result.Result) outcome {
	var lines []string
	for _, p := range r.Problems {
		for line := range strings.Lines(p.Text) {
			if line = report.Plain(line, maxSentence); line != "" {
				lines = append(lines, line)
			}
		}
	}
	switch text := strings.Join(lines, "\n"); {
	case len(r.Problems) > 0 && text == "":
		return fail(string(r.Problems[0].Kind), "the run is not whole, and does not say why")
	case len(r.Problems) > 0:
		return fail(string(r.Problems[0].Kind), lines[0]).with(text)
	case !r.Whole():
		return fail("rounds", fmt.Sprintf("%d of %d rounds were measured", len(r.Rounds), r.PlannedRounds))
	default:
		return outcome{state: passed}
	}
}

// searched writes the suite of a search for the highest load. It fails if the lowest load does not hold, or if the search
// could not tell.
func searched(c *capacity.Report) []*suite {
	a := newAlbum(c.Series, instant(c.Started), c.Environment.Runner)
	line, o := report.CapacityLine(*c), outcome{state: passed}
	switch c.Outcome() {
	case gate.Pass:
	case gate.Fail:
		o = fail("capacity", line)
	default:
		o = fail("inconclusive", line)
	}
	a.add(search, "plimsoll."+a.series+"."+search, "highest load", o)
	return a.suites
}

// stamp is when a run began, as JUnit writes it; empty without one.
func stamp(r *result.Result) string {
	if r == nil {
		return ""
	}
	return instant(r.Started)
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05")
}

// state is how a case ended. The zero state is a failure, so a case passes only if something says so.
type state int

const (
	failed state = iota
	skipped
	passed
)

// outcome is the result of a case.
type outcome struct {
	state    state
	kind     string // the type of a failure
	sentence string // why it failed or was skipped
	text     string // below the sentence
	took     time.Duration
}

func fail(kind, sentence string) outcome { return outcome{kind: kind, sentence: sentence} }

func skip(sentence string) outcome { return outcome{state: skipped, sentence: sentence} }

// with adds a text below the outcome's sentence.
func (o outcome) with(text string) outcome {
	o.text = text
	return o
}

// album collects cases into suites, in order of their first cases.
type album struct {
	series, stamp, host string
	suites              []*suite
	byClass             map[string]*suite
}

func newAlbum(series, stamp, host string) *album {
	return &album{series: report.Key(series, maxKey), stamp: stamp, host: report.Plain(host, maxName), byClass: map[string]*suite{}}
}

// The names of suites that are no routes: how a soak went, and a search for the highest load.
const (
	soak   = "stability"
	search = "capacity"
)

// about adds a case about the series as a whole.
func (a *album) about(name string, o outcome) { a.add(a.series, "plimsoll."+a.series, name, o) }

// route adds a case of a route. A route with the name of another suite gets a different name.
func (a *album) route(route, metric string, o outcome) {
	name := report.RouteKey(route, maxKey, soak, search, a.series)
	a.add(name, "plimsoll."+a.series+"."+name, metric, o)
}

// add adds a case to the suite of a class. It gives every case a key of its own: CI systems merge cases with equal keys.
func (a *album) add(name, class, key string, o outcome) {
	s := a.byClass[class]
	if s == nil {
		s = &suite{Name: name, Timestamp: a.stamp, Hostname: a.host, taken: map[string]bool{}}
		a.byClass[class], a.suites = s, append(a.suites, s)
	}
	one := testcase{Classname: class, Name: s.unique(report.Key(key, maxKey))}
	if o.took > 0 {
		one.Time = seconds(o.took)
	}
	s.took += o.took
	switch o.state {
	case failed:
		one.Failure = newNote(o.kind, o.sentence, o.text)
		s.Failures++
	case skipped:
		one.Skipped = newNote("", o.sentence, o.text)
		s.Skipped++
	}
	s.Cases = append(s.Cases, one)
	s.Tests++
}

// The most characters of a key, of a name that is not a key, and of a sentence.
const (
	maxKey      = 200
	maxName     = 100
	maxSentence = 1_000
)

// seconds is a span as JUnit writes it: Jenkins takes no more than three decimals.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// newNote is a failure or a skip with its sentence in both places: some CI systems show only one of them.
func newNote(kind, sentence, more string) *note {
	lines := []string{cmp.Or(report.Plain(sentence, maxSentence), "(no visible text)")}
	for line := range strings.Lines(more) {
		if line = report.Plain(line, maxSentence); line != "" && !strings.Contains(lines[0], line) && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return &note{Type: report.Plain(kind, maxName), Message: lines[0], Text: strings.Join(lines, "\n")}
}
