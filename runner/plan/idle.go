package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Idle is the plan of a share of the load, for a system that is hardly loaded: as few of the users, one at least, or as
// small a part of the rate. Its users are users of p, and the others rest: kinds of users have the same parts of the load,
// as far as whole users allow. Its arrivals are none of p's, so that both loads can go to one system. Its shifts can be
// done by the crew of p, between p's own. It has a digest of its own, because it is another load.
//
// The errors say what p lacks. share lies between 0 and 1.
func (p *Plan) Idle(share float64) (*Plan, error) {
	switch {
	case p.Locust != nil:
		return nil, errLocustIdle
	case p.Stages > 0:
		return nil, errors.New("load.stages has no full load that could be compared with an idle one: give load.users or load.rate")
	case p.Open == nil && len(p.Users) < 2:
		return nil, errors.New("one user is the idle load and the full one, so there is nothing to compare: give load.users of two or more")
	}
	s := *p
	sum := sha256.Sum256(fmt.Appendf(nil, "%s idle %g", p.ProfileDigest, share))
	s.ProfileDigest = hex.EncodeToString(sum[:])
	if p.Open != nil {
		s.Open, s.Rate = p.Open.idle(share), share*p.Rate
		return &s, nil
	}
	s.SpawnRate *= share
	s.AllUsers = min(max(int(math.Round(share*float64(len(p.Users)))), 1), len(p.Users)-1)
	s.Users = slices.Clone(p.Users)
	left := p.apportion(s.AllUsers)
	for i := range s.Users {
		u := &s.Users[i]
		if left[u.Behaviour] == 0 {
			u.Spans = nil
			continue
		}
		left[u.Behaviour]--
	}
	return &s, nil
}

// idle is the open model at a share of its rate. Its indices begin past all that o may ever need.
func (o *Open) idle(share float64) *Open {
	few := *o
	few.pieces = slices.Clone(o.pieces)
	for i := range few.pieces {
		few.pieces[i].from *= share
		few.pieces[i].to *= share
	}
	few.aside = 1_000_000
	for float64(few.aside) < 100*o.Expected() { // stretches of random arrivals set many indices aside
		few.aside *= 10
	}
	return &few
}

// apportion deals n users to the behaviours in the proportion of all users: the method of the largest remainder. Of equal
// ones the first gets more.
func (p *Plan) apportion(n int) []int {
	seats, remainders := make([]int, len(p.Behaviours)), make([]float64, len(p.Behaviours))
	for _, u := range p.Users {
		remainders[u.Behaviour] += float64(n) / float64(len(p.Users))
	}
	order := make([]int, len(seats))
	left := n
	for i := range seats {
		whole := math.Floor(remainders[i] + 1e-9)
		seats[i], remainders[i], order[i] = int(whole), remainders[i]-whole, i
		left -= seats[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remainders[b], remainders[a]) })
	for _, i := range order[:left] {
		seats[i]++
	}
	return seats
}
