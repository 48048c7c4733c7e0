// Package hey reads what hey measured: its CSV (-o csv), and the summary that it prints.
//
// The CSV has the requests that were answered, with times in seconds since the load began; it lacks those that failed
// without an answer. hey keeps the first million of them: https://github.com/rakyll/hey, requester/print.go and
// requester/report.go.
package hey

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Format reads what hey writes.
func Format() foreign.Format {
	return foreign.Format{
		Name: "hey", Tool: "hey", Form: form, New: func() foreign.Reader { return &reader{} },
		Known: "what hey prints, and its CSV (-o csv)",
	}
}

const (
	table = "hey's CSV"
	text  = "hey's summary"
)

// form tells hey's files apart.
func form(head []byte) string {
	switch {
	case bytes.HasPrefix(scan.Header(head), []byte("response-time,DNS+dialup,DNS,")):
		return table
	case bytes.Contains(head, []byte("Summary:")) && bytes.Contains(head, []byte("Fastest:")) && bytes.Contains(head, []byte("Response time histogram:")):
		return text
	}
	return ""
}

type reader struct{ sink *foreign.Sink }

// Read reads one file.
func (r *reader) Read(f *foreign.File, s *foreign.Sink) error {
	r.sink = s
	if form(f.Head) == text {
		return readSummary(f, s)
	}
	s.Ended = f.Changed
	s.Note("hey's CSV lacks requests that failed without an answer: its failure rate counts statuses only")
	file := scan.NewLines(f)
	columns, err := scan.NewTable(file, scan.Commas)
	if err != nil {
		return err
	}
	took, code, offset := columns.Columns["response-time"], columns.Columns["status-code"], columns.Columns["offset"]
	if code == 0 || offset == 0 {
		return errors.New("it has no columns status-code and offset: write it with a newer hey")
	}
	return foreign.EachRow(f, s, file, columns, func(cells [][]byte) error {
		if len(cells) <= max(took, code, offset) {
			return fmt.Errorf("it has %d cells, and the first line has %d", len(cells), len(columns.Columns))
		}
		return r.row(cells[took], cells[code], cells[offset])
	})
}

// End has nothing to add.
func (*reader) End(*foreign.Sink) error { return nil }

func (r *reader) row(took, code, offset []byte) error {
	d, err := scan.Span(took, time.Second)
	if err != nil {
		return err
	}
	began, err := scan.Span(offset, time.Second)
	if err != nil {
		return err
	}
	status, err := scan.Int(code)
	if err != nil {
		return err
	}
	q := foreign.Request{Route: []byte(route), Start: int64(began), Took: d, Class: tally.OK}
	if status < 200 || status >= 400 {
		q.Class, q.Error = tally.Status, fmt.Sprintf("status %d", status)
	}
	return r.sink.Request(&q)
}

// route is the one that hey loads; its files do not name it.
const route = "all requests"

var (
	quantile = regexp.MustCompile(`^\s*(\d+)%+ in ([\d.]+) secs`)
	answers  = regexp.MustCompile(`^\s*\[(\d+)\]\s+(\d+) responses`)
	failure  = regexp.MustCompile(`^\s*\[(\d+)\]\s+(\S.*)$`)
)

// mostTold is how many answers hey tells the statuses of: the first.
const mostTold = 1_000_000

// report holds what has been read of a summary so far.
type report struct {
	of       foreign.Sums
	length   time.Duration
	rate     float64 // requests in a second
	answered int64
	begun    bool
	failing  bool // the texts of errors have begun
}

// readSummary reads what hey prints.
func readSummary(f *foreign.File, s *foreign.Sink) error {
	r := report{of: foreign.Sums{Classes: map[tally.Class]int64{}, Errors: map[string]int64{}}}
	if err := foreign.EachLine(f, s, r.line); err != nil {
		return err
	}
	switch all := r.all(); {
	case r.of.Requests >= all:
	case r.answered == mostTold:
		s.Note("hey tells the statuses of the first %d answers only: about %d more are left out", mostTold, all-r.of.Requests)
	default:
		s.Cut("%s tells how %d of about %d requests ended: it was cut, and figures are missing", f.Name, r.of.Requests, all)
	}
	s.Note("the summary does not tell when the load ran: that it ended when the file was written is assumed")
	return errors.Join(s.Total(r.of), s.Lasted(f.Changed.Add(-r.length), r.length))
}

// all is how many requests there were at least, by the rate, which hey prints before it tells how they ended. Rate and
// length have four decimals.
func (r *report) all() int64 {
	const half = 0.00005
	return int64(math.Ceil((r.rate-half)*(r.length.Seconds()-half) - 0.5))
}

func (r *report) line(line []byte) (err error) {
	text := string(line)
	key, value, _ := strings.Cut(strings.TrimSpace(text), ":")
	value = strings.TrimSpace(value)
	switch {
	case key == "Summary" && value == "":
		if r.begun {
			return foreign.ErrSecond
		}
		r.begun = true
	case key == "Total" && r.length == 0:
		r.length, err = scan.Quantity(strings.ReplaceAll(value, " ", ""))
	case key == "Requests/sec" && r.rate == 0:
		r.rate, err = scan.Float([]byte(value))
	case key == "Error distribution":
		r.failing = true
	case r.failing && failure.MatchString(text):
		match := failure.FindStringSubmatch(text)
		n, _ := strconv.ParseInt(match[1], 10, 64) // it is of digits; one too large gives the largest
		addFailure(&r.of, n, match[2])
	case answers.MatchString(text):
		match := answers.FindStringSubmatch(text)
		n, _ := strconv.ParseInt(match[2], 10, 64)
		r.of.Requests, r.answered = r.of.Requests+n, r.answered+n
		if match[1][0] != '2' && match[1][0] != '3' {
			r.of.Failures += n
			r.of.Errors["status "+match[1]] += n
		}
	case quantile.MatchString(text):
		match := quantile.FindStringSubmatch(text)
		took, err := scan.Span([]byte(match[2]), time.Second)
		if err != nil {
			return err
		}
		r.of.Quantile("p"+match[1], took)
	}
	return err
}

func addFailure(of *foreign.Sums, n int64, text string) {
	class := tally.Transport
	if foreign.SaysTimeout(text) {
		class = tally.Timeout
	}
	of.Requests, of.Failures = of.Requests+n, of.Failures+n
	of.Classes[class] += n
	of.Errors[text] += n
}
