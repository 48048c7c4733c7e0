package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// percentiles are the columns of the second table, as Locust has them.
var percentiles = []float64{0.50, 0.66, 0.75, 0.80, 0.90, 0.95, 0.98, 0.99, 0.999, 0.9999, 1}

// maxErrorTexts is the most errors that the third table shows.
const maxErrorTexts = 20

// Run writes the tables of a run that Locust's users know: the requests, the percentiles of the
// response times, and the errors, if any. They cover the judged rounds; times are in milliseconds. Then it says in lists
// what was loaded, how groups of routes did, and what the system used.
func Run(w io.Writer, r *result.Result, found Found) error {
	if err := tables(w, r); err != nil {
		return err
	}
	if routes := neverRequested(r); len(routes) > 0 {
		fmt.Fprintf(w, "\nNever requested: %s\n", strings.Join(routes, ", "))
	}
	for _, note := range append(besides(r.Tally.Total()), r.Notes...) {
		fmt.Fprintf(w, "\nNote: %s\n", plain(note, maxSentence))
	}
	if _, err := fmt.Fprintf(w, "\nLoad generator: %s\n", generatorOf(r, plain)); err != nil {
		return err
	}
	all := sections(r, found)
	if len(all) > 0 {
		fmt.Fprintln(w)
	}
	return write(w, all)
}

// tables writes the tables, or that there are none: a run that ended in its first round has no figures.
func tables(w io.Writer, r *result.Result) error {
	if len(r.Rounds) == 0 {
		_, err := fmt.Fprintln(w, "There are no figures: no round was measured to its end.")
		return err
	}
	if err := requestGrid(r).text(w); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nResponse time percentiles (ms)\n")
	if err := percentileGrid(r).text(w); err != nil {
		return err
	}
	return errorTable(w, r)
}

// besides adds the requests that the tables do not show: unanswered ones, and those sent again.
func besides(total *tally.Route) (notes []string) {
	if n := total.Unfinished; n > 0 {
		notes = append(notes, fmt.Sprintf("%s still unanswered when the load ended: neither successes nor failures, and slower than the figures say", were(n)))
	}
	if n := total.Resent; n > 0 {
		notes = append(notes, fmt.Sprintf("%s sent again on a fresh connection", were(n)))
	}
	return notes
}

func were(n int64) string {
	if n == 1 {
		return "1 request was"
	}
	return fmt.Sprintf("%d requests were", n)
}

// Identity writes a line for each thing that identifies a run.
func Identity(w io.Writer, r *result.Result) error {
	for _, line := range [][2]string{
		{"run", r.ID()},
		{"series", r.Series},
		{"repository", r.Repository},
		{"branch", r.Branch},
		{"commit", r.Commit},
		{"profile", r.ProfileDigest},
		{"target", r.Target},
		{"started", r.Started.Format(time.RFC3339)},
		{"finished", r.Finished.Format(time.RFC3339)},
		{"environment", r.Environment.Words()},
		{"measured by", r.Origin.Tool},
		{"plimsoll", r.Tool},
	} {
		if line[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-12s %s\n", line[0], plain(line[1], maxSentence)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

// maxNever is the most routes that neverRequested names.
const maxNever = 20

// neverRequested names the planned routes without a measured request. It names none for a run that ended
// early: its result holds only whole rounds.
func neverRequested(r *result.Result) (names []string) {
	if len(r.Rounds) < r.PlannedRounds {
		return nil
	}
	more := 0
	for _, route := range r.PlannedRoutes {
		switch {
		case r.Tally.Routes[route] != nil:
		case len(names) == maxNever:
			more++
		default:
			names = append(names, name(route))
		}
	}
	if more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return names
}

// requestGrid has a row for each route, as Locust's first table has.
func requestGrid(r *result.Result) grid {
	seconds := r.Length().Seconds()
	row := func(kind, name string, one Counted) []string {
		t := one.Counts
		perSec := func(n int64) string {
			if seconds == 0 {
				return "N/A"
			}
			return fmt.Sprintf("%.2f", float64(n)/seconds)
		}
		failed := 0.0
		if n := t.Requests(); n > 0 {
			failed = 100 * float64(t.Failures()) / float64(n)
		}
		return []string{
			kind, name, fmt.Sprint(t.Requests()), fmt.Sprintf("%d(%.2f%%)", t.Failures(), failed),
			timed(t, t.Response.Mean()), timed(t, t.Response.Min()), timed(t, t.Response.Max()), quantile(r, one, 0.5),
			perSec(t.Requests()), perSec(t.Failures()),
		}
	}
	header := []string{"Type", "Name", "# reqs", "# fails", "Avg", "Min", "Max", "Med", "req/s", "failures/s"}
	return routeGrid(header, r, row)
}

// percentileGrid has the percentiles of each route, as Locust's second table has.
func percentileGrid(r *result.Result) grid {
	header := []string{"Type", "Name"}
	for _, q := range percentiles {
		header = append(header, strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", 100*q), "0"), ".")+"%")
	}
	header = append(header, "# reqs")
	return routeGrid(header, r, func(kind, name string, one Counted) []string {
		cells := []string{kind, name}
		for _, q := range percentiles {
			cells = append(cells, quantile(r, one, q))
		}
		return append(cells, fmt.Sprint(one.Counts.Requests()))
	})
}

// routeGrid is a table with a row for each route and one for all of them. The first two columns
// are texts, the others numbers.
func routeGrid(header []string, r *result.Result, row func(kind, name string, one Counted) []string) grid {
	var rows [][]string
	for _, one := range CountedOf(r) {
		kind, name := SplitRoute(one.Route)
		rows = append(rows, row(plain(kind, maxName), plain(name, maxName), one))
	}
	columns := "ll" + strings.Repeat("r", len(header)-2)
	return grid{columns, header, rows, row("", "Aggregated", Counted{tally.All, r.Tally.Total()})}
}

func errorTable(w io.Writer, r *result.Result) error {
	failures := FailedOf(r)
	if len(failures) == 0 {
		return nil
	}
	var rows [][]string
	for _, f := range failures[:min(maxErrorTexts, len(failures))] {
		rows = append(rows, []string{fmt.Sprint(f.Count), f.Route + ": " + f.How})
	}
	fmt.Fprintf(w, "\nError report\n")
	if err := (grid{columns: "rl", header: []string{"# occurrences", "Error"}, rows: rows}).text(w); err != nil {
		return err
	}
	if more := len(failures) - len(rows); more > 0 {
		fmt.Fprintf(w, "and %d more kinds of error\n", more)
	}
	return nil
}

// Failed is one way in which requests of a route failed, in plain text.
type Failed struct {
	Count       int64
	Route, How  string
	First, Last time.Duration // when it was seen, since the load began
}

// FailedOf lists how requests failed, the most frequent first.
func FailedOf(r *result.Result) (all []Failed) {
	for _, route := range r.Routes() {
		for text, seen := range r.Tally.Routes[route].Errors {
			all = append(all, Failed{seen.Count, name(route), wayOf(gate.Failure{Text: text, Example: seen.Example}), seen.First, seen.Last})
		}
	}
	slices.SortFunc(all, func(a, b Failed) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Route, b.Route), cmp.Compare(a.How, b.How), cmp.Compare(a.First, b.First))
	})
	return all
}

// quantile formats a quantile of a route: from its histogram, or as another tool told it.
func quantile(r *result.Result, one Counted, q float64) string {
	if !r.Origin.Summed || len(r.Rounds) == 0 {
		return timed(one.Counts, one.Counts.Response.Quantile(q))
	}
	f := r.Rounds[0].Of(one.Route)
	told := map[float64]time.Duration{0.5: f.P50, 0.95: f.P95, 0.99: f.P99}[q]
	if told == 0 {
		return unread
	}
	return millis(told)
}

// timed formats a response time of a route, or "-" if the result only counts requests, as other tools' results do.
func timed(t *tally.Route, d time.Duration) string {
	if t.Response.Count() == 0 && t.Requests() > 0 {
		return unread
	}
	return millis(d)
}

// millis is a span in milliseconds, to 1 µs below 10 ms and coarser above.
func millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 10:
		return fmt.Sprintf("%.3f", ms)
	case ms < 100:
		return fmt.Sprintf("%.2f", ms)
	default:
		return fmt.Sprintf("%.1f", ms)
	}
}
