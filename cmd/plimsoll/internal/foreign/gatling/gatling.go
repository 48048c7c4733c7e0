// Package gatling reads the simulation.log of Gatling 2 and 3, up to version 3.11. Its lines have cells between tabs,
// and times in ms since 1970. Versions since 3.12 write a binary log without a published description, which is
// refused.
//
// A line of a request ends in its groups, its name, when it began and ended, OK or KO, and a message:
// https://github.com/gatling/gatling, LogFileDataWriter.scala up to version 3.11.
package gatling

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Format is Gatling's.
func Format() foreign.Format {
	return foreign.Format{
		Name: "gatling", Tool: "Gatling", Form: form, New: func() foreign.Reader { return &reader{} },
		Known: "simulation.log of versions 2 to 3.11",
	}
}

const binary = "a binary simulation.log of Gatling 3.12 or newer"

// form tells Gatling's files apart.
func form(head []byte) string {
	first, _, _ := bytes.Cut(head, []byte("\n"))
	cells := bytes.Split(first, []byte("\t"))
	switch {
	case len(cells) == 2 && string(cells[0]) == "ASSERTION", len(cells) > 3 && (string(cells[0]) == "RUN" || string(cells[2]) == "RUN"):
		return "a simulation.log of Gatling"
	case isBinary(head):
		return binary
	}
	return ""
}

// isBinary reports whether a log begins as those since 3.12 do: a zero byte, the length of a version in four bytes,
// and the version.
func isBinary(head []byte) bool {
	return len(head) > 8 && bytes.HasPrefix(head, []byte{0, 0, 0, 0}) && head[4] < 20 && head[5] == '3' && head[6] == '.'
}

// lastMillisecond lies in the year 2248: as a number of ns it does not overflow.
const lastMillisecond = 1 << 43

type reader struct {
	sink   *foreign.Sink
	errors int64 // of the simulation itself
	users  int
}

// Read reads one file.
func (r *reader) Read(f *foreign.File, s *foreign.Sink) error {
	r.sink = s
	if form(f.Head) == binary {
		return errors.New("this is " + binary + ": its format is not published; the versions up to 3.11 write text")
	}
	return foreign.EachLine(f, s, r.line)
}

// End adds the notes about errors.
func (r *reader) End(s *foreign.Sink) error {
	if r.errors > 0 {
		s.Note("the simulation had %d errors of its own, which are no requests", r.errors)
	}
	return nil
}

// line reads one line. In some versions of Gatling 2 the kind of the line comes third.
func (r *reader) line(text []byte) error {
	cells := bytes.Split(text, []byte("\t"))
	kind := string(cells[0])
	if len(cells) > 2 && (string(cells[2]) == "REQUEST" || string(cells[2]) == "USER" || string(cells[2]) == "RUN") && kind != "USER" && kind != "REQUEST" {
		kind = string(cells[2])
	}
	switch kind {
	case "REQUEST":
		return r.request(cells)
	case "USER":
		return r.user(cells)
	case "ERROR":
		r.errors++
	case "RUN", "GROUP", "ASSERTION", "":
	default:
		return fmt.Errorf("a line begins with %.40q, which is not known", text)
	}
	return nil
}

// request reads the cells of a request from where they are the same in all versions: OK or KO after two times.
func (r *reader) request(cells [][]byte) error {
	for i := len(cells) - 1; i >= 5; i-- {
		ok := string(cells[i]) == "OK"
		if !ok && string(cells[i]) != "KO" {
			continue
		}
		began, err := scan.Int(cells[i-2])
		ended, err2 := scan.Int(cells[i-1])
		if err != nil || err2 != nil {
			continue
		}
		if max(began, -began, ended, -ended) > lastMillisecond {
			return fmt.Errorf("a request lasts from %d to %d, which are no times in ms", began, ended)
		}
		if year := time.UnixMilli(began).UTC().Year(); year < 2000 {
			return fmt.Errorf("a request begins at %d, which lies in the year %d, as a number of milliseconds since 1970: no load ran then", began, year)
		}
		q := foreign.Request{Route: routeOf(cells[i-4], cells[i-3]), Start: began * 1e6, Took: time.Duration(ended-began) * time.Millisecond, Class: tally.OK, Users: max(r.users, 0)}
		if !ok {
			q.Class, q.Error = outcome(bytes.Join(cells[i+1:], []byte(" ")))
		}
		return r.sink.Request(&q)
	}
	return fmt.Errorf("a request of %d cells has no OK or KO after two times", len(cells))
}

// routeOf is the route of a request in groups, such as "checkout / pay": Gatling's reports keep requests of one name in
// different groups apart.
func routeOf(groups, name []byte) []byte {
	if len(bytes.TrimSpace(groups)) == 0 {
		return name
	}
	return slices.Concat(bytes.ReplaceAll(groups, []byte(","), []byte(" / ")), []byte(" / "), name)
}

// outcome says how a request failed, by Gatling's message.
func outcome(message []byte) (tally.Class, string) {
	text := string(bytes.TrimSpace(message))
	switch {
	case foreign.SaysTimeout(text):
		return tally.Timeout, text
	case bytes.HasPrefix(message, []byte("status.find")):
		return tally.Status, text
	case bytes.HasPrefix(message, []byte("j.")), bytes.HasPrefix(message, []byte("i.")), bytes.Contains(message, []byte("Exception")):
		return tally.Transport, text
	case text == "":
		return tally.Expect, "a check failed"
	}
	return tally.Expect, text
}

// user follows how many users are at work.
func (r *reader) user(cells [][]byte) error {
	for i, cell := range cells {
		change := map[string]int{"START": 1, "END": -1}[string(cell)]
		if change == 0 || i+1 >= len(cells) {
			continue
		}
		r.users += change
		if at, err := scan.Int(cells[len(cells)-1]); err == nil && at < lastMillisecond {
			r.sink.UsersAt(at*1e6, max(r.users, 0))
		}
		return nil
	}
	return nil
}
