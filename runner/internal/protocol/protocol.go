// Package protocol connects a run to the protocols that its plan speaks.
//
// New makes the Clients of a plan. Each user gets one load.Client, which hands a call to the client of
// its protocol. If a plan speaks one protocol, that client is used directly. All protocols dial
// through one wire.Dialer.
//
// The protocols are passed in as values. A Protocol here makes clients, a plan.Protocol resolves
// calls, and a profile.Protocol reads them; the same Word links the three. The toy protocols in the
// test of this package show all of them.
package protocol

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/graphql"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/grpc"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/http"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/sse"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/websocket"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Protocol makes the clients of one protocol.
type Protocol struct {
	Word string // of the plan's and the profile's Protocol
	// Family is shared by protocols that one Maker speaks: the Maker of the first of them in a plan serves
	// all, so a user's calls of the family share connections. Empty for a protocol by itself.
	Family string
	New    func(*plan.Plan, *wire.Dialer) (Maker, error)
}

// Maker makes the clients of one protocol for one run. Safe for concurrent use.
type Maker interface {
	Client(*jar.Jar) load.Client // makes the client of a new user, whose protocols share the cookies
	Spoken() string              // the protocol and its version, for people
	Close() error                // closes what clients share; call it after their own Close
}

// asker is a Maker that must ask the running system something before its clients make calls, such as
// how a gRPC server describes its services.
type asker interface {
	Maker
	// Ask asks, over a connection of its own. The error is a sentence for people, and names the system.
	Ask(ctx context.Context) error
}

// Protocols are those that this version speaks.
func Protocols() []Protocol {
	overHTTP := func(p *plan.Plan, d *wire.Dialer) (Maker, error) { return http.New(p, d, graphql.Dialect()) }
	return []Protocol{
		{Word: "http", Family: "http", New: overHTTP},
		{Word: "graphql", Family: "http", New: overHTTP},
		{Word: "sse", New: func(p *plan.Plan, d *wire.Dialer) (Maker, error) { return sse.New(p, d) }},
		{Word: "grpc", New: func(p *plan.Plan, d *wire.Dialer) (Maker, error) { return grpc.New(p, d) }},
		{Word: "websocket", New: func(p *plan.Plan, d *wire.Dialer) (Maker, error) { return websocket.New(p, d) }},
	}
}

// Check compares the calls of a profile with the descriptions that it names, and returns what does not fit and
// profile.Parse could not find. The profile may have problems of its own.
func Check(p *profile.Profile) strict.Problems { return grpc.Check(p) }

// Clients makes the clients of one run. Safe for concurrent use.
type Clients struct {
	makers []Maker // of different families
	of     []int   // index into makers, by plan.Call.Protocol
}

// New compiles the calls of a plan. It connects to nothing. A nil list of protocols stands for
// Protocols. It fails if the target's address, its certificates or a literal part of a call
// cannot be used.
func New(p *plan.Plan, proxy wire.Proxy, protocols []Protocol) (*Clients, error) {
	if protocols == nil {
		protocols = Protocols()
	}
	d, err := wire.NewDialer(p.Target, proxy)
	if err != nil {
		return nil, err
	}
	c := &Clients{}
	families := map[string]int{}
	for _, word := range p.Protocols {
		i := slices.IndexFunc(protocols, func(known Protocol) bool { return known.Word == word })
		if i < 0 {
			return nil, fmt.Errorf("the plan has calls of the protocol %q, which this program does not speak", word)
		}
		family := cmp.Or(protocols[i].Family, word)
		if at, made := families[family]; made {
			c.of = append(c.of, at)
			continue
		}
		maker, err := protocols[i].New(p, d)
		if err != nil {
			return nil, err
		}
		families[family] = len(c.makers)
		c.of, c.makers = append(c.of, len(c.makers)), append(c.makers, maker)
	}
	return c, nil
}

// Client makes the client of one user.
func (c *Clients) Client() load.Client {
	cookies := new(jar.Jar)
	if len(c.makers) == 1 {
		return c.makers[0].Client(cookies)
	}
	all := several{of: c.of}
	for _, m := range c.makers {
		all.clients = append(all.clients, m.Client(cookies))
	}
	return all
}

// Ask asks the running system what must be known before the first call. Call it once the system is
// ready, and before the first Client.
func (c *Clients) Ask(ctx context.Context) error {
	for _, m := range c.makers {
		if a, asks := m.(asker); asks {
			if err := a.Ask(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// Spoken names the protocols that are spoken, with their versions.
func (c *Clients) Spoken() string {
	var names []string
	for _, m := range c.makers {
		names = append(names, m.Spoken())
	}
	return strings.Join(names, ", ")
}

// Close closes the connections that users share. Call it after the clients' own Close.
func (c *Clients) Close() error {
	var errs []error
	for _, m := range c.makers {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}

// several is one user's client of each family.
type several struct {
	clients []load.Client
	of      []int // index into clients, by plan.Call.Protocol
}

// Do makes a call with the client of its protocol.
func (s several) Do(ctx context.Context, c *plan.Call, v load.Values) load.Outcome {
	return s.clients[s.of[c.Protocol]].Do(ctx, c, v)
}

// Open begins a call that is a stream with the client of its protocol.
func (s several) Open(ctx context.Context, c *plan.Call, v load.Values) (load.Stream, load.Outcome) {
	return s.clients[s.of[c.Protocol]].(load.Opener).Open(ctx, c, v)
}

// Idle gives memory back.
func (s several) Idle() {
	for _, c := range s.clients {
		c.Idle()
	}
}

// Close ends the user's connections.
func (s several) Close() error {
	var errs []error
	for _, c := range s.clients {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
