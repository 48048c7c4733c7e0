package proc_test

import (
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
)

// The CPU time of a call is neither its length nor that of others.
func TestCPUOf(t *testing.T) {
	done := make(chan struct{})
	go func() { burn(20 * time.Millisecond); close(done) }()
	if got := proc.CPUOf(func() { <-done }); got > 10*time.Millisecond {
		t.Errorf("waiting took %v", got)
	}
	before := cpuTime()
	got := proc.CPUOf(func() { burn(20 * time.Millisecond) })
	if all := cpuTime() - before; got < 10*time.Millisecond || got > all {
		t.Errorf("%v of %v", got, all)
	}
}
