package proc

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

const (
	searchEvery = 5 * time.Second
	// tick is the unit of CPU time in /proc: USER_HZ is 100 on every system that Go knows.
	tick = 10 * time.Millisecond
)

// Tree follows a process, its descendants, and what once was a descendant: a daemon that another process has taken over
// is still known, by its pid and its start.
//
// A process that loses its parent before a search has seen it is found too if a process of the tree led its process group
// or its session. Nothing else tells where it came from.
type Tree struct {
	reader   *Reader
	except   int            // a process that does not count, or 0
	known    []*process     // sorted by pid
	ended    []*process     // since the sample before
	leaders  map[int]uint64 // the start of what led a process group or a session, by pid
	searched time.Time      // all of /proc
	youngest int            // the pid that was given last before the sample before; 0 for unknown
	forced   bool

	ledger   ledger
	runDelay time.Duration

	service  service
	restarts int

	sample  Sample
	samples int
	absent  []Absent
	cpus    int          // in the last search
	busiest string       // name of the busiest thread
	pids    []int        // of one search
	others  []other      // of one search
	found   map[int]bool // pids that are not of the tree, since the last search of all of /proc
}

// other is a process that a search came by.
type other struct {
	pid int
	stat
}

// Tree follows the process with this pid. Nothing is read before the first sample.
func (r *Reader) Tree(pid int) (*Tree, error) {
	t := &Tree{reader: r, leaders: map[int]uint64{}, found: map[int]bool{}, forced: true}
	if err := t.begin(pid); err != nil {
		return nil, err
	}
	return t, nil
}

// Adopt lets the tree go on under a further process, such as the new one of a container that was started again. It is a
// restart if no process of the tree is alive any more.
func (t *Tree) Adopt(pid int) error {
	anew := !t.alive()
	if err := t.begin(pid); err != nil {
		return err
	}
	if anew {
		t.restarts++
	}
	return nil
}

// begin lets a process join, and makes it the main one if no other is alive.
func (t *Tree) begin(pid int) error {
	if t.reader.proc < 0 {
		return fmt.Errorf("read processes: %w", t.reader.err)
	}
	text, err := t.reader.file(pid, "/stat")
	if gone(err) {
		return fmt.Errorf("there is no process %d", pid)
	}
	if err != nil {
		return fmt.Errorf("read process %d: %w", pid, err)
	}
	s, ok := parseStat(text)
	if !ok {
		return fmt.Errorf("read process %d: its stat is damaged", pid)
	}
	anew := !t.alive()
	p := t.join(other{pid, s})
	if anew {
		t.service = service{main: p}
	}
	t.forced = true
	return nil
}

// Except leaves a process out of all figures, such as a guard that only watches the others. What it starts still counts.
func (t *Tree) Except(pid int) { t.except = pid }

func (t *Tree) alive() bool {
	return slices.ContainsFunc(t.known, func(p *process) bool { return !p.over() })
}

// Close closes the files that the tree keeps open.
func (t *Tree) Close() {
	for _, p := range t.known {
		t.close(p)
	}
	t.known = nil
}

// Search makes the next sample search all of /proc, which otherwise happens every few seconds. Each sample finds processes with
// new pids.
func (t *Tree) Search() { t.forced = true }

// Sample reads the tree. The sample is valid until the next one. Pass the time at which it is called.
func (t *Tree) Sample(now time.Time) *Sample {
	s := &t.sample
	since := now.Sub(s.At)
	if t.samples == 0 {
		since = 0
	}
	t.absent = t.absent[:0]
	*s = Sample{At: now, Since: max(0, since), Scheduling: Scheduling{Known: true}}
	t.update()
	youngest := t.reader.youngest()
	switch {
	case t.forced || now.Sub(t.searched) >= searchEvery || now.Before(t.searched):
		t.searchAll()
		t.searched, t.forced = now, false
	case youngest != t.youngest:
		t.search(func(pid int) bool { return givenBetween(pid, t.youngest, youngest) })
	}
	t.youngest = youngest
	t.samples++
	t.settle()
	t.measure()
	if t.service.main.over() {
		t.seek()
	}
	s.Main = !t.service.main.over()
	s.Restarts = t.restarts
	s.Absent = t.absent
	return s
}

// update reads the counters of the known processes, and finds those that have ended.
func (t *Tree) update() {
	t.ended = t.ended[:0]
	t.known = slices.DeleteFunc(t.known, func(p *process) bool {
		if t.reader.update(p) {
			t.leaveOut(p)
			return false
		}
		p.ended = true
		t.close(p)
		t.ended = append(t.ended, p)
		return true
	})
}

// leaveOut takes a process's own figures off, if it does not count. What it has waited for stays.
func (t *Tree) leaveOut(p *process) {
	if p.pid == t.except {
		p.all = counters{user: p.stat.waited.user, system: p.stat.waited.system, minor: p.stat.waited.minor, major: p.stat.waited.major}
	}
}

// givenBetween tells whether a pid was given after one and not after another. They begin again after the highest.
func givenBetween(pid, after, last int) bool {
	if after > last {
		return pid > after || pid <= last
	}
	return pid > after && pid <= last
}

// searchAll searches all of /proc.
func (t *Tree) searchAll() {
	clear(t.found)
	t.search(func(int) bool { return true })
}

// search reads the processes whose pids count, and lets those join that belong to the tree.
func (t *Tree) search(counts func(pid int) bool) {
	r := t.reader
	r.name = r.name[:0]
	r.and(".")
	t.pids, _ = r.numbers(t.pids[:0]) // what it has read up to an error
	t.others = t.others[:0]
	for _, pid := range t.pids {
		if !counts(pid) || t.find(pid) != nil {
			continue
		}
		text, err := r.file(pid, "/stat")
		if err != nil {
			continue // ended since, or another user's that is hidden
		}
		if s, ok := parseStat(text); ok {
			t.others = append(t.others, other{pid, s})
			t.found[pid] = true
		}
	}
	t.noteLeaders()
	for t.joinAll() {
		t.noteLeaders()
	}
	t.forgetLeaders()
}

// joinAll lets processes join, and tells whether some did. Their children may come before them in the list.
func (t *Tree) joinAll() (some bool) {
	t.others = slices.DeleteFunc(t.others, func(o other) bool {
		if !t.belongs(o) {
			return false
		}
		some = true
		if p := t.join(o); !t.reader.update(p) {
			t.known = slices.DeleteFunc(t.known, func(k *process) bool { return k == p })
		}
		return true
	})
	return some
}

// belongs tells whether a process is a child of the tree, or in a group or session that the tree led.
func (t *Tree) belongs(o other) bool {
	if p := t.find(o.parent); p != nil {
		return o.start >= p.start
	}
	for _, id := range [...]int{o.group, o.session} {
		start, ok := t.leaders[id]
		if ok && o.start >= start && !t.found[id] { // else another process has the number now
			return true
		}
	}
	return false
}

// join makes a process part of the tree.
func (t *Tree) join(o other) *process {
	p := &process{pid: o.pid, start: o.start, stat: o.stat, since: t.samples}
	at, there := slices.BinarySearchFunc(t.known, p.pid, byPID)
	if there {
		return t.known[at]
	}
	t.known = slices.Insert(t.known, at, p)
	return p
}

func byPID(p *process, pid int) int { return cmp.Compare(p.pid, pid) }

func (t *Tree) find(pid int) *process {
	if at, ok := slices.BinarySearchFunc(t.known, pid, byPID); ok {
		return t.known[at]
	}
	return nil
}

// noteLeaders notes the groups and sessions that a process of the tree leads.
func (t *Tree) noteLeaders() {
	for _, p := range t.known {
		if p.group == p.pid || p.session == p.pid {
			t.leaders[p.pid] = p.start
		}
	}
}

// forgetLeaders forgets the groups and sessions that hold no process of the tree.
func (t *Tree) forgetLeaders() {
	for id := range t.leaders {
		if !slices.ContainsFunc(t.known, func(p *process) bool { return p.group == id || p.session == id }) {
			delete(t.leaders, id)
		}
	}
}

// settle brings what ended processes had used to the nearest living ancestor, and what nobody has to the ledger.
func (t *Tree) settle() {
	for _, p := range t.ended {
		if a := t.ancestor(p); a != nil {
			for i := range p.all {
				a.claims[i] += p.all[i]
			}
		} else {
			t.ledger.add(p.all)
		}
	}
	for _, p := range t.known {
		keep, drop := p.settle()
		t.ledger.add(keep)
		t.ledger.take(drop)
	}
}

// ancestor is the nearest living ancestor of a process that has ended.
func (t *Tree) ancestor(p *process) *process {
	for range len(t.ended) + 1 { // pids that come again could make a circle
		if a := t.find(p.stat.parent); a != nil {
			return a
		}
		at := slices.IndexFunc(t.ended, func(e *process) bool { return e.pid == p.stat.parent })
		if at < 0 {
			return nil
		}
		p = t.ended[at]
	}
	return nil
}
