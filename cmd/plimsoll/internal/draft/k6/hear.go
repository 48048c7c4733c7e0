package k6

import (
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// hear follows a function for messages. Its checks are expected of the message that is awaited; what it sends follows
// that message.
func (l *library) hear(m *script.Machine, s *socket, h listener) {
	message := &script.Step{At: h.at, Protocol: "message"}
	var data script.Value = (&script.Answer{Of: message}).Part(script.OfBody, "")
	if h.event {
		data = &script.Native{Name: "an event", Has: map[string]script.Value{"data": data}}
	}
	timers := len(s.timers)
	steps := l.record(m, s, func() { m.Call(h.at, h.do, data) })
	if expect := expectations(message); len(expect.Keys) > 0 {
		s.awaited().Set("expect", expect)
	}
	answers := answering{library: l, m: m, socket: s, message: message}
	s.mayClose = s.mayClose || slices.ContainsFunc(steps, closes)
	for _, step := range steps {
		answers.take(step)
	}
	switch {
	case answers.conditional:
		m.Note(h.at, "this answers messages that meet a condition; the profile awaits one of them, and answers it once")
	case (answers.sent || slices.ContainsFunc(s.timers[timers:], func(t timer) bool { return m.Asks(t.do) })) && !s.closed:
		m.Note(h.at, "this answers every message; the profile answers one")
	}
}

// expectations are what the checks of a function for messages ask for.
func expectations(message *script.Step) *script.Dict {
	expect, json, texts := script.NewDict(), script.NewDict(), &script.List{}
	for _, e := range message.Expected {
		switch e.Want.(type) {
		case string, bool, int64, float64:
		default:
			e.Want = "exists"
		}
		if e.Kind == script.OfJSON {
			json.Set(e.Path, e.Want)
		} else if e.Kind == script.OfBody {
			texts.Items = append(texts.Items, e.Want)
		} else if e.Kind == script.OfSize {
			expect.Set("size", e.Want)
		}
	}
	if len(json.Keys) > 0 {
		expect.Set("json", json)
	}
	if len(texts.Items) > 0 {
		expect.Set("text", texts)
	}
	return expect
}

// awaited is the last message that an answer is awaited to; without any, the profile receives one.
func (s *socket) awaited() *script.Dict {
	for _, item := range slices.Backward(s.messages.Items) {
		d, is := item.(*script.Dict)
		if is && (get(d, "receive") != nil || get(d, "send") != nil && get(d, "reply") != "none") {
			return d
		}
	}
	first := script.NewDict("receive", int64(1))
	s.messages.Items = append(s.messages.Items, first)
	return first
}

// answering adds what a function for messages does.
type answering struct {
	*library
	m                 *script.Machine
	socket            *socket
	message           *script.Step
	sent, conditional bool
}

// take adds a step of a function for messages, in answer to the message that is awaited.
func (a *answering) take(step *script.Step) {
	s := a.socket
	if !framed(step) || s.closed {
		a.library.take(a.m, s, step)
		return
	}
	if len(step.If) > 0 && slices.ContainsFunc([]*script.Step{step}, sends) {
		a.conditional = true
		if !a.awaits(step.If) {
			a.m.Note(step.At, "a profile has no words for the condition of this answer, and what it sends is left out")
			return
		}
	}
	switch {
	case step.Protocol != frame:
		s.write(a.m, step, func() {
			for _, inner := range step.Steps {
				a.take(inner)
			}
		})
	case step.Extra == nil && len(step.If) > 0:
	case step.Extra == nil && a.sent && !a.conditional: // closed at once
		s.closed = true
		s.last().Set("reply", "none")
	case step.Extra == nil:
		s.closed = !a.conditional
	default:
		before := s.awaited()
		message := step.Extra.Clone()
		message.Set("send", a.kept(before, get(message, "send")))
		if step.Repeat != "" {
			message.Set("repeat", times(step.Repeat))
		}
		s.messages.Items = append(s.messages.Items, message)
		a.sent = true
	}
}

// awaits makes the message that is awaited one that meets the tests. What is only not so says nothing.
func (a *answering) awaits(tests []*script.Test) bool {
	json, text := script.NewDict(), script.Value(nil)
	for _, t := range tests {
		part, is := t.Of.(*script.Part)
		with, plain := a.m.StringOf(t.With)
		switch {
		case !is || part.Of != a.message || part.Match != "":
			return false
		case t.Op == "!=":
		case t.Op == "contains" && part.Kind == script.OfBody && plain:
			text = with
		case (t.Op == "exists" || t.Op == "filled") && part.Kind == script.OfJSON:
			json.Set(part.Path, "exists")
		case t.Op == "==" && part.Kind == script.OfJSON && plain:
			if strings.ContainsAny(with[:min(1, len(with))], "=!<>~") || with == "exists" || with == "" {
				with = strings.TrimSpace("== " + with)
			}
			json.Set(part.Path, with)
		case t.Op == "==" && part.Kind == script.OfJSON:
			if _, known := script.NumberOf(t.With); !known {
				return false
			}
			json.Set(part.Path, t.With)
		default:
			return false
		}
	}
	a.await(json, text)
	return true
}

// await writes which message is awaited.
func (a *answering) await(json *script.Dict, text script.Value) {
	awaited := a.socket.awaited()
	switch sent := get(awaited, "send") != nil; {
	case sent && len(json.Keys) > 0:
		awaited.Set("reply", json)
	case sent && text != nil:
		awaited.Set("reply", text)
	case len(json.Keys) > 0:
		awaited.Set("expect", script.NewDict("json", json))
	case text != nil:
		awaited.Set("expect", script.NewDict("text", text))
	}
}

// kept is a value with the parts of the message that it holds as variables, which the awaited message saves.
func (a *answering) kept(awaited *script.Dict, v script.Value) script.Value {
	switch v := v.(type) {
	case *script.Part:
		if v.Of != a.message || v.Kind != script.OfJSON || v.Path == "" || v.Match != "" {
			return v
		}
		name := "message_" + v.Path[strings.LastIndexAny(v.Path, ".#)")+1:]
		saves, is := get(awaited, "save").(*script.Dict)
		if !is {
			saves = script.NewDict()
			awaited.Set("save", saves)
		}
		saves.Set(name, v.Path)
		return &script.Var{Name: name}
	case *script.Dict:
		kept := script.NewDict()
		for _, key := range v.Keys {
			kept.Set(key, a.kept(awaited, get(v, key)))
		}
		return kept
	case *script.List:
		kept := &script.List{}
		for _, item := range v.Items {
			kept.Items = append(kept.Items, a.kept(awaited, item))
		}
		return kept
	case *script.Text:
		kept := &script.Text{}
		for _, part := range v.Parts {
			kept.Parts = append(kept.Parts, a.kept(awaited, part))
		}
		return kept
	}
	return v
}
