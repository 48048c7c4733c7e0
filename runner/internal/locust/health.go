package locust

import (
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
)

const (
	saturatedCPU = 0.9             // of a core; the threshold of Locust's own warning
	window       = 5 * time.Second // over which Locust measures its own CPU usage
)

// point is the CPU time that Locust's process had used up to an instant of the load.
type point struct{ at, used time.Duration }

func (p point) cores(since point) float64 { return float64(p.used-since.used) / float64(p.at-since.at) }

// health is what Locust's process used in judged time. One process of Python uses no more than about one core.
type health struct {
	from, to    time.Duration // judged time
	first, last point
	recent      []point // of the last window
	busiest     float64 // cores in the busiest window
	warned      bool    // Locust warned of its own CPU usage
}

// judged reports whether an instant lies in judged time.
func (h *health) judged(at time.Duration) bool { return h.from <= at && at <= h.to }

// beat takes the CPU time used so far.
func (h *health) beat(at, used time.Duration) {
	if !h.judged(at) {
		return
	}
	now := point{at, used}
	if len(h.recent) == 0 {
		h.first = now
	}
	h.last = now
	h.recent = append(h.recent, now)
	for len(h.recent) > 2 && at-h.recent[1].at >= window {
		h.recent = h.recent[1:]
	}
	if begin := h.recent[0]; at-begin.at >= window {
		h.busiest = max(h.busiest, now.cores(begin))
	}
}

// driver is what Locust used in judged time.
func (h *health) driver() load.Driver {
	return load.Driver{Made: true, CPU: h.last.used - h.first.used, Length: h.last.at - h.first.at}
}

// saturated says how busy Locust was; empty if it was not too busy.
func (h *health) saturated() string {
	h.busiest = max(h.busiest, h.driver().Cores())
	switch {
	case h.busiest >= saturatedCPU:
		return fmt.Sprintf("its process used %.0f %% of a core, and one process uses no more than one", 100*h.busiest)
	case h.warned:
		return "it warned that its CPU usage was too high"
	}
	return ""
}
