package monitor

import (
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// AddGenerator adds this program itself, without the processes that it started.
func (s *Sampler) AddGenerator() {
	own, err := process.NewProcess(int32(os.Getpid()))
	if err != nil {
		own = nil
	}
	s.add(result.OfGenerator, &generator{own: own})
}

// generator reads this program.
type generator struct {
	own    *process.Process // nil if the operating system does not tell
	cpu    float64          // seconds
	pauses time.Duration    // of garbage collections
	at     time.Time
}

func (g *generator) Close() {}

func (g *generator) take(now time.Time, r *Reading) {
	since := 0.0
	if !g.at.IsZero() {
		since = now.Sub(g.at).Seconds()
	}
	g.at = now
	name := func(figure string) string { return result.Reading(result.OfGenerator, figure) }
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	r.counted(name(result.GCPauseShare), (stats.PauseTotal - g.pauses).Seconds(), since)
	g.pauses = stats.PauseTotal
	r.gauge(name(result.Goroutines), float64(runtime.NumGoroutine()))
	if g.own == nil {
		r.miss("generator", "not told by this system")
		return
	}
	if times, err := g.own.Times(); err == nil {
		used := times.User + times.System
		r.counted(name(result.CPUCores), used-g.cpu, since)
		g.cpu = used
	}
	if memory, err := g.own.MemoryInfo(); err == nil {
		r.gauge(name(result.RSSBytes), float64(memory.RSS))
	}
}
