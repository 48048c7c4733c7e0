//go:build real

package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// doubling are the steps of the lab.
var doubling = []int{1, 2, 4, 8, 16, 32, 64}

// TestRealFaults loads each fault of the lab twice, on one core and on all, beside a program that uses one core up. A
// quota and a disk are not what a system stops at that hardly gets a core, so that those have all cores.
func TestRealFaults(t *testing.T) {
	cpu := right{kind: bottleneck.CPU, grade: bottleneck.Shown}
	waiting := func(what string, least, most float64) right {
		return right{bottleneck.Waiting, bottleneck.Inferred, what, least, most}
	}
	const all = ""
	both := [2]string{"taskset -c 0 ", all}
	for _, c := range []struct {
		fault  string
		cores  [2]string
		rights []right
	}{
		{"cpu", both, []right{cpu}},
		{"spin", both, []right{cpu, {kind: bottleneck.OneThread, grade: bottleneck.Inferred, least: 0.8, most: 1.6}}},
		{"lock", both, []right{waiting("", 0.7, 1.7)}},
		{"pool", both, []right{waiting("", 5.5, 11)}},
		{"downstream", both, []right{waiting("127.0.0.1:", 5.5, 11)}},
		{"wait", both, []right{{kind: bottleneck.None, grade: bottleneck.Shown}}},
		{"quota", [2]string{all, all}, []right{{kind: bottleneck.CPUQuota, grade: bottleneck.Shown}}},
		{"fsync", [2]string{all, all}, []right{{kind: bottleneck.Disk, grade: bottleneck.Shown}}},
		{"garbage", both, []right{cpu}},
		{"backlog", both, []right{{kind: bottleneck.AcceptQueue, grade: bottleneck.Shown}}},
	} {
		for _, cores := range c.cores {
			t.Run(c.fault+" "+cores, func(t *testing.T) {
				args := fmt.Sprintf("-address 127.0.0.1:${port} -fault %s", c.fault)
				prefix := ""
				switch c.fault {
				case "downstream":
					port, err := runner.FreePort()
					if err != nil {
						t.Fatal(err)
					}
					other := fmt.Sprintf("127.0.0.1:%d", port)
					start(t, "-fault", "wait", "-address", other)
					args += " -downstream " + other
				case "fsync":
					args += " -dir " + t.TempDir()
				case "quota":
					prefix = fmt.Sprintf("echo $$ > %s/cgroup.procs && exec ", halfACore(t))
					args = "-address 127.0.0.1:${port} -fault cpu"
				}
				tr := trial{command: prefix + cores + built(t) + " " + args, users: doubling, each: 2 * time.Second}
				tr.mustFind(t, c.rights...)
			})
		}
	}
}

// mustFind is finds for a machine that has time.
func (tr trial) mustFind(t *testing.T, rights ...right) *result.Result {
	t.Helper()
	r := tr.finds(t, rights...)
	if r == nil {
		t.Fatalf("nothing was found in %d runs, want one of %+v", tries, rights)
	}
	return r
}

// halfACore makes a group of processes with a quota of half a core.
func halfACore(t *testing.T) string {
	t.Helper()
	dir := "/sys/fs/cgroup/cpu"
	group := filepath.Join(dir, fmt.Sprintf("plimsoll-faults-%d", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Skipf("a quota of the CPU cannot be set here: %v", err)
	}
	t.Cleanup(func() {
		for range 50 { // its processes have just been ended
			if os.Remove(group) == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Errorf("%s is still there", group)
	})
	for name, text := range map[string]string{"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "50000"} {
		if err := os.WriteFile(filepath.Join(group, name), []byte(text), 0o600); err != nil {
			t.Skipf("a quota of the CPU cannot be set here: %v", err)
		}
	}
	return group
}
