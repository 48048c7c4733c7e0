package runner

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// The problem tells apart a busy machine, a busy generator, and a system that leaves the generator no CPU
// time.
func TestSaturated(t *testing.T) {
	const late = 12 * time.Millisecond
	for name, c := range map[string]struct {
		generator result.Generator
		limit     float64
		kind      result.ProblemKind
		says      string // empty for no bottleneck
	}{
		"at ease":     {result.Generator{Cores: 2, CPUShare: 0.3, LagP99: time.Millisecond}, 0, "", ""},
		"no core":     {result.Generator{Cores: 2, CPUShare: 0.97}, 0, result.Saturated, "it used 97 % of the 2 cores that it may use"},
		"one core":    {result.Generator{Cores: 1, CPUShare: 0.93}, 0, result.Saturated, "it used 93 % of the core that it may use"},
		"a limit":     {result.Generator{Cores: 2, CPUShare: 0.95}, 0.2, result.Saturated, "it used 95 % of the 0.2 cores that it may use"},
		"late":        {result.Generator{Cores: 2, CPUShare: 0.3, LagP99: late}, 0, result.Saturated, "the load generator was the bottleneck: it was more than 12ms late"},
		"no figures":  {result.Generator{}, 0, "", ""},
		"misses":      {result.Generator{Cores: 2, Paced: result.Paced{Due: 1000, Begun: 900, Missed: 60}}, 0, result.Saturated, "too late for 60 of the 1000 tasks"},
		"slow system": {result.Generator{Cores: 2, Paced: result.Paced{Due: 1000, Begun: 500, Missed: 40}}, 0, "", ""},
		"neighbours": {
			result.Generator{Cores: 2, CPUShare: 0.02, LagP99: late, Machine: result.Machine{Generator: 0.02, System: 0.03, Others: 0.93}}, 0,
			result.Busy, "other programs used 93 % of its CPU time, and the load generator only 2 %, so the generator was more than 12ms late",
		},
		"hypervisor": {
			result.Generator{Cores: 2, CPUShare: 0.1, LagP99: late, Machine: result.Machine{Generator: 0.1, Others: 0.05, Stolen: 0.4}}, 0,
			result.Busy, "its hypervisor gave 40 % of its CPU time to other machines",
		},
		"harmless neighbours": {result.Generator{Cores: 2, CPUShare: 0.1, LagP99: time.Millisecond, Machine: result.Machine{Generator: 0.1, Others: 0.9}}, 0, "", ""},
		"the system": {
			result.Generator{Cores: 2, CPUShare: 0.15, LagP99: late, Machine: result.Machine{Generator: 0.15, System: 0.8, Others: 0.02}}, 0,
			result.Saturated, "the system under test used 80 % of its CPU time and the load generator 15 %",
		},
		"the container": {
			result.Generator{Cores: 2, CPUShare: 0.3, LagP99: late, Machine: result.Machine{Generator: 0.03, System: 0.06, Others: 0.5}}, 0.2,
			result.Saturated, "used up its 0.2 cores",
		},
	} {
		r := &result.Result{Generator: c.generator}
		r.Environment.CPUCores, r.Environment.CPULimit = 2, c.limit
		got := saturated(r)
		if got == nil {
			got = &result.Problem{}
		}
		if got.Kind != c.kind || (got.Text == "") != (c.says == "") || !strings.Contains(got.Text, c.says) {
			t.Errorf("%s: %+v, want %s %q", name, got, c.kind, c.says)
		}
	}
}

// CPU time is counted separately for this process, for its children, ended ones included, and for others.
func TestSpendingTellsWhoUsedIt(t *testing.T) {
	before := spending()
	if before.all == 0 {
		t.Skip("the operating system does not tell")
	}
	if err := exec.Command("sh", "-c", "(i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done) & wait").Run(); err != nil {
		t.Fatal(err)
	}
	used := spending().since(before)
	if used.system <= 0 {
		t.Errorf("a child worked, got %+v", used)
	}
	if m := used.shares(); m.System <= m.Generator || m.Generator+m.System+m.Others+m.Stolen > 1.1 {
		t.Errorf("shares %+v", m)
	}
	if m := (spent{}).since(before).shares(); m.Others != 0 {
		t.Errorf("nothing was used, got shares %+v", m)
	}
	if m := used.since(spent{}).shares(); m != (result.Machine{}) {
		t.Errorf("nothing is known, got shares %+v", m)
	}
}
