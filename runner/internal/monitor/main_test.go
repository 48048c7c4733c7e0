package monitor_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/monitor"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// asRole is the variable that makes the test binary another program: a sleeper, or the parent of many.
const asRole = "MONITOR_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(asRole); role {
	case "":
		os.Exit(m.Run())
	case "sleeper":
		_, _ = io.Copy(io.Discard, os.Stdin) // until its parent ends
	case "watcher": // of the process that its argument names
		watchAndTell()
	case "reuse":
		reuse()
	default:
		n, _ := strconv.Atoi(role)
		for range n {
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), asRole+"=sleeper")
			if _, err := c.StdinPipe(); err != nil {
				panic(err)
			}
			if err := c.Start(); err != nil {
				panic(err)
			}
		}
		fmt.Println("ready")
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
}

// family starts a process with n children, which end with the test.
func family(tb testing.TB, n int) *exec.Cmd {
	tb.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), asRole+"="+strconv.Itoa(n))
	in, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err1 != nil || err2 != nil {
		tb.Fatal(err1, err2)
	}
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = in.Close(); _ = c.Wait() }) // its status does not matter
	if !bufio.NewScanner(out).Scan() {
		tb.Fatal("the family did not start")
	}
	return c
}

// watchAndTell watches a process for a while and prints what was read.
func watchAndTell() {
	pid, _ := strconv.Atoi(os.Args[1])
	s := monitor.New(context.Background(), monitor.Config{Every: 100 * time.Millisecond})
	s.AddProcesses(result.OfSystem, monitor.Which{PID: pid}, 0)
	s.AddMachine("/")
	s.Edge(0)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if w := s.Watch(); w.Mean["system.cpu_cores"] > 0 && w.Mean["machine.cpu_share"] > 0 {
			break
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(s.Watch()); err != nil {
		panic(err)
	}
	s.Close()
}
