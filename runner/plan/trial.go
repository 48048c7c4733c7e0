package plan

import (
	"math"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Trial is load that stays the same: unjudged for Settle, then judged for Length.
type Trial struct {
	Load           float64 // tasks each second in the open model, else users
	Settle, Length time.Duration

	Number      int // of the trial, from 1: each draws other arrivals
	First       int // open model: the index of the first arrival
	MaxInFlight int // open model
	Known       int // closed model: how many users were at work before. The others begin during the first half of Settle
}

// Trial is the plan of a trial: that of p with another load. Like a shift it can be done by the crew of p. Without Length
// it has no round. In the closed model it has the first users of p, and further ones dealt in the same way.
func (p *Plan) Trial(t Trial) *Plan {
	s := *p
	s.WarmUp, s.Rounds, s.RoundLength = t.Settle, 1, t.Length
	if t.Length == 0 {
		s.Rounds = 0
	}
	if p.Open != nil {
		s.Rate = t.Load
		s.Open = &Open{
			Spacing: p.Open.Spacing, MaxInFlight: t.MaxInFlight, number: t.Number, begin: t.First,
			pieces: []piece{{0, s.Length().Seconds(), t.Load, t.Load}},
		}
		return &s
	}
	n := int(t.Load)
	s.Users = make([]User, n)
	next := p.dealer()
	for i := range s.Users {
		from := time.Duration(0)
		if i >= t.Known && t.Known > 0 {
			from = t.Settle / 2 * time.Duration(i-t.Known) / time.Duration(n-t.Known)
		}
		s.Users[i] = User{Index: i, Behaviour: next(), Spans: []Span{{from, s.Length()}}}
	}
	return &s
}

// After is the index of the first arrival that t leaves for others. A random number of arrivals gets eight standard
// deviations more than expected.
func (t Trial) After() int {
	n := t.Load * (t.Settle + t.Length).Seconds()
	return t.First + int(math.Ceil(n+8*math.Sqrt(n)+8))
}

// Arriving is the plan in the open model, for trials of a rate. In an open plan only the load is left out. Users become
// arrivals at random: each kind comes as often as its users would if the system answered at once, so the number of its
// users counts, and how long they wait. A kind that never waits comes as often as the users of the kind that waits least,
// and if nobody waits, by the number of users alone.
func (p *Plan) Arriving() *Plan {
	s := *p
	s.Stages, s.Rate, s.Users, s.AllUsers, s.SpawnRate = 0, 0, nil, 0, 0
	if p.Open != nil {
		s.Open = &Open{Spacing: p.Open.Spacing, MaxInFlight: p.Open.MaxInFlight}
		return &s
	}
	s.Open = &Open{Spacing: profile.Poisson, MaxInFlight: usualInFlight}
	s.Behaviours = append([]Behaviour(nil), p.Behaviours...)
	users := make([]float64, len(s.Behaviours))
	for _, u := range p.Users {
		users[u.Behaviour]++
	}
	most := 0.0
	for i, period := range periods(s.Behaviours) {
		users[i] /= period
		most = max(most, users[i])
	}
	for i := range s.Behaviours {
		s.Behaviours[i].fixed = 0
		s.Behaviours[i].Weight = int(math.Round(weightParts * users[i] / most))
		if users[i] > 0 {
			s.Behaviours[i].Weight = max(s.Behaviours[i].Weight, 1)
		}
	}
	s.unit = unitOf(s.Behaviours, func(b *Behaviour) int { return b.Weight })
	return &s
}

const (
	usualInFlight = 1000 // that of a profile which says nothing
	weightParts   = 1000 // the weight of the kind of user that comes most often
)

// Fixed reports whether each kind of user has a fixed number, so that no more users can be dealt.
func (p *Plan) Fixed() bool {
	for _, b := range p.Behaviours {
		if b.fixed == 0 {
			return false
		}
	}
	return p.Open == nil
}

// periods are how long a user of each kind takes from one task to the next if the system answers at once, in seconds.
func periods(behaviours []Behaviour) []float64 {
	all, least := make([]float64, len(behaviours)), math.Inf(1)
	for i, b := range behaviours {
		pause := b.pause()
		if b.Wait.Kind == profile.WaitPace {
			all[i] = max(b.Wait.Period.Seconds(), pause)
		} else {
			all[i] = meanWait(b.Wait) + pause
		}
		if all[i] > 0 {
			least = min(least, all[i])
		}
	}
	for i := range all {
		switch {
		case math.IsInf(least, 1):
			all[i] = 1
		case all[i] == 0:
			all[i] = least
		}
	}
	return all
}

// pause is how long a task of a behaviour waits between its calls on average, in seconds.
func (b *Behaviour) pause() (seconds float64) {
	for _, t := range b.Tasks {
		seconds += float64(t.Weight) / float64(b.cards()) * eachStep(t.Steps, func(s *Step) float64 {
			if s.Wait != nil {
				return meanWait(*s.Wait)
			}
			return 0
		})
	}
	return seconds
}

func meanWait(w profile.Wait) float64 { return (w.Min + w.Max).Seconds() / 2 }

// TaskTime is how long a task of the open model takes on average if each call is answered after a time.
func (p *Plan) TaskTime(answer time.Duration) time.Duration {
	seconds, weights := p.CallsPerTask()*answer.Seconds(), 0
	for i := range p.Behaviours {
		weights += p.Behaviours[i].Weight
	}
	for i := range p.Behaviours {
		seconds += float64(p.Behaviours[i].Weight) / float64(weights) * p.Behaviours[i].pause()
	}
	return time.Duration(seconds * float64(time.Second))
}

// CallsPerTask is how many calls a task of the open model makes on average, if none is left out.
func (p *Plan) CallsPerTask() float64 {
	calls, weights := 0.0, 0
	for i := range p.Behaviours {
		b := &p.Behaviours[i]
		weights += b.Weight
		for _, t := range b.Tasks {
			calls += float64(b.Weight) * float64(t.Weight) / float64(b.cards()) * eachStep(t.Steps, func(s *Step) float64 {
				if s.Call != nil {
					return 1
				}
				return 0
			})
		}
	}
	return calls / float64(max(weights, 1))
}

// eachStep is the sum of a figure over steps, each as often as it is done on average.
func eachStep(steps []Step, figure func(*Step) float64) (sum float64) {
	for i := range steps {
		s := &steps[i]
		sum += s.Repeat.Mean() * (figure(s) + eachStep(s.Steps, figure))
	}
	return sum
}
