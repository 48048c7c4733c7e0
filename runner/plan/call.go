package plan

import (
	"regexp"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Call is one call of the system: what all protocols share, and a Content that only its own protocol
// understands. All users share it, and it never changes.
type Call struct {
	Index    int           // into Plan.Calls
	Protocol int           // index into Plan.Protocols
	Name     string        // of its route, or what it would be counted under: setup and teardown have no routes
	Routes   []int         // indices into Plan.Routes: of the call itself first, then of its parts; nil in setup and teardown
	Save     []Save        // the parts of the answer to keep
	Within   time.Duration // longest service time; 0 for any
	Content  any           // made by its Protocol
	Messages []Message     // the steps of a call that is a stream; nil for a call with one answer
	Saves    bool          // it, or one of its messages, saves a value
	Opening  bool          // a stream whose time is that of opening it; see Protocol
}

// Route is the index of the route that the call itself is counted under; -1 in setup and teardown.
func (c *Call) Route() int { return c.Part(0) }

// Part is the index of the route that a part of a stream is counted under; -1 in setup and teardown.
func (c *Call) Part(part int) int {
	if len(c.Routes) == 0 {
		return -1
	}
	return c.Routes[part]
}

// The parts of a stream, as indices into its Call.Routes.
const (
	FirstMessage = 1 // the first message
	EachMessage  = 2 // each later message that is no reply
)

// Message is one step of a stream; see profile.Message.
type Message struct {
	Wait    *profile.Wait // nil unless the step is a wait
	Sends   bool
	Repeat  int
	Awaits  profile.Awaits
	Count   int
	For     time.Duration
	Route   int // index into Plan.Routes, of replies
	Within  time.Duration
	Save    []Save
	Content any // made by the Protocol
}

// Span reports whether a span of time ends the stream or a part of it. The duration of such a call says
// nothing about the system.
func (c *Call) Span() bool {
	return slices.ContainsFunc(c.Messages, func(m Message) bool { return m.Awaits == profile.AwaitSpan })
}

// Save keeps a part of an answer for later calls of the user.
type Save struct {
	Slot     int
	Of       profile.Source // OfJSON, OfText, OfHeader or OfCookie
	Path     string         // where the value is, in the protocol's words; in JSON answers a GJSON path
	Match    *regexp.Regexp // its first group is kept, or the whole match; nil for the whole value
	Optional bool           // a missing value empties the slot; otherwise it is a failure
	Place    strict.Place
}

// Route is a name that calls, or parts of calls, are counted under.
type Route struct {
	Name string
	Part bool // counts parts of calls; the calls themselves have other routes
}

// Protocol makes the content of planned calls from the contents of the profile.
type Protocol struct {
	Word string // of the profile's Protocol
	// Content resolves the templates of a call. The package that speaks the protocol compiles the
	// result further.
	Content func(r *Resolver, c *profile.Call) any
	// Message does so for a step of a stream; nil for a protocol whose calls have one answer.
	Message func(r *Resolver, m *profile.Message) any
	// Opening says that the time of a stream is the time to open it. How long it then stays open is
	// the user's choice, and its messages have times of their own.
	Opening bool
}

// Protocols are the protocols of this version.
func Protocols() []Protocol {
	return []Protocol{
		{Word: "http", Content: httpContent},
		{Word: "graphql", Content: graphqlContent},
		{Word: "grpc", Content: grpcContent, Message: grpcMessage},
		{Word: "websocket", Content: webSocketContent, Message: payload, Opening: true},
		{Word: "sse", Content: sseContent, Message: payload},
	}
}

// call resolves a call and adds it to the plan.
func (r *Resolver) call(c *profile.Call) *Call {
	word := c.Content.Protocol()
	i := slices.IndexFunc(r.values.Protocols, func(p Protocol) bool { return p.Word == word })
	if i < 0 {
		r.Fail("%s: this version does not speak %s", c.Route(), word)
		return &Call{}
	}
	p := r.values.Protocols[i]
	resolved := &Call{Index: len(r.plan.Calls), Name: c.Route(), Protocol: r.protocol(word), Save: r.saves(c.Save), Within: c.Within, Opening: p.Opening, Content: p.Content(r, c)}
	for _, name := range c.Routes {
		if !r.uncounted {
			resolved.Routes = append(resolved.Routes, r.route(name))
		}
	}
	resolved.Saves = len(resolved.Save) > 0
	for i := range c.Messages {
		m := r.message(&c.Messages[i], p)
		resolved.Messages = append(resolved.Messages, m)
		resolved.Saves = resolved.Saves || len(m.Save) > 0
	}
	r.plan.Calls = append(r.plan.Calls, resolved)
	return resolved
}

// message resolves one step of a stream.
func (r *Resolver) message(m *profile.Message, p Protocol) Message {
	resolved := Message{
		Wait: m.Wait, Sends: m.Sends, Repeat: m.Repeat, Awaits: m.Awaits, Count: m.Count, For: m.For,
		Route: r.route(m.Route), Within: m.Within, Save: r.saves(m.Save),
	}
	if m.Wait == nil {
		resolved.Content = p.Message(r, m)
	}
	return resolved
}

// route is the index of a route; -1 for none.
func (r *Resolver) route(name string) int {
	if r.uncounted {
		return -1
	}
	return slices.IndexFunc(r.plan.Routes, func(route Route) bool { return route.Name == name })
}

func (r *Resolver) saves(saves []profile.Save) (resolved []Save) {
	for _, s := range saves {
		save := Save{Slot: r.slots[s.Name], Of: s.Of, Path: s.Path, Optional: s.Optional, Place: s.Place}
		if s.Match != "" {
			save.Match = regexp.MustCompile(s.Match)
		}
		resolved = append(resolved, save)
	}
	return resolved
}

// protocol returns the index of a protocol in the plan, and adds it if it is new.
func (r *Resolver) protocol(word string) int {
	i := slices.Index(r.plan.Protocols, word)
	if i < 0 {
		i = len(r.plan.Protocols)
		r.plan.Protocols = append(r.plan.Protocols, word)
	}
	return i
}

// routes lists the routes of a profile. Parse has refused names that stand for both calls and
// parts of calls.
func routes(p *profile.Profile) []Route {
	var routes []Route
	for _, name := range p.Routes() {
		routes = append(routes, Route{Name: name, Part: p.IsPart(name)})
	}
	return routes
}
