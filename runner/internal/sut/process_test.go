//go:build linux

package sut

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

func begin(t *testing.T, args ...string) *process {
	t.Helper()
	p, err := startProcess(exec.Command(args[0], args[1:]...), guarding{}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.kill(); <-p.ended })
	return p
}

// Once a group has ended its number may belong to another one, which must get no signal.
func TestSignalsReachNoStranger(t *testing.T) {
	p, stranger := begin(t, "true"), begin(t, "sleep", "60")
	<-p.ended
	p.command.Process.Pid = stranger.command.Process.Pid // as the kernel might do
	p.terminate()
	p.kill()
	p.disown()
	select {
	case <-stranger.ended:
		t.Error("a stranger was ended")
	case <-time.After(50 * time.Millisecond):
	}
}

// An ended process keeps its number until it is reaped.
func TestAwaitEnd(t *testing.T) {
	command := exec.Command("true")
	ownGroup(command, false)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if !awaitEnd(command.Process) {
		t.Error("this system cannot wait without taking the number away")
	}
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", command.Process.Pid))
	if err != nil || !strings.Contains(string(state), ") Z") {
		t.Errorf("the state of the ended process is %q, %v", state, err)
	}
	if err := syscall.Kill(-command.Process.Pid, 0); err != nil {
		t.Errorf("its group: %v", err)
	}
	if err := command.Wait(); err != nil {
		t.Error(err)
	}
}

// A process that left the group and keeps the output open does not block the end.
func TestOutputKeptOpen(t *testing.T) {
	var out strings.Builder
	command := exec.Command("sh", "-c", "setsid sleep 300 & echo $!")
	command.Stdout, command.WaitDelay = &out, time.Second // in which what was written comes
	p, err := startProcess(command, guarding{}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	<-p.ended
	if !p.end.ok() {
		t.Error(p.end)
	}
	var pid int
	if _, err := fmt.Sscan(out.String(), &pid); err != nil {
		t.Fatal(err)
	}
	_ = syscall.Kill(pid, syscall.SIGKILL) // it would end by itself
}

// If another program answers at the address of a dead system, the system is not ready.
func TestReadyIsTheSystemItself(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer other.Close()
	door, err := NewDoor(plan.Target{URL: other.URL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := begin(t, "false")
	<-p.ended
	for _, kind := range []profile.ReadyKind{profile.ReadyHTTP, profile.ReadyTCP} {
		s := &System{launched: &launched{process: p, output: &tail{}}, start: &plan.Start{Ready: profile.Ready{Kind: kind, Path: "/", Within: time.Minute}}}
		if err := s.awaitReady(t.Context(), door); err == nil || !strings.Contains(err.Error(), "with exit status 1, before it was ready") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
