package load

import "time"

// pacer sleeps for the one goroutine that hands out arrivals.
type pacer interface {
	sleep(time.Duration)
	close()
}

// longestSleep bounds how late the end of the load is noticed.
const longestSleep = 50 * time.Millisecond

// grace is how long after its due time an arrival may still start once the load has ended: as
// late as a timer may be.
const grace = 10 * time.Millisecond

// sleepUntil sleeps until an arrival is due. It returns false if the load ends first, or ended long ago.
func (r *run) sleepUntil(due time.Duration, p pacer) bool {
	for {
		left, stopping := due-r.now(), r.stopping.Load()
		if left <= 0 {
			return !stopping || due < r.until && left > -grace
		}
		if stopping {
			return false
		}
		p.sleep(min(left, longestSleep))
	}
}

// newPacer returns the finest sleep there is, or time's own.
func newPacer(precise bool) pacer {
	if precise {
		if p := finePacer(); p != nil {
			return p
		}
	}
	return plainPacer{}
}

// plainPacer is time.Sleep.
type plainPacer struct{}

func (plainPacer) sleep(d time.Duration) { time.Sleep(d) }
func (plainPacer) close()                {}
