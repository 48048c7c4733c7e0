package proc_test

import (
	"testing"
	"time"
)

// BenchmarkTree reads a tree of 57 processes as a monitor does: a sample each second, which searches /proc every fifth
// time, and the machine with it. Its bar is 10 ms of CPU time a second.
func BenchmarkTree(b *testing.B) {
	c := start(b, "parent", "56")
	c.line(b, "")
	tree, m := followMachine(b, c.Process.Pid)
	now := time.Now()
	if s := tree.Sample(now); s.Processes != 57 {
		b.Fatalf("%d processes", s.Processes)
	}
	b.ReportAllocs()
	b.ResetTimer()
	from := cpuTime()
	for range b.N {
		now = now.Add(time.Second)
		tree.Sample(now)
		m()
	}
	b.ReportMetric(float64((cpuTime()-from).Microseconds())/float64(b.N), "CPU-µs/op")
}

// BenchmarkConnections reads the connections of the same tree, which a monitor does each ten seconds.
func BenchmarkConnections(b *testing.B) {
	c := start(b, "parent", "56")
	c.line(b, "")
	tree := follow(b, c.Process.Pid)
	tree.Sample(time.Now())
	from := cpuTime()
	for b.Loop() {
		tree.Connections()
	}
	b.ReportMetric(float64((cpuTime()-from).Microseconds())/float64(b.N), "CPU-µs/op")
}
