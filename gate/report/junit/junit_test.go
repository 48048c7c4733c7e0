package junit_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/junit"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// shop is a run with an ordinary route and one without an answer.
func shop() *result.Result {
	counts := &tally.Tally{}
	for i := range 100 {
		counts.Add(tally.Sample{Route: "POST /orders", Class: tally.OK, Ended: time.Duration(i) * time.Millisecond})
	}
	counts.Add(tally.Sample{Route: "GET /full", Class: tally.Dropped, Error: "dropped"})
	r := &result.Result{
		Schema: result.Schema, PlannedRounds: 1,
		Identity:    result.Identity{Series: "shop", Started: time.Unix(1_700_000_000, 0).UTC(), Finished: time.Unix(1_700_000_010, 0).UTC()},
		Environment: result.Environment{Runner: "ubuntu24"},
		Rounds:      []result.Round{result.NewRound(0, 10*time.Second, counts)},
	}
	r.Tally.Merge(counts)
	return r
}

// verdict has a case of each kind.
func verdict() *report.Report {
	few := &gate.Why{Kind: gate.FewRequests, Has: 3, Needs: 200, RunTime: time.Hour}
	slower := gate.Comparison{
		Route: "POST /orders", Metric: gate.P99, Status: gate.Worse, Baseline: 41.8e6, Head: 58.9e6, Change: 0.409, Limit: 0.2, Interval: &gate.Range{Low: 0.33, High: 0.48},
	}
	v := gate.Verdict{
		Outcome: gate.Fail, Mode: gate.Paired, Compared: 3, Total: 4, Baseline: gate.Baseline{Pairs: 12},
		Reasons: []gate.Reason{{Kind: gate.Slower, Route: "POST /orders", Metric: gate.P99, Change: 0.409, Limit: 0.2, Interval: slower.Interval}},
		Comparisons: []gate.Comparison{
			slower,
			{Route: "POST /orders", Metric: gate.FailureRate, Status: gate.Worse, Baseline: 0.0002, Head: 0.019, Change: 0.0188, Limit: 0.01, Requests: 4000},
			{Route: "GET /search", Metric: gate.Throughput, Status: gate.Worse, Baseline: 812, Head: 633, Change: -0.22, Limit: -0.2},
			{Route: "GET /doubt", Metric: gate.P50, Status: gate.Unclear, Baseline: 10e6, Head: 12e6, Change: 0.2, Limit: 0.2, Interval: &gate.Range{Low: -0.1, High: 0.5}, N: 20},
			{Route: "GET /after", Metric: gate.P50, Status: gate.Follows, Baseline: 10e6, Head: 14e6, Change: 0.4, Limit: 0.2, Why: &gate.Why{Kind: gate.Caused, By: gate.BySlower, Routes: []string{"POST /orders"}}},
			{Route: tally.All, Metric: gate.P50, Status: gate.Within, Baseline: 10e6, Head: 10.2e6, Change: 0.02, Limit: 0.2},
			{Route: "GET /rare", Metric: gate.P95, Status: gate.NotJudged, Limit: 0.2, Why: few},
		},
		Thresholds: []gate.Threshold{{Route: "POST /orders", Rule: "p(95)<50", Status: gate.Worse, Value: 61.3}, {Route: tally.All, Rule: "rate>10", Status: gate.Within, Value: 80}},
	}
	return &report.Report{Verdict: v, Subject: report.Subject{Series: "shop", Environment: result.Environment{Runner: "ubuntu24"}}}
}

// materials are one of each kind, by the name of its golden file.
func materials() map[string]report.Material {
	broken := shop()
	broken.Problems = []result.Problem{{Kind: result.Aborted, Text: "ended early: 30 % of the requests failed\nsee the log"}}
	accepted := verdict()
	accepted.Verdict = accepted.Verdict.Accept(gate.Acceptance{By: "ana", At: time.Unix(1_700_000_000, 0)})
	doubt := verdict()
	doubt.Verdict.Outcome = gate.Inconclusive
	doubt.Verdict.Reasons = []gate.Reason{{Kind: gate.NoBaseline, Branch: "main"}}
	doubt.Verdict.Comparisons, doubt.Verdict.Thresholds = doubt.Verdict.Comparisons[3:], nil
	passes := *doubt
	passes.PassInDoubt = true
	soak := verdict()
	soak.Verdict.Mode, soak.Verdict.Comparisons, soak.Verdict.Thresholds = gate.Soak, nil, nil
	soak.Verdict.Stability = []gate.Course{
		{Kind: gate.Growth, Name: "system.rss_bytes", Status: gate.Worse, Before: 1 << 30, Now: 2 << 30, Change: 1, Limit: 0.2, Over: time.Hour},
		{Kind: gate.Drift, Name: "POST /orders", Metric: gate.P95, Status: gate.Suspect, Before: 1e6, Now: 1.3e6, Change: 0.3, Limit: 0.2, Over: time.Hour},
		{Kind: gate.Growth, Name: "system.threads", Status: gate.Within},
		{Kind: gate.Growth, Name: "system.open_files", Status: gate.NotJudged, Why: gate.FewReadings},
	}
	soak.Verdict.Reasons = []gate.Reason{{Kind: gate.Unstable, Course: &soak.Verdict.Stability[0]}}
	none := report.Unjudged(errors.New("base: the system did not start\nits port is taken"), gate.Paired, report.Subject{Series: "shop"})
	return map[string]report.Material{
		"fail":         {Report: verdict(), Run: shop()},
		"accepted":     {Report: accepted},
		"doubt":        {Report: doubt},
		"doubt-passes": {Report: &passes},
		"soak":         {Report: soak},
		"unjudged":     {Report: &none},
		"run":          {Run: shop()},
		"incomplete":   {Run: broken},
		"capacity":     {Capacity: reporttest.Capacity(reporttest.Confirmed)},
		"no-capacity":  {Run: shop(), Capacity: reporttest.Capacity(reporttest.NothingHolds)},
		"cut-short":    {Capacity: reporttest.Capacity(reporttest.CutShort)},
		"nothing":      {},
	}
}

func write(t *testing.T, m report.Material) string {
	t.Helper()
	var b strings.Builder
	if err := junit.Write(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for name, m := range materials() {
		got, path := write(t, m), filepath.Join("testdata", name+".xml")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || got != string(want) {
			t.Errorf("%s: %v; got\n%s", path, err, got)
		}
	}
}

// An incomplete run fails, whatever its problem says.
func TestPartialRunFails(t *testing.T) {
	says := map[string]string{
		"a problem without a text": "does not say why", "a problem below an empty line": "the target ended", "no round of 20": "0 of 20 rounds", "some rounds of 20": "12 of 20 rounds", "no round planned": "0 of 0 rounds",
	}
	for name, r := range reporttest.Partial() {
		text := write(t, report.Material{Run: r})
		_, first, _ := strings.Cut(text, `name="run">`)
		first, _, _ = strings.Cut(first, "</testcase>")
		if !strings.Contains(first, "<failure") || !strings.Contains(first, says[name]) || says[name] == "" {
			t.Errorf("%s: the case of the run is %q", name, first)
		}
	}
	if whole := write(t, report.Material{Run: shop()}); strings.Contains(whole, "<failure") {
		t.Errorf("a whole run fails:\n%s", whole)
	}
}

// hostile are names that try to break out of XML, of a line, or of a CI system's page.
func hostile() []string {
	return []string{
		`"><script>alert(1)</script>`, "]]>&evil;<!--", "a\x00b\x1b[31m", "\u202eevil\u2066", "\ufffe\uffff\ud7ff", "\xff\xfe", "line\nbreak\ttab", "",
		strings.Repeat("x", 10_000), strings.Repeat("x", 10_000) + "y", "=cmd|' /C calc'!A0", "\u200b\u200b", "name  with  spaces",
	}
}

// everything is all materials, ordinary and hostile ones.
func everything() map[string]report.Material {
	all := materials()
	all["hostile"] = strange()
	maps.Copy(all, reporttest.Odd())
	for _, name := range reporttest.Names() {
		for i, m := range reporttest.Laced(name) {
			all[fmt.Sprintf("%d of %.20q", i, name)] = m
		}
	}
	return all
}

// strange is a verdict whose names are all hostile.
func strange() report.Material {
	rep := verdict()
	rep.Subject.Series = hostile()[0]
	for _, name := range hostile() {
		rep.Verdict.Comparisons = append(rep.Verdict.Comparisons, gate.Comparison{Route: name, Metric: gate.Metric(name), Status: gate.NotJudged})
		rep.Verdict.Thresholds = append(rep.Verdict.Thresholds, gate.Threshold{Route: name, Rule: "rule " + name, Status: gate.Worse})
		rep.Verdict.Reasons = append(rep.Verdict.Reasons, gate.Reason{Kind: gate.NotMeasured, Text: name})
	}
	return report.Material{Report: rep}
}

// Every file is valid by the schema of Jenkins' xUnit plugin, which takes at most three decimals.
// testdata/junit-10.xsd is src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd of
// github.com/jenkinsci/xunit-plugin at commit 8c515de (MIT).
func TestSchema(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Fatal("xmllint is not there; `make programs` installs it")
	}
	dir := t.TempDir()
	check := func(name, text string) error {
		file := filepath.Join(dir, "one.xml")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		output, err := exec.Command(xmllint, "--noout", "--nonet", "--schema", "testdata/junit-10.xsd", file).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, output)
		}
		return nil
	}
	files := []string{"--noout", "--nonet", "--schema", "testdata/junit-10.xsd"}
	for _, m := range everything() {
		file := filepath.Join(dir, fmt.Sprintf("%d.xml", len(files)))
		if err := os.WriteFile(file, []byte(write(t, m)), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	if output, err := exec.Command(xmllint, files...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	for _, wrong := range []string{`<testsuites time="1.2345"/>`, `<testsuites skipped="1"/>`, `<testsuites><testsuite name="a" tests="1" failures="0" errors="0"><testcase/></testsuite></testsuites>`} {
		if check("wrong", wrong) == nil {
			t.Errorf("the schema takes %s", wrong)
		}
	}
}

// The counts of a suite are those of its cases, keys are unique and hold no measured value, and sentences stand in both
// places.
func TestKeysAndCounts(t *testing.T) {
	type read struct {
		Tests, Failures int `xml:",attr"`
		Suites          []struct {
			Name     string `xml:"name,attr"`
			Tests    int    `xml:"tests,attr"`
			Failures int    `xml:"failures,attr"`
			Skipped  int    `xml:"skipped,attr"`
			Time     string `xml:"time,attr"`
			Cases    []struct {
				Class   string `xml:"classname,attr"`
				Name    string `xml:"name,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
					Text    string `xml:",chardata"`
				} `xml:"failure"`
				Skipped *struct{} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	for name, m := range everything() {
		text := write(t, m)
		var doc read
		if err := xml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		keys := map[string]bool{}
		for _, s := range doc.Suites {
			failures, skipped := 0, 0
			for _, c := range s.Cases {
				key := c.Class + "\x00" + c.Name
				if keys[key] || c.Class == "" || c.Name == "" || len(key) > 1_000 {
					t.Errorf("%s: the key %.80q is not unique, empty or too long", name, key)
				}
				keys[key] = true
				if c.Failure != nil {
					failures++
					if c.Failure.Message == "" || !strings.HasPrefix(c.Failure.Text, c.Failure.Message) {
						t.Errorf("%s: %s: the sentence is %q, the text %q", name, c.Name, c.Failure.Message, c.Failure.Text)
					}
				}
				if c.Skipped != nil {
					skipped++
				}
			}
			if s.Tests != len(s.Cases) || s.Failures != failures || s.Skipped != skipped || !regexp.MustCompile(`^\d+\.\d{3}$`).MatchString(s.Time) {
				t.Errorf("%s: suite %q says %d tests, %d failures, %d skipped in %s s; it has %d, %d and %d", name, s.Name, s.Tests, s.Failures, s.Skipped, s.Time, len(s.Cases), failures, skipped)
			}
		}
		if strings.ContainsAny(text, "\x00\x1b\u202e\u2066\u200b") || strings.Contains(text, "<script>") || strings.Contains(text, "<error") {
			t.Errorf("%s: a hostile name came through:\n%s", name, text)
		}
	}
}
