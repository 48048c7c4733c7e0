package gate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// The simulation of a newcomer's profile, of docs/verdict.md: go test ./gate -run SimulatedNewcomer -v -reports 1000

// newcomer is a service under little load, request by request: seven routes, 330 requests a second, 30 s a side.
type newcomer struct {
	spread float64 // of the latencies of a route, on the log scale
	noise  float64 // of a round, t-distributed, shared by all routes; each route has as much of its own
	spoilt float64 // share of pairs that one side spends beside a hog
	luck   float64 // of a start of one side, which lasts two pairs
	tail   float64 // relative change of the slowest tenth of one route, drawn at random
	change float64 // relative change of one route
}

// newcomers are the routes of the profile with their shares of the requests.
var newcomers = []struct{ share, ms float64 }{{0.30, 4}, {0.20, 8}, {0.15, 15}, {0.12, 25}, {0.10, 40}, {0.08, 60}, {0.05, 120}}

func (w newcomer) report(r *rand.Rand) (base, head *result.Result, changed string) {
	slow := r.IntN(len(newcomers))
	sides := [2]*result.Result{}
	for i := range sides {
		sides[i] = &result.Result{
			Schema: result.Schema, PairSeed: "5eed",
			Identity: result.Identity{Series: "new", Users: 20, ProfileDigest: "d1", Commit: fmt.Sprintf("c%05d", r.Int64N(99999)), Started: time.Unix(1_700_000_000, 0)},
			Tally:    tally.Tally{Routes: map[string]*tally.Route{}},
		}
		for k := range newcomers {
			sides[i].Tally.Routes[routeName(k)] = &tally.Route{Outcomes: map[tally.Class]int64{tally.OK: 1}}
		}
	}
	const length = 1250 * time.Millisecond
	var luck [2]float64
	for pair := range MaxPairs {
		shared := w.noise * studentT(r)
		spoilt := -1
		if r.Float64() < w.spoilt {
			spoilt = r.IntN(2)
		}
		for i, one := range sides {
			if pair%2 == 0 {
				luck[i] = w.luck * r.NormFloat64()
			}
			level := shared + luck[i] + w.noise*studentT(r)
			if i == spoilt {
				level += 0.6 * math.Abs(r.NormFloat64())
			}
			t := &tally.Tally{Routes: map[string]*tally.Route{}}
			for k, of := range newcomers {
				mean := of.share * 330 * length.Seconds()
				n := max(int64(mean+0.7*math.Sqrt(mean)*r.NormFloat64()+0.5), 1)
				route := &tally.Route{Outcomes: map[tally.Class]int64{tally.OK: n}}
				own := level + w.noise*studentT(r)
				for range n {
					z := r.NormFloat64()
					v := own + w.spread*z
					if i == 1 && k == slow {
						if v += math.Log1p(w.change); z > 1.2816 {
							v += math.Log1p(w.tail)
						}
					}
					record(&route.Response, of.ms*math.Exp(v))
				}
				t.Routes[routeName(k)] = route
			}
			round := result.NewRound(time.Duration(pair)*length, length, t)
			round.Second, round.Process = (pair+i)%2 == 0, pair/2
			busy := 2e6 * math.Exp(luck[i]+0.02*studentT(r))
			round.Cost = &result.Cost{Requests: round.Total.Requests, CPU: time.Duration(busy * float64(round.Total.Requests))}
			one.Rounds = append(one.Rounds, round)
		}
	}
	return sides[0], sides[1], routeName(slow)
}

func record(h *hist.Histogram, ms float64) { h.Record(time.Duration(ms * float64(time.Millisecond))) }

func routeName(k int) string { return fmt.Sprintf("GET /%d", k) }

// outcomes are what came of many reports of newcomers.
type outcomes struct {
	red, open, right, judged float64
	pairs                    []int
}

func (c outcomes) String() string {
	slices.Sort(c.pairs)
	return fmt.Sprintf("%.1f %% red, %.1f %% with the right route, %.1f %% inconclusive, %.0f %% of figures judged, %d pairs in the median",
		100*c.red, 100*c.right, 100*c.open, 100*c.judged, c.pairs[len(c.pairs)/2])
}

// run judges reports at the looks, as the gate does.
func (w newcomer) run(n int, alter func(*result.Result)) (sum outcomes) {
	random := rand.New(rand.NewPCG(5, 0))
	for range n {
		base, head, changed := w.report(random)
		alter(base)
		alter(head)
		var v Verdict
		for _, pairs := range looks {
			b, h := *base, *head
			b.Rounds, h.Rounds = base.Rounds[:pairs], head.Rounds[:pairs]
			b.PlannedRounds, h.PlannedRounds = pairs, pairs
			if v = JudgePairs(DefaultPolicy(), &b, &h, pairs == MaxPairs); v.More == 0 {
				sum.pairs = append(sum.pairs, pairs)
				break
			}
		}
		one := 1 / float64(n)
		switch v.Outcome {
		case Fail:
			sum.red += one
		case Inconclusive:
			sum.open += one
		}
		figures, right := 0, 0.0
		for i := range v.Comparisons {
			c := &v.Comparisons[i]
			if c.Status == Worse && c.Route == changed {
				right = one
			}
			if !c.Metric.IsCost() {
				if figures++; c.Status != NotJudged {
					sum.judged += one / 40
				}
			}
		}
		if figures != 40 {
			panic(fmt.Sprintf("%d figures", figures))
		}
		sum.right += right
	}
	return sum
}

// merged leaves the rounds as they are, apart takes their histograms away, so that none can be merged.
func merged(*result.Result) {}

func apart(r *result.Result) {
	r.Rounds = slices.Clone(r.Rounds)
	for i := range r.Rounds {
		r.Rounds[i].Tally = nil
	}
}

// TestSimulatedNewcomer holds merged rounds to the promise of the report, and to what they are for. A run of fewer than
// 1,000 reports is short: each report is 20,000 requests.
func TestSimulatedNewcomer(t *testing.T) {
	n := 12
	if *reports >= 1000 {
		n = *reports
	}
	for _, c := range []struct {
		name          string
		w             newcomer
		judged, right float64 // wanted
	}{
		{"unchanged", newcomer{spread: 0.5, noise: 0.03, luck: 0.015}, 0.80, 0},
		{"unchanged, rounds differ by 10 %", newcomer{spread: 0.5, noise: 0.10, luck: 0.015}, 0.80, 0},
		{"unchanged, wide tails beside a hog", newcomer{spread: 0.8, noise: 0.05, luck: 0.03, spoilt: 0.15}, 0.70, 0},
		{"+30 % of one route", newcomer{spread: 0.5, noise: 0.05, luck: 0.015, change: 0.3}, 0.80, 0.90},
		{"+50 % of the slowest tenth of one route", newcomer{spread: 0.5, noise: 0.05, luck: 0.015, tail: 0.5}, 0.80, 0.75},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := c.w.run(n, merged)
			t.Logf("%s: %v", c.name, got)
			if n >= 1000 {
				t.Logf("%s, rounds apart: %v", c.name, c.w.run(n, apart))
			}
			slack := 1.5 / float64(n) // of few reports, one may come out by chance
			if c.right == 0 && got.red > max(0.005, slack) {
				t.Errorf("%v; want hardly any red", got)
			}
			if got.judged < c.judged-slack/4 || got.right < c.right-2*slack {
				t.Errorf("%v; want %.0f %% of figures judged, and the right route in %.0f %%", got, 100*c.judged, 100*c.right)
			}
		})
	}
}
