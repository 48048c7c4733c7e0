package profile

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// WebSocket is the content of a call that is a WebSocket.
type WebSocket struct {
	Path         Template      // as HTTP.Path
	Headers      []Header      // of the handshake
	Subprotocols []string      // offered, the preferred one first
	Subscription *Subscription // nil unless results of GraphQL come over it
}

// Protocol is websocket.
func (w *WebSocket) Protocol() string { return "websocket" }

// Route is WS and the path, or the kind and the name of a subscription.
func (w *WebSocket) Route() string {
	if w.Subscription != nil {
		return w.Subscription.Operation.Label()
	}
	return "WS " + string(w.Path)
}

// Canonical is the call as the digest counts it.
func (w *WebSocket) Canonical() any {
	v := struct {
		Path         Template
		Headers      []Header `json:",omitempty"`
		Subprotocols []string `json:",omitempty"`
		Subscription any      `json:",omitempty"`
	}{w.Path, w.Headers, w.Subprotocols, nil}
	if w.Subscription != nil {
		v.Subscription = w.Subscription.Canonical()
	}
	return v
}

func (w *WebSocket) sends() (Content, string) {
	shown := string(w.Path)
	if w.Subscription != nil {
		shown += " " + w.Subscription.Operation.Text
	}
	return w, strings.Join(append([]string{shown}, w.Subprotocols...), " ")
}

func (*WebSocket) expects() (string, []Condition) { return "", nil }

// Payload is the content of a step of a stream: the message to send, and the conditions on received ones.
type Payload struct {
	Send   Tree // a text is sent as it stands, anything else as JSON
	Binary bool
	Reply  []Condition   // which message is the reply; the next one if empty
	Expect []Condition   // on each awaited message
	Errors GraphQLErrors // of results of a subscription; empty for other messages
}

// Canonical is the step as the digest counts it.
func (p *Payload) Canonical() any {
	v := struct {
		Text   *Template     `json:",omitempty"` // an empty text is one
		JSON   *Tree         `json:",omitempty"`
		Binary bool          `json:",omitempty"`
		Reply  []Condition   `json:",omitempty"`
		Expect []Condition   `json:",omitempty"`
		Errors GraphQLErrors `json:",omitempty"`
	}{nil, nil, p.Binary, p.Reply, p.Expect, p.digestErrors()}
	switch p.Send.Kind {
	case NoTree:
	case TextTree:
		v.Text = &p.Send.Text
	default:
		v.JSON = &p.Send
	}
	return v
}

// webSocketProtocol reads calls such as websocket: /chat.
func webSocketProtocol() Protocol {
	return Protocol{Word: "websocket", Example: "websocket: /chat", Read: webSocketWords}
}

func webSocketWords(r *CallReader) Words {
	w := &WebSocket{}
	d := &subscriptionReader{graphqlReader: graphqlReader{CallReader: r}}
	return Words{
		Step: append([]strict.Field{
			strict.Need("websocket", "The path of a WebSocket, such as /chat.", "write for example: websocket: /chat", w.read(r)),
			strict.Key("headers", "Headers of the handshake.", r.handshakeHeaders(&w.Headers)),
			strict.Key("subprotocol", "The subprotocol that is offered, or a list of them, the preferred one first. The server must take one.",
				r.OneOrMore(r.Match(subprotocolForm, func(_ *yaml.Node, text string) { w.Subprotocols = append(w.Subprotocols, text) }))),
		}, d.words()...),
		Content: func(step *yaml.Node) Content {
			r.noAnswer(step, "a WebSocket")
			w.Subscription = d.subscription(step, w)
			return w
		},
		Message: func(r *CallReader) MessageWords {
			if w.Subscription != nil {
				return resultWords(r)
			}
			return payloadWords(r)
		},
	}
}

// noAnswer refuses save on a step without an answer of its own. Its messages may have one.
func (r *CallReader) noAnswer(step *yaml.Node, what string) {
	if save := strict.Get(step, "save"); save != nil {
		r.Problem(save, "%s has no answer of its own; write save at one of its messages", what)
	}
}

var (
	// socketPath is the path of httpCall, alone.
	socketPath      = strict.NewPattern(`^(/|\$\{[^}]*\})`+pathRest, "a path such as /chat").Explained(explainSocket)
	subprotocolForm = strict.NewPattern("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", "the name of a subprotocol, of letters, digits, dots and hyphens")
)

// explainSocket says what is wrong with the path of a WebSocket.
func explainSocket(text string) string {
	switch _, rest, isURL := strings.Cut(text, "://"); {
	case isURL:
		_, path, _ := strings.Cut(rest, "/")
		return "the WebSocket is opened at target.url; write its path alone, for example: websocket: " + strict.Quote("/"+path)
	case strings.HasPrefix(text, "GET "):
		return "a WebSocket is always opened with GET; write its path alone, for example: websocket: /chat"
	case strings.Contains(Template(text).literals(), "#"):
		return strict.Quote(text) + " contains a #, and the part after it is never sent; write %23 for the character itself"
	}
	return ""
}

// read reads a path such as /chat.
func (w *WebSocket) read(r *CallReader) strict.Read {
	return r.reader.templateForm(socketPath, func(n *yaml.Node, text Template) {
		w.Path = Template(strings.TrimSpace(string(text)))
		if parts := w.Path.Parts(); len(parts) > 0 && parts[0].Variable != "" {
			r.reader.checkPath(n, parts[0].Variable)
		}
	})
}

// handshakeHeaders reads headers, without those that the handshake writes itself.
func (r *CallReader) handshakeHeaders(to *[]Header) strict.Read {
	return func(n *yaml.Node) {
		*to = r.reader.headers(n, headerName)
		for _, name := range strict.Keys(n) {
			switch lower := strings.ToLower(name); {
			case lower == "sec-websocket-protocol":
				r.Problem(strict.Get(n, name), "write subprotocol in place of the header %s", name)
			case lower == "sec-websocket-extensions":
				r.Problem(strict.Get(n, name), "no extension of WebSocket is spoken here, permessage-deflate included; leave %s out", name)
			case lower == "connection", lower == "upgrade", strings.HasPrefix(lower, "sec-websocket-"):
				r.Problem(strict.Get(n, name), "the handshake writes %s itself; leave it out", name)
			}
		}
	}
}

// payloadWords reads a step of a WebSocket.
func payloadWords(r *CallReader) MessageWords {
	p := &Payload{}
	var errors GraphQLErrors
	return MessageWords{
		Send:  r.Tree(&p.Send),
		Reply: func(n *yaml.Node) { r.Either(n, r.TextConditions(&p.Reply), r.Conditions(OfJSON, &p.Reply)) },
		Step: []strict.Field{
			strict.Key("binary", "true sends a binary message; otherwise it is a text.", r.Bool(&p.Binary)),
		},
		Expect:  append(jsonAndText(r, &p.Expect), strict.Key("size", "The length of the message in bytes: a number, or a condition such as > 1000.", r.SizeCondition(&p.Expect)), resultErrors(r, &errors)),
		Sources: []Source{OfText},
		Content: func(step *yaml.Node, m *Message) {
			if binary := strict.Get(step, "binary"); binary != nil && !m.Sends {
				r.Problem(binary, "binary says how a message is sent, and this step sends none; both kinds are received")
			}
			if expect := strict.Get(step, "expect"); expect != nil && strict.Has(expect, "errors") {
				r.Problem(strict.Get(expect, "errors"), "errors belongs to a subscription of GraphQL; say what must be in each message, for example: json: {error: exists}")
			}
			m.Content = p
		},
	}
}

// jsonAndText are the conditions that every message of text can have.
func jsonAndText(r *CallReader, to *[]Condition) []strict.Field {
	return []strict.Field{
		strict.Key("json", "What each message must be, as JSON: GJSON path to a value, or to a condition such as > 0, != x, ~ ^SKU or exists.", r.Conditions(OfJSON, to)),
		strict.Key("text", "What each message must contain, or a condition (~ regular expression, == all of it, != x), or a list of them.", r.TextConditions(to)),
	}
}
