package gate

import (
	"cmp"
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

const (
	// leastBroken is the least difference of a route's failure rate between the sides that changes the load of
	// other routes.
	leastBroken = 0.10
	// leastPart is the least part of a side's requests, or of its users' time, with which a route changes the
	// load of others: a smaller route cannot cost another one a fifth of its throughput.
	leastPart = 0.05
)

// attribute finds rows that are past their limits only because another route is past its own, or differs
// between the sides. When a route's answers are slower in general (its p50), users who wait for them send
// fewer requests elsewhere, requests of other routes sometimes queue behind them (their tails), and all
// routes together are slower too. If a route fails or exists on one side only, its users have more or less
// time for the other routes, so the throughput of those proves nothing. A route's own p50 follows only from
// a route that has become slower by far more (ofFarSlower). A cause must be proven, and a row within its
// limit needs no cause.
func attribute(s *sides, rows []row) []row {
	rows = slices.Clone(rows)
	if !s.p.loads { // between two loads of one system every route has its own slowdown
		rows = s.addedLoad(rows)
	}
	c := newCauses(s, rows)
	for i := range rows {
		if r := &rows[i]; r.Route != tally.All && !s.p.loads {
			r.follow(c.ofRoute(r))
		}
	}
	for i := range rows {
		if r := &rows[i]; r.Route == tally.All {
			r.follow(c.ofWhole(r, rows))
		}
	}
	return rows
}

func (r *row) follow(from *Why) {
	if from != nil {
		r.Status, r.Why = Follows, from
	}
}

// isNoise reports whether a latency is within its limit, and in doubt only because of noise.
func (r *row) isNoise() bool { return r.Status == Unclear && r.Metric.IsLatency() && r.past() <= 1 }

// causes are the routes that others may follow from.
type causes struct {
	s                     *sides
	slower, tails, failed sources // by p50, by p95 and p99, by failure rate
	rises                 rises
	broken, ignored       map[Cause]sources  // routes that differ between the sides; those that the policy ignores
	had, has              map[string]float64 // the routes' parts before and now
}

func newCauses(s *sides, rows []row) *causes {
	c := &causes{s: s, slower: sources{}, tails: sources{}, failed: sources{}, rises: rises{}, broken: map[Cause]sources{}, ignored: map[Cause]sources{}}
	c.had, c.has = s.before.parts(), s.now.parts()
	for i := range rows {
		if r := &rows[i]; r.Route != tally.All {
			c.addRise(r)
		}
	}
	for i := range rows {
		switch r := &rows[i].Comparison; {
		case r.Route == tally.All:
		case r.Metric == FailureRate:
			c.failed.add(r)
			if r.Head-r.Baseline >= leastBroken && c.has[r.Route] >= leastPart {
				c.breaks(c.broken, ByFailing, r.Route, sureness(r.Status))
			}
		case r.Metric == P50:
			if c.ofFarSlower(&rows[i]) == nil {
				c.slower.add(r)
			}
		case r.Metric.IsLatency():
			c.tails.add(r)
		}
	}
	for route, now := range s.now.routes {
		c.differs(route, s.before.routes[route], now)
	}
	for route, before := range s.before.routes {
		if _, known := s.now.routes[route]; !known {
			c.differs(route, before, counts{})
		}
	}
	return c
}

// differs finds out how a route differs between the sides: it fails, or exists, on one of them only.
func (c *causes) differs(route string, before, now counts) {
	limits, into := c.s.p.forRoute(route), c.broken
	if limits.Ignore {
		into = c.ignored
	}
	switch {
	case max(c.had[route], c.has[route]) < leastPart:
	case before.requests == 0 && now.requests > 0:
		c.breaks(into, ByNew, route, proven)
	case before.requests > 0 && now.requests == 0:
		c.breaks(into, ByGone, route, proven)
	case before.fail(limits) && before.rate()-now.rate() >= leastBroken:
		c.breaks(into, ByBase, route, proven)
	case limits.Ignore && now.fail(limits) && now.rate()-before.rate() >= leastBroken: // it has no row
		c.breaks(into, ByFailing, route, proven)
	}
}

func (c *causes) breaks(into map[Cause]sources, by Cause, route string, sure int) {
	if len(c.s.before.routes) == 0 { // nothing to compare with
		return
	}
	if into[by] == nil {
		into[by] = sources{}
	}
	into[by][route] = sure
}

// ofRoute finds the cause of a row of a route; nil if there is none.
func (c *causes) ofRoute(r *row) *Why {
	if sureness(r.Status) == 0 || r.isNoise() || r.Metric == FailureRate || c.broken[ByFailing][r.Route] > 0 {
		return nil
	}
	if from := c.ofFarSlower(r); from != nil || c.slower[r.Route] > 0 { // is a source itself
		return from
	}
	if from := c.ofSlower(r); from != nil {
		return from
	}
	if r.Metric == P50 { // nothing but the route itself makes it slower in general
		return nil
	}
	if from := ofBroken(c.broken, r); from != nil || r.Metric != Throughput {
		return from
	}
	if from := ofBroken(c.ignored, r); from != nil {
		return from
	}
	return c.ofTime(r)
}

// ofSlower finds routes that are slower in general, or else in their tails.
func (c *causes) ofSlower(r *row) *Why {
	switch {
	case c.slower.any():
		return c.slower.like(&r.Comparison, BySlower)
	case c.tails[r.Route] == 0:
		return c.tails.like(&r.Comparison, BySlower)
	}
	return nil
}

// ofBroken finds routes that differ between the sides.
func ofBroken(broken map[Cause]sources, r *row) *Why {
	for _, by := range []Cause{ByFailing, ByBase, ByNew, ByGone} {
		if from := broken[by].like(&r.Comparison, by); from != nil {
			return from
		}
	}
	return nil
}

// ofTime finds routes, judged or not, that take so much more of their users' time that it may explain a lower
// throughput. That happens only in the closed model: in the open one nobody waits.
//
// For each request of this route, users of the same kind spend time in it and in others. Their waits and
// kinds are unknown. ofTime assumes that they request only this route and those that may explain the loss:
// any other time would make the effect smaller. The others must explain at least half of the loss, and more
// than the route itself does.
func (c *causes) ofTime(r *row) *Why {
	before, now := c.s.before.routes[r.Route], c.s.now.routes[r.Route]
	had, has := perOf(before, c.s.before), perOf(now, c.s.now)
	if c.s.users == 0 || had == 0 || has == 0 {
		return nil
	}
	grown, cycle, more := had/has-1, before.mean, 0.0
	var names []string
	for _, one := range c.s.slowerThan(r.Route) {
		cycle, more, names = cycle+one.was, more+one.is-one.was, append(names, one.route)
		if more >= cycle*grown/2 && more >= now.mean-before.mean {
			return caused(BySlower, names)
		}
	}
	return nil
}

// spent is the time that users spend in a route, per request of another route.
type spent struct {
	route   string
	was, is float64 // ns
}

// slowerThan lists the routes other than this one that take more time than before, the largest increase
// first.
func (s *sides) slowerThan(route string) []spent {
	var all []spent
	for other, was := range s.before.routes {
		is, known := s.now.routes[other]
		if other == route || !known || s.parts[other] || is.mean <= was.mean || was.mean == 0 {
			continue
		}
		each := float64(was.requests) / float64(s.before.routes[route].requests)
		all = append(all, spent{other, each * was.mean, each * is.mean})
	}
	slices.SortFunc(all, func(a, b spent) int {
		return cmp.Or(cmp.Compare(b.is/b.was, a.is/a.was), cmp.Compare(a.route, b.route))
	})
	return all
}

// ofWhole finds the cause of a row of all routes together: the routes that are worse, or the causes of those.
// The routes are parts of the whole, so they need only be as sure as the row.
func (c *causes) ofWhole(whole *row, rows []row) *Why {
	own := sureness(whole.Status)
	switch {
	case own == 0 || whole.isNoise():
		return nil
	case whole.Metric == FailureRate:
		return c.failed.sure(own, &whole.Comparison, ByFailing)
	}
	if from := c.ofSlower(whole); from != nil {
		return from
	}
	same := sources{}
	var first *Why
	for i := range rows {
		if r := &rows[i]; r.Route == tally.All || r.Metric != whole.Metric {
			continue
		} else if r.Status == Follows && first == nil {
			first = r.Why
		} else {
			same.add(&r.Comparison)
		}
	}
	by := BySlower
	if whole.Metric == Throughput {
		by = "" // they have less throughput; nothing else is known
	}
	if from := same.sure(own, &whole.Comparison, by); from != nil || first == nil {
		return from
	}
	return first.clone()
}

// sources are routes that may be past a limit, each with its sureness.
type sources map[string]int

// proven is the sureness of a worse row.
const proven = 2

// sureness is 2 for a row that is worse, 1 for one that may be, and 0 for others.
func sureness(s Status) int { return max(s.Severity()-Follows.Severity(), 0) }

func (s sources) any() bool {
	for _, sure := range s {
		if sure > 0 {
			return true
		}
	}
	return false
}

func (s sources) add(c *Comparison) { s[c.Route] = max(s[c.Route], sureness(c.Status)) }

// mostCauses is the most routes that are named as causes of another.
const mostCauses = 3

// like names the sources, other than c's own route, that are proven; nil if there are none, or c is not
// past a limit.
func (s sources) like(c *Comparison, by Cause) *Why { return s.sure(proven, c, by) }

// sure names the sources with at least this sureness.
func (s sources) sure(least int, c *Comparison, by Cause) *Why {
	var names []string
	for name, sure := range s {
		if sureness(c.Status) > 0 && sure >= least && name != c.Route {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return caused(by, names)
}

// caused explains a row by routes, the first of them by name; nil for none.
func caused(by Cause, names []string) *Why {
	if len(names) == 0 {
		return nil
	}
	shown := min(len(names), mostCauses)
	return &Why{Kind: Caused, By: by, Routes: names[:shown:shown], More: len(names) - shown}
}
