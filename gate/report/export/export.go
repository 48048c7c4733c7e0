// Package export writes a run and its verdict in forms that other programs read: HdrHistogram's percentile files
// (.hgrm), OpenMetrics text, and OTLP in JSON.
//
// A Material goes in. Histograms makes a file for each route and side, in the format of HdrHistogram's plotters.
// OpenMetrics writes one page for the textfile directory of node_exporter, for GitLab's metrics reports and for scrapers;
// it uses only features that Prometheus' older text format has too. OTLP makes the body of one POST to /v1/metrics by
// hand: the SDK's exporter would add 179 packages.
//
// Foreign names are made harmless: they have no invisible characters, and cannot break out of quotes.
package export

import (
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// maxLabel is the most characters of a name in a label. Prometheus accepts longer ones, but every query would carry them.
const maxLabel = 200

// label returns a route's name for a label, different for each route: Prometheus refuses a page with duplicates.
func label(route string) string { return report.RouteKey(route, maxLabel) }

// withAll are the routes of a run in alphabetical order, and last all of them together.
func withAll(r *result.Result) []report.Counted {
	return append(report.CountedOf(r), report.Counted{Route: tally.All, Counts: r.Tally.Total()})
}

// classes counts the requests of a route by outcome, in order.
func classes(t *tally.Route) (names []string, counts []int64) {
	for class := tally.OK; class <= tally.Dropped; class++ {
		if n := t.Outcomes[class]; n > 0 || class == tally.OK {
			names, counts = append(names, class.String()), append(counts, n)
		}
	}
	if t.Unfinished > 0 {
		names, counts = append(names, "unfinished"), append(counts, t.Unfinished)
	}
	return slices.Clip(names), slices.Clip(counts)
}
