package monitor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/monitor"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// A process that gets the number of one that has ended is another process: it is not read. The test has a number used again
// in a namespace of its own.
func TestNumberThatIsUsedAgain(t *testing.T) {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), asRole+"=reuse")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	out, err := c.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("no right to make a namespace")
	}
	switch text := strings.TrimSpace(string(out)); {
	case strings.HasPrefix(text, "skip: "):
		t.Skip(text)
	case err != nil || text != "its processes have ended":
		t.Errorf("%v: %s", err, text)
	}
}

// reuse watches a process, lets another one have its number, and prints why nothing more is read.
func reuse() {
	err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	if err == nil {
		err = syscall.Mount("proc", "/proc", "proc", 0, "")
	}
	if err != nil {
		fmt.Println("skip:", err)
		return
	}
	first := exec.Command("sleep", "60")
	if err := first.Start(); err != nil {
		panic(err)
	}
	pid := first.Process.Pid
	s := monitor.New(context.Background(), monitor.Config{Every: 50 * time.Millisecond})
	defer s.Close()
	s.AddProcesses(result.OfSystem, monitor.Which{PID: pid}, 0)
	s.Edge(0)
	until(func() bool { return s.Latest()["system.rss_bytes"] > 0 })
	_ = first.Process.Kill() // it lives
	_ = first.Wait()         // it was killed
	second := again(pid)
	if second == nil {
		fmt.Println("skip: the number was not given again")
		return
	}
	time.Sleep(seekAgain) // so that it is looked for again
	_ = second.Process.Kill()
	_ = second.Wait() // as above
	w := s.Watch()
	if w.Mean["system.cpu_cores"] > 0.05 {
		fmt.Println("another process was read:", w.Mean)
		return
	}
	for _, a := range w.Absent {
		if a.Source == result.OfSystem && !isLate(a.Why) {
			fmt.Println(a.Why)
		}
	}
}

// seekAgain is longer than the time after which processes that have ended are looked for again.
const seekAgain = 6 * time.Second

// again starts a process that works, with a number; nil if it gets another one.
func again(pid int) *exec.Cmd {
	for range 20 {
		if os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(strconv.Itoa(pid-1)), 0o644) != nil { // of this namespace
			return nil
		}
		c := exec.Command("sh", "-c", "while :; do :; done")
		if c.Start() != nil {
			return nil
		}
		if c.Process.Pid == pid {
			return c
		}
		_ = c.Process.Kill()
		_ = c.Wait() // it was killed
	}
	return nil
}

func until(ok func() bool) {
	for deadline := time.Now().Add(20 * time.Second); !ok() && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
	}
}
