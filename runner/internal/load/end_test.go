package load_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// always answers after the same time.
func always(took time.Duration) func(string, time.Duration) time.Duration {
	return func(string, time.Duration) time.Duration { return took }
}

// A slow but healthy system has no failures and no false latencies. Each round shows its true
// throughput, wherever the rounds cut the answers.
func TestLongAnswersAtTheEnd(t *testing.T) {
	const took = 6500 * time.Millisecond
	for name, loads := range map[string]string{
		"as reported":                    "{users: 10, spawn_rate: 1e6, run_time: 20s, rounds: 2, stop_within: 10s}",
		"after a warm-up":                "{users: 10, spawn_rate: 2, warm_up: 7s, run_time: 20s, rounds: 2, stop_within: 10s}",
		"rounds shorter than the answer": "{users: 10, spawn_rate: 1e6, run_time: 30s, rounds: 15, stop_within: 10s}",
		"one round":                      "{users: 10, spawn_rate: 1e6, warm_up: 1s, run_time: 10s, rounds: 1, stop_within: 6500ms}",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := makePlan(t, "load: "+loads+"\nusers: [{name: u, tasks: [{http: GET /}]}]")
				s := &system{take: always(took)}
				rounds, _ := apply(t.Context(), p, s, nil)
				requests := int64(0)
				for round := plan.WarmUpRound; round < p.Rounds; round++ {
					if rounds[round] == nil {
						continue
					}
					total := rounds[round].Total()
					requests += total.Requests()
					if total.Failures() != 0 || total.Unfinished != 0 || total.Requests() > 0 && (total.Response.Min() != took || total.Response.Max() != took) {
						t.Errorf("round %d: %v, %d unfinished, from %v to %v", round, total.Outcomes, total.Unfinished, total.Response.Min(), total.Response.Max())
					}
					want := 10 * p.RoundLength.Seconds() / took.Seconds()
					if got := total.Served(); round >= 0 && math.Abs(got-want) > 0.02 {
						t.Errorf("round %d: %.3f requests served, want %.3f", round, got, want)
					}
				}
				if requests != int64(len(s.sent)) {
					t.Errorf("%d requests counted, %d sent", requests, len(s.sent))
				}
			})
		})
	}
}

// Each stretch waits for its answers, and all stretches together give the same throughput.
func TestLongAnswersInStretches(t *testing.T) {
	for _, took := range []time.Duration{30 * time.Millisecond, 300 * time.Millisecond, 330 * time.Millisecond, 2500 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			p := makePlan(t, "load: {users: 4, spawn_rate: 1e6, warm_up: 5s, run_time: 60s, stop_within: 10s}\nusers: [{name: u, tasks: [{http: GET /}]}]")
			crew, rounds := newCrew(p, &system{take: always(took)})
			workAll(t.Context(), crew, p, 10, time.Second)
			total := rounds[0].Total()
			if want, got := 10*4/took.Seconds(), total.Served(); math.Abs(got-want) > 0.002*want+0.02 || total.Failures() != 0 || total.Unfinished != 0 {
				t.Errorf("answers of %v: %.2f requests served in 10 s, want %.2f; %v, %d unfinished", took, got, want, total.Outcomes, total.Unfinished)
			}
			crew.Dismiss(t.Context())
		})
	}
}

// In the open model too, answers count when they come: a backlog at the end is no throughput.
func TestLongAnswersOfArrivals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, "load: {rate: 10/s, warm_up: 10s, run_time: 20s, rounds: 2, stop_within: 10s}\nusers: [{name: u, tasks: [{http: GET /}]}]")
		rounds, _ := apply(t.Context(), p, &system{take: always(6500 * time.Millisecond)}, nil)
		for i := range 2 {
			if total := rounds[i].Total(); total.Requests() != 100 || total.Failures() != 0 || math.Abs(total.Served()-100) > 0.1 {
				t.Errorf("round %d: %d requests, %d failures, %.2f served", i, total.Requests(), total.Failures(), total.Served())
			}
		}
	})
}

// A call that stop_within cuts off is no failure. Its time so far stays in the latencies, so slow
// calls are not forgotten.
func TestUnfinishedStayInTheLatencies(t *testing.T) {
	for name, loads := range map[string]string{"closed": "{users: 10, spawn_rate: 1e6, run_time: 20s, rounds: 1, stop_within: 2s}", "open": "{rate: 10/s, run_time: 20s, rounds: 1, stop_within: 2s}"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := makePlan(t, "load: "+loads+"\nusers: [{name: u, wait: 990ms, tasks: [{http: GET /}]}]")
				rounds, _ := apply(t.Context(), p, &system{take: stallAt(15*time.Second, time.Hour, 10*time.Millisecond)}, nil)
				total, hang := rounds[0].Total(), int64(10)
				if name == "open" {
					hang = 50
				}
				if total.Unfinished != hang || total.Failures() != 0 || total.Requests() != total.Response.Count() || len(total.Errors) != 0 {
					t.Errorf("%d unfinished of %d requests, %d latencies, %v %v", total.Unfinished, total.Requests(), total.Response.Count(), total.Outcomes, total.Errors)
				}
				if p99 := total.Response.Quantile(0.99); p99 < 6*time.Second || p99 > 7001*time.Millisecond {
					t.Errorf("p99 is %v, want the time up to the cut", p99)
				}
				if got := total.Served(); math.Abs(got-150) > 2 {
					t.Errorf("%v served, want 150", got)
				}
				if err := rounds[0].Validate(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// After one interrupt, requests under way are still answered. A second one cuts them off. Neither is a
// failure.
func TestInterrupts(t *testing.T) {
	for name, c := range map[string]struct {
		second     time.Duration // 0 for none
		lasts      time.Duration
		unfinished int64
	}{"once": {0, 13 * time.Second, 0}, "twice": {12 * time.Second, 12 * time.Second, 3}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.second > 0 {
					time.AfterFunc(c.second, cancel)
				}
				stop := make(chan struct{})
				time.AfterFunc(10*time.Second, func() { close(stop) })
				p := makePlan(t, "load: {users: 3, spawn_rate: 1e6, run_time: 60s, rounds: 1, stop_within: 10s}\nusers: [{name: u, tasks: [{http: GET /}]}]")
				began := time.Now()
				rounds, _ := apply(ctx, p, &system{take: always(6500 * time.Millisecond)}, stop)
				all := &tally.Tally{}
				for _, round := range rounds {
					all.Merge(round)
				}
				total := all.Total()
				if lasted := time.Since(began).Round(10 * time.Millisecond); lasted != c.lasts || total.Unfinished != c.unfinished || total.Failures() != 0 || total.Requests() != 6 {
					t.Errorf("lasted %v, %d requests, %d unfinished, %v", lasted, total.Requests(), total.Unfinished, total.Outcomes)
				}
			})
		})
	}
}

// on_stop has a stop_within of its own, after that of the requests under way.
func TestOnStopHasItsOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, "load: {users: 2, spawn_rate: 1e6, run_time: 10s, rounds: 1, stop_within: 7s}\nusers: [{name: u, tasks: [{http: GET /}], on_stop: [{http: GET /bye}, {http: GET /late}]}]")
		s := &system{take: func(path string, _ time.Duration) time.Duration {
			if path == "/late" {
				return time.Hour
			}
			return 6 * time.Second
		}}
		began := time.Now()
		rounds, _ := apply(t.Context(), p, s, nil)
		left := rounds[plan.WarmUpRound].Routes
		if left["GET /bye"].Outcomes[tally.OK] != 2 || left["GET /late"].Unfinished != 2 || left["GET /late"].Failures() != 0 {
			t.Errorf("on_stop: %+v, %+v", left["GET /bye"], left["GET /late"])
		}
		if lasted := time.Since(began).Round(10 * time.Millisecond); lasted != 19*time.Second {
			t.Errorf("lasted %v, want 12s of load and its last answers, and 7s of on_stop", lasted)
		}
	})
}

// If its server is still at its first on_start when the load ends, an arrival is unfinished. If that
// on_start has failed, so has the arrival.
func TestArrivalsBehindOnStart(t *testing.T) {
	for status, want := range map[int]tally.Class{200: 0, 503: tally.Timeout} {
		synctest.Test(t, func(t *testing.T) {
			p := makePlan(t, "load: {rate: 1/s, run_time: 10s, rounds: 1, stop_within: 2s}\nusers: [{name: u, on_start: [{http: GET /in}], tasks: [{http: GET /}]}]")
			s := &system{
				take: func(string, time.Duration) time.Duration {
					return map[int]time.Duration{200: time.Hour, 503: 0}[status]
				},
				answer: func(string, time.Duration) reply { return reply{status: status} },
			}
			rounds, report := apply(t.Context(), p, s, nil)
			task := rounds[0].Routes["GET /"]
			if want == 0 && (task.Unfinished != 10 || task.Failures() != 0) || want != 0 && task.Outcomes[want] != 10 {
				t.Errorf("on_start answers %d: %v, %d unfinished", status, task.Outcomes, task.Unfinished)
			}
			if report.Paced.Begun != 0 || report.Paced.Due != 10 {
				t.Errorf("no task began: %+v", report.Paced)
			}
		})
	}
}

// However long answers take and wherever the rounds cut them, the throughputs of all rounds add up to
// the answers, less the shares after the end.
func TestServedAddsUp(t *testing.T) {
	for name, loads := range map[string]string{
		"closed":  "{users: 7, spawn_rate: 3, warm_up: 3s, run_time: 20s, rounds: 20, stop_within: 4s}",
		"poisson": "{rate: 9/s, arrivals: poisson, warm_up: 3s, run_time: 20s, rounds: 20, stop_within: 4s}",
		"drops":   "{rate: 9/s, max_in_flight: 12, warm_up: 3s, run_time: 20s, rounds: 4, stop_within: 4s}",
		"stages":  "{stages: [{users: 9, for: 7s}, {users: 0, for: 7s}, {users: 5, for: 7s}], rounds: 21, stop_within: 4s}",
	} {
		for seed := range uint64(5) {
			synctest.Test(t, func(t *testing.T) {
				p := makePlan(t, "load: "+loads+"\nusers: [{name: u, wait: 0ms..20ms, tasks: [{http: GET /}]}]")
				draw, want := rand.New(rand.NewPCG(seed, 0)), 0.0
				s := &system{}
				s.take = func(_ string, at time.Duration) time.Duration {
					s.mu.Lock()
					defer s.mu.Unlock()
					took := time.Duration(math.Exp(2*draw.NormFloat64()) * float64(500*time.Millisecond))
					if at+took < p.Length()+p.StopWithin {
						want += min(1, (p.Length()-at).Seconds()/took.Seconds())
					}
					return took
				}
				rounds, _ := apply(t.Context(), p, s, nil)
				served := 0.0
				for i, round := range rounds {
					if got := round.Total().Served(); got >= 0 {
						served += got
					} else {
						t.Errorf("%s, %d: round %d has served %v", name, seed, i, got)
					}
					if err := round.Validate(); err != nil {
						t.Error(err)
					}
				}
				if math.Abs(served-want) > 0.001*float64(len(s.sent))+0.01 {
					t.Errorf("%s, %d: %.3f requests served, want %.3f", name, seed, served, want)
				}
			})
		}
	}
}
