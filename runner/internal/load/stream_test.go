package load

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// flood is a client whose streams give a message each millisecond. They ignore deadlines and contexts.
type flood struct {
	instant
	event Event
}

func (f flood) Open(context.Context, *plan.Call, Values) (Stream, Outcome) {
	return f, Outcome{Class: tally.OK}
}

func (f flood) Send(*plan.Message, Values) Outcome {
	time.Sleep(time.Millisecond)
	return Outcome{Class: tally.OK}
}

func (f flood) Receive(*plan.Message, Values, time.Time) Received {
	time.Sleep(time.Millisecond)
	return Received{f.event, Outcome{Class: tally.OK, Ended: time.Now()}}
}

func (flood) End() Outcome { return Outcome{Class: tally.OK} }

// streamFor lets one user do a stream with one step for ten seconds, as its task or as its on_stop. It
// returns the counts, and how long everything took.
func streamFor(t *testing.T, client Client, m plan.Message, onStop bool) (*tally.Tally, time.Duration) {
	t.Helper()
	c := &plan.Call{Routes: []int{0, 1, 2, 3}, Messages: []plan.Message{m}}
	p := &plan.Plan{
		Routes: []plan.Route{{Name: "call"}, {Name: "first", Part: true}, {Name: "each", Part: true}, {Name: "reply", Part: true}},
		Rounds: 1, RoundLength: 10 * time.Second, StopWithin: time.Second, Target: plan.Target{Timeout: 2 * time.Second},
		Users: []plan.User{{Spans: []plan.Span{{To: 10 * time.Second}}}},
	}
	b := plan.Behaviour{Weight: 1, Tasks: []plan.Task{{Weight: 1, Steps: []plan.Step{{Call: c}}}}}
	if onStop {
		b.OnStop, b.Tasks[0].Steps = b.Tasks[0].Steps, []plan.Step{{Wait: &profile.Wait{Kind: profile.WaitBetween, Min: time.Second, Max: time.Second}}}
	}
	p.Behaviours = []plan.Behaviour{b}
	all := &tally.Tally{}
	crew := NewCrew(Parts{
		Plan: p, Client: func() Client { return client }, Values: func(int, int) UserValues { return noValues{} },
		Sink: func(_ int, counted *tally.Tally) { all.Merge(counted) },
	})
	began := time.Now()
	crew.Work(t.Context(), nil, p)
	crew.Dismiss(t.Context())
	return all, time.Since(began)
}

// A stream that never runs dry ends with its step or with the load, and counts once.
func TestStreamsThatNeverRunDry(t *testing.T) {
	receive := func(awaits profile.Awaits) plan.Message {
		return plan.Message{Awaits: awaits, For: 3 * time.Second, Count: 1_000_000, Route: -1}
	}
	send := plan.Message{Sends: true, Repeat: 1_000_000, Route: 3}
	asks := plan.Message{Sends: true, Repeat: 1, Awaits: profile.AwaitReply, Route: 3}
	for name, c := range map[string]struct {
		step   plan.Message
		event  Event
		onStop bool
		calls  int64
		class  tally.Class // of all but the unfinished
		cut    int64       // unfinished
		most   time.Duration
	}{
		"to its end":           {receive(profile.AwaitEnd), Answered, false, 1, tally.Timeout, 1, 11 * time.Second},
		"a number":             {receive(profile.AwaitCount), Answered, false, 1, tally.Timeout, 1, 11 * time.Second},
		"a span":               {receive(profile.AwaitSpan), Answered, false, 4, tally.OK, 0, 10 * time.Second},
		"a reply":              {asks, Passed, false, 5, tally.Timeout, 0, 11 * time.Second},
		"sends":                {send, Answered, false, 1, tally.OK, 1, 10 * time.Second},
		"on_stop, to its end":  {receive(profile.AwaitEnd), Answered, true, 1, tally.Timeout, 1, 11 * time.Second},
		"on_stop, sends":       {send, Answered, true, 1, tally.Timeout, 1, 11 * time.Second},
		"on_stop, sends, asks": {plan.Message{Sends: true, Repeat: 9, Awaits: profile.AwaitReply, Route: 3}, Passed, true, 1, tally.Timeout, 1, 11 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all, took := streamFor(t, flood{event: c.event}, c.step, c.onStop)
				calls := all.Routes["call"]
				if calls.Requests() != c.calls || calls.Outcomes[c.class] != c.calls-c.cut || calls.Unfinished != c.cut || all.Total().Requests() != c.calls {
					t.Errorf("%d calls, %v, %d unfinished; want %d of class %v, %d unfinished", calls.Requests(), calls.Outcomes, calls.Unfinished, c.calls, c.class, c.cut)
				}
				if took > c.most+10*time.Millisecond {
					t.Errorf("all took %v, want %v at most", took, c.most)
				}
				if each := all.Routes["each"]; each != nil && each.Response.Max() > 2*time.Millisecond {
					t.Errorf("a message came each millisecond, and they took up to %v", each.Response.Max())
				}
			})
		})
	}
}

// A teardown keeps to stop_within even if its stream never runs dry or waits, and says what was cut
// off.
func TestStreamsInTeardown(t *testing.T) {
	wait := profile.Wait{Kind: profile.WaitBetween, Min: time.Hour, Max: time.Hour}
	const cutOff = "teardown: watch failed: not answered before it was cut off (timeout)"
	for name, c := range map[string]struct {
		step plan.Message
		says string
	}{
		"a wait":     {plan.Message{Wait: &wait}, ""},
		"a span":     {plan.Message{Awaits: profile.AwaitSpan, For: time.Hour}, ""},
		"to its end": {plan.Message{Awaits: profile.AwaitEnd}, cutOff},
		"sends":      {plan.Message{Sends: true, Repeat: 1_000_000}, cutOff},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &plan.Plan{
					Rounds: 1, RoundLength: 10 * time.Second, StopWithin: 3 * time.Second, Target: plan.Target{Timeout: 2 * time.Second},
					Teardown: []plan.Step{{Call: &plan.Call{Name: "watch", Messages: []plan.Message{c.step}}}},
				}
				crew := NewCrew(Parts{
					Plan: p, Client: func() Client { return flood{event: Answered} }, Once: func(int) UserValues { return noValues{} },
				})
				began := time.Now()
				says := ""
				if err := crew.Teardown(t.Context()); err != nil {
					says = err.Error()
				}
				if lasted := time.Since(began); says != c.says || lasted > 3010*time.Millisecond {
					t.Errorf("%q after %v, want %q", says, lasted, c.says)
				}
			})
		})
	}
}

// resting is a stream that must be looked after while its user waits. It counts for how long it was, and
// gives a message ten milliseconds after it is asked.
type resting struct {
	flood
	rested *time.Duration
}

func (r resting) Open(context.Context, *plan.Call, Values) (Stream, Outcome) {
	time.Sleep(5 * time.Millisecond)
	return r, Outcome{Class: tally.OK, Ended: time.Now()}
}

func (r resting) Rest(until time.Time) {
	*r.rested += time.Until(until)
	time.Sleep(time.Until(until))
}

func (resting) Receive(*plan.Message, Values, time.Time) Received {
	time.Sleep(10 * time.Millisecond)
	return Received{Answered, Outcome{Class: tally.OK, Ended: time.Now()}}
}

func (resting) End() Outcome {
	time.Sleep(20 * time.Millisecond)
	return Outcome{Class: tally.OK}
}

// A stream whose time is that of its opening counts neither its waits nor its messages nor its end; the
// next call is due once it has ended. It is looked after while its user waits. A first message behind a
// wait counts from when it was awaited.
func TestStreamsThatCountTheirOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pause := &profile.Wait{Kind: profile.WaitBetween, Min: 2500 * time.Millisecond, Max: 2500 * time.Millisecond}
		c := &plan.Call{Routes: []int{0, 1, 2, 3}, Opening: true, Within: 9 * time.Millisecond, Messages: []plan.Message{
			{Wait: pause}, {Awaits: profile.AwaitCount, Count: 2, Route: -1},
			{Sends: true, Repeat: 1, Awaits: profile.AwaitReply, Route: 3},
		}}
		p := &plan.Plan{
			Routes: []plan.Route{{Name: "call"}, {Name: "first", Part: true}, {Name: "each", Part: true}, {Name: "reply", Part: true}},
			Rounds: 1, RoundLength: 10 * time.Second, StopWithin: time.Second, Target: plan.Target{Timeout: 2 * time.Second},
			Users:      []plan.User{{Spans: []plan.Span{{To: 10 * time.Second}}}},
			Behaviours: []plan.Behaviour{{Weight: 1, Tasks: []plan.Task{{Weight: 1, Steps: []plan.Step{{Call: c}}}}}},
		}
		all, rested := &tally.Tally{}, time.Duration(0)
		crew := NewCrew(Parts{
			Plan: p, Client: func() Client { return resting{flood{}, &rested} }, Values: func(int, int) UserValues { return noValues{} },
			Sink: func(_ int, counted *tally.Tally) { all.Merge(counted) },
		})
		crew.Work(t.Context(), nil, p)
		crew.Dismiss(t.Context())
		calls := all.Routes["call"]
		if calls.Requests() != 4 || calls.Outcomes[tally.OK] != 4 || calls.Unfinished != 0 { // the end of the load comes within the fourth
			t.Errorf("%d calls, %v, %d unfinished", calls.Requests(), calls.Outcomes, calls.Unfinished)
		}
		for name, want := range map[string]time.Duration{"call": 5 * time.Millisecond, "first": 10 * time.Millisecond, "each": 10 * time.Millisecond, "reply": 11 * time.Millisecond} {
			if got := all.Routes[name].Response; got.Min() < want || got.Max() > want+time.Millisecond {
				t.Errorf("%s takes %v to %v, want %v", name, got.Min(), got.Max(), want)
			}
		}
		if want := 3*2500*time.Millisecond + 2300*time.Millisecond; rested < want || rested > want+time.Second {
			t.Errorf("looked after for %v, want about %v", rested, want)
		}
	})
}
