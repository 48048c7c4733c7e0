package proc

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// maxOpen returns how many files of threads a Reader keeps open, a file each. To open one anew takes five times as long,
// but the load needs most of the files that this program may open.
func maxOpen() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(1024, limit.Cur/8))
}

// thread is one thread of a process.
type thread struct {
	tid    int
	file   int // its schedstat, or -1
	seen   int // the sample in which it was last seen
	cpu    uint64
	delay  uint64
	slices uint64 // how often it was given a core
	state  byte
}

// updateThreads reads the threads of a process and adds what they did since the sample before.
func (t *Tree) updateThreads(p *process) error {
	r := t.reader
	r.of(p.pid, "/task")
	var err error
	if r.pids, err = r.numbers(r.pids[:0]); err != nil {
		return err
	}
	slices.Sort(r.pids)
	for _, tid := range r.pids {
		at, there := slices.BinarySearchFunc(p.threads, tid, func(h thread, tid int) int { return cmp.Compare(h.tid, tid) })
		if !there {
			p.threads = slices.Insert(p.threads, at, thread{tid: tid, file: -1})
		}
		if err := t.updateThread(p, &p.threads[at]); err != nil && !gone(err) {
			return err
		}
	}
	p.threads = slices.DeleteFunc(p.threads, func(h thread) bool {
		if h.seen == t.samples {
			return false
		}
		r.closeThread(&h)
		return true
	})
	return nil
}

// updateThread reads one thread. schedstat holds the nanoseconds that it ran, those that it waited for a core, and
// how often it was given one.
func (t *Tree) updateThread(p *process, h *thread) error {
	var buffer [96]byte
	text, err := t.reader.schedstat(p.pid, h, buffer[:])
	if err != nil {
		return err
	}
	first, rest := word(text)
	second, rest := word(rest)
	third, _ := word(rest)
	ran, delay, count := number(first), number(second), number(third)
	fresh := h.seen == 0
	switch {
	case !fresh:
		t.runDelay += time.Duration(less(delay, h.delay))
		if cpu := time.Duration(less(ran, h.cpu)); cpu > t.sample.Scheduling.Busiest.CPU {
			t.sample.Scheduling.Busiest = Thread{PID: p.pid, TID: h.tid, CPU: cpu}
		}
	case p.since < t.samples-1: // the process was there in the sample before, so the thread began after it
		t.runDelay += time.Duration(delay)
	}
	// A thread that slept and was given no core since is still asleep. One that was blocked may have been woken.
	if fresh || h.state == 'D' || count != h.slices {
		t.reader.task(p.pid, h.tid, "/stat")
		if text, err := t.reader.read(); err == nil {
			h.state = stateOf(text)
		}
	}
	if h.state == 'D' {
		t.sample.Scheduling.Blocked++
	}
	h.cpu, h.delay, h.slices, h.seen = ran, delay, count, t.samples
	return nil
}

// schedstat reads the schedstat of a thread, from the open file where there is one.
func (r *Reader) schedstat(pid int, h *thread, buffer []byte) ([]byte, error) {
	file := h.file
	if file < 0 {
		r.task(pid, h.tid, "/schedstat")
		var err error
		if file, err = r.open(0); err != nil {
			return nil, err
		}
		if r.kept < r.maxOpen {
			r.kept++
			h.file = file
		} else {
			defer unix.Close(file) //nolint:errcheck // nothing was written
		}
	}
	for {
		n, err := unix.Pread(file, buffer, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return buffer[:max(n, 0)], err
	}
}

func (r *Reader) closeThread(h *thread) {
	if h.file >= 0 {
		_ = unix.Close(h.file) // nothing was written
		h.file = -1
		r.kept--
	}
}

// close closes the files of all threads.
func (t *Tree) close(p *process) {
	for i := range p.threads {
		t.reader.closeThread(&p.threads[i])
	}
	p.threads = nil
}
