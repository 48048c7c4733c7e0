// Package ab reads what ApacheBench prints. Its quantiles are of whole milliseconds and include the time to connect:
// https://httpd.apache.org/docs/2.4/programs/ab.html.
//
// ab counts a request that failed under each way in which it failed, and one that had no connection not at all among
// those that are complete (support/ab.c of httpd, read_connection and start_connect).
package ab

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Format reads the output of ApacheBench.
func Format() foreign.Format {
	return foreign.Format{
		Name: "ab", Tool: "ab", Form: form, New: func() foreign.Reader { return reader{} },
		Known: "what ab prints, not the files of -e and -g",
	}
}

// form recognises what ab prints.
func form(head []byte) string {
	if bytes.Contains(head, []byte("This is ApacheBench")) || bytes.Contains(head, []byte("Document Path:")) && bytes.Contains(head, []byte("Concurrency Level:")) {
		return "what ab prints"
	}
	return ""
}

type reader struct{}

// report holds what has been read so far.
type report struct {
	of         foreign.Sums
	sink       *foreign.Sink
	host, path string
	length     time.Duration
	banner     bool // the line with ab's version was there
	figures    bool // the figures have begun
	table      bool // the percentages have begun
	whole      bool // what ab prints last was there
	broken     [3]int64
	statuses   int64 // other than 2xx
}

// Read reads one file.
func (reader) Read(f *foreign.File, s *foreign.Sink) error {
	r := report{sink: s, path: "all requests"}
	if err := foreign.EachLine(f, s, r.line); err != nil {
		return err
	}
	if r.of.Requests == 0 || r.length == 0 {
		return errors.New("it does not tell how many requests were complete, and in which time: it was cut")
	}
	if !r.whole {
		s.Cut("%s lacks the percentages up to 100%%, which ab prints last: it was cut, and figures may be missing", f.Name)
	}
	s.Target = r.host
	r.fail()
	s.Note("what ab prints does not tell when the load ran: that it ended when the file was written is assumed")
	return errors.Join(s.Route([]byte(r.path), r.of), s.Lasted(f.Changed.Add(-r.length), r.length))
}

// End has nothing to add.
func (reader) End(*foreign.Sink) error { return nil }

func (r *report) line(line []byte) (err error) {
	if bytes.Contains(line, []byte("This is ApacheBench")) {
		if r.banner || r.figures {
			return foreign.ErrSecond
		}
		r.banner = true
	}
	key, value, _ := strings.Cut(strings.TrimSpace(string(line)), ":")
	value = strings.TrimSpace(value)
	word, _, _ := strings.Cut(value, " ")
	switch key {
	case "Server Hostname":
		r.host = value
	case "Server Port":
		r.host += ":" + value
	case "Document Path":
		if value != "" {
			r.path = value
		}
	case "Concurrency Level":
		if r.figures {
			return foreign.ErrSecond
		}
		r.figures = true
		var n int64
		n, err = scan.Int([]byte(word))
		r.sink.Users = int(n)
	case "Time taken for tests":
		r.length, err = scan.Span([]byte(word), time.Second)
	case "Complete requests":
		r.of.Requests, err = scan.Int([]byte(word))
	case "HTML transferred":
		r.of.Bytes, err = scan.Int([]byte(word))
	case "Non-2xx responses":
		r.statuses, err = count(word)
	case "Percentage of the requests served within a certain time (ms)":
		r.table, r.whole = true, false
	case "Total": // of the times to connect and to answer: the last row if there are no percentages, which -d leaves out
		r.whole = len(strings.Fields(value)) > 4
	case "(Connect":
		return r.breaks(string(line))
	default:
		return r.percentage(strings.Fields(string(line)))
	}
	return err
}

// ways is how ab says in which ways requests failed. Before version 2.3 it did not tell Receive.
var ways = regexp.MustCompile(`\(Connect: (\d+)(?:, Receive: (\d+))?, Length: \d+, Exceptions: (\d+)\)`)

// breaks reads how many requests failed without an answer.
func (r *report) breaks(line string) error {
	match := ways.FindStringSubmatch(line)
	if match == nil {
		return fmt.Errorf("it tells failures as %.80q: \"(Connect: 0, Receive: 0, Length: 0, Exceptions: 0)\" is known", strings.TrimSpace(line))
	}
	for i, digits := range match[1:] {
		if digits == "" {
			continue
		}
		n, err := count(digits)
		if err != nil {
			return err
		}
		r.broken[i] = n
	}
	return nil
}

// count reads a number of requests.
func count(text string) (int64, error) {
	n, err := scan.Int([]byte(text))
	if err == nil && n < 0 {
		err = fmt.Errorf("%d is no number of requests: it is negative", n)
	}
	return n, err
}

// fail counts the failures, when all are known.
func (r *report) fail() {
	told, counted := r.statuses, r.of.Fail(tally.Status, "an answer with an unexpected status", r.statuses)
	for i, what := range []string{"connect", "receive", "exception"} {
		told += r.broken[i]
		counted += r.of.Fail(tally.Transport, "socket error: "+what, r.broken[i])
	}
	r.sink.Note("ab also calls a request failed if its answer is of another length than the first: those are not counted as failures here")
	if told > max(r.statuses, r.broken[0], r.broken[1], r.broken[2]) {
		r.sink.Note("ab counts a request under each way in which it failed (Connect, Receive, Exceptions, Non-2xx): of the %d that it tells, %d are counted, and fewer may have failed", told, counted)
	}
}

// percentage reads a row such as "  50%     12".
func (r *report) percentage(cells []string) error {
	if !r.table || len(cells) < 2 {
		return nil
	}
	if name, is := map[string]string{"50%": "p50", "95%": "p95", "99%": "p99"}[cells[0]]; is {
		took, err := scan.Span([]byte(cells[1]), time.Millisecond)
		if err != nil {
			return err
		}
		r.of.Quantile(name, took)
	}
	if cells[0] == "100%" {
		r.whole = cells[len(cells)-1] == "request)"
	}
	return nil
}
