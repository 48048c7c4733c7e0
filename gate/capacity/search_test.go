package capacity_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/capacity"
)

// run searches a system that answers each trial as status says, and returns the claim and the loads in their order.
func run(s *capacity.Search, status func(n int, t capacity.Trial) capacity.Status) (capacity.Claim, string) {
	var loads []string
	for n := 0; n < 1000; n++ {
		t, more := s.Next()
		if !more {
			return s.Claim(), strings.Join(loads, " ")
		}
		s.Add(capacity.Outcome{Trial: t, Status: status(n, t), Took: t.Settle + t.Length})
		loads = append(loads, fmt.Sprintf("%g", t.Load))
	}
	return s.Claim(), "without end"
}

// below is a system that holds less than a load.
func below(load float64) func(int, capacity.Trial) capacity.Status {
	return func(_ int, t capacity.Trial) capacity.Status {
		if t.Load < load {
			return capacity.Held
		}
		return capacity.Broken
	}
}

// claimed is a claim in short.
func claimed(c capacity.Claim) string {
	end := func(o *capacity.Outcome) string {
		if o == nil {
			return "-"
		}
		return fmt.Sprintf("%g", o.Load)
	}
	text := fmt.Sprintf("%s..%s %s", end(c.Holds), end(c.Breaks), c.Stopped)
	if c.Confirmed {
		text += " confirmed"
	}
	if len(c.Unsteady) > 0 {
		text += fmt.Sprint(" unsteady ", c.Unsteady)
	}
	return text
}

func TestSearch(t *testing.T) {
	limited := capacity.Rates()
	limited.Most = 100
	brief := capacity.Rates()
	brief.Budget = 90 * time.Second
	tiny := capacity.Rates()
	tiny.Budget = 20 * time.Second
	sure := capacity.Rates()
	sure.Sure = true
	hindered := func(n int, t capacity.Trial) capacity.Status {
		if t.Load >= 100 {
			return capacity.Hindered
		}
		return capacity.Held
	}
	for _, c := range []struct {
		name        string
		of          capacity.Config
		system      func(int, capacity.Trial) capacity.Status
		want, loads string
	}{
		{"a rate", capacity.Rates(), below(100), "98.9..103 found confirmed", "8 16 32 64 128 90.5 108 98.9 103 98.9 98.9"},
		{"sure", sure, below(100), "98.9..103 found confirmed", "8 16 32 64 128 90.5 108 98.9 103 98.9 98.9 98.9"},
		{"less than the first load", capacity.Rates(), below(3), "2.95..3.08 found confirmed", "8 4 2 2.83 3.36 3.08 2.95 2.95 2.95"},
		{"not even the lowest", capacity.Rates(), below(0.5), "-..1 nothing", "8 4 2 1 1"},
		{"the lowest, at a second look", capacity.Rates(), func(n int, t capacity.Trial) capacity.Status {
			if n < 4 {
				return capacity.Broken
			}
			return below(1.5)(n, t)
		}, "1.47..1.54 found confirmed unsteady [1]", "8 4 2 1 1 1.41 1.68 1.54 1.47 1.47 1.47"},
		{"a limit", limited, below(1000), "100..- limit confirmed", "8 16 32 64 100 100 100"},
		{"the generator", capacity.Rates(), hindered, "98.9..103 generator confirmed", "8 16 32 64 128 128 128 90.5 108 108 98.9 103 103 98.9 98.9"},
		{"a generator that was late once", capacity.Rates(), func(n int, t capacity.Trial) capacity.Status {
			if n == 3 {
				return capacity.Hindered
			}
			return below(100)(n, t)
		}, "98.9..103 found confirmed", "8 16 32 64 64 128 90.5 108 98.9 103 98.9 98.9"},
		{"a machine that is busy at first", capacity.Rates(), func(n int, t capacity.Trial) capacity.Status {
			if n < 3 {
				return capacity.Hindered
			}
			return below(20)(n, t)
		}, "19.8..20.7 found confirmed", "8 8 8 4 8 16 32 22.6 19 20.7 19.8 19.8 19.8"},
		{"a short hiccup", capacity.Rates(), func(n int, t capacity.Trial) capacity.Status {
			if n == 2 {
				return capacity.Broken
			}
			return below(100)(n, t)
		}, "98.9..103 found confirmed unsteady [32]", "8 16 32 22.6 26.9 29.3 30.6 32 64 128 90.5 108 98.9 103 98.9 98.9"},
		{"a budget that leaves time to confirm", brief, below(1000), "861..1024 budget confirmed", "8 16 32 64 128 256 512 1024 724 861 861 861"},
		{"a budget that does not", tiny, below(1000), "128..- budget", "8 16 32 64 128"},
		{"a load that does not hold for long", capacity.Rates(), func(n int, t capacity.Trial) capacity.Status {
			if t.Phase == capacity.Confirm {
				return below(90)(n, t)
			}
			return below(100)(n, t)
		}, "89.3..94 found confirmed", "8 16 32 64 128 90.5 108 98.9 103 98.9 98.9 94 94 89.3 89.3"},
		{"one hiccup in the confirmation", capacity.Rates(), func(n int, t capacity.Trial) capacity.Status {
			if n == 9 {
				return capacity.Broken
			}
			return below(100)(n, t)
		}, "98.9..103 found confirmed unsteady [98.9]", "8 16 32 64 128 90.5 108 98.9 103 98.9 98.9 98.9"},
		{"a gap in the middle", capacity.Rates(), func(n int, t capacity.Trial) capacity.Status {
			if t.Load >= 30 && t.Load < 50 {
				return capacity.Broken
			}
			return below(100)(n, t)
		}, "29.3..30.6 found confirmed", ""},
		{"users", capacity.Users(), below(7), "6..7 found confirmed", "1 2 4 8 6 7 6 6"},
		{"a limit that is met", capacity.Users(), func(n int, t capacity.Trial) capacity.Status {
			if t.Load > 5 {
				return capacity.Refused
			}
			return capacity.Held
		}, "5..6 limit confirmed", "1 2 4 8 6 5 5 5"},
		{"one user is too many", capacity.Users(), below(1), "-..1 nothing", "1 1"},
		{"one user is just right", capacity.Users(), below(2), "1..2 found confirmed", "1 2 1 1"},
		{"one user does not hold for long", capacity.Users(), func(n int, t capacity.Trial) capacity.Status {
			if t.Phase == capacity.Confirm {
				return capacity.Broken
			}
			return below(2)(n, t)
		}, "-..1 nothing", "1 2 1 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			claim, loads := run(capacity.New(c.of), c.system)
			if got := claimed(claim); got != c.want {
				t.Errorf("claims %s, want %s", got, c.want)
			}
			if c.loads != "" && loads != c.loads {
				t.Errorf("tried\n%s, want\n%s", loads, c.loads)
			}
		})
	}
}

// What is known is claimed whenever somebody stops a search, and the first reason counts.
func TestStop(t *testing.T) {
	s := capacity.New(capacity.Rates())
	for range 4 {
		trial, _ := s.Next()
		s.Add(capacity.Outcome{Trial: trial, Status: below(50)(0, trial)})
	}
	s.Stop(capacity.Interrupted, "somebody interrupted it")
	s.Stop(capacity.Failed, "the system ended")
	if _, more := s.Next(); more {
		t.Error("a stopped search goes on")
	}
	if c := s.Claim(); claimed(c) != "32..64 interrupted" || c.Why != "somebody interrupted it" {
		t.Errorf("claims %s, because %s", claimed(c), c.Why)
	}
}

// However trials end, a search ends, stays within its limits and claims a bracket of loads that it tried.
func TestAnyOutcomes(t *testing.T) {
	for seed := range uint64(3000) {
		chance := rand.New(rand.NewPCG(seed, 2))
		c := capacity.Rates()
		if chance.IntN(2) == 0 {
			c = capacity.Users()
		}
		c.Sure, c.Most = chance.IntN(2) == 0, float64(2+chance.IntN(2000))
		if chance.IntN(2) == 0 {
			c.Budget = time.Duration(chance.IntN(600)) * time.Second
		}
		share := chance.Float64()
		claim, loads := run(capacity.New(c), func(int, capacity.Trial) capacity.Status {
			switch p := chance.Float64(); {
			case p < share:
				return capacity.Held
			case p < share+(1-share)/4:
				return capacity.Hindered
			}
			return capacity.Broken
		})
		if loads == "without end" || claim.Stopped == "" {
			t.Fatalf("seed %d: no end: %+v", seed, c)
		}
		var spent time.Duration
		for _, o := range claim.Trials {
			spent += o.Took
			if o.Load < c.Least || o.Load > c.Most || c.Whole && o.Load != float64(int(o.Load)) {
				t.Fatalf("seed %d: tried %g, with the limits %g and %g", seed, o.Load, c.Least, c.Most)
			}
		}
		if c.Budget > 0 && spent > c.Budget {
			t.Fatalf("seed %d: took %v of %v", seed, spent, c.Budget)
		}
		has := func(o *capacity.Outcome, held bool) bool {
			return o == nil || slices.ContainsFunc(claim.Trials, func(t capacity.Outcome) bool {
				return t.Load == o.Load && (t.Status == capacity.Held) == held
			})
		}
		if !has(claim.Holds, true) || !has(claim.Breaks, false) || claim.Confirmed && claim.Holds == nil {
			t.Fatalf("seed %d: claims what was not seen: %s", seed, claimed(claim))
		}
		if claim.Holds != nil && claim.Breaks != nil && claim.Breaks.Load <= claim.Holds.Load {
			t.Fatalf("seed %d: no bracket: %s after %s", seed, claimed(claim), loads)
		}
	}
}
