// Package oha reads the JSON of oha (--output-format json, before version 1.5 --json). Its times are seconds:
// https://github.com/hatoo/oha, schema.json.
package oha

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Format is oha's.
func Format() foreign.Format {
	return foreign.Format{
		Name: "oha", Tool: "oha", Form: form, New: func() foreign.Reader { return reader{} },
		Known: "its JSON (--output-format json)",
	}
}

// form recognises oha's JSON.
func form(head []byte) string {
	if bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) && bytes.Contains(head, []byte(`"summary"`)) && bytes.Contains(head, []byte(`"requestsPerSec"`)) {
		return "the JSON of oha"
	}
	return ""
}

// document is the part of oha's JSON that is read. A quantile of no request is null.
type document struct {
	Summary struct {
		Total     *float64 `json:"total"`
		TotalData float64  `json:"totalData"`
	} `json:"summary"`
	Latencies map[string]*float64 `json:"latencyPercentiles"`
	Statuses  map[string]int64    `json:"statusCodeDistribution"`
	Errors    map[string]int64    `json:"errorDistribution"`
}

// largest bounds the JSON, which has a few kilobytes.
const largest = 16 << 20

// cutOff are requests that oha ended with the load: they neither succeeded nor failed.
const cutOff = "aborted due to deadline"

type reader struct{}

// Read reads one file.
func (reader) Read(f *foreign.File, s *foreign.Sink) error {
	data, err := foreign.Document(f, largest)
	if err != nil {
		return err
	}
	var d document
	if err := foreign.Decode(data, &d); err != nil {
		return err
	}
	if d.Summary.Total == nil {
		return errors.New("summary.total, the length of the load, is missing")
	}
	length, err := scan.Times(*d.Summary.Total, time.Second)
	if err != nil {
		return err
	}
	of := foreign.Sums{Bytes: int64(d.Summary.TotalData), Classes: map[tally.Class]int64{}, Errors: map[string]int64{}}
	for status, n := range d.Statuses {
		of.Requests += n
		if status[:min(1, len(status))] != "2" && status[:min(1, len(status))] != "3" {
			of.Failures += n
			of.Errors["status "+status] += n
		}
	}
	for text, n := range d.Errors {
		if text == cutOff {
			s.Note("%d requests were cut off when the load ended, and are left out", n)
			continue
		}
		class := tally.Transport
		if foreign.SaysTimeout(text) {
			class = tally.Timeout
		}
		of.Requests, of.Failures = of.Requests+n, of.Failures+n
		of.Classes[class] += n
		of.Errors[text] += n
	}
	for name, seconds := range d.Latencies {
		if seconds == nil {
			continue
		}
		took, err := scan.Times(*seconds, time.Second)
		if err != nil {
			return fmt.Errorf("latencyPercentiles.%s: %w", name, err)
		}
		of.Quantile(name, took)
	}
	s.Note("oha's JSON does not tell when the load ran: that it ended when the file was written is assumed")
	return errors.Join(s.Total(of), s.Lasted(f.Changed.Add(-length), length))
}

// End has nothing to add.
func (reader) End(*foreign.Sink) error { return nil }
