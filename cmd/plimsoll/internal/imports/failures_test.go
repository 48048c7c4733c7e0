package imports_test

import (
	"fmt"
	"strings"
	"testing"
)

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
