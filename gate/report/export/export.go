// Package export writes a run and its verdict in forms that other programs read: HdrHistogram's percentile files
// (.hgrm), OpenMetrics text, and OTLP in JSON.
//
// A Material goes in. Histograms gives a file for each route and side, which every plotter of HdrHistogram reads.
// OpenMetrics writes one page for the textfile directory of node_exporter, for GitLab's metrics reports and for
// anything that scrapes; it uses only what Prometheus' older text format knows too. OTLP is the body of one POST to
// /v1/metrics, written by hand: the SDK's exporter would bring 179 packages for it.
//
// Names from outside are made harmless: they hold no character that is not seen, and break out of no quotes.
package export

import (
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// maxLabel is the most characters of a name in a label. Prometheus takes longer ones, and every query would carry them.
const maxLabel = 200

// label is the name of a route in a label. No two routes have the same one: Prometheus refuses such a page.
func label(route string) string { return report.RouteKey(route, maxLabel) }

// withAll are the routes of a run in alphabetical order, and last all of them together.
func withAll(r *result.Result) []report.Counted {
	return append(report.CountedOf(r), report.Counted{Route: tally.All, Counts: r.Tally.Total()})
}

// classes are the ways in which requests of a route ended, in order, with their numbers.
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
