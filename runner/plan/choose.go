package plan

import (
	"math/rand/v2"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Chooser makes choices: the next task, the length of a wait. A user's choices depend only on the
// plan's seed and the user's index, an arrival's only on the seed and its own index. Not safe for
// concurrent use.
type Chooser struct {
	plan   *Plan
	source rand.PCG
	rand   *rand.Rand
}

// Chooser gives the choices of a user, or of an arrival, from their beginning.
func (p *Plan) Chooser(index int) *Chooser {
	c := &Chooser{plan: p}
	c.rand = rand.New(&c.source)
	c.Reset(index)
	return c
}

// Reset goes to the beginning of another user's or arrival's choices.
func (c *Chooser) Reset(index int) { c.plan.Reseed(&c.source, Choices, index) }

// Behaviour draws a behaviour by weight and returns its index. In the closed model users are
// assigned beforehand.
func (c *Chooser) Behaviour() int {
	return draw(c.rand, c.plan.Behaviours, func(b *Behaviour) int { return b.Weight })
}

// Task draws the next task of a behaviour by weight.
func (c *Chooser) Task(behaviour int) *Task {
	tasks := c.plan.Behaviours[behaviour].Tasks
	return &tasks[draw(c.rand, tasks, func(t *Task) int { return t.Weight })]
}

// Times draws how often a step is done.
func (c *Chooser) Times(r profile.Repeat) int {
	switch {
	case r.Max == 0:
		return 1
	case r.Min == r.Max:
		return r.Max
	}
	return r.Min + c.rand.IntN(r.Max-r.Min+1)
}

// draw gives the index of an item, by weight.
func draw[T any](r *rand.Rand, items []T, weight func(*T) int) int {
	if len(items) == 1 {
		return 0
	}
	total := 0
	for i := range items {
		total += weight(&items[i])
	}
	at := r.IntN(total)
	for i := range items {
		if at -= weight(&items[i]); at < 0 {
			return i
		}
	}
	panic("plan: weights do not add up")
}

// Wait returns when a wait is over that begins at ended. Instants are offsets from the start of
// the load. A pace is no wait: the load keeps its schedule.
func (c *Chooser) Wait(w profile.Wait, ended time.Duration) time.Duration {
	if w.Kind != profile.WaitBetween || w.Min == w.Max {
		return ended + w.Min
	}
	return ended + w.Min + time.Duration(c.rand.Int64N(int64(w.Max-w.Min)+1))
}
