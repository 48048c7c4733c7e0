package gate_test

import (
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Every reason and notice about runs of another tool is marked, also in a comparison of two runs. Those about our runs are not.
func TestImportedRunsAreMarked(t *testing.T) {
	usual := map[string]load{"GET /a": {2000, 0, 20 * time.Millisecond}}
	slow := map[string]load{"GET /a": {2000, 0, 40 * time.Millisecond}}
	for _, tool := range []string{"", "k6"} {
		fresh := run(slow)
		fresh.Origin.Tool = tool
		for name, v := range map[string]gate.Verdict{
			"no baseline": gate.Judge(policy(), []*result.Result{fresh}, nil),
			"few runs":    gate.Judge(policy(), []*result.Result{fresh}, summaries(history(2, usual))),
			"looks worse": gate.Judge(policy(), []*result.Result{fresh}, summaries(history(20, usual))),
			"compared":    gate.Compare(policy(), run(usual), fresh),
		} {
			if len(v.Reasons) == 0 {
				t.Errorf("%s: there is no reason", name)
			}
			for _, r := range append(v.Reasons, v.Notices...) {
				if r.Imported != (tool != "") {
					t.Errorf("%s of %q: %s is marked %t", name, tool, r.Kind, r.Imported)
				}
			}
		}
	}
}
