package runner

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/process"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Past these values the generator is the bottleneck, and the figures describe it and not the system:
// no core is left to send with, or it gets to its users and arrivals so late that this alone would
// look like a slow system.
const (
	saturatedCPU = 0.9 // share of the cores that this process may use
	saturatedLag = 10 * time.Millisecond
	mostMissed   = 0.05 // share of the tasks that a rate asked for
)

// health measures how the generator itself does. Every system has one.
type health struct {
	own    *process.Process // nil if the operating system does not tell
	latest usage            // since the last call of whole
	all    usage            // before that
}

func newHealth() *health {
	own, _ := process.NewProcess(int32(os.Getpid())) // nil on an error
	return &health{own: own}
}

// start reads what was used so far.
func (h *health) start() (end func(*load.Stretch)) {
	before := h.read()
	return func(report *load.Stretch) {
		used := h.since(before)
		used.lag, used.paced = report.Lag, report.Paced
		h.latest.add(&used)
	}
}

// round fills in how the generator did in the round.
func (h *health) round(r *result.Round) {
	r.Lag, r.Steal, r.CPUShare = h.latest.lag.Quantile(0.99), h.latest.steal(), h.latest.cpuShare()
}

// whole fills in how the generator did in all.
func (h *health) whole(r *result.Result) {
	h.all.add(&h.latest)
	h.latest = usage{}
	r.Generator = h.all.generator()
}

// reading is what was used up to one instant. CPU times are in seconds.
type reading struct {
	at              time.Time
	own             float64 // CPU time of this process
	machine, stolen float64 // CPU time of the machine, idle or not, and the part that the hypervisor took
	collections     int64   // garbage collections
}

func (h *health) read() reading {
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	r := reading{at: time.Now(), collections: stats.NumGC}
	if h.own != nil {
		if times, err := h.own.Times(); err == nil {
			r.own = times.User + times.System
		}
	}
	if all, err := cpu.Times(false); err == nil && len(all) > 0 {
		t := all[0]
		r.machine, r.stolen = t.User+t.Nice+t.System+t.Idle+t.Iowait+t.Irq+t.Softirq+t.Steal, t.Steal
	}
	return r
}

// usage is what was used over one or several spans of time, and how late the generator was.
type usage struct {
	length               time.Duration
	own, machine, stolen float64
	pauses, pauseMax     time.Duration // of garbage collections
	lag                  hist.Histogram
	paced                load.Paced
}

// since subtracts an earlier reading from the present one.
func (h *health) since(before reading) usage {
	now := h.read()
	u := usage{length: now.at.Sub(before.at), own: now.own - before.own, machine: now.machine - before.machine, stolen: now.stolen - before.stolen}
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	for i, pause := range stats.Pause { // the latest first
		if int64(i) >= stats.NumGC-before.collections {
			break
		}
		u.pauseMax = max(u.pauseMax, pause)
		u.pauses += pause
	}
	return u
}

// add adds another span of time.
func (u *usage) add(o *usage) {
	u.length += o.length
	u.own, u.machine, u.stolen = u.own+o.own, u.machine+o.machine, u.stolen+o.stolen
	u.pauses, u.pauseMax = u.pauses+o.pauses, max(u.pauseMax, o.pauseMax)
	u.paced.Add(o.paced)
	_ = u.lag.Merge(&o.lag) // no machine counts enough tasks to overflow a histogram
}

// cpuShare is the share of its cores that this process used.
func (u *usage) cpuShare() float64 {
	if u.length < 100*time.Millisecond { // too short for the resolution of the CPU times
		return 0
	}
	return u.own / u.length.Seconds() / float64(runtime.GOMAXPROCS(0))
}

// steal is the share of the machine's CPU time that the hypervisor took.
func (u *usage) steal() float64 {
	if u.machine <= 0 {
		return 0
	}
	return min(max(u.stolen/u.machine, 0), 1)
}

func (u *usage) generator() result.Generator {
	return result.Generator{
		Cores: runtime.GOMAXPROCS(0), CPUShare: u.cpuShare(), GCPauses: u.pauses, GCPauseMax: u.pauseMax,
		LagP50: u.lag.Quantile(0.5), LagP99: u.lag.Quantile(0.99), LagMax: u.lag.Max(),
		Paced: result.Paced(u.paced),
	}
}

// saturated explains why the generator was the bottleneck; empty if it was not.
func saturated(g result.Generator) string {
	switch {
	case g.CPUShare >= saturatedCPU:
		return fmt.Sprintf("the load generator was the bottleneck: it used %.0f %% of the %s that it may use; give it more, or ask for less load (waits, fewer users, a lower rate)",
			100*g.CPUShare, cores(g.Cores))
	case g.LagP99 > saturatedLag:
		return fmt.Sprintf("the load generator was the bottleneck: it was more than %v late for one user or arrival in a hundred; use a bigger machine, or less load",
			g.LagP99.Round(time.Millisecond))
	case float64(g.Paced.Missed) > mostMissed*float64(g.Paced.Due):
		return fmt.Sprintf("the load generator was the bottleneck: it was too late for %d of the %d tasks that the rate asked for; use a bigger machine, or less load",
			g.Paced.Missed, g.Paced.Due)
	}
	return ""
}

func cores(n int) string {
	if n == 1 {
		return "core"
	}
	return fmt.Sprintf("%d cores", n)
}
