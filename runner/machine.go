package runner

import (
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// spent is the CPU time of this machine, in seconds, up to an instant or in a span.
type spent struct {
	all       float64 // of all cores, idle or not
	idle      float64
	stolen    float64 // by the hypervisor
	generator float64 // this process
	system    float64 // all that this process has started, ended ones included
}

// spending reads the CPU time so far; zero if the operating system does not tell.
func spending() spent {
	all, err := cpu.Times(false)
	if err != nil || len(all) == 0 {
		return spent{}
	}
	own, system, ok := processTimes(os.Getpid())
	if !ok {
		return spent{}
	}
	t := all[0]
	return spent{
		all:  t.User + t.Nice + t.System + t.Idle + t.Iowait + t.Irq + t.Softirq + t.Steal,
		idle: t.Idle + t.Iowait, stolen: t.Steal, generator: own, system: system,
	}
}

// since is the CPU time after an earlier instant.
func (s spent) since(before spent) spent {
	if before.all == 0 {
		return spent{}
	}
	return spent{s.all - before.all, s.idle - before.idle, s.stolen - before.stolen, s.generator - before.generator, s.system - before.system}
}

// driven counts the CPU time of a program that made the load as the generator's, and not as the system's.
func (s spent) driven(used time.Duration) spent {
	s.generator, s.system = s.generator+used.Seconds(), max(s.system-used.Seconds(), 0)
	return s
}

func (s *spent) add(o spent) {
	s.all += o.all
	s.idle += o.idle
	s.stolen += o.stolen
	s.generator += o.generator
	s.system += o.system
}

// shares says who used the machine; zero if unknown.
func (s spent) shares() result.Machine {
	if s.all <= 0 {
		return result.Machine{}
	}
	share := func(used float64) float64 { return min(max(used/s.all, 0), 1) }
	return result.Machine{
		Generator: share(s.generator), System: share(s.system), Stolen: share(s.stolen),
		Others: share(s.all - s.idle - s.stolen - s.generator - s.system),
	}
}

// ticksPerSec is the unit of times in /proc: USER_HZ is 100 on every Linux.
const ticksPerSec = 100

// processTimes reads the CPU time of a process, and that of all its descendants, from Linux's /proc.
func processTimes(pid int) (own, descendants float64, ok bool) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, 0, false
	}
	children, times := map[int][]int{}, map[int][2]float64{}
	for _, entry := range entries {
		id, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if parent, self, reaped, ok := processStat(id); ok {
			children[parent] = append(children[parent], id)
			times[id] = [2]float64{self, reaped}
		}
	}
	self, ok := times[pid]
	descendants = self[1]
	for queue := children[pid]; len(queue) > 0; queue = queue[1:] {
		descendants += times[queue[0]][0] + times[queue[0]][1]
		queue = append(queue, children[queue[0]]...)
	}
	return self[0], descendants, ok
}

// processStat reads the parent of a process, its CPU time, and the CPU time of its ended children, both in
// seconds (proc_pid_stat(5)).
func processStat(pid int) (parent int, self, reaped float64, ok bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, 0, 0, false
	}
	_, rest, ok := cutLast(string(text), ")") // the name before it may contain anything
	fields := strings.Fields(rest)
	if !ok || len(fields) < 15 {
		return 0, 0, 0, false
	}
	var ticks [4]float64 // utime, stime, cutime, cstime
	for i := range ticks {
		if ticks[i], err = strconv.ParseFloat(fields[11+i], 64); err != nil {
			return 0, 0, 0, false
		}
	}
	parent, err = strconv.Atoi(fields[1])
	return parent, (ticks[0] + ticks[1]) / ticksPerSec, (ticks[2] + ticks[3]) / ticksPerSec, err == nil
}

func cutLast(text, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(text, sep); i >= 0 {
		return text[:i], text[i+len(sep):], true
	}
	return text, "", false
}
