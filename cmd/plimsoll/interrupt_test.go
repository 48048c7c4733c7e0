package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// TestInterrupt sends one interrupt during a run, which keeps its whole rounds.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send another an interrupt there")
	}
	bin, dir := buildPrograms(t), t.TempDir()
	profile := strings.Replace(readFile(t, "testdata/script/shop.yaml"), "run_time: 1500ms", "run_time: 120s", 1)
	if err := os.WriteFile(filepath.Join(dir, "plimsoll.yaml"), []byte(profile), 0o644); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "result.json"), "of an older run")
	command := exec.Command(filepath.Join(bin, "plimsoll"), "run")
	command.Dir = dir
	command.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	var stdout strings.Builder
	stderr := &trigger{on: "round 1", do: func() { _ = command.Process.Signal(os.Interrupt) }} // seen by the exit status
	command.Stdout, command.Stderr = &stdout, stderr
	err := command.Run()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != exit.Trouble {
		t.Errorf("interrupted, it ends with %v, want exit status 3", err)
	}
	if want := "interrupted before the end of the run: 0 of 3 rounds are whole"; !strings.Contains(stderr.text.String(), want) {
		t.Errorf("stderr lacks %q:\n%s", want, stderr.text.String())
	}
	if text := readFile(t, filepath.Join(dir, "result.json")); text != "of an older run" {
		t.Errorf("an interrupted run has overwritten the result of an older one: %.200s", text)
	}
	r, err := readResult(filepath.Join(dir, "result-partial.json"))
	if err != nil || r.Whole() || len(r.Problems) != 1 {
		t.Fatalf("the result: %v, %+v", err, r)
	}
	if r.Watch == nil || !(r.Watch.Mean["machine.memory_used_bytes"] > 0) {
		t.Errorf("what was read until then is lost: %+v", r.Watch)
	}
}

// TestInterruptMonitor sends one interrupt to a monitor that would watch for ever. What was read is printed and written.
func TestInterruptMonitor(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send another an interrupt there")
	}
	bin, out := buildPrograms(t), filepath.Join(t.TempDir(), "watch.json")
	command := exec.Command(filepath.Join(bin, "plimsoll"), "monitor", "--every", "200ms", "--out", out)
	var stdout strings.Builder
	stderr := &trigger{on: "memory", do: func() { _ = command.Process.Signal(os.Interrupt) }} // seen by its end
	command.Stdout, command.Stderr = &stdout, stderr
	if err := command.Run(); err != nil {
		t.Errorf("%v\n%s", err, stderr.text.String())
	}
	if !strings.Contains(stdout.String(), "\n- Memory: ") {
		t.Errorf("stdout:\n%s", stdout.String())
	}
	var w result.Watch
	if err := json.Unmarshal([]byte(readFile(t, out)), &w); err != nil || !(w.Mean["machine.memory_used_bytes"] > 0) || len(w.Timeline) == 0 {
		t.Errorf("%v, %+v", err, w)
	}
}

// TestInterruptImport sends one interrupt to an import that reads a pipe. It ends, and writes nothing.
func TestInterruptImport(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send another an interrupt there")
	}
	bin, dir := buildPrograms(t), t.TempDir()
	command := exec.Command(filepath.Join(bin, "plimsoll"), "import", "jmeter", "/dev/stdin")
	command.Dir = dir
	var stderr strings.Builder
	command.Stderr = &stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(in, "timeStamp,elapsed,label,responseCode,success\n"+strings.Repeat("1767225600000,10,a,200,true\n", 100_000)) // more than a pipe holds
	err = errors.Join(err, command.Process.Signal(os.Interrupt))
	began := time.Now()
	ended := command.Wait()
	if command.ProcessState.ExitCode() != exit.Trouble || time.Since(began) > 20*time.Second {
		t.Errorf("interrupted, it ends with %v after %v, want exit status 3; %v", ended, time.Since(began), err)
	}
	if want := "import /dev/stdin: interrupted before the end of what is to be read; nothing was written"; !strings.Contains(stderr.String(), want) {
		t.Errorf("stderr lacks %q:\n%s", want, stderr.String())
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("it has left %v, %v", files, err)
	}
}

// TestInterruptPaired sends one interrupt during a paired gate. It keeps the whole pairs, removes the
// checkout of base and judges nothing.
func TestInterruptPaired(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send another an interrupt there")
	}
	bin, dir, temp := buildPrograms(t), t.TempDir(), t.TempDir()
	profile := strings.Replace(readFile(t, "testdata/script/shop.yaml"), "run_time: 1500ms", "run_time: 120s", 1)
	if err := os.WriteFile(filepath.Join(dir, "plimsoll.yaml"), []byte(profile), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x"}} {
		git := exec.Command("git", args...)
		git.Dir = dir
		if output, err := git.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, output)
		}
	}
	command := exec.Command(filepath.Join(bin, "plimsoll"), "gate", "--against", "HEAD")
	command.Dir = dir
	command.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"), "TMPDIR="+temp)
	stderr := &trigger{on: "  pair ", do: func() { _ = command.Process.Signal(os.Interrupt) }} // seen by the exit status
	command.Stderr = stderr
	err := command.Run()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != exit.Trouble {
		t.Errorf("interrupted, it ends with %v, want exit status 3:\n%s", err, stderr.text.String())
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	for _, file := range []string{"result-partial.json", "result-partial-base.json"} {
		if r, err := readResult(filepath.Join(dir, file)); err != nil || r.Whole() {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// trigger collects what is written, and calls do once when it contains on.
type trigger struct {
	on   string
	do   func()
	text strings.Builder
	once sync.Once
}

func (w *trigger) Write(p []byte) (int, error) {
	w.text.Write(p)
	if strings.Contains(w.text.String(), w.on) {
		w.once.Do(w.do)
	}
	return len(p), nil
}
