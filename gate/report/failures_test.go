package report_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Errors that differ in their values alone have one row, with an example.
func TestErrorsWithValues(t *testing.T) {
	r := &result.Result{Rounds: make([]result.Round, 1)}
	for _, user := range []string{"17", "9"} {
		r.Tally.Add(tally.Sample{Route: "a.S/Get", Class: tally.Status, Error: "code 5 NOT_FOUND: user # not found", Example: "code 5 NOT_FOUND: user " + user + " not found"})
	}
	var b strings.Builder
	if err := report.Run(&b, r, report.Found{}); err != nil {
		t.Fatal(err)
	}
	if want := "2 | a.S/Get: code 5 NOT_FOUND: user # not found (such as user 17 not found)"; !strings.Contains(b.String(), want) {
		t.Errorf("%s\nwant %s", b.String(), want)
	}
}
