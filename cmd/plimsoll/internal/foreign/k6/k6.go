// Package k6 reads what k6 measured: its JSON lines (--out json), its CSV (--out csv), and its summaries
// (--summary-export, and the data of handleSummary).
//
// The lines and the CSV hold every request: a point of http_req_duration, or of grpc_req_duration. Its time is when
// the request ended, and its value leaves out the time to connect. A request failed if k6 did not expect its answer
// (the tag expected_response), or if it has no such tag and no status from 200 to 399.
//
// The forms are those of https://grafana.com/docs/k6/latest/results-output/.
package k6

import (
	"bytes"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Format reads what k6 writes.
func Format() foreign.Format {
	return foreign.Format{
		Name: "k6", Tool: "k6", Form: form, New: func() foreign.Reader { return &reader{} },
		Known: "JSON lines (--out json=FILE), CSV (--out csv=FILE) and summaries (--summary-export, the data of handleSummary)",
	}
}

const (
	lines   = "JSON lines of k6"
	table   = "a CSV of k6"
	summary = "a summary of k6"
)

// form tells k6's files apart.
func form(head []byte) string {
	first, _, _ := bytes.Cut(head, []byte("\n"))
	switch {
	case bytes.HasPrefix(scan.Header(first), []byte("metric_name,timestamp,metric_value")):
		return table
	case bytes.HasPrefix(first, []byte("{")) && has(first, `"type":"Point"`, `"type":"Metric"`):
		return lines
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) && has(head, `"metrics"`, `"root_group"`, `"http_req_`):
		return summary
	}
	return ""
}

func has(head []byte, any ...string) bool {
	for _, one := range any {
		if bytes.Contains(head, []byte(one)) {
			return true
		}
	}
	return false
}

// reader reads points of metrics, or a summary.
type reader struct {
	sink      *foreign.Sink
	addresses foreign.Addresses
	points    int64
	dropped   float64 // iterations that k6 did not begin
	untold    int64   // requests without a name, a URL and a status
	unjudged  int64   // requests without a tag that tells whether they failed
	tags      tags
	coarse    bool // times are whole seconds
}

// Read reads one file.
func (r *reader) Read(f *foreign.File, s *foreign.Sink) error {
	r.sink = s
	switch form(f.Head) {
	case table:
		return r.readTable(f)
	case lines:
		return foreign.EachLine(f, s, r.line)
	default:
		return readSummary(f, s)
	}
}

// End adds the notes that need all files.
func (r *reader) End(s *foreign.Sink) error {
	if r.dropped > 0 {
		s.Note("k6 did not begin %.0f iterations that were due (dropped_iterations): the load was less than asked for", r.dropped)
	}
	if r.untold > 0 {
		s.Note("%d requests have no tags that tell a name, a URL or a status: k6's systemTags leave them out", r.untold)
	}
	if r.unjudged > 0 {
		s.Note("%d requests have no tag that tells whether they failed (expected_response, status, error_code): they count as successes, since k6's systemTags leave these out", r.unjudged)
	}
	if r.points > 0 {
		s.Target = r.addresses.Target
	}
	s.Note("k6's time of a request (http_req_duration) leaves out the time to connect and to shake hands")
	return nil
}

// tags are the tags of a request that are read.
type tags struct {
	method, name, url, status, code, text, expected []byte
}

// set keeps a tag if it is one of them.
func (t *tags) set(key, value []byte) {
	switch string(key) {
	case "method":
		t.method = value
	case "name":
		t.name = value
	case "url":
		t.url = value
	case "status":
		t.status = value
	case "error_code":
		t.code = value
	case "error":
		t.text = value
	case "expected_response":
		t.expected = value
	}
}

// request counts a request that ended at an instant, in ns since 1970, and took so many milliseconds.
func (r *reader) request(end int64, ms float64, grpc bool) error {
	took, err := scan.Times(ms, 1e6)
	if err != nil {
		return err
	}
	t := &r.tags
	name := t.name
	if len(name) == 0 {
		name = t.url
	}
	if len(name)+len(t.status) == 0 {
		r.untold++
	}
	if len(t.expected)+len(t.status)+len(t.code)+len(t.text) == 0 {
		r.unjudged++
	}
	r.points++
	before := took // from the beginning to the end
	if r.coarse {  // without this, a round at the edge of a second would get its slow requests, and the next round its fast ones
		before = took.Truncate(time.Second)
	}
	one := foreign.Request{Route: r.addresses.Route(t.method, name), Start: end - int64(before), Took: took}
	one.Class, one.Error = t.outcome(grpc)
	return r.sink.Request(&one)
}

// outcome says how a request ended.
func (t *tags) outcome(grpc bool) (tally.Class, string) {
	status, _ := scan.Int(t.status) // one that is no number is none
	failed := status < 200 || status >= 400
	switch {
	case grpc:
		failed = status != 0
	case len(t.expected) > 0:
		failed = string(t.expected) == "false"
	case len(t.status) == 0:
		failed = len(t.code)+len(t.text) > 0
	}
	text := string(t.text)
	if text == "" {
		text = fmt.Sprintf("status %d", status)
	}
	switch code, _ := scan.Int(t.code); {
	case !failed:
		return tally.OK, ""
	case code == timedOut || code == dialTimedOut:
		return tally.Timeout, text
	case status == 0 && !grpc:
		return tally.Transport, text
	}
	return tally.Status, text
}

// Codes of errors, as https://grafana.com/docs/k6/latest/javascript-api/error-codes/ lists them.
const (
	timedOut     = 1050
	dialTimedOut = 1211
)
