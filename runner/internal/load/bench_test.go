package load

import (
	"context"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// instant is a driver that answers at once.
type instant struct{}

func (instant) Do(*plan.Call, Values) Outcome {
	return Outcome{Class: tally.OK, Status: 200, BytesReceived: 183}
}
func (instant) Idle()        {}
func (instant) Close() error { return nil }

// newIdleWorker is a worker of a plan that sends one request.
func newIdleWorker() (*worker, *plan.Call) {
	c := &plan.Call{Routes: []int{0}, Content: &plan.HTTP{Method: "GET"}}
	p := &plan.Plan{
		Routes: []plan.Route{{Name: "GET /"}}, Rounds: 1, RoundLength: time.Hour,
		Behaviours: []plan.Behaviour{{Weight: 1, Tasks: []plan.Task{{Weight: 1, Steps: []plan.Step{{Call: c}}}}}},
	}
	r := &run{
		Parts: Parts{
			Plan: p, Driver: func(context.Context) Driver { return instant{} },
			Values: func(int, int) UserValues { return noValues{} }, Sink: func(int, *tally.Tally) {},
		},
		start: time.Now(), lanes: []*lane{newLane(p.Routes)},
	}
	return r.newWorker(0, 0, 0), c
}

// BenchmarkSend is what is added to a request beside the driver: choosing the task, checking
// the status, counting in two histograms.
func BenchmarkSend(b *testing.B) {
	w, _ := newIdleWorker()
	b.ReportAllocs()
	for due := time.Duration(0); b.Loop(); {
		due, _ = w.perform(w.choose.Task(0).Steps, due)
	}
}

func TestSendDoesNotAllocate(t *testing.T) {
	w, c := newIdleWorker()
	w.send(c, 0)
	if n := testing.AllocsPerRun(1000, func() { w.send(c, w.run.now()) }); n != 0 {
		t.Errorf("%v allocations for each request", n)
	}
}
