package runner

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/exporter"
	"github.com/plimsoll-ci/plimsoll/runner/internal/godebug"
	"github.com/plimsoll-ci/plimsoll/runner/internal/gpu"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/monitor"
	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// watcher is the meter that reads the system, its machine and what else the plan names. It reads beside the load, and
// only while its system is loaded. The zero watcher reads nothing.
type watcher struct {
	sampler  *monitor.Sampler // nil before the first stretch
	limits   profile.Abort
	offset   time.Duration // of the first stretch, since the load began
	attached bool          // the system is being read
	names    []string      // of the sources that end with the system
	pair     monitor.Phase // the present round of a pair
	steady   bool          // no process of the system may be restarted

	// How long the memory, and the disk, have been past their limits.
	full, crowded time.Duration
}

// settlePatience is how long the end of a stretch waits for readings. A source that hangs is not waited for again.
const settlePatience = 300 * time.Millisecond

// prepare makes the watcher ready for a stretch that begins so long after the load did.
func (w *watcher) prepare(y *system, since time.Duration) {
	if y.plan.Monitor.Off || y.unwatched {
		return
	}
	if w.sampler == nil {
		w.sampler = monitor.New(context.Background(), monitor.Config{Every: y.plan.Monitor.Every})
		w.sampler.AddMachine(".")
		w.sampler.AddGenerator()
		addGPUs(w.sampler, y.plan.Monitor, y.cards)
		w.sampler.Begin()
		w.limits, w.offset = y.plan.Limits.Abort, since
		y.meters = append(y.meters, w)
	}
	if !w.attached {
		w.attach(y)
	}
}

// attach begins to read the system and the other subjects.
func (w *watcher) attach(y *system) {
	w.attached = true
	w.names = addSubjects(w.sampler, y.plan.Monitor, y.program)
	if m := y.plan.Monitor; y.program == nil && !m.System.None && whichOf(m.System) == (monitor.Which{}) {
		w.sampler.Miss(result.OfSystem, whyElsewhere(y.plan))
	}
}

// whyElsewhere says why a system that was not started here is not read, and what would read it.
func whyElsewhere(p *plan.Plan) string {
	u, err := url.Parse(p.Target.URL)
	switch {
	case err != nil || p.Target.Socket != "" || isLocal(u.Hostname()):
		return "it was not started here; name its processes in monitor.system"
	case len(p.Monitor.Pages) > 0:
		return "it runs at " + u.Hostname() + "; only the pages of monitor.prometheus tell of it"
	}
	return "it runs at " + u.Hostname() + "; add monitor.prometheus"
}

// isLocal reports whether a host is this machine by its name. Other names of it are taken for other machines.
func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// addSubjects adds the system, further processes and pages to a Sampler. It returns their names.
func addSubjects(s *monitor.Sampler, m plan.Monitor, program *sut.System) (names []string) {
	own := whichOf(m.System)
	switch {
	case m.System.None:
	case own != (monitor.Which{}):
		s.AddProcesses(result.OfSystem, own, 0)
		names = append(names, result.OfSystem)
	case program != nil:
		guard := 0
		if program.Guarded() {
			guard = program.PID()
		}
		s.AddProcesses(result.OfSystem, monitor.Which{PID: program.PID()}, guard)
		names = append(names, result.OfSystem)
	}
	for _, also := range m.Also {
		s.AddProcesses(also.Name, whichOf(also), 0)
		names = append(names, also.Name)
	}
	for _, page := range m.Pages {
		s.Add(page.As, exporter.Start(context.Background(), exporter.Config{URL: page.URL, As: page.As, Keep: page.Keep, Every: m.Every}))
		names = append(names, page.As)
	}
	if m.Go != "" {
		service, err := godebug.Start(godebug.Config{URL: m.Go, Subject: result.OfSystem})
		if err != nil {
			s.Miss("go", err.Error())
			return names
		}
		s.Add("go", service)
		names = append(names, "go")
	}
	return names
}

// addGPUs adds the GPUs of this machine.
func addGPUs(s *monitor.Sampler, m plan.Monitor, cards *gpu.Cards) {
	if !m.GPU.Off {
		s.Add(result.OfGPU, cards.Open(m.Every, m.GPU.Only))
	}
}

func whichOf(s profile.Subject) monitor.Which {
	return monitor.Which{PID: s.PID, Port: s.Port, Container: s.Container, Cgroup: s.Cgroup}
}

// detach ends the reading of a system that is about to end.
func (w *watcher) detach() {
	if w.sampler == nil {
		return
	}
	for _, name := range w.names {
		w.sampler.Detach(name)
	}
	w.attached, w.names = false, nil
}

func (w *watcher) close() {
	if w.sampler != nil {
		w.sampler.Close()
	}
}

func (w *watcher) begin() {
	w.sampler.Edge(monitor.Unjudged)
}

func (w *watcher) edge(i int) { w.sampler.Edge(w.pair + monitor.Phase(i)) }

func (w *watcher) stop() { w.sampler.Edge(monitor.Pause) }

func (w *watcher) end(*load.Stretch) {
	w.sampler.Edge(monitor.Pause)
	w.sampler.Settle(settlePatience)
}

func (w *watcher) round(i int, r *result.Round) {
	if i == pairRound {
		i = int(w.pair)
		w.pair++
	}
	figures := w.sampler.Round(i)
	if r.Readings == nil && len(figures) > 0 {
		r.Readings = map[string]float64{}
	}
	maps.Copy(r.Readings, figures)
}

func (w *watcher) whole(r *result.Result) {
	r.Watch = w.sampler.Watch()
	r.Watch.Start += w.offset
	r.Generator.Watching = w.sampler.Cores()
}

// past compares the latest readings with limits.abort. It returns an error if the load must end. What was not read ends
// nothing.
func (w *watcher) past(since time.Duration) error {
	if err := w.restarted(); err != nil {
		return err
	}
	if w.sampler == nil || w.limits.Memory <= 0 && w.limits.DiskFree <= 0 {
		return nil
	}
	now := w.sampler.Latest()
	if share, of := memoryUsed(now); w.limits.Memory > 0 && share >= w.limits.Memory {
		if w.crowded += since; lasts(w.crowded, w.limits) {
			return fmt.Errorf("%.0f %% of the memory %s is used, and %g %% or more for %v: limits.abort ends the run",
				100*share, of, 100*w.limits.Memory, w.crowded.Round(time.Second))
		}
	} else if of != "" {
		w.crowded = 0
	}
	free, known := now[result.Reading(result.OfMachine, result.DiskFree)]
	switch {
	case !known || w.limits.DiskFree <= 0:
	case free >= float64(w.limits.DiskFree):
		w.full = 0
	default:
		if w.full += since; lasts(w.full, w.limits) {
			return fmt.Errorf("the disk has only %s left, and less than %s for %v: limits.abort ends the run",
				binary(free), binary(float64(w.limits.DiskFree)), w.full.Round(time.Second))
		}
	}
	return nil
}

// binary is an amount of bytes in words.
func binary(bytes float64) string {
	if bytes < 1<<30 {
		return fmt.Sprintf("%.0f MiB", bytes/(1<<20))
	}
	return fmt.Sprintf("%.5g GiB", bytes/(1<<30))
}

// memoryUsed is the share of memory that is in use: of this machine, or of what the system may use if that is nearer to
// its end. It is of nothing if nothing was read.
func memoryUsed(now map[string]float64) (share float64, of string) {
	used, known := now[result.Reading(result.OfMachine, result.MemoryUsed)]
	if all := now[result.Reading(result.OfMachine, result.MemoryTotal)]; known && all > 0 {
		share, of = used/all, "of this machine"
	}
	used, known = now[result.Reading(result.OfSystem, result.RSSBytes)]
	if all := now[result.Reading(result.OfSystem, result.MemoryLimit)]; known && all > 0 && used/all > share {
		share, of = used/all, "that the system may use"
	}
	return share, of
}

// Watching is what Watch needs besides what it watches. The zero value of every field is usable.
type Watching struct {
	Length time.Duration // 0 for until Stop is closed
	Stop   <-chan struct{}
	Show   func(since time.Duration, latest map[string]float64) // called after each reading; nil for nobody
}

// Watch reads a system, this machine and what else m names, without loading anything. It ends after the length, when Stop
// is closed or with ctx, and returns what was read until then.
func Watch(ctx context.Context, m plan.Monitor, c Watching) *result.Watch {
	s := monitor.New(context.Background(), monitor.Config{Every: m.Every})
	defer s.Close()
	s.AddMachine(".")
	s.AddGenerator()
	addGPUs(s, m, &gpu.Cards{})
	addSubjects(s, m, nil)
	began := time.Now()
	s.Edge(0)
	ctx, done := untilAny(ctx, c.Stop, nil)
	defer done()
	every := max(m.Every, 200*time.Millisecond)
	for c.Length == 0 || time.Since(began) < c.Length {
		left := every
		if c.Length > 0 {
			left = min(every, c.Length-time.Since(began))
		}
		if !pause(ctx, left) {
			break
		}
		if c.Show != nil {
			c.Show(time.Since(began), s.Latest())
		}
	}
	s.Edge(monitor.Pause)
	s.Settle(settlePatience)
	return s.Watch()
}
