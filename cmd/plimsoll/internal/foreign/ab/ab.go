// Package ab reads what ApacheBench prints. Its quantiles are of whole milliseconds and include the time to connect:
// https://httpd.apache.org/docs/2.4/programs/ab.html.
package ab

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Format reads the output of ApacheBench.
func Format() foreign.Format {
	return foreign.Format{Name: "ab", Tool: "ab", Form: form, New: func() foreign.Reader { return reader{} }}
}

// form recognises what ab prints.
func form(head []byte) string {
	if bytes.Contains(head, []byte("This is ApacheBench")) || bytes.Contains(head, []byte("Document Path:")) && bytes.Contains(head, []byte("Concurrency Level:")) {
		return "what ab prints"
	}
	return ""
}

type reader struct{}

// Read reads one file.
func (reader) Read(f *foreign.File, s *foreign.Sink) error {
	var (
		of         = foreign.Sums{Classes: map[tally.Class]int64{}, Errors: map[string]int64{}}
		host, path string
		length     time.Duration
	)
	err := foreign.EachLine(f, s, func(line []byte) (err error) {
		key, value, _ := strings.Cut(strings.TrimSpace(string(line)), ":")
		value = strings.TrimSpace(value)
		word, _, _ := strings.Cut(value, " ")
		count := func(to *int64) { *to, err = scan.Int([]byte(word)) }
		switch key {
		case "Server Hostname":
			host = value
		case "Server Port":
			host += ":" + value
		case "Document Path":
			path = value
		case "Concurrency Level":
			var n int64
			count(&n)
			s.Users = int(n)
		case "Time taken for tests":
			length, err = scan.Span([]byte(word), time.Second)
		case "Complete requests":
			count(&of.Requests)
		case "HTML transferred":
			count(&of.Bytes)
		case "Non-2xx responses":
			var n int64
			count(&n)
			of.Failures += n
			of.Errors["an answer with an unexpected status"] += n
		}
		if cells := strings.Fields(string(line)); err == nil && len(cells) == 2 {
			if at := map[string]*time.Duration{"50%": &of.P50, "95%": &of.P95, "99%": &of.P99}[cells[0]]; at != nil {
				*at, err = scan.Span([]byte(cells[1]), time.Millisecond)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if of.Requests == 0 || length == 0 {
		return errors.New("it does not tell how many requests were complete, and in which time: it was cut")
	}
	s.Target = host
	s.Note("ab calls a request failed if its answer is of another length than the first: only statuses other than 2xx are counted as failures here")
	s.Note("what ab prints does not tell when the load ran: that it ended when the file was written is assumed")
	if path == "" {
		path = "all requests"
	}
	return errors.Join(s.Route([]byte(path), of), s.Lasted(f.Changed.Add(-length), length))
}

// End has nothing to add.
func (reader) End(*foreign.Sink) error { return nil }
