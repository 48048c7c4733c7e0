package runner

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// From here on the generator itself is the bottleneck, and the figures are about it and not
// about the system: it has no core left to send with, or turns to users and arrivals so late
// that this alone would look like a slow system.
const (
	saturatedCPU = 0.9 // share of the cores that it may use
	saturatedLag = 10 * time.Millisecond
)

// health watches this process while it loads.
type health struct {
	own     *process.Process // nil where the machine does not tell
	at      time.Time
	cpu     float64 // seconds used before
	pauses  int64   // GC pauses before
	started chan struct{}
}

// watchHealth begins to watch after the warm-up, or when ctx ends.
func watchHealth(ctx context.Context, warmUp time.Duration) *health {
	h := &health{started: make(chan struct{})}
	h.own, _ = process.NewProcess(int32(os.Getpid())) // nil: nothing can be told
	go func() {                                       // ends with the warm-up or ctx, and report waits for it
		defer close(h.started)
		last := warmUp / 10
		if pause(ctx, warmUp-last) {
			// What connecting has left behind is collected now: in judged time there is little to
			// collect, and many idle users take no more memory than they need.
			debug.FreeOSMemory()
			pause(ctx, last)
		}
		var stats debug.GCStats
		debug.ReadGCStats(&stats)
		h.at, h.cpu, h.pauses = time.Now(), h.seconds(), stats.NumGC
	}()
	return h
}

// pause waits; false when ctx ends before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// seconds is the CPU time that this process has used.
func (h *health) seconds() float64 {
	if h.own == nil {
		return 0
	}
	times, err := h.own.Times()
	if err != nil {
		return 0
	}
	return times.User + times.System
}

// report is how the generator did since the warm-up. Call it after the context of watchHealth
// has ended or the load is over.
func (h *health) report(lag *hist.Histogram) result.Generator {
	<-h.started
	g := result.Generator{Cores: runtime.GOMAXPROCS(0), LagP50: lag.Quantile(0.5), LagP99: lag.Quantile(0.99), LagMax: lag.Max()}
	if elapsed := time.Since(h.at).Seconds(); elapsed > 0.1 { // shorter than the system's clock tells
		g.CPUShare = (h.seconds() - h.cpu) / elapsed / float64(g.Cores)
	}
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	for i, pause := range stats.Pause { // the latest first
		if int64(i) >= stats.NumGC-h.pauses {
			break
		}
		g.GCPauseMax = max(g.GCPauseMax, pause)
		g.GCPauses += pause
	}
	return g
}

// saturated says in a sentence why the figures are the generator's own; empty when they are
// not.
func saturated(g result.Generator) string {
	switch {
	case g.CPUShare >= saturatedCPU:
		return fmt.Sprintf("the load generator was the bottleneck: it used %.0f %% of the %s that it may use; give it more, or ask for less load (waits, fewer users, a lower rate)",
			100*g.CPUShare, cores(g.Cores))
	case g.LagP99 > saturatedLag:
		return fmt.Sprintf("the load generator was the bottleneck: it turned to one user or arrival in a hundred more than %v late; give it more of a machine, or ask for less load",
			g.LagP99.Round(time.Millisecond))
	}
	return ""
}

func cores(n int) string {
	if n == 1 {
		return "core"
	}
	return fmt.Sprintf("%d cores", n)
}
