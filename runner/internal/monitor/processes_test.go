package monitor_test

import (
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/monitor"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// child starts a shell that works as a script says, and ends it with the test.
func child(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	c := exec.Command("sh", "-c", script)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	return c
}

// watchFor reads a round until a figure is there.
func watchFor(t *testing.T, s *monitor.Sampler, figure string) *result.Watch {
	t.Helper()
	s.Edge(0)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if w := s.Watch(); w.Mean[figure] > 0 {
			return w
		}
	}
	w := s.Watch()
	t.Fatalf("no %s in %v, absent %v", figure, w.Mean, w.Absent)
	return nil
}

// A child that works is read with the machine and this program. What was read is a valid part of a result.
func TestRealProcesses(t *testing.T) {
	busy := child(t, "while :; do :; done")
	s := monitor.New(t.Context(), monitor.Config{Every: 200 * time.Millisecond})
	defer s.Close()
	s.AddProcesses(result.OfSystem, monitor.Which{PID: busy.Process.Pid}, 0)
	s.AddMachine(".")
	s.AddGenerator()
	w := watchFor(t, s, "system.cpu_cores")
	for _, figure := range []string{"system.rss_bytes", "system.processes", "machine.cpu_share", "machine.memory_used_bytes", "generator.rss_bytes"} {
		if !(w.Mean[figure] > 0) {
			t.Errorf("%s is %g", figure, w.Mean[figure])
		}
	}
	if w.Mean["system.cpu_cores"] > 1.5 || w.Mean["machine.cpu_share"] > 1 {
		t.Errorf("mean %v", w.Mean)
	}
}

// A process that ends is named from then on, and is no zero. A pid that is not there is named at once.
func TestProcessesThatEnd(t *testing.T) {
	short := child(t, "while :; do :; done")
	gone := child(t, "exit 0")
	_ = gone.Wait()
	s := monitor.New(t.Context(), monitor.Config{Every: 50 * time.Millisecond})
	defer s.Close()
	s.AddProcesses("system", monitor.Which{PID: short.Process.Pid}, 0)
	s.AddProcesses("gone", monitor.Which{PID: gone.Process.Pid}, 0)
	s.AddProcesses("nobody", monitor.Which{Port: freePort(t)}, 0)
	s.AddProcesses("nowhere", monitor.Which{Cgroup: "/plimsoll-no-such-group"}, 0)
	watchFor(t, s, "system.rss_bytes")
	_ = short.Process.Kill()
	_ = short.Wait()
	want := []string{"system", "gone", "nobody", "nowhere"}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		w := s.Watch()
		named := 0
		for _, subject := range want {
			for _, a := range w.Absent {
				if a.Source == subject {
					named++
					break
				}
			}
		}
		if named == len(want) {
			for name := range w.Mean {
				if !strings.HasPrefix(name, "system.") {
					t.Errorf("%s was read", name)
				}
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("absent %v", w.Absent)
		}
	}
}

// A guard is no part of what it guards.
func TestGuardDoesNotCount(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	child(t, "while :; do sleep 0.05; done")
	s := monitor.New(t.Context(), monitor.Config{Every: 100 * time.Millisecond})
	defer s.Close()
	s.AddProcesses("all", monitor.Which{PID: os.Getpid()}, 0)
	s.AddProcesses("guarded", monitor.Which{PID: os.Getpid()}, os.Getpid())
	w := watchFor(t, s, "guarded.rss_bytes")
	if all := watchFor(t, s, "all.rss_bytes"); w.Mean["guarded.rss_bytes"] >= all.Mean["all.rss_bytes"]/2 {
		t.Errorf("%g bytes of %g", w.Mean["guarded.rss_bytes"], all.Mean["all.rss_bytes"])
	}
}

// The processes of a port are found, even if they come later.
func TestPortIsFound(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := monitor.New(t.Context(), monitor.Config{Every: 100 * time.Millisecond})
	defer s.Close()
	s.AddProcesses("db", monitor.Which{Port: l.Addr().(*net.TCPAddr).Port}, 0)
	watchFor(t, s, "db.rss_bytes")
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
