//go:build !race

package proc_test

import (
	"testing"
	"time"
)

// A sample allocates next to nothing once the tree is known.
func TestAllocations(t *testing.T) {
	c := start(t, "parent", "8")
	c.line(t, "")
	tree, machine := followMachine(t, c.Process.Pid)
	now := time.Now()
	tree.Sample(now)
	machine()
	if n := testing.AllocsPerRun(20, func() {
		now = now.Add(time.Second)
		tree.Sample(now)
		machine()
	}); n > 20 {
		t.Errorf("%v allocations a sample", n)
	}
}
