package plan

import (
	"fmt"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Shard is one of N parts of a plan, counted from 0. The zero Shard is the whole.
type Shard struct{ I, N int }

// String names the shard for people, who count from 1.
func (s Shard) String() string { return fmt.Sprintf("shard %d of %d", s.I+1, s.N) }

// has reports whether the i-th user or arrival belongs to this shard.
func (s Shard) has(i int) bool { return s.N <= 1 || i%s.N == s.I }

// of is this shard's part of a number. The parts of all shards add up to the number, and differ by at most one.
func (s Shard) of(all int) int {
	part := all / max(s.N, 1)
	if s.I < all%max(s.N, 1) {
		part++
	}
	return part
}

// share reduces a whole plan to what its shard does. Users and arrivals have been dealt already. The shards' parts of a limit
// add up to the whole limit, so all shards together keep it without talking. The first shard does setup and teardown, and
// watches the system. It fails if some shard would have nothing to do.
func (p *Plan) share() error {
	s := p.Shard
	switch {
	case s.N == 0:
		return nil
	case p.Locust != nil:
		return errLocustShard
	case p.Start != nil:
		return fmt.Errorf("target.start starts a system, and each of %d shards would start its own: start it once, and give all shards its address with --host", s.N)
	case p.Open == nil && s.N > p.AllUsers:
		return fmt.Errorf("%d shards share %s, so some would have none: use fewer shards, or more users", s.N, count(p.AllUsers, "user"))
	case p.Open != nil && s.N > p.Open.MaxInFlight:
		return fmt.Errorf("load.max_in_flight is %d for all %d shards together, so some could send nothing: raise it, or use fewer shards", p.Open.MaxInFlight, s.N)
	case p.Target.Connections > 0 && s.N > p.Target.Connections:
		return fmt.Errorf("target.connections is shared %d for all %d shards together, so some would have none: raise it, or use fewer shards", p.Target.Connections, s.N)
	}
	p.Target.Connections = s.of(p.Target.Connections)
	if p.Open != nil {
		p.Open.MaxInFlight = s.of(p.Open.MaxInFlight)
	} else {
		p.Limits.Rate *= float64(len(p.Users)) / float64(p.AllUsers)
	}
	if s.I > 0 {
		p.Teardown = nil
		p.Monitor.System, p.Monitor.Also, p.Monitor.Pages, p.Monitor.Go = profile.Subject{None: true}, nil, nil, ""
	}
	return nil
}

// Kinds counts the users by behaviour, with those of this shard alone. It is empty in the open model.
func (p *Plan) Kinds() map[string]int {
	kinds := map[string]int{}
	for _, u := range p.Users {
		kinds[p.Behaviours[u.Behaviour].Name]++
	}
	return kinds
}
