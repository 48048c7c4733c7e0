package runner_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// hungry asks for one path, long enough for any limit.
const hungry = `
load: {users: 2, spawn_rate: 100, run_time: 60s}
monitor: {every: 200ms}
users: [{name: u, wait: 50ms, tasks: [{http: GET %s, name: health}]}]
limits: {abort: {%s}}`

// aborted runs a load that limits.abort must end, and compares the sentence.
func aborted(t *testing.T, target, path, limit, sentence string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	r, err := runner.Run(ctx, sideOf(t, "", target, fmt.Sprintf(hungry, path, limit)), runner.Config{})
	if err == nil || r == nil || len(r.Problems) != 1 || r.Problems[0].Kind != result.Aborted {
		t.Fatalf("%v, %+v", err, r)
	}
	if text := r.Problems[0].Text; !regexp.MustCompile(sentence).MatchString(text) {
		t.Errorf("%q does not match %q", text, sentence)
	}
	if r.Watch == nil || len(r.Watch.Mean) == 0 {
		t.Errorf("what was read until then is lost: %+v", r.Watch)
	}
}

// A service that eats its memory ends the run before the kernel ends the service.
func TestFullMemoryEndsTheRun(t *testing.T) {
	dir := filepath.Join("/sys/fs/cgroup/memory", "plimsoll-runner-"+strconv.Itoa(os.Getpid()))
	limit := "memory.limit_in_bytes"
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		dir, limit = filepath.Join("/sys/fs/cgroup", filepath.Base(dir)), "memory.max"
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("no right to make a cgroup: %v", err)
	}
	t.Cleanup(func() {
		for range 100 { // its processes may not have left yet
			if os.Remove(dir) == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Error("a cgroup is left behind:", dir)
	})
	if err := os.WriteFile(filepath.Join(dir, limit), []byte("400000000"), 0o644); err != nil {
		t.Skipf("no right to limit memory: %v", err)
	}
	target := strings.Replace(starting(t), "command: ", "command: echo $$ > "+dir+"/cgroup.procs && exec ", 1)
	aborted(t, target, "/eat", "memory: 60%", `rounds whole: [6-9]\d % of the memory that the system may use is used, and 60 % or more for \ds: limits.abort ends the run$`)
}

// A disk that fills ends the run. It is the disk of the working directory.
func TestFillingDiskEndsTheRun(t *testing.T) {
	target, _, _ := counting(t)
	dir := t.TempDir()
	if err := syscall.Mount("plimsoll", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("no right to mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	t.Chdir(dir)
	t.Cleanup(func() { _ = os.Remove(filepath.Join(dir, "log")) }) // with the mount
	full, stop := sync.WaitGroup{}, make(chan struct{})
	full.Go(func() { // something that logs a megabyte in each fifth of a second
		log, err := os.Create(filepath.Join(dir, "log"))
		if err != nil {
			t.Error(err)
			return
		}
		defer log.Close()
		for {
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Millisecond):
				_, _ = log.Write(make([]byte, 1<<20)) // until the disk is full
			}
		}
	})
	defer full.Wait()
	defer close(stop)
	aborted(t, target, "/health", "disk_free: 2TiB", `rounds whole: the disk has only \d+ MiB left, and less than 2048 GiB for \ds: limits.abort ends the run$`)
	aborted(t, target, "/health", "disk_free: 10MiB", `rounds whole: the disk has only \d+ MiB left, and less than 10 MiB for \ds: limits.abort ends the run$`)
}

// A system that answers too late ends the run.
func TestSlowAnswersEndTheRun(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(250 * time.Millisecond) }))
	defer s.Close()
	aborted(t, "target: {url: \""+s.URL+"\"}", "/", "p95: 200ms, for: 2s", `rounds whole: the p95 response time is [0-9.]+m?s, and was 200ms or more for \d+s: limits.abort ends the run$`)
}
