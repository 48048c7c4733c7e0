package capacity_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// answer is what a search on a system found.
func answer(config capacity.Config, system func(int, capacity.Trial) capacity.Status) capacity.Report {
	s := capacity.New(config)
	claim, _ := run(s, system)
	for i := range claim.Trials {
		claim.Trials[i].Judged = []gate.Threshold{{Route: tally.All, Rule: "p(95)<50", Status: gate.Within, Value: 4.1}}
	}
	return capacity.Report{
		Schema: capacity.Schema, Series: "shop", Target: "http://127.0.0.1:1", Tool: "v1", Started: time.Unix(1_700_000_000, 0).UTC(), Environment: result.Environment{OS: "linux", CPUCores: 2},
		SLO: []string{"p(95)<50"}, Claim: claim, Bottleneck: &bottleneck.Finding{Kind: bottleneck.CPU, Grade: bottleneck.Shown, Evidence: []bottleneck.Number{{Name: "system.cpu_share", Value: 0.97}}},
		Absent: []result.Absent{{Source: "gpu", Why: "there is none"}},
	}
}

func encoded(t testing.TB, r capacity.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := capacity.Encode(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What a search found comes back as it was, however the search ended.
func TestFile(t *testing.T) {
	brief := capacity.Rates()
	brief.Budget = 30 * time.Second
	for name, r := range map[string]capacity.Report{
		"a bracket": answer(capacity.Rates(), below(100)), "users": answer(capacity.Users(), below(20)), "nothing": answer(capacity.Rates(), below(0.5)), "out of budget": answer(brief, below(100)),
	} {
		text := encoded(t, r)
		got, err := capacity.Decode(strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again := encoded(t, got); again != text {
			t.Errorf("%s: written again it is\n%s\nand was\n%s", name, again, text)
		}
	}
}

// Files that no search can have written are refused, when they are read and when they are written.
func TestFileRefuses(t *testing.T) {
	text := encoded(t, answer(capacity.Rates(), below(100)))
	replaced := func(old, new string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("there is no %s in\n%s", old, text)
		}
		return strings.Replace(text, old, new, 1)
	}
	for name, c := range map[string]struct{ text, says string }{
		"nothing":             {"", "it is truncated after"},
		"cut short":           {text[:len(text)/2], "it is truncated after"},
		"something follows":   {text + "{}", "after top-level value"},
		"another schema":      {replaced(`"schema": 1`, `"schema": 2`), "schema 2, this program reads schema 1"},
		"a key twice":         {replaced(`"schema": 1`, `"schema": 1, "schema": 1`), "comes twice"},
		"a huge number":       {replaced(`"value": 0.97`, `"value": 1e300`), "a number is 1e+300"},
		"no series":           {replaced(`"series": "shop"`, `"series": ""`), "names no series"},
		"an unknown end":      {replaced(`"stopped": "found"`, `"stopped": "tired"`), `"tired" is no reason`},
		"an unknown status":   {replaced(`"status": "held"`, `"status": "great"`), "the load that it holds did not hold"},
		"a broken trial held": {replaced(`"status": "broken"`, `"status": "held"`), "the load that it does not hold was held"},
		"an unknown phase":    {replaced(`"phase": "doubling"`, `"phase": "guess"`), `"guess" is no phase`},
		"no load":             {replaced(`"load": 8`, `"load": 0`), "a load of 0"},
		"a share of two":      {replaced(`"failure_share": 0`, `"failure_share": 2`), "of which 2 failed"},
		"a negative figure":   {replaced(`"value": 4.1`, `"value": -1`), "p(95)<50 was -1"},
		"a text for a number": {replaced(`"load": 8`, `"load": "8"`), "cannot unmarshal"},
		"deep nesting":        {strings.Repeat("[", 100), "nested deeper"},
	} {
		if _, err := capacity.Decode(strings.NewReader(c.text)); !errors.Is(err, capacity.ErrMalformed) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	if err := capacity.Encode(io.Discard, capacity.Report{}); err == nil || !strings.Contains(err.Error(), "could not be read back") {
		t.Errorf("a report of nothing: %v", err)
	}
}

// Whatever is read can be written, and is read the same again.
func FuzzFile(f *testing.F) {
	f.Add(encoded(f, answer(capacity.Rates(), below(100))))
	f.Add(encoded(f, answer(capacity.Users(), below(1))))
	f.Add(`{"schema": 1, "series": "a", "stopped": "nothing", "confirmed": true, "holds": {}}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := capacity.Decode(strings.NewReader(text))
		if err != nil {
			return
		}
		r.Outcome()
		once := encoded(t, r)
		again, err := capacity.Decode(strings.NewReader(once))
		if err != nil {
			t.Fatal(err)
		}
		if twice := encoded(t, again); twice != once {
			t.Errorf("written again it is\n%s\nand was\n%s", twice, once)
		}
	})
}

// A claim is a pass only if a load was confirmed, and each limit was judged at it.
func TestOutcome(t *testing.T) {
	held := func(all ...gate.Status) *capacity.Outcome {
		o := &capacity.Outcome{Status: capacity.Held}
		for _, s := range all {
			o.Judged = append(o.Judged, gate.Threshold{Status: s})
		}
		return o
	}
	for name, c := range map[string]struct {
		claim capacity.Claim
		want  gate.Outcome
	}{
		"confirmed":             {capacity.Claim{Confirmed: true, Holds: held(gate.Within, gate.Within)}, gate.Pass},
		"confirmed, of nothing": {capacity.Claim{Confirmed: true}, gate.Inconclusive},
		"a limit not seen":      {capacity.Claim{Confirmed: true, Holds: held(gate.Within, gate.NotJudged)}, gate.Inconclusive},
		"not confirmed":         {capacity.Claim{Holds: held(gate.Within)}, gate.Inconclusive},
		"nothing holds":         {capacity.Claim{Stopped: capacity.Nothing, Breaks: &capacity.Outcome{Status: capacity.Broken}}, gate.Fail},
		"nothing was seen":      {capacity.Claim{Stopped: capacity.Nothing, Breaks: &capacity.Outcome{Status: capacity.Hindered}}, gate.Inconclusive},
	} {
		if got := c.claim.Outcome(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
