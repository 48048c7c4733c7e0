package profile

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/graphql"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Subscription is an operation of GraphQL whose results come over a WebSocket.
type Subscription struct {
	Operation *graphql.Operation
	Variables Tree // a mapping; NoTree for none
	Init      Tree // the payload of connection_init; NoTree for none
}

// The subprotocols of subscriptions.
const (
	TransportWS = "graphql-transport-ws" // of the library graphql-ws, and the default
	LegacyWS    = "graphql-ws"           // of the older library subscriptions-transport-ws
)

// Canonical is the subscription as the digest counts it.
func (s *Subscription) Canonical() any {
	call := GraphQL{Operation: s.Operation, Variables: s.Variables}
	v := struct {
		Call any
		Init *Tree `json:",omitempty"`
	}{Call: call.Canonical()}
	if s.Init.Kind != NoTree {
		v.Init = &s.Init
	}
	return v
}

// subscriptionReader reads the keys of a subscription.
type subscriptionReader struct {
	graphqlReader
	init Tree
}

// words are these keys.
func (d *subscriptionReader) words() []strict.Field {
	return append(d.operationWords(),
		strict.Key("graphql", "A document with a subscription of GraphQL, whose results are the messages; or {file: ticks.graphql}.", d.document),
		strict.Key("init", "The payload of connection_init, where servers expect tokens.", func(n *yaml.Node) { d.AnyMapping(d.Tree(&d.init))(n) }))
}

// subscription is what was read; nil if the step has none, or if there is a problem.
func (d *subscriptionReader) subscription(step *yaml.Node, w *WebSocket) *Subscription {
	if !strict.Has(step, "graphql") {
		for _, key := range []string{"operation", "variables", "init"} {
			if n := strict.Get(step, key); n != nil {
				d.Problem(n, "%s belongs to a subscription; write its document too, for example: graphql: subscription Ticks { ticks { at } }", key)
			}
		}
		return nil
	}
	if len(w.Subprotocols) == 0 {
		w.Subprotocols = []string{TransportWS}
	}
	if i := slices.IndexFunc(w.Subprotocols, func(p string) bool { return p != TransportWS && p != LegacyWS }); i >= 0 || len(w.Subprotocols) > 1 {
		d.Problem(strict.Get(step, "subprotocol"), "a subscription speaks one subprotocol: %s, or the older %s", TransportWS, LegacyWS)
	}
	o, variables, files := d.operation(graphql.Subscription)
	if len(files) > 0 {
		d.Problem(strict.Get(step, "variables"), "a file cannot be sent over a WebSocket")
	}
	if o == nil {
		return nil
	}
	d.reader.unnamedOperation(step, o)
	return &Subscription{o, variables, d.init}
}

// resultWords reads a step of a subscription.
func resultWords(r *CallReader) MessageWords {
	p := &Payload{Errors: NoErrors}
	return MessageWords{
		Expect:  append(jsonAndText(r, &p.Expect), resultErrors(r, &p.Errors)),
		Sources: []Source{OfText},
		Content: func(_ *yaml.Node, m *Message) { m.Content = p },
	}
}

// resultErrors reads whether results may have errors.
func resultErrors(r *CallReader, to *GraphQLErrors) strict.Field {
	return strict.Key("errors", "Of a subscription of GraphQL: whether each result may have errors: none, some (there must be one) or any.", strict.OneOf(r.Reader, to, NoErrors, SomeErrors, AnyErrors))
}

// digestErrors is Errors as the digest counts it: the default is empty.
func (p *Payload) digestErrors() GraphQLErrors {
	return GraphQLErrors(strings.TrimPrefix(string(p.Errors), string(NoErrors)))
}
