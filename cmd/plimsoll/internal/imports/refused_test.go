package imports_test

import (
	"os"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/imports"
)

// Every format says which of its tool's files are known.
func TestKnown(t *testing.T) {
	for _, f := range imports.Formats() {
		if _, err := readText(t, f.Name, "x\n"); f.Known == "" || err == nil || !strings.HasSuffix(err.Error(), "; these are known: "+f.Known) {
			t.Errorf("%s: got %v", f.Name, err)
		}
	}
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
