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

// quiet is a client whose streams give two messages, 10 ms and 20 ms after they begin, and then none.
type quiet struct {
	instant
	came *int
}

func (q quiet) Open(context.Context, *plan.Call, Values) (Stream, Outcome) {
	*q.came = 0
	return q, Outcome{Class: tally.OK}
}

func (quiet) Send(*plan.Message, Values) Outcome { return Outcome{Sent: time.Now(), Class: tally.OK} }

func (q quiet) Receive(m *plan.Message, _ Values, deadline time.Time) Received {
	if *q.came++; *q.came > 2 {
		time.Sleep(time.Until(deadline))
		return Received{Late, Outcome{Class: tally.Timeout, Error: "no message in time"}}
	}
	time.Sleep(10 * time.Millisecond)
	event := Answered
	if m.Sends {
		event = Passed
	}
	return Received{event, Outcome{Class: tally.OK, Ended: time.Now()}}
}

func (quiet) End() Outcome { return Outcome{Class: tally.OK} }

// within bounds the wait for each message, and is named; target.timeout is where it is shorter.
func TestWithinBoundsTheWait(t *testing.T) {
	const long = 30 * time.Second
	for name, c := range map[string]struct {
		step  plan.Message
		class tally.Class
		says  string
		at    time.Duration // when the call ends
	}{
		"a number":                  {plan.Message{Awaits: profile.AwaitCount, Count: 3, Within: time.Second}, tally.Expect, "no message within 1s", 1020 * time.Millisecond},
		"to the end":                {plan.Message{Awaits: profile.AwaitEnd, Within: time.Second}, tally.Expect, "no message within 1s", 1020 * time.Millisecond},
		"a span":                    {plan.Message{Awaits: profile.AwaitSpan, For: 5 * time.Second, Within: time.Second}, tally.Expect, "no message within 1s", 1020 * time.Millisecond},
		"a reply":                   {plan.Message{Sends: true, Repeat: 1, Awaits: profile.AwaitReply, Within: time.Second}, tally.Expect, "no reply within 1s", time.Second},
		"a message too late":        {plan.Message{Awaits: profile.AwaitCount, Count: 1, Within: time.Millisecond}, tally.Expect, "no message within 1ms", 10 * time.Millisecond},
		"a span that ends first":    {plan.Message{Awaits: profile.AwaitSpan, For: time.Second, Within: 2 * time.Second}, tally.OK, "", 0},
		"past the time-out":         {plan.Message{Awaits: profile.AwaitCount, Count: 3, Within: long}, tally.Timeout, "no message in time (target.timeout is 2s)", 2020 * time.Millisecond},
		"a reply past the time-out": {plan.Message{Sends: true, Repeat: 1, Awaits: profile.AwaitReply}, tally.Timeout, "no reply in time (target.timeout is 2s)", 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all, _ := streamFor(t, quiet{came: new(int)}, c.step, false)
				calls := all.Routes["call"]
				if calls.Outcomes[c.class] < calls.Requests()-1 { // the end of the load comes within the last
					t.Errorf("%v, want all of class %v", calls.Outcomes, c.class)
				}
				if c.says != "" && calls.Errors[c.says].Count != calls.Outcomes[c.class] {
					t.Errorf("%v, want %q", calls.Errors, c.says)
				}
				if slowest := calls.Response.Max(); c.at > 0 && (slowest < c.at || slowest > c.at+c.at/50) {
					t.Errorf("a call took %v, want %v", slowest, c.at)
				}
			})
		})
	}
}

// No end of the load cuts off a stream of setup, or of a Try: one that never ends fails in words.
func TestStreamsThatShouldEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watch := []plan.Step{{Call: &plan.Call{Name: "watch", Messages: []plan.Message{{Awaits: profile.AwaitEnd}}}}}
		p := &plan.Plan{
			Rounds: 1, RoundLength: 10 * time.Second, StopWithin: time.Second, Target: plan.Target{Timeout: 2 * time.Second},
			Setup: watch, Behaviours: []plan.Behaviour{{Tasks: []plan.Task{{Steps: watch}}}},
		}
		crew := NewCrew(Parts{
			Plan: p, Client: func() Client { return flood{event: Answered} },
			Once: func(int) UserValues { return noValues{} }, Values: func(int, int) UserValues { return noValues{} },
		})
		began := time.Now()
		says := crew.Setup(t.Context()).Error()
		if want := "setup: watch failed: the stream had not ended after 1m0s (timeout)"; says != want || time.Since(began) > 61*time.Second {
			t.Errorf("%q after %v, want %q", says, time.Since(began), want)
		}
		began = time.Now()
		tried := crew.Try(t.Context())
		if len(tried) != 1 || tried[0].Failed == nil || tried[0].Failed.Text != "the stream had not ended after 2s" || time.Since(began) > 2010*time.Millisecond {
			t.Errorf("after %v: %+v", time.Since(began), tried)
		}
	})
}
