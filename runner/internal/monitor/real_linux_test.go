package monitor_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/monitor"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// limited makes a cgroup with a fifth of a core and so much memory, in version 1 or 2, and removes it with the test.
func limited(t *testing.T, memory int) (name string, join func(pid int)) {
	t.Helper()
	name = fmt.Sprintf("plimsoll-monitor-%d", os.Getpid())
	var dirs []string
	for _, g := range []struct{ tree, file, text string }{
		{"cpu", "cpu.cfs_quota_us", "20000"}, {"cpuacct", "", ""}, {"memory", "memory.limit_in_bytes", strconv.Itoa(memory)},
		{"", "cpu.max", "20000 100000"}, {"", "memory.max", strconv.Itoa(memory)},
	} {
		tree := filepath.Join("/sys/fs/cgroup", g.tree)
		if _, err := os.Stat(filepath.Join(tree, "cgroup.procs")); err != nil {
			continue
		}
		dir := filepath.Join(tree, name)
		if err := os.Mkdir(dir, 0o755); err == nil {
			dirs = append(dirs, dir)
			t.Cleanup(func() {
				for range 100 { // a process that has just ended may still be in it
					if err := os.Remove(dir); err == nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
				t.Error("a cgroup is left behind:", dir)
			})
		} else if !os.IsExist(err) {
			t.Skipf("no right to make a cgroup: %v", err)
		}
		if g.file != "" {
			if err := os.WriteFile(filepath.Join(dir, g.file), []byte(g.text), 0o644); err != nil {
				t.Skipf("no right to limit a cgroup: %v", err)
			}
		}
	}
	if len(dirs) == 0 {
		t.Skip("no cgroups are mounted")
	}
	return name, func(pid int) {
		for _, dir := range dirs {
			if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A system in a cgroup of its own has the group's limits: half of what it may use is half of its quota, not of the machine.
// It is held back, and a process of it is ended for lack of memory.
func TestLimitedSystem(t *testing.T) {
	name, join := limited(t, 64<<20)
	c := exec.Command("sh", "-c", `read go; dd if=/dev/zero of=/dev/null bs=200M count=1; while :; do :; done`)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := func() { _ = c.Process.Kill(); _ = c.Wait() } // before the group is removed
	defer ended()
	join(c.Process.Pid)
	s := monitor.New(t.Context(), monitor.Config{Every: 100 * time.Millisecond})
	defer s.Close()
	s.AddProcesses(result.OfSystem, monitor.Which{PID: c.Process.Pid}, 0)
	s.AddProcesses("group", monitor.Which{Cgroup: "/" + name}, 0)
	s.Edge(0)
	s.Settle(time.Second)
	if _, err := in.Write([]byte("go\n")); err != nil {
		t.Fatal(err)
	}
	watchFor(t, s, "system.oom_kills_per_sec")
	watchFor(t, s, "group.throttled_share")
	w := watchFor(t, s, "system.throttled_share")
	for figure, want := range map[string]float64{
		"system.quota_cores": 0.2, "system.cpu_capacity": 0.2, "system.quota_shared": 0, "system.memory_limit_bytes": 64 << 20,
		"group.quota_cores": 0.2, "group.cpu_capacity": 0.2, "group.memory_limit_bytes": 64 << 20,
	} {
		if got, read := w.Mean[figure]; !read || math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %g, want %g", figure, got, want)
		}
	}
	if used, share := w.Mean["system.cpu_cores"], w.Mean["system.cpu_share"]; math.Abs(share-used/0.2) > 0.1*share {
		t.Errorf("%g cores are %g of 0.2", used, share)
	}
}

// In a cgroup that this program shares, a process killed for lack of memory may not belong to the system, so the kill is
// not counted.
func TestSharedGroup(t *testing.T) {
	s := monitor.New(t.Context(), monitor.Config{Every: 50 * time.Millisecond})
	defer s.Close()
	s.AddProcesses(result.OfSystem, monitor.Which{PID: family(t, 1).Process.Pid}, 0)
	s.Edge(0)
	s.Settle(time.Second)
	watchFor(t, s, "system.rss_bytes")
	s.Edge(0)
	time.Sleep(200 * time.Millisecond) // a few readings
	w := watchFor(t, s, "system.rss_bytes")
	for _, figure := range []string{result.OOMKills, result.MemoryAtLimit} {
		name := result.Reading(result.OfSystem, figure)
		if got, read := w.Mean[name]; read {
			t.Errorf("%s is %g of a group that both share", name, got)
		}
	}
}

// docker puts a program of that name first on PATH.
func docker(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// A container is found by the process that docker tells, and read with its children. Where docker tells none, its reason is
// told. A stand-in answers as docker 28 does.
func TestContainer(t *testing.T) {
	c := family(t, 1)
	docker(t, fmt.Sprintf(`[ "$*" = "inspect --type container -f {{.State.Pid}} -- api" ] && echo %d`, c.Process.Pid))
	s := monitor.New(t.Context(), monitor.Config{Every: 50 * time.Millisecond})
	defer s.Close()
	s.AddProcesses("system", monitor.Which{Container: "api"}, 0)
	watchFor(t, s, "system.rss_bytes")
	for deadline := time.Now().Add(20 * time.Second); s.Latest()["system.processes"] != 2; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%v", s.Latest())
		}
	}
	for script, want := range map[string]string{
		"echo 0": "the container api does not run",
		"echo 'Error: No such container: api' >&2; exit 1": "docker inspect api: Error: No such container: api",
		"printf 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\nmore\n' >&2; exit 1": "docker inspect api: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
		"echo '<no value>'": "docker inspect api: it told no process",
		"echo -5":           "docker inspect api: it told no process",
		"exit 3":            "docker inspect api: exit status 3",
	} {
		docker(t, script)
		if got := why(t, monitor.Which{Container: "api"}); got != want {
			t.Errorf("%s: %q, want %q", script, got, want)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if got := why(t, monitor.Which{Container: "api"}); !strings.Contains(got, "docker") || !strings.Contains(got, "not found") {
		t.Errorf("without docker: %q", got)
	}
}

// What is not there is named, by the same reason in each reading: that of the last search.
func TestNotThere(t *testing.T) {
	const nowhere = "/plimsoll-no-such-group"
	port := freePort(t)
	for want, which := range map[string]monitor.Which{
		"there is no process 2147483647":                   {PID: math.MaxInt32},
		fmt.Sprintf("no process listens on port %d", port): {Port: port},
		"there is no cgroup " + nowhere:                    {Cgroup: nowhere},
	} {
		s := monitor.New(t.Context(), monitor.Config{Every: 20 * time.Millisecond})
		s.AddProcesses("system", which, 0)
		s.Edge(0)
		named := func() bool { return slices.Contains(s.Watch().Absent, result.Absent{Source: "system", Why: want}) }
		for deadline := time.Now().Add(20 * time.Second); !named() && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(200 * time.Millisecond) // ten readings more
		if !named() {
			t.Errorf("%v does not name %s", s.Watch().Absent, want)
		}
		for _, a := range s.Watch().Absent {
			if a.Source != "system" || a.Why != want && !isLate(a.Why) {
				t.Errorf("%v, want %s", a, want)
			}
		}
		s.Close()
	}
}

// isLate reports whether a reason only says that this machine was too busy to read in time.
func isLate(why string) bool {
	return strings.Contains(why, "too late") || strings.Contains(why, "has not answered for")
}

// why reads a subject once, and returns why that was not possible.
func why(t *testing.T, which monitor.Which) string {
	t.Helper()
	s := monitor.New(t.Context(), monitor.Config{})
	defer s.Close()
	s.AddProcesses("system", which, 0)
	s.Edge(0)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		for _, a := range s.Watch().Absent {
			if a.Source == "system" && !isLate(a.Why) {
				return a.Why
			}
		}
	}
	t.Fatal("nothing is absent")
	return ""
}

// Of a system of another user CPU time and memory are read. What is not told is named and is no zero.
func TestSystemOfAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs the right to become another user")
	}
	busy := child(t, "while :; do :; done") // of root
	dir, err := os.MkdirTemp("", "plimsoll-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	program := filepath.Join(dir, "watcher")
	if out, err := exec.Command("cp", os.Args[0], program).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, strconv.Itoa(busy.Process.Pid))
	c.Env, c.Dir, c.Stderr = append(os.Environ(), asRole+"=watcher"), dir, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := c.Output()
	var w result.Watch
	if err := json.Unmarshal(out, &w); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, figure := range []string{"system.cpu_cores", "system.rss_bytes", "system.threads", "machine.cpu_share"} {
		if !(w.Mean[figure] > 0) {
			t.Errorf("%s is %g", figure, w.Mean[figure])
		}
	}
	for _, figure := range []string{"system.read_bytes_per_sec", "system.written_bytes_per_sec"} {
		if v, read := w.Mean[figure]; read {
			t.Errorf("%s is %g, though it cannot be read", figure, v)
		}
	}
	if text := fmt.Sprint(w.Absent); !strings.Contains(text, "{system io this user may not read it for 1 of 1 processes}") {
		t.Errorf("absent: %s", text)
	}
}

// A system that forks, leaves its parent and execs is followed. Its name may be anything.
func TestSystemThatChanges(t *testing.T) {
	odd := filepath.Join(t.TempDir(), "a) (b\n\x1bc")
	if out, err := exec.Command("cp", "/bin/sh", odd).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c := exec.Command("sh", "-c", `(setsid sh -c 'sleep 61 & sleep 62 & wait' & exec sleep 60) & read on; kill $!; read on; exec "$0" -c 'while :; do :; done'`, odd)
	in, err1 := c.StdinPipe()
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil || err1 != nil {
		t.Fatal(err, err1)
	}
	s := monitor.New(t.Context(), monitor.Config{Every: 100 * time.Millisecond})
	defer s.Close()
	var daemon int
	defer func() {
		_ = c.Process.Kill() // it lives
		_ = c.Wait()
		if daemon != 0 {
			_ = syscall.Kill(-daemon, syscall.SIGKILL) // the session that left
		}
	}()
	s.AddProcesses("system", monitor.Which{PID: c.Process.Pid}, 0)
	wait := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %v, %v", what, s.Latest(), s.Watch().Absent)
			}
		}
	}
	s.Edge(0)
	wait("with children", func() bool { return s.Latest()["system.processes"] == 5 })
	fmt.Fprintln(in)
	wait("with a daemon", func() bool { return s.Latest()["system.processes"] == 4 })
	out, err := exec.Command("sh", "-c", "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '^sleep 62' && cut -d' ' -f6 $p/stat; done").Output()
	if err != nil && len(out) == 0 {
		t.Fatal(err)
	}
	daemon, _ = strconv.Atoi(strings.Fields(string(out) + " 0")[0]) // its session
	fmt.Fprintln(in)
	wait("after an exec", func() bool {
		return s.Watch().Facts["system.busiest_thread"] == "a) (b  c" && s.Latest()["system.cpu_cores"] > 0
	})
	if now := s.Latest(); now["system.processes"] != 4 || now["system.restarts"] != 0 {
		t.Errorf("%v", now)
	}
}

// Processes that end while they are read are neither errors nor zeros, and their CPU time counts.
func TestProcessesThatVanish(t *testing.T) {
	c := child(t, "while :; do /bin/true; /bin/true & done")
	s := monitor.New(t.Context(), monitor.Config{Every: 20 * time.Millisecond})
	defer s.Close()
	s.AddProcesses("system", monitor.Which{PID: c.Process.Pid}, 0)
	s.Edge(0)
	time.Sleep(1500 * time.Millisecond)
	s.Edge(monitor.Pause)
	s.Settle(5 * time.Second)
	w := s.Watch()
	if !(w.Mean["system.cpu_cores"] > 0) || w.Mean["system.processes"] < 1 || w.Mean["system.rss_bytes"] < 1 {
		t.Errorf("%v", w.Mean)
	}
	for _, a := range w.Absent {
		if strings.Contains(a.Why, "no such") || a.Source == "system" && !isLate(a.Why) {
			t.Errorf("absent: %v", a)
		}
	}
}

// A clock that steps makes no impossible figure of a real system.
func TestClockThatStepsOverProcesses(t *testing.T) {
	c := child(t, "while :; do :; done")
	var step atomic.Int64
	s := monitor.New(t.Context(), monitor.Config{Every: 50 * time.Millisecond, Clock: func() time.Time { return time.Now().Add(time.Duration(step.Load())) }})
	defer s.Close()
	s.AddProcesses("system", monitor.Which{PID: c.Process.Pid}, 0)
	s.AddMachine(".")
	s.Edge(0)
	for _, to := range []time.Duration{0, -time.Hour, 10 * time.Minute, -24 * time.Hour, 0} {
		step.Store(int64(to))
		time.Sleep(300 * time.Millisecond)
	}
	w := s.Watch()
	for name, v := range w.Peak {
		switch {
		case v < 0 || math.IsNaN(v) || math.IsInf(v, 0):
			t.Errorf("%s is %g", name, v)
		case strings.HasSuffix(name, "_share") && v > 1.0001, name == "system.cpu_cores" && v > 4:
			t.Errorf("%s is %g", name, v)
		}
	}
	if _, read := w.Mean["system.rss_bytes"]; !read {
		t.Errorf("%v, absent %v", w.Mean, w.Absent)
	}
}
