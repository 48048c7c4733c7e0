//go:build !linux

package proc_test

import "time"

var began = time.Now()

// cpuTime stands for the CPU time of this process: a loop uses about as much as passes.
func cpuTime() time.Duration { return time.Since(began) }
