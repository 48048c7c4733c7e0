package runner_test

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// billed measures two pairs, with the test binary as the system under test, and returns the costs of the base.
func billed(t *testing.T, path string) []*result.Cost {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells the CPU time of a process to the nanosecond")
	}
	load := strings.Replace(sends, "GET /health", "GET "+path, 1)
	base, head := sideOf(t, "base", starting(t), load), sideOf(t, "head", starting(t), load)
	b, _, err := runner.Pair(context.Background(), base, head, runner.Pairing{
		Config: runner.Config{Environ: os.Environ()}, RoundLength: 600 * time.Millisecond, Stretches: 3, Rounds: 4, RestartEvery: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	var costs []*result.Cost
	for i, r := range b.Rounds {
		if r.Cost == nil || r.Process != i/2 {
			t.Fatalf("round %d of process %d: cost %+v", i, r.Process, r.Cost)
		}
		costs = append(costs, r.Cost)
		t.Logf("round %d: %+v, %v a request, %d requests in the round", i, *r.Cost, r.Cost.CPU/time.Duration(r.Cost.Requests), r.Total.Requests)
		if r.Cost.Requests < r.Total.Requests {
			t.Errorf("round %d: the cost has %d requests, the round %d", i, r.Cost.Requests, r.Total.Requests)
		}
	}
	return costs
}

// each is the CPU time of a request, over all rounds.
func each(costs []*result.Cost) time.Duration {
	var cpu time.Duration
	var requests int64
	for _, c := range costs {
		cpu, requests = cpu+c.CPU, requests+c.Requests
	}
	return cpu / time.Duration(requests)
}

// A request that burns two milliseconds of CPU time costs about so much more than one that does nothing.
func TestCost(t *testing.T) {
	plain, burning := each(billed(t, "/health")), each(billed(t, "/burn"))
	if more := burning - plain; more < 1500*time.Microsecond || more > 4*time.Millisecond {
		t.Errorf("a request costs %v, and %v if it burns 2 ms", plain, burning)
	}
}

// CPU time that a system burns by itself is taken off.
func TestCostWithoutIdle(t *testing.T) {
	costs := billed(t, "/spin")
	for i, c := range costs {
		if c.Idle < c.CPU/4 {
			t.Errorf("round %d: %v of CPU time, and %v taken off", i, c.CPU, c.Idle)
		}
	}
}

// Work that is done after the answer belongs to the request, if it ends soon.
func TestCostAfterAnswer(t *testing.T) {
	costs := billed(t, "/later")
	if c := each(costs); c < 1500*time.Microsecond {
		t.Errorf("a request costs %v, and burns 2 ms after its answer", c)
	}
	unsettled := 0
	for _, c := range billed(t, "/long") {
		if c.Unsettled {
			unsettled++
		}
	}
	if unsettled < 3 {
		t.Errorf("%d of 4 rounds say that the system was still at work", unsettled)
	}
}

// The rounds of a run have costs too, though they lie without a gap.
func TestCostOfRun(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells the CPU time of a process to the nanosecond")
	}
	load := strings.NewReplacer("GET /health", "GET /burn", "run_time: 10s", "run_time: 2s, rounds: 4").Replace(sends)
	r, err := runner.Run(context.Background(), sideOf(t, "", starting(t), load), runner.Config{Environ: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	var costs []*result.Cost
	for i, round := range r.Rounds {
		if round.Cost == nil || round.Cost.Requests != round.Total.Requests {
			t.Fatalf("round %d with %d requests: cost %+v", i, round.Total.Requests, round.Cost)
		}
		costs = append(costs, round.Cost)
	}
	if c := each(costs); c < 1500*time.Microsecond { // of all rounds: a busy machine reads late at their edges
		t.Errorf("a request of 2 ms costs %v", c)
	}
}
