package plan

import (
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Call is one call of the system: what every protocol has in common, and a Content that only its own protocol
// understands. It is shared by all users and never changed.
type Call struct {
	Index    int           // into Plan.Calls
	Protocol int           // index into Plan.Protocols
	Routes   []int         // indices into Plan.Routes: of the call itself first, then of its parts
	Save     []Save        // what is kept of the answer
	Within   time.Duration // longest service time; 0 for any
	Content  any           // what its Protocol made of it
}

// Route is the index of the route that the call itself is counted under.
func (c *Call) Route() int { return c.Routes[0] }

// Save keeps a part of an answer for later calls of the user.
type Save struct {
	Slot int
	Path string // where the value stands, in the protocol's words; in JSON answers a GJSON path
}

// Route is a name that calls, or parts of calls, are counted under.
type Route struct {
	Name string
	Part bool // of a call that is counted under a route of its own
}

// Protocol makes the content of planned calls from what the profile says.
type Protocol struct {
	Word string // of the profile's Protocol
	// Content resolves the templates of a call. What it gives is compiled further by the package that speaks
	// the protocol.
	Content func(r *Resolver, c *profile.Call) any
}

// Protocols are those that this version speaks.
func Protocols() []Protocol { return []Protocol{{Word: "http", Content: httpContent}} }

// call resolves a call and adds it to the plan.
func (r *Resolver) call(c *profile.Call) *Call {
	resolved := &Call{Index: len(r.plan.Calls), Within: c.Within, Protocol: r.protocol(c.Content.Protocol())}
	for _, name := range c.Routes {
		resolved.Routes = append(resolved.Routes, slices.IndexFunc(r.plan.Routes, func(route Route) bool { return route.Name == name }))
	}
	for _, s := range c.Save {
		resolved.Save = append(resolved.Save, Save{Slot: r.slots[s.Name], Path: s.Path})
	}
	for _, p := range r.values.Protocols {
		if p.Word == c.Content.Protocol() {
			resolved.Content = p.Content(r, c)
		}
	}
	r.plan.Calls = append(r.plan.Calls, resolved)
	return resolved
}

// protocol is the index of a protocol among those of the plan, which it joins.
func (r *Resolver) protocol(word string) int {
	i := slices.Index(r.plan.Protocols, word)
	if i < 0 {
		i = len(r.plan.Protocols)
		r.plan.Protocols = append(r.plan.Protocols, word)
	}
	return i
}

// routes are all routes of a profile. A name is never of calls and of parts of calls at once.
func routes(p *profile.Profile) []Route {
	var routes []Route
	for _, name := range p.Routes() {
		routes = append(routes, Route{Name: name, Part: p.IsPart(name)})
	}
	return routes
}
