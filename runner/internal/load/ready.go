package load

import (
	"context"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// beginAtOnce is how many users do on_start at a time while a crew gets ready.
const beginAtOnce = 16

// Ready lets users do on_start before a stretch, so that it has no logins in its figures: those of the shift that have not
// begun, or in the open model so many servers, dealt by the weights of their behaviours. A behaviour without on_start
// needs nothing. index is that of the first arrival whose values they get. It ends when all have begun, with the shift, or
// when stop is closed, and returns how many have not begun. Calls of on_start count for the warm-up.
func (c *Crew) Ready(ctx context.Context, stop <-chan struct{}, shift *plan.Plan, servers, index int) (missing int) {
	r := c.newRun(shift)
	fresh := r.fresh(servers, index)
	if len(fresh) == 0 {
		return 0
	}
	calls, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer cutOff()
	begun, finished := make(chan struct{}), make(chan struct{})
	var conductor sync.WaitGroup
	conductor.Go(func() {
		r.await(ctx, stop, begun)
		if ctx.Err() != nil {
			cutOff()
		}
		r.cutOffUnless(ctx, finished, cutOff)
	})
	r.beginAll(calls, fresh)
	close(begun)
	close(finished)
	conductor.Wait()
	for _, l := range r.lanes {
		r.flush(l)
	}
	for _, w := range fresh {
		if !w.begun {
			missing++
		}
		w.client.Idle()
	}
	return missing
}

// await stops the run at its end, when stop or begun is closed, or when ctx ends.
func (r *run) await(ctx context.Context, stop, begun <-chan struct{}) {
	timer := time.NewTimer(r.Plan.Length())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-stop:
	case <-begun:
	case <-ctx.Done():
	}
	r.until = min(r.now(), r.Plan.Length())
	r.stop()
}

// beginAll lets workers do on_start, some at a time.
func (r *run) beginAll(calls context.Context, fresh []*worker) {
	var all sync.WaitGroup
	free := make(chan struct{}, beginAtOnce)
	for _, w := range fresh {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			if w.run = r; !r.stopping.Load() {
				w.begun = w.begin(calls, r.Plan.Length())
			}
		})
	}
	all.Wait()
}

// fresh are the workers that have not begun, and must for a stretch. It makes them if need be.
func (r *run) fresh(servers, index int) (fresh []*worker) {
	if r.Plan.Open != nil {
		return r.freshServers(servers, index)
	}
	c := r.crew
	for len(c.users) < len(r.Plan.Users) {
		c.users = append(c.users, nil)
	}
	for i, u := range r.Plan.Users {
		if len(r.Plan.Behaviours[u.Behaviour].OnStart) == 0 {
			continue
		}
		if c.users[i] == nil {
			c.users[i] = r.newWorker(i, u.Index, u.Behaviour)
		}
		if w := c.users[i]; !w.begun && !w.gone {
			fresh = append(fresh, w)
		}
	}
	return fresh
}

// freshServers makes servers until the pool has so many, and returns those that have not begun.
func (r *run) freshServers(servers, index int) (fresh []*worker) {
	p := &r.crew.pool
	p.begin(r)
	p.mu.Lock()
	defer p.mu.Unlock()
	weights := 0
	for _, b := range r.Plan.Behaviours {
		weights += b.Weight
	}
	for i, b := range r.Plan.Behaviours {
		if len(b.OnStart) == 0 {
			continue
		}
		want := (servers*b.Weight + weights - 1) / weights
		for len(p.idle[i]) < want && p.present < r.Plan.Open.MaxInFlight {
			p.present++
			p.idle[i] = append(p.idle[i], &server{worker: r.newWorker(p.present, index, i)})
			index++
		}
		for _, s := range p.idle[i] {
			if !s.begun && !s.gone {
				fresh = append(fresh, s.worker)
			}
		}
	}
	return fresh
}
