package runner

import (
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/process"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/internal/cgroup"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// health measures the load generator itself. Every system has one.
type health struct {
	own    *process.Process // nil if the operating system does not tell
	cores  float64          // that this process may use
	before reading          // when the judged time of the stretch began
	used   usage            // in the stretch
	latest usage            // since the last call of whole
	all    usage            // before the last call of whole
}

func newHealth() *health {
	own, _ := process.NewProcess(int32(os.Getpid())) // nil on an error
	cores := float64(runtime.GOMAXPROCS(0))
	if limit := cgroup.Read(os.DirFS("/")).CPU; limit > 0 {
		cores = min(cores, limit)
	}
	return &health{own: own, cores: cores}
}

func (h *health) begin() { h.used = usage{} }

// edge reads the usage so far when the judged time begins.
func (h *health) edge(i int) {
	if i == 0 {
		h.before = h.read()
	}
}

func (h *health) stop() { h.used = h.since(h.before) }

func (h *health) end(report *load.Stretch) {
	if h.used.length > 0 { // something was judged
		h.used.lag, h.used.paced = report.Lag, report.Paced
		if d := report.Driver; d.Made { // it is one process, which uses no more than about one core
			h.used.own, h.used.cores, h.used.driven = d.Cores()*h.used.length.Seconds(), 1, true
		}
		h.latest.add(&h.used)
	}
}

// round fills in the generator's usage in a round of a pair. In a run it is told of all rounds together.
func (h *health) round(i int, r *result.Round) {
	if i == pairRound {
		r.Lag, r.Steal, r.CPUShare = h.latest.lag.Quantile(0.99), h.latest.steal(), h.latest.cpuShare()
	}
}

// whole fills in the generator's usage in all.
func (h *health) whole(r *result.Result) {
	h.all.add(&h.latest)
	h.latest = usage{}
	r.Generator = h.all.generator()
	if r.Part != nil {
		r.Part.Lag = h.all.lag
	}
}

// reading is the usage up to one instant. CPU times are in seconds.
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

// usage is the usage over one or several spans of time, and how late the generator was.
type usage struct {
	length               time.Duration
	cores                float64 // that this process may use: fewer than one, if its container has such a limit
	own, machine, stolen float64
	pauses, pauseMax     time.Duration // of garbage collections
	lag                  hist.Histogram
	paced                load.Paced
	driven               bool // another program made the load
}

// since subtracts an earlier reading from the present one.
func (h *health) since(before reading) usage {
	now := h.read()
	u := usage{cores: h.cores, length: now.at.Sub(before.at), own: now.own - before.own, machine: now.machine - before.machine, stolen: now.stolen - before.stolen}
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
	u.cores = max(u.cores, o.cores)
	u.length += o.length
	u.own, u.machine, u.stolen = u.own+o.own, u.machine+o.machine, u.stolen+o.stolen
	u.pauses, u.pauseMax = u.pauses+o.pauses, max(u.pauseMax, o.pauseMax)
	u.paced.Add(o.paced)
	u.driven = u.driven || o.driven
	_ = u.lag.Merge(&o.lag) // no machine counts enough tasks to overflow a histogram
}

// cpuShare is the share of its cores that this process used.
func (u *usage) cpuShare() float64 {
	if u.length < 100*time.Millisecond || u.cores == 0 { // too short for the resolution of the CPU times
		return 0
	}
	return u.own / u.length.Seconds() / u.cores
}

// wholeCores is how many cores the load generator could use. Another program that made the load could use one.
func (u *usage) wholeCores() int {
	if u.driven {
		return 1
	}
	return runtime.GOMAXPROCS(0)
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
		Cores: u.wholeCores(), CPUShare: u.cpuShare(), GCPauses: u.pauses, GCPauseMax: u.pauseMax,
		LagP50: u.lag.Quantile(0.5), LagP99: u.lag.Quantile(0.99), LagMax: u.lag.Max(),
		Paced: result.Paced(u.paced),
	}
}
