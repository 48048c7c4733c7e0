// Package protocoltest runs profiles for the tests of protocols, and checks the counts.
package protocoltest

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Run runs a profile, given without its name, and returns all its counts. If a busy machine let it send nothing, it runs it
// again, three times in all.
func Run(t *testing.T, text string) *tally.Tally {
	t.Helper()
	p, problems := profile.Parse("p.yaml", []byte("name: p\n"+text), profile.Surroundings{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		t.Fatal(err)
	}
	for tries := 1; ; tries++ {
		r, err := runner.Run(t.Context(), runner.System{Plan: made}, runner.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if all := Counts(t, r); all.Total().Requests() > 0 || tries == 3 {
			return all
		}
	}
}

// Counts are the counts of a run, with those of the warm-up. It fails if the result is not valid.
func Counts(t *testing.T, r *result.Result) *tally.Tally {
	t.Helper()
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
	all := &tally.Tally{}
	for _, counted := range []*tally.Tally{r.WarmUp, &r.Tally} {
		if counted != nil {
			all.Merge(counted)
		}
	}
	return all
}

// Ended fails unless every sample of a route ended with that class and text, or was cut off by the end
// of the load. It returns how many ended.
func Ended(t *testing.T, all *tally.Tally, route string, class tally.Class, text string) int64 {
	t.Helper()
	r := all.Routes[route]
	if r == nil {
		t.Errorf("%s: nothing was counted; there are %v", route, all.Names())
		return 0
	}
	n := r.Requests() - r.Unfinished
	if n == 0 || r.Outcomes[class] != n || class != tally.OK && r.Errors[text].Count != n {
		t.Errorf("%s: %v %v, want all %v %q", route, r.Outcomes, r.Errors, class, text)
	}
	return n
}
