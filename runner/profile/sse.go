package profile

import (
	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// SSE is the content of a call whose answer is a stream of server-sent events.
type SSE struct {
	Request HTTP // its Status and Expect are empty
}

// Protocol is sse.
func (s *SSE) Protocol() string { return "sse" }

// Route is SSE and the path, with the method in front of the path unless it is GET.
func (s *SSE) Route() string {
	if s.Request.Method == "GET" {
		return "SSE " + string(s.Request.Path)
	}
	return "SSE " + s.Request.Route()
}

// Canonical is the call as the digest counts it.
func (s *SSE) Canonical() any { return s.Request.Canonical() }

func (s *SSE) sends() (Content, string) { return s.Request.sends() }

func (*SSE) expects() (string, []Condition) { return "", nil }

// sseProtocol reads calls such as sse: GET /events.
func sseProtocol() Protocol {
	return Protocol{Word: "sse", Example: "sse: GET /events", Read: sseWords}
}

func sseWords(r *CallReader) Words {
	s := &SSE{}
	h := &s.Request
	var body Template
	return Words{
		Step: []strict.Field{
			strict.Need("sse", "Method and path of a stream of server-sent events, such as GET /events.", "write for example: sse: GET /events", h.read(r)),
			strict.Key("headers", "Headers of the request.", r.Headers(&h.Headers)),
			strict.Key("json", "The body, sent as JSON with the Content-Type of JSON.", r.Tree(&h.JSON)),
			strict.Key("body", "The body as text, or {file: payload.bin}, which is sent as it is.", r.Body(&body, &h.File)),
		},
		Content: func(step *yaml.Node) Content {
			r.noAnswer(step, "a stream of events")
			r.AtMostOne(step, "a request has one body", "json", "body")
			switch {
			case strict.Has(step, "json"):
				h.Sends = JSONBody
			case h.File != nil:
				h.Sends = FileBody
			case strict.Has(step, "body"):
				h.Sends, h.Body = TextBody, body
			}
			if step.Kind == yaml.MappingNode && !strict.Has(step, "messages") {
				r.Problem(step, "say which events are awaited, for example: messages: [{receive: 10}]")
			}
			return s
		},
		Message: eventWords,
	}
}

// eventWords reads a step of a stream of events.
func eventWords(r *CallReader) MessageWords {
	p := &Payload{}
	named := r.Match(fieldForm, func(*yaml.Node, string) {})
	event := func(n *yaml.Node) {
		r.Either(n, r.Scalar(func(n *yaml.Node) {
			c := r.reader.condition(n, OfEvent)
			c.Path = "type"
			p.Expect = append(p.Expect, c)
		}), r.reader.conditions(OfEvent, named, &p.Expect))
	}
	return MessageWords{
		Expect: append(jsonAndText(r, &p.Expect),
			strict.Key("event", "The type of each event, or a condition on it; or {type: …, id: …}.", event)),
		Sources: []Source{OfText, OfEvent},
		Content: func(_ *yaml.Node, m *Message) { m.Content = p },
	}
}

// fieldForm are the fields of an event that conditions and saves can name. Its data is the message.
var fieldForm = strict.NewPattern(`^(type|id)$`, "type or id, of the event")
