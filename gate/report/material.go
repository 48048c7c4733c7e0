package report

import "github.com/plimsoll-ci/plimsoll/runner/result"

// Material is all that a form of report may show. Every part may be missing: a form says what is missing, and shows
// the rest.
type Material struct {
	Report *Report        // a verdict; nil for a run without one
	Run    *result.Result // the run that was judged, or head of a pairing; nil if only a verdict file was given
	// Base is the other side of a pairing: base, the idle load, or the fresh process; nil without.
	Base *result.Result
}
