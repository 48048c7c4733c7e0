package plan

import (
	"math/rand/v2"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Chooser makes choices: the next task, the length of a wait, the repeats of a step. The choices of a user
// or an arrival depend only on the plan's seed and its index. Tasks come from a deck that all users of a
// behaviour, or all arrivals, share: see deck. Draws within a task use a stream of their
// own: if an answer makes a task skip a step, the next task and the waits between tasks stay the same. Not
// safe for concurrent use.
type Chooser struct {
	plan    *Plan
	index   int
	source  rand.PCG
	rand    rand.Rand // reads source
	task    int       // how many tasks were drawn
	arrival bool      // its behaviour was drawn: first is the place of its task in the deck
	first   int
	within  *within // nil until the first draw within a task
}

// within draws within a task.
type within struct {
	source rand.PCG
	rand   rand.Rand // reads source
	task   int       // the task that source belongs to
}

// Chooser returns the choices of a user or an arrival, from their beginning.
func (p *Plan) Chooser(index int) *Chooser {
	c := &Chooser{plan: p}
	c.rand = *rand.New(&c.source)
	c.Reset(index)
	return c
}

// Reset goes to the beginning of another user's or arrival's choices.
func (c *Chooser) Reset(index int) {
	c.plan.Reseed(&c.source, Choices, index)
	if c.index, c.task, c.arrival = index, 0, false; c.within != nil {
		c.within.task = -1
	}
}

// Behaviour draws the behaviour of an arrival by weight and returns its index. In the closed model users are
// assigned beforehand.
func (c *Chooser) Behaviour() int {
	d := c.plan.deck(0, c.plan.unit)
	behaviour, before := draw(d, c.plan.Behaviours, c.index, func(b *Behaviour) int { return b.Weight })
	c.arrival, c.first = true, before
	return behaviour
}

// Task draws the next task of a behaviour by weight.
func (c *Chooser) Task(behaviour int) *Task {
	b := &c.plan.Behaviours[behaviour]
	d := c.plan.deck(1+behaviour, b.unit)
	at := c.task + c.first
	if !c.arrival {
		at = c.task + d.begin(c.index, b.cards())
	}
	c.task++
	task, _ := draw(d, b.Tasks, at, func(t *Task) int { return t.Weight })
	return &b.Tasks[task]
}

// Times draws how often a step is done.
func (c *Chooser) Times(r profile.Repeat) int {
	switch {
	case r.Max == 0:
		return 1
	case r.Min == r.Max:
		return r.Max
	}
	return r.Min + c.inTask().IntN(r.Max-r.Min+1)
}

// inTask draws within the present task.
func (c *Chooser) inTask() *rand.Rand {
	w := c.within
	if w == nil {
		w = &within{task: -1}
		w.rand = *rand.New(&w.source)
		c.within = w
	}
	if w.task != c.task {
		c.plan.Reseed(&w.source, WithinTasks, int(mix(uint64(c.index))+uint64(c.task)))
		w.task = c.task
	}
	return &w.rand
}

// Wait returns the end of a wait between two tasks that begins at ended. Instants are offsets from the start
// of the load. A pace is no wait: the load keeps its schedule.
func (c *Chooser) Wait(w profile.Wait, ended time.Duration) time.Duration {
	return ended + length(w, func() *rand.Rand { return &c.rand })
}

// Pause is Wait within a task.
func (c *Chooser) Pause(w profile.Wait, ended time.Duration) time.Duration {
	return ended + length(w, c.inTask)
}

// length draws the length of a wait.
func length(w profile.Wait, from func() *rand.Rand) time.Duration {
	if w.Kind != profile.WaitBetween || w.Min == w.Max {
		return w.Min
	}
	return w.Min + time.Duration(from().Int64N(int64(w.Max-w.Min)+1))
}
