package foresee_test

import (
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foresee"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// history is runs of six rounds of 10 s. Their latencies differ by noise from round to round, and their CPU time by 1 %.
func history(n int, requests int64, noise float64) (runs []*result.Result) {
	r := rand.New(rand.NewPCG(5, 6))
	by := func(d time.Duration, noise float64) time.Duration {
		return time.Duration(float64(d) * math.Exp(noise*r.NormFloat64()))
	}
	for range n {
		one := &result.Result{PlannedRounds: 6, Environment: result.Environment{CPUCores: 4, CPUModel: "Toy"}}
		for i := range 6 {
			one.Tally.Add(tally.Sample{Route: "GET /a", Class: tally.OK, Ended: time.Millisecond})
			f := result.Figures{Requests: requests, P50: by(10*time.Millisecond, noise/3), P95: by(30*time.Millisecond, noise), P99: by(50*time.Millisecond, noise), Throughput: 100}
			one.Rounds = append(one.Rounds, result.Round{
				Start: time.Duration(i) * 10 * time.Second, Length: 10 * time.Second, Figures: map[string]result.Figures{"GET /a": f}, Total: f,
				Cost: &result.Cost{Requests: requests, CPU: by(time.Duration(requests)*time.Millisecond, 0.01)},
			})
		}
		runs = append(runs, one)
	}
	return runs
}

// What a history says is one sentence, and a second one for figures in which a change of their limit may stay unseen.
func TestSight(t *testing.T) {
	p := gate.DefaultPolicy()
	for name, c := range map[string]struct {
		runs    []*result.Result
		metrics []gate.Metric
		want    []string // what each sentence holds, in order
	}{
		"quiet": {
			history(8, 3000, 0.02), nil,
			[]string{"Judging by 8 stored runs on 4 cores of Toy, a paired gate sees +% of p95 on every route and +% of CPU a request in 1m; 1m30s would see +% and +%."},
		},
		"noisy": {
			history(8, 3000, 0.8), nil,
			[]string{"Judging by 8 stored runs", "A change of just its limit may stay unseen in GET /a p9* (+%), "},
		},
		"without p95": {history(8, 3000, 0.02), []gate.Metric{gate.P50}, []string{"a paired gate sees +% of p50 on every route in 1m; 1m30s would see +%."}},
		"few rounds":  {history(1, 3000, 0.02), nil, []string{"The history has 1 stored run of this load, too few rounds and requests to say how small a change a paired gate would see."}},
		"few requests": {
			history(8, 5, 0.02), []gate.Metric{gate.P50, gate.P95},
			[]string{"The history has 8 stored runs of this load, too few rounds and requests"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			own := p
			if c.metrics != nil {
				own.Metrics = c.metrics
			}
			said := foresee.Sight(own, c.runs, time.Minute)
			if len(said) != len(c.want) {
				t.Fatalf("%q; want %d sentences", said, len(c.want))
			}
			for i, want := range c.want {
				if !strings.Contains(withoutNumbers(said[i]), want) {
					t.Errorf("%q does not hold %q", said[i], want)
				}
			}
		})
	}
}

var (
	percent = regexp.MustCompile(`\+[0-9.]+ %`)
	tail    = regexp.MustCompile(`GET /a p9[59] \(\+%\)`)
)

// withoutNumbers writes +14 % as +%, and either of two tails as p9*.
func withoutNumbers(text string) string {
	return tail.ReplaceAllString(percent.ReplaceAllString(text, "+%"), "GET /a p9* (+%)")
}
