// Package locust reads the CSV files that Locust writes with --csv: PREFIX_stats.csv, and beside it
// PREFIX_stats_history.csv and PREFIX_failures.csv.
//
// Locust keeps sums. Its quantiles are rounded: to 10 ms from 100 ms on, to 100 ms from 1 s on
// (locust/stats.py, log). Those of the history are over the last ten seconds.
package locust

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Format is Locust's.
func Format() foreign.Format {
	return foreign.Format{
		Name: "locust", Tool: "Locust", Form: form, New: func() foreign.Reader { return &reader{failures: map[string]map[string]int64{}} },
		Known: "the CSV files that Locust writes from version 1 on (--csv PREFIX): PREFIX_stats.csv, PREFIX_stats_history.csv and PREFIX_failures.csv",
	}
}

const (
	stats    = "Locust's _stats.csv"
	history  = "Locust's _stats_history.csv"
	failures = "Locust's _failures.csv"
	errs     = "Locust's _exceptions.csv"
)

// form tells Locust's files apart.
func form(head []byte) string {
	for begin, form := range map[string]string{
		"Type,Name,Request Count,": stats, "Timestamp,User Count,Type,Name,": history, "Method,Name,Error,Occurrences": failures, "Count,Message,Traceback,Nodes": errs,
	} {
		if bytes.HasPrefix(scan.Header(head), []byte(begin)) {
			return form
		}
	}
	return ""
}

// reader holds what the files say until all are read: they come in any order.
type reader struct {
	routes   []row
	total    *row
	perSec   float64 // requests, of all routes
	failures map[string]map[string]int64
	history  []instant
	changed  time.Time
}

// row is a route with its sums.
type row struct {
	name []byte
	of   foreign.Sums
}

// instant is a row of the history of all routes together.
type instant struct {
	at                 int64 // in s since 1970
	users              int
	requests, failures int64 // since the beginning
	p50, p95, p99      time.Duration
}

// Read reads one file.
func (r *reader) Read(f *foreign.File, s *foreign.Sink) error {
	lines := scan.NewLines(f)
	table, err := scan.NewTable(lines, scan.Commas)
	if err != nil {
		return err
	}
	read := map[string]func(cells [][]byte, column func(string) int) error{stats: r.stat, history: r.point, failures: r.failure}[form(f.Head)]
	if read == nil { // exceptions are of the script
		_, err := io.Copy(io.Discard, f)
		return err
	}
	if form(f.Head) == stats {
		r.changed = f.Changed
	}
	missing := ""
	column := func(name string) int {
		i, has := table.Columns[name]
		if !has {
			missing = name
		}
		return i
	}
	return foreign.EachRow(f, s, lines, table, func(cells [][]byte) error {
		if len(cells) < len(table.Columns) {
			return fmt.Errorf("it has %d cells, and the first line has %d", len(cells), len(table.Columns))
		}
		if err := read(cells, column); err != nil {
			return err
		}
		if missing != "" {
			return fmt.Errorf("there is no column %q", missing)
		}
		return nil
	})
}

// numbers reads cells as they are needed, and keeps the first error.
type numbers struct {
	cells [][]byte
	err   error
}

func (n *numbers) float(i int) float64 {
	if text := string(n.cells[i]); text == "N/A" || text == "" { // no request yet
		return 0
	}
	f, err := scan.Float(n.cells[i])
	n.err = errors.Join(n.err, err)
	return f
}

func (n *numbers) count(i int) int64 {
	f := n.float(i)
	if f != math.Trunc(f) && n.err == nil {
		n.err = fmt.Errorf("%.40q is no whole number", n.cells[i])
	}
	return int64(f)
}

func (n *numbers) ms(i int) time.Duration {
	d, err := scan.Times(n.float(i), time.Millisecond)
	n.err = errors.Join(n.err, err)
	return d
}

// stat reads a row of _stats.csv.
func (r *reader) stat(cells [][]byte, column func(string) int) error {
	n := numbers{cells: cells}
	of := foreign.Sums{
		Requests: n.count(column("Request Count")), Failures: n.count(column("Failure Count")),
	}
	for name, cell := range map[string]string{"p50": "50%", "p95": "95%", "p99": "99%"} {
		if text := string(cells[column(cell)]); text != "N/A" && text != "" {
			of.Quantile(name, n.ms(column(cell)))
		}
	}
	of.Bytes = int64(n.float(column("Average Content Size")) * float64(of.Requests))
	perSec := n.float(column("Requests/s"))
	if n.err != nil {
		return n.err
	}
	kind, name := cells[column("Type")], cells[column("Name")]
	if len(kind) == 0 && string(name) == "Aggregated" {
		if r.total != nil {
			return errors.New("it tells the sums of all routes twice: import one run at a time")
		}
		r.total, r.perSec = &row{of: of}, perSec
		return nil
	}
	r.routes = append(r.routes, row{routeOf(kind, name), of})
	return nil
}

// routeOf is the route of a row: "GET /items".
func routeOf(kind, name []byte) []byte {
	if len(kind) == 0 {
		return bytes.Clone(name)
	}
	return slices.Concat(kind, []byte(" "), name)
}

// failure reads a row of _failures.csv.
func (r *reader) failure(cells [][]byte, column func(string) int) error {
	n := numbers{cells: cells}
	times := n.count(column("Occurrences"))
	if n.err != nil || times < 1 {
		return cmp.Or(n.err, fmt.Errorf("a failure came %d times", times))
	}
	route := string(routeOf(cells[column("Method")], cells[column("Name")]))
	if r.failures[route] == nil {
		r.failures[route] = map[string]int64{}
	}
	r.failures[route][string(cells[column("Error")])] += times
	return nil
}

// point reads a row of _stats_history.csv. Those of single routes (--csv-full-history) are left out.
func (r *reader) point(cells [][]byte, column func(string) int) error {
	if string(cells[column("Name")]) != "Aggregated" {
		return nil
	}
	n := numbers{cells: cells}
	r.history = append(r.history, instant{
		at: n.count(column("Timestamp")), users: int(n.count(column("User Count"))),
		requests: n.count(column("Total Request Count")), failures: n.count(column("Total Failure Count")),
		p50: n.ms(column("50%")), p95: n.ms(column("95%")), p99: n.ms(column("99%")),
	})
	return n.err
}

// End tells the Sink what all files say together.
func (r *reader) End(s *foreign.Sink) error {
	switch {
	case r.total != nil:
	case r.changed.IsZero():
		return errors.New("there is no row Aggregated: give the file whose name ends in _stats.csv too")
	case s.WasCut() != "":
		return fmt.Errorf("%s; so is its row Aggregated, and without it the file cannot be read", s.WasCut())
	default:
		return errors.New("the row Aggregated is missing, which Locust writes last into its _stats.csv: it was cut, and cannot be read")
	}
	for _, one := range r.routes {
		one.of.Errors = bounded(r.failures[string(one.name)], one.of.Failures)
		if err := s.Route(one.name, one.of); err != nil {
			return err
		}
	}
	if err := s.Total(r.total.of); err != nil {
		return err
	}
	if r.perSec <= 0 {
		return errors.New("its rate is 0 requests a second, so it does not tell how long the load lasted")
	}
	length, err := scan.Times(float64(r.total.of.Requests)/r.perSec, time.Second)
	if err != nil {
		return err
	}
	began := r.changed.Add(-length)
	if len(r.history) > 0 {
		began = time.Unix(r.history[0].at, 0)
	} else {
		s.Note("without _stats_history.csv nothing tells when the load ran: that it ended when the file was written is assumed")
	}
	s.Note("Locust rounds response times to two digits from 100 ms on: small changes are invisible")
	return errors.Join(s.Lasted(began, length), r.timeline(s))
}

// bounded leaves out texts of errors if there are more than failures: Locust counts those of all workers.
func bounded(texts map[string]int64, failures int64) map[string]int64 {
	var sum int64
	for _, n := range texts {
		sum += n
	}
	if sum > failures {
		return nil
	}
	return texts
}

// timeline makes seconds of the history. Totals that fall say that somebody reset the statistics.
func (r *reader) timeline(s *foreign.Sink) error {
	for i, now := range r.history {
		before := instant{at: now.at - 1}
		if i > 0 {
			before = r.history[i-1]
		}
		length := time.Duration(now.at-before.at) * time.Second
		requests, failed := now.requests-before.requests, now.failures-before.failures
		if length <= 0 || requests < 0 || failed < 0 || failed > requests {
			continue
		}
		s.Users = max(s.Users, now.users)
		second := result.Second{
			Start: max(time.Duration(before.at-r.history[0].at)*time.Second, 0), Length: length, Users: now.users,
			Requests: requests, Failures: failed, P50: now.p50, P95: now.p95, P99: now.p99,
		}
		if err := s.Second(second); err != nil {
			return err
		}
	}
	return nil
}
