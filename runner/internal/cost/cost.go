// Package cost counts what the processes of a system use: CPU time, and cycles and instructions where the machine
// counts them.
//
// A Meter follows a process and all that it starts. Read returns what the whole tree has used so far, ended processes
// included; the caller takes the difference of two readings. It never falls. On Linux the CPU time of a living process
// comes from its CPU clock, in nanoseconds, threads included that have ended (clock_getres(2)). The kernel tells the
// time of children that a process has waited for in two sums, each rounded down to 10 ms; for children that an earlier
// reading saw, the Meter knows more, and keeps it. So a reading is less than 20 ms short for each process that waits
// for children, and these errors do not add up. What a child used after the last reading is lost if nobody waits for it.
// On other systems gopsutil tells the CPU time of the living, and that of ended processes is as it was last read.
//
// Counters count cycles and instructions in user mode with perf_event_open(2). They must be opened before the tree's
// first process begins.
//
// A Meter and Counters are not safe for concurrent use.
package cost

import (
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
)

// Meter reads the CPU time of a tree of processes.
type Meter struct {
	reader  *proc.Reader
	tree    *proc.Tree
	guard   int // this process does not count; 0 for none
	clock   func(proc.Member) (time.Duration, bool)
	members []proc.Member
	again   []proc.Member
	ledger  ledger
}

// Follow follows a process and all that it starts.
func Follow(pid int) (*Meter, error) { return follow(pid, 0) }

// FollowUnder follows all that a process starts. The process itself does not count.
func FollowUnder(pid int) (*Meter, error) { return follow(pid, pid) }

func follow(pid, guard int) (*Meter, error) {
	m := &Meter{reader: proc.NewReader("/"), guard: guard, clock: clock}
	var err error
	if m.tree, err = m.reader.Tree(pid); err != nil {
		m.reader.Close()
		return nil, err
	}
	return m, nil
}

// Close closes the files of the Meter.
func (m *Meter) Close() {
	m.tree.Close()
	m.reader.Close()
}

// Read searches for new processes and returns the CPU time of the tree so far.
func (m *Meter) Read() time.Duration {
	m.find()
	m.ledger.settle(m.members)
	return m.sum()
}

// find lists the members of the tree. It looks again while processes end: a parent that was read before it waited for a
// child lacks the child's time.
func (m *Meter) find() {
	m.members = m.tree.Members(m.members[:0])
	for range 5 {
		m.again = m.tree.Members(m.again[:0])
		m.members, m.again = m.again, m.members
		if !lacks(m.members, m.again) {
			return
		}
	}
}

// Recent returns the CPU time of the tree so far, without a search for new processes and for what ended ones have left.
func (m *Meter) Recent() time.Duration { return m.sum() }

func (m *Meter) sum() time.Duration {
	for i := range m.members {
		one := &m.members[i]
		if one.PID == m.guard {
			continue
		}
		if used, ok := m.clock(*one); ok {
			m.ledger.note(*one, used)
		}
	}
	return m.ledger.tell()
}
