package report_test

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// One line says whether a change works more or waits longer.
func TestCause(t *testing.T) {
	for _, c := range []struct {
		cause *gate.Explanation
		want  string
	}{
		{nil, ""},
		{&gate.Explanation{Kind: gate.WorksMore, CPU: 0.38}, "it works more: CPU a request +38 %"},
		{&gate.Explanation{Kind: gate.WaitsLonger, CPU: 0.01, RunDelay: new(-0.03)}, "it waits longer: CPU a request +1 %, wait for a core the same"},
		{&gate.Explanation{Kind: gate.WaitsLonger, CPU: -0.012, RunDelay: new(1.5)}, "it waits longer: CPU a request −1.2 %, wait for a core +150 %"},
		{&gate.Explanation{Kind: gate.WaitsLonger, CPU: 0.01, RunDelay: new(0.02), DiskBytes: new(0.05), Connections: new(-0.5)},
			"it waits longer: CPU a request +1 %, wait for a core the same, connections −50 %"},
		{&gate.Explanation{Kind: gate.WaitsLonger, CPU: 0.01, DiskBytes: new(1.2)}, "it waits longer: CPU a request +1 %, disk bytes +120 %"},
		{&gate.Explanation{Kind: gate.WorksMore, CPU: 0.0995, RunDelay: new(-0.25)}, "it works more: CPU a request +10 %, wait for a core −25 %"},
	} {
		if got := report.Cause(c.cause); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
