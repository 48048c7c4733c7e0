package cost

import (
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
)

// unsure is by how much the time of waited children may be more than the kernel tells: user and system time are each
// rounded down to 10 ms.
const unsure = 20 * time.Millisecond

// ledger keeps what the processes of a tree have used.
type ledger struct {
	known map[int]*entry // by pid
	kept  time.Duration  // of ended processes that no living process has waited for
	told  time.Duration
}

// entry is what is known of a process.
type entry struct {
	proc.Member
	own    time.Duration // by its CPU clock
	waited time.Duration // of its children that have ended: at least Waited, and less than unsure above it
	seen   bool          // in the last search
	claim  time.Duration // of descendants that have ended since the last search
}

// lacks reports whether a list lacks a process of another. Both are sorted by pid.
func lacks(list, of []proc.Member) bool {
	at := 0
	for _, one := range of {
		for at < len(list) && list[at].PID < one.PID {
			at++
		}
		if at == len(list) || list[at].PID != one.PID || list[at].Start != one.Start {
			return true
		}
	}
	return false
}

// settle takes over the processes of a search, and hands on what ended ones have used.
//
// A child that has ended is in the sum of the parent that waited for it, if somebody did. The kernel's sum is rounded, so
// the entry grows by what the child was seen to use, as far as the kernel's sum allows. What nobody's sum
// has grown by is kept: a parent that ignores SIGCHLD does not wait.
func (l *ledger) settle(members []proc.Member) {
	if l.known == nil {
		l.known = map[int]*entry{}
	}
	for _, e := range l.known {
		e.seen = false
	}
	var fresh []proc.Member
	for _, one := range members {
		e := l.known[one.PID]
		if e == nil || e.Start != one.Start {
			fresh = append(fresh, one)
			continue
		}
		e.Member, e.seen = one, true
	}
	claimed := l.claims()
	grown := time.Duration(0)
	for pid, e := range l.known {
		if !e.seen {
			delete(l.known, pid)
			continue
		}
		now := min(max(e.waited+e.claim, e.Waited), e.Waited+unsure)
		grown += now - e.waited
		e.waited, e.claim = now, 0
	}
	l.kept += max(claimed-grown, 0)
	for _, one := range fresh {
		l.known[one.PID] = &entry{Member: one, waited: one.Waited, seen: true}
	}
}

// claims gives what ended processes had used to the nearest living ancestor. It returns the sum.
func (l *ledger) claims() (sum time.Duration) {
	for _, e := range l.known {
		if e.seen {
			continue
		}
		used := e.own + e.waited
		sum += used
		up := l.known[e.Parent]
		for range len(l.known) { // pids that come again could make a circle
			if up == nil || up.seen {
				break
			}
			up = l.known[up.Parent]
		}
		if up != nil && up.seen {
			up.claim += used
		}
	}
	return sum
}

// note notes the CPU clock of a process.
func (l *ledger) note(one proc.Member, used time.Duration) {
	if e := l.known[one.PID]; e != nil && e.Start == one.Start {
		e.own = max(e.own, used)
	}
}

// tell is what all have used.
func (l *ledger) tell() time.Duration {
	all := l.kept
	for _, e := range l.known {
		all += e.own + e.waited
	}
	l.told = max(l.told, all)
	return l.told
}
