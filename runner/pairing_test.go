package runner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// In every block of two pairs each side is loaded first once. A fair coin decides which pair.
func TestOrder(t *testing.T) {
	heads, repeated := 0, 0
	const seeds, blocks = 50, 20
	for seed := range uint64(seeds) {
		o, again := newOrder(seed), newOrder(seed)
		last := false
		for block := range blocks {
			first, second := o.next(), o.next()
			if first == second {
				t.Fatalf("seed %d: block %d has %v twice", seed, block, first)
			}
			if again.next() != first || again.next() != second {
				t.Fatalf("seed %d gives two orders", seed)
			}
			if first {
				heads++
			}
			if block > 0 && first == last {
				repeated++
			}
			last = first
		}
	}
	// Of 1000 and 950 tosses: five standard deviations are 79 and 77.
	if heads < 421 || heads > 579 || repeated < 398 || repeated > 552 {
		t.Errorf("head begins %d of 1000 blocks, as in the block before in %d of 950", heads, repeated)
	}
}

// Restarts take at most a third of the time of judged load.
func TestPairsFor(t *testing.T) {
	started, elsewhere := &system{System: System{Plan: &plan.Plan{Start: &plan.Start{}}}}, &system{System: System{Plan: &plan.Plan{}}}
	for _, c := range []struct {
		sides  [2]*system
		every  int
		cost   time.Duration
		expect int
	}{
		{[2]*system{started, started}, 0, 0, 1}, {[2]*system{started, started}, 0, time.Second, 1}, {[2]*system{started, started}, 0, 2 * time.Second, 2},
		{[2]*system{started, elsewhere}, 0, 10 * time.Second, 8}, {[2]*system{started, started}, 3, 10 * time.Second, 3}, {[2]*system{elsewhere, elsewhere}, 3, 0, 24},
	} {
		p := &pairing{want: Pairing{RoundLength: 2 * time.Second, Rounds: 24, RestartEvery: c.every}, sides: c.sides}
		if got := p.pairsFor(c.cost); got != c.expect {
			t.Errorf("every %d, cost %v: after %d pairs, want %d", c.every, c.cost, got, c.expect)
		}
	}
}

// Under load, progress is shown about once a second, for both sides together.
func TestPairingShows(t *testing.T) {
	var shown []Progress
	p := newPairing(&plan.Plan{}, Pairing{
		Config: Config{Progress: func(now Progress) { shown = append(shown, now) }}, RoundLength: time.Second, Rounds: 3,
	})
	for i, name := range []string{"base", "head"} {
		p.sides[i] = newSystem(System{Name: name, Plan: &plan.Plan{}})
	}
	p.start, p.todo = time.Now(), 20*time.Second
	p.sides[1].counts.requests = 30
	show := func(phase string, loading bool) {
		p.phase = phase
		p.told(p.sides[0], Progress{Phase: "building the system", Loading: loading, Elapsed: 5 * time.Second, Requests: 12})
	}
	show("", false)
	show(warmUp, true)
	show(warmUp, true) // too soon
	p.shown = time.Time{}
	show("pair 3 of at most 24", true)
	var got []string
	for _, one := range shown {
		got = append(got, fmt.Sprint(one.Phase, " ", one.Requests, " ", one.Remaining))
	}
	if want := "base, building the system 12 0s; base, warm-up 42 15s; pair 3 of at most 24, base 42 15s"; strings.Join(got, "; ") != want {
		t.Errorf("shown %s, want %s", strings.Join(got, "; "), want)
	}
}
