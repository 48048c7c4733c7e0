package proc

// counters are the counted figures of a process, or of a tree.
type counters [figures]uint64

const (
	user    = iota // ticks of CPU time
	system         // ticks
	minor          // faults
	major          // faults
	read           // bytes
	written        // bytes
	figures
)

// account follows the counters of one process.
//
// When a process has ended and its parent has waited for it, the kernel adds its counters to the parent's own: CPU time and
// faults to cutime and its like, bytes to the parent's /proc/PID/io. So the sum over the living keeps them. But
// when the parent ignores SIGCHLD, or when somebody outside the tree waits, they are lost, and the ledger keeps them.
type account struct {
	all    counters // own, and those of children that were waited for
	grown  counters // what it was given of children's CPU time and faults since the sample before
	claims counters // what children had used that have ended since then
	spare  counters // grown in the sample before, and claimed by no child: it was read alive just before
	owed   counters // claimed in the sample before, and not grown: this process was read just before it waited
}

// settle compares what children had used that have ended with what the process was given, and returns what is to be
// added to the ledger. What is to be taken off again, since the process has it now, is returned too.
//
// Every process has minor faults, and only children add to the count of waited ones. So they tell whether the process has
// waited for the child, and then it has the bytes too, among its own.
func (a *account) settle() (keep, drop counters) {
	claims, owed := a.claims, a.owed
	a.claims = counters{}
	for i := range read {
		grown := a.grown[i]
		drop[i] = min(owed[i], grown)
		grown -= drop[i]
		early := min(claims[i], a.spare[i])
		late := min(claims[i]-early, grown)
		keep[i] = claims[i] - early - late
		a.spare[i] = grown - late
	}
	for i := read; i < figures; i++ {
		if keep[minor] > claims[minor]/2 {
			keep[i] = claims[i]
		}
		if drop[minor] > owed[minor]/2 {
			drop[i] = owed[i]
		}
	}
	a.owed = keep
	return keep, drop
}

// ledger adds the counters of a tree, so that they never fall.
type ledger struct {
	kept counters // of processes that have ended, in nobody else's counters
	told counters // the largest sums so far
}

func (l *ledger) add(c counters) {
	for i := range c {
		l.kept[i] += c[i]
	}
}

func (l *ledger) take(c counters) {
	for i := range c {
		l.kept[i] -= min(l.kept[i], c[i])
	}
}

// tell returns the counters of the tree. A child that is read just before it ends may be counted twice until the next
// sample: then the sum waits, and does not fall.
func (l *ledger) tell(living counters) counters {
	for i := range living {
		l.told[i] = max(l.told[i], living[i]+l.kept[i])
	}
	return l.told
}
