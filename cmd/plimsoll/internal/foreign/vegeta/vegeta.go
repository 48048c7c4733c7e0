// Package vegeta reads what vegeta measured: its binary results (gob, of vegeta attack), the same as JSON lines or CSV
// (vegeta encode), and its report as JSON (vegeta report -type=json).
//
// The time of a result is when the request was sent. A result is a success if its status lies from 200 to 399 and it
// names no error: https://github.com/tsenart/vegeta, lib/results.go and lib/metrics.go.
package vegeta

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Format is vegeta's.
func Format() foreign.Format {
	return foreign.Format{
		Name: "vegeta", Tool: "vegeta", Form: form, New: func() foreign.Reader { return &reader{} },
		Known: "binary results, those that vegeta encode makes of them as JSON or CSV, and the report as JSON (vegeta report -type=json)",
	}
}

const (
	binary = "vegeta's binary results"
	lines  = "vegeta's results as JSON"
	table  = "vegeta's results as CSV"
	report = "vegeta's report as JSON"
)

// form tells vegeta's files apart.
func form(head []byte) string {
	first, _, _ := bytes.Cut(head, []byte("\n"))
	switch {
	case bytes.HasPrefix(head, []byte("{")) && bytes.Contains(first, []byte(`"latencies":`)) && bytes.Contains(first, []byte(`"50th":`)):
		return report
	case bytes.HasPrefix(head, []byte("{")) && bytes.Contains(first, []byte(`"attack":`)) && bytes.Contains(first, []byte(`"latency":`)):
		return lines
	case bytes.Contains(head, []byte("Attack\x01")) && bytes.Contains(head, []byte("Latency\x01")) && bytes.Contains(head, []byte("Timestamp\x01")):
		return binary
	case isTable(bytes.TrimSuffix(first, []byte("\r"))):
		return table
	}
	return ""
}

// isTable reports whether a line is a row of the CSV: a time in ns, a status, a latency in ns.
func isTable(row []byte) bool {
	cells := bytes.Split(row, []byte(","))
	if len(cells) < 6 || len(cells[0]) != 19 || len(cells[1]) > 3 {
		return false
	}
	for _, cell := range cells[:5] {
		if _, err := scan.Int(cell); err != nil {
			return false
		}
	}
	return true
}

type reader struct {
	sink      *foreign.Sink
	addresses foreign.Addresses
}

// Read reads one file.
func (r *reader) Read(f *foreign.File, s *foreign.Sink) error {
	r.sink = s
	switch form(f.Head) {
	case binary:
		return r.binary(f)
	case lines:
		return foreign.EachLine(f, s, r.line)
	case table:
		file := scan.NewLines(f)
		return foreign.EachRow(f, s, file, scan.Without(file, ','), r.row)
	default:
		return r.report(f)
	}
}

// End tells the target.
func (r *reader) End(s *foreign.Sink) error {
	s.Target = r.addresses.Target
	return nil
}

// hit is a result, with the names of vegeta's own type: gob goes by them.
type hit struct {
	Code      uint16
	Timestamp time.Time
	Latency   time.Duration
	BytesIn   uint64
	Error     string
	Method    string
	URL       string
}

// binary reads a gob stream.
func (r *reader) binary(f *foreign.File) error {
	decoder := gob.NewDecoder(f)
	for n := 1; ; n++ {
		var one hit
		err := decoder.Decode(&one)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF) && n > 1:
			r.sink.Cut("%s ends in the middle of result %d: it was cut, and the end of the load is missing", f.Name, n)
			return nil
		case err != nil:
			return fmt.Errorf("result %d: %w", n, err)
		}
		if err := r.count(&one, one.Timestamp.UnixNano()); err != nil {
			return fmt.Errorf("result %d: %w", n, err)
		}
	}
}

// line reads a JSON line.
func (r *reader) line(text []byte) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	var one hit
	var at []byte
	err := scan.Object(text, func(key, value []byte) (err error) {
		var n int64
		switch string(key) {
		case "code", "latency", "bytes_in":
			if n, err = scan.Int(value); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
		switch string(key) {
		case "code":
			one.Code, err = status(n)
		case "latency":
			one.Latency = time.Duration(n)
		case "bytes_in":
			one.BytesIn = uint64(max(n, 0))
		case "timestamp":
			at = scan.Text(value)
		case "error":
			one.Error = string(scan.Text(value))
		case "method":
			one.Method = string(scan.Text(value))
		case "url":
			one.URL = string(scan.Text(value))
		}
		return err
	})
	if err != nil {
		return err
	}
	when, err := time.Parse(time.RFC3339, string(at))
	if err != nil {
		return fmt.Errorf("its timestamp %.40q is not as RFC 3339 writes it", at)
	}
	return r.count(&one, when.UnixNano())
}

func status(n int64) (uint16, error) {
	if n < 0 || n > 999 {
		return 0, fmt.Errorf("%d is no status of HTTP", n)
	}
	return uint16(n), nil
}

// row reads a row of the CSV; versions before 12.8 had no method and no URL.
func (r *reader) row(cells [][]byte) error {
	if len(cells) < 6 {
		return fmt.Errorf("it has %d cells, at least 6 are needed", len(cells))
	}
	var numbers [5]int64
	for i := range numbers {
		n, err := scan.Int(cells[i])
		if err != nil {
			return fmt.Errorf("cell %d: %w", i+1, err)
		}
		numbers[i] = n
	}
	code, err := status(numbers[1])
	if err != nil {
		return err
	}
	one := hit{Code: code, Latency: time.Duration(numbers[2]), BytesIn: uint64(max(numbers[4], 0)), Error: string(cells[5])}
	if len(cells) > 10 {
		one.Method, one.URL = string(cells[9]), string(cells[10])
	}
	return r.count(&one, numbers[0])
}

// count counts one result.
func (r *reader) count(one *hit, at int64) error {
	q := foreign.Request{
		Route: r.addresses.Route([]byte(one.Method), []byte(one.URL)), Start: at, Took: one.Latency, Bytes: int64(one.BytesIn & (1<<62 - 1)), Class: tally.OK,
	}
	switch {
	case one.Error != "" && foreign.SaysTimeout(one.Error):
		q.Class, q.Error = tally.Timeout, one.Error
	case one.Code == 0:
		q.Class, q.Error = tally.Transport, one.Error
	case one.Code < 200 || one.Code >= 400:
		q.Class, q.Error = tally.Status, fmt.Sprintf("status %d", one.Code)
	case one.Error != "": // the body was cut off
		q.Class, q.Error = tally.Transport, one.Error
	}
	return r.sink.Request(&q)
}

// metrics is the report.
type metrics struct {
	Latencies struct {
		P50 int64 `json:"50th"`
		P95 int64 `json:"95th"`
		P99 int64 `json:"99th"`
	} `json:"latencies"`
	BytesIn struct {
		Total int64 `json:"total"`
	} `json:"bytes_in"`
	Earliest time.Time        `json:"earliest"`
	Latest   time.Time        `json:"latest"`
	End      time.Time        `json:"end"`
	Requests int64            `json:"requests"`
	Codes    map[string]int64 `json:"status_codes"`
	Errors   []string         `json:"errors"`
}

// largest bounds a report, which has a few kilobytes.
const largest = 16 << 20

func (r *reader) report(f *foreign.File) error {
	data, err := foreign.Document(f, largest)
	if err != nil {
		return err
	}
	var m metrics
	if err := foreign.Decode(data, &m); err != nil {
		return err
	}
	of := foreign.Sums{
		Requests: m.Requests, P50: time.Duration(m.Latencies.P50), P95: time.Duration(m.Latencies.P95), P99: time.Duration(m.Latencies.P99),
		Bytes: m.BytesIn.Total, Classes: map[tally.Class]int64{},
	}
	var told int64
	for code, n := range m.Codes {
		told += n
		switch {
		case code == "0":
			of.Failures += n
			of.Classes[tally.Transport] += n
		case !strings.HasPrefix(code, "2") && !strings.HasPrefix(code, "3"):
			of.Failures += n
		}
	}
	if told < m.Requests {
		return fmt.Errorf("its status_codes tell of %d of %d requests: how many failed is unknown; import its results (vegeta encode) instead", told, m.Requests)
	}
	return errors.Join(r.sink.Total(of), r.sink.Lasted(m.Earliest, m.End.Sub(m.Earliest)))
}
