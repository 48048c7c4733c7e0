// Package jmeter reads JMeter's logs of samples (JTL): CSV, with or without a first line that names the columns, and
// XML.
//
// A sample's timeStamp is when it was sent, and elapsed is its time in milliseconds: the defaults of JMeter's
// jmeter.properties. A transaction controller adds a sample of its own over those of its requests; it is left out. In
// XML the samples at the top and those inside a transaction are counted. Samples inside a request are redirects or resources
// of a page, and are not counted.
//
// The forms are those of https://jmeter.apache.org/usermanual/listeners.html, attributes and csvlogformat.
package jmeter

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Format is JMeter's.
func Format() foreign.Format {
	return foreign.Format{
		Name: "jmeter", Tool: "JMeter", Form: form, New: func() foreign.Reader { return &reader{} },
		Known: "JTL as CSV, whose first line names the columns timeStamp and elapsed or whose columns are JMeter's usual ones, and JTL as XML",
	}
}

const (
	table = "a JTL of JMeter"
	bare  = "a JTL of JMeter without names of columns"
	tree  = "a JTL of JMeter in XML"
)

// separators are those that jmeter.save.saveservice.default_delimiter is usually set to.
const separators = ",;\t|"

// form tells JMeter's files apart.
func form(head []byte) string {
	first, _, _ := bytes.Cut(head, []byte("\n"))
	first = bytes.TrimSuffix(first, []byte("\r"))
	switch {
	case bytes.Contains(head, []byte("<testResults")):
		return tree
	case bytes.Contains(first, []byte("timeStamp")) && bytes.Contains(first, []byte("elapsed")):
		return table
	case isBare(first):
		return bare
	}
	return ""
}

// isBare reports whether a line is a row in JMeter's usual order.
func isBare(row []byte) bool {
	cells := bytes.Split(row, []byte(","))
	if len(cells) < 8 || len(cells[0]) != 13 {
		return false
	}
	_, at := scan.Int(cells[0])
	_, took := scan.Int(cells[1])
	return at == nil && took == nil && (bytes.Contains(row, []byte(",true,")) || bytes.Contains(row, []byte(",false,")))
}

// usual are the columns of a file that does not name them: JMeter's defaults since version 3.
var usual = []string{
	"timeStamp", "elapsed", "label", "responseCode", "responseMessage", "threadName", "dataType", "success", "failureMessage", "bytes", "sentBytes",
	"grpThreads", "allThreads", "URL", "Latency", "IdleTime", "Connect",
}

type reader struct {
	sink         *foreign.Sink
	zone         *time.Location
	assumed      bool // times named no zone, and the user gave none
	layout       string
	unit         time.Duration // of times that are numbers; 0 before the first of a file
	transactions int64
	requests     int64
}

// Read reads one file.
func (r *reader) Read(f *foreign.File, s *foreign.Sink) error {
	r.sink, r.zone, r.unit = s, f.Zone, 0
	if form(f.Head) == tree {
		return r.readTree(f)
	}
	file := scan.NewLines(f)
	names, rows := map[string]int{}, scan.Without(file, ',')
	if form(f.Head) == table {
		headed, err := scan.NewTable(file, separators)
		if err != nil {
			return err
		}
		names, rows = headed.Columns, headed
	} else {
		for i, name := range usual {
			names[name] = i
		}
		rows.Columns = names
	}
	c, err := columnsOf(names)
	if err != nil {
		return err
	}
	return foreign.EachRow(f, s, file, rows, func(cells [][]byte) error { return r.row(cells, &c) })
}

// End adds the notes that need all files.
func (r *reader) End(s *foreign.Sink) error {
	if r.transactions > 0 && r.requests == 0 {
		return fmt.Errorf("all %d samples are of transaction controllers, and their requests are not in the file: clear \"Generate parent sample\" in the test plan, or write XML", r.transactions)
	}
	if r.transactions > 0 {
		s.Note("%d samples of transaction controllers are left out: their requests are counted", r.transactions)
	}
	if r.assumed {
		s.Note("its times name no time zone and are taken as UTC: --time-zone says another")
	}
	return nil
}

// columns are the places of columns; -1 for one that is not there.
type columns struct{ at, took, label, code, message, kind, success, why, bytes, threads int }

func columnsOf(names map[string]int) (columns, error) {
	place := func(name string) int {
		if i, has := names[name]; has {
			return i
		}
		return -1
	}
	c := columns{
		at: place("timeStamp"), took: place("elapsed"), label: place("label"), code: place("responseCode"), message: place("responseMessage"),
		kind: place("dataType"), success: place("success"), why: place("failureMessage"), bytes: place("bytes"), threads: place("allThreads"),
	}
	if c.at < 0 || c.took < 0 {
		return c, errors.New("it has no columns timeStamp and elapsed, which every sample needs")
	}
	return c, nil
}

// sample is a sample as either form has it.
type sample struct {
	at, took, label, code, message, kind, success, why, bytes, threads []byte
}

// row reads a row of the CSV.
func (r *reader) row(cells [][]byte, c *columns) error {
	if max(c.at, c.took) >= len(cells) || c.success >= len(cells) {
		return fmt.Errorf("it has %d cells, which are too few", len(cells))
	}
	cell := func(i int) []byte {
		if i < 0 || i >= len(cells) {
			return nil
		}
		return cells[i]
	}
	return r.count(&sample{
		at: cell(c.at), took: cell(c.took), label: cell(c.label), code: cell(c.code), message: cell(c.message), kind: cell(c.kind), success: cell(c.success),
		why: cell(c.why), bytes: cell(c.bytes), threads: cell(c.threads),
	})
}

// count counts a sample.
func (r *reader) count(s *sample) error {
	if isTransaction(s) {
		r.transactions++
		return nil
	}
	at, err := r.instant(s.at)
	if err != nil {
		return err
	}
	ms, err := scan.Int(s.took)
	if err != nil || ms > int64(tally.MaxLatency/time.Millisecond) {
		return fmt.Errorf("elapsed is %.40q, which is no number of milliseconds", s.took)
	}
	q := foreign.Request{Route: s.label, Start: at, Took: time.Duration(ms) * time.Millisecond}
	if q.Class, err = s.class(); err != nil {
		return err
	}
	if q.Class != tally.OK {
		q.Error = s.text()
	}
	if len(s.bytes) > 0 {
		if q.Bytes, err = scan.Int(s.bytes); err != nil {
			return fmt.Errorf("bytes: %w", err)
		}
	}
	if len(s.threads) > 0 {
		n, err := scan.Int(s.threads)
		if err != nil {
			return fmt.Errorf("allThreads: %w", err)
		}
		q.Users = int(n)
	}
	r.requests++
	return r.sink.Request(&q)
}

// isTransaction reports whether a sample is of a transaction controller: its message says how many samples it has. Its
// code is empty, 200, or that of a request that failed.
func isTransaction(s *sample) bool {
	return bytes.HasPrefix(s.message, []byte("Number of samples in transaction"))
}

// class says how a sample ended.
func (s *sample) class() (tally.Class, error) {
	code, err := scan.Int(s.code)
	success := strings.ToLower(string(s.success)) // spreadsheets write TRUE
	switch {
	case success == "true", success == "" && err == nil && code < 400:
		return tally.OK, nil
	case success != "false" && success != "":
		return 0, fmt.Errorf("success is %.40q, neither true nor false", s.success)
	case err == nil && code >= 400:
		return tally.Status, nil
	case err == nil && code > 0:
		return tally.Expect, nil // an assertion failed
	case foreign.SaysTimeout(string(s.code)) || foreign.SaysTimeout(string(s.message)):
		return tally.Timeout, nil
	case bytes.HasPrefix(s.code, []byte("Non HTTP response code")):
		return tally.Transport, nil
	}
	return tally.Expect, nil
}

// text says what went wrong.
func (s *sample) text() string {
	if why := strings.TrimSpace(string(s.why)); why != "" {
		return why
	}
	return strings.TrimSpace(string(s.code) + " " + string(s.message))
}

// layouts are forms of times that people set: JMeter's default is a number of ms since 1970.
var layouts = []string{
	"2006/01/02 15:04:05.999", "2006-01-02 15:04:05.999", "2006-01-02T15:04:05.999Z07:00", "2006-01-02T15:04:05.999-0700", "2006-01-02T15:04:05.999",
	"01/02/06 15:04:05", "01/02/2006 15:04:05.999", "02.01.2006 15:04:05.999",
}

// instant reads a time, in ns since 1970.
func (r *reader) instant(text []byte) (int64, error) {
	if n, err := scan.Int(text); err == nil {
		return r.number(n)
	}
	zone := r.zone
	if zone == nil {
		zone = time.UTC
	}
	for _, layout := range append([]string{r.layout}, layouts...) {
		if layout == "" {
			continue
		}
		if at, err := time.ParseInLocation(layout, strings.Replace(string(text), ",", ".", 1), zone); err == nil {
			r.layout = layout
			r.assumed = r.assumed || r.zone == nil && !strings.Contains(layout, "07")
			return at.UnixNano(), nil
		}
	}
	return 0, fmt.Errorf("timeStamp is %.40q, which is no time that is known here: set jmeter.save.saveservice.timestamp_format=ms", text)
}

// number reads a time that is a number since 1970. JMeter writes milliseconds; other units come from other writers of JTL,
// and a file has one.
func (r *reader) number(n int64) (int64, error) {
	unit := scan.UnitSince1970(n)
	at, err := scan.Since1970(n)
	switch {
	case err != nil:
		return 0, fmt.Errorf("timeStamp: %w", err)
	case r.unit == 0:
		r.unit = unit
		if unit != time.Millisecond {
			r.sink.Note("its timeStamps are taken as %s since 1970: JMeter itself writes milliseconds", scan.UnitName(unit))
		}
	case r.unit != unit:
		return 0, fmt.Errorf("timeStamp is %d, a number of %s, and the times before are %s: one of them is wrong", n, scan.UnitName(unit), scan.UnitName(r.unit))
	}
	return at, nil
}
