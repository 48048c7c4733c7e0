package plan

import (
	"math/rand/v2"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Chooser makes one user's choices: the next task, the length of a wait. They are drawn from
// the plan's seed and the user's index alone. Not safe for concurrent use.
type Chooser struct {
	tasks []Task
	total int
	rand  *rand.Rand
}

// Chooser gives the choices of a user from their beginning.
func (p *Plan) Chooser(u User) *Chooser {
	c := &Chooser{tasks: p.Behaviours[u.Behaviour].Tasks, rand: rand.New(rand.NewPCG(p.Seed, uint64(u.Index)))}
	for _, t := range c.tasks {
		c.total += t.Weight
	}
	return c
}

// Task draws the next task by weight.
func (c *Chooser) Task() *Task {
	at := c.rand.IntN(c.total)
	for i := range c.tasks {
		at -= c.tasks[i].Weight
		if at < 0 {
			return &c.tasks[i]
		}
	}
	panic("plan: weights do not add up")
}

// Wait gives the instant at which the next thing is due: after a wait that follows what
// ended at ended, or, for a pace, a period after began, but never before ended. Instants are
// offsets from the start of the load.
func (c *Chooser) Wait(w profile.Wait, began, ended time.Duration) time.Duration {
	switch w.Kind {
	case profile.WaitBetween:
		return ended + w.Min + time.Duration(c.rand.Int64N(int64(w.Max-w.Min)+1))
	case profile.WaitPace:
		return max(began+w.Period, ended)
	default:
		return ended
	}
}
