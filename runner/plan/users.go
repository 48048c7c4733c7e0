package plan

import (
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// User is one simulated user of the closed model.
type User struct {
	Index     int
	Behaviour int    // index into Behaviours
	Spans     []Span // when it is at work, in order of time; at least one
}

// Span is a stretch of time, as offsets from the start of the load.
type Span struct{ From, To time.Duration }

// spawnAt is when the i-th user starts.
func spawnAt(i int, perSec float64) time.Duration {
	return time.Duration(float64(i) / perSec * float64(time.Second))
}

// deal assigns a behaviour to each user. Fixed ones come first. After that the shares stay as
// close to the weights as whole users allow, at every moment of the ramp: the smooth weighted
// round robin of nginx.
func deal(behaviours []profile.Behaviour, l profile.Load, shard Shard, length time.Duration) []User {
	var users []User
	next := dealer(behaviours)
	for i := range l.MostUsers() {
		behaviour := next()
		if !shard.has(i) {
			continue
		}
		spans := []Span{{spawnAt(i, l.SpawnRate), length}}
		if len(l.Stages) > 0 {
			spans = stageSpans(l.Stages, i)
		}
		users = append(users, User{Index: i, Behaviour: behaviour, Spans: spans})
	}
	return users
}

// dealer gives the behaviour of one user after the other.
func dealer(behaviours []profile.Behaviour) func() int {
	credit, left := make([]int, len(behaviours)), make([]int, len(behaviours))
	total := 0
	for j, b := range behaviours {
		total += b.Weight
		left[j] = b.Fixed
	}
	return func() int {
		for j := range left {
			if left[j] > 0 {
				left[j]--
				return j
			}
		}
		best := 0
		for j, b := range behaviours {
			credit[j] += b.Weight
			if credit[j] > credit[best] {
				best = j
			}
		}
		credit[best] -= total
		return best
	}
}

// dealer deals as Make dealt the plan's users.
func (p *Plan) dealer() func() int {
	of := make([]profile.Behaviour, len(p.Behaviours))
	for i, b := range p.Behaviours {
		of[i] = profile.Behaviour{Weight: b.Weight, Fixed: b.fixed}
	}
	return dealer(of)
}

// stageSpans is when the i-th user works: while the number of users, which changes evenly from
// stage to stage, is above i.
func stageSpans(stages []profile.Stage, i int) (spans []Span) {
	at, level, on := time.Duration(0), 0.0, false
	index := float64(i)
	for _, s := range stages {
		to := float64(s.Users)
		crossing := at
		if to != level {
			crossing += time.Duration((index - level) / (to - level) * float64(s.For))
		}
		switch {
		case !on && to > index: // goes above i: from i, or from the beginning
			spans, on = append(spans, Span{From: max(crossing, at)}), true
		case on && to <= index:
			spans[len(spans)-1].To, on = min(crossing, at+s.For), false
		}
		at, level = at+s.For, to
	}
	if on {
		spans[len(spans)-1].To = at
	}
	return spans
}

// MeanUsers is how many users of the closed model are at work in a span of time, on average.
func (p *Plan) MeanUsers(from, to time.Duration) float64 {
	var worked time.Duration
	for _, u := range p.Users {
		for _, span := range u.Spans {
			worked += max(0, min(span.To, to)-max(span.From, from))
		}
	}
	return float64(worked) / float64(to-from)
}
