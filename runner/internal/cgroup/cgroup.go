// Package cgroup reads how much CPU time and memory this process's container grants, and what any group of processes
// uses: Read does the first, Of and At begin the second.
//
// Linux limits a group of processes through cgroups, version 1 (a tree for each controller) or 2 (one
// tree for all), and some machines have both. The limits of all groups above a group bind it too, so the
// smallest visible limit up the tree counts. A limit that is missing or unreadable is no limit.
//
// The CPUs of a cpuset are not read here: runtime.NumCPU knows them.
package cgroup

import (
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Limits are what the processes of a container may use together. Zero values mean no limit.
type Limits struct {
	CPU    float64 // in cores
	Memory int64   // in bytes
}

// Read reads the limits of this process. The root is that of the file system, with /proc and /sys.
func Read(root fs.FS) Limits {
	var l Limits
	for _, g := range groups(root, "proc/self") {
		g.walk(func(dir string) {
			if g.version == 2 || slices.Contains(g.controllers, "cpu") {
				l.CPU = least(l.CPU, cpu(root, dir))
			}
			if g.version == 2 || slices.Contains(g.controllers, "memory") {
				l.Memory = least(l.Memory, memory(root, dir))
			}
		})
	}
	return l
}

// least is the smaller limit; 0 is none.
func least[T int64 | float64](a, b T) T {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// cpu is the limit of one group: its quota of time in each period.
func cpu(root fs.FS, dir string) float64 {
	quota, period, _ := strings.Cut(text(root, dir, "cpu.max"), " ") // such as "20000 100000", or "max 100000"
	if quota == "" {
		quota, period = text(root, dir, "cpu.cfs_quota_us"), text(root, dir, "cpu.cfs_period_us") // -1 for none
	}
	used, err1 := strconv.ParseFloat(quota, 64)
	of, err2 := strconv.ParseFloat(period, 64)
	if err1 != nil || err2 != nil || used <= 0 || of <= 0 {
		return 0
	}
	return used / of
}

// memory is the limit of one group. Version 1 writes a number near the largest for none.
func memory(root fs.FS, dir string) int64 {
	limit := number(text(root, dir, "memory.max")) // or "max"
	limit = least(limit, number(text(root, dir, "memory.limit_in_bytes")))
	for line := range strings.Lines(text(root, dir, "memory.stat")) { // version 1 knows the groups above, even if they cannot be seen
		if value, ok := strings.CutPrefix(line, "hierarchical_memory_limit "); ok {
			limit = least(limit, number(strings.TrimSpace(value)))
		}
	}
	return limit
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64/2 {
		return 0
	}
	return n
}

func text(root fs.FS, dir, name string) string {
	content, err := fs.ReadFile(root, path.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// group is a cgroup of a process: a directory below the mount point of its tree.
type group struct {
	version     int
	controllers []string // version 1
	mount, dir  string   // without a slash in front
}

// walk calls visit with the group's directory and those above it, up to the mount point.
func (g group) walk(visit func(dir string)) {
	for dir := g.dir; ; dir = path.Dir(dir) {
		visit(dir)
		if dir == g.mount || !strings.HasPrefix(dir, g.mount+"/") {
			return
		}
	}
}

// groups are the cgroups of a process that can be seen. The process is its directory in /proc.
func groups(root fs.FS, process string) (found []group) {
	own := memberships(root, process)
	for line := range strings.Lines(text(root, "proc/self", "mountinfo")) {
		g, top, ok := mounted(line)
		if !ok {
			continue
		}
		for _, m := range own {
			if m.version == g.version && (g.version == 2 || slices.Equal(m.controllers, known(g.controllers, m.controllers))) {
				g.dir = path.Join(g.mount, below(top, m.dir))
				found = append(found, g)
			}
		}
	}
	return found
}

// known are the wanted options that a mount has.
func known(options, wanted []string) (both []string) {
	for _, w := range wanted {
		if slices.Contains(options, w) {
			both = append(both, w)
		}
	}
	return both
}

// memberships reads the file cgroup of a process. The directories begin at the root of each tree.
func memberships(root fs.FS, process string) (own []group) {
	for line := range strings.Lines(text(root, process, "cgroup")) { // such as 4:cpu,cpuacct:/docker/4f2c, or 0::/
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		switch {
		case len(parts) < 3:
		case parts[1] == "":
			own = append(own, group{version: 2, dir: parts[2]})
		default:
			own = append(own, group{version: 1, controllers: strings.Split(parts[1], ","), dir: parts[2]})
		}
	}
	return own
}

// mounted reads a line of mountinfo (proc_pid_mountinfo(5)). top is the directory of the tree at the mount
// point.
func mounted(line string) (g group, top string, ok bool) {
	before, after, _ := strings.Cut(line, " - ")
	place, kind := strings.Fields(before), strings.Fields(after)
	if len(place) < 5 || len(kind) < 3 {
		return g, "", false
	}
	g.mount = strings.Trim(unescape(place[4]), "/")
	switch kind[0] {
	case "cgroup2":
		g.version = 2
	case "cgroup":
		g.version, g.controllers = 1, strings.Split(kind[2], ",")
	default:
		return g, "", false
	}
	return g, unescape(place[3]), true
}

// below is the path of a group at a mount point that shows the tree below top. A group outside of top, as
// a namespace shows it, counts as top itself.
func below(top, dir string) string {
	rest, inside := strings.CutPrefix(dir, strings.TrimSuffix(top, "/"))
	if !inside || rest != "" && !strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "/..") {
		return ""
	}
	return rest
}

// unescape undoes the kernel's octal escapes of spaces and line ends.
func unescape(text string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(text)
}
