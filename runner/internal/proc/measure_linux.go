package proc

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"time"
)

// unread counts the processes whose files could not be read.
type unread struct{ io, files, threads fault }

// fault is why files of so many processes could not be read.
type fault struct {
	processes int
	err       error // the last one
}

func (f *fault) add(err error) { f.processes, f.err = f.processes+1, err }

// measure fills in the sample with what the known processes have.
func (t *Tree) measure() {
	s, r := &t.sample, t.reader
	var living counters
	var not unread
	anew := t.searched.Equal(s.At)
	for _, p := range t.known {
		for i := range living {
			living[i] += p.all[i]
		}
		if p.sealed != nil {
			not.io.add(p.sealed)
		}
		if p.zombie || p.pid == t.except {
			t.close(p)
			continue
		}
		if anew || p.since == t.samples-1 {
			r.describe(p)
		}
		s.Processes++
		s.Threads += p.stat.threads
		r.resident(p)
		s.RSSBytes += p.rss
		t.countFiles(p, &not)
		if err := t.updateThreads(p); err != nil && r.alive(p) {
			not.threads.add(err)
		}
	}
	s.Alive = s.Processes > 0
	if anew {
		t.countCPUs()
	}
	s.CPUs = t.cpus
	t.tell(living, not)
}

// tell fills in the counters, and names what is not known.
func (t *Tree) tell(living counters, not unread) {
	s := &t.sample
	all := t.ledger.tell(living)
	s.User, s.System = time.Duration(all[user])*tick, time.Duration(all[system])*tick
	s.MinorFaults, s.MajorFaults, s.FaultsKnown = all[minor], all[major], true
	s.IO = IO{Known: not.io.processes == 0, ReadBytes: all[read], WrittenBytes: all[written]}
	s.Files.Known = not.files.processes == 0
	t.missing("io", not.io)
	t.missing("fd", not.files)
	t.missing("schedstat", not.threads)
	s.Scheduling.RunDelay = t.runDelay
	if not.threads.processes > 0 || t.untold() {
		s.Scheduling.Known = false
	}
	if busiest := &s.Scheduling.Busiest; busiest.TID != 0 {
		busiest.Name = t.nameOf(busiest.PID, busiest.TID)
	}
}

// missing names a source that some processes do not tell.
func (t *Tree) missing(source string, f fault) {
	switch {
	case f.processes == 0:
	case denied(f.err):
		t.absent = append(t.absent, Absent{source, fmt.Sprintf("this user may not read it for %d of %d processes", f.processes, len(t.known))})
	case gone(f.err):
		t.absent = append(t.absent, Absent{source, "this kernel does not have it"})
	default:
		t.absent = append(t.absent, Absent{source, fmt.Sprintf("%v, for %d of %d processes", f.err, f.processes, len(t.known))})
	}
}

// untold tells whether this kernel counts no run delay. There is no schedstat then, or it holds zeros.
func (t *Tree) untold() bool {
	var threads int
	for _, p := range t.known {
		for _, h := range p.threads {
			if h.cpu|h.slices != 0 {
				return false
			}
			threads++
		}
	}
	if threads > 0 && t.sample.CPU() == 0 || threads == 0 && !slices.ContainsFunc(t.known, t.reader.alive) {
		return false
	}
	t.absent = append(t.absent, Absent{"schedstat", "this kernel does not count it"})
	return true
}

// nameOf is the name of a thread, as the tree keeps it while it does not change.
func (t *Tree) nameOf(pid, tid int) string {
	t.reader.task(pid, tid, "/comm")
	text, err := t.reader.read()
	if err != nil {
		return ""
	}
	text = bytes.TrimSuffix(text, []byte{'\n'})
	if string(text) != t.busiest { // this comparison does not allocate
		t.busiest = string(text)
	}
	return t.busiest
}

// countFiles adds the open files of a process.
func (t *Tree) countFiles(p *process, not *unread) {
	open, err := t.reader.openFiles(p)
	if err != nil {
		if t.reader.alive(p) {
			not.files.add(err)
		}
		return
	}
	t.sample.Files.Open += open
	if p.files > 0 {
		t.sample.Files.Share = max(t.sample.Files.Share, min(1, float64(open)/float64(p.files)))
	}
}

// alive tells whether a process is still there and no zombie, after one of its files could not be read.
func (r *Reader) alive(p *process) bool {
	text, err := r.file(p.pid, "/stat")
	if err != nil {
		return !gone(err)
	}
	s, ok := parseStat(text)
	return ok && s.start == p.start && s.state != 'Z' && s.state != 'X'
}

// countCPUs counts the cores that the processes may use which have used CPU time since the last search, or all of them:
// a guard or a shell that only waits may often use more cores than the program.
func (t *Tree) countCPUs() {
	var busy, all cpuSet
	for _, p := range t.known {
		now := p.own.user + p.own.system
		for i, cores := range p.cpus {
			all[i] |= cores
			if now > p.worked {
				busy[i] |= cores
			}
		}
		p.worked = now
	}
	if busy != (cpuSet{}) {
		all = busy
	}
	t.cpus = 0
	for _, cores := range all {
		t.cpus += bits.OnesCount64(cores)
	}
}
