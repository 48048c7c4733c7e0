package result_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// ofRounds returns a run of one route, with these response times in its rounds.
func ofRounds(p50 ...time.Duration) *result.Result {
	r := small()
	r.Rounds, r.PlannedRounds, r.Tally = nil, len(p50), tally.Tally{}
	for i, d := range p50 {
		t := &tally.Tally{}
		t.Add(tally.Sample{Route: "GET /a", Class: tally.OK, Ended: d})
		round := result.NewRound(time.Duration(i)*time.Second, time.Second, t)
		f := round.Figures["GET /a"]
		f.P50, f.P95, f.P99, f.Throughput = d, 2*d, 4*d, d.Seconds()
		round.Figures["GET /a"], round.Total = f, f
		r.Rounds = append(r.Rounds, round)
		r.Tally.Merge(t)
	}
	return r
}

// The quartiles of 1, 2, 3 and 4 are 1.75 and 3.25 by type 7, as R's quantile gives them; the median is 2.5.
func TestSpread(t *testing.T) {
	want := result.Quartiles{Lower: 700, Upper: 1300}
	s := ofRounds(4*time.Second, 1*time.Second, 3*time.Second, 2*time.Second).Summary()
	for _, route := range []string{"GET /a", tally.All} {
		got := s.Spread[route]
		if got.P50 != want || got.P95 != want || got.P99 != want || got.Throughput != want {
			t.Errorf("%s: got %+v, want %+v of each metric", route, got, want)
		}
	}
	if lower, upper := want.Of(2.5); lower != 1.75 || upper != 3.25 {
		t.Errorf("the quartiles are %g and %g, want 1.75 and 3.25", lower, upper)
	}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	if s := ofRounds(time.Second).Summary(); s.Spread != nil {
		t.Errorf("one round has a spread: %+v", s.Spread)
	}
	wide := ofRounds(time.Microsecond, time.Microsecond, time.Hour, time.Hour, time.Microsecond).Summary()
	if got := wide.Spread["GET /a"].P50; got.Upper != 1_000_000 {
		t.Errorf("an hour beside a microsecond has the quartiles %+v", got)
	}
	if err := wide.Validate(); err != nil {
		t.Error(err)
	}
}

// The cost of a request is the median over the rounds that settled.
func TestRequestCost(t *testing.T) {
	r := ofRounds(1, 2, 3, 4, 5)
	r.Rounds[0].Cost = &result.Cost{Requests: 10, CPU: 50 * time.Millisecond, Instructions: 7000}
	r.Rounds[1].Cost = &result.Cost{Requests: 10, CPU: 70 * time.Millisecond, Instructions: 9000}
	r.Rounds[2].Cost = &result.Cost{Requests: 10, CPU: 60 * time.Millisecond}
	r.Rounds[3].Cost = &result.Cost{Requests: 10, CPU: time.Hour, Unsettled: true}
	r.Rounds[4].Cost = &result.Cost{CPU: time.Second}
	s := r.Summary()
	if want := (result.RequestCost{CPU: 6 * time.Millisecond, Instructions: 800}); s.Cost != want {
		t.Errorf("got %+v, want %+v", s.Cost, want)
	}
	if s := small().Summary(); s.Cost != (result.RequestCost{}) {
		t.Errorf("a run without costs has %+v", s.Cost)
	}
}

func TestMemory(t *testing.T) {
	r := small()
	r.Rounds[0].Readings = map[string]float64{"system.rss_bytes": 100}
	r.Rounds[1].Readings = map[string]float64{"system.rss_bytes": 300}
	if s := r.Summary(); s.Memory() != 200 {
		t.Errorf("the memory is %g, want 200", s.Memory())
	}
	if s := small().Summary(); s.Memory() != 0 {
		t.Errorf("a run without readings has %g bytes", s.Memory())
	}
}

func TestSummaryRefusesImpossibleSpreads(t *testing.T) {
	for want, change := range map[string]func(*result.Summary){
		`the spread of route "GET /none" and no figures`: func(s *result.Summary) { s.Spread["GET /none"] = result.Spread{} },
		"impossible spread": func(s *result.Summary) {
			s.Spread["GET /a"] = result.Spread{P95: result.Quartiles{Lower: 1001, Upper: 1002}}
		},
		"impossible cost of a request": func(s *result.Summary) { s.Cost.CPU = math.MaxInt64 },
	} {
		s := ofRounds(1, 2).Summary()
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	for _, spread := range []result.Quartiles{{Lower: -1, Upper: 1000}, {Lower: 1000, Upper: 999}, {Lower: 0, Upper: 1_000_001}, {Upper: 1}} {
		s := ofRounds(1, 2).Summary()
		s.Spread["GET /a"] = result.Spread{Throughput: spread}
		if s.Validate() == nil {
			t.Errorf("%+v is accepted", spread)
		}
	}
}
