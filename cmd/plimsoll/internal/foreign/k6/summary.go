package k6

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
	"github.com/plimsoll-ci/plimsoll/runner/result/plainjson"
)

// document is a summary. In that of --summary-export the figures of a metric lie beside each other, in the data of
// handleSummary below values.
type document struct {
	Metrics map[string]map[string]json.RawMessage `json:"metrics"`
	State   struct {
		Length float64 `json:"testRunDurationMs"`
	} `json:"state"`
	Results json.RawMessage `json:"results"` // of the form that is not read
}

// largest bounds a summary: k6 writes a few kilobytes.
func largest() plainjson.Limit {
	return plainjson.Limit{Bytes: 32 << 20, Depth: 100, Values: 1_000_000, Each: 200_000}
}

func readSummary(f *foreign.File, s *foreign.Sink) error {
	data, err := foreign.Document(f, largest().Bytes)
	if err != nil {
		return err
	}
	if err := plainjson.Check(data, largest()); err != nil {
		return err
	}
	var d document
	if err := foreign.Decode(data, &d); err != nil {
		return err
	}
	if d.Metrics == nil && d.Results != nil {
		return errors.New("this is k6's newer form of a summary, which is not known here: run k6 without --new-machine-readable-summary, or import its JSON lines (--out json=FILE)")
	}
	all := d.figures("http_req_duration")
	requests := d.figures("http_reqs")
	if all == nil || requests == nil {
		return errors.New("it has no requests of HTTP (http_req_duration and http_reqs)")
	}
	switch count, told := requests["count"]; {
	case !told:
		return errors.New("it does not tell how many requests there were: http_reqs has no number as its count")
	case count == 0:
		return errors.New("it holds no request: http_reqs counts 0")
	}
	total, err := d.sums("")
	if err != nil {
		return err
	}
	if !d.tellsFailures("") {
		return errors.New("it does not tell how many requests failed (http_req_failed), so it would pass any gate: k6 tells it from version 0.31 on, unless the script sets http.setResponseCallback(null); import its JSON lines (--out json=FILE)")
	}
	length := d.State.Length / 1e3 // seconds
	if length <= 0 && requests["rate"] > 0 {
		length = requests["count"] / requests["rate"]
	}
	took, err := scan.Times(length, time.Second)
	if err != nil {
		return err
	}
	if err := errors.Join(s.Total(total), s.Lasted(f.Changed.Add(-took), took)); err != nil {
		return err
	}
	s.Users = int(d.figures("vus_max")["value"])
	if s.Users == 0 {
		s.Users = int(d.figures("vus_max")["max"])
	}
	s.Note("the summary does not tell when the load ran: that it ended when the file was written is assumed")
	return d.routes(s, total.Failures)
}

// routes adds the routes of submetrics such as http_req_duration{name:login}. A script has them if its thresholds name them.
func (d *document) routes(s *foreign.Sink, failures int64) error {
	var all, untold []string
	for metric := range d.Metrics {
		tag, is := strings.CutPrefix(metric, "http_req_duration{")
		if is && !strings.Contains(tag, "expected_response:") && d.Metrics["http_reqs{"+tag] != nil {
			all = append(all, strings.TrimSuffix(tag, "}"))
		}
	}
	slices.Sort(all)
	for _, tag := range all {
		of, err := d.sums("{" + tag + "}")
		if err != nil {
			return err
		}
		name, is := strings.CutPrefix(tag, "name:")
		if !is {
			name = tag
		}
		if err := s.Route([]byte(name), of); err != nil {
			return err
		}
		if !d.tellsFailures("{" + tag + "}") {
			untold = append(untold, tag)
		}
	}
	if len(untold) > 0 && failures > 0 {
		s.Note("k6's summary does not tell how many requests of %.200s failed: 0 stands there, and the failures count under other routes; thresholds on http_req_failed{%s} and the like make it tell", strings.Join(untold, ", "), untold[0])
	}
	if len(all) == 0 {
		s.Note("k6's summary tells of all requests together: thresholds on http_req_duration{name:…} and http_reqs{name:…} make it tell of routes")
	}
	return nil
}

// sums are the figures of all requests, or of those with a tag.
func (d *document) sums(tag string) (of foreign.Sums, err error) {
	took, failed := d.figures("http_req_duration"+tag), d.figures("http_req_failed"+tag)
	of.Requests = int64(d.figures("http_reqs" + tag)["count"])
	of.Failures = int64(failed["passes"]) // k6 counts what is true
	for name, quantile := range map[string]string{"med": "p50", "p(50)": "p50", "p(95)": "p95", "p(99)": "p99"} {
		value, told := took[name]
		if !told {
			continue
		}
		took, err := scan.Times(value, time.Millisecond)
		if err != nil {
			return of, fmt.Errorf("%s of http_req_duration%s: %w", name, tag, err)
		}
		of.Quantile(quantile, took)
	}
	return of, nil
}

// tellsFailures reports whether the summary tells how many requests failed: of all, or of those with a tag.
func (d *document) tellsFailures(tag string) bool {
	_, told := d.figures("http_req_failed" + tag)["passes"]
	return told
}

// figures are the numbers of a metric; nil if it is not there.
func (d *document) figures(metric string) map[string]float64 {
	of := d.Metrics[metric]
	if of == nil {
		return nil
	}
	if values, has := of["values"]; has {
		of = nil
		_ = json.Unmarshal(values, &of) // what is no object has no figures
	}
	numbers := map[string]float64{}
	for name, raw := range of {
		var number float64
		if json.Unmarshal(raw, &number) == nil {
			numbers[name] = number
		}
	}
	return numbers
}
