package bottleneck

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// pool: an exporter says that all places of a pool are taken.
func (l *look) pool() (Finding, bool) {
	for _, name := range slices.Sorted(maps.Keys(l.at)) {
		inUse := l.at[name]
		subject, pool, ok := cut(name, result.PoolInUse)
		if !ok {
			continue
		}
		of := []string{pool}
		if pool == "" {
			of = nil
		}
		most := l.need(subject, result.PoolMax, of...)
		pending := l.read(subject, result.PoolPending, of...)
		waits := l.read(subject, result.PoolWait, of...)
		if !(most > 0 && inUse >= poolFull*most) || !l.stopped() || pending < 0.5 || waits < 0.5 {
			continue // a pool that is full and that nobody waits for is the right size
		}
		f := Finding{Kind: Pool, Grade: Shown, Subject: subject, What: pool, Evidence: []Number{{name, inUse}, {result.Reading(subject, result.PoolMax, of...), most}}}
		for _, figure := range []string{result.PoolPending, result.PoolWait} {
			if x := l.read(subject, figure, of...); !math.IsNaN(x) {
				f.Evidence = append(f.Evidence, Number{result.Reading(subject, figure, of...), x})
			}
		}
		return f, true
	}
	return Finding{}, false
}

// cut takes the name of a reading apart that has a figure, with or without a further part.
func cut(name, figure string) (subject, of string, ok bool) {
	if subject, ok = strings.CutSuffix(name, "."+figure); ok {
		return subject, "", true
	}
	return strings.Cut(name, "."+figure+".")
}

// place: most of the load waits at one place of the code, by a snapshot of goroutines.
func (l *look) place() (Finding, bool) {
	best, most := Finding{}, 0.0
	for _, name := range slices.Sorted(maps.Keys(l.at)) {
		n := l.at[name]
		subject, at, ok := cut(name, result.Waiting)
		if !ok || n <= most || !l.stopped() || l.last.Open || n < mostOfTheLoad*l.last.Load {
			continue
		}
		kind := Pool
		if what := l.facts[name]; strings.Contains(what, "Mutex") {
			kind = Lock
		}
		best, most = Finding{Kind: kind, Grade: Shown, Subject: subject, What: at, Evidence: []Number{{WaitingAtOnce, n}, {AtATime, l.atATime()}}}, n
	}
	return best, most > 0
}

// oneAtATime: one core's worth of work is done, by several threads in turn, though there are more cores: a lock that is
// held while it works, or an interpreter that lets one thread run at a time.
func (l *look) oneAtATime() (Finding, bool) {
	used := l.read(result.OfSystem, result.CPUCores)
	wanted := used + l.read(result.OfSystem, result.RunDelayCores)
	if !(l.read(result.OfSystem, result.CPUCapacity) >= severalCores) || !(used <= oneCore) || !l.grows() || l.elasticity() >= flat {
		return Finding{}, false
	}
	if !(used >= threadFull || used >= cpuContended && wanted >= cpuTaken) || l.atATime() >= 1.6 || l.ambiguous(result.OfSystem) || l.parallel(result.OfSystem) {
		return Finding{}, false
	}
	return Finding{Kind: OneThread, Grade: Inferred, Subject: result.OfSystem,
		Evidence: append([]Number{{OneCore, used}, {AtATime, l.atATime()}}, l.shares(result.OfSystem)...)}, true
}

// waiting: throughput has stopped, the cores are idle, and no other rule holds. How many requests are inside at a time says
// how large the pool is: about one is a lock.
func (l *look) waiting() (Finding, bool) {
	used := l.read(result.OfSystem, result.CPUShare)
	if !l.grows() || l.elasticity() >= flat || !(used < cpuIdle) {
		return Finding{}, false
	}
	f := Finding{Kind: Waiting, Grade: Inferred, Subject: result.OfSystem, Evidence: append([]Number{{AtATime, l.atATime()}}, l.shares(result.OfSystem)...)}
	for _, address := range parts(l.at, result.OfSystem, result.Connections) {
		n := l.read(result.OfSystem, result.Connections, address)
		f.Evidence = append(f.Evidence, Number{result.Reading(result.OfSystem, result.Connections, address), n})
		if fits(n, l.atATime()) && (f.What == "" || n > l.read(result.OfSystem, result.Connections, f.What)) {
			f.What = address
		}
	}
	for _, subject := range l.watched(result.RunningQueries) { // of a database, whose exporter's own is one of them
		if n := l.read(subject, result.RunningQueries); fits(n, l.atATime()) {
			f.Evidence = append(f.Evidence, Number{result.Reading(subject, result.RunningQueries), n})
		}
	}
	if l.cannotExclude(used) {
		f.Kind, f.Grade, f.What = Unknown, CouldNotTell, ""
	}
	return f, true
}

// cannotExclude tells whether something that was not read, or others on the machine, may as well be the reason.
func (l *look) cannotExclude(used float64) bool {
	if queue, _ := l.fullestQueue(); queue >= queueFull && math.IsNaN(l.read(result.OfSystem, result.ListenOverflows)) && math.IsNaN(l.read(result.OfMachine, result.ListenOverflows)) {
		return true // connections may be lost
	}
	busy, _ := l.busiestDisk()
	disk := math.IsNaN(l.need(result.OfSystem, result.BlockedThreads)) && math.IsNaN(busy)
	// Threads that are hardly ever given a core wait for that, whatever else they wait for. A short wait before
	// each of many short turns is no such thing, so that what is waited for has to be much of an answer.
	delay := l.read(result.OfSystem, result.RunDelayCores)
	if math.IsNaN(delay) && !(l.read(result.OfMachine, result.CPUShare) < machineIdle) {
		return true // they may wait for a core
	}
	inside := min(l.past.Throughput*l.alone, l.last.Load)
	starved := used+delay/l.read(result.OfSystem, result.CPUCapacity) >= cpuMissed && delay >= muchOfAnAnswer*inside
	return disk || starved
}

// fits tells whether so many connections may be the places that are taken: between as many, and half as many again, since
// response times alone hold a little more than the wait.
func fits(connections, atATime float64) bool {
	return connections >= 2 && connections >= 0.6*atATime && connections <= 1.6*atATime
}
