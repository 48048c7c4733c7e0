package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

func encode(t testing.TB, r report.Report) []byte {
	t.Helper()
	return []byte(render(t, report.Encode, r))
}

// A file can be read, is written the same again, and looks the same.
func TestFileRoundTrip(t *testing.T) {
	for name, r := range reports() {
		data := encode(t, r)
		got, err := report.Decode(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again := encode(t, got); !bytes.Equal(again, data) {
			t.Errorf("%s: written again it is\n%s\nand was\n%s", name, again, data)
		}
		if text, want := render(t, comment, shown(got)), render(t, comment, r); text != want {
			t.Errorf("%s: read back it reads\n%s\nand was\n%s", name, text, want)
		}
		if r.Links == got.Links || r.Accept == got.Accept {
			t.Errorf("%s: the file holds links or the label", name)
		}
	}
}

// However large a report is, its file can be read, and holds the worst.
func TestFileIsBounded(t *testing.T) {
	r := many(20_000, strings.Repeat("\u2028", 10_000)[:3000])
	r.Verdict.Reasons = slices.Repeat([]gate.Reason{{Kind: gate.Failing, Route: strings.Repeat("\x01", 5000), Metric: gate.FailureRate}}, 500)
	r.Verdict.Thresholds = append(slices.Repeat([]gate.Threshold{{Route: "GET /a", Rule: "max<1", Status: gate.Within}}, 5000), gate.Threshold{Route: "GET /a", Rule: "max<1", Status: gate.Worse})
	data := encode(t, r)
	if len(data) > 8<<20 {
		t.Errorf("%d bytes", len(data))
	}
	got, err := report.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got.Verdict.Comparisons); n == 0 || got.LeftOut != 20_000-n || got.Verdict.Comparisons[0].Route != "GET /worst" {
		t.Errorf("%d comparisons, %d left out, the first is %.40q", n, got.LeftOut, got.Verdict.Comparisons[0].Route)
	}
	if len(got.Verdict.Thresholds) == 0 || got.Verdict.Thresholds[0].Status != gate.Worse {
		t.Error("the threshold that does not hold is not there")
	}
	if text := render(t, comment, got); !strings.Contains(text, "**fail**: at least ") {
		t.Errorf("the headline knows of more than the file holds:\n%s", text)
	} else if !strings.Contains(text, " more, closer to their limits") && !strings.Contains(text, "too long to show here") {
		t.Errorf("what was left out is not announced:\n%s", text)
	}
}

// hostile are changes of a sound report that no gate can have made.
var hostile = map[string]func(*report.Report){
	"a pass with what is worse": func(r *report.Report) { r.Verdict.Outcome = gate.Pass },
	"a pass of nothing":         func(r *report.Report) { r.Verdict = gate.Verdict{Outcome: gate.Pass, Mode: gate.Stored, Total: 3} },
	"a pass in doubt":           func(r *report.Report) { r.Verdict = verdicts()["pass"]; r.Verdict.Comparisons[0].Status = gate.Unclear },
	"a pass with a threshold broken": func(r *report.Report) {
		r.Verdict = verdicts()["pass"]
		r.Verdict.Thresholds = []gate.Threshold{{Route: "*", Rule: "max<1", Status: gate.Worse}}
	},
	"a fail of nothing":        func(r *report.Report) { r.Verdict = verdicts()["pass"]; r.Verdict.Outcome = gate.Fail },
	"doubt with what is worse": func(r *report.Report) { r.Verdict.Outcome = gate.Inconclusive },
	"doubt without a reason":   func(r *report.Report) { r.Verdict = gate.Verdict{Outcome: gate.Inconclusive, Mode: gate.Stored} },
	"no verdict":               func(r *report.Report) { r.Verdict.Outcome = gate.Unjudged },
	"a fail that is accepted":  func(r *report.Report) { r.Verdict.Accepted = &gate.Acceptance{By: "ana", At: time.Unix(1, 0)} },
	"accepted by nobody":       func(r *report.Report) { r.Verdict = verdicts()["accepted"]; r.Verdict.Accepted.By = "" },
	"accepted at no time":      func(r *report.Report) { r.Verdict = verdicts()["accepted"]; r.Verdict.Accepted.At = time.Time{} },
	"accepted, and nothing was wrong": func(r *report.Report) {
		r.Verdict = verdicts()["pass"]
		r.Verdict.Accepted = &gate.Acceptance{By: "ana", At: time.Unix(1, 0)}
	},
	"more compared than there are": func(r *report.Report) { r.Verdict.Compared = 15 },
	"fewer than none compared":     func(r *report.Report) { r.Verdict.Compared = -1 },
	"an unknown mode":              func(r *report.Report) { r.Verdict.Mode = "divined" },
	"a paired gate with a history": func(r *report.Report) { r.Verdict.Mode = gate.Paired },
	"a figure twice": func(r *report.Report) {
		r.Verdict.Comparisons = append(r.Verdict.Comparisons, r.Verdict.Comparisons[0])
	},
	"an unknown metric":           func(r *report.Report) { r.Verdict.Comparisons[0].Metric = "p98" },
	"no status":                   func(r *report.Report) { r.Verdict.Comparisons[0].Status = gate.Follows + 1 },
	"no route":                    func(r *report.Report) { r.Verdict.Comparisons[0].Route = "" },
	"a range that ends first":     func(r *report.Report) { r.Verdict.Comparisons[0].Interval = &gate.Range{Low: 1, High: -1} },
	"a number out of range":       func(r *report.Report) { r.Verdict.Comparisons[0].Change = 1e200 },
	"a negative latency":          func(r *report.Report) { r.Verdict.Comparisons[0].Head = -1 },
	"more failures than requests": func(r *report.Report) { c := &r.Verdict.Comparisons[0]; c.Metric, c.Head = gate.FailureRate, 2 },
	"a chance above one":          func(r *report.Report) { p := 1.5; r.Verdict.Comparisons[0].P = &p },
	"an unknown reason":           func(r *report.Report) { r.Verdict.Reasons[0].Kind = "because" },
	"a notice among the reasons": func(r *report.Report) {
		r.Verdict.Reasons = append(slices.Clip(r.Verdict.Reasons), gate.Reason{Kind: gate.Disturbed})
	},
	"a reason among the notices": func(r *report.Report) { r.Verdict.Notices = []gate.Reason{{Kind: gate.NoBaseline}} },
	"a fail that begins with a doubt": func(r *report.Report) {
		r.Verdict.Reasons = append([]gate.Reason{{Kind: gate.NoBaseline}}, r.Verdict.Reasons...)
	},
	"a fail without a reason": func(r *report.Report) { r.Verdict.Reasons = nil },
	"doubt because something is worse": func(r *report.Report) {
		r.Verdict = doubtful(gate.Reason{Kind: gate.Slower, Route: "GET /a", Metric: gate.P50})
	},
	"a reason that says nothing":          func(r *report.Report) { r.Verdict.Reasons[0].Route = "" },
	"a reason of an unknown metric":       func(r *report.Report) { r.Verdict.Reasons[0].Metric = "p98" },
	"a reason with a huge count":          func(r *report.Report) { r.Verdict.Reasons[0].Has = 1 << 40 },
	"a reason with a huge change":         func(r *report.Report) { r.Verdict.Reasons[0].Change = 1e300 },
	"a reason about no part":              func(r *report.Report) { r.Verdict.Reasons[0].Of = "tail" },
	"a cause of no kind":                  func(r *report.Report) { r.Verdict.Comparisons[0].Why = &gate.Why{Kind: "luck"} },
	"a cause without a route":             func(r *report.Report) { r.Verdict.Comparisons[0].Why = &gate.Why{Kind: gate.Caused} },
	"a commit that is none":               func(r *report.Report) { r.Subject.Commit = "HEAD; rm -rf" },
	"a baseline's commit that is none":    func(r *report.Report) { r.Verdict.Baseline.Commit = "@everyone" },
	"a run without a name":                func(r *report.Report) { r.Subject.Run = "7" },
	"no series":                           func(r *report.Report) { r.Subject.Series = "" },
	"a baseline in the future":            func(r *report.Report) { behind := -1; r.Verdict.Baseline.Behind = &behind },
	"impossible rounds":                   func(r *report.Report) { r.Subject.Course[0].P95 = 0 },
	"more rounds told of than there were": func(r *report.Report) { r.Subject.Rounds = 1 },
	"an impossible generator":             func(r *report.Report) { r.Subject.Generator.LagP50 = -1 },
	"a fail that passes in doubt":         func(r *report.Report) { r.PassInDoubt = true },
	"an impossible machine":               func(r *report.Report) { r.Subject.Environment.CPUCores = -4 },
}

func TestEncodeRefuses(t *testing.T) {
	for name, change := range hostile {
		r := reports()["fail"]
		change(&r)
		if err := report.Encode(io.Discard, r); err == nil || !errors.Is(err, report.ErrUnsound) && !strings.Contains(name, "no status") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, number := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		r := reports()["fail"]
		r.Verdict.Comparisons[0].Change = number
		if err := report.Encode(io.Discard, r); !errors.Is(err, report.ErrUnsound) {
			t.Errorf("%v: %v", number, err)
		}
	}
}

// Edits of a file's text, each with the error that reading it gives.
func TestDecodeRefuses(t *testing.T) {
	whole := string(encode(t, reports()["fail"]))
	replace := func(old, new string) string {
		if !strings.Contains(whole, old) {
			t.Fatalf("the file does not hold %q", old)
		}
		return strings.Replace(whole, old, new, 1)
	}
	signed := func(text string) string { return string(report.Sign([]byte(text))) }
	for name, one := range map[string]struct {
		text string
		want error
		says string
	}{
		"nothing":                 {"", report.ErrMalformed, "it is truncated after"},
		"cut short":               {whole[:len(whole)/2], report.ErrMalformed, "it is truncated after"},
		"something follows":       {whole + "{}", report.ErrMalformed, "after top-level value"},
		"another schema":          {replace(`"schema": 1`, `"schema": 2`), report.ErrMalformed, "schema 2, this program reads schema 1"},
		"an unknown field":        {replace(`"schema": 1`, `"schema": 1, "markdown": "<b>"`), report.ErrMalformed, "unknown field"},
		"an unknown field within": {replace(`"users": 100`, `"users": 100, "admins": 1`), report.ErrMalformed, "unknown field"},
		"an unknown outcome":      {replace(`"verdict": "fail"`, `"verdict": "great"`), report.ErrMalformed, "not an outcome"},
		"an unknown status":       {replace(`"status": "worse"`, `"status": "better"`), report.ErrMalformed, "not a status"},
		"a text for a number":     {replace(`"compared": 14`, `"compared": "14"`), report.ErrMalformed, "cannot unmarshal"},
		"a number too large":      {replace(`"limit": 0.2`, `"limit": 1e999`), report.ErrMalformed, "1e999"},
		"a key twice":             {replace(`"change": `, `"change": 1, "change": `), report.ErrMalformed, `the key "change" twice`},
		"a key twice, at the end": {replace(`"schema": 1`, `"schema": 1, "schema": 1`), report.ErrMalformed, `the key "schema" twice`},
		"deep nesting":            {`{"schema": 1, "comparisons": ` + strings.Repeat("[", 1_000_000), report.ErrMalformed, "nested more than 16 levels"},
		"a million rows":          {`{"schema": 1, "comparisons": [{}` + strings.Repeat(",{}", 1_000_000) + "]}", report.ErrUnsound, "10000 entries"},
		"a million keys":          {`{"schema": 1` + manyKeys(500_000) + "}", report.ErrMalformed, "more than 100 keys"},
		"another digest":          {replace(`"digest": "`, `"digest": "0`), report.ErrAltered, "its digest is"},
		"another route":           {replace(`GET /search`, `GET /searcH`), report.ErrAltered, "its digest is"},
		"an outcome that lies":    {replace(`"verdict": "fail"`, `"verdict": "pass"`), report.ErrUnsound, "it passes although something is worse"},
		"a lie well signed":       {signed(replace(`"verdict": "fail"`, `"verdict": "pass"`)), report.ErrUnsound, "it passes although something is worse"},
		"a long name":             {signed(replace(`GET /search`, strings.Repeat("x", 301))), report.ErrUnsound, "301 characters, at most 300 are allowed"},
		"too much measured":       {signed(replace(`"measured": [`, `"measured": [`+strings.Repeat(`"",`, 200))), report.ErrUnsound, "lines of what was measured, at most 200 are allowed"},
		"a long line":             {signed(replace(`"measured": [`, `"measured": ["`+strings.Repeat("a", 1001)+`",`)), report.ErrUnsound, "a line has 1001 characters"},
		"too many rounds":         {signed(replace(`"course": [`, `"course": [`+strings.Repeat(`{},`, 200))), report.ErrUnsound, "212 rounds, at most 200 are allowed"},
		"too many comparisons":    {signed(replace(`"comparisons": [`, `"comparisons": [`+strings.Repeat(`{"status":"within"},`, 10_001))), report.ErrUnsound, "10000 entries"},
		"too large":               {replace(`"schema": 1`, strings.Repeat(" ", 8<<20)+`"schema": 1`), report.ErrMalformed, "larger than 8 MiB"},
	} {
		_, err := report.Decode(strings.NewReader(one.text))
		if !errors.Is(err, one.want) || !strings.Contains(err.Error(), one.says) {
			t.Errorf("%s: %v, want %v and %q", name, err, one.want, one.says)
		}
	}
	for name, change := range hostile {
		r := reports()["fail"]
		change(&r)
		text := signed(unsound(t, r))
		if text == "" { // it cannot even be written
			continue
		}
		if _, err := report.Decode(strings.NewReader(text)); !errors.Is(err, report.ErrUnsound) {
			t.Errorf("%s: read with %v", name, err)
		}
	}
}

// manyKeys are keys of an object.
func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":0`, i)
	}
	return b.String()
}

// unsound is the file of a report that Encode would refuse, without its digest.
func unsound(t *testing.T, r report.Report) string {
	t.Helper()
	text, err := report.Unsound(r)
	if err != nil {
		return ""
	}
	return string(text)
}

// Every verdict of a gate can be written and read.
func TestFileHoldsWhatGatesSay(t *testing.T) {
	p := gate.DefaultPolicy()
	whole, other := shopRun(), shopRun()
	other.ProfileDigest = "fedcba"
	cut := shopRun()
	cut.Problems = []result.Problem{{Kind: result.TargetDied, Text: "the system under test ended"}}
	slow := run(12, map[string]int{"POST /orders": 60, "GET /search": 100, "GET /new": 30})
	sides := func(second int) *result.Result {
		r := run(24, map[string]int{"POST /orders": 400, "GET /search": 100})
		r.PairSeed = "7"
		for i := range r.Rounds {
			r.Rounds[i].Second = i%2 == second
		}
		return r
	}
	for name, v := range map[string]gate.Verdict{
		"nothing":       gate.Judge(p, nil, nil),
		"no baseline":   gate.Judge(p, []*result.Result{whole}, nil),
		"other profile": gate.Judge(p, []*result.Result{whole}, []result.Summary{other.Summary()}),
		"few":           gate.Judge(p, []*result.Result{whole}, slices.Repeat([]result.Summary{whole.Summary()}, 3)),
		"pass":          gate.Judge(p, []*result.Result{whole}, slices.Repeat([]result.Summary{whole.Summary()}, 12)),
		"slower":        gate.Judge(p, []*result.Result{slow}, slices.Repeat([]result.Summary{whole.Summary()}, 12)),
		"more runs":     gate.Judge(p, slices.Repeat([]*result.Result{slow}, 5), slices.Repeat([]result.Summary{whole.Summary()}, 12)),
		"not whole":     gate.Judge(p, []*result.Result{cut}, nil),
		"paired":        gate.JudgePairs(p, sides(0), sides(1), true),
		"paired, cut":   gate.JudgePairs(p, sides(0), cut, true),
	} {
		r := report.New(v, whole)
		got, err := report.Decode(bytes.NewReader(encode(t, r)))
		if err != nil {
			t.Errorf("%s, %s: %v", name, v, err)
			continue
		}
		if got.Verdict.Outcome != v.Outcome || !reflect.DeepEqual(got.Subject, r.Subject) {
			t.Errorf("%s: read back it is %v, and was %v", name, got.Verdict.Outcome, v.Outcome)
		}
	}
}

// Every kind of reason has a sentence, and every doubt has words for a headline.
func TestEveryKindIsSaid(t *testing.T) {
	plain := []gate.ReasonKind{
		gate.Unstable, gate.Unsteady,
		gate.Slower, gate.SlowUnderLoad, gate.LowerThroughput, gate.CostsMore, gate.Failing, gate.PastThreshold, gate.LowCoverage, gate.NotMeasured,
		gate.Creep, gate.Step, gate.LowSight, gate.OrderEffect, gate.CostUp, gate.IdleBusy, gate.Disturbed, gate.ControlMoved, gate.UnknownBase, gate.NotAccepted,
	}
	for _, kind := range gate.Kinds() {
		if !report.Said(kind) {
			t.Errorf("%s has no sentence", kind)
		}
		if report.Doubted(kind) == slices.Contains(plain, kind) {
			t.Errorf("%s has words for a headline: %v", kind, report.Doubted(kind))
		}
	}
}

// FuzzDecode: reading any file ends, and a file that is accepted is shown inert and written the same again.
func FuzzDecode(f *testing.F) {
	for _, r := range reports() {
		f.Add(encode(f, r))
	}
	fail := string(encode(f, reports()["fail"]))
	for _, edit := range [][2]string{
		{`"requests": 4000`, `"requests": 9223372036854775807`}, {`"compared": 14`, `"compared": 2147483648`}, {`"limit": 0.2`, `"limit": -1e308`},
		{`"limit": 0.2`, `"limit": 0.2, "limit": 0.3`}, {`"reasons": [`, `"reasons": [` + strings.Repeat("[", 100)}, {`"kind": "slower"`, `"kind": "caused"`},
		{`"comparisons": [`, `"comparisons": [` + strings.Repeat("{},", 10_001)},
	} {
		f.Add([]byte(strings.Replace(fail, edit[0], edit[1], 1)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := report.Decode(bytes.NewReader(data))
		if err != nil {
			if r, err = report.Decode(bytes.NewReader(report.Sign(data))); err != nil {
				return
			}
		}
		for _, write := range []func(io.Writer, report.Report) error{comment, report.Summary, func(w io.Writer, r report.Report) error { return report.Markdown(w, r, 1500) }} {
			inert(t, render(t, write, r))
		}
		if text := render(t, report.Terminal, r); regexp.MustCompile(`[\x00-\x09\x0b-\x1f\x7f]`).MatchString(text) {
			t.Errorf("control characters: %q", text)
		}
		once := encode(t, r)
		again, err := report.Decode(bytes.NewReader(once))
		if err != nil {
			t.Fatal(err)
		}
		if twice := encode(t, again); !bytes.Equal(once, twice) {
			t.Errorf("written again it is\n%s\nand was\n%s", twice, once)
		}
	})
}

// An error in the place of a verdict travels too, and is shown as one.
func TestUnjudged(t *testing.T) {
	r := report.Unjudged(errors.New("build the system: \"go build\" ended with exit status 1\n  main.go:3: <b>@everyone</b>\n"), gate.Paired, report.Subject{
		Series: "shop", Repository: "example/shop", Commit: "4f2c9ab0d1e2", Tool: "v0.1.0",
	})
	var b strings.Builder
	if err := report.Encode(&b, r); err != nil {
		t.Fatal(err)
	}
	read, err := report.Decode(strings.NewReader(b.String()))
	if err != nil || read.Verdict.Outcome != gate.Unjudged || read.Subject.Series != "shop" || len(read.Verdict.Reasons) != 2 {
		t.Fatalf("%+v, %v", read, err)
	}
	for _, write := range []func(io.Writer, report.Report) error{comment, report.Summary} {
		text := render(t, write, read)
		if !strings.HasPrefix(text, "### ⚠️ Plimsoll: **error**: nothing was judged\n\n```text\nbuild the system") || !strings.Contains(text, "**0 of 0 compared**") {
			t.Errorf("shown as\n%s", text)
		}
	}
	r.Verdict.Outcome = gate.Pass
	if err := report.Encode(io.Discard, r); !errors.Is(err, report.ErrUnsound) {
		t.Errorf("a pass that was not measured: %v", err)
	}
}

// A verdict file that was written before costs were judged is read, and written again as it was.
func TestOlderVerdict(t *testing.T) {
	text := readGolden(t, "older.json")
	r, err := report.Decode(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := render(t, report.Encode, r); got != text {
		t.Errorf("got\n%s", got)
	}
}
