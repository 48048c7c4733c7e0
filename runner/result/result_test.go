package result_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// small is a whole run of two rounds.
func small() *result.Result {
	r := &result.Result{
		Schema: result.Schema,
		Identity: result.Identity{
			Series: "shop", Repository: "acme/shop", Branch: "main", Commit: "4f2c9ab", ProfileDigest: "d1", Target: "http://127.0.0.1:8080",
			Tool: "v0.1.0", Users: 2, Started: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Finished: time.Date(2026, 11, 23, 12, 0, 20, 0, time.UTC), CIRun: "7/1",
		},
		Environment:   result.Environment{OS: "linux", Arch: "amd64", CPUModel: "EPYC", CPUCores: 2, MemoryGiB: 24, Runner: "ubuntu24", ToolMajor: "0", Kernel: "6.1", LoadAverage: 0.5},
		PlannedRounds: 2,
		WarmUp:        &tally.Tally{},
	}
	r.WarmUp.Add(tally.Sample{Route: "GET /a", Class: tally.OK, Ended: time.Second})
	for i := range r.PlannedRounds {
		t := &tally.Tally{}
		for n := range 20 {
			t.Add(tally.Sample{Route: "GET /a", Class: tally.OK, Ended: time.Duration(n+1) * time.Millisecond, BytesReceived: 10})
		}
		t.Add(tally.Sample{Route: "POST /b", Class: tally.Status, Error: "status 500", Ended: 5 * time.Millisecond})
		r.Rounds = append(r.Rounds, result.NewRound(time.Duration(i)*10*time.Second, 10*time.Second, t))
		r.Tally.Merge(t)
	}
	return r
}

func encode(t *testing.T, r *result.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := result.Encode(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A file that any released version wrote must be read by every later one.
func TestGolden(t *testing.T) {
	path := filepath.Join("testdata", "schema-1.json")
	if *update {
		if err := os.WriteFile(path, encode(t, small()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := result.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if r.ID() != small().ID() {
		t.Errorf("the golden file is of run %s, want %s", r.ShortID(), small().ShortID())
	}
	if f := r.Rounds[0].Of("GET /a"); f.Requests != 20 || f.Throughput != 2 || f.P99 < 19*time.Millisecond {
		t.Errorf("figures %+v", f)
	}
	if f := r.Rounds[1].Of(tally.All); f.Requests != 21 || f.Failures != 1 {
		t.Errorf("figures of all routes %+v", f)
	}
	if f := r.Rounds[1].Of("GET /nowhere"); f != (result.Figures{}) {
		t.Errorf("figures of a route that is not there: %+v", f)
	}
}

func TestWriteAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result.json")
	written := small()
	written.Starts = 3
	written.Rounds[0].Second, written.Rounds[1].Lag = true, 70*time.Microsecond
	written.Rounds[1].Steal, written.Rounds[1].CPUShare = 0.25, 0.125
	for range 2 { // the second replaces the first
		if err := result.Write(path, written); err != nil {
			t.Fatal(err)
		}
	}
	r, err := result.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encode(t, r), encode(t, written)) || !r.Rounds[0].Second || r.Rounds[1].Steal != 0.25 {
		t.Error("what was read is not what was written")
	}
	if files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
	if err := result.Write(filepath.Join(t.TempDir(), "no", "such", "place.json"), small()); err == nil {
		t.Error("wrote where there is no directory")
	}
}

func TestIDIsOfTheRun(t *testing.T) {
	r := small()
	if r.ID() != r.Compact().ID() {
		t.Error("the compact form has another ID")
	}
	later := small()
	later.Started = later.Started.Add(time.Millisecond)
	if later.ID() == r.ID() {
		t.Error("a run a millisecond later has the same ID")
	}
	if r.Compact().Rounds[0].Tally != nil || r.Rounds[0].Tally == nil {
		t.Error("Compact drops the rounds' tallies of its copy only")
	}
}

func TestWhole(t *testing.T) {
	for name, change := range map[string]func(*result.Result){
		"a round is missing": func(r *result.Result) { r.Rounds = r.Rounds[:1] },
		"interrupted":        func(r *result.Result) { r.Problems = []result.Problem{{Kind: result.Interrupted}} },
		"nothing planned":    func(r *result.Result) { r.Rounds, r.PlannedRounds = nil, 0 },
	} {
		r := small()
		change(r)
		if r.Whole() {
			t.Errorf("%s: called whole", name)
		}
	}
	if !small().Whole() {
		t.Error("a whole run is not called so")
	}
}

func TestDecodeRefuses(t *testing.T) {
	whole := string(encode(t, small()))
	for name, c := range map[string]struct{ text, sentence string }{
		"empty":            {"", "cut short"},
		"cut short":        {whole[:len(whole)/2], "cut short"},
		"not JSON":         {"PK\x03\x04", "invalid character"},
		"another schema":   {strings.Replace(whole, `"schema": 1`, `"schema": 2`, 1), "schema 2, this program reads schema 1"},
		"no series":        {strings.Replace(whole, `"series": "shop"`, `"series": ""`, 1), "names no series"},
		"negative latency": {strings.Replace(whole, `"p50_ns": `, `"p50_ns": -`, 1), "impossible figures"},
		"more failures":    {strings.Replace(whole, `"failures": 0`, `"failures": 99`, 1), "impossible figures"},
		"no length":        {strings.Replace(whole, `"length_ns": 10000000000`, `"length_ns": 0`, 1), "lasts 0s"},
		"null route":       {`{"schema":1,"series":"a","started":"2026-01-01T00:00:00Z","finished":"2026-01-01T00:00:00Z","tally":{"routes":{"GET /":null}}}`, "has no outcomes"},
		"unknown route":    {strings.Replace(whole, `"GET /a": {`, `"GET /z": {`, 1), "not in the whole"},
		"started less":     {strings.Replace(whole, `"planned_rounds"`, `"starts": -1, "planned_rounds"`, 1), "started -1 times"},
		"all stolen":       {strings.Replace(whole, `"start_ns"`, `"steal": 1.5, "start_ns"`, 1), "steal 1.5"},
		"backwards":        {strings.Replace(whole, `"finished": "2026`, `"finished": "1999`, 1), "it lasts from"},
		"too many rounds":  {strings.Replace(whole, `"planned_rounds": 2`, `"planned_rounds": 1`, 1), "2 rounds of 1 planned"},
		"unknown class":    {strings.Replace(whole, `"ok": 20`, `"fine": 20`, 1), "unknown class"},
	} {
		if _, err := result.Decode(strings.NewReader(c.text)); !errors.Is(err, result.ErrMalformed) || !strings.Contains(err.Error(), c.sentence) {
			t.Errorf("%s: got %v, want ErrMalformed with %q", name, err, c.sentence)
		}
	}
}

func TestEnvironment(t *testing.T) {
	a := small().Environment
	b := a
	b.Kernel, b.LoadAverage = "7.0", 9
	if a.Class() != b.Class() || a.Differences(b) != nil {
		t.Errorf("the kernel changes the class: %v", a.Differences(b))
	}
	b.CPUCores, b.Runner = 64, ""
	if a.Class() == b.Class() {
		t.Error("cores do not change the class")
	}
	if got := strings.Join(a.Differences(b), "; "); got != "cores: 2 here, 64 there; runner: ubuntu24 here, none there" {
		t.Errorf("differences: %s", got)
	}
}

// No file makes the decoder panic, and what it takes can be named, compacted and written.
func FuzzDecode(f *testing.F) {
	var b bytes.Buffer
	if err := result.Encode(&b, small()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(`{"schema":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := result.Decode(bytes.NewReader(data))
		if err != nil {
			return
		}
		r.Tally.Total()
		again, err := result.Decode(bytes.NewReader(encode(t, r)))
		if err != nil || again.ID() != r.ID() {
			t.Errorf("%v: %s became %v", err, r.ShortID(), again)
		}
	})
}
