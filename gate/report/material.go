package report

import (
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Material is everything that a form of report can show. Any part may be missing: the form says so and shows the rest.
type Material struct {
	Report *Report        // a verdict; nil for a run without one
	Run    *result.Result // the run that was judged, or head of a pairing; nil if only a verdict file was given
	// Base is the other side of a pairing: base, the idle load, or the fresh process; nil if there is none.
	Base *result.Result
	// Capacity is what a search for the highest load found, of the same series and commit; nil if there was none.
	Capacity *capacity.Report
}
