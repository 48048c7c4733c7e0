package locust_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/locust"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// sample is one request of a route.
func sample(route string, took time.Duration, bytes int64, failed string) tally.Sample {
	s := tally.Sample{Route: route, Class: tally.OK, Due: 2 * time.Second, Sent: 2 * time.Second, Ended: 2*time.Second + took, BytesReceived: bytes}
	if failed != "" {
		s.Class, s.Error = tally.Status, failed
	}
	return s
}

// runOf is a run of two rounds of five seconds, with the samples in the first.
func runOf(samples ...tally.Sample) *result.Result {
	r := &result.Result{
		Schema: result.Schema, PlannedRounds: 2,
		Identity: result.Identity{Series: "shop", Started: time.Unix(1_700_000_000, 0).UTC(), Finished: time.Unix(1_700_000_012, 0).UTC()},
	}
	for i := range 2 {
		counts := &tally.Tally{}
		for _, s := range samples[:len(samples)*(1-i)] {
			counts.Add(s)
		}
		r.Rounds = append(r.Rounds, result.NewRound(time.Duration(2+5*i)*time.Second, 5*time.Second, counts))
		r.Tally.Merge(counts)
	}
	return r
}

// shop has a route with failures, one with the same name and another type, one of no type, and one that was never
// requested.
func shop() *result.Result {
	r := runOf(
		sample("POST /orders", 45*time.Millisecond, 1536, ""),
		sample("POST /orders", 180405*time.Microsecond, 1536, "status 500, \"no stock\""),
		sample("GET /orders", 8*time.Millisecond, 10, ""),
		sample("shop.Shop/Search", 1500*time.Microsecond, 7, ""),
	)
	r.PlannedRoutes = []string{"GET /never", "GET /orders", "POST /orders"}
	r.Timeline = []result.Second{
		{Length: time.Second, Requests: 3, P50: 8 * time.Millisecond, P95: 45 * time.Millisecond, P99: 45 * time.Millisecond, Users: 2},
		{Start: time.Second, Length: time.Second, Requests: 1, Failures: 1, P95: 180 * time.Millisecond},
	}
	r.Watch = &result.Watch{Every: time.Second, Start: time.Second, Step: time.Second, Timeline: map[string]result.Column{
		"machine.cpu_share": {0.25, math.NaN()}, "gpu.0.memory_used_bytes": {4e9, 4.5e9},
	}}
	return r
}

// written are all files of some material, by their suffixes.
func written(t *testing.T, m report.Material) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, file := range locust.Files() {
		var b bytes.Buffer
		if err := file.Write(&b, m); err != nil {
			t.Fatalf("%s: %v", file.Suffix, err)
		}
		files[file.Suffix] = b.String()
	}
	return files
}

const historyHeader = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%,Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,Total Min Response Time,Total Max Response Time,Total Average Content Size"

// The files of a small run, to the byte.
func TestFiles(t *testing.T) {
	got := written(t, report.Material{Run: shop()})
	for suffix, want := range map[string][]string{
		"_stats.csv": {
			"Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%",
			"GET,/never,0,0,0,0.0,0,0,0,0.0,0.0,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A",
			"GET,/orders,1,0,8,8.0,8,8,10.0,0.1,0.0,8,8,8,8,8,8,8,8,8,8,8",
			"POST,/orders,2,1,45.023,112.714,45,180.405,1536.0,0.2,0.1,45.023,45.023,180.405,180.405,180.405,180.405,180.405,180.405,180.405,180.405,180.405",
			",shop.Shop/Search,1,0,1.5,1.5,1.5,1.5,7.0,0.1,0.0,1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5",
			",Aggregated,4,1,8.004,58.732,1.5,180.405,772.25,0.4,0.1,8.004,45.023,45.023,45.023,180.405,180.405,180.405,180.405,180.405,180.405,180.405",
		},
		"_stats_history.csv": {
			historyHeader,
			"1700000001,2,,Aggregated,3.000000,0.000000,8,N/A,N/A,N/A,N/A,45,N/A,45,N/A,N/A,N/A,3,0,N/A,N/A,N/A,N/A,N/A",
			"1700000002,0,,Aggregated,2.000000,0.500000,N/A,N/A,N/A,N/A,N/A,180,N/A,N/A,N/A,N/A,N/A,4,1,N/A,N/A,N/A,N/A,N/A",
		},
		"_failures.csv": {
			"Method,Name,Error,Occurrences,First Seen,Last Seen",
			`POST,/orders,"status 500, ""no stock""",1,2023-11-14T22:13:22Z,2023-11-14T22:13:22Z`,
		},
		"_exceptions.csv": {"Count,Message,Traceback,Nodes"},
		"_system.csv": {
			"Timestamp,Source,Metric,Value,Unit",
			"1700000001.000,gpu.0,memory_used_bytes,4000000000,bytes",
			"1700000001.000,machine,cpu_share,0.25,share",
			"1700000002.000,gpu.0,memory_used_bytes,4500000000,bytes",
		},
	} {
		if lines := strings.Join(want, "\r\n") + "\r\n"; got[suffix] != lines {
			t.Errorf("%s:\n%s\nwant\n%s", suffix, got[suffix], lines)
		}
	}
}

// Files from incomplete results have headers, and notes say what is missing.
func TestFilesOfLess(t *testing.T) {
	bare := shop()
	bare.Timeline, bare.Watch = nil, nil
	for name, c := range map[string]struct {
		m     report.Material
		lines map[string]int
		says  string
	}{
		"no run":      {report.Material{}, map[string]int{"_stats.csv": 1, "_stats_history.csv": 1, "_failures.csv": 1, "_system.csv": 1}, "there is no run"},
		"no timeline": {report.Material{Run: bare}, map[string]int{"_stats.csv": 6, "_stats_history.csv": 1, "_system.csv": 1}, "no timeline, so _stats_history.csv has its header alone; the result has no readings over time"},
		"no request":  {report.Material{Run: runOf()}, map[string]int{"_stats.csv": 2, "_failures.csv": 1}, "no timeline"},
		"no round":    {report.Material{Run: &result.Result{}}, map[string]int{"_stats.csv": 2}, "no timeline"},
		"a timeline":  {report.Material{Run: shop()}, map[string]int{"_stats_history.csv": 3}, "most of its percentiles are N/A"},
	} {
		got := written(t, c.m)
		for suffix, want := range c.lines {
			if n := strings.Count(got[suffix], "\r\n"); n != want {
				t.Errorf("%s: %s has %d lines, want %d:\n%s", name, suffix, n, want, got[suffix])
			}
		}
		if said := strings.Join(locust.Missing(c.m, false), "; "); !strings.Contains(said, c.says) {
			t.Errorf("%s: says %q, want %q", name, said, c.says)
		}
	}
	if said := locust.Missing(report.Material{Run: shop()}, true); len(said) != 0 {
		t.Errorf("nothing is missing after a live history, and it says %q", said)
	}
}

// Every name is inert in a spreadsheet, and ordinary names do not change.
func TestCells(t *testing.T) {
	for name, want := range map[string]string{
		"GET /a,b":                         "GET,\"/a,b\"",
		`POST /say "hi"`:                   `POST,"/say ""hi"""`,
		"GET /größe":                       "GET,/größe",
		"shop.Shop/Search":                 ",shop.Shop/Search",
		"list - all":                       ",list - all",
		"=cmd|' /C calc'!A0":               ",'=cmd|' /C calc'!A0",
		"=HYPERLINK(\"http://x.test\")":    `,"'=HYPERLINK(""http://x.test"")"`,
		"+1+1":                             ",'+1+1",
		"-2+3":                             ",'-2+3",
		"@SUM(A1)":                         ",'@SUM(A1)",
		"  =1":                             ",'  =1",
		"\u200b=1":                         ",'=1",
		"＝1":                               ",'＝1",
		"=A() /x":                          "'=A(),/x",
		"GET /\u202eevil\u2066":            "GET,/evil",
		"GET /" + strings.Repeat("x", 1e4): "GET,/" + strings.Repeat("x", 1e4),
	} {
		got := written(t, report.Material{Run: runOf(sample(name, time.Millisecond, 1, name))})
		row := strings.Split(got["_stats.csv"], "\r\n")[1]
		if !strings.HasPrefix(row, want+",1,1,1,") {
			t.Errorf("%.80q: the row begins %.120q, want %.120q", name, row, want)
		}
		for _, line := range strings.Split(got["_failures.csv"], "\r\n")[1:] {
			for _, cell := range strings.Split(line, ",") {
				if cell = strings.Trim(cell, `"`); cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
					t.Errorf("%.80q: a cell begins %.20q", name, cell)
				}
			}
		}
	}
}

// No cell of any hostile material begins a formula, and every file has as many cells in each line as its header.
func TestHostileNames(t *testing.T) {
	for name, m := range reporttest.Odd() {
		inert(t, name, written(t, m))
	}
	for _, name := range reporttest.Names() {
		for _, m := range reporttest.Laced(name) {
			inert(t, name, written(t, m))
		}
	}
}

// inert fails the test if a cell of a file is not.
func inert(t *testing.T, name string, files map[string]string) {
	t.Helper()
	for suffix, text := range files {
		reader := csv.NewReader(strings.NewReader(text)) // which refuses a line with another number of cells
		rows, err := reader.ReadAll()
		if err != nil {
			t.Errorf("%.40q: %s: %v", name, suffix, err)
			continue
		}
		for _, cell := range slices.Concat(rows...) {
			if strings.ContainsAny(cell, "\x00\x1b\u202e\u2066\u200b\n\r") || cell != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(cell)[0]) {
				t.Errorf("%.40q: %s has a cell %.40q", name, suffix, cell)
			}
		}
	}
}

// A history that is written while the load runs has all columns.
func TestHistory(t *testing.T) {
	var b strings.Builder
	h, err := locust.NewHistory(&b)
	if err != nil {
		t.Fatal(err)
	}
	last := runOf(sample("GET /", 8*time.Millisecond, 10, ""), sample("GET /", 2*time.Millisecond, 10, "status 500"))
	all := runOf(sample("GET /", 8*time.Millisecond, 10, ""), sample("GET /", 2*time.Millisecond, 10, "status 500"), sample("GET /", time.Millisecond, 40, ""))
	if err := h.Add(locust.Row{At: time.Unix(1_700_000_003, 9e8), Users: 7, Window: 4 * time.Second, Last: last.Tally.Total(), All: all.Tally.Total()}); err != nil {
		t.Fatal(err)
	}
	want := historyHeader + "\r\n1700000003,7,,Aggregated,0.500000,0.250000,2.001,2.001,8,8,8,8,8,8,8,8,8,3,1,2.001,3.667,1,8,20.0\r\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	full := errors.New("full")
	if _, err := locust.NewHistory(failing{full}); !errors.Is(err, full) {
		t.Errorf("a disk that is full: %v", err)
	}
}

// The rates of a row written from a result are those of ten seconds, however long its seconds are, and a result that
// counted no users does not say that there were none.
func TestHistoryOfResult(t *testing.T) {
	r := runOf()
	for i := range 40 { // as the ends of a pair's rounds are: half a second each
		r.Timeline = append(r.Timeline, result.Second{Start: time.Duration(i) * time.Second / 2, Length: time.Second / 2, Requests: int64(1 + i/20)})
	}
	lines := strings.Split(written(t, report.Material{Run: r})["_stats_history.csv"], "\r\n")
	for i, want := range map[int]string{
		6: "1700000005,N/A,,Aggregated,2.000000,0.000000,", 11: "1700000010,N/A,,Aggregated,2.100000,", 16: "1700000015,N/A,,Aggregated,3.100000,", 21: "1700000020,N/A,,Aggregated,4.000000,",
	} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("row %d is %s, want %s", i, lines[i], want)
		}
	}
}

// The history has one row a second, and times that rise: of a pair, whose turns end within seconds, of all odd results,
// of a timeline in disorder, and of a load whose ticks come early.
func TestHistoryRises(t *testing.T) {
	runs := map[string]*result.Result{"disorder": shop(), "turns": shop()}
	for i := range 50 {
		start := time.Duration(i*i%37) * 400 * time.Millisecond
		runs["disorder"].Timeline = append(runs["disorder"].Timeline, result.Second{Start: start, Length: 700 * time.Millisecond, Requests: 1})
		start = time.Duration(i)*400*time.Millisecond + time.Duration(i%3)*time.Millisecond
		runs["turns"].Timeline = append(runs["turns"].Timeline, result.Second{Start: 5*time.Second + start, Length: 200 * time.Millisecond, Requests: int64(1 + i%4), P95: time.Duration(1+i%4) * time.Millisecond})
	}
	for name, m := range reporttest.Odd() {
		runs[name] = m.Run
	}
	for name, r := range runs {
		rises(t, name, written(t, report.Material{Run: r})["_stats_history.csv"])
	}
	// Turns of 2 and 3 requests that end at 7.202 and 7.6 s are one row, with the p95 of the larger.
	if text := written(t, report.Material{Run: runs["turns"]})["_stats_history.csv"]; !strings.Contains(text, "\r\n1700000007,0,,Aggregated,5.882353,0.294118,N/A,N/A,N/A,N/A,N/A,3,N/A,") {
		t.Errorf("got\n%s", text)
	}
	var b strings.Builder
	h, err := locust.NewHistory(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, ms := range []int64{1001, 2000, 2999, 3001, 4990, 5995} {
		if err := h.Add(locust.Row{At: time.UnixMilli(ms), Window: time.Second, Last: &tally.Route{}, All: &tally.Route{}}); err != nil {
			t.Fatal(err)
		}
	}
	rises(t, "early ticks", b.String())
	if n := strings.Count(b.String(), "Aggregated"); n != 6 {
		t.Errorf("6 ticks became %d rows:\n%s", n, b.String())
	}
}

// rises fails the test if the times of a history do not rise from row to row.
func rises(t *testing.T, name, history string) {
	t.Helper()
	before := 0
	for _, line := range strings.Split(strings.TrimSpace(history), "\r\n")[1:] {
		stamp, _, _ := strings.Cut(line, ",")
		second, err := strconv.Atoi(stamp)
		if err != nil || second <= before {
			t.Errorf("%s: a row of %s comes after one of %d (%v)", name, stamp, before, err)
		}
		before = second
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
