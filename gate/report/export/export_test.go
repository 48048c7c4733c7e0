package export_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/export"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// runOf is a run of one round with the samples.
func runOf(samples ...tally.Sample) *result.Result {
	counts := &tally.Tally{}
	for _, s := range samples {
		counts.Add(s)
	}
	r := &result.Result{
		Schema: result.Schema, PlannedRounds: 1,
		Identity: result.Identity{Series: "shop", Commit: "4f2c9ab0d1e2", Tool: "v0.1.0", Started: time.Unix(1_700_000_000, 0).UTC(), Finished: time.Unix(1_700_000_010, 5e8).UTC()},
		Rounds:   []result.Round{result.NewRound(0, 10*time.Second, counts)},
	}
	r.Tally.Merge(counts)
	return r
}

func sample(route string, took time.Duration) tally.Sample {
	return tally.Sample{Route: route, Class: tally.OK, Ended: took}
}

// shop has 1,000 answers of one route that take from 1 to 1,000 ms, a failure, and a request that was never sent.
func shop() *result.Result {
	var samples []tally.Sample
	for i := range 1000 {
		samples = append(samples, sample("GET /search", time.Duration(i+1)*time.Millisecond))
	}
	return runOf(append(samples,
		tally.Sample{Route: "POST /orders", Class: tally.Status, Error: "status 500", Ended: 3 * time.Millisecond},
		tally.Sample{Route: "POST /full", Class: tally.Dropped, Error: "dropped"},
		tally.Sample{Route: "POST /orders", Unfinished: true, Ended: 9 * time.Millisecond})...)
}

func failed() *report.Report {
	return &report.Report{
		Subject: report.Subject{Series: "shop"},
		Verdict: gate.Verdict{Outcome: gate.Fail, Comparisons: []gate.Comparison{
			{Route: "GET /search", Metric: gate.P99, Status: gate.Worse, Change: 0.409},
			{Route: tally.All, Metric: gate.P50, Status: gate.Within, Change: -0.02},
			{Route: "GET /rare", Metric: gate.P50, Status: gate.NotJudged, Change: 9},
			{Route: "GET /odd", Metric: gate.P50, Status: gate.Within, Change: math.NaN()},
		}},
	}
}

// hostile are names that try to break out of a label, of a line, or of a directory.
func hostile() []string {
	return []string{
		`a"} 1` + "\nplimsoll_verdict 7\n", `a\`, "GET /../../etc/passwd", "\u202eevil", "all routes", strings.Repeat("x", 4000), strings.Repeat("x", 4000) + "y", "GET /Ü", "get /ü", "..", "# EOF",
	}
}

func strange() report.Material {
	var samples []tally.Sample
	rep := failed()
	for _, name := range hostile() {
		samples = append(samples, sample(name, time.Millisecond))
		rep.Verdict.Comparisons = append(rep.Verdict.Comparisons, gate.Comparison{Route: name, Metric: gate.P50, Status: gate.Within})
	}
	return report.Material{Report: rep, Run: runOf(samples...)}
}

// everything is all materials, ordinary and hostile ones.
func everything() map[string]report.Material {
	all := map[string]report.Material{
		"nothing": {}, "a verdict": {Report: failed()}, "a run": {Run: shop()}, "both": {Report: failed(), Run: shop()}, "no request": {Run: runOf()}, "hostile": strange(),
	}
	maps.Copy(all, reporttest.Odd())
	for _, name := range reporttest.Names() {
		for i, m := range reporttest.Laced(name) {
			all[fmt.Sprintf("%d of %.20q", i, name)] = m
		}
	}
	return all
}

func openMetrics(t *testing.T, m report.Material) string {
	t.Helper()
	var b strings.Builder
	if err := export.OpenMetrics(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestOpenMetrics(t *testing.T) {
	page := openMetrics(t, report.Material{Report: failed(), Run: shop()})
	for _, want := range []string{
		"# TYPE plimsoll_response_seconds gauge\n",
		`plimsoll_response_seconds{series="shop",route="GET /search",q="0.99"} 0.99`,
		`plimsoll_response_seconds{series="shop",route="all routes",q="1"} 1` + "\n",
		`plimsoll_requests_total{series="shop",route="GET /search",outcome="ok"} 1000` + "\n",
		`plimsoll_requests_total{series="shop",route="POST /orders",outcome="status"} 1` + "\n",
		`plimsoll_requests_total{series="shop",route="POST /orders",outcome="unfinished"} 1` + "\n",
		`plimsoll_requests_total{series="shop",route="POST /full",outcome="dropped"} 1` + "\n",
		`plimsoll_verdict{series="shop",outcome="fail"} 1` + "\n",
		`plimsoll_verdict{series="shop",outcome="pass"} 0` + "\n",
		`plimsoll_change_ratio{series="shop",route="GET /search",metric="p99"} 0.409` + "\n",
		`plimsoll_change_ratio{series="shop",route="all routes",metric="p50"} -0.02` + "\n",
		`plimsoll_judged_seconds{series="shop"} 10` + "\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "GET /rare") || strings.Contains(page, "NaN") || !strings.HasSuffix(page, "\n# EOF\n") {
		t.Errorf("the page is\n%s", page)
	}
	if n := strings.Count(page, `plimsoll_requests_total{series="shop",route="all routes"`); n > 0 {
		t.Errorf("a sum over the routes would count all requests twice:\n%s", page)
	}
}

// Every line of a page is a comment or one sample, no two samples have the same labels, and only the last line ends it.
func TestOpenMetricsOfAll(t *testing.T) {
	line := regexp.MustCompile(`^(# (HELP|TYPE) plimsoll_\w+ .+|plimsoll_\w+\{series="([^"\\]|\\.)*"(,\w+="([^"\\]|\\.)*")*\} -?[0-9.e+-]+)$`)
	for name, m := range everything() {
		seen := map[string]bool{}
		lines := strings.Split(strings.TrimSuffix(openMetrics(t, m), "\n"), "\n")
		for i, text := range lines {
			if last := i == len(lines)-1; last != (text == "# EOF") || !last && !line.MatchString(text) {
				t.Errorf("%s: line %d of %d is %.200q", name, i+1, len(lines), text)
			}
			sample := text[:strings.LastIndex(text, " ")]
			if seen[sample] && !strings.HasPrefix(text, "#") {
				t.Errorf("%s: twice: %.200q", name, sample)
			}
			seen[sample] = true
		}
	}
}

// The lines of a percentile file are the quantiles of the histogram, in growing order, with the counts up to them.
func TestHistograms(t *testing.T) {
	m := report.Material{Run: shop(), Base: runOf(sample("GET /search", 2*time.Second))}
	var names []string
	text := map[string]string{}
	for _, file := range export.Histograms(m) {
		var b strings.Builder
		if err := file.Write(&b); err != nil {
			t.Fatal(err)
		}
		names, text[file.Name] = append(names, file.Name), b.String()
	}
	if want := "GET_search.hgrm POST_orders.hgrm all_routes.hgrm GET_search.base.hgrm all_routes.base.hgrm"; strings.Join(names, " ") != want {
		t.Errorf("the files are %q, want %s", names, want)
	}
	one := text["GET_search.hgrm"]
	h := &shop().Tally.Routes["GET /search"].Response
	if !strings.HasPrefix(one, "       Value     Percentile TotalCount 1/(1-Percentile)\n\n") || !strings.HasSuffix(one, fmt.Sprintf("#[Buckets = %12d, SubBuckets     =            1]\n", h.Buckets())) {
		t.Errorf("the file is\n%s", one)
	}
	lines, before := 0, int64(0)
	for scanner := bufio.NewScanner(strings.NewReader(one)); scanner.Scan(); {
		fields := strings.Fields(scanner.Text())
		if len(fields) < 3 || fields[0] == "Value" || strings.HasPrefix(fields[0], "#") {
			continue
		}
		lines++
		value, err := strconv.ParseFloat(fields[0], 64)
		q, err2 := strconv.ParseFloat(fields[1], 64)
		count, err3 := strconv.ParseInt(fields[2], 10, 64)
		if err != nil || err2 != nil || err3 != nil {
			t.Fatalf("line %q: %v, %v, %v", scanner.Text(), err, err2, err3)
		}
		if want := float64(h.Quantile(q)) / 1e6; math.Abs(value-want) > 0.0006 {
			t.Errorf("at %g: %g ms, want %g", q, value, want)
		}
		if count < before || float64(count) < q*1000-1 || math.Abs(float64(count)-value) > 1.1 { // the n-th answer took n ms
			t.Errorf("%d answers up to %g ms, at %g", count, value, q)
		}
		before = count
	}
	if lines < 20 || lines > 80 || before != 1000 {
		t.Errorf("%d lines, the last with %d answers", lines, before)
	}
	if !strings.Contains(one, "#[Mean    =      500.") || !strings.Contains(one, "StdDeviation   =      288.") || !strings.Contains(one, "#[Max     =     1000.000, Total count    =         1000]") {
		t.Errorf("the end of the file is\n%s", one[strings.Index(one, "#"):])
	}
	if n := len(export.Histograms(report.Material{Run: runOf()})); n != 0 {
		t.Errorf("%d files of no request", n)
	}
}

// Names of files stay in their directory and are different, in capitals or not.
func TestNamesOfFiles(t *testing.T) {
	for name, m := range everything() {
		for _, file := range export.Histograms(m) {
			if strings.ContainsAny(file.Name, "/\\ ") || strings.HasPrefix(file.Name, ".") || len(file.Name) > 120 {
				t.Errorf("%s: a file is named %.200q", name, file.Name)
			}
		}
	}
	seen := map[string]bool{}
	for _, file := range export.Histograms(strange()) {
		if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*(\.base)?\.hgrm$`).MatchString(file.Name) || len(file.Name) > 120 || seen[strings.ToLower(file.Name)] {
			t.Errorf("a file is named %.200q", file.Name)
		}
		seen[strings.ToLower(file.Name)] = true
	}
	if len(seen) != len(hostile())+1 {
		t.Errorf("%d files of %d routes", len(seen), len(hostile()))
	}
}

// Both files of a route have the same name, whatever routes the other side has, and a comment names the route.
func TestFilesOfBothSides(t *testing.T) {
	route := regexp.MustCompile(`(?m)^#\[Route   = (.*)\]$`)
	var got []string
	for _, file := range export.Histograms(reporttest.Odd()["equal names of files"]) {
		var b strings.Builder
		if err := file.Write(&b); err != nil {
			t.Fatal(err)
		}
		got = append(got, file.Name+": "+route.FindStringSubmatch(b.String())[1])
	}
	want := []string{
		"GET_a_b.hgrm: GET /a/b", "GET_a_b-2.hgrm: GET /a_b", "all_routes-2.hgrm: all_routes", "all_routes.hgrm: all routes",
		"GET_a_b-2.base.hgrm: GET /a_b", "all_routes-2.base.hgrm: all_routes", "all_routes.base.hgrm: all routes",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the files are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func otlp(t *testing.T, m report.Material) string {
	t.Helper()
	var b strings.Builder
	if err := export.OTLP(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// exponential is a point of OTLP's exponential histograms.
type exponential struct {
	Count, ZeroCount string
	Sum, Min, Max    float64
	Scale            int
	Positive         struct {
		Offset       int
		BucketCounts []string
	}
}

// exponentialOf is the point of the first route of a run.
func exponentialOf(t *testing.T, r *result.Result) exponential {
	t.Helper()
	var read struct {
		ResourceMetrics []struct {
			ScopeMetrics []struct {
				Metrics []struct {
					ExponentialHistogram struct{ DataPoints []exponential }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(otlp(t, report.Material{Run: r})), &read); err != nil {
		t.Fatal(err)
	}
	return read.ResourceMetrics[0].ScopeMetrics[0].Metrics[0].ExponentialHistogram.DataPoints[0]
}

// bucket is the bucket of a value by the bounds that the specification gives; the first for a value beyond all of them.
func (p exponential) bucket(value time.Duration) int {
	base := math.Exp2(math.Exp2(-float64(p.Scale)))
	for i := range p.Positive.BucketCounts {
		low, high := math.Pow(base, float64(p.Positive.Offset+i)), math.Pow(base, float64(p.Positive.Offset+i+1))
		if v := value.Seconds(); low*(1-1e-9) < v && v <= high*(1+1e-9) {
			return i
		}
	}
	return 0
}

// The buckets of an exponential histogram hold all answers, and each where it belongs.
func TestExponentialHistogram(t *testing.T) {
	for name, r := range map[string]*result.Result{
		"1 to 1000 ms": shop(),
		"one answer":   runOf(sample("GET /search", 1500*time.Microsecond)),
		"wide":         runOf(sample("GET /search", time.Microsecond), sample("GET /search", time.Hour)),
		"no time":      runOf(sample("GET /search", 0), sample("GET /search", time.Second)),
		"all without":  runOf(sample("GET /search", 0)),
	} {
		h, point := &r.Tally.Routes["GET /search"].Response, exponentialOf(t, r)
		want := make([]int64, len(point.Positive.BucketCounts))
		var zeros int64
		for value, count := range h.Each {
			if value == 0 {
				zeros += count
				continue
			}
			want[point.bucket(value)] += count
		}
		sum := zeros
		for i, text := range point.Positive.BucketCounts {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += n
			if n != want[i] {
				t.Errorf("%s: bucket %d holds %d, want %d", name, i, n, want[i])
			}
		}
		if point.Count != strconv.FormatInt(h.Count(), 10) || sum != h.Count() || point.ZeroCount != strconv.FormatInt(zeros, 10) || len(want) > 160 || point.Scale > 8 {
			t.Errorf("%s: %s answers, %d in %d buckets of scale %d, %s of them zero", name, point.Count, sum, len(want), point.Scale, point.ZeroCount)
		}
		if mean := point.Sum / float64(h.Count()); math.Abs(mean-h.Mean().Seconds()) > 0.002*h.Mean().Seconds()+1e-9 || point.Min != h.Min().Seconds() || point.Max != h.Max().Seconds() {
			t.Errorf("%s: sum %g, from %g to %g", name, point.Sum, point.Min, point.Max)
		}
	}
}
