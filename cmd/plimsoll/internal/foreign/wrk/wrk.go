// Package wrk reads what wrk and wrk2 print. With --latency they tell quantiles.
//
// wrk2 sends at a rate and counts the time of a request from when it was due, as Plimsoll does:
// https://github.com/giltene/wrk2, "Acknowledgements". wrk counts it from when it was sent:
// https://github.com/wg/wrk, src/wrk.c.
package wrk

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Format is wrk's, and wrk2's.
func Format() foreign.Format {
	return foreign.Format{
		Name: "wrk", Tool: "wrk", Form: form, New: func() foreign.Reader { return reader{} },
		Known: "what wrk and wrk2 print, from the line \"Running 10s test @ …\" on",
	}
}

var begins = regexp.MustCompile(`(?m)^Running \S+ test @ (\S+)`)

// form recognises what wrk prints.
func form(head []byte) string {
	if !begins.Match(head) {
		return ""
	}
	return "what wrk prints"
}

var (
	load     = regexp.MustCompile(`^\s*\d+ threads? and (\d+) connections?`)
	quantile = regexp.MustCompile(`^\s*(50|95|99)(?:\.0+)?%\s+([\d.,]+[a-zµμ]+)\s*$`)
	// spectrum is a row of wrk2: the value in ms, its quantile, and more.
	spectrum = regexp.MustCompile(`^\s*([\d.]+)\s+0\.(50|95|99)0*\s+\d+\s+`)
	answered = regexp.MustCompile(`^\s*(\d+) requests in ([\d.,]+[a-zµμ]+), ([\d.,]+)([KMGT]?B) read`)
	broken   = regexp.MustCompile(`^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
	last     = regexp.MustCompile(`^Transfer/sec:\s+\S+B\s*$`)
	refused  = regexp.MustCompile(`^\s*Non-2xx or 3xx responses: (\d+)`)
)

type reader struct{}

// report holds what has been read so far.
type report struct {
	of       foreign.Sums
	sink     *foreign.Sink
	length   time.Duration
	address  string
	late     int64 // answers that came after the timeout
	statuses int64 // other than 2xx and 3xx
	told     bool  // a quantile
	counted  bool  // the line that tells the number of requests was there
	whole    bool  // the last line was there
	second   bool  // of two lists of quantiles
	corrects bool  // it is wrk2
}

// Read reads one file.
func (reader) Read(f *foreign.File, s *foreign.Sink) error {
	r := report{sink: s}
	if err := foreign.EachLine(f, s, r.line); err != nil {
		return err
	}
	if !r.counted {
		return errors.New("it has no line such as \"1000 requests in 10.00s, 1.20MB read\": it was cut")
	}
	if !r.whole {
		s.Cut("%s lacks the line Transfer/sec, which wrk prints last: it was cut, and figures may be missing", f.Name)
	}
	if r.corrects {
		s.Tool, s.FromDue = "wrk2", true
	}
	r.fail()
	if !r.told {
		s.Note("it tells no quantiles: run it with --latency")
	}
	s.Target = r.address
	s.Note("what wrk prints does not tell when the load ran: that it ended when the file was written is assumed")
	var addresses foreign.Addresses
	route := addresses.Route(nil, []byte(r.address))
	return errors.Join(s.Route(bytes.Clone(route), r.of), s.Lasted(f.Changed.Add(-r.length), r.length))
}

// End has nothing to add.
func (reader) End(*foreign.Sink) error { return nil }

func (r *report) line(text []byte) error {
	switch {
	case begins.Match(text):
		if r.address != "" {
			return foreign.ErrSecond
		}
		r.address = string(begins.FindSubmatch(text)[1])
	case load.Match(text):
		r.sink.Users = int(number(load.FindSubmatch(text)[1]))
	case bytes.Contains(text, []byte("Thread calibration:")): // also without --latency
		r.corrects = true
	case bytes.Contains(text, []byte("HdrHistogram - ")):
		r.corrects, r.second = true, bytes.Contains(text, []byte("Uncorrected"))
	case r.second:
		r.second = !answered.Match(text)
		if !r.second {
			return r.total(answered.FindSubmatch(text))
		}
	case quantile.Match(text):
		match := quantile.FindSubmatch(text)
		took, err := scan.Quantity(string(match[2]))
		return r.quantile(string(match[1]), took, err)
	case spectrum.Match(text):
		match := spectrum.FindSubmatch(text)
		took, err := scan.Span(match[1], time.Millisecond)
		return r.quantile(string(match[2]), took, err)
	case answered.Match(text):
		return r.total(answered.FindSubmatch(text))
	case broken.Match(text):
		r.broke(broken.FindSubmatch(text)[1:])
	case last.Match(text):
		r.whole = true
	case refused.Match(text):
		r.statuses = number(refused.FindSubmatch(text)[1])
	}
	return nil
}

// quantile keeps what comes first: wrk2 tells most quantiles again in its spectrum.
func (r *report) quantile(of string, took time.Duration, err error) error {
	if err == nil {
		r.told = true
		r.of.Quantile("p"+of, took)
	}
	return err
}

// total reads how many requests were answered, and in which time.
func (r *report) total(match [][]byte) (err error) {
	r.counted = true
	r.of.Requests += number(match[1])
	size, err := scan.Float(match[3])
	if err != nil {
		return err
	}
	r.of.Bytes = int64(size * float64(int64(1)<<map[byte]int{'B': 0, 'K': 10, 'M': 20, 'G': 30, 'T': 40}[match[4][0]]))
	r.length, err = scan.Quantity(string(match[2]))
	return err
}

// broke reads how many requests had no answer, and how many answers were late. Only the second are among the requests
// that wrk counts (src/wrk.c, response_complete).
func (r *report) broke(counts [][]byte) {
	for i, what := range []string{"connect", "read", "write"} {
		n := number(counts[i])
		r.of.Requests += n
		r.of.Fail(tally.Transport, "socket error: "+what, n)
	}
	r.late = number(counts[3])
}

// fail counts answers that failed, when all are known. wrk counts an answer that is late and has another status under both.
func (r *report) fail() {
	r.of.Fail(tally.Status, "an answer with an unexpected status", r.statuses)
	late := r.of.Fail(tally.Timeout, "socket error: timeout", r.late)
	if r.late > 0 && r.statuses > 0 {
		r.sink.Note("wrk counts an answer that is late and has an unexpected status as both: of its %d timeouts, %d are counted beside the statuses, and fewer may have failed", r.late, late)
	}
}

// number is a number of digits; the largest if it is too large.
func number(digits []byte) int64 {
	n, _ := strconv.ParseInt(strings.TrimSpace(string(digits)), 10, 64)
	return min(n, tally.MaxRequests)
}
