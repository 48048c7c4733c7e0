// Package locust writes a run as the CSV files of Locust's --csv, for programs that read those.
//
// A Material goes in, five files come out: _stats.csv, _stats_history.csv, _failures.csv, _exceptions.csv, and our own
// _system.csv. Headers, order, quotes and line ends match Locust 2.46.3 to the byte: UTF-8, commas, CR LF, quotes only
// where needed, rows by name and then by type, and last a row of all requests named Aggregated. The values are more
// exact: milliseconds with up to three decimals, where Locust rounds percentiles to two digits. Locust
// orders failures by a hash; here they are in the order of their routes.
//
// _stats.csv and _failures.csv cover the judged rounds. _stats_history.csv covers the whole load, a row a second. History
// writes it during the load. From a finished result it is written out of the timeline, with N/A for figures that the
// timeline lacks. All files are of one run: the other side of a pairing has files of its own.
//
// A cell that a spreadsheet would take for a formula gets an apostrophe in front, and invisible characters are removed.
// Ordinary names do not change. See cell.
package locust

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// File is one of the files, named by what follows the prefix that the user gives.
type File struct {
	Suffix string // such as _stats.csv
	Write  func(w io.Writer, m report.Material) error
}

// Files lists all files in the order in which Locust opens them, ours last. Without a run they have only their headers.
func Files() []File {
	return []File{
		{"_stats.csv", stats},
		{HistorySuffix, history},
		{"_failures.csv", failures},
		{"_exceptions.csv", exceptions},
		{"_system.csv", system},
	}
}

// HistorySuffix names the file of History.
const HistorySuffix = "_stats_history.csv"

// quantiles lists the quantiles that Locust reports, and their headers.
var (
	quantiles       = []float64{0.50, 0.66, 0.75, 0.80, 0.90, 0.95, 0.98, 0.99, 0.999, 0.9999, 1}
	quantileHeaders = []string{"50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%", "99.9%", "99.99%", "100%"}
)

// absent is written where there is no figure.
const absent = "N/A"

// stats writes _stats.csv.
func stats(w io.Writer, m report.Material) error {
	out := newTable(w, append([]string{
		"Type", "Name", "Request Count", "Failure Count", "Median Response Time", "Average Response Time", "Min Response Time",
		"Max Response Time", "Average Content Size", "Requests/s", "Failures/s",
	}, quantileHeaders...)...)
	if m.Run == nil {
		return out.err
	}
	seconds := m.Run.Length().Seconds()
	for _, one := range routesOf(m.Run) {
		kind, name := report.SplitRoute(one.Route)
		out.row(statsRow(kind, name, one.Counts, seconds)...)
	}
	out.row(statsRow("", aggregated, m.Run.Tally.Total(), seconds)...)
	return out.err
}

// aggregated names the row of all requests.
const aggregated = "Aggregated"

func statsRow(kind, name string, t *tally.Route, seconds float64) []string {
	row := append([]string{cell(kind), cell(name)}, totals(t)...)
	row = append(row, rate(t.Requests(), seconds), rate(t.Failures(), seconds))
	return append(row, percentiles(t)...)
}

// totals returns the columns from the number of requests to the average size of an answer; two of the files have them.
func totals(t *tally.Route) []string {
	n, r := t.Requests(), &t.Response
	row := []string{strconv.FormatInt(n, 10), strconv.FormatInt(t.Failures(), 10)}
	if r.Count() == 0 {
		row = append(row, "0", "0.0", "0", "0")
	} else {
		row = append(row, millis(r.Quantile(0.5)), withPoint(millis(r.Mean())), millis(r.Min()), millis(r.Max()))
	}
	if n == 0 {
		return append(row, "0")
	}
	return append(row, withPoint(decimals(float64(t.BytesReceived)/float64(n), 3)))
}

// percentiles returns the columns of Locust's percentiles.
func percentiles(t *tally.Route) (row []string) {
	for _, q := range quantiles {
		if t.Response.Count() == 0 {
			row = append(row, absent)
			continue
		}
		row = append(row, millis(t.Response.Quantile(q)))
	}
	return row
}

// failures writes _failures.csv.
func failures(w io.Writer, m report.Material) error {
	out := newTable(w, "Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen")
	if m.Run == nil {
		return out.err
	}
	at := func(since time.Duration) string { return m.Run.Started.Add(since).UTC().Format(time.RFC3339) }
	for _, one := range routesOf(m.Run) {
		kind, name := report.SplitRoute(one.Route)
		errors := one.Counts.Errors
		texts := make([]string, 0, len(errors))
		for text := range errors {
			texts = append(texts, text)
		}
		slices.SortFunc(texts, func(a, b string) int {
			return cmp.Or(cmp.Compare(errors[b].Count, errors[a].Count), cmp.Compare(a, b))
		})
		for _, text := range texts {
			seen := errors[text]
			shown := text
			if seen.Example != "" { // Locust's rows have values too
				shown += " (for example: " + seen.Example + ")"
			}
			out.row(cell(kind), cell(name), cell(shown), strconv.FormatInt(seen.Count, 10), at(seen.First), at(seen.Last))
		}
	}
	return out.err
}

// exceptions writes _exceptions.csv, which has only a header: Plimsoll runs no user code.
func exceptions(w io.Writer, _ report.Material) error {
	return newTable(w, "Count", "Message", "Traceback", "Nodes").err
}

// routesOf lists the routes of a run by name and then by type. Routes of the profile without requests have counts of zero.
func routesOf(r *result.Result) []report.Counted {
	all := report.CountedOf(r)
	for _, route := range r.PlannedRoutes {
		if r.Tally.Routes[route] == nil {
			all = append(all, report.Counted{Route: route, Counts: &tally.Route{}})
		}
	}
	slices.SortStableFunc(all, func(a, b report.Counted) int {
		kindA, nameA := report.SplitRoute(a.Route)
		kindB, nameB := report.SplitRoute(b.Route)
		return cmp.Or(cmp.Compare(nameA, nameB), cmp.Compare(kindA, kindB))
	})
	return slices.CompactFunc(all, func(a, b report.Counted) bool { return a.Route == b.Route })
}
