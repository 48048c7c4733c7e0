package cgroup

import (
	"strconv"
	"strings"
	"time"
)

// cpuUsage reads cpu.stat, and cpuacct.usage of version 1.
func (g Group) cpuUsage(u *Usage) (c CPU) {
	part, ok := g.parts["cpu"]
	if !ok || !g.has(part.dir, "cpu.stat") {
		u.miss("cgroup cpu", g.why(part.dir, "cpu.stat"))
		return c
	}
	c.Known = true
	if c.Used, c.UsedKnown = g.cpuTime(part); !c.UsedKnown {
		u.miss("cgroup cpu time", "this group does not tell it")
	}
	stat := part.dir // of the group whose quota binds
	part.walk(func(dir string) {
		if quota := cpu(g.root, dir); quota != 0 && (c.Quota == 0 || quota < c.Quota) {
			c.Quota, stat = quota, dir
		}
	})
	c.QuotaShared = c.Quota != 0 && g.within("cpu", part.mount, stat)
	throttling := text(g.root, stat, "cpu.stat")
	c.Periods, _ = keyed(throttling, "nr_periods")
	c.Throttled, _ = keyed(throttling, "nr_throttled")
	if usec, ok := keyed(throttling, "throttled_usec"); ok {
		c.ThrottledTime = time.Duration(usec) * time.Microsecond
	} else {
		nsec, _ := keyed(throttling, "throttled_time") // version 1
		c.ThrottledTime = time.Duration(nsec)
	}
	return c
}

// cpuTime reads the CPU time of a group: microseconds of version 2, nanoseconds of version 1. There the trees of cpu and
// cpuacct may be two, with the process in groups of different names: then the time would be that of other processes too.
func (g Group) cpuTime(part group) (time.Duration, bool) {
	if part.version == 2 {
		usec, ok := keyed(text(g.root, part.dir, "cpu.stat"), "usage_usec")
		return time.Duration(usec) * time.Microsecond, ok
	}
	acct := g.parts["cpuacct"]
	if strings.TrimPrefix(acct.dir, acct.mount) != strings.TrimPrefix(part.dir, part.mount) {
		return 0, false
	}
	nsec, ok := counter(text(g.root, acct.dir, "cpuacct.usage"))
	return time.Duration(nsec), ok
}

// memoryUsage reads memory.current and its like, or memory.usage_in_bytes and its like of version 1.
func (g Group) memoryUsage(u *Usage) (m Memory) {
	part := g.parts["memory"]
	read := func(names ...string) (n uint64, ok bool) {
		for _, name := range names {
			if n, ok = counter(text(g.root, part.dir, name)); ok {
				return n, true
			}
		}
		return 0, false
	}
	used, ok := read("memory.current", "memory.usage_in_bytes")
	if !ok || part.dir == "" {
		u.miss("cgroup memory", g.why(part.dir, "memory.current"))
		return m
	}
	peak, _ := read("memory.peak", "memory.max_usage_in_bytes")
	m = Memory{Known: true, Used: int64(used), Peak: int64(peak), High: number(text(g.root, part.dir, "memory.high"))}
	part.walk(func(dir string) { m.Limit = least(m.Limit, memory(g.root, dir)) })
	if events := text(g.root, part.dir, "memory.events"); events != "" {
		m.AtHigh, _ = keyed(events, "high")
		m.AtLimit, _ = keyed(events, "max")
		m.OOMKills, _ = keyed(events, "oom_kill")
		return m
	}
	m.AtLimit, _ = read("memory.failcnt")
	m.OOMKills, _ = keyed(text(g.root, part.dir, "memory.oom_control"), "oom_kill")
	return m
}

// ioUsage adds the devices of io.stat, or of blkio.throttle.io_service_bytes of version 1. A group that did no I/O has
// nothing in the file.
func (g Group) ioUsage(u *Usage) (c IO) {
	part := g.parts["io"]
	name := "io.stat"
	if part.version == 1 {
		name = "blkio.throttle.io_service_bytes"
	}
	if part.dir == "" || !g.has(part.dir, name) {
		u.miss("cgroup io", g.why(part.dir, name))
		return c
	}
	c.Known = true
	for line := range strings.Lines(text(g.root, part.dir, name)) {
		fields := strings.Fields(line)
		if part.version == 1 && len(fields) == 3 { // such as: 254:0 Read 4096
			n, _ := counter(fields[2])
			switch fields[1] {
			case "Read":
				c.ReadBytes += n
			case "Write":
				c.WrittenBytes += n
			}
			continue
		}
		for _, field := range fields { // such as: 254:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0
			if value, ok := strings.CutPrefix(field, "rbytes="); ok {
				n, _ := counter(value)
				c.ReadBytes += n
			}
			if value, ok := strings.CutPrefix(field, "wbytes="); ok {
				n, _ := counter(value)
				c.WrittenBytes += n
			}
		}
	}
	return c
}

func (g Group) pidsUsage() PIDs {
	part := g.parts["pids"]
	current, ok := counter(text(g.root, part.dir, "pids.current"))
	if !ok || part.dir == "" {
		return PIDs{}
	}
	return PIDs{Known: true, Current: int64(current), Limit: number(text(g.root, part.dir, "pids.max"))} // or "max"
}

// pressure reads lines such as: some avg10=0.00 avg60=0.00 avg300=0.00 total=1234. The total is in microseconds.
func (g Group) pressure(of string) (p Pressure) {
	part, ok := g.parts["pressure"]
	if !ok {
		return p
	}
	for line := range strings.Lines(text(g.root, part.dir, of+".pressure")) {
		kind, rest, _ := strings.Cut(line, " ")
		_, value, _ := strings.Cut(rest, "total=")
		n, ok := counter(strings.TrimSpace(value))
		switch {
		case ok && kind == "some":
			p.Known, p.Some = true, time.Duration(n)*time.Microsecond
		case ok && kind == "full":
			p.Full = time.Duration(n) * time.Microsecond
		}
	}
	return p
}

// keyed is the number after a key at the start of a line.
func keyed(lines, key string) (n uint64, ok bool) {
	for line := range strings.Lines(lines) {
		if value, is := strings.CutPrefix(line, key+" "); is {
			return counter(strings.TrimSpace(value))
		}
	}
	return 0, false
}

func counter(text string) (n uint64, ok bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil
}
