//go:build linux

package http_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// A machine without file descriptors is no fault of the system. The limit is set in a child,
// which is this test again.
func TestNoFileDescriptors(t *testing.T) {
	if url := os.Getenv("PLIMSOLL_TEST_RLIMIT"); url != "" {
		r := get("/")
		h := newHTTP(t, target(url), r)
		d := newUser(t, h)
		wantOK(t, d.Call(r.call, values{}), 200, "") // the poller has its descriptors now
		var limit syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		limit.Cur = 3
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		wantFailure(t, newUser(t, h).Call(r.call, values{}), tally.Generator, "this machine: too many open files")
		return
	}
	url := answers(t, ok)
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoFileDescriptors$", "-test.v")
	child.Env = append(os.Environ(), "PLIMSOLL_TEST_RLIMIT="+url)
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS: TestNoFileDescriptors") {
		t.Errorf("%v\n%s", err, out)
	}
}
