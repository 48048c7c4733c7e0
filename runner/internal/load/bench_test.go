package load

import (
	"context"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// instant is a client that answers at once.
type instant struct{}

func (instant) Do(context.Context, *plan.Call, Values) Outcome {
	return Outcome{Class: tally.OK, BytesReceived: 183}
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
			Plan: p, Client: func() Client { return instant{} },
			Values: func(int, int) UserValues { return noValues{} }, Sink: func(int, *tally.Tally) {},
		},
		start: time.Now(), lanes: []*lane{newLane(p.Routes)},
	}
	return r.newWorker(0, 0, 0), c
}

// BenchmarkSend measures what the load adds to the client's own cost of a request: choosing the task,
// counting in two histograms.
func BenchmarkSend(b *testing.B) {
	w, _ := newIdleWorker()
	b.ReportAllocs()
	for due := time.Duration(0); b.Loop(); {
		due, _ = w.perform(b.Context(), w.choose.Task(0).Steps, due)
	}
}

func TestSendDoesNotAllocate(t *testing.T) {
	w, c := newIdleWorker()
	ctx := t.Context()
	w.send(ctx, c, 0)
	if n := testing.AllocsPerRun(1000, func() { w.send(ctx, c, w.run.now()) }); n != 0 {
		t.Errorf("%v allocations for each request", n)
	}
}

// noValues has no values and saves none.
type noValues struct{}

func (noValues) Append(dst []byte, _ plan.Text) []byte { return dst }
func (noValues) Save(int, profile.Value)               {}
func (noValues) Begin()                                {}
func (noValues) NextTask()                             {}
func (noValues) Holds([]plan.Guard) bool               { return true }
func (noValues) Saved(int) profile.Value               { return profile.Value{} }
func (noValues) Reset(int)                             {}
