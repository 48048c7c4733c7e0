package gate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// What follows from what: "GET /a p50 worse" in, "follows from GET /b" or the same status out.
func TestAttribute(t *testing.T) {
	at := func(route string, metric Metric, status Status) row {
		return row{Comparison: Comparison{Route: route, Metric: metric, Status: status}}
	}
	for _, c := range []struct {
		name string
		rows []row
		want string
	}{
		{"a slower route slows others", []row{at("a", P50, Worse), at("b", P95, Worse), at("c", Throughput, Unclear), at(tally.All, P50, Worse)}, "worse, from a, from a, from a"},
		{"what is proven does not follow from what is not", []row{at("a", P50, Unclear), at("b", P95, Worse), at("c", P95, Unclear), at(tally.All, P50, Worse)}, "unclear, worse, from a, worse"},
		{"slower routes are sources themselves", []row{at("a", P50, Worse), at("a", P95, Worse), at("b", P50, Suspect), at("b", P95, Suspect)}, "worse, worse, suspect, suspect"},
		{"tails alone", []row{at("a", P50, Within), at("a", P95, Worse), at("b", Throughput, Worse)}, "within, worse, from a"},
		{"only the whole follows from lower throughput", []row{at("a", Throughput, Worse), at("b", P95, Within), at(tally.All, Throughput, Worse)}, "worse, within, from a"},
		{"failures are nobody else's", []row{at("a", P50, Worse), at("b", FailureRate, Worse), at(tally.All, FailureRate, Worse)}, "worse, worse, from b"},
		{"what is within its limit follows nothing", []row{at("a", P50, Worse), at("b", P95, Within), at("c", P95, NotJudged)}, "worse, within, not judged"},
		{"three are named", []row{at("d", P50, Worse), at("c", P50, Worse), at("b", P50, Worse), at("a", P50, Worse), at(tally.All, P50, Worse)}, "worse, worse, worse, worse, from a b c +1"},
	} {
		var got []string
		for _, r := range attribute(&sides{}, c.rows) {
			text := r.Status.String()
			if r.Status == Follows {
				text = "from " + strings.Join(r.Why.Routes, " ")
				if r.Why.More > 0 {
					text += fmt.Sprintf(" +%d", r.Why.More)
				}
			}
			got = append(got, text)
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s: got %q, want %q", c.name, text, c.want)
		}
	}
}
