package cgroup_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/cgroup"
)

const (
	theirs  = "proc/4711/cgroup"
	blkio1  = "34 31 0:31 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio"
	pids1   = "35 31 0:32 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids"
	api     = "sys/fs/cgroup/system.slice/api.service/"
	noGroup = "0::/user.slice"
)

// twoGroup is a group of version 2 with all its files, as Linux 6 writes them.
func twoGroup() fstest.MapFS {
	return machine(own, noGroup, mounts, two, theirs, "0::/system.slice/api.service",
		api+"cpu.stat", "usage_usec 7100000\nuser_usec 7000000\nsystem_usec 100000\nnr_periods 200\nnr_throttled 50\nthrottled_usec 2500000\nnr_bursts 0\nburst_usec 0",
		api+"cpu.max", "50000 100000",
		api+"memory.current", "104857600", api+"memory.peak", "209715200", api+"memory.max", "1073741824", api+"memory.high", "536870912",
		api+"memory.events", "low 0\nhigh 3\nmax 4\noom 1\noom_kill 2\noom_group_kill 0",
		api+"io.stat", "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n253:0 rbytes=1 wbytes=2 rios=1 wios=1 dbytes=0 dios=0",
		api+"pids.current", "12", api+"pids.max", "max",
		api+"cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=500000",
		api+"io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=6",
		api+"memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=5\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=4")
}

func TestUsageOfVersion2(t *testing.T) {
	want := cgroup.Usage{
		CPU: cgroup.CPU{Known: true, UsedKnown: true, Used: 7100 * time.Millisecond, Quota: 0.5, Periods: 200, Throttled: 50, ThrottledTime: 2500 * time.Millisecond},
		Memory: cgroup.Memory{
			Known: true, Used: 100 << 20, Peak: 200 << 20, Limit: 1 << 30, High: 512 << 20, AtHigh: 3, AtLimit: 4, OOMKills: 2,
		},
		IO:             cgroup.IO{Known: true, ReadBytes: 4097, WrittenBytes: 8194},
		PIDs:           cgroup.PIDs{Known: true, Current: 12},
		CPUPressure:    cgroup.Pressure{Known: true, Some: 1500 * time.Millisecond, Full: 500 * time.Millisecond},
		IOPressure:     cgroup.Pressure{Known: true, Some: 7 * time.Microsecond, Full: 6 * time.Microsecond},
		MemoryPressure: cgroup.Pressure{Known: true, Some: 5 * time.Microsecond, Full: 4 * time.Microsecond},
	}
	root := twoGroup()
	byPID, err := cgroup.Of(root, 4711)
	if err != nil {
		t.Fatal(err)
	}
	byName, err := cgroup.At(root, "/system.slice/api.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []cgroup.Group{byPID, byName} {
		equal(t, g.Usage(), want)
		if g.SharesCPU() || g.SharesMemory() {
			t.Error("it takes another group for this program's own")
		}
	}
}

// equal compares what is known, and that nothing is absent.
func equal(t *testing.T, got, want cgroup.Usage) {
	t.Helper()
	if len(got.Absent) != 0 {
		t.Errorf("absent: %v", got.Absent)
	}
	got.Absent = nil
	if got.CPU != want.CPU || got.Memory != want.Memory || got.IO != want.IO || got.PIDs != want.PIDs ||
		got.CPUPressure != want.CPUPressure || got.IOPressure != want.IOPressure || got.MemoryPressure != want.MemoryPressure {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestUsageOfVersion1(t *testing.T) {
	const cpuDir, memDir = "sys/fs/cgroup/cpu,cpuacct/docker/4f2c/", "sys/fs/cgroup/memory/docker/4f2c/"
	root := machine(own, "4:memory:/\n1:cpu,cpuacct:/", mounts, strings.Join([]string{cpu1, mem1, blkio1, pids1}, "\n"),
		theirs, "9:pids:/docker/4f2c\n7:blkio:/docker/4f2c\n4:memory:/docker/4f2c\n1:cpu,cpuacct:/docker/4f2c",
		cpuDir+"cpuacct.usage", "7100000000", cpuDir+"cpu.stat", "nr_periods 10\nnr_throttled 5\nthrottled_time 2500000000",
		"sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "-1", "sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us", "100000",
		cpuDir+"cpu.cfs_quota_us", "50000", cpuDir+"cpu.cfs_period_us", "100000",
		memDir+"memory.usage_in_bytes", "104857600", memDir+"memory.max_usage_in_bytes", "209715200",
		memDir+"memory.limit_in_bytes", "1073741824", memDir+"memory.failcnt", "4",
		memDir+"memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2",
		"sys/fs/cgroup/blkio/docker/4f2c/blkio.throttle.io_service_bytes", "254:0 Read 4096\n254:0 Write 8192\n254:0 Total 12288\nTotal 12288",
		"sys/fs/cgroup/pids/docker/4f2c/pids.current", "12", "sys/fs/cgroup/pids/docker/4f2c/pids.max", "100")
	g, err := cgroup.Of(root, 4711)
	if err != nil {
		t.Fatal(err)
	}
	u := g.Usage()
	if len(u.Absent) != 1 || u.Absent[0] != (cgroup.Absent{Source: "cgroup pressure", Why: "cgroup version 1 does not have it"}) {
		t.Errorf("absent: %v", u.Absent)
	}
	u.Absent = nil
	equal(t, u, cgroup.Usage{
		CPU:    cgroup.CPU{Known: true, UsedKnown: true, Used: 7100 * time.Millisecond, Quota: 0.5, Periods: 10, Throttled: 5, ThrottledTime: 2500 * time.Millisecond},
		Memory: cgroup.Memory{Known: true, Used: 100 << 20, Peak: 200 << 20, Limit: 1 << 30, AtLimit: 4, OOMKills: 2},
		IO:     cgroup.IO{Known: true, ReadBytes: 4096, WrittenBytes: 8192},
		PIDs:   cgroup.PIDs{Known: true, Current: 12, Limit: 100},
	})
}

// The quota of a group above binds, and it is there that throttling is counted.
func TestQuotaAbove(t *testing.T) {
	root := twoGroup()
	root[api+"cpu.max"] = &fstest.MapFile{Data: []byte("max 100000\n")}
	root["sys/fs/cgroup/system.slice/cpu.max"] = &fstest.MapFile{Data: []byte("20000 100000\n")}
	root["sys/fs/cgroup/system.slice/cpu.stat"] = &fstest.MapFile{Data: []byte("usage_usec 9\nnr_periods 7\nnr_throttled 6\nthrottled_usec 5\n")}
	g, err := cgroup.Of(root, 4711)
	if err != nil {
		t.Fatal(err)
	}
	want := cgroup.CPU{Known: true, UsedKnown: true, Used: 7100 * time.Millisecond, Quota: 0.2, Periods: 7, Throttled: 6, ThrottledTime: 5 * time.Microsecond}
	if got := g.Usage().CPU; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	root[own] = &fstest.MapFile{Data: []byte("0::/system.slice/other.service\n")}
	if g, err = cgroup.Of(root, 4711); err != nil {
		t.Fatal(err)
	}
	if c := g.Usage().CPU; g.SharesCPU() || !c.QuotaShared {
		t.Errorf("the quota of the group above both is not taken for shared: %+v", c)
	}
}

func TestShares(t *testing.T) {
	for ours, want := range map[string]bool{
		"0::/system.slice/api.service":         true,
		"0::/system.slice/api.service/runner":  true, // what this program uses counts in the groups above too
		"0::/system.slice/api.service2":        false,
		"0::/system.slice":                     false,
		"0::/system.slice/other.service":       false,
		"1:name=systemd:/system.slice\n0::/up": false,
	} {
		root := twoGroup()
		root[own] = &fstest.MapFile{Data: []byte(ours + "\n")}
		g, err := cgroup.Of(root, 4711)
		if err != nil {
			t.Fatal(err)
		}
		if g.SharesCPU() != want || g.SharesMemory() != want {
			t.Errorf("%q: shares %v and %v, want %v", ours, g.SharesCPU(), g.SharesMemory(), want)
		}
	}
}

// Where the trees of cpu and cpuacct are two, the CPU time of another group is not taken for the group's own.
func TestTwoTrees(t *testing.T) {
	root := machine(own, "2:cpuacct:/\n1:cpu:/", mounts, "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n33 31 0:30 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct",
		theirs, "2:cpuacct:/\n1:cpu:/a", "sys/fs/cgroup/cpu/a/cpu.stat", "nr_periods 1\nnr_throttled 1\nthrottled_time 5", "sys/fs/cgroup/cpuacct/cpuacct.usage", "99")
	g, err := cgroup.Of(root, 4711)
	if err != nil {
		t.Fatal(err)
	}
	if u := g.Usage(); u.CPU != (cgroup.CPU{Known: true, Periods: 1, Throttled: 1, ThrottledTime: 5}) || !strings.Contains(sources(u), "cgroup cpu time: ") {
		t.Errorf("%+v", u)
	}
}

// What is not there is named, and nothing is taken for zero.
func TestAbsent(t *testing.T) {
	root := machine(own, noGroup, mounts, two, theirs, "0::/system.slice/api.service", api+"cpu.stat", "usage_usec many", api+"memory.current", "-5")
	g, err := cgroup.Of(root, 4711)
	if err != nil {
		t.Fatal(err)
	}
	u := g.Usage()
	if u.CPU.UsedKnown || u.CPU.Quota != 0 || u.Memory.Known || u.IO.Known || u.PIDs.Known || u.CPUPressure.Known {
		t.Errorf("%+v", u)
	}
	for _, source := range []string{"cgroup cpu time", "cgroup memory", "cgroup io", "cgroup pressure"} {
		if !strings.Contains(sources(u), source+": ") {
			t.Errorf("%q is not named in %q", source, sources(u))
		}
	}
	for name := range root {
		if strings.HasPrefix(name, api) {
			delete(root, name)
		}
	}
	if u = g.Usage(); !strings.Contains(sources(u), "cgroup cpu: the group has ended") {
		t.Errorf("a group that has ended: %q", sources(u))
	}
	if _, err := cgroup.Of(root, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a process that is not there: %v", err)
	}
	if _, err := cgroup.At(root, "/system.slice/none"); err == nil || err.Error() != "there is no cgroup /system.slice/none" {
		t.Errorf("a group that is not there: %v", err)
	}
}

func sources(u cgroup.Usage) (all string) {
	for _, a := range u.Absent {
		all += a.Source + ": " + a.Why + "\n"
	}
	return all
}

// A group of this machine with a real quota is throttled, and says so. It needs the right to make one.
func TestRealQuota(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("cgroups are of Linux")
	}
	name := "plimsoll-test-" + strconv.Itoa(os.Getpid())
	dirs := makeGroup(t, name)
	c := exec.Command("sh", "-c", "read go; i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; read end")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	defer func() {
		_ = in.Close() // ends it
		if !ended {
			_ = c.Wait() // its status does not matter
		}
	}()
	for _, dir := range dirs {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(c.Process.Pid)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root := os.DirFS("/")
	g, err := cgroup.Of(root, c.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if g.SharesCPU() {
		t.Error("the group is taken for this program's own")
	}
	before := g.Usage()
	if !before.CPU.UsedKnown || before.CPU.Quota != 0.2 {
		t.Fatalf("%+v", before)
	}
	if _, err := in.Write([]byte("go\nend\n")); err != nil {
		t.Fatal(err)
	}
	ended = true
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	after := g.Usage()
	used := c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	if got := after.CPU.Used - before.CPU.Used; got < used*8/10 || got > used*12/10+10*time.Millisecond {
		t.Errorf("the group used %v, wait4 says %v", got, used)
	}
	if after.CPU.Throttled == 0 || after.CPU.ThrottledTime == 0 {
		t.Errorf("never throttled: %+v", after.CPU)
	}
	if byName, err := cgroup.At(root, "/"+name); err != nil || byName.Usage().CPU.Throttled < after.CPU.Throttled {
		t.Errorf("by its name: %v", err)
	}
}

// makeGroup makes a group that may use a fifth of a core, in all trees that have to do with CPU time.
func makeGroup(t *testing.T, name string) (dirs []string) {
	t.Helper()
	for _, g := range []struct{ tree, file, text string }{
		{"/sys/fs/cgroup/cpu,cpuacct", "cpu.cfs_quota_us", "20000"}, {"/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "20000"},
		{"/sys/fs/cgroup/cpuacct", "", ""}, {"/sys/fs/cgroup", "cpu.max", "20000 100000"},
	} {
		dir := filepath.Join(g.tree, name)
		if _, err := os.Stat(filepath.Join(g.tree, "cgroup.procs")); err != nil {
			continue
		}
		if err := os.Mkdir(dir, 0o755); errors.Is(err, fs.ErrExist) {
			continue // cpu and cpuacct are links to the same tree
		} else if err != nil {
			t.Skipf("no right to make a cgroup: %v", err)
		}
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Error(err)
			}
		})
		dirs = append(dirs, dir)
		if g.file == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, g.file), []byte(g.text), 0o644); err != nil {
			t.Skipf("no right to limit a cgroup: %v", err)
		}
	}
	if len(dirs) == 0 {
		t.Skip("no cgroups are mounted")
	}
	return dirs
}
