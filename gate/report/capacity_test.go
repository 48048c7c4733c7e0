package report_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// tried is a trial of a load with one limit.
func tried(load float64, status capacity.Status, ms float64) *capacity.Outcome {
	judged := gate.Threshold{Route: tally.All, Rule: "p(95)<50", Status: gate.Within, Value: ms}
	if status == capacity.Broken {
		judged.Status = gate.Worse
	}
	return &capacity.Outcome{
		Trial:  capacity.Trial{Load: load, Length: 15 * time.Second},
		Status: status, Judged: []gate.Threshold{judged}, Requests: int64(15 * load), Throughput: load, GeneratorCPU: 0.34,
	}
}

// Each way in which a search ends has a line of its own.
func TestCapacityLine(t *testing.T) {
	held, broke := tried(915, capacity.Held, 41), tried(961, capacity.Broken, 61.2)
	cpu := &bottleneck.Finding{Kind: bottleneck.CPU, Grade: bottleneck.Shown, Subject: "system"}
	late := tried(961, capacity.Hindered, 61.2)
	late.Why = "the load generator was the bottleneck"
	failing := tried(1, capacity.Broken, 0)
	failing.Judged = append(failing.Judged, gate.Threshold{Route: "GET /", Rule: "failures<=1%", Status: gate.Worse, Value: 100})
	failing.Why = "6 of 8 requests failed in a second"
	for _, c := range []struct {
		claim capacity.Claim
		found *bottleneck.Finding
		want  string
	}{
		{capacity.Claim{Holds: held, Confirmed: true, Times: 2, Breaks: broke, Stopped: capacity.Found}, cpu,
			"holds 915/s (30 s), does not hold 961/s; generator used 34 %; limited by CPU (shown)"},
		{capacity.Claim{Users: true, Holds: held, Confirmed: true, Times: 3, Breaks: broke, Stopped: capacity.Found}, &bottleneck.Finding{Kind: bottleneck.Unknown, Grade: bottleneck.CouldNotTell},
			"holds 915 users (45 s), does not hold 961 users; generator used 34 %"},
		{capacity.Claim{Holds: held, Confirmed: true, Times: 2, Stopped: capacity.AtLimit, Why: "limits.rate allows 915 requests a second, and a task has 1"}, cpu,
			"holds 915/s (30 s); no more was tried: limits.rate allows 915 requests a second, and a task has 1; generator used 34 %"},
		{capacity.Claim{Holds: held, Confirmed: true, Times: 2, Breaks: late, Stopped: capacity.AtGenerator, Why: late.Why}, cpu,
			"holds at least 915/s (30 s); the rest was not seen at 961/s: the load generator was the bottleneck; generator used 34 %"},
		{capacity.Claim{Holds: held, Breaks: broke, Stopped: capacity.OutOfBudget}, nil,
			"holds 915/s (15 s, not confirmed), does not hold 961/s; the budget was spent; generator used 34 %"},
		{capacity.Claim{Holds: held, Stopped: capacity.Interrupted}, nil, "holds 915/s (15 s, not confirmed); interrupted; generator used 34 %"},
		{capacity.Claim{Holds: held, Stopped: capacity.Failed, Why: "the system\nended\x1b[31m with exit status 7"}, nil,
			"holds 915/s (15 s, not confirmed); ended early: the system ended[31m with exit status 7; generator used 34 %"},
		{capacity.Claim{Breaks: tried(1, capacity.Broken, 61.2), Stopped: capacity.Nothing}, cpu, "does not hold 1/s: p(95)<50 was 61.2 ms; limited by CPU (shown)"},
		{capacity.Claim{Users: true, Breaks: failing, Stopped: capacity.Nothing}, nil,
			"does not hold 1 user: p(95)<50: no request was answered; GET /: failures<=1% was 100 %; ended early: 6 of 8 requests failed in a second"},
		{capacity.Claim{Breaks: late, Stopped: capacity.Nothing}, nil, "could not tell; nothing was seen at 961/s: the load generator was the bottleneck"},
		{capacity.Claim{Stopped: capacity.Interrupted}, nil, "could not tell; interrupted"},
	} {
		if got := report.CapacityLine(capacity.Report{Claim: c.claim, Bottleneck: c.found}); got != c.want {
			t.Errorf("the line is\n%s, want\n%s", got, c.want)
		}
	}
}

// As markdown it is a heading, the lines in a block, a table of the trials, and where it was measured.
func TestCapacityMarkdown(t *testing.T) {
	var b strings.Builder
	if err := report.CapacityMarkdown(&b, *reporttest.Capacity(reporttest.Confirmed)); err != nil {
		t.Fatal(err)
	}
	golden(t, "capacity.md", b.String())
	b.Reset()
	if err := report.CapacityMarkdown(&b, *reporttest.Odd()["many limits"].Capacity); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "\nand 15 more limits\n") || !strings.Contains(text, " more trials\n") || !strings.Contains(text, "| `p(95)<50` | `GET /quiet: p(95)<50` |") {
		t.Errorf("the limit that breaks does not come first, or what was left out is not said:\n%.2000s", text)
	}
}

// lacedSearch is a search with name as every foreign text.
func lacedSearch(t *testing.T, name string) capacity.Report {
	t.Helper()
	for _, m := range reporttest.Laced(name) {
		if m.Capacity != nil {
			return *m.Capacity
		}
	}
	t.Fatal("no material has a search")
	return capacity.Report{}
}

// Names from outside stay names in markdown, and steer no terminal.
func TestHostileSearch(t *testing.T) {
	write := func(name string) string {
		r := lacedSearch(t, name)
		var markdown, terminal strings.Builder
		if err := errors.Join(report.CapacityMarkdown(&markdown, r), report.Capacity(&terminal, r)); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{terminal.String(), report.TrialLine(false, r.Trials[0])} {
			if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && unicode.Is(unicode.C, r) }); i >= 0 {
				t.Errorf("%q: a terminal gets %q", name, text[max(i-20, 0):min(i+20, len(text))])
			}
		}
		return markdown.String()
	}
	var want found
	look(t, rendered(t, write("a"+tracer)), &want, false)
	for _, name := range hostileNames {
		var got found
		look(t, rendered(t, write("a"+tracer+name)), &got, false)
		if len(got.links) > 0 || !slices.EqualFunc(got.tables, want.tables, slices.Equal) || len(got.code) != len(want.code) {
			t.Errorf("%q: %d links, %v and %d codes, want %v and %d", name, len(got.links), got.tables, len(got.code), want.tables, len(want.code))
		}
	}
}

// Below the line stand why the upper end did not hold, what else was seen, and all trials.
func TestCapacity(t *testing.T) {
	held, broke := tried(915, capacity.Held, 41), tried(961, capacity.Broken, 61.2)
	held.Throughput = 2000
	held.Judged = append(held.Judged, gate.Threshold{Route: "GET /rare", Rule: "max<9", Status: gate.NotJudged})
	early := capacity.Outcome{Trial: capacity.Trial{Load: 1830, Length: 3 * time.Second}, Status: capacity.Broken, Why: "no login"}
	var b strings.Builder
	if err := report.Capacity(&b, capacity.Report{
		SLO: []string{"p(95)<50", "GET /rare: max<9"},
		Claim: capacity.Claim{
			Holds: held, Confirmed: true, Times: 2, Breaks: broke, Stopped: capacity.Found, Unsteady: []float64{870},
			Trials: []capacity.Outcome{*held, *broke, early},
		},
		Bottleneck: &bottleneck.Finding{Kind: bottleneck.Unknown, Grade: bottleneck.CouldNotTell},
	}); err != nil {
		t.Fatal(err)
	}
	want := `holds 915/s (30 s), does not hold 961/s; generator used 34 %
At 961/s: p(95)<50 was 61.2 ms
Not judged: GET /rare: max<9, it had no requests
915 tasks each second made 2,000 successful requests each second.
Not steady: in another trial it did not hold 870/s
Bottleneck: could not tell

   Trial | Judged | Outcome | Requests | Answered | Failed | Generator | p(95)<50 | GET /rare: max<9
---------|--------|---------|----------|----------|--------|-----------|----------|------------------
   915/s | 15 s   | held    |   13,725 |  2,000/s |    0 % |      34 % |    41 ms |                -
   961/s | 15 s   | broken  |   14,415 |    961/s |    0 % |      34 % |  61.2 ms |                -
 1,830/s | 3 s    | broken  |        0 |      0/s |    0 % |       0 % |        - |                -
`
	if b.String() != want {
		t.Errorf("written is\n%s\nwant\n%s", b.String(), want)
	}
	if line := report.TrialLine(true, early); line != "1830 users for 3 s: broken; ended early: no login" {
		t.Errorf("the line of a trial is %q", line)
	}
}
