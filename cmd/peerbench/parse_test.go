package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRates reads outputs recorded from the tools, run by hand with the arguments of tools
// against an nginx, one that answers and one that answers 404. The files are cut nowhere, but
// for the histograms of result.json.
func TestRates(t *testing.T) {
	check := func(tool, file string, want float64, wantErr string) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		var got float64
		for _, candidate := range tools {
			if candidate.name == tool {
				got, err = candidate.rate(text)
			}
		}
		switch {
		case wantErr == "" && (err != nil || math.Abs(got-want) > 0.01):
			t.Errorf("%s: got %v requests/s, error %v; want %v", file, got, err, want)
		case wantErr != "" && (err == nil || !strings.Contains(err.Error(), wantErr)):
			t.Errorf("%s: got error %v; want %q", file, err, wantErr)
		}
	}
	check("wrk", "wrk.txt", 27630.70, "")
	check("wrk", "wrk-404.txt", 0, "Non-2xx or 3xx responses: 60056")
	check("hey", "hey.txt", 19701.2130, "")
	check("hey", "hey-404.txt", 0, "22464 responses")
	check("hey", "hey-refused.txt", 0, "Error distribution")
	check("ab", "ab.txt", 73948.19, "")
	check("ab", "ab-404.txt", 0, "Non-2xx responses:      92943")
	check("bombardier-fasthttp", "bombardier.json", 76952/1.9989953520000001, "")
	check("bombardier-fasthttp", "bombardier-404.json", 0, "44279 of 44279 requests failed")
	check("vegeta", "vegeta.json", 13703.938249320134, "")
	check("vegeta", "vegeta-404.json", 0, "100 of 100 requests failed")
	check("k6", "k6.json", 11163.124217117298, "")
	check("k6", "k6-404.json", 0, "12744 of 12744 requests failed")
	check("locust-fast", "locust.json", 6179.079448700551, "")
	check("locust-fast", "locust-404.json", 0, "8249 of 8249 requests failed")
	check("h2load", "h2load.txt", 27265, "")
	check("h2load", "h2load-404.txt", 0, "4000 4xx")
	check("h2load", "h2load-reset.txt", 0, "0 succeeded")
	check("ghz", "ghz.txt", 4598.25, "")
	check("ghz", "ghz-refused.txt", 0, "code = Unavailable")
	check("plimsoll", "result.json", 26237.5, "")
}

// TestRatesOfNothing: a tool that printed something else was not measured.
func TestRatesOfNothing(t *testing.T) {
	for _, tool := range tools {
		for _, text := range []string{"", "{}", "panic: no", `{"result":{}}`} {
			if rate, err := tool.rate([]byte(text)); err == nil {
				t.Errorf("%s: output %q is taken for %v requests/s", tool.name, text, rate)
			}
		}
	}
}

func TestQuantiles(t *testing.T) {
	check := func(file string, parse func([]byte) (float64, float64, error), want95, want99 float64) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		p95, p99, err := parse(text)
		if err != nil || math.Abs(p95-want95) > 1e-9 || math.Abs(p99-want99) > 1e-9 {
			t.Errorf("%s: got p95 %v ms, p99 %v ms, error %v; want %v and %v", file, p95, p99, err, want95, want99)
		}
		if _, _, err := parse([]byte("  Requests/sec: 12.5\n")); err == nil {
			t.Errorf("%s: output without quantiles is taken for quantiles", file)
		}
	}
	check("wrk-quantiles.txt", parseWrkQuantiles, 2.922, 4.318)
	check("hey.txt", parseHeyQuantiles, 2.1, 2.7)
	check("result.json", parsePlimsollQuantiles, 9.699327, 13.393919)
}

func TestParseResult(t *testing.T) {
	const round = `"rounds": [{"total": {"requests": 100, "failures": 2, "p95_ns": 100000000, "p99_ns": 180000000, "throughput_per_sec": 98}}]`
	check := func(text, wantErr string) resultFile {
		t.Helper()
		r, err := parseResult([]byte(text))
		if (err == nil) != (wantErr == "") || err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("parseResult(%s): error %v, want %q", text, err, wantErr)
		}
		return r
	}
	check(`{}`, "not one round")
	check(`{"rounds": [{"total": {}}]}`, "not one round")
	check(`{`+round+`, "problems": [{"kind": "interrupted", "text": "somebody ended it"}]}`, "interrupted: somebody ended it")
	check(`{`+round+`, "problems": [{"kind": "saturated", "text": "it was the bottleneck"}]}`, "")
	r := check(`{`+round+`, "generator": {"cpu_share": 0.5, "lag_p99_ns": 250000},
		"tally": {"routes": {"GET /a": {"outcomes": {"ok": 98, "dropped": 2}}, "GET /b": {"outcomes": {"dropped": 3}}}}}`, "")
	if got := r.dropped(); got != 5 {
		t.Errorf("dropped: got %d, want 5", got)
	}
	if got := ms(r.Generator.LagP99); got != 0.25 {
		t.Errorf("lag p99: got %v ms, want 0.25", got)
	}
	if _, err := parsePlimsoll([]byte(`{` + round + `}`)); err == nil {
		t.Error("a result with failures is taken for a rate")
	}
}
