package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// The idle load has a share of the users, in the proportions of all, and its shifts let the others rest.
func TestIdleUsers(t *testing.T) {
	const kinds = "\nusers: [{name: a, fixed: 1, tasks: [{http: GET /a}]}, {name: b, weight: 2, tasks: [{http: GET /b}]}, {name: c, weight: 1, tasks: [{http: GET /c}]}]"
	for _, c := range []struct {
		load, users string
		share       float64
		want        string // users of each behaviour at work
	}{
		{"{users: 100}", kinds, 0.1, "0 7 3"},
		{"{users: 100}", kinds, 0.01, "0 1 0"},
		{"{users: 31}", kinds, 0.5, "1 10 5"}, // 15.5 of 31 is 16
		{"{users: 2}", oneUser, 0.1, "1"},
		{"{users: 2}", oneUser, 0.9, "1"}, // never all of them
		{"{users: 14}", oneUser, 0.1, "1"},
	} {
		p := makePlan(t, "load: "+c.load+c.users)
		idle, err := p.Idle(c.share)
		if err != nil {
			t.Fatal(err)
		}
		counts, n := make([]int, len(p.Behaviours)), 0
		s := idle.Shift(3, time.Second, 4*time.Second)
		for i, u := range s.Users {
			if u.Index != p.Users[i].Index || u.Behaviour != p.Users[i].Behaviour || len(u.Spans) > 1 || len(u.Spans) == 1 && u.Spans[0] != (plan.Span{To: 5 * time.Second}) {
				t.Errorf("%v of %s: user %d is %+v", c.share, c.load, i, u)
			}
			counts[u.Behaviour] += len(u.Spans)
			n += len(u.Spans)
		}
		if got := strings.Trim(fmt.Sprint(counts), "[]"); got != c.want || n != idle.AllUsers || len(s.Users) != len(p.Users) {
			t.Errorf("%v of %s: %s at work of %d, want %s; it says %d", c.share, c.load, got, len(s.Users), c.want, idle.AllUsers)
		}
		if idle.ProfileDigest == p.ProfileDigest || idle.WarmUp != p.WarmUp || p.AllUsers != len(p.Users) || len(p.Users[0].Spans) != 1 {
			t.Errorf("%v of %s: digest %s, warm-up %v; the plan itself has %d users", c.share, c.load, idle.ProfileDigest, idle.WarmUp, p.AllUsers)
		}
	}
}

// Arrivals of the idle load come at a share of the rate, evenly over its shifts, and share no index with those of the
// whole.
func TestIdleArrivals(t *testing.T) {
	for load, want := range map[string]float64{
		"{rate: 33/s, run_time: 10s}": 3.3, "{rate: 7/s, run_time: 10s}": 0.7, "{rate: 200/s, arrivals: poisson, warm_up: 1s, run_time: 10s}": 20,
	} {
		p := makePlan(t, "load: "+load+oneUser)
		idle, err := p.Idle(0.1)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int]bool{}
		for _, a := range arrivals(p.WarmUpShift()) {
			seen[a.index] = true
		}
		n, judged := 0, 0
		const shifts = 60
		for i := range shifts {
			for k, s := range []*plan.Plan{p.Shift(i+1, 100*time.Millisecond, 900*time.Millisecond), idle.Shift(i+1, 100*time.Millisecond, 900*time.Millisecond)} {
				for _, a := range arrivals(s) {
					if seen[a.index] {
						t.Fatalf("%s: arrival %d twice", load, a.index)
					}
					seen[a.index] = true
					n += k
					if k == 1 && a.at >= 100*time.Millisecond {
						judged++
					}
				}
			}
		}
		if rate := float64(n) / shifts; rate < 0.8*want || rate > 1.2*want {
			t.Errorf("%s: %.2f arrivals a second in the idle load, want %.1f", load, rate, want)
		}
		if share := float64(judged) / float64(n); share < 0.8 || share > 0.98 {
			t.Errorf("%s: %.0f %% of the arrivals lie in judged time, want 90 %%", load, 100*share)
		}
		if idle.Rate < 0.99*want || idle.Rate > 1.01*want || idle.Open.MaxInFlight != p.Open.MaxInFlight {
			t.Errorf("%s: the idle rate is %g", load, idle.Rate)
		}
	}
}

// A load without a part that is idle is refused in words.
func TestNoIdle(t *testing.T) {
	for load, want := range map[string]string{
		"{users: 1}":                        "one user is the idle load and the full one, so there is nothing to compare: give load.users of two or more",
		"{stages: [{users: 20, for: 30s}]}": "load.stages has no full load that could be compared with an idle one: give load.users or load.rate",
		"{stages: [{rate: 20, for: 30s}, {rate: 5, for: 30s}]}": "load.stages has no full load that could be compared with an idle one: give load.users or load.rate",
	} {
		if _, err := makePlan(t, "load: "+load+oneUser).Idle(0.1); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", load, err, want)
		}
	}
}
