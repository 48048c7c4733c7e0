package gate_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// spends gives both sides costs: 1 ms of CPU time a request on base, change more on head. Rounds differ by 3 % and
// starts by 1.5 %; a start lasts for every pairs.
func spends(change float64, every int) func(base, head *result.Result) {
	return func(base, head *result.Result) {
		random := rand.New(rand.NewPCG(7, 0))
		for s, side := range []*result.Result{base, head} {
			luck := 0.0
			for i := range side.Rounds {
				if i%every == 0 {
					luck = 0.015 * random.NormFloat64()
				}
				each := 1 + luck + 0.02*random.NormFloat64()
				if s == 1 {
					each *= 1 + change
				}
				r := &side.Rounds[i]
				r.Process = i / every
				r.Cost = &result.Cost{Requests: r.Total.Requests, CPU: time.Duration(each * float64(r.Total.Requests) * float64(time.Millisecond))}
			}
		}
	}
}

// costOf is the comparison of a cost; nil without one.
func costOf(v gate.Verdict, m gate.Metric) *gate.Comparison {
	for i := range v.Comparisons {
		if v.Comparisons[i].Metric == m {
			return &v.Comparisons[i]
		}
	}
	return nil
}

func TestJudgePairsByCost(t *testing.T) {
	usual := map[string]result.Figures{"GET /a": figures(2000, 0, 20*time.Millisecond), "POST /b": figures(1500, 0, 30*time.Millisecond)}
	limit := func(cost float64) func(*gate.Policy) { return func(p *gate.Policy) { p.Cost = cost } }
	without := func(base, head *result.Result) {}
	for name, c := range map[string]struct {
		pairs   int
		change  func(base, head *result.Result)
		policy  func(*gate.Policy)
		open    bool
		want    gate.Outcome
		more    int
		reasons []string
		notice  string
		status  gate.Status // of cpu; 0 for no row
		why     gate.WhyKind
	}{
		"unchanged":                            {pairs: 24, change: spends(0, 2), want: gate.Pass, status: gate.Within},
		"a third more":                         {pairs: 24, change: spends(0.33, 2), want: gate.Fail, reasons: []string{"costs-more: * cpu +3"}, status: gate.Worse},
		"a third more, after eight starts":     {pairs: 16, change: spends(0.33, 2), want: gate.Fail, reasons: []string{"costs-more: * cpu +3"}, status: gate.Worse},
		"a third more, too early":              {pairs: 8, change: spends(0.33, 2), open: true, want: gate.Inconclusive, more: 4, reasons: []string{"not-proven: * cpu +3"}, status: gate.Unclear},
		"a third more, ended too early":        {pairs: 8, change: spends(0.33, 2), want: gate.Pass, status: gate.NotJudged, why: gate.FewStarts},
		"a third more, in few starts":          {pairs: 24, change: spends(0.33, 6), want: gate.Pass, status: gate.NotJudged, why: gate.FewStarts},
		"a third more, in few starts, asked":   {pairs: 24, change: spends(0.33, 6), policy: limit(0.03), want: gate.Inconclusive, reasons: []string{"cost-not-judged: * cpu [few-starts 4/8]"}, status: gate.NotJudged, why: gate.FewStarts},
		"up by less than the limit":            {pairs: 24, change: spends(0.06, 2), want: gate.Pass, status: gate.Within, notice: "cost-up: * cpu +"},
		"up by more than a limit of its own":   {pairs: 24, change: spends(0.06, 2), policy: limit(0.03), want: gate.Fail, reasons: []string{"costs-more: * cpu +"}, status: gate.Worse},
		"asked, and open":                      {pairs: 8, change: spends(0.02, 2), policy: limit(0.01), open: true, want: gate.Inconclusive, more: 4, reasons: []string{"not-proven: * cpu +"}, status: gate.Unclear},
		"not counted":                          {pairs: 24, change: without, want: gate.Pass},
		"not counted, and asked":               {pairs: 24, change: without, policy: limit(0.03), want: gate.Inconclusive, reasons: []string{"cost-not-judged: * cpu [not-counted]"}, status: gate.NotJudged, why: gate.NotCounted},
		"left out":                             {pairs: 24, change: spends(0.33, 2), policy: func(p *gate.Policy) { p.Metrics = []gate.Metric{gate.P50} }, want: gate.Pass},
		"counted on one side":                  {pairs: 24, change: func(b, h *result.Result) { spends(0.33, 2)(b, h); uncount(h, 24) }, want: gate.Pass},
		"counted in some rounds":               {pairs: 24, change: func(b, h *result.Result) { spends(0.33, 2)(b, h); uncount(h, 6) }, want: gate.Fail, reasons: []string{"costs-more: * cpu +3"}, status: gate.Worse},
		"never settled":                        {pairs: 24, change: func(b, h *result.Result) { spends(0.33, 2)(b, h); unsettle(h, 20) }, want: gate.Pass, status: gate.NotJudged, why: gate.Unsettled},
		"one system is never started again":    {pairs: 24, change: func(b, h *result.Result) { spends(0.33, 2)(b, h); oneProcess(b) }, want: gate.Pass, status: gate.NotJudged, why: gate.FewStarts},
		"failing requests on head cost little": {pairs: 24, change: func(b, h *result.Result) { spends(0.33, 2)(b, h); fail(h) }, policy: func(p *gate.Policy) { p.FailureRate = 0.005 }, want: gate.Fail, reasons: []string{"failing: GET /a"}, status: gate.NotJudged, why: gate.FewRounds},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy()
			if c.policy != nil {
				c.policy(&p)
			}
			base, head := pairOf(c.pairs, usual, usual)
			c.change(base, head)
			v := gate.JudgePairs(p, base, head, !c.open)
			if v.Outcome != c.want || v.More != c.more {
				t.Errorf("got %v and %d more pairs, want %v and %d", v, v.More, c.want, c.more)
			}
			checkReasons(t, v, c.reasons)
			checkValid(t, v)
			switch row := costOf(v, gate.CPU); {
			case row == nil && c.status != 0:
				t.Errorf("cpu is not compared, want %v", c.status)
			case row != nil && (row.Status != c.status || row.Why != nil && row.Why.Kind != c.why || row.Why == nil && c.why != ""):
				t.Errorf("cpu is %v %+v of %d starts, %+.1f %% %v; want %v %v", row.Status, row.Why, row.N, 100*row.Change, row.Interval, c.status, c.why)
			}
			var notices []string
			for _, n := range v.Notices {
				notices = append(notices, brief(n))
			}
			if said := strings.Join(notices, "\n"); c.notice != "" && !strings.Contains(said, c.notice) {
				t.Errorf("no notice %q in %q", c.notice, said)
			}
			if again := gate.JudgePairs(p, base, head, !c.open); !reflect.DeepEqual(again, v) {
				t.Errorf("judged again it says %v", again)
			}
		})
	}
}

// A pairing ends at the first look that needs no more pairs. A second judgement, with no pairs to come, gives the same
// verdict: what was proven stays proven, however few starts there were.
func TestVerdictThatEndsAPairingStays(t *testing.T) {
	usual := map[string]result.Figures{"GET /a": figures(2000, 0, 20*time.Millisecond), "POST /b": figures(1500, 0, 30*time.Millisecond)}
	ended := map[gate.Outcome]int{}
	for _, slower := range []time.Duration{20, 22, 24, 25, 26, 28} {
		for _, every := range []int{1, 2, 3, 6} {
			for _, spent := range []float64{0, 0.06, 0.33} {
				for _, limit := range []float64{0, 0.03} {
					p := policy()
					p.Cost = limit
					after := map[string]result.Figures{"GET /a": figures(2000, 0, slower*time.Millisecond), "POST /b": usual["POST /b"]}
					for pairs := 1; pairs <= gate.MaxPairs; pairs++ {
						base, head := pairOf(pairs, usual, after)
						spends(spent, every)(base, head)
						v := gate.JudgePairs(p, base, head, false)
						if v.More > 0 {
							continue
						}
						ended[v.Outcome]++
						if last := gate.JudgePairs(p, base, head, true); last.Outcome != v.Outcome || !slices.Equal(worse(last), worse(v)) {
							t.Errorf("slower by %d %%, %d pairs a start, costs %+.0f %%, limit %v: after %d pairs %v, and then %v", (slower-20)*5, every, 100*spent, limit, pairs, v, last)
						}
						break
					}
				}
			}
		}
	}
	if ended[gate.Pass] == 0 || ended[gate.Fail] == 0 {
		t.Errorf("the pairings ended as %v, want some that pass and some that fail", ended)
	}
}

// worse names the lines that are worse.
func worse(v gate.Verdict) (names []string) {
	for _, c := range v.Comparisons {
		if c.Status == gate.Worse {
			names = append(names, c.Route+" "+string(c.Metric))
		}
	}
	return names
}

// A profile with a limit for costs is told that none was counted, whichever it names.
func TestAskedCostIsNotCounted(t *testing.T) {
	usual := map[string]result.Figures{"GET /a": figures(2000, 0, 20*time.Millisecond)}
	p := policy()
	p.Cost, p.Metrics = 0.03, []gate.Metric{gate.P50, gate.Cycles, gate.Instructions}
	base, head := pairOf(24, usual, usual)
	v := gate.JudgePairs(p, base, head, true)
	checkValid(t, v)
	if row := costOf(v, gate.Cycles); row == nil || row.Status != gate.NotJudged || row.Why == nil || row.Why.Kind != gate.NotCounted {
		t.Errorf("cycles: got %+v, want not judged: %s", row, gate.NotCounted)
	}
	if row := costOf(v, gate.Instructions); row != nil {
		t.Errorf("instructions: got %+v, want no row", row)
	}
}

// uncount takes the costs of the first n rounds away.
func uncount(r *result.Result, n int) {
	for i := range n {
		r.Rounds[i].Cost = nil
	}
}

func unsettle(r *result.Result, n int) {
	for i := range n {
		r.Rounds[i].Cost.Unsettled = true
	}
}

func oneProcess(r *result.Result) {
	for i := range r.Rounds {
		r.Rounds[i].Process = 0
	}
}

// fail fails one request in fifty.
func fail(r *result.Result) {
	for i := range r.Rounds {
		f := r.Rounds[i].Figures["GET /a"]
		f.Failures = f.Requests / 50
		r.Rounds[i].Figures["GET /a"] = f
		r.Rounds[i].Total.Failures = f.Failures
	}
}

// Costs of other starts, and of no start at all, leave all other rows and reasons as they are.
func TestCostsLeaveTheRestAlone(t *testing.T) {
	before, after := map[string]result.Figures{"GET /a": figures(2000, 0, 20*time.Millisecond)}, map[string]result.Figures{"GET /a": figures(2000, 0, 32*time.Millisecond)}
	base, head := pairOf(16, before, after)
	want := gate.JudgePairs(policy(), base, head, true)
	spends(0, 4)(base, head) // too few starts to judge, so the rest keeps the whole level
	got := gate.JudgePairs(policy(), base, head, true)
	if n := len(got.Comparisons) - len(want.Comparisons); n != 1 || costOf(got, gate.CPU) == nil {
		t.Fatalf("%d rows more", n)
	}
	for _, c := range want.Comparisons {
		found := false
		for _, o := range got.Comparisons {
			c.P, o.P = nil, nil // drawn with another seed
			found = found || reflect.DeepEqual(c, o)
		}
		if !found {
			t.Errorf("with costs there is no row %+v", c)
		}
	}
	if fmt.Sprint(got.Reasons[0].Kind, len(got.Reasons)) != fmt.Sprint(want.Reasons[0].Kind, len(want.Reasons)) {
		t.Errorf("with costs: %v, without: %v", got, want)
	}
}

// A regression is work or waiting, by what a request costs.
func TestCauseOfARegression(t *testing.T) {
	takes := func(ms int) map[string]result.Figures {
		return map[string]result.Figures{"GET /a": figures(2000, 0, time.Duration(ms)*time.Millisecond)}
	}
	usual, slow := takes(20), takes(28)
	for name, c := range map[string]struct {
		head   map[string]result.Figures
		change float64
		every  int
		want   gate.ExplanationKind
	}{
		"works more":         {slow, 0.38, 2, gate.WorksMore},
		"works a bit more":   {slow, 0.10, 2, gate.WorksMore},
		"far too little":     {takes(50), 0.09, 2, ""},
		"waits longer":       {slow, 0.0, 2, gate.WaitsLonger},
		"costs more alone":   {usual, 0.38, 2, gate.WorksMore},
		"nothing is worse":   {usual, 0.06, 2, ""},
		"too few starts say": {slow, 0.38, 12, ""},
	} {
		t.Run(name, func(t *testing.T) {
			base, head := pairOf(24, usual, c.head)
			spends(c.change, c.every)(base, head)
			for i := range head.Rounds {
				base.Rounds[i].Readings = map[string]float64{"system.run_delay_cores": 0.2, "system.written_bytes_per_sec": 100, "system.connections.10.0.0.1:5432": 8}
				head.Rounds[i].Readings = map[string]float64{"system.run_delay_cores": 0.3, "system.read_bytes_per_sec": 150, "system.connections.10.0.0.1:5432": 2, "system.connections.10.0.0.2:6379": 2}
			}
			v := gate.JudgePairs(policy(), base, head, true)
			checkValid(t, v)
			switch {
			case v.Cause == nil && c.want != "":
				t.Errorf("no cause, want %s", c.want)
			case v.Cause != nil && v.Cause.Kind != c.want:
				t.Errorf("%+v, want %q", *v.Cause, c.want)
			case v.Cause != nil && !(near(v.Cause.RunDelay, 0.5) && near(v.Cause.DiskBytes, 0.5) && near(v.Cause.Connections, -0.5)):
				t.Errorf("run delay %v, disk bytes %v, connections %v, want +50 %%, +50 %% and -50 %%", v.Cause.RunDelay, v.Cause.DiskBytes, v.Cause.Connections)
			}
		})
	}
}

// If requests wait far longer, the system is less busy and its caches are cold. A cost that rises with that follows from the
// route, and is no notice either. If the route has no limit, nothing explains the cost.
func TestCostFollowsFromWaiting(t *testing.T) {
	at := func(takes time.Duration) map[string]result.Figures {
		return map[string]result.Figures{"GET /a": figures(2000, 0, takes)}
	}
	for name, c := range map[string]struct {
		head   time.Duration
		change float64
		metric gate.Metric
		want   gate.Status
		notice bool
	}{
		"past its limit, 33 times the time":    {680 * time.Millisecond, 0.30, gate.CPU, gate.Follows, false},
		"cycles, 33 times the time":            {680 * time.Millisecond, 0.30, gate.Cycles, gate.Follows, false},
		"instructions, 33 times the time":      {680 * time.Millisecond, 0.30, gate.Instructions, gate.Worse, false},
		"past its limit, a bit slower":         {40 * time.Millisecond, 0.30, gate.CPU, gate.Worse, false},
		"past its limit, no slower":            {20 * time.Millisecond, 0.30, gate.CPU, gate.Worse, false},
		"within its limit, 33 times the time":  {680 * time.Millisecond, 0.10, gate.CPU, gate.Within, false},
		"within its limit, a bit slower":       {28 * time.Millisecond, 0.10, gate.CPU, gate.Within, true},
		"requests of 33 times the time save":   {680 * time.Millisecond, -0.10, gate.CPU, gate.Within, false},
		"within its limit, no slower: notices": {20 * time.Millisecond, 0.10, gate.CPU, gate.Within, true},
	} {
		t.Run(name, func(t *testing.T) {
			base, head := pairOf(24, at(20*time.Millisecond), at(c.head))
			spends(c.change, 2)(base, head)
			for _, side := range []*result.Result{base, head} {
				for i := range side.Rounds {
					cost := side.Rounds[i].Cost
					cost.Cycles, cost.Instructions = int64(cost.CPU), int64(cost.CPU)
				}
			}
			p := policy()
			p.Metrics = append(slices.DeleteFunc(p.Metrics, gate.Metric.IsCost), c.metric)
			v := gate.JudgePairs(p, base, head, true)
			checkValid(t, v)
			got := costOf(v, c.metric)
			if got == nil || got.Status != c.want {
				t.Fatalf("%+v, want %s", got, c.want)
			}
			if c.want == gate.Follows && (got.Why == nil || got.Why.By != gate.BySlower || !slices.Equal(got.Why.Routes, []string{"GET /a"}) || v.Cause != nil) {
				t.Errorf("it follows from %+v, and the cause is %+v", got.Why, v.Cause)
			}
			if notice := slices.ContainsFunc(v.Notices, func(r gate.Reason) bool { return r.Kind == gate.CostUp }); notice != c.notice {
				t.Errorf("a notice of the cost: %v", notice)
			}
		})
	}
}

// near tells whether a change is there and close to another.
func near(change *float64, want float64) bool {
	return change != nil && math.Abs(*change-want) < 0.01
}

// The stored gate tells what a request costs, and judges it not.
func TestStoredTellsTheCost(t *testing.T) {
	usual := map[string]load{"GET /a": {2000, 0, 20 * time.Millisecond}}
	fresh := run(usual)
	before := gate.Judge(policy(), []*result.Result{fresh}, summaries(history(12, usual)))
	for i := range fresh.Rounds {
		fresh.Rounds[i].Cost = &result.Cost{Requests: 2000, CPU: 10 * time.Second}
	}
	v := gate.Judge(policy(), []*result.Result{fresh}, summaries(history(12, usual)))
	checkValid(t, v)
	row := costOf(v, gate.CPU)
	if row == nil || row.Status != gate.NotJudged || row.Why.Kind != gate.OnlyTold || row.Route != tally.All || time.Duration(row.Head).Round(time.Microsecond) != 5*time.Millisecond {
		t.Fatalf("got %+v", row)
	}
	if v.Outcome != gate.Pass || len(v.Comparisons) != len(before.Comparisons)+1 {
		t.Errorf("got %v of %d rows, want a pass of %d", v, len(v.Comparisons), len(before.Comparisons)+1)
	}
}
