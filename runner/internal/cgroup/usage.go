package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Group is a group of processes whose use can be read. It has a directory for CPU time, memory and so on: in version 1
// they are different ones, and a process may be in groups of different names.
type Group struct {
	root  fs.FS
	parts map[string]group // by controller
	own   map[string]group // of this process
}

// Of returns the group of a process. The root is that of the file system, with /proc and /sys.
func Of(root fs.FS, pid int) (Group, error) {
	process := path.Join("proc", strconv.Itoa(pid))
	if _, err := fs.ReadFile(root, path.Join(process, "cgroup")); err != nil {
		return Group{}, fmt.Errorf("find the cgroup of process %d: %w", pid, err)
	}
	found := groups(root, process)
	if len(found) == 0 {
		return Group{}, fmt.Errorf("find the cgroup of process %d: no tree of cgroups is mounted that has it", pid)
	}
	return newGroup(root, found), nil
}

// At returns the group of a name, such as /system.slice/api.service, as it stands in the trees of cgroups.
func At(root fs.FS, name string) (Group, error) {
	var found []group
	for line := range strings.Lines(text(root, "proc/self", "mountinfo")) {
		g, top, ok := mounted(line)
		if !ok {
			continue
		}
		rest := below(top, path.Join("/", name))
		if rest == "" && path.Join("/", name) != path.Clean(top) {
			continue // not within what is mounted here
		}
		g.dir = path.Join(g.mount, rest)
		if info, err := fs.Stat(root, g.dir); err == nil && info.IsDir() {
			found = append(found, g)
		}
	}
	if len(found) == 0 {
		return Group{}, fmt.Errorf("there is no cgroup %s", name)
	}
	return newGroup(root, found), nil
}

func newGroup(root fs.FS, found []group) Group {
	return Group{root: root, parts: byController(found), own: byController(groups(root, "proc/self"))}
}

// byController chooses the group that has a controller. Where both versions are mounted, version 1 has those that it
// names, and version 2 the others.
func byController(found []group) map[string]group {
	parts := map[string]group{}
	for _, c := range []string{"cpu", "cpuacct", "memory", "io", "pids"} {
		former := c // its name in version 1
		if c == "io" {
			former = "blkio"
		}
		for _, g := range found {
			if g.version == 2 {
				if _, ok := parts[c]; !ok {
					parts[c] = g
				}
			} else if slices.Contains(g.controllers, former) {
				parts[c] = g
			}
		}
	}
	for _, g := range found {
		// Beside version 1, a tree of version 2 without controllers tells pressure, and its top that of the whole machine.
		if g.version == 2 && (parts["cpu"].version == 2 || g.dir != g.mount) {
			parts["pressure"] = g
		}
	}
	return parts
}

// SharesCPU tells whether this program runs in the group too: then its CPU time and throttling are those of both.
func (g Group) SharesCPU() bool { return g.shares("cpu") }

// SharesMemory tells whether this program's memory counts in the group too.
func (g Group) SharesMemory() bool { return g.shares("memory") }

func (g Group) shares(controller string) bool {
	theirs, ok := g.parts[controller]
	return ok && g.within(controller, theirs.mount, theirs.dir)
}

// within tells whether this program's own group is a directory of a tree, or lies below it.
func (g Group) within(controller, mount, dir string) bool {
	own, ok := g.own[controller]
	return ok && own.mount == mount && (own.dir == dir || strings.HasPrefix(own.dir, dir+"/"))
}

// Usage is what a group used, read at one instant. Counters count from the group's start. What could not be read is not
// Known, and Absent says why.
type Usage struct {
	CPU    CPU
	Memory Memory
	IO     IO
	PIDs   PIDs

	CPUPressure, IOPressure, MemoryPressure Pressure

	Absent []Absent
}

// Absent is a source that could not be read.
type Absent struct {
	Source string
	Why    string // half a sentence
}

// CPU is the CPU time of a group. Quota and throttling are those of the group or of one above it, whichever has the
// smallest quota: its other groups share it.
type CPU struct {
	Known bool
	Quota float64 // in cores, 0 for none
	// QuotaShared says that the quota holds this program back too.
	QuotaShared bool

	Periods, Throttled uint64        // of the quota, counted
	ThrottledTime      time.Duration // counted

	UsedKnown bool
	Used      time.Duration // counted
}

// Memory is the memory of a group in bytes.
type Memory struct {
	Known       bool
	Used        int64 // with the page cache
	Peak        int64 // 0 where this kernel does not tell it
	Limit, High int64 // 0 for none. The smallest limit of the group and those above it

	// AtHigh and AtLimit count how often the group was held back at its limits, OOMKills how often a process was ended.
	AtHigh, AtLimit, OOMKills uint64
}

// IO is what a group read from and wrote to disks, counted.
type IO struct {
	Known                   bool
	ReadBytes, WrittenBytes uint64
}

// PIDs are the threads of a group.
type PIDs struct {
	Known          bool
	Current, Limit int64 // Limit is 0 for none
}

// Pressure is the time in which some, or all, tasks of a group waited for a resource, counted. Only version 2 has it.
type Pressure struct {
	Known      bool
	Some, Full time.Duration
}

// Usage reads the group.
func (g Group) Usage() Usage {
	var u Usage
	u.CPU = g.cpuUsage(&u)
	u.Memory = g.memoryUsage(&u)
	u.IO = g.ioUsage(&u)
	u.PIDs = g.pidsUsage()
	u.CPUPressure = g.pressure("cpu")
	u.IOPressure = g.pressure("io")
	u.MemoryPressure = g.pressure("memory")
	if !u.CPUPressure.Known {
		u.miss("cgroup pressure", g.whyNoPressure())
	}
	return u
}

func (u *Usage) miss(source, why string) { u.Absent = append(u.Absent, Absent{source, why}) }

// whyNoPressure tells version 1 from a kernel without pressure.
func (g Group) whyNoPressure() string {
	if _, ok := g.parts["pressure"]; !ok {
		return "cgroup version 1 does not have it"
	}
	return "this kernel does not have it, or has it switched off"
}

// why says in half a sentence why a file of a group could not be read.
func (g Group) why(dir, name string) string {
	if dir == "" {
		return "no such controller is mounted"
	}
	if _, err := fs.Stat(g.root, dir); errors.Is(err, fs.ErrNotExist) {
		return "the group has ended"
	}
	_, err := fs.ReadFile(g.root, path.Join(dir, name))
	switch { // err is nil if the file has another form
	case errors.Is(err, fs.ErrPermission):
		return "this user may not read it"
	case err == nil || errors.Is(err, fs.ErrNotExist):
		return "this group does not tell it"
	}
	return err.Error()
}

// has tells whether a file of a group can be read.
func (g Group) has(dir, name string) bool {
	_, err := fs.ReadFile(g.root, path.Join(dir, name))
	return err == nil
}
