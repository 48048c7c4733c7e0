package runner

import (
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Past these values the figures describe the generator or its machine, not the system: no core is left to
// send with, or the generator is so late that its delay alone looks like a slow system.
const (
	saturatedCPU = 0.9 // share of the cores that this process may use
	saturatedLag = 10 * time.Millisecond
	mostMissed   = 0.05 // share of the tasks due at the rate
)

// The least shares of the machine's CPU time that explain a late generator.
const (
	busyOthers = 0.2 // other programs and other machines on the same hardware
	busySystem = 0.5 // the system under test, on the same machine
	usedUp     = 0.8 // of a container's limit
)

// saturated says whether the generator, its machine or its container was the bottleneck; nil if none was.
func saturated(r *result.Result) *result.Problem {
	g, m, limit := r.Generator, r.Generator.Machine, r.Environment.CPULimit
	if g.CPUShare >= saturatedCPU {
		return &result.Problem{Kind: result.Saturated, Text: fmt.Sprintf(
			"the load generator was the bottleneck: it used %.0f %% of the %s that it may use; give it more cores, or use less load (waits, fewer users, a lower rate)",
			100*g.CPUShare, mayUse(g.Cores, limit))}
	}
	late := lateness(g)
	if late == "" {
		return nil
	}
	used := limit > 0 && (m.Generator+m.System)*float64(r.Environment.CPUCores) >= usedUp*limit
	switch others := m.Others + m.Stolen; {
	case used:
		return &result.Problem{Kind: result.Saturated, Text: fmt.Sprintf(
			"this container was the bottleneck: the load generator and the systems that it started used up its %s, so the generator was %s; grant it more, or use less load",
			mayUse(g.Cores, limit), late)}
	case others >= busyOthers && others >= m.Generator:
		return &result.Problem{Kind: result.Busy, Text: fmt.Sprintf(
			"this machine was busy with other work: %s, and the load generator only %.0f %%, so the generator was %s; measure again when the machine is less busy",
			othersUsed(m), 100*m.Generator, late)}
	case m.System >= busySystem:
		return &result.Problem{Kind: result.Saturated, Text: fmt.Sprintf(
			"this machine was too small for both: the system under test used %.0f %% of its CPU time and the load generator %.0f %%, so the generator was %s; use a machine with more cores, or less load",
			100*m.System, 100*m.Generator, late)}
	}
	return &result.Problem{Kind: result.Saturated, Text: "the load generator was the bottleneck: it was " + late + "; use a bigger machine, or less load"}
}

// lateness says how late the generator was; empty if it was not late enough to matter.
func lateness(g result.Generator) string {
	switch {
	case g.LagP99 > saturatedLag:
		return fmt.Sprintf("more than %v late for one user or arrival in a hundred", g.LagP99.Round(time.Millisecond))
	case float64(g.Paced.Missed) > mostMissed*float64(g.Paced.Due):
		return fmt.Sprintf("too late for %d of the %d tasks due", g.Paced.Missed, g.Paced.Due)
	}
	return ""
}

// othersUsed says who kept the machine busy.
func othersUsed(m result.Machine) string {
	if m.Stolen > m.Others {
		return fmt.Sprintf("its hypervisor gave %.0f %% of its CPU time to other machines", 100*m.Stolen)
	}
	return fmt.Sprintf("other programs used %.0f %% of its CPU time", 100*m.Others)
}

// mayUse is the cores, or the part of one, that the generator may use.
func mayUse(cores int, limit float64) string {
	switch {
	case limit > 0 && limit < float64(cores):
		return fmt.Sprintf("%.2g cores", limit)
	case cores == 1:
		return "core"
	}
	return fmt.Sprintf("%d cores", cores)
}

// noteSaturated adds a Problem to the run if the generator, its machine or its container was the bottleneck.
func (y *system) noteSaturated() {
	if y.engine != nil {
		if err := y.engine.Saturated(); err != nil {
			note(y.result, result.Saturated, err)
		}
		return
	}
	if p := saturated(y.result); p != nil {
		note(y.result, p.Kind, errors.New(p.Text))
	}
}
