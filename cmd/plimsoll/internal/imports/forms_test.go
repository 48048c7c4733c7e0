package imports_test

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/imports"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// told is a result in a line: requests, failures and how they failed, p50 and the largest time of all, users, routes.
func told(r *result.Result) string {
	total := r.Tally.Total()
	p50, most := total.Response.Quantile(0.5).Round(time.Millisecond), total.Response.Max().Round(time.Millisecond)
	if r.Origin.Summed {
		p50, most = r.Rounds[0].Total.P50, r.Rounds[0].Total.P99
	}
	var failed []string
	for class, n := range total.Outcomes {
		if class.String() != "ok" {
			failed = append(failed, fmt.Sprintf("%s %d", class, n))
		}
	}
	slices.Sort(failed)
	return fmt.Sprintf("%d requests, %d failed %v, %v %v, %d users, %s",
		total.Requests(), total.Failures(), failed, p50, most, r.Users, strings.Join(r.Routes(), "; "))
}

// Tools also write files in less usual forms. Each has a result or is refused. The expected figures are those that the file
// states, or the sums of its rows.
func TestForms(t *testing.T) {
	for _, c := range []struct{ format, file, want, note string }{
		{"wrk", "wrk-latency.txt", "40 requests, 0 failed [], 48.3ms 61.2ms, 1 users, /", "it does not tell p95"},
		{"wrk", "wrk-errors.txt", "28 requests, 28 failed [status 28], 0s 0s, 1 users, /broken", "run it with --latency"},
		{"wrk", "wrk-long.txt", "14400 requests, 0 failed [], 0s 0s, 8 users, /", "run it with --latency"},
		// Two transactions say that they have two samples each.
		{"jmeter", "jmeter-transactions.jtl", "4 requests, 0 failed [], 80ms 300ms, 2 users, Cart-0; Cart-1; Pay-0; Pay-1", "2 samples of transaction controllers are left out"},
		{"jmeter", "jmeter-tabs.jtl", "4 requests, 0 failed [], 120ms 410ms, 1 users, http://shop.example", ""},
		{"jmeter", "jmeter-lines.jtl", "2 requests, 1 failed [status 1], 60ms 700ms, 1 users, Open: Cart; no button: ", ""},
		{"jmeter", "jmeter-dates.jtl", "3 requests, 1 failed [status 1], 900ms 1.5s, 0 users, GET /cart - First Page; GET /cart/items", "taken as UTC"},
		{"jmeter", "jmeter-no-dates.jtl", `line 2: timeStamp is "2026/31/12 08:15:30.100", which is no time that is known here`, ""},
		{"jmeter", "jmeter-assertions.xml", "2 requests, 1 failed [expect 1], 38ms 44ms, 0 users, Cart; Pay", ""},
		{"jmeter", "jmeter-of-taurus.jtl", `1 requests, 1 failed [status 1], 0s 0s, 1 users, ""`, ""},
		{"gatling", "gatling-2.0.log", "4 requests, 0 failed [], 300ms 450ms, 3 users, open cart; open cart Redirect 1", ""},
		{"gatling", "gatling-3.5.log", "4 requests, 0 failed [], 18ms 1.03s, 2 users, open_cart", ""},
		{"gatling", "gatling-replay.log", `2 requests, 2 failed [status 2], 3ms 6ms, 1 users, ""`, ""},
		{"k6", "k6-twice.csv", "4 requests, 2 failed [transport 2], 0s 330ms, 1 users, GET /; GET https://gone.example/", "leaves out the time to connect"},
		{"locust", "locust-0_stats.csv", "line 2: it has 10 cells, and the first line has 11", ""},
		{"github-action-benchmark", "go-data.js", "1062000 requests, 0 failed [], 0s 0s, 0 users, BenchmarkCart; BenchmarkList; BenchmarkPay", "up to 2 runs of one suite: this is the newest"},
		{"github-action-benchmark", "script-data.js", "line 2:", ""},
		{"github-action-benchmark", "../../../../../../gate/history/testdata/containerd__runwasi.csv", `such as "HTTP p95 Latency" in "ms": they are no throughput, or do not say how many operations they are of`, ""},
		{"github-action-benchmark", "../../../../../../gate/history/testdata/hyperium__hyper.csv", `such as "hello_world_16" in "ns/iter"`, ""},
	} {
		r, err := read(t, c.format, filepath.Join("testdata/forms", c.file))
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got the error %v, want %s", c.file, err, c.want)
			}
			continue
		}
		if got := told(r); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: got\n\t%s, want\n\t%s", c.file, got, c.want)
		}
		if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, c.note) {
			t.Errorf("%s: no note says %q:\n%s", c.file, c.note, notes)
		}
		if !r.Whole() {
			t.Errorf("%s: it is not whole: %v", c.file, r.Problems)
		}
	}
}

// The results have the rates that the files state.
func TestRatesOfForms(t *testing.T) {
	for file, want := range map[string]float64{"wrk-latency.txt": 19.80, "wrk-errors.txt": 13.73, "wrk-long.txt": 2} {
		r, err := read(t, "wrk", filepath.Join("testdata/forms", file))
		if err != nil {
			t.Fatal(err)
		}
		if got := float64(r.Rounds[0].Total.Requests) / r.Length().Seconds(); math.Abs(got/want-1) > 0.01 {
			t.Errorf("%s: got %.2f requests a second, it states %g", file, got, want)
		}
	}
	r, err := read(t, "github-action-benchmark", "testdata/forms/go-data.js")
	if err != nil {
		t.Fatal(err)
	}
	for route, ns := range map[string]float64{"BenchmarkCart": 4100, "BenchmarkPay": 90000, "BenchmarkList": 1250.5} {
		if got := 1e9 / r.Rounds[0].Of(route).Throughput; math.Abs(got/ns-1) > 1e-6 {
			t.Errorf("%s: got %g ns/op, the file states %g", route, got, ns)
		}
	}
	if r.Commit != "2222222222222222222222222222222222222222" || r.Finished.Sub(time.UnixMilli(1767607200000)).Abs() > time.Millisecond {
		t.Errorf("got commit %s, finished at %v", r.Commit, r.Finished)
	}
}

// The message of a failed assertion is the text of the failure. Samples inside a transaction count, and samples inside a
// request do not. A file that has only transactions is refused.
func TestJMeterTree(t *testing.T) {
	const text = `<?xml version="1.0"?>
<testResults version="1.2">
<sample t="1200" ts="1690000000000" s="false" lb="page" rc="429" rm="Number of samples in transaction : 2, number of failing samples : 1">
  <httpSample t="100" ts="1690000000000" s="true" lb="login" rc="200" rm="OK">
    <httpSample t="40" ts="1690000000010" s="true" lb="redirect" rc="302" rm="Found"/>
  </httpSample>
  <sample t="900" ts="1690000000100" s="false" lb="inner" rc="429" rm="Number of samples in transaction : 1, number of failing samples : 1">
    <httpSample t="80" ts="1690000000100" s="false" lb="search" rc="200" rm="OK">
      <assertionResult><name>size</name><failure>true</failure><failureMessage>the answer is empty</failureMessage></assertionResult>
      <assertionResult><name>words</name><failure>true</failure><failureMessage>no words</failureMessage></assertionResult>
    </httpSample>
  </sample>
</sample>
</testResults>
`
	r, err := readText(t, "jmeter", text)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := told(r), "2 requests, 1 failed [expect 1], 80ms 100ms, 0 users, login; search"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if errors := r.Tally.Routes["search"].Errors; errors["the answer is empty"].Count != 1 {
		t.Errorf("got the errors %v", errors)
	}
	const only = `timeStamp,elapsed,label,responseCode,responseMessage,success
1431534938725,264,one,200,"Number of samples in transaction : 1, number of failing samples : 0",true
1431534938734,998,two,200,"Number of samples in transaction : 1, number of failing samples : 1",false
`
	if r, err := readText(t, "jmeter", only); err == nil || !strings.Contains(err.Error(), `all 2 samples are of transaction controllers, and their requests are not in the file: clear "Generate parent sample"`) {
		t.Errorf("got %v, %v", r, err)
	}
}

// Requests of one name in different groups are different routes, as in Gatling's reports. Without --latency, wrk2 is
// recognised by the calibration that it prints.
func TestNamesOfTools(t *testing.T) {
	const log = "RUN\ta\tb\t1767225600000\t \t3.9\nREQUEST\tcheckout,pay\tPOST\t1767225600001\t1767225600009\tOK\t \nREQUEST\tlogin\tPOST\t1767225600001\t1767225600009\tOK\t \nREQUEST\t\tPOST\t1767225600001\t1767225600009\tOK\t \n"
	r, err := readText(t, "gatling", log)
	if err != nil || strings.Join(r.Routes(), "; ") != "POST; checkout / pay / POST; login / POST" {
		t.Errorf("got %v, %v", r, err)
	}
	const wrk2 = `Running 30s test @ http://127.0.0.1:80/index.html
  2 threads and 100 connections
  Thread calibration: mean lat.: 9747 usec, rate sampling interval: 21 msec
  60017 requests in 30.01s, 19.81MB read
Requests/sec:   2000.15
Transfer/sec:    676.14KB
`
	if r, err = readText(t, "wrk", wrk2); err != nil || r.Origin.Tool != "wrk2" || strings.Contains(strings.Join(r.Notes, "\n"), "not from when it was due") {
		t.Errorf("got %v, %v", r, err)
	}
}

// The figures of a history become routes if they are throughput and tell how many operations they are of.
func TestBenchmarks(t *testing.T) {
	const history = `{"lastUpdate": 1, "repoUrl": "https://github.com/a/b", "entries": {
"Go": [{"commit": {"id": "c1"}, "date": 1700000000000, "tool": "go", "benches": [
  {"name": "A", "value": 200, "unit": "ns/op\t 120 B/op\t 3 allocs/op", "extra": "5000 times\n4 procs"},
  {"name": "A - ns/op", "value": 200, "unit": "ns/op", "extra": "5000 times\n4 procs"},
  {"name": "A - B/op", "value": 120, "unit": "B/op", "extra": "5000 times\n4 procs"}]}],
"Python": [{"commit": {"id": "c1"}, "date": 1700000001000, "tool": "pytest", "benches": [
  {"name": "b", "value": 400, "unit": "iter/sec", "range": "stddev: 0.1", "extra": "mean: 2.5 msec\nrounds: 200"},
  {"name": "c", "value": 400, "unit": "iter/sec", "extra": {"what": "else"}}]}],
"Old": [{"commit": {"id": "c0"}, "date": 1600000000000, "tool": "go", "benches": [{"name": "D", "value": 1, "unit": "ns/op", "extra": "9 times"}]}]}}`
	r, err := readText(t, "github-action-benchmark", history)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(r.Routes(), "; "), "Go: A - ns/op; Python: b"; got != want || r.Commit != "c1" {
		t.Fatalf("got the routes %s of %s, want %s of c1", got, r.Commit, want)
	}
	for route, want := range map[string]result.Figures{"Go: A - ns/op": {Requests: 5000, Throughput: 5e6}, "Python: b": {Requests: 200, Throughput: 400}} {
		if got := r.Rounds[0].Of(route); got.Requests != want.Requests || math.Abs(got.Throughput/want.Throughput-1) > 1e-6 {
			t.Errorf("%s: got %+v, want %+v", route, got, want)
		}
	}
	for _, want := range []string{
		"suites without a run of commit c1 are left out: \"Old\"", "2 of 4 figures are left out, such as \"A - B/op\" in \"B/op\": they are no throughput (1), or do not say how many operations they are of (1)", "no failures",
	} {
		if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, want) {
			t.Errorf("no note says %q:\n%s", want, notes)
		}
	}
	if _, err := imports.Read(t.Context(), "k6", []string{"testdata/forms/go-data.js"}, options); err == nil || !strings.Contains(err.Error(), "write `plimsoll import github-action-benchmark`") {
		t.Errorf("as k6: got %v", err)
	}
}
