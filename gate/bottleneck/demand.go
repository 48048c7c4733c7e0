package bottleneck

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Ceilings are what the resources that were read allow at most, lowest first. A resource that is used by the share U at
// the throughput X is used for D = U·capacity/X by each request, and allows capacity/D: the utilisation law. They are
// those of the step with the highest throughput.
func Ceilings(steps []Step) []Ceiling {
	if !answered(steps) {
		return nil
	}
	c := newCurve(steps)
	l := &look{curve: c, at: c.best.Readings}
	return l.ceilings()
}

func (l *look) ceilings() (all []Ceiling) {
	add := func(kind Kind, subject, what string, used, capacity float64) {
		if used > 0 && capacity > 0 && l.best.Throughput > 0 {
			demand := used * capacity / l.best.Throughput
			all = append(all, Ceiling{kind, subject, what, demand, capacity / demand, used})
		}
	}
	for _, subject := range l.watched(result.CPUShare) {
		add(CPU, subject, "", l.read(subject, result.CPUShare), l.read(subject, result.CPUCapacity))
		if math.IsNaN(l.read(subject, result.CPUCapacity)) { // of a host that tells the share only
			add(CPU, subject, "", l.read(subject, result.CPUShare), 1)
		}
	}
	for _, subject := range l.watched(result.BusiestThread) {
		if l.read(subject, result.CPUCapacity) > 1 {
			add(OneThread, subject, "", l.read(subject, result.BusiestThread), 1)
		}
	}
	busy, device := l.busiestDisk()
	add(Disk, result.OfMachine, device, busy, 1)
	add(Network, result.OfMachine, "", l.read(result.OfMachine, result.NetLinkShare), 1)
	for _, subject := range subjects(l.at, result.GPUBusy) {
		add(GPU, subject, "", l.read(subject, result.GPUBusy), 1)
	}
	slices.SortStableFunc(all, func(a, b Ceiling) int { return cmp.Compare(a.Throughput, b.Throughput) })
	return all
}

// next is the resource that stops throughput after the one that was found.
func (l *look) next(f Finding) *Ceiling {
	for _, c := range (&look{curve: l.curve, at: l.best.Readings}).ceilings() {
		own := c.Kind == f.Kind && (c.Subject == f.Subject || c.Kind == Disk)
		if ofCPU := f.Kind == CPUQuota || f.Kind == GC || f.Kind == OneThread || f.Kind == CPU; ofCPU && c.Subject == f.Subject && (c.Kind == CPU || c.Kind == OneThread) {
			own = true // the same cores by other names
		}
		if !own && c.Throughput >= l.best.Throughput {
			return &c
		}
	}
	return nil
}

// nearest is all that can be said of a load that stays the same.
func (l *look) nearest() Finding {
	f := Finding{Kind: Nearest, Grade: Shown}
	if math.IsNaN(l.need(result.OfSystem, result.CPUShare)) {
		f.Grade = Inferred // of those that were read
	}
	all := l.ceilings()
	if len(all) == 0 {
		return l.complete(Finding{Kind: Unknown, Grade: CouldNotTell})
	}
	f.Resource, f.Subject, f.What = all[0].Kind, all[0].Subject, all[0].What
	f.Evidence = []Number{{UsedShare, all[0].Used}, {DemandSeconds, all[0].Demand}}
	f = l.complete(f)
	f.Next = nil
	if len(all) > 1 {
		f.Next = &all[1]
	}
	return f
}
