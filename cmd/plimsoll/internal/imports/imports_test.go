package imports_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/imports"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

var options = imports.Options{Identity: foreign.Identity{Identity: result.Identity{Series: "theirs"}}}

// read imports files, and checks that the result can be kept.
func read(t *testing.T, format string, files ...string) (*result.Result, error) {
	t.Helper()
	r, err := imports.Read(t.Context(), format, files, options)
	if err != nil {
		return nil, err
	}
	if err := result.Encode(&bytes.Buffer{}, r); err != nil {
		t.Errorf("%s %v: %v", format, files, err)
	}
	return r, nil
}

// said is a result in a line: its tool, requests, failures, how they failed, p50, p95 and p99 of all, its length, rounds,
// seconds and users, and its routes.
func said(r *result.Result) string {
	total, all := r.Tally.Total(), r.Summary().Figures["*"]
	var failed []string
	for class, n := range total.Outcomes {
		if class.String() != "ok" {
			failed = append(failed, fmt.Sprintf("%s %d", class, n))
		}
	}
	slices.Sort(failed)
	return fmt.Sprintf("%s: %d requests, %d failed %v, %v %v %v, %.1fs, %d rounds, %d seconds, %d users, %s",
		r.Origin.Tool, all.Requests, all.Failures, failed, all.P50.Round(10*time.Microsecond), all.P95.Round(10*time.Microsecond), all.P99.Round(10*time.Microsecond),
		r.Length().Seconds(), len(r.Rounds), len(r.Timeline), r.Users, strings.Join(r.Routes(), "; "))
}

// The files are as each tool writes them; see testdata/README.md for where their forms come from.
func TestFormats(t *testing.T) {
	for _, c := range []struct{ format, files, want string }{
		{"locust", "shop_stats.csv shop_stats_history.csv shop_failures.csv shop_exceptions.csv",
			"Locust: 1200 requests, 9 failed [status 9], 14ms 43ms 100ms, 30.0s, 1 rounds, 31 seconds, 10 users, GET /items; POST /orders, all"},
		{"k6", "k6-summary-export.json", "k6: 3000 requests, 30 failed [status 30], 10.5ms 31.25ms 0s, 30.0s, 1 rounds, 0 seconds, 10 users, all requests"},
		{"k6", "k6-handle-summary.json", "k6: 3000 requests, 30 failed [status 30], 10.5ms 31.25ms 60ms, 30.0s, 1 rounds, 0 seconds, 10 users, login; other routes"},
		{"k6", "k6.csv", "k6: 120 requests, 3 failed [status 3], 8ms 11ms 11ms, 11.0s, 6 rounds, 12 seconds, 4 users, GET /items"},
		{"vegeta", "vegeta.json", "vegeta: 120 requests, 2 failed [status 1 timeout 1], 3.4ms 3.8ms 3.8ms, 6.0s, 6 rounds, 6 seconds, 0 users, GET /items"},
		{"vegeta", "vegeta.csv", "vegeta: 120 requests, 2 failed [status 1 timeout 1], 3.4ms 3.8ms 3.8ms, 6.0s, 6 rounds, 6 seconds, 0 users, GET /items"},
		{"vegeta", "vegeta-report.json", "vegeta: 120 requests, 2 failed [status 1 transport 1], 2.9ms 4.5ms 6ms, 6.0s, 1 rounds, 0 seconds, 0 users, all requests"},
		{"jmeter", "jmeter.jtl", "JMeter: 300 requests, 8 failed [expect 1 status 6 timeout 1], 25ms 30ms 30ms, 12.0s, 6 rounds, 12 seconds, 5 users, GET items; POST order"},
		{"jmeter", "jmeter-bare.jtl", "JMeter: 300 requests, 8 failed [expect 1 status 6 timeout 1], 25ms 30ms 30ms, 12.0s, 6 rounds, 12 seconds, 5 users, GET items; POST order"},
		{"jmeter", "jmeter-semicolon.jtl", "JMeter: 100 requests, 0 failed [], 11ms 12ms 12ms, 9.9s, 6 rounds, 10 seconds, 0 users, home"},
		{"jmeter", "jmeter.xml", "JMeter: 60 requests, 2 failed [status 2], 22.5ms 26ms 26ms, 5.9s, 6 rounds, 6 seconds, 2 users, GET items"},
		{"gatling", "gatling-3.9.log", "Gatling: 100 requests, 1 failed [status 1], 14ms 16ms 16ms, 3.9s, 6 rounds, 4 seconds, 1 users, cart / item 0; cart / item 1"},
		{"gatling", "gatling-3.2.log", "Gatling: 100 requests, 1 failed [status 1], 14ms 16ms 16ms, 3.9s, 6 rounds, 4 seconds, 1 users, cart / item 0; cart / item 1"},
		{"gatling", "gatling-2.3.log", "Gatling: 100 requests, 1 failed [status 1], 14ms 16ms 16ms, 3.9s, 6 rounds, 4 seconds, 1 users, cart / item 0; cart / item 1"},
		{"wrk", "wrk.txt", "wrk: 22467 requests, 17 failed [status 12 timeout 2 transport 3], 250µs 0s 5.8ms, 10.0s, 1 rounds, 0 seconds, 10 users, /items"},
		{"wrk", "wrk2.txt", "wrk2: 60021 requests, 0 failed [], 1.05ms 2.11ms 3.1ms, 30.0s, 1 rounds, 0 seconds, 100 users, /items"},
		{"hey", "hey.csv", "hey: 300 requests, 3 failed [status 3], 12ms 14ms 14ms, 6.0s, 6 rounds, 6 seconds, 0 users, all requests"},
		{"hey", "hey.txt", "hey: 5200 requests, 100 failed [status 90 transport 10], 1.6ms 4.6ms 7ms, 10.0s, 1 rounds, 0 seconds, 0 users, all requests"},
		{"oha", "oha.json", "oha: 20000 requests, 300 failed [status 200 transport 100], 4.1ms 10.2ms 20.1ms, 10.0s, 1 rounds, 0 seconds, 0 users, all requests"},
		{"ab", "ab.txt", "ab: 5000 requests, 5 failed [status 5], 4ms 10ms 19ms, 2.5s, 1 rounds, 0 seconds, 10 users, /items"},
		{"hlog", "tagged.hlog", "HdrHistogram: 2239 requests, 0 failed [], 330µs 360µs 390µs, 4.0s, 6 rounds, 4 seconds, 0 users, A; B"},
	} {
		var files []string
		for _, name := range strings.Fields(c.files) {
			files = append(files, filepath.Join("testdata", name))
		}
		r, err := read(t, c.format, files...)
		if err != nil {
			t.Errorf("%s %s: %v", c.format, c.files, err)
			continue
		}
		if got := said(r); got != c.want {
			t.Errorf("%s %s: got\n\t%s, want\n\t%s", c.format, c.files, got, c.want)
		}
		if len(r.Problems) > 0 || !r.Whole() {
			t.Errorf("%s %s: it is not whole: %v", c.format, c.files, r.Problems)
		}
		checkWrapped(t, c.format, files, r)
	}
}

// checkWrapped reads the files again with a byte order mark, with other line ends, compressed, and in another order.
func checkWrapped(t *testing.T, format string, files []string, want *result.Result) {
	t.Helper()
	for name, wrap := range map[string]func([]byte) []byte{
		"with a BOM": func(b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) },
		"with CRLF": func(b []byte) []byte {
			return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		},
		"compressed":     packed,
		"in other order": func(b []byte) []byte { return b },
	} {
		dir := t.TempDir()
		var wrapped []string
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			to := filepath.Join(dir, filepath.Base(file))
			if err := os.WriteFile(to, wrap(data), 0o600); err != nil {
				t.Fatal(err)
			}
			wrapped = append(wrapped, to)
		}
		slices.Reverse(wrapped)
		r, err := read(t, format, wrapped...)
		if err != nil || said(r) != said(want) {
			t.Errorf("%s %v %s: got %v, %v", format, files, name, r, err)
		}
	}
}

// samples are the files of testdata.
func samples(t testing.TB) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"testdata/*", "testdata/forms/*"} {
		all, err := filepath.Glob(pattern)
		if err != nil || len(all) < 10 {
			t.Fatal(all, err)
		}
		files = append(files, all...)
	}
	return slices.DeleteFunc(files, func(file string) bool { return filepath.Ext(file) == "" || filepath.Ext(file) == ".md" })
}

// readText imports a file with a text.
func readText(t testing.TB, format, text string) (*result.Result, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "theirs")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return imports.Read(t.Context(), format, []string{file}, options)
}

func packed(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(data) // a Buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

// A file that was cut is read to there, and its result is not whole; or it is refused. It never passes for whole
// with fewer requests, except where it was cut between two lines.
func TestCut(t *testing.T) {
	for _, file := range samples(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		format := formatOf(data)
		if format == "" || strings.Contains(file, "_history") || strings.Contains(file, "_failures") || strings.Contains(file, "_exceptions") {
			continue
		}
		for _, cut := range [][]byte{data[:len(data)*2/3+1], packed(data)[:len(packed(data))-10]} {
			to := filepath.Join(t.TempDir(), "cut")
			if err := os.WriteFile(to, cut, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := read(t, format, to)
			whole, _ := read(t, format, file)
			switch {
			case err != nil || len(r.Problems) > 0:
			case bytes.HasSuffix(cut, []byte("\n")) || r.Tally.Total().Requests() == whole.Tally.Total().Requests():
			default:
				t.Errorf("%s: cut after %d of %d bytes, it passes for whole: %s", file, len(cut), len(data), said(r))
			}
		}
	}
}

// summaries are files of testdata that hold sums of one run.
var summaries = []string{"wrk.txt", "wrk2.txt", "hey.txt", "ab.txt", "oha.json", "vegeta-report.json", "k6-summary-export.json", "k6-handle-summary.json"}

// A summary that was cut anywhere is refused, or its result is not whole, unless all its figures are there.
func TestCutSummaries(t *testing.T) {
	for _, name := range summaries {
		file := filepath.Join("testdata", name)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		format := formatOf(data)
		whole, err := read(t, format, file)
		if err != nil {
			t.Fatal(err)
		}
		each := 1
		if testing.Short() {
			each = 13
		}
		for n := 0; n < len(data); n += each {
			r, err := readText(t, format, string(data[:n]))
			if err == nil && r.Whole() && said(r) != said(whole) {
				t.Errorf("%s: its first %d bytes pass for whole: %s", name, n, said(r))
			}
		}
	}
	for format, text := range map[string]string{
		"oha": `{"summary": {"total": 1, "requestsPerSec"`, "vegeta": `{"latencies":{"50th":1`, "k6": `{"metrics": {"http_req_duration": {"med": 1`,
	} {
		if r, err := readText(t, format, text); err == nil || !strings.Contains(err.Error(), "its JSON: it ends in the middle: it was cut") {
			t.Errorf("%s: got %v, %v", format, r, err)
		}
	}
}

// What programs print last if they leave something out proves the end too. Without it the result says what is missing.
func TestEndsOfSummaries(t *testing.T) {
	const (
		ab  = "This is ApacheBench\nDocument Path: /a\nConcurrency Level: 1\nTime taken for tests: 1.0 seconds\nComplete requests: 10\n"
		hey = "Summary:\n  Total:\t2.0000 secs\n  Fastest:\t0.0010 secs\n  Requests/sec:\t%s\n\nResponse time histogram:\n\nStatus code distribution:\n  [200]\t%d responses\n%s"
		one = "Error distribution:\n  [1]\tGet \"http://h/\": EOF\n"
	)
	for _, c := range []struct{ format, text, problem, note string }{
		{"ab", ab, "lacks the percentages up to 100%, which ab prints last: it was cut", ""},
		{"ab", ab + "Connection Times (ms)\n              min  mean[+/-sd] median   max\nConnect:        0    1   1.0      1       2\nTotal:          1    4   2.0      4       9\n", "", ""}, // -d
		{"ab", ab + "Total:          1    4   2.0      4       9\n\nPercentage of the requests served within a certain time (ms)\n  50%   4\n", "lacks the percentages", ""},
		{"hey", fmt.Sprintf(hey, "50.0000", 100, ""), "", ""},
		{"hey", fmt.Sprintf(hey, "50.0000", 99, one), "", ""},
		{"hey", fmt.Sprintf(hey, "50.0000", 99, ""), "tells how 99 of about 100 requests ended: it was cut", ""},
		{"hey", fmt.Sprintf(hey, "50.0000", 100, one), "", ""}, // hey 0.1.1 has the rate of those that were answered
		{"hey", fmt.Sprintf(hey, "750000.0000", 1_000_000, ""), "", "hey tells the statuses of the first 1000000 answers only: about 4"},
	} {
		r, err := readText(t, c.format, c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if problems := fmt.Sprint(r.Problems); r.Whole() != (c.problem == "") || !strings.Contains(problems, c.problem) {
			t.Errorf("%q: got the problems %s, want %q", c.text, problems, c.problem)
		}
		if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, c.note) {
			t.Errorf("%q: no note says %q:\n%s", c.text, c.note, notes)
		}
	}
}

// What ab calls failed is a failure, except an answer of another length. More failures than requests are never counted.
func TestFailuresOfAb(t *testing.T) {
	const text = "This is ApacheBench\nDocument Path: /a\nConcurrency Level: 1\nTime taken for tests: 1.0 seconds\nComplete requests: 100\nFailed requests: 9\n%s\n 100%% 9 (longest request)\n"
	const twice = "ab counts a request under each way in which it failed"
	for told, want := range map[string][2]string{
		"   (Connect: 30, Receive: 20, Length: 0, Exceptions: 10)":                           {"100 requests, 60 failed [transport 60]", twice},
		"   (Connect: 0, Receive: 100, Length: 0, Exceptions: 0)":                            {"100 requests, 100 failed [transport 100]", "another length"},
		"   (Connect: 0, Length: 9, Exceptions: 2)":                                          {"100 requests, 2 failed [transport 2]", "another length"}, // ab 2.0
		"   (Connect: 0, Receive: 66, Length: 66, Exceptions: 66)":                           {"100 requests, 100 failed [transport 100]", "of the 132 that it tells, 100 are counted, and fewer may have failed"},
		"   (Connect: 0, Receive: 80, Length: 0, Exceptions: 0)\nNon-2xx responses:      30": {"100 requests, 100 failed [status 30 transport 70]", twice},
		"Non-2xx responses:      60":                                                         {"100 requests, 60 failed [status 60]", "another length"},
		"   (Connect: none)":                                                                 {`line 7: it tells failures as "(Connect: none)"`, ""},
		"Non-2xx responses:      -6":                                                         {"line 7: -6 is no number of requests: it is negative", ""},
	} {
		r, err := readText(t, "ab", fmt.Sprintf(text, told))
		if err != nil {
			if !strings.Contains(err.Error(), want[0]) {
				t.Errorf("%s: %v", told, err)
			}
			continue
		}
		if got := said(r); !strings.HasPrefix(got, "ab: "+want[0]+",") {
			t.Errorf("%s: got %s, want %s", told, got, want[0])
		}
		if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, want[1]) || strings.Contains(notes, twice) != (want[1] != "another length") {
			t.Errorf("%s: got the notes\n%s", told, notes)
		}
	}
}

// An answer to wrk that is late and has another status is one failure. More failures than requests are never counted.
func TestFailuresOfWrk(t *testing.T) {
	const text = "Running 10s test @ http://h/a\n  2 threads and 10 connections\n  1000 requests in 10.00s, 1.20MB read\n  Socket errors: connect %d, read %d, write %d, timeout %d\n%sRequests/sec: 100.00\nTransfer/sec: 0.12MB\n"
	const statuses = "  Non-2xx or 3xx responses: %d\n"
	for _, c := range []struct {
		connect, read, write, late, statuses int
		want, note                           string
	}{
		{5, 3, 2, 7, 1000, "1010 requests, 1010 failed [status 1000 transport 10]", "of its 7 timeouts, 0 are counted beside the statuses"},
		{0, 0, 0, 1000, 1000, "1000 requests, 1000 failed [status 1000]", "of its 1000 timeouts, 0 are counted"},
		{0, 0, 0, 400, 500, "1000 requests, 900 failed [status 500 timeout 400]", "of its 400 timeouts, 400 are counted beside the statuses, and fewer may have failed"},
		{0, 0, 0, 700, 500, "1000 requests, 1000 failed [status 500 timeout 500]", "of its 700 timeouts, 500 are counted"},
		{0, 1, 0, 2000, 0, "1001 requests, 1001 failed [timeout 1000 transport 1]", ""},
	} {
		rest := ""
		if c.statuses > 0 {
			rest = fmt.Sprintf(statuses, c.statuses)
		}
		r, err := readText(t, "wrk", fmt.Sprintf(text, c.connect, c.read, c.write, c.late, rest))
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		if got := said(r); !strings.HasPrefix(got, "wrk: "+c.want+",") {
			t.Errorf("%+v: got %s", c, got)
		}
		if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, c.note) || strings.Contains(notes, "timeouts") != (c.note != "") {
			t.Errorf("%+v: got the notes\n%s", c, notes)
		}
	}
}

// A quantile that a tool tells as 0 is shorter than it can tell. It is no figure, but it was told.
func TestTinyQuantiles(t *testing.T) {
	const (
		wrk    = "Running 10s test @ http://h/a\n  2 threads and 10 connections\n  Latency Distribution\n     50%  0.00us\n     99%  2.00\u03bcs\n  1000 requests in 10.00s, 1.20MB read\nRequests/sec: 100.00\nTransfer/sec: 0.12MB\n"
		ab     = "This is ApacheBench\nConcurrency Level: 1\nTime taken for tests: 1.0 seconds\nComplete requests: 100\n\nPercentage of the requests served within a certain time (ms)\n  50%  0\n  95%  0\n  99%  3\n 100% 9 (longest request)\n"
		hey    = "Summary:\n  Total:\t2.0000 secs\n  Fastest:\t0.0010 secs\n  Requests/sec:\t50.0000\n\nResponse time histogram:\n\n  50%% in 0.0000 secs\n  95%% in 0.0010 secs\n  99%% in 0.0020 secs\nStatus code distribution:\n  [200]\t100 responses\n"
		locust = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,95%,99%\n,Aggregated,10,0,0,1,1,1,1,1,0,0,N/A,7\n"
		oha    = `{"summary": {"total": 1, "requestsPerSec": 100}, "latencyPercentiles": {"p50": 0, "p95": null, "p99": 0.001}, "statusCodeDistribution": {"200": 100}}`
		k6     = `{"metrics": {"http_req_duration": {"med": 0, "p(50)": 0, "p(95)": 2}, "http_reqs": {"count": 100, "rate": 100}, "http_req_failed": {"passes": 0, "fails": 100}}, "root_group": {}}`
	)
	for _, c := range []struct{ format, text, want, tiny, untold string }{
		{"wrk", wrk, "0s 0s 2µs", "wrk tells p50 as 0,", "it does not tell p95 of"},
		{"ab", ab, "0s 0s 3ms", "ab tells p50 and p95 as 0,", ""},
		{"hey", hey, "0s 1ms 2ms", "hey tells p50 as 0,", ""},
		{"locust", locust, "0s 0s 7ms", "Locust tells p50 as 0,", "it does not tell p95 of"},
		{"oha", oha, "0s 0s 1ms", "oha tells p50 as 0,", "it does not tell p95 of"},
		{"k6", k6, "0s 2ms 0s", "k6 tells p50 as 0,", "it does not tell p99 of"},
	} {
		r, err := readText(t, c.format, c.text)
		if err != nil {
			t.Errorf("%s: %v", c.format, err)
			continue
		}
		if f := r.Rounds[0].Total; fmt.Sprint(f.P50, f.P95, f.P99) != c.want {
			t.Errorf("%s: got %v %v %v, want %s", c.format, f.P50, f.P95, f.P99, c.want)
		}
		notes := strings.Join(r.Notes, "\n")
		if !strings.Contains(notes, c.tiny+" which is shorter than it can tell") || !strings.Contains(notes, c.untold) || strings.Contains(notes, "it does not tell") != (c.untold != "") || strings.Contains(notes, "--latency") {
			t.Errorf("%s: got the notes\n%s", c.format, notes)
		}
	}
}

// A file that is given twice would be counted twice. It is refused, also under another name, as a copy, and compressed.
func TestGivenTwice(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	data, err := os.ReadFile("testdata/jmeter.jtl")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"a.jtl": data, "copy.jtl": data, "packed.jtl.gz": packed(data), "other.jtl": data[:len(data)/2]} {
		if err := os.WriteFile(at(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink(at("a.jtl"), at("link.jtl")), os.Link(at("a.jtl"), at("hard.jtl"))); err != nil {
		t.Fatal(err)
	}
	for second, want := range map[string]string{
		"a.jtl": at("a.jtl") + " is given twice: give each file once", "link.jtl": "are the same file: give each file once", "hard.jtl": "are the same file",
		"../" + filepath.Base(dir) + "/a.jtl": "is given twice", "copy.jtl": "import " + at("copy.jtl") + ": it holds the same as " + at("a.jtl") + ": give each file once",
		"packed.jtl.gz": "it holds the same as", "missing.jtl": "no such file",
	} {
		if r, err := imports.Read(t.Context(), "jmeter", []string{at("a.jtl"), at("other.jtl"), at(second)}, options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v, want %q", second, r, err, want)
		}
	}
	if r, err := read(t, "jmeter", at("a.jtl"), at("other.jtl")); err != nil || r.Tally.Total().Requests() < 400 {
		t.Errorf("two files: got %v, %v", r, err)
	}
}

// A summary of k6 that does not tell how many requests of a route failed says so, if any failed.
func TestUntoldFailuresOfRoutes(t *testing.T) {
	const text = `{"metrics": {"http_req_duration": {"med": 9}, "http_reqs": {"count": 100, "rate": 10}, "http_req_failed": {"passes": %d, "fails": 1},
"http_req_duration{name:login}": {"med": 9}, "http_reqs{name:login}": {"count": 40, "rate": 4}%s}}`
	for _, c := range []struct {
		failed int
		told   string
		noted  bool
	}{{3, "", true}, {0, "", false}, {3, `, "http_req_failed{name:login}": {"passes": 2, "fails": 38}`, false}} {
		r, err := readText(t, "k6", fmt.Sprintf(text, c.failed, c.told))
		if err != nil {
			t.Fatal(err)
		}
		const note = "does not tell how many requests of name:login failed: 0 stands there, and the failures count under other routes; thresholds on http_req_failed{name:login}"
		if got := strings.Contains(strings.Join(r.Notes, "\n"), note); got != c.noted {
			t.Errorf("%+v: got the notes %q", c, r.Notes)
		}
	}
}

// Requests of k6 without a tag that tells whether they failed are noted.
func TestUntoldFailuresOfRequests(t *testing.T) {
	const line = `{"metric":"http_req_duration","type":"Point","data":{"time":"2026-01-01T00:00:00Z","value":1,"tags":{"name":"a"%s}}}` + "\n"
	for _, c := range []struct {
		tags  string
		noted bool
	}{{"", true}, {`,"status":"200"`, false}, {`,"expected_response":"true"`, false}, {`,"error_code":"1050"`, false}} {
		r, err := readText(t, "k6", fmt.Sprintf(line, c.tags))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(r.Notes, "\n"), "have no tag that tells whether they failed"); got != c.noted {
			t.Errorf("%s: got the notes %q", c.tags, r.Notes)
		}
	}
}

// Joined files are refused where the second begins. Those of k6 are read on; see k6-twice.csv.
func TestJoinedFiles(t *testing.T) {
	for _, name := range []string{"jmeter.jtl", "jmeter-semicolon.jtl", "jmeter.xml", "hey.csv", "shop_stats.csv"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.TrimRight(string(data), "\n")
		want := fmt.Sprintf("line %d: a second file begins: files were joined; give each file by itself", strings.Count(text, "\n")+2)
		if name == "jmeter.xml" {
			want = "a second file begins"
		}
		if r, err := readText(t, formatOf(data), text+"\n"+text+"\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s twice: got %v, %v, want %s", name, r, err, want)
		}
	}
	bare, err := os.ReadFile("testdata/jmeter-bare.jtl")
	if err != nil {
		t.Fatal(err)
	}
	headed, err := os.ReadFile("testdata/jmeter.jtl")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := readText(t, "jmeter", string(bare)+string(headed)); err == nil || !strings.Contains(err.Error(), "a second file begins") {
		t.Errorf("rows and a file with a header: got %v, %v", r, err)
	}
}

// A history of Locust alone has no sums.
func TestHistoryOfLocustAlone(t *testing.T) {
	if r, err := read(t, "locust", "testdata/shop_stats_history.csv"); err == nil || !strings.Contains(err.Error(), "give the file whose name ends in _stats.csv too") {
		t.Errorf("got %v, %v", r, err)
	}
}

// JTL in XML may be in ISO-8859-1, and a spreadsheet writes true in capitals.
func TestWordsOfJMeter(t *testing.T) {
	sample := "<httpSample t=\"5\" ts=\"1767225600000\" s=\"true\" lb=\"b\xfccher\" rc=\"200\"/>"
	for _, encoding := range []string{"ISO-8859-1", "iso-8859-1", "latin1"} {
		r, err := readText(t, "jmeter", "<?xml version=\"1.0\" encoding=\""+encoding+"\"?><testResults>"+strings.Repeat(sample, 2000)+"</testResults>")
		if err != nil || r.Tally.Total().Requests() != 2000 || strings.Join(r.Routes(), ";") != "bücher" {
			t.Errorf("%s: got %v, %v", encoding, r, err)
		}
	}
	r, err := readText(t, "jmeter", "timeStamp,elapsed,label,responseCode,success\n1767225600000,10,a,200,TRUE\n1767225600000,10,a,500,FALSE\n")
	if err != nil || r.Tally.Total().Requests() != 2 || r.Tally.Total().Failures() != 1 {
		t.Errorf("got %v, %v", r, err)
	}
}

// Every format says which of its tool's files are known.
func TestKnown(t *testing.T) {
	for _, f := range imports.Formats() {
		if _, err := readText(t, f.Name, "x\n"); f.Known == "" || err == nil || !strings.HasSuffix(err.Error(), "; these are known: "+f.Known) {
			t.Errorf("%s: got %v", f.Name, err)
		}
	}
}

// Sums of two runs in one file are refused: quantiles cannot be merged, and counts of two runs are no run.
func TestTwoRuns(t *testing.T) {
	for _, name := range summaries {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if r, err := readText(t, formatOf(data), string(data)+"\n"+string(data)); err == nil || !strings.Contains(err.Error(), "a second run begins: import one at a time") {
			t.Errorf("%s twice: got %v, %v", name, r, err)
		}
	}
	aborted := "This is ApacheBench, Version 2.3\n\nBenchmarking 127.0.0.1 (be patient)\napr_socket_recv: Connection reset by peer (104)\n"
	data, err := os.ReadFile("testdata/ab.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{aborted + string(data), string(data) + aborted} {
		if r, err := readText(t, "ab", text); err == nil || !strings.Contains(err.Error(), "a second run begins") {
			t.Errorf("a run that was given up, and another: got %v, %v", r, err)
		}
	}
	if r, err := readText(t, "oha", `{"summary": {"total": 1, "requestsPerSec": 1}} and more`); err == nil || !strings.Contains(err.Error(), `"and more" follows its JSON`) {
		t.Errorf("got %v, %v", r, err)
	}
}

func formatOf(data []byte) string {
	for _, f := range imports.Formats() {
		if f.Form(data[:min(len(data), 4096)]) != "" {
			return f.Name
		}
	}
	return ""
}

// Each file belongs to one format. If it is imported as another, the error names the right one.
func TestWrongFormat(t *testing.T) {
	for _, file := range samples(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		own := formatOf(data)
		if own == "" {
			continue
		}
		for _, f := range imports.Formats() {
			if f.Name == own {
				continue
			}
			if _, err := imports.Read(t.Context(), f.Name, []string{file}, options); err == nil || !strings.Contains(err.Error(), "write `plimsoll import "+own+"`") {
				t.Errorf("%s as %s: got %v, want that it is of %s", file, f.Name, err, own)
			}
		}
	}
}

// An error about a file that cannot be imported says what is wrong, and on which line.
func TestRefused(t *testing.T) {
	const (
		jtl    = "timeStamp,elapsed,label,responseCode,success\n1767225600000,10,a,200,true\n"
		k6     = `{"metric":"http_req_duration","type":"Point","data":{"time":"2026-01-01T00:00:00Z","value":1,"tags":{}}}` + "\n"
		locust = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,95%,99%\n"
	)
	for _, c := range []struct{ format, text, want string }{
		{"k6", "", "the file is empty"},
		{"k6", "\xef\xbb\xbf\n", "the file is empty"},
		{"k6", "\xff\xfe{\x00", "UTF-16"},
		{"k6", "hello\n", `this is no file of k6 that is known here: it begins with "hello\n"; these are known: JSON lines (--out json=FILE), CSV (--out csv=FILE) and summaries`},
		{"ab", "Percentage served,Time in ms\n0,0.000\n", "these are known: what ab prints, not the files of -e and -g"},
		{"ab", "starttime\tseconds\tctime\tdtime\tttime\twait\n", "not the files of -e and -g"},
		{"locust", "\"Type\",\"Name\",\"# requests\",\"# failures\"\n", "these are known: the CSV files that Locust writes from version 1 on"},
		{"vegeta", "Requests      [total, rate, throughput]  100, 10.10, 10.00\n", "and the report as JSON (vegeta report -type=json)"},
		{"k6", `{"version": "1.0.0", "results": {"metrics": [{"name": "http_reqs"}, {"name": "http_req_duration"}]}}`, "this is k6's newer form of a summary, which is not known here: run k6 without --new-machine-readable-summary"},
		{"jmeter", "<?xml version='1.0' encoding='EUC-KR'?><testResults><httpSample t='1' ts='1767225600000' s='true' lb='a'/></testResults>", `line 1: its encoding is "EUC-KR": write it as UTF-8`},
		{"jmeter", "<?xml version='1.0'?><testResults><httpSample t='1' ts='1767225600000' s='true' lb='\xff'/></testResults>", "line 1: the XML: invalid UTF-8"},
		{"locust", locust + "GET,/a,10,0,1,1,1,1,1,1,0,5,6,7\n,Aggregated,10,0,1,1", "ends in the middle of line 3: it was cut, and the end of the load is missing; so is its row Aggregated, and without it the file cannot be read"},
		{"k7", "hello\n", `there is no format "k7": there are locust, k6, vegeta`},
		{"k6", "\x1f\x8bnonsense", "unpack gzip"},
		{"k6", `window.BENCHMARK_DATA = {"entries":{}}`, "this looks like a data.js of github-action-benchmark: write `plimsoll import github-action-benchmark`"},
		{"github-action-benchmark", `window.BENCHMARK_DATA = {"entries":{}}`, "it has no entries with benches"},
		{"github-action-benchmark", "repo,bench,metric,unit,bigger_is_better,commit_index,commit_sha,timestamp,value\na,b,p95,ms,0,1,c,1,\n", "line 2: value \"\" is not a number"},
		{"k6", `{"schema": 1, "series": "shop", "profile_digest": ""}`, "needs no import"},
		{"k6", k6 + "{\"metric\":\"http_req_duration\",\"type\":}\n" + k6, "line 2: this is no JSON: \"}\" is unexpected at column 38"},
		{"k6", k6 + strings.Replace(k6, `"value":1`, `"value":-1`, 1), "line 2: a request took -1ms: its time is negative"},
		{"k6", k6 + strings.Replace(k6, `"value":1`, `"value":"NaN"`, 1), `line 2: the value of http_req_duration: "NaN" is no number`},
		{"k6", k6 + strings.Replace(k6, "2026-01-01T00:00:00Z", "yesterday", 1), `line 2: the time of http_req_duration, "yesterday", is not as RFC 3339 writes it`},
		{"k6", strings.Replace(k6, "http_req_duration", "iterations", 1), "it holds no request"},
		{"k6", `{"metrics": {"http_req_duration": {"med": 9}, "http_reqs": {"count": 1000, "rate": 100}}}`, "it does not tell how many requests failed (http_req_failed), so it would pass any gate"},
		{"k6", `{"metrics": {"http_req_duration": {"med": 9}, "http_reqs": {"count": 1000, "rate": 100}, "http_req_failed": {"value": null}}}`, "it does not tell how many requests failed"},
		{"k6", `{"root_group": {}, "metrics": {"http_req_duration": {"med": 9}, "http_reqs": {"count": 0, "rate": 0}, "http_req_failed": {"passes": 50, "fails": 950}}}`, "it holds no request: http_reqs counts 0"},
		{"k6", `{"metrics": {"http_req_duration": {"med": 9}, "http_reqs": {"count": "1000", "rate": 100}, "http_req_failed": {"passes": 50, "fails": 950}}}`, "http_reqs has no number as its count"},
		{"jmeter", jtl + "1767225600000,-5,a,200,true\n", "line 3: a request took -5ms: its time is negative"},
		{"jmeter", jtl + "1767225600000,NaN,a,200,true\n", `line 3: elapsed is "NaN", which is no number of milliseconds`},
		{"jmeter", jtl + "1767225600000,1.5,a,200,true\n", `line 3: elapsed is "1.5"`},
		{"jmeter", jtl + "1767225600000,15,a,200,yes\n", `line 3: success is "yes", neither true nor false`},
		{"jmeter", jtl + "1767225600000,15\n", "line 3: it has 2 cells, which are too few"},
		{"jmeter", jtl + "1767225600,15,a,200,true\n", "line 3: timeStamp is 1767225600, a number of seconds, and the times before are milliseconds: one of them is wrong"},
		{"jmeter", jtl + "1735689600000,15,a,200,true\n1767225600001,15,a,200,true\n", "more than a year is no load; some of its times are wrong"},
		{"jmeter", "timeStamp,elapsed,success\n12345,15,true\n", "line 2: timeStamp: 12345 lies in the year 1970, as a number of seconds since 1970: no load ran then"},
		{"jmeter", "timeStamp,elapsed,success\n-5,15,true\n", "line 2: timeStamp: -5 is no time since 1970"},
		{"jmeter", "<testResults><httpSample t='1' ts='120000000000' s='true' lb='a'/></testResults>", "line 1: timeStamp: 120000000000 lies in the year 1973, as a number of milliseconds"},
		{"k6", "metric_name,timestamp,metric_value\nhttp_req_duration,17,1\n", "line 2: 17 lies in the year 1970"},
		{"gatling", "RUN\ta\tb\t1767225600000\t \t3.9\nREQUEST\t\ta\t1767225600\t1767225609\tOK\t \n", "line 2: a request begins at 1767225600, which lies in the year 1970, as a number of milliseconds since 1970: no load ran then"},
		{"jmeter", jtl + "31 Jan 2026,15,a,200,true\n", `line 3: timeStamp is "31 Jan 2026", which is no time that is known here`},
		{"jmeter", "<testResults><httpSample t='1' ts='1767225600000' s='true' lb='a'></sample></x></y>", "</y> has no beginning"},
		{"locust", locust + "GET,/a,10,0,1,1,1,1,1,1,0,5,4,3\n,Aggregated,10,0,1,1,1,1,1,1,0,5,6,7\n", "p50 is 5ms, p95 4ms and p99 3ms: they must grow"},
		{"locust", locust + "GET,/a,10,11,1,1,1,1,1,1,0,5,6,7\n,Aggregated,10,0,1,1,1,1,1,1,0,5,6,7\n", "11 of 10 requests failed"},
		{"locust", locust + "GET,/a,10,0,1,1,1,1,1,1,0,5,6,7\n", "the row Aggregated is missing, which Locust writes last into its _stats.csv: it was cut"},
		{"locust", locust + ",Aggregated,x,0,1,1,1,1,1,1,0,5,6,7\n,Aggregated,1,0,1,1,1,1,1,1,0,5,6,7\n", `line 2: "x" is no number`},
		{"wrk", "Running 10s test @ http://h/\n  2 threads and 10 connections\n", "it was cut"},
		{"gatling", "RUN\ta\tb\t1767225600000\t \t3.9\nREQUEST\t\ta\t1767225600009\t1767225600001\tOK\t \n", "line 2: a request took -8ms"},
		{"gatling", "\x00\x00\x00\x00\x063.12.0" + "\x00\x00", "its format is not published"},
		{"hlog", "#[Histogram log format version 1.2]\n0.1,1.0,2.0,HISTFAAAA\n0.2,1,1,x\n", "line 2: the histogram"},
		{"hlog", "#[Histogram log format version 1.1]\n0.133,1.005,2.802,HISTIgAAAFd42pNpmazIwMAYxgAB\n", "line 2: the histogram is in an older encoding of HdrHistogram than V2"},
		{"hlog", "#[Histogram log format version 1.2]\n0.1,1.0,2.0\n", "line 2: it has 3 cells"},
		{"vegeta", "1767225600000000000,200,-5,0,0,\n", "line 1: a request took -5ns"},
		{"vegeta", `{"latencies":{"50th":1,"95th":2,"99th":3},"earliest":"2026-01-01T00:00:00Z","end":"2026-01-01T00:00:05Z","requests":120}`, "its status_codes tell of 0 of 120 requests: how many failed is unknown"},
		{"oha", `{"summary": {"requestsPerSec": 1}}`, "summary.total, the length of the load, is missing"},
	} {
		if r, err := readText(t, c.format, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %.60q: got %v, %v, want an error with %q", c.format, c.text, r, err, c.want)
		}
	}
	if _, err := imports.Read(t.Context(), "k6", []string{"testdata/missing"}, options); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a missing file: got %v", err)
	}
	if _, err := imports.Read(t.Context(), "vegeta", []string{"testdata/vegeta.json", "testdata/vegeta-report.json"}, options); err == nil || !strings.Contains(err.Error(), "of two kinds") {
		t.Errorf("requests and sums: got %v", err)
	}
}

// decimal is a number with a point that stands alone in a cell.
var decimal = regexp.MustCompile(`(?m)(\d)\.(\d+)(;|$)`)

// Spreadsheets of some locales write semicolons and decimal commas. A comma that may stand between thousands is refused,
// and so is a count that is not whole: neither is guessed.
func TestLocales(t *testing.T) {
	for format, file := range map[string]string{"locust": "shop_stats.csv", "k6": "k6.csv", "hey": "hey.csv"} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := readText(t, format, string(data))
		if err != nil {
			t.Fatal(err)
		}
		r, err := readText(t, format, decimal.ReplaceAllString(strings.ReplaceAll(string(data), ",", ";"), "$1,$2$3"))
		if want := strings.ReplaceAll(said(plain), "/orders, all", "/orders; all"); err != nil || said(r) != want {
			t.Errorf("%s: got %v, %v, want %s", file, r, err, want)
		}
	}
	const head = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,95%,99%\n"
	for row, want := range map[string]string{
		`,Aggregated,"1,234",0,1,1,1,1,1,1,0,5,6,7`:    `line 2: "1,234" may have a decimal comma, or one between thousands`,
		`,Aggregated,12.5,0,1,1,1,1,1,1,0,5,6,7`:       `line 2: "12.5" is no whole number`,
		`,Aggregated,10,0,1,1,1,1,1,1,0,"1.000,5",6,7`: `line 2: "1.000,5" is no number`,
		`,Aggregated,10,0,1,1,1,1,1,1,0,-5,6,7`:        "p50 is -5ms",
	} {
		if r, err := readText(t, "locust", head+row+"\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v, want %q", row, r, err, want)
		}
	}
}

// If units differ within a file, the result has one scale.
func TestMixedUnits(t *testing.T) {
	const wrk = `Running 10s test @ http://127.0.0.1/
  2 threads and 10 connections
  Latency Distribution
     50%  635.91us
     75%    0.89ms
     90%    1.20s
     99%    1.02m
  1000 requests in 2.00m, 1.20MB read
Requests/sec:      8.33
Transfer/sec:     10.24KB
`
	r, err := readText(t, "wrk", wrk)
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Rounds[0].Total; f.P50 != 635910 || f.P99 != 61200*time.Millisecond || r.Length() != 2*time.Minute {
		t.Errorf("got %+v over %v", f, r.Length())
	}
	// k6's CSV may have its times in seconds, ms, µs, ns or as RFC 3339 says.
	const row = "http_req_duration,%s,12.5,,,,true,,GET,/a,,,,200,,,,\n"
	head := "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario,service,status,subproto,tls_version,url,extra_tags\n"
	for _, at := range []string{"1767225600", "1767225600000", "1767225600000000", "1767225600000000000", "2026-01-01T00:00:00Z", "2026-01-01T05:30:00+05:30"} {
		r, err := readText(t, "k6", head+fmt.Sprintf(row, at))
		if err != nil || r.Finished.Format(time.RFC3339) != "2026-01-01T00:00:00Z" {
			t.Errorf("%s: got %v, %v", at, r, err)
		}
	}
	if r, err := readText(t, "k6", head+fmt.Sprintf(row+row, "1767225600", "1735689599000")); err == nil || !strings.Contains(err.Error(), "more than a year is no load") {
		t.Errorf("times of two years: got %v, %v", r, err)
	}
	// JMeter writes ms. Whatever else writes JTL may write another unit.
	for at, note := range map[string]string{"1767225600": "taken as seconds since 1970", "1767225600000": "", "1767225600000000": "taken as microseconds", "1767225600000000000": "taken as nanoseconds"} {
		r, err := readText(t, "jmeter", "timeStamp,elapsed,label,success\n"+strings.Repeat(at+",10,a,true\n", 2))
		if err != nil || r.Started.Format(time.RFC3339) != "2026-01-01T00:00:00Z" {
			t.Errorf("%s: got %v, %v", at, r, err)
			continue
		}
		if notes := strings.Join(r.Notes, "\n"); strings.Count(notes, "taken as") != len(note)/max(len(note), 1) || !strings.Contains(notes, note) {
			t.Errorf("%s: got the notes\n%s", at, notes)
		}
	}
}

// k6's CSV has times in whole seconds. The slow and the fast requests of a second still lie in the same rounds.
func TestCoarseTimes(t *testing.T) {
	var b strings.Builder
	b.WriteString("metric_name,timestamp,metric_value,expected_response,method,name,status\n")
	for i := range 400 {
		fmt.Fprintf(&b, "http_req_duration,%d,%d,true,GET,/a,200\n", 1767225600+i/200, 1+i%100)
	}
	r, err := readText(t, "k6", b.String())
	if err != nil {
		t.Fatal(err)
	}
	for i, round := range r.Rounds {
		if p50 := round.Total.P50.Round(time.Millisecond); round.Total.Requests > 0 && p50 != 50*time.Millisecond {
			t.Errorf("round %d of %d has %d requests and a p50 of %v, want 50ms", i, len(r.Rounds), round.Total.Requests, p50)
		}
	}
}

// Times without a zone are taken in the one that the user names.
func TestTimeZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for zone, want := range map[*time.Location]string{nil: "2026-01-01T00:00:00Z", berlin: "2025-12-31T23:00:00Z"} {
		with := options
		with.Zone = zone
		r, err := imports.Read(t.Context(), "jmeter", []string{"testdata/jmeter-semicolon.jtl"}, with)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Started.Format(time.RFC3339); got != want {
			t.Errorf("in %v it began at %s, want %s", zone, got, want)
		}
		if told := strings.Contains(strings.Join(r.Notes, "\n"), "taken as UTC"); told != (zone == nil) {
			t.Errorf("in %v: got the notes %q", zone, r.Notes)
		}
	}
}
