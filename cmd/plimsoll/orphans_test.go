//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// escaping is a profile whose system is started behind a shell, beside processes that try to get away.
const escaping = `name: escaping
target:
  url: http://127.0.0.1:${port}
  start:
    command: (setsid sh -c 'trap "" TERM HUP; sleep 300; sleep 300' &) ; nohup sleep 300 >/dev/null & shop -addr 127.0.0.1:${port}; echo ended
    ready: {http: GET /health}
    stop_within: 300ms
load: {users: 2, run_time: 120s, warm_up: 0s}
users: [{name: one, wait: 10ms, tasks: [{http: GET /health}]}]
`

// TestNothingSurvives ends plimsoll run in every possible way, with the system up and at random moments.
func TestNothingSurvives(t *testing.T) {
	bin := buildPrograms(t)
	for name, end := range map[string]func(p *os.Process) error{
		"SIGHUP":     func(p *os.Process) error { return p.Signal(syscall.SIGHUP) },
		"SIGTERM":    func(p *os.Process) error { return p.Signal(syscall.SIGTERM) },
		"SIGKILL":    func(p *os.Process) error { return p.Kill() },
		"SIGQUIT":    func(p *os.Process) error { return p.Signal(syscall.SIGQUIT) },
		"SIGABRT":    func(p *os.Process) error { return p.Signal(syscall.SIGABRT) },
		"interrupts": func(p *os.Process) error { _ = p.Signal(os.Interrupt); return p.Signal(os.Interrupt) },
	} {
		t.Run(name, func(t *testing.T) {
			command, mark := escape(t, bin)
			command.Stderr = &trigger{on: "round 1", do: func() { _ = end(command.Process) }} // seen by what follows
			_ = command.Run()
			vanishes(t, mark)
		})
	}
	for i := range 5 {
		t.Run(fmt.Sprint("early ", i), func(t *testing.T) {
			command, mark := escape(t, bin)
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
			if err := command.Process.Kill(); err != nil {
				t.Error(err)
			}
			_ = command.Wait() // it was killed
			vanishes(t, mark)
		})
	}
}

// TestClosedPipe closes the readers of both streams. The run goes on, keeps its result and exits 0.
func TestClosedPipe(t *testing.T) {
	command, mark := escape(t, buildPrograms(t))
	profile := strings.Replace(escaping, "run_time: 120s", "run_time: 300ms, rounds: 1", 1)
	profile = strings.Replace(profile, `trap "" TERM HUP; `, "", 1)
	writeFile(t, filepath.Join(command.Dir, "plimsoll.yaml"), profile)
	var readers []io.Closer
	for _, pipe := range []func() (io.ReadCloser, error){command.StdoutPipe, command.StderrPipe} {
		r, err := pipe()
		if err != nil {
			t.Fatal(err)
		}
		readers = append(readers, r)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	for _, r := range readers {
		_ = r.Close()
	}
	_ = command.Wait() // status 3 if this machine is too busy
	vanishes(t, mark)
	if _, err := readResult(filepath.Join(command.Dir, "result.json")); err != nil {
		t.Error(err)
	}
}

// escape prepares a run whose processes have a mark in their environment.
func escape(t *testing.T, bin string) (command *exec.Cmd, mark string) {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "plimsoll.yaml"), escaping)
	mark = fmt.Sprintf("MARK=%s.%d", t.Name(), time.Now().UnixNano())
	command = exec.Command(filepath.Join(bin, "plimsoll"), "run", "-v")
	command.Dir = dir
	command.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"), mark)
	return command, mark
}

// vanishes waits until no process has the mark.
func vanishes(t *testing.T, mark string) {
	t.Helper()
	var left []string
	for range 1500 {
		left = nil
		files, _ := filepath.Glob("/proc/[0-9]*/environ") // no error: the pattern is good
		for _, file := range files {
			if text, err := os.ReadFile(file); err == nil && bytes.Contains(text, []byte(mark)) {
				left = append(left, filepath.Dir(file))
			}
		}
		if len(left) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	for _, process := range left {
		line, _ := os.ReadFile(filepath.Join(process, "cmdline"))
		t.Errorf("%s is left: %q", process, line)
		if pid, err := strconv.Atoi(filepath.Base(process)); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may end by itself
		}
	}
}
