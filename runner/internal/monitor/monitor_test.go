package monitor_test

import (
	"context"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/monitor"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// source tells what a test sets. A nil map is a reading without figures.
type source struct {
	read   func(now time.Time) map[string]float64
	absent []result.Absent
	closed bool
}

func (s *source) Read(now time.Time) (map[string]float64, map[string]string, []result.Absent) {
	return s.read(now), map[string]string{"x.name": "a\nb"}, s.absent
}

func (s *source) Close() { s.closed = true }

// Edges cut the time: each round has the readings of its own time, unjudged load counts in the timeline only, and a
// pause not at all.
func TestRoundsHaveTheirOwnReadings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var level atomic.Int64
		level.Store(1)
		s := monitor.New(t.Context(), monitor.Config{})
		from := &source{read: func(time.Time) map[string]float64 { return map[string]float64{"x.level": float64(level.Load())} }}
		s.Add("x", from)
		turn := func(next monitor.Phase, after time.Duration) {
			s.Edge(next)
			s.Settle(time.Second)
			time.Sleep(after)
		}
		turn(monitor.Unjudged, 3*time.Second)
		s.Edge(0)
		s.Settle(time.Second)
		level.Store(2)
		time.Sleep(2500 * time.Millisecond)
		s.Edge(1)
		s.Settle(time.Second)
		level.Store(4)
		time.Sleep(2500 * time.Millisecond)
		s.Edge(monitor.Pause)
		s.Settle(time.Second)
		level.Store(1000)
		time.Sleep(10 * time.Second)
		if first, second := s.Round(0), s.Round(1); first["x.level"] != 2 || second["x.level"] != 4 {
			t.Errorf("rounds %v and %v", first, second)
		}
		if again := s.Round(0); len(again) != 0 {
			t.Errorf("told twice: %v", again)
		}
		w := s.Watch()
		if w.Mean["x.level"] != 3 || w.Peak["x.level"] != 4 || w.Facts["x.name"] != "a b" {
			t.Errorf("mean %v, peak %v, facts %v", w.Mean, w.Peak, w.Facts)
		}
		if want := (result.Column{1, 1, 1, 2, 2, 3.5, 4, 4}); !slices.Equal(w.Timeline["x.level"], want) || w.Step != time.Second {
			t.Errorf("timeline %v every %v, want %v", w.Timeline["x.level"], w.Step, want)
		}
		s.Close()
		if !from.closed {
			t.Error("the source is open")
		}
	})
}

// A short stretch of a pair costs two readings: at the edges of its judged time, which is all that they tell of.
func TestShortStretches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		s := monitor.New(t.Context(), monitor.Config{})
		s.Add("x", &source{read: func(time.Time) map[string]float64 { reads++; return map[string]float64{"x.level": float64(reads)} }})
		s.Settle(time.Second)
		for range 10 {
			for _, turn := range []struct {
				next  monitor.Phase
				after time.Duration
			}{{monitor.Unjudged, 20 * time.Millisecond}, {0, 200 * time.Millisecond}, {monitor.Pause, 220 * time.Millisecond}} {
				s.Edge(turn.next)
				s.Settle(time.Second)
				time.Sleep(turn.after)
			}
		}
		if figures := s.Round(0); figures["x.level"] != 11 { // the mean of 2, 4, ... 20
			t.Errorf("%v", figures)
		}
		s.Close()
		if reads != 20 {
			t.Errorf("%d readings", reads)
		}
	})
}

// counter is a source that has counted amounts at instants of its own.
type counter struct {
	source
	parts [][3]float64 // an amount, its seconds and its peak, for each reading
}

func (c *counter) Counted(tell func(name string, amount, of, peak float64)) {
	if len(c.parts) > 0 {
		tell("x.rate", c.parts[0][0], c.parts[0][1], c.parts[0][2])
		c.parts = c.parts[1:]
	}
}

// An amount weighs as long as it was counted in, and not as long as it was the newest. Its peak is its source's, but
// never below the mean.
func TestAmountsOfOtherInstants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := monitor.New(t.Context(), monitor.Config{})
		from := &counter{parts: [][3]float64{{100, 1, 100}, {1, 0.1, 0.8}, {0, 0, 0}, {1, 1.9, 0.5}, {2, 2, 0.9}}} // the first is of the time before
		from.read = func(time.Time) map[string]float64 { return nil }
		s.Add("x", from)
		s.Edge(0)
		time.Sleep(3500 * time.Millisecond)
		s.Edge(1)
		time.Sleep(2 * time.Second)
		if w := s.Watch(); math.Abs(w.Mean["x.rate"]-1) > 1e-9 || math.Abs(w.Peak["x.rate"]-1) > 1e-9 {
			t.Errorf("mean %v, peak %v", w.Mean, w.Peak)
		}
		if first, second := s.Round(0), s.Round(1); math.Abs(first["x.rate"]-1) > 1e-9 || len(second) != 0 {
			t.Errorf("rounds %v and %v", first, second)
		}
		s.Close()
	})
}

// A reading that is missing is never zero: neither in figures nor in the timeline.
func TestMissingIsNeverZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := monitor.New(t.Context(), monitor.Config{})
		defer s.Close()
		s.Add("x", &source{
			read: func(time.Time) map[string]float64 {
				if n++; n%2 == 0 {
					return nil
				}
				return map[string]float64{"x.level": 8}
			},
			absent: []result.Absent{{Source: "y", Why: "it is not there"}},
		})
		s.Edge(0)
		s.Settle(time.Second)
		time.Sleep(6500 * time.Millisecond)
		w, round := s.Watch(), s.Round(0)
		if w.Mean["x.level"] != 8 || round["x.level"] != 8 {
			t.Errorf("mean %v, round %v", w.Mean, round)
		}
		missing := 0
		for _, v := range w.Timeline["x.level"] {
			if math.IsNaN(v) {
				missing++
			} else if v != 8 {
				t.Errorf("timeline %v", w.Timeline)
			}
		}
		if missing == 0 || len(w.Absent) != 1 || w.Absent[0].Source != "y" {
			t.Errorf("%d missing in %v, absent %v", missing, w.Timeline, w.Absent)
		}
		if _, there := w.Mean["y.level"]; there {
			t.Error("a figure that nobody read is there")
		}
	})
}

// A source that hangs holds neither the edges nor the other sources, and it is named.
func TestSourceThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := monitor.New(t.Context(), monitor.Config{})
		s.Add("stuck", &source{read: func(time.Time) map[string]float64 { <-ctx.Done(); return map[string]float64{"stuck.level": 1} }})
		s.Add("well", &source{read: func(time.Time) map[string]float64 { return map[string]float64{"well.level": 1} }})
		before := time.Now()
		for i := range 5 {
			s.Edge(monitor.Phase(i))
		}
		if time.Since(before) > 0 {
			t.Error("an edge waited")
		}
		s.Settle(300 * time.Millisecond)
		time.Sleep(5 * time.Second)
		w := s.Watch()
		if _, there := w.Mean["stuck.level"]; there || w.Mean["well.level"] != 1 {
			t.Errorf("mean %v", w.Mean)
		}
		if len(w.Absent) != 1 || w.Absent[0].Source != "stuck" {
			t.Errorf("absent %v", w.Absent)
		}
		cancel()
		s.Close()
	})
}

// A clock that steps back makes the time unknown, and no figure of it.
func TestClockThatSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Unix(1_000_000, 0)
		began := time.Now()
		var step atomic.Int64
		s := monitor.New(t.Context(), monitor.Config{Clock: func() time.Time { return now.Add(time.Since(began) + time.Duration(step.Load())) }})
		defer s.Close()
		s.Add("x", &source{read: func(time.Time) map[string]float64 { return map[string]float64{"x.level": 5} }})
		s.Edge(0)
		s.Settle(time.Second)
		time.Sleep(3500 * time.Millisecond)
		step.Store(int64(-time.Hour))
		time.Sleep(3 * time.Second)
		w := s.Watch()
		if w.Mean["x.level"] != 5 || w.Peak["x.level"] != 5 {
			t.Errorf("mean %v, peak %v", w.Mean, w.Peak)
		}
	})
}

// A timeline of hours has at most 1,800 points: neighbours are joined to their means.
func TestTimelineIsThinned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := monitor.New(t.Context(), monitor.Config{})
		defer s.Close()
		s.Add("x", &source{read: func(now time.Time) map[string]float64 { return map[string]float64{"x.level": now.Sub(began).Seconds()} }})
		s.Edge(0)
		time.Sleep(4*time.Hour + time.Millisecond)
		w := s.Watch()
		column := w.Timeline["x.level"]
		if len(column) > 1800 || len(column) < 800 || w.Step*time.Duration(len(column)) < 4*time.Hour-w.Step {
			t.Fatalf("%d points every %v", len(column), w.Step)
		}
		for i, v := range column[:len(column)-1] {
			if want := (time.Duration(i)*w.Step + w.Step/2).Seconds(); math.Abs(v-want) > w.Step.Seconds() {
				t.Fatalf("point %d is %g, want about %g", i, v, want)
			}
		}
	})
}
