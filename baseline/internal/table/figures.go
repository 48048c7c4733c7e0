package table

import (
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// figures are those of the run's summary, under names that PostgreSQL's JSON can hold: it has
// no NUL.
func figures(r *result.Result) map[string]result.Figures {
	of := map[string]result.Figures{}
	for route, f := range r.Summary().Figures {
		of[strings.ReplaceAll(route, "\x00", "\ufffd")] = f
	}
	return of
}
