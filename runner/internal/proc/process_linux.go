package proc

import (
	"bytes"
	"errors"
	"os"
)

// process is one process of a tree.
type process struct {
	pid   int
	start uint64
	since int // the sample before which it was found
	stat
	account

	zombie bool // has ended, and waits for its parent
	ended  bool
	sealed error // why its io cannot be read
	rss    int64

	threads []thread // sorted by tid

	// Read when it is found, and with each search of all of /proc.
	files  int // limit of open files, 0 for none
	cpus   cpuSet
	worked uint64 // ticks at that time
}

// over tells whether a process has ended, even if its parent has not waited for it.
func (p *process) over() bool { return p.ended || p.zombie }

// update reads the counters of a process, and tells whether it is still there. A process with the same pid and another
// start is another process.
func (r *Reader) update(p *process) bool {
	text, err := r.file(p.pid, "/stat")
	if err != nil {
		return !gone(err) // nobody may hide a process that it has shown, but an error is no end
	}
	s, ok := parseStat(text)
	if !ok {
		return len(text) > 0
	}
	if s.start != p.start {
		return false
	}
	before := p.stat.waited
	p.stat = s
	p.zombie = (s.state == 'Z' || s.state == 'X') && s.threads <= 1
	p.grown = counters{
		user: less(s.waited.user, before.user), system: less(s.waited.system, before.system),
		minor: less(s.waited.minor, before.minor), major: less(s.waited.major, before.major),
	}
	p.all[user], p.all[system] = s.own.user+s.waited.user, s.own.system+s.waited.system
	p.all[minor], p.all[major] = s.own.minor+s.waited.minor, s.own.major+s.waited.major
	r.updateIO(p)
	return true
}

// less is the difference, or 0 if a counter went back.
func less(now, before uint64) uint64 { return now - min(now, before) }

// updateIO reads the bytes that a process had read and written. Of another user's process they are not told.
func (r *Reader) updateIO(p *process) {
	text, err := r.file(p.pid, "/io")
	if err != nil {
		if !p.zombie && (!gone(err) || r.alive(p)) {
			p.sealed = err
		}
		return
	}
	in, ok1 := field(text, "read_bytes:")
	out, ok2 := field(text, "write_bytes:")
	p.sealed = nil
	if !ok1 || !ok2 {
		p.sealed = errors.New("its file has another form")
	}
	p.all[read], p.all[written] = max(p.all[read], in), max(p.all[written], out)
}

// resident reads the resident memory. The figure in stat is not exact (proc_pid_stat(5)).
func (r *Reader) resident(p *process) {
	text, err := r.file(p.pid, "/statm")
	if err != nil {
		return
	}
	_, rest := word(text)
	pages, _ := word(rest)
	p.rss = int64(number(pages)) * int64(os.Getpagesize())
}

// describe reads what seldom changes.
func (r *Reader) describe(p *process) {
	if text, err := r.file(p.pid, "/status"); err == nil {
		p.cpus = cpuSet{}
		if list, ok := after(text, "Cpus_allowed_list:"); ok {
			p.cpus.add(list)
		}
	}
	if text, err := r.file(p.pid, "/limits"); err == nil { // such as: Max open files            1024                 4096 files
		if line, ok := after(text, "Max open files"); ok {
			soft, _ := word(line)
			p.files = int(number(soft)) // "unlimited" is none
		}
	}
}

// youngest is the pid that the kernel gave last, to a process or a thread; 0 if it does not tell.
func (r *Reader) youngest() int {
	text, err := r.general("loadavg") // such as: 0.20 0.18 0.12 1/80 11206
	if err != nil {
		return 0
	}
	text = bytes.TrimSuffix(text, []byte{'\n'})
	return int(number(text[bytes.LastIndexByte(text, ' ')+1:]))
}

// openFiles counts the open files of a process. Since Linux 6.2 the kernel tells their number as the directory's size,
// to everybody. Before, the directory has to be read.
func (r *Reader) openFiles(p *process) (int, error) {
	r.of(p.pid, "/fd")
	if r.real {
		if n := r.size(); n > 0 {
			return n, nil
		}
	}
	var err error
	r.pids, err = r.numbers(r.pids[:0])
	return len(r.pids), err
}
