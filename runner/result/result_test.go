package result_test

import (
	"bytes"
	"flag"
	"fmt"
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

func encode(t testing.TB, r *result.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := result.Encode(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The IDs of two runs from the time when this form of identity was made. A new field of Result must not
// change them: that would orphan every baseline.
const (
	smallID = "01d01babea9b93f3f476e0912d6fa7c6bdf43d4b4214eac3b4be58215cc00bdb"
	fullID  = "318d276005ca98a9d76a22c56c99f2df8622b01f39c48662b5c2d2631d03e838"
)

// full is a run with a value of its own in every field that counts for the ID.
func full() *result.Result {
	r := small()
	r.Dirty, r.PairSeed, r.Starts, r.Environment.Proxy = true, "7", 3, "http://proxy:3128"
	r.Rounds[0].Second, r.Rounds[1].Lag = true, 70*time.Microsecond
	r.Rounds[1].Steal, r.Rounds[1].CPUShare = 0.25, 0.125
	r.Control = []result.Figures{{Requests: 9, P50: 1, P95: 2, P99: 3, Throughput: 4.5}}
	r.Problems = []result.Problem{{Kind: result.Saturated, Text: "busy"}}
	return r
}

// beside fills in the fields that do not count for the ID.
func beside(r *result.Result) {
	r.Branch, r.Environment.Kernel, r.Environment.LoadAverage = "feature", "7.0", 9
	r.Generator = result.Generator{Cores: 2, CPUShare: 0.5, LagP99: time.Millisecond, Protocol: "HTTP/2"}
	r.Part = &result.Part{Index: 1, Of: 2, By: "us-1", Users: 1, Kinds: map[string]int{"reader": 1}, Seed: "1", Setup: "s1", Began: r.Started, Clock: &result.Clock{Ahead: -1, Error: 1}}
	r.Part.Lag.Record(time.Millisecond)
	r.Shards = []result.Shard{{Index: 0, By: "eu-1", Users: 1}, {Index: 1, By: "us-1", Users: 1}}
	r.Rounds[0].Readings = map[string]float64{"rss_bytes": 1 << 30, "cpu": 0.5}
	r.AddSecond(result.Second{Length: time.Second, Requests: 21, Failures: 1, P95: 19 * time.Millisecond})
	r.WarmUp = nil
	for i := range r.Problems {
		r.Problems[i].Text = "in other words"
	}
}

func TestIDIsPinned(t *testing.T) {
	for want, r := range map[string]*result.Result{smallID: small(), fullID: full()} {
		if r.ID() != want {
			t.Errorf("the ID of a run is %s, and was %s", r.ID(), want)
		}
		if beside(r); r.ID() != want {
			t.Errorf("a field that does not count for the ID has changed it")
		}
		r.Started, r.Finished = r.Started.In(time.FixedZone("", 3600)), r.Finished.Local()
		if r.ID() != want {
			t.Errorf("a time zone has changed the ID")
		}
	}
}

// Each of these is another run.
func TestIDIsOfTheRun(t *testing.T) {
	changes := map[string]func(*result.Result){
		"series": func(r *result.Result) { r.Series += "2" }, "repository": func(r *result.Result) { r.Repository += "2" },
		"commit": func(r *result.Result) { r.Commit += "2" }, "dirty": func(r *result.Result) { r.Dirty = false },
		"digest": func(r *result.Result) { r.ProfileDigest += "2" }, "target": func(r *result.Result) { r.Target += "2" },
		"tool": func(r *result.Result) { r.Tool += "2" }, "CI run": func(r *result.Result) { r.CIRun += "2" },
		"users": func(r *result.Result) { r.Users++ }, "started": func(r *result.Result) { r.Started = r.Started.Add(1) },
		"finished": func(r *result.Result) { r.Finished = r.Finished.Add(1) }, "seed": func(r *result.Result) { r.PairSeed += "2" },
		"starts": func(r *result.Result) { r.Starts++ }, "planned": func(r *result.Result) { r.PlannedRounds++ },
		"proxy": func(r *result.Result) { r.Environment.Proxy = "" }, "cores": func(r *result.Result) { r.Environment.CPUCores++ },
		"problem": func(r *result.Result) { r.Problems[0].Kind = result.Aborted }, "control": func(r *result.Result) { r.Control[0].P50++ },
		"round's start": func(r *result.Result) { r.Rounds[0].Start++ }, "round's length": func(r *result.Result) { r.Rounds[0].Length++ },
		"second": func(r *result.Result) { r.Rounds[0].Second = false }, "lag": func(r *result.Result) { r.Rounds[0].Lag++ },
		"steal": func(r *result.Result) { r.Rounds[0].Steal = 0.5 }, "CPU": func(r *result.Result) { r.Rounds[0].CPUShare = 0.5 },
		"a cost": func(r *result.Result) { r.Rounds[0].Cost = &result.Cost{} }, "another's cost": func(r *result.Result) { r.Rounds[1].Cost = &result.Cost{} },
		"CPU time": func(r *result.Result) { r.Rounds[0].Cost = &result.Cost{CPU: 1} }, "idle CPU time": func(r *result.Result) { r.Rounds[0].Cost = &result.Cost{Idle: 1} },
		"cycles": func(r *result.Result) { r.Rounds[0].Cost = &result.Cost{Cycles: 1} }, "instructions": func(r *result.Result) { r.Rounds[0].Cost = &result.Cost{Instructions: 1} },
		"process": func(r *result.Result) { r.Rounds[0].Cost, r.Rounds[0].Process = &result.Cost{}, 1 }, "unsettled": func(r *result.Result) { r.Rounds[0].Cost = &result.Cost{Unsettled: true} },
		"total": func(r *result.Result) { r.Rounds[0].Total.P99++ }, "no rounds": func(r *result.Result) { r.Rounds = nil },
		"one letter over": func(r *result.Result) { r.Series, r.Repository = r.Series+r.Repository[:1], r.Repository[1:] },
		"a route less":    func(r *result.Result) { delete(r.Rounds[0].Figures, "POST /b") },
		"a figure": func(r *result.Result) {
			f := r.Rounds[1].Figures["GET /a"]
			f.Throughput++
			r.Rounds[1].Figures["GET /a"] = f
		},
	}
	ids := map[string]string{full().ID(): "unchanged"}
	for name, change := range changes {
		r := full()
		change(r)
		if other, there := ids[r.ID()]; there {
			t.Errorf("%s has the ID of %s", name, other)
		}
		ids[r.ID()] = name
	}
	r := full()
	if r.ID() != r.Compact().ID() || r.ID() != r.Summary().ID {
		t.Error("the compact form or the summary has another ID")
	}
	if r.Compact().Rounds[0].Tally != nil || r.Rounds[0].Tally == nil {
		t.Error("Compact must drop the rounds' tallies of its copy only")
	}
}

// The golden file can be read, and gives the same run.
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
	if r.ID() != smallID {
		t.Errorf("the golden file is of run %s, want %s", r.ID(), smallID)
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
	written := full()
	beside(written)
	for range 2 { // the second replaces the first
		if err := result.Write(path, written); err != nil {
			t.Fatal(err)
		}
	}
	r, err := result.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encode(t, r), encode(t, written)) || r.ID() != fullID || !r.Rounds[0].Second || r.Timeline[0].Requests != 21 || r.Shards[1].By != "us-1" || r.Rounds[0].Readings["cpu"] != 0.5 {
		t.Error("the result that was read differs from the one that was written")
	}
	if files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
	if err := result.Write(filepath.Join(t.TempDir(), "no", "such", "place.json"), small()); err == nil {
		t.Error("wrote where there is no directory")
	}
}

// A run without limits keeps its ID. Each limit changes it.
func TestLimitsNameARun(t *testing.T) {
	seen := map[string]bool{}
	for _, limits := range []result.Environment{{}, {CPULimit: 0.2}, {CPULimit: 0.3}, {MemoryLimit: 1}, {CPULimit: 0.2, MemoryLimit: 1}} {
		r := small()
		r.Environment.CPULimit, r.Environment.MemoryLimit = limits.CPULimit, limits.MemoryLimit
		r.PlannedRoutes, r.Generator.Machine = []string{"GET /a"}, result.Machine{Others: 0.5} // outside the ID
		seen[r.ID()] = true
	}
	if len(seen) != 5 || !seen[smallID] {
		t.Errorf("the IDs are %v", seen)
	}
}

// A note is kept once, as one line of valid text.
func TestAddNote(t *testing.T) {
	r := small()
	for _, text := range []string{"teardown: DELETE /a failed", "teardown: DELETE /a failed", "a\n\xffb", strings.Repeat("ü", 3000)} {
		r.AddNote(text)
	}
	for i := range 200 {
		r.AddNote(fmt.Sprint(i))
	}
	if err := r.Validate(); err != nil || len(r.Notes) != 100 || r.Notes[0] != "teardown: DELETE /a failed" || r.Notes[1] != "a \ufffdb" || len(r.Notes[2]) != 4000 {
		t.Errorf("%v, %.100q", err, r.Notes)
	}
	if r.ID() != smallID || !r.Whole() {
		t.Error("notes change what the run is")
	}
}

func TestWhole(t *testing.T) {
	for name, change := range map[string]func(*result.Result){
		"a round is missing": func(r *result.Result) { r.Rounds = r.Rounds[:1] },
		"interrupted":        func(r *result.Result) { r.Problems = []result.Problem{{Kind: result.Interrupted}} },
		"a part":             func(r *result.Result) { r.Part = &result.Part{Of: 2} },
		"nothing planned":    func(r *result.Result) { r.Rounds, r.PlannedRounds = nil, 0 },
	} {
		r := small()
		change(r)
		if r.Whole() {
			t.Errorf("%s: called whole", name)
		}
	}
	if !small().Whole() {
		t.Error("a whole run is not Whole")
	}
}

func TestEnvironment(t *testing.T) {
	a := small().Environment
	b := a
	b.Kernel, b.LoadAverage = "7.0", 9
	if a.Class() != b.Class() || a.Differences(b) != nil {
		t.Errorf("the kernel changes the class: %v", a.Differences(b))
	}
	b.CPUCores, b.Runner, b.Proxy, b.CPULimit, b.MemoryLimit = 64, "", "http://proxy:3128", 0.2, 512<<20
	if a.Class() == b.Class() {
		t.Error("cores do not change the class")
	}
	if words := b.Words(); strings.Contains(words, "runner") || !strings.HasSuffix(words, ", proxy http://proxy:3128, CPU limit 0.2, memory limit 512 MiB") {
		t.Errorf("in words: %s", words)
	}
	if got := strings.Join(a.Differences(b), "; "); got != "cores: 2 here, 64 there; runner: ubuntu24 here, none there; proxy: none here, http://proxy:3128 there; CPU limit: none here, 0.2 there; memory limit: none here, 512 MiB there" {
		t.Errorf("differences: %s", got)
	}
}
