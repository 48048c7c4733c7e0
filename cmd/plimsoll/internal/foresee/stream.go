package foresee

import (
	"math"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// unknown stands for the number of messages that the system decides on.
var unknown = math.Inf(1)

// parts calls do for each route of a stream's messages, with how often they are counted if the stream is sent this
// often.
func parts(c *plan.Call, often float64, do func(route int, times float64)) {
	each, first := 0.0, false // messages that are no named replies
	for _, m := range c.Messages {
		switch m.Awaits {
		case profile.AwaitReply:
			do(m.Route, often*float64(m.Repeat))
			each = unknown // others may come in between
		case profile.AwaitCount:
			each += float64(m.Count)
		case profile.AwaitSpan, profile.AwaitEnd:
			each = unknown
		default:
			continue
		}
		first = true
	}
	if !first {
		return
	}
	do(c.Part(plan.FirstMessage), often)
	if each--; each > 0 {
		do(c.Part(plan.EachMessage), often*each)
	}
}

// lasts is how long a stream takes at least, in seconds: its waits and its spans.
func lasts(c *plan.Call) (sum float64) {
	for _, m := range c.Messages {
		if m.Wait != nil {
			sum += meanOf(*m.Wait)
		}
		sum += m.For.Seconds()
	}
	return sum
}
