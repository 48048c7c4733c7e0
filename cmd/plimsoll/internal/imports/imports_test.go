package imports_test

import (
	"bytes"
	"compress/gzip"
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

func formatOf(data []byte) string {
	for _, f := range imports.Formats() {
		if f.Form(data[:min(len(data), 4096)]) != "" {
			return f.Name
		}
	}
	return ""
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
