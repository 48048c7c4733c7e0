package monitor_test

import (
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/plimsoll-ci/plimsoll/runner/internal/monitor"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// BenchmarkMonitor watches a tree of 57 processes, the machine and this program as a run does: a reading each second of a
// clock that does not wait, with the searches that come every few seconds. Its bar is 1 % of a core.
func BenchmarkMonitor(b *testing.B) {
	parent := family(b, 56)
	var seconds atomic.Int64
	began := time.Now()
	s := monitor.New(b.Context(), monitor.Config{Clock: func() time.Time { return began.Add(time.Duration(seconds.Load()) * time.Second) }})
	defer s.Close()
	s.AddProcesses(result.OfSystem, monitor.Which{PID: parent.Process.Pid}, 0)
	s.AddMachine(".")
	s.AddGenerator()
	second := func() {
		seconds.Add(1)
		s.Edge(0) // the same round goes on, so that all sources are read once
		s.Settle(time.Minute)
	}
	second()
	before := spent(b)
	for b.Loop() {
		second()
	}
	used := spent(b) - before
	if w := s.Watch(); w.Mean["system.processes"] != 57 {
		b.Fatalf("%g processes, absent %v", w.Mean["system.processes"], w.Absent)
	}
	b.ReportMetric(used.Seconds()/float64(b.N)*100, "%-of-a-core")
	b.ReportMetric(s.Cores()*100, "%-told")
}

// spent is the CPU time of this process.
func spent(tb testing.TB) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
