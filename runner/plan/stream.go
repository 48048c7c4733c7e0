package plan

import (
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// WebSocket is the content of a call that is a WebSocket.
type WebSocket struct {
	Handshake    *HTTP // without the header fields that the handshake adds
	Subprotocols []string
	Subscription *Subscription // nil for none
}

// Subscription is what a subscription of GraphQL sends, as JSON.
type Subscription struct {
	Init    Text // the payload of connection_init; nil for none
	Request Text // the operation
}

// SSE is the content of a call whose answer is a stream of server-sent events.
type SSE struct{ Request *HTTP }

// Payload is the content of a step of either stream.
type Payload struct {
	Send   Text
	Binary bool
	Reply  []Condition
	Expect []Condition
	Errors profile.GraphQLErrors // of results of a subscription; empty for other messages
}

func webSocketContent(r *Resolver, c *profile.Call) any {
	w := c.Content.(*profile.WebSocket)
	h := r.http(&profile.HTTP{Method: "GET", Path: w.Path, Headers: w.Headers})
	var kept []Header
	for _, header := range h.Headers { // target.headers may have some that the handshake writes itself
		switch lower := strings.ToLower(header.Name); {
		case lower == "connection", lower == "upgrade", strings.HasPrefix(lower, "sec-websocket-"):
		default:
			kept = append(kept, header)
		}
	}
	h.Headers = append(kept, Header{"Connection", Lit("Upgrade")}, Header{"Upgrade", Lit("websocket")}, Header{"Sec-WebSocket-Version", Lit("13")})
	if len(w.Subprotocols) > 0 {
		h.Headers = append(h.Headers, Header{"Sec-WebSocket-Protocol", Lit(strings.Join(w.Subprotocols, ", "))})
	}
	made := &WebSocket{Handshake: h, Subprotocols: w.Subprotocols}
	if s := w.Subscription; s != nil {
		made.Subscription = &Subscription{Request: r.GraphQLRequest(s.Operation, s.Variables)}
		if s.Init.Kind != profile.NoTree {
			made.Subscription.Init = r.Tree(s.Init).JSON(nil)
		}
	}
	return made
}

func sseContent(r *Resolver, c *profile.Call) any {
	h := c.Content.(*profile.SSE).Request
	if !named(h.Headers, "Accept") && !named(r.profile.Target.Headers, "Accept") {
		h.Headers = append([]profile.Header{{Name: "Accept", Value: "text/event-stream"}}, h.Headers...)
	}
	return &SSE{r.http(&h)}
}

func payload(r *Resolver, m *profile.Message) any {
	from := m.Content.(*profile.Payload)
	p := &Payload{Binary: from.Binary, Errors: from.Errors}
	switch from.Send.Kind {
	case profile.NoTree:
	case profile.TextTree:
		p.Send = r.Text(from.Send.Text, Plain)
	default:
		p.Send = r.Tree(from.Send).JSON(nil)
	}
	for _, c := range from.Reply {
		p.Reply = append(p.Reply, NewCondition(c))
	}
	for _, c := range from.Expect {
		p.Expect = append(p.Expect, NewCondition(c))
	}
	return p
}
