package monitor

import (
	"github.com/plimsoll-ci/plimsoll/runner/internal/cgroup"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// readGroup adds what the cgroup of the processes used. What it shares with this program says nothing about the subject,
// except that both are held back together.
func (p *processes) readGroup(length, cores float64, r *Reading) {
	u, before := p.group.Usage(), p.used
	since := length
	if !p.usedOK {
		since = 0
	}
	p.used, p.usedOK = u, true
	for _, a := range u.Absent {
		r.miss(p.subject+" "+a.Source, a.Why)
	}
	name := func(figure string) string { return result.Reading(p.subject, figure) }
	if p.group.SharesCPU() {
		r.fact(name("cgroup"), "shared with the load generator")
	}
	if u.CPU.Known {
		p.readQuota(u, before, since, cores, r)
	} else if p.tree != nil && cores > 0 {
		p.tellCapacityOf(cores, since, r)
	}
	p.readMemory(u, before, since, r)
	if p.tree == nil || !p.before.IO.Known {
		if u.IO.Known && before.IO.Known && !p.group.SharesCPU() {
			r.counted(name(result.ReadBytes), float64(u.IO.ReadBytes)-float64(before.IO.ReadBytes), since)
			r.counted(name(result.WrittenBytes), float64(u.IO.WrittenBytes)-float64(before.IO.WrittenBytes), since)
		}
	}
	if p.group.SharesCPU() {
		return
	}
	if p.tree == nil && u.PIDs.Known {
		r.gauge(name(result.Threads), float64(u.PIDs.Current))
	}
	for _, w := range []struct {
		figure      string
		now, before cgroup.Pressure
	}{
		{result.PressureCPU, u.CPUPressure, before.CPUPressure}, {result.PressureIO, u.IOPressure, before.IOPressure},
		{result.PressureMemory, u.MemoryPressure, before.MemoryPressure},
	} {
		if w.now.Known && w.before.Known {
			r.counted(name(w.figure), min((w.now.Some-w.before.Some).Seconds(), since), since)
		}
	}
}

// readQuota adds the quota of CPU time, how often it throttled the cgroup, and the share of the capacity.
func (p *processes) readQuota(u, before cgroup.Usage, since, cores float64, r *Reading) {
	name := func(figure string) string { return result.Reading(p.subject, figure) }
	if u.CPU.Quota > 0 {
		r.gauge(name(result.QuotaCores), u.CPU.Quota)
		shared := 0.0
		if u.CPU.QuotaShared {
			shared = 1
		}
		r.gauge(name(result.QuotaShared), shared)
		if cores == 0 || u.CPU.Quota < cores {
			cores = u.CPU.Quota
		}
	}
	if u.CPU.Quota > 0 && before.CPU.Known && since > 0 {
		r.counted(name(result.ThrottledShare), float64(u.CPU.Throttled)-float64(before.CPU.Throttled), float64(u.CPU.Periods)-float64(before.CPU.Periods))
	}
	switch {
	case p.tree != nil && cores > 0:
		p.tellCapacityOf(cores, since, r)
	case p.tree == nil && u.CPU.UsedKnown && before.CPU.UsedKnown:
		used := (u.CPU.Used - before.CPU.Used).Seconds()
		r.counted(name(result.CPUCores), used, since)
		if cores > 0 {
			p.tellCapacity(cores, used, since, r)
		}
	}
}

// tellCapacityOf adds the share of some cores that the tree used, by the figure that it has already told.
func (p *processes) tellCapacityOf(cores, since float64, r *Reading) {
	name := result.Reading(p.subject, result.CPUCores)
	for _, f := range r.figures {
		if f.name == name {
			p.tellCapacity(cores, f.amount, f.of, r)
			return
		}
	}
	if since == 0 {
		r.gauge(result.Reading(p.subject, result.CPUCapacity), cores)
	}
}

// readMemory adds the limit of memory, and how much of it the cgroup uses.
func (p *processes) readMemory(u, before cgroup.Usage, since float64, r *Reading) {
	if !u.Memory.Known {
		return
	}
	name := func(figure string) string { return result.Reading(p.subject, figure) }
	if u.Memory.Limit > 0 {
		r.gauge(name(result.MemoryLimit), float64(u.Memory.Limit))
	}
	if p.group.SharesMemory() { // another program's process may have been killed
		return
	}
	r.gauge(name(result.MemoryBytes), float64(u.Memory.Used))
	if before.Memory.Known {
		r.counted(name(result.OOMKills), float64(u.Memory.OOMKills)-float64(before.Memory.OOMKills), since)
		r.counted(name(result.MemoryAtLimit), float64(u.Memory.AtLimit)-float64(before.Memory.AtLimit), since)
	}
}
