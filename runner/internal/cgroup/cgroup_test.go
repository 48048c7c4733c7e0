package cgroup_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/plimsoll-ci/plimsoll/runner/internal/cgroup"
)

// machine makes a file system out of pairs of a path and a content.
func machine(files ...string) fstest.MapFS {
	root := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		root[files[i]] = &fstest.MapFile{Data: []byte(files[i+1] + "\n")}
	}
	return root
}

const (
	two    = "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate"
	cpu1   = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct"
	mem1   = "33 31 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
	own    = "proc/self/cgroup"
	mounts = "proc/self/mountinfo"
)

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		root fstest.MapFS
		want cgroup.Limits
	}{
		"no Linux": {machine(), cgroup.Limits{}},
		"v2": {
			machine(own, "0::/a", mounts, two, "sys/fs/cgroup/a/cpu.max", "20000 100000", "sys/fs/cgroup/a/memory.max", "536870912"),
			cgroup.Limits{CPU: 0.2, Memory: 512 << 20},
		},
		"v2, no limit": {
			machine(own, "0::/", mounts, two, "sys/fs/cgroup/cpu.max", "max 100000", "sys/fs/cgroup/memory.max", "max"), cgroup.Limits{},
		},
		"v2, in a container with a namespace": {
			machine(own, "0::/", mounts, two, "sys/fs/cgroup/cpu.max", "150000 100000"), cgroup.Limits{CPU: 1.5},
		},
		"v2, the smallest up the tree": {
			machine(own, "0::/pod/box/app", mounts, two, "sys/fs/cgroup/pod/cpu.max", "50000 100000", "sys/fs/cgroup/pod/box/cpu.max", "100000 100000",
				"sys/fs/cgroup/pod/box/app/cpu.max", "max 100000", "sys/fs/cgroup/pod/memory.max", "2097152", "sys/fs/cgroup/pod/box/memory.max", "1048576"),
			cgroup.Limits{CPU: 0.5, Memory: 1 << 20},
		},
		"v2, a group beside the namespace": {
			machine(own, "0::/../other", mounts, two, "sys/fs/cgroup/cpu.max", "30000 100000", "sys/fs/cgroup/other/cpu.max", "10000 100000"),
			cgroup.Limits{CPU: 0.3},
		},
		"v1": {
			machine(own, "4:memory:/a\n1:cpu,cpuacct:/a/b\n0::/", mounts, cpu1+"\n"+mem1, "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "50000",
				"sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000", "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1073741824"),
			cgroup.Limits{CPU: 0.5, Memory: 1 << 30},
		},
		"v1, no limit": {
			machine(own, "4:memory:/\n1:cpu,cpuacct:/", mounts, cpu1+"\n"+mem1, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1",
				"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000", "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712"),
			cgroup.Limits{},
		},
		"v1, the container's part of the tree is mounted": {
			machine(own, "1:cpu,cpuacct:/docker/4f2c", mounts, strings.Replace(cpu1, " / ", " /docker/4f2c ", 1),
				"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "20000", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000"),
			cgroup.Limits{CPU: 0.2},
		},
		"v1, memory of a group above that cannot be seen": {
			machine(own, "4:memory:/", mounts, mem1, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712",
				"sys/fs/cgroup/memory/memory.stat", "cache 1\nhierarchical_memory_limit 4194304\nhierarchical_memsw_limit 1"),
			cgroup.Limits{Memory: 4 << 20},
		},
		"both versions": {
			machine(own, "1:cpu,cpuacct:/a\n0::/b", mounts, cpu1+"\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
				"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "150000", "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000",
				"sys/fs/cgroup/unified/b/memory.max", "1048576"),
			cgroup.Limits{CPU: 1.5, Memory: 1 << 20},
		},
		"a mount point with a space": {
			machine(own, "0::/", mounts, `31 23 0:28 / /sys/fs/c\040group rw - cgroup2 cgroup2 rw`, "sys/fs/c group/cpu.max", "10000 100000"),
			cgroup.Limits{CPU: 0.1},
		},
		"nonsense": {
			machine(own, "x\n0::/", mounts, "a b - \n"+two, "sys/fs/cgroup/cpu.max", "0 0", "sys/fs/cgroup/memory.max", "-5"), cgroup.Limits{},
		},
	} {
		if got := cgroup.Read(c.root); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// On any real machine the limits can be read, and make sense.
func TestReadHere(t *testing.T) {
	if l := cgroup.Read(os.DirFS("/")); l.CPU < 0 || l.Memory < 0 {
		t.Errorf("%+v", l)
	}
}
