//go:build !linux

package proc

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"
)

// notTold is why something is absent here.
const notTold = "not told by this system"

const searchEvery = 5 * time.Second

// Reader reads one machine.
type Reader struct{}

// NewReader returns a Reader of this machine. The root has a meaning on Linux only.
func NewReader(string) *Reader { return &Reader{} }

// Close closes the Reader.
func (r *Reader) Close() {}

// Tree follows a process and its descendants.
type Tree struct {
	main     member
	known    []member
	kept     time.Duration // user time of processes that have ended
	keptSys  time.Duration
	searched time.Time
	forced   bool
	restarts int
	samples  int
	except   int32 // a process that does not count, or 0
	last     Sample
}

// member is a process of a tree.
type member struct {
	*process.Process
	began        int64 // with the pid, the identity of a process
	user, system time.Duration
}

// Tree follows the process with this pid.
func (r *Reader) Tree(pid int) (*Tree, error) {
	t := &Tree{forced: true}
	return t, t.begin(pid)
}

// Adopt lets the tree go on under a further process. It is a restart if no process of the tree is alive any more.
func (t *Tree) Adopt(pid int) error {
	anew := len(t.known) == 0
	if err := t.begin(pid); err != nil {
		return err
	}
	if anew {
		t.restarts++
	}
	return nil
}

func (t *Tree) begin(pid int) error {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return fmt.Errorf("read process %d: %w", pid, err)
	}
	began, err := p.CreateTime()
	if err != nil {
		return fmt.Errorf("read process %d: %w", pid, err)
	}
	m := member{Process: p, began: began}
	if len(t.known) == 0 {
		t.main = m
	}
	t.known, t.forced = append(t.known, m), true
	return nil
}

// Except leaves a process out of all figures.
func (t *Tree) Except(pid int) { t.except = int32(pid) }

// Close ends the reading of the tree.
func (t *Tree) Close() {}

// Search makes the next sample search for new processes.
func (t *Tree) Search() { t.forced = true }

// Sample reads the tree. The sample is valid until the next one. Pass the time at which it is called.
func (t *Tree) Sample(now time.Time) *Sample {
	s := Sample{At: now, Restarts: t.restarts, Absent: []Absent{
		{"io", notTold}, {"schedstat", notTold}, {"faults", notTold}, {"cpus", notTold},
	}}
	if t.samples > 0 {
		s.Since = max(0, now.Sub(t.last.At))
	}
	t.samples++
	if t.forced || now.Sub(t.searched) >= searchEvery {
		t.search()
		t.searched, t.forced = now, false
	}
	s.Files.Known = true
	t.known = slices.DeleteFunc(t.known, func(m member) bool { return !t.measure(&m, &s) })
	s.Alive = s.Processes > 0
	s.Main = slices.ContainsFunc(t.known, func(m member) bool { return m.Pid == t.main.Pid && m.began == t.main.began })
	s.User, s.System = max(t.last.User, s.User+t.kept), max(t.last.System, s.System+t.keptSys)
	if s.Files.Open == 0 {
		s.Files = Files{}
		s.Absent = append(s.Absent, Absent{"files", notTold})
	}
	t.last = s
	return &t.last
}

// measure adds a process to the sample, and tells whether it is still there.
func (t *Tree) measure(m *member, s *Sample) bool {
	began, err := m.CreateTime()
	times, failed := m.Times()
	if err != nil || failed != nil || began != m.began {
		t.kept += m.user
		t.keptSys += m.system
		return false
	}
	m.user, m.system = seconds(times.User), seconds(times.System)
	for i := range t.known {
		if t.known[i].Pid == m.Pid {
			t.known[i].user, t.known[i].system = m.user, m.system
		}
	}
	if m.Pid == t.except {
		return true
	}
	s.User += m.user
	s.System += m.system
	s.Processes++
	if memory, err := m.MemoryInfo(); err == nil {
		s.RSSBytes += int64(memory.RSS)
	}
	if threads, err := m.NumThreads(); err == nil {
		s.Threads += int(threads)
	}
	if open, err := m.NumFDs(); err == nil {
		s.Files.Open += int(open)
	} else {
		s.Files.Known = false
	}
	return true
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// search lets the children of known processes join. One list of all processes is read, and not one for each.
func (t *Tree) search() {
	all, err := process.Processes()
	if err != nil {
		return // the known ones stay
	}
	for some := true; some; {
		some = false
		for _, p := range all {
			if t.has(p.Pid) {
				continue
			}
			parent, err := p.Ppid()
			if err != nil || !t.has(parent) {
				continue
			}
			if began, err := p.CreateTime(); err == nil {
				t.known = append(t.known, member{Process: p, began: began})
				some = true
			}
		}
	}
}

func (t *Tree) has(pid int32) bool {
	return slices.ContainsFunc(t.known, func(m member) bool { return m.Pid == pid })
}

// Connections are not told here.
func (t *Tree) Connections() *Connections {
	return &Connections{Absent: []Absent{{"connections", notTold}}}
}

// TCP is not told here.
func (t *Tree) TCP() TCP { return TCP{} }

// Listening finds the process that accepts connections on a TCP port.
func (r *Reader) Listening(port int) (pid int, err error) {
	all, err := net.Connections("tcp")
	if err != nil {
		return 0, fmt.Errorf("find the process that listens on port %d: %w", port, err)
	}
	for _, c := range all {
		if c.Status == "LISTEN" && int(c.Laddr.Port) == port && c.Pid > 0 {
			return int(c.Pid), nil
		}
	}
	return 0, fmt.Errorf("no process that this user may read listens on port %d", port)
}

// Machine reads the machine.
func (r *Reader) Machine(m *Machine) {
	*m = Machine{Absent: []Absent{{"pressure", notTold}, {"net/netstat", notTold}, {"diskstats", notTold}, {"net/dev", notTold}, {"vmstat", notTold}}}
	if total, err := cpu.Times(false); err == nil && len(total) == 1 {
		m.CPU.Known, m.CPU.Total = true, coreTimes(total[0])
	}
	if cores, err := cpu.Times(true); err == nil {
		for _, c := range cores {
			m.CPU.Cores = append(m.CPU.Cores, coreTimes(c))
		}
	}
	if v, err := mem.VirtualMemory(); err == nil {
		m.Memory = Memory{Known: true, Total: int64(v.Total), Available: int64(v.Available)}
	}
	if l, err := load.Avg(); err == nil {
		m.Load = Load{Known: true, One: l.Load1, Five: l.Load5, Fifteen: l.Load15}
	}
	if !m.CPU.Known {
		m.Absent = append(m.Absent, Absent{"stat", notTold})
	}
	if !m.Memory.Known {
		m.Absent = append(m.Absent, Absent{"meminfo", notTold})
	}
	if !m.Load.Known {
		m.Absent = append(m.Absent, Absent{"loadavg", notTold})
	}
}

func coreTimes(c cpu.TimesStat) CoreTimes {
	return CoreTimes{
		User: seconds(c.User), Nice: seconds(c.Nice), System: seconds(c.System), Idle: seconds(c.Idle),
		IOWait: seconds(c.Iowait), IRQ: seconds(c.Irq), SoftIRQ: seconds(c.Softirq), Steal: seconds(c.Steal),
	}
}

// DiskSpace is the space of the file system that holds a directory.
func (r *Reader) DiskSpace(dir string) (Space, error) {
	u, err := disk.Usage(dir)
	if err != nil {
		return Space{}, fmt.Errorf("read the space of %s: %w", dir, err)
	}
	if u.Total == 0 {
		return Space{}, errors.New("this system does not tell the space of " + dir)
	}
	return Space{Total: int64(u.Total), Free: int64(u.Free)}, nil
}
