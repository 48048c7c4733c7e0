package plan_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// due is one arrival.
type due struct {
	index int
	at    time.Duration
}

func arrivals(p *plan.Plan) (all []due) {
	for a := p.Arrivals(); ; {
		index, at, ok := a.Next()
		if !ok {
			return all
		}
		all = append(all, due{index, at})
	}
}

const oneUser = "\nusers: [{name: a, tasks: [{http: GET /}]}]"

// No two arrivals share an index. Each lies inside its stretch. The same stretch has the same arrivals each
// time.
func TestShiftsOfTheOpenModel(t *testing.T) {
	var plans []*plan.Plan
	for _, load := range []string{
		"{rate: 33/s, warm_up: 3s, run_time: 10s}", "{rate: 0.7/s, run_time: 10s}", "{rate: 33/s, arrivals: poisson, warm_up: 2500ms, run_time: 10s}",
		"{rate: 0.7/s, arrivals: poisson, run_time: 10s}", "{stages: [{rate: 20, for: 10s}, {rate: 0, for: 5s}], warm_up: 1s, rounds: 2}",
	} {
		plans = append(plans, makePlan(t, "load: "+load+oneUser))
	}
	rapid.Check(t, func(rt *rapid.T) {
		p := rapid.SampledFrom(plans).Draw(rt, "plan").Restart(rapid.IntRange(0, 3).Draw(rt, "start"))
		warmUp := time.Duration(rapid.IntRange(0, 300).Draw(rt, "warm-up")) * time.Millisecond
		length := time.Duration(rapid.IntRange(1, 4000).Draw(rt, "length")) * time.Millisecond
		next := 0
		for i := range 12 {
			s := p.WarmUpShift()
			if i > 0 {
				s = p.Shift(i, warmUp, length)
			}
			all := arrivals(s)
			for k, a := range all {
				constant := p.Open.Spacing != "poisson"
				if a.index < next || (constant || k > 0) && a.index != next || a.at < 0 || a.at >= s.Length() {
					rt.Fatalf("stretch %d of %v: arrival %d is number %d at %v, want %d", i, s.Length(), k, a.index, a.at, next)
				}
				next = a.index + 1
			}
			if i > 0 && !slices.Equal(all, arrivals(p.Shift(i, warmUp, length))) {
				rt.Fatalf("stretch %d differs the second time", i)
			}
		}
	})
}

// The stretches have as many arrivals as rate and time give.
func TestShiftsKeepTheRate(t *testing.T) {
	for load, rate := range map[string]float64{
		"{rate: 33/s, run_time: 10s}": 33, "{rate: 0.7/s, run_time: 10s}": 0.7, "{rate: 500/s, arrivals: poisson, run_time: 10s}": 500,
		"{stages: [{rate: 20, for: 10s}, {rate: 0, for: 10s}], warm_up: 10s, rounds: 2}": 10,
	} {
		p, n := makePlan(t, "load: "+load+oneUser), 0
		for i := range 40 {
			n += len(arrivals(p.Shift(i+1, 100*time.Millisecond, 900*time.Millisecond)))
		}
		tolerance := 1.01
		if p.Open.Spacing == "poisson" {
			tolerance = 4 * math.Sqrt(40*rate)
		}
		if want := 40 * rate; math.Abs(float64(n)-want) > tolerance {
			t.Errorf("%s: %d arrivals in 40 s, want %v", load, n, want)
		}
	}
}

// The first start makes the plan's own choices, each later one others. Poisson arrivals differ from stretch
// to stretch.
func TestRestart(t *testing.T) {
	p := makePlan(t, "load: {rate: 50/s, arrivals: poisson, run_time: 10s}"+oneUser)
	if p.Restart(0).Seed != p.Seed || p.Restart(1).Seed == p.Seed || p.Restart(1).Seed == p.Restart(2).Seed {
		t.Error("two starts have the same seed, or start 0 has another than the plan")
	}
	one, other := arrivals(p.Shift(1, 0, 2*time.Second)), arrivals(p.Shift(2, 0, 2*time.Second))
	restarted := arrivals(p.Restart(1).Shift(1, 0, 2*time.Second))
	if one[0].at == other[0].at || one[0].at == restarted[0].at || one[0].index != restarted[0].index {
		t.Errorf("first arrivals %v, %v and %v", one[0], other[0], restarted[0])
	}
}

// All users are at work throughout a stretch. In the first, they start along the ramp.
func TestShiftsOfTheClosedModel(t *testing.T) {
	for _, load := range []string{
		"{users: 7, spawn_rate: 2, warm_up: 1s, run_time: 10s}", "{stages: [{users: 7, for: 4s}, {users: 2, for: 4s}, {users: 7, for: 4s}], warm_up: 8s, rounds: 2}",
	} {
		p := makePlan(t, "load: "+load+oneUser)
		before := make([][]plan.Span, len(p.Users))
		for i, u := range p.Users {
			before[i] = slices.Clone(u.Spans)
		}
		first, second := p.WarmUpShift(), p.Shift(3, 100*time.Millisecond, time.Second)
		if first.Length() != p.WarmUp || second.Length() != 1100*time.Millisecond || second.RoundAt(99*time.Millisecond) != plan.WarmUpRound || second.RoundAt(time.Second) != 0 {
			t.Errorf("%s: stretches of %v and %v", load, first.Length(), second.Length())
		}
		for i, u := range p.Users {
			if !slices.Equal(u.Spans, before[i]) {
				t.Errorf("%s: the plan itself has changed", load)
			}
			if !slices.Equal(second.Users[i].Spans, []plan.Span{{To: second.Length()}}) || second.Users[i].Index != i {
				t.Errorf("%s: user %d is at work %v", load, i, second.Users[i].Spans)
			}
			for k, span := range first.Users[i].Spans {
				if span.From != u.Spans[k].From || span.To != min(u.Spans[k].To, p.WarmUp) || span.From >= p.WarmUp {
					t.Errorf("%s: user %d begins with %v, planned %v", load, i, first.Users[i].Spans, u.Spans)
				}
			}
		}
	}
}
