package bottleneck

import (
	"math"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// The limits of the rules, tuned on the lab.
const (
	flat            = 0.3  // elasticity below which throughput has stopped; 0.2 and less in the lab, more beside others
	leastOverflows  = 5    // connections
	lostThroughput  = 0.3  // share of the best
	queueFull       = 0.5  // share of the backlog, on average
	triedAgain      = 3    // mean response time over its median, if connections are tried again
	leastThrottled  = 0.05 // share of the periods
	cpuFull         = 0.85 // share of the capacity
	cpuContended    = 0.40 // share of the capacity, if others had the rest
	cpuTaken        = 0.95 // used and waited for, share of the capacity
	cpuMissed       = 0.85 // the same, from which threads may have waited for a core and for nothing else
	severalCores    = 1.5
	oneCore         = 1.1  // and what a runtime and its kernel do beside one thread
	threadFull      = 0.85 // share of a core
	leastPressure   = 0.10 // share of the time
	leastBlocked    = 2    // threads in D, on average
	diskFull        = 0.90 // share of the time
	retransmitted   = 0.01 // share of the segments
	linkFull        = 0.90 // share of the speed
	gpuFull         = 0.95 // share of the time
	gcShare         = 0.20 // of the CPU time
	gcPauses        = 0.10 // share of the time
	poolFull        = 0.95 // share of the places, on average: full in 90 % of readings and nearly so in the others
	cpuIdle         = 0.50 // share of the capacity below which CPU is not what keeps the system back
	machineIdle     = 0.90 // share of the CPU time of all cores, below which hardly anybody waits for one
	muchOfAnAnswer  = 0.3  // that waits for a core
	mostOfTheLoad   = 0.5  // share of the load that waits at one place
	leastMajorFault = 10   // each second
	generatorFull   = 0.9  // share of the cores that it may use
	generatorSmall  = 0.5  // of what the system used
	lagOfResponse   = 0.2  // of the response time under the heaviest load
)

// acceptQueue: connections found the queue of a listening socket full, and throughput fell, or a few requests take so long
// that the mean is far above the median: a client tries again after a second. The count is of the network namespace, which
// others may use: the queue itself must not say the contrary.
func (l *look) acceptQueue() (Finding, bool) {
	subject := result.OfSystem
	overflows := l.read(subject, result.ListenOverflows)
	if math.IsNaN(overflows) {
		subject = result.OfMachine
		overflows = l.need(subject, result.ListenOverflows)
	}
	fullest, port := l.fullestQueue()
	count := overflows * l.past.Length.Seconds()
	fell := l.last.Throughput <= (1-lostThroughput)*l.best.Throughput
	again := l.past.Median > 0 && l.past.Response >= triedAgain*l.past.Median && fullest >= queueFull
	if !(count >= leastOverflows && (fell || again)) || fullest < 0.1 {
		return Finding{}, false
	}
	f := Finding{Kind: AcceptQueue, Grade: Shown, Subject: result.OfSystem, What: port, Evidence: []Number{{Overflows, count}}}
	if math.IsNaN(fullest) && subject == result.OfMachine {
		f.Grade = Inferred // whose queue it was is not known
		l.unread = append(l.unread, result.Reading(result.OfSystem, result.AcceptQueueFull))
	}
	return f, true
}

// fullestQueue is the share of the fullest accept queue of the system, and its port.
func (l *look) fullestQueue() (share float64, port string) {
	share = math.NaN()
	for _, p := range parts(l.at, result.OfSystem, result.AcceptQueueFull) {
		if s := l.read(result.OfSystem, result.AcceptQueueFull, p); !(s <= share) {
			share, port = s, p
		}
	}
	return share, port
}

// quota: a quota of CPU time kept the subject from running. Without a quota there is nothing to read.
func (l *look) quota() (Finding, bool) {
	for _, subject := range l.watched(result.QuotaCores, result.ThrottledShare) {
		throttled := l.read(subject, result.ThrottledShare)
		if l.read(subject, result.QuotaCores) > 0 {
			throttled = l.need(subject, result.ThrottledShare)
		}
		if throttled >= leastThrottled {
			f := Finding{Kind: CPUQuota, Grade: Shown, Subject: subject,
				Evidence: l.evidence(subject, result.ThrottledShare, result.QuotaCores, result.CPUCores, result.QuotaShared)}
			if l.read(subject, result.QuotaShared) == 1 && !(l.read(subject, result.CPUCores) >= 0.5*l.read(subject, result.QuotaCores)) {
				f.Grade = Inferred // this program, or somebody else in the group, used most of it
			}
			return f, true
		}
	}
	return Finding{}, false
}

// gc: a runtime says that it collects. It uses up CPU too, so that it is asked first.
func (l *look) gc() (Finding, bool) {
	for _, subject := range l.watched(result.GCCPUShare, result.GCPauseShare) {
		share, pauses := l.read(subject, result.GCCPUShare), l.read(subject, result.GCPauseShare)
		if (share >= gcShare || pauses >= gcPauses) && l.stopped() {
			return Finding{Kind: GC, Grade: Shown, Subject: subject, Evidence: l.evidence(subject, result.GCCPUShare, result.GCPauseShare, result.CPUShare)}, true
		}
	}
	return Finding{}, false
}

// stopped tells whether throughput has stopped growing, or a rate was not kept up with.
func (l *look) stopped() bool {
	return !l.grows() || l.elasticity() < 0.8
}

// cpu: a subject uses all the cores that it may use, or all that other programs leave it.
func (l *look) cpu() (Finding, bool) {
	best, most := Finding{}, 0.0
	for _, subject := range l.watched(result.CPUShare) {
		used, wanted := l.need(subject, result.CPUShare), l.wanted(subject)
		blocked := l.read(subject, result.BlockedThreads) > l.read(subject, result.RunDelayCores) // more of them wait for a disk
		if used >= cpuFull || used >= cpuContended && wanted >= cpuTaken && !blocked && !l.ambiguous(subject) {
			if used > most {
				best, most = Finding{Kind: CPU, Grade: Shown, Subject: subject, Evidence: l.shares(subject)}, used
			}
		}
	}
	return best, most > 0
}

// ambiguous tells whether a subject used one core at most of several, while others had the rest and its threads wanted it.
// Threads that take turns at one lock, and threads that would fill all cores, look alike then.
func (l *look) ambiguous(subject string) bool {
	return l.read(subject, result.CPUCapacity) >= severalCores && l.read(subject, result.CPUCores) <= oneCore &&
		l.wanted(subject) >= cpuMissed && !(l.read(result.OfMachine, result.CPUShare) < machineIdle) && !l.parallel(subject)
}

// parallel tells whether a single user made the subject use and want several cores, and no single thread of it. One user's
// requests never wait for each other's lock.
func (l *look) parallel(subject string) bool {
	of := func(figure string) float64 { return l.first.Readings[result.Reading(subject, figure)] }
	used := of(result.CPUCores)
	return !l.first.Open && l.first.Load <= 1 && used+of(result.RunDelayCores) >= severalCores && of(result.BusiestThread) < 0.8*used
}

// wanted is the share of its capacity that a subject used, and in which its threads waited for a core.
func (l *look) wanted(subject string) float64 {
	return l.read(subject, result.CPUShare) + l.need(subject, result.RunDelayCores)/l.read(subject, result.CPUCapacity)
}

// shares are the evidence of CPU: who used what.
func (l *look) shares(subject string) []Number {
	numbers := l.evidence(subject, result.CPUShare, result.CPUCores, result.CPUCapacity, result.RunDelayCores)
	numbers = append(numbers, l.evidence(result.OfGenerator, result.CPUCores)...)
	for _, other := range l.watched(result.CPUCores) {
		if other != subject {
			numbers = append(numbers, l.evidence(other, result.CPUCores)...)
		}
	}
	if others := l.read(result.OfMachine, result.CPUCores) - l.read(subject, result.CPUCores); others >= 0 {
		numbers = append(numbers, Number{OtherCores, others})
	}
	return append(numbers, l.evidence(result.OfMachine, result.StolenShare)...)
}

// oneThread: one thread is busy all the time, or has all the time that others left it, and there are more cores.
func (l *look) oneThread() (Finding, bool) {
	for _, subject := range l.watched(result.BusiestThread) {
		busiest, cores := l.need(subject, result.BusiestThread), l.read(subject, result.CPUCores)
		contended := busiest >= cpuContended && busiest+l.read(subject, result.RunDelayCores) >= cpuTaken && busiest >= 0.8*cores
		if !(l.need(subject, result.CPUCapacity) > 1) || !(busiest >= threadFull || contended) || !l.stopped() {
			continue
		}
		return Finding{Kind: OneThread, Grade: Shown, Subject: subject, What: l.facts[result.Reading(subject, result.BusiestThread)],
			Evidence: append(l.evidence(subject, result.BusiestThread), l.shares(subject)...)}, true
	}
	return Finding{}, false
}

func (l *look) memory() (Finding, bool) {
	for _, subject := range l.watched(result.MemoryAtLimit, result.OOMKills, result.PressureMemory) {
		atLimit := l.read(subject, result.MemoryAtLimit) > 0 && l.read(subject, result.PressureMemory) >= 0.01
		killed := l.read(subject, result.OOMKills) > 0
		pressed := l.read(subject, result.PressureMemory) >= leastPressure
		paging := l.read(subject, result.MajorFaults) >= leastMajorFault && l.read(subject, result.BlockedThreads) >= 1 && l.read(result.OfMachine, result.SwapIn) > 0
		if atLimit || killed || pressed || paging {
			return Finding{Kind: Memory, Grade: Shown, Subject: subject, Evidence: l.evidence(subject,
				result.MemoryAtLimit, result.OOMKills, result.PressureMemory, result.MajorFaults, result.BlockedThreads, result.MemoryBytes, result.MemoryLimit)}, true
		}
	}
	if l.read(result.OfMachine, result.PressureMemory) >= leastPressure && l.read(result.OfSystem, result.MajorFaults) >= leastMajorFault {
		return Finding{Kind: Memory, Grade: Shown, Subject: result.OfMachine, Evidence: l.evidence(result.OfMachine, result.PressureMemory, result.MemoryUsed, result.MemoryTotal)}, true
	}
	return Finding{}, false
}

// disk: threads of the subject wait for a disk, and tasks stall, or the disk is busy all the time.
func (l *look) disk() (Finding, bool) {
	for _, subject := range l.watched(result.BlockedThreads) {
		blocked := l.need(subject, result.BlockedThreads)
		pressure := l.read(subject, result.PressureIO)
		if math.IsNaN(pressure) {
			pressure = l.read(result.OfMachine, result.PressureIO)
		}
		busy, device := l.busiestDisk()
		f := Finding{Kind: Disk, Grade: Shown, Subject: subject, What: device,
			Evidence: l.evidence(subject, result.BlockedThreads, result.PressureIO, result.WrittenBytes, result.ReadBytes)}
		f.Evidence = append(f.Evidence, l.evidence(result.OfMachine, result.PressureIO)...)
		if busy >= 0 {
			f.Evidence = append(f.Evidence, Number{result.Reading(result.OfMachine, result.DiskBusy), busy})
		}
		unknown := math.IsNaN(pressure) && math.IsNaN(busy)
		switch {
		case blocked >= leastBlocked && (pressure >= leastPressure || busy >= diskFull):
			return f, true
		case blocked >= leastBlocked && unknown:
			f.Grade = Inferred
			l.unread = append(l.unread, result.Reading(result.OfMachine, result.PressureIO), result.Reading(result.OfMachine, result.DiskBusy))
			return f, true
		case math.IsNaN(blocked) && busy >= diskFull && subject == result.OfSystem:
			f.Grade = Inferred // whose threads wait is not known
			return f, true
		}
	}
	return Finding{}, false
}

// busiestDisk is the share of the time in which a disk of the machine was busy, and its name.
func (l *look) busiestDisk() (share float64, device string) {
	share = l.read(result.OfMachine, result.DiskBusy)
	for _, d := range parts(l.at, result.OfMachine, result.DiskBusy) {
		if s := l.read(result.OfMachine, result.DiskBusy, d); !(s < share) {
			share, device = s, d
		}
	}
	return share, device
}

func (l *look) network() (Finding, bool) {
	lost, link := l.need(result.OfMachine, result.RetransmittedShare), l.read(result.OfMachine, result.NetLinkShare)
	if queue, _ := l.fullestQueue(); queue >= queueFull {
		lost = 0 // what finds the queue full is sent again
	}
	if !(lost >= retransmitted || link >= linkFull) || !l.stopped() {
		return Finding{}, false
	}
	return Finding{Kind: Network, Grade: Shown, Subject: result.OfMachine,
		Evidence: l.evidence(result.OfMachine, result.RetransmittedShare, result.NetLinkShare, result.NetIn, result.NetOut)}, true
}

// gpu: a GPU is never idle. That it has no more to give follows only with throughput that has stopped. A GPU that is
// split by MIG does not tell.
func (l *look) gpu() (Finding, bool) {
	for name := range l.facts { // a card that is there and tells nothing
		if subject, ok := strings.CutSuffix(name, ".name"); ok && strings.HasPrefix(subject, result.OfGPU+".") {
			l.need(subject, result.GPUBusy)
		}
	}
	best, most := Finding{}, 0.0
	for _, subject := range subjects(l.at, result.GPUBusy) {
		busy := l.read(subject, result.GPUBusy)
		if busy >= gpuFull && busy > most && (!l.grows() || l.elasticity() < flat) {
			best, most = Finding{Kind: GPU, Grade: Shown, Subject: subject, What: l.facts[subject+".name"], Evidence: l.evidence(subject, result.GPUBusy)}, busy
		}
	}
	return best, most > 0
}
