//go:build kubernetes

package kubernetes_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/testdata/kubernetes"
)

var (
	faults = flag.Int("faults", 5, "how many loads are disturbed at a random moment")
	seed   = flag.Uint64("seed", 0, "of the random moments; 0 for a new one")
)

// fault is something that happens to a load.
type fault struct {
	name  string
	loses bool // a shard for sure, if the load has not ended
	do    func(t *testing.T, a *load, index int)
}

// testFaults disturbs loads at random moments. Each ends as a whole run or as one that could not be measured, never in between, and
// no pod goes on.
func (l *lab) testFaults(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	chance := rand.New(rand.NewPCG(*seed, 0))
	all := []fault{
		{"a pod is killed", true, func(t *testing.T, a *load, index int) { a.kill(t, index) }},
		{"a pod is deleted", true, func(t *testing.T, _ *load, index int) {
			l.Kubectl(t, "delete", "pod", "--wait=false", "-l", fmt.Sprintf("batch.kubernetes.io/job-completion-index=%d", index))
		}},
		{"a pod runs out of memory", true, func(t *testing.T, a *load, index int) { a.exhaust(t, index) }},
		{"the kubelet stops", false, func(t *testing.T, _ *load, _ int) { l.stopKubelet(t) }},
		{"the database restarts", false, func(t *testing.T, _ *load, _ int) {
			l.server.Restart(t, pgtest.Options{})
			l.database.leadTo(t, l.server.URL())
		}},
	}
	for i := range *faults {
		f := all[i%len(all)]
		t.Run(fmt.Sprintf("%d %s", i+1, f.name), func(t *testing.T) {
			if !l.Own && i%len(all) != 1 && i%len(all) != 4 {
				t.Skip("this needs a cluster that the test has started")
			}
			a := l.start(t, plan{l.target.url, 400, 12})
			a.begun(t)
			moment := time.Duration(chance.Int64N(int64(8 * time.Second))) // four seconds are left for a slow machine
			time.Sleep(moment)
			index := chance.IntN(shards)
			f.do(t, a, index)
			t.Logf("%s %.1f s after the load began (-seed %d)", f.name, moment.Seconds(), *seed)
			status, output := a.judge(t)
			r := a.honest(t, status, output)
			if name := fmt.Sprintf("shard %d of %d ", index+1, shards); f.loses && (r != nil || !strings.Contains(output, name)) {
				t.Errorf("%swas lost, and the gate does not say so\n%s", name, output)
			}
			a.gone(t)
			if f.loses {
				l.Kubectl(t, "wait", "--for=condition=failed", "job/plimsoll", "--timeout=120s")
				t.Logf("the Job failed with the reason %s", l.jobReason(t))
			}
		})
	}
}

// process is the process of a shard, counted from 0.
func (a *load) process(t *testing.T, index int) int {
	t.Helper()
	found, err := kubernetes.Containers("MEETING="+a.meeting, fmt.Sprintf("JOB_COMPLETION_INDEX=%d", index))
	if err != nil || len(found) != 1 {
		t.Fatalf("shard %d has the processes %v: %v", index+1, found, err)
	}
	return found[0]
}

func (a *load) kill(t *testing.T, index int) {
	t.Helper()
	if err := syscall.Kill(a.process(t, index), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// exhaust uses the memory of a shard's container up. The kernel is told to take the shard first.
func (a *load) exhaust(t *testing.T, index int) {
	t.Helper()
	pid := a.process(t, index)
	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		t.Fatal(err)
	}
	group := ""
	for line := range strings.Lines(string(groups)) {
		if parts := strings.SplitN(strings.TrimSpace(line), ":", 3); len(parts) == 3 && parts[1] == "memory" {
			group = "/sys/fs/cgroup/memory" + parts[2]
		}
	}
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte("1000"), 0o644); err != nil {
		t.Fatal(err)
	}
	hog := exec.Command("sh", "-c", `echo $$ >"$1/cgroup.procs" && head -c 400m /dev/zero | tail >/dev/null`, "hog", group)
	if err := hog.Start(); err != nil {
		t.Fatal(err)
	}
	overdue := time.AfterFunc(time.Minute, func() { _ = hog.Process.Kill() })
	defer overdue.Stop()
	_ = hog.Wait() // it is killed too, or ends; what became of the shard is what counts
	eventually(t, "the shard is killed", func() bool {
		return syscall.Kill(pid, 0) != nil
	})
}

// stopKubelet stops the kubelet until the test ends.
func (l *lab) stopKubelet(t *testing.T) {
	t.Helper()
	pid, err := l.Kubelet()
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
}
