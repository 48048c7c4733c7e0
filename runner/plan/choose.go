package plan

import (
	"math/rand/v2"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Chooser makes choices: the next task, the length of a wait, the repeats of a step. The choices of a user
// or an arrival depend only on the plan's seed and its index. Draws within a task use a stream of their
// own: if an answer makes a task skip a step, the next task and the waits between tasks stay the same. Not
// safe for concurrent use.
type Chooser struct {
	plan   *Plan
	index  int
	source rand.PCG
	rand   rand.Rand // reads source
	task   int       // how many tasks were drawn
	within *within   // nil until the first draw within a task
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
	if c.index, c.task = index, 0; c.within != nil {
		c.within.task = -1
	}
}

// Behaviour draws a behaviour by weight and returns its index. In the closed model users are
// assigned beforehand.
func (c *Chooser) Behaviour() int {
	return draw(&c.rand, c.plan.Behaviours, func(b *Behaviour) int { return b.Weight })
}

// Task draws the next task of a behaviour by weight.
func (c *Chooser) Task(behaviour int) *Task {
	c.task++
	tasks := c.plan.Behaviours[behaviour].Tasks
	return &tasks[draw(&c.rand, tasks, func(t *Task) int { return t.Weight })]
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
