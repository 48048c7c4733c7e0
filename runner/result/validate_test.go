package result_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

func TestDecodeRefuses(t *testing.T) {
	whole := string(encode(t, small()))
	swap := func(old, with string) string {
		if !strings.Contains(whole, old) {
			t.Fatalf("there is no %s in the result", old)
		}
		return strings.Replace(whole, old, with, 1)
	}
	for name, c := range map[string]struct{ text, sentence string }{
		"empty":            {"", "truncated"},
		"cut short":        {whole[:len(whole)/2], "truncated"},
		"a list":           {"[]", "it is JSON of another kind: it has no schema with a number"},
		"a number":         {"3", "it is JSON of another kind"},
		"null":             {"null", "it is JSON of another kind"},
		"a word":           {`{"schema": "x"}`, "it is JSON of another kind"},
		"not JSON":         {"PK\x03\x04", "invalid character"},
		"another schema":   {swap(`"schema": 1`, `"schema": 2`), "schema 2, this program reads schema 1"},
		"no series":        {swap(`"series": "shop"`, `"series": ""`), "names no series"},
		"negative latency": {swap(`"p50_ns": `, `"p50_ns": -`), "impossible figures"},
		"more failures":    {swap(`"failures": 0`, `"failures": 99`), "impossible figures"},
		"no length":        {swap(`"length_ns": 10000000000`, `"length_ns": 0`), "lasts 0s"},
		"null route":       {`{"schema":1,"series":"a","started":"2026-01-01T00:00:00Z","finished":"2026-01-01T00:00:00Z","tally":{"routes":{"GET /":null}}}`, "has no outcomes"},
		"unknown route":    {swap(`"GET /a": {`, `"GET /z": {`), "not in the whole"},
		"all stolen":       {swap(`"start_ns"`, `"steal": 1.5, "start_ns"`), "steal 1.5"},
		"unknown class":    {swap(`"ok": 20`, `"fine": 20`), "unknown class"},
		"a key twice":      {swap(`"series": "shop"`, `"series": "shop", "series": "other"`), `the key "series" comes twice`},
		"a route twice":    {swap(`"POST /b": {`, `"GET /a": {`), `the key "GET /a" comes twice`},
		"deeply nested":    {strings.Repeat("[", 1_000_000), "nested deeper than 16"},
		"a million routes": {millions(1_000_000), "more than 200001 values"},
		"a million rounds": {`{"schema": 1, "rounds": [` + strings.Repeat("{},", 1_000_000) + "{}]}", "more than 200001 values"},
		"an unknown field": {swap(`"target"`, `"colour": "red", "target"`), `unknown field "colour"`},
		"one in histogram": {swap(`"min_ns"`, `"colour": "red", "min_ns"`), `unknown field "colour"`},
		"one in a tally":   {swap(`"bytes_received"`, `"colour": "red", "bytes_received"`), `unknown field "colour"`},
		"large histograms": {bomb(t, 1300), "larger than those of any run"},
		"many counts":      {swap(`"ok": 20`, `"ok": 9223372036854775806`), "impossible count"},
	} {
		if _, err := result.Decode(strings.NewReader(c.text)); !errors.Is(err, result.ErrMalformed) || !strings.Contains(err.Error(), c.sentence) {
			t.Errorf("%s: got %v, want ErrMalformed with %q", name, err, c.sentence)
		}
	}
}

// bomb is a result of n routes. The histograms of each take a few hundred bytes as text and hundreds of
// kilobytes in memory.
func bomb(t *testing.T, n int) string {
	t.Helper()
	var dense hist.Histogram
	for d := hist.Lowest; d < hist.Highest; d += max(d/1000, time.Microsecond/2) {
		dense.Record(d)
	}
	text, err := json.Marshal(dense)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(`{"schema": 1, "tally": {"routes": {`)
	for i := range n {
		fmt.Fprintf(&b, `"%d":{"response":%s},`, i, text)
	}
	return strings.TrimSuffix(b.String(), ",") + "}}}"
}

// millions is a result with n routes.
func millions(n int) string {
	var b strings.Builder
	b.WriteString(`{"schema": 1, "tally": {"routes": {`)
	for i := range n {
		fmt.Fprintf(&b, `"%d":{},`, i)
	}
	b.WriteString(`"a":{}}}}`)
	return b.String()
}

// Encode refuses everything that Validate refuses: every file can be read back.
func TestValidateRefuses(t *testing.T) {
	for want, change := range map[string]func(*result.Result){
		"schema 2":                  func(r *result.Result) { r.Schema = 2 },
		"series is longer":          func(r *result.Result) { r.Series = strings.Repeat("a", 501) },
		"branch is longer":          func(r *result.Result) { r.Branch = "a\x00" },
		"commit is longer":          func(r *result.Result) { r.Commit = "\xff" },
		"CPU model is longer":       func(r *result.Result) { r.Environment.CPUModel = "\x1b" },
		"began at 1969":             func(r *result.Result) { r.Started = time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC) },
		"began at 0001":             func(r *result.Result) { r.Started = time.Time{} },
		"began at 2200":             func(r *result.Result) { r.Started = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) },
		"it lasts from":             func(r *result.Result) { r.Finished = r.Started.Add(-1) },
		"that JSON cannot hold":     func(r *result.Result) { r.Started = r.Started.In(time.FixedZone("LMT", -2670)) },
		"it lasts from 2026":        func(r *result.Result) { r.Finished = r.Started.AddDate(2, 0, 0) },
		"-1 users":                  func(r *result.Result) { r.Users = -1 },
		"load average NaN":          func(r *result.Result) { r.Environment.LoadAverage = math.NaN() },
		"impossible generator":      func(r *result.Result) { r.Generator.CPUShare = math.Inf(1) },
		"note is longer":            func(r *result.Result) { r.Notes = []string{"a\nb"} },
		"it has 101 notes":          func(r *result.Result) { r.Notes = make([]string, 101) },
		"impossible pace":           func(r *result.Result) { r.Generator.Paced = result.Paced{Due: 5, Begun: 4, Missed: 2} },
		"protocol is longer":        func(r *result.Result) { r.Generator.Protocol = "HTTP\n" },
		"impossible limits: NaN":    func(r *result.Result) { r.Environment.CPULimit = math.NaN() },
		"limits: 0 cores, -1 bytes": func(r *result.Result) { r.Environment.MemoryLimit = -1 },
		"impossible shares":         func(r *result.Result) { r.Generator.Machine.Others = 1.1 },
		"round 1: impossible share": func(r *result.Result) { r.Rounds[0].Machine.Stolen = -0.1 },
		"planned: a route is named": func(r *result.Result) { r.PlannedRoutes = []string{""} },
		"started -1 times":          func(r *result.Result) { r.Starts = -1 },
		"2 rounds of 1 planned":     func(r *result.Result) { r.PlannedRounds = 1 },
		"last longer":               func(r *result.Result) { r.Rounds[0].Length, r.Rounds[1].Length = 300*24*time.Hour, 300*24*time.Hour },
		"round 1: impossible lag":   func(r *result.Result) { r.Rounds[0].Lag = -1 },
		"rounds have more than":     func(r *result.Result) { r.Rounds[0].Total.Requests, r.Rounds[1].Total.Requests = 6e11, 6e11 },
		"impossible figures":        func(r *result.Result) { r.Rounds[0].Total.Throughput = math.NaN() },
		"rounds: route":             func(r *result.Result) { r.Rounds[0].Tally.Routes["GET /a"].BytesReceived = -1 },
		"warm-up: route":            func(r *result.Result) { r.WarmUp.Routes["GET /a"].BytesReceived = -1 },
		"control: impossible":       func(r *result.Result) { r.Control = []result.Figures{{P50: -1}} },
		"reading \"a\" is NaN":      func(r *result.Result) { r.Rounds[0].Readings = map[string]float64{"a": math.NaN()} },
		"name of a reading":         func(r *result.Result) { r.Rounds[0].Readings = map[string]float64{"\n": 1} },
		"impossible shard -1":       func(r *result.Result) { r.Shards = []result.Shard{{Index: -1}} },
		"machine of a shard":        func(r *result.Result) { r.Shards = []result.Shard{{By: "\n"}} },
		"it does not say which":     func(r *result.Result) { r.Origin = result.Origin{Driven: true} },
		"or has only sums":          func(r *result.Result) { r.Origin = result.Origin{Tool: "Locust", Driven: true, Summed: true} },
		"impossible second":         func(r *result.Result) { r.Timeline = []result.Second{{Failures: 1}} },
		"100001 seconds":            func(r *result.Result) { r.Timeline = make([]result.Second, 100_001) },
		"or is not UTF-8":           func(r *result.Result) { r.Problems = []result.Problem{{Text: "\xff"}} },
		"the text of a problem has": func(r *result.Result) { r.Problems = []result.Problem{{Text: strings.Repeat("a", 2<<20)}} },
	} {
		r := small()
		change(r)
		if err := r.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
		if err := result.Encode(&bytes.Buffer{}, r); err == nil {
			t.Errorf("%s: it was written", want)
		}
	}
}

// A run is valid if the clock of its machine is at its epoch or a decade ahead.
func TestWrongClocksAreAccepted(t *testing.T) {
	for _, started := range []time.Time{time.Unix(0, 0), time.Now().AddDate(10, 0, 0), time.Date(2199, 12, 31, 0, 0, 0, 0, time.UTC)} {
		r := small()
		r.Started, r.Finished = started, started.Add(20*time.Second)
		if _, err := result.Decode(bytes.NewReader(encode(t, r))); err != nil {
			t.Errorf("%v: %v", started, err)
		}
	}
}

// Every result that is written can be read.
func TestEncodeRefusesWhatIsTooLarge(t *testing.T) {
	r := small()
	readings := map[string]float64{}
	for i := range 1000 {
		readings[fmt.Sprint(i)] = 1
	}
	r.Rounds[0].Tally = nil
	r.Rounds[0].Readings = readings
	r.Rounds = slices.Repeat(r.Rounds[:1], 4000)
	r.PlannedRounds = len(r.Rounds)
	if err := result.Encode(io.Discard, r); err == nil || !strings.Contains(err.Error(), "more than 4000000 values") {
		t.Errorf("got %v", err)
	}
	crowd := small()
	var dense hist.Histogram
	for d := hist.Lowest; d < hist.Highest; d += max(d/1000, time.Microsecond/2) {
		dense.Record(d)
	}
	for i := range 1300 {
		n := dense.Count()
		crowd.Tally.Routes[fmt.Sprint(i)] = &tally.Route{Outcomes: map[tally.Class]int64{tally.OK: n}, Response: dense, Service: dense}
	}
	if err := result.Encode(io.Discard, crowd); err == nil || !strings.Contains(err.Error(), "larger than those of any run") {
		t.Errorf("got %v", err)
	}
}

// A load of a month has a timeline that can be read back.
func TestTimelineIsBounded(t *testing.T) {
	r := small()
	for i := range 30 * 24 * 3600 {
		r.AddSecond(result.Second{Start: time.Duration(i) * time.Second, Length: time.Second})
	}
	if err := r.Validate(); err != nil || len(r.Timeline) != 100_000 {
		t.Errorf("%d seconds, %v", len(r.Timeline), err)
	}
}

func TestSummaryIsOfTheRun(t *testing.T) {
	r := full()
	beside(r)
	r.Rounds[1].Readings = map[string]float64{"cpu": 1.5}
	s := r.Summary()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	if got := s.Figures["GET /a"]; got.Requests != 40 || got.Throughput != 2 || s.Figures[tally.All].Failures != 2 {
		t.Errorf("figures %+v", s.Figures)
	}
	if s.Readings["cpu"] != 1 || s.Readings["rss_bytes"] != 1<<30 || s.Control != 1 || s.Rounds != 2 || s.Whole {
		t.Errorf("summary %+v", s)
	}
	for want, change := range map[string]func(*result.Summary){
		"no ID":              func(s *result.Summary) { s.ID = s.ID[1:] + "G" },
		"names no series":    func(s *result.Summary) { s.Series = "" },
		"none of all":        func(s *result.Summary) { delete(s.Figures, tally.All) },
		"impossible figures": func(s *result.Summary) { s.Figures["GET /a"] = result.Figures{Requests: math.MaxInt64} },
		"is named":           func(s *result.Summary) { s.Figures[""] = result.Figures{} },
		"of -1 rounds":       func(s *result.Summary) { s.Rounds = -1 },
	} {
		s := r.Summary()
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

// No file makes the decoder panic. Every decoded result can be summarized, compacted, written and read again
// with the same ID.
func FuzzDecode(f *testing.F) {
	var b bytes.Buffer
	if err := result.Encode(&b, small()); err != nil {
		f.Fatal(err)
	}
	whole := b.String()
	for _, text := range []string{
		whole, `{"schema":1}`, millions(100), strings.Repeat("[", 100), strings.Repeat(`{"a":`, 100),
		strings.Replace(whole, `"ok": 20`, `"ok": 9223372036854775806`, -1),
		strings.Replace(whole, `"requests": 20`, `"requests": 999999999999`, -1),
		strings.Replace(whole, `"bytes_received": 200`, `"bytes_received": 999999999999999`, -1),
		strings.Replace(whole, `"finished": "2026-11-23T12:00:20Z"`, `"finished": "2026-11-23T11:59:59Z"`, 1),
		strings.Replace(whole, `"2026-11-23T12`, `"2036-11-23T12`, -1),
		strings.Replace(whole, `"series": "shop"`, `"series": "shop", "Series": "other", "SERIES": 1`, 1),
		strings.Replace(whole, `"target"`, `"series": "other", "target"`, 1),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := result.Decode(bytes.NewReader(data))
		if err != nil {
			return
		}
		r.Tally.Total()
		s := r.Summary()
		if err := s.Validate(); err != nil {
			t.Errorf("its summary: %v", err)
		}
		for _, same := range []*result.Result{r, r.Compact()} {
			again, err := result.Decode(bytes.NewReader(encode(t, same)))
			if err != nil || again.ID() != s.ID {
				t.Errorf("%v: %s became %v", err, s.ID, again)
			}
		}
	})
}

// wide is a run of many routes.
func wide(routes, rounds int) *result.Result {
	r := small()
	r.PlannedRounds, r.Rounds, r.Tally = rounds, nil, tally.Tally{}
	for i := range rounds {
		round := &tally.Tally{}
		for n := range routes {
			for k := range 20 {
				round.Add(tally.Sample{Route: fmt.Sprintf("GET /api/v1/resource-%d/{id}", n), Class: tally.OK, Ended: time.Duration(n+k+1) * time.Millisecond})
			}
		}
		r.Rounds = append(r.Rounds, result.NewRound(time.Duration(i)*time.Second, time.Second, round))
		r.Tally.Merge(round)
	}
	return r
}

// A gate names each fresh run, and each run of a history has its ID already.
func BenchmarkID(b *testing.B) {
	r := wide(100, 6)
	for b.Loop() {
		_ = r.ID()
	}
}

func BenchmarkSummary(b *testing.B) {
	r := wide(100, 6)
	for b.Loop() {
		_ = r.Summary()
	}
}

func BenchmarkDecode(b *testing.B) {
	var text bytes.Buffer
	if err := result.Encode(&text, wide(100, 6).Compact()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := result.Decode(bytes.NewReader(text.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}
