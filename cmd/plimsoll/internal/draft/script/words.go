package script

import (
	"math"
	"strconv"
	"strings"
)

// Wait is a span of seconds in the words of a profile: 1s, or 500ms..2s.
func Wait(least, most float64) string {
	if least == most {
		return spanText(least)
	}
	return spanText(min(least, most)) + ".." + spanText(max(least, most))
}

func spanText(seconds float64) string {
	ms := math.Round(max(0, min(seconds, 86_400)) * 1000)
	if math.Mod(ms, 1000) == 0 {
		return strconv.FormatFloat(ms/1000, 'f', -1, 64) + "s"
	}
	return strconv.FormatFloat(ms, 'f', -1, 64) + "ms"
}

// Rate is a rate a second in the words of a profile.
func Rate(perSec float64) string { return strconv.FormatFloat(perSec, 'g', 6, 64) + "/s" }

// Span is a value in units of so many seconds as a wait: a number, or a drawn one.
func Span(v Value, unit float64) (string, bool) {
	if d, is := v.(*Drawn); is {
		return Wait(d.Min*unit, d.Max*unit), true
	}
	f, ok := number(v)
	if !ok || f < 0 {
		return "", false
	}
	return Wait(f*unit, f*unit), true
}

// Calls reports whether statements call one of these functions or methods.
func Calls(body []Node, names ...string) bool { return calls(body, names...) }

// Join is values written one after the other.
func (m *Machine) Join(values ...Value) Value { return m.concat(values...) }

// Hint is a name for what an argument holds: that of the table it becomes.
func (c *Invocation) Hint(i int) string {
	if i < len(c.Hints) {
		return c.Hints[i]
	}
	return ""
}

// hintOf is the name of an expression.
func hintOf(n Node) string {
	switch n := n.(type) {
	case Name:
		return n.ID
	case Attribute:
		return n.Name
	}
	return ""
}

// SetHeader sets a header of a step, whatever the case of its name.
func (s *Step) SetHeader(name string, v Value) {
	if s.Headers == nil {
		s.Headers = NewDict()
	}
	for _, key := range s.Headers.Keys {
		if strings.EqualFold(key, name) {
			s.Headers.Set(key, v)
			return
		}
	}
	s.Headers.Set(name, v)
}

// header is the value of a header, as far as it is known.
func (m *Machine) header(s *Step, name string) string {
	for _, key := range s.Headers.keys() {
		if strings.EqualFold(key, name) {
			text, _ := m.StringOf(m.text(s.Headers.m[key]))
			return text
		}
	}
	return ""
}

func (d *Dict) keys() []string {
	if d == nil {
		return nil
	}
	return d.Keys
}

// Send makes a step send a value: a mapping as a form, JSON as JSON, a text as it is.
func (m *Machine) Send(s *Step, v Value) {
	switch v := v.(type) {
	case nil:
	case *JSON:
		s.Sends, s.Body = "json", v.Of
		if kind := m.header(s, "Content-Type"); kind == "" && !m.JS || kind != "" && !strings.Contains(kind, "json") {
			s.Sends, s.Body = "body", v
		}
	case *Dict, *Row:
		s.Sends, s.Body = "form", v
		if row, is := v.(*Row); is {
			s.Body = row.dict()
		}
		if kind := m.header(s, "Content-Type"); m.JS && strings.Contains(kind, "application/json") {
			s.Sends = "json" // k6 sends a mapping as a form under whatever name; a server of JSON would refuse it
			m.Note(s.At, "the body is a mapping that says it is JSON; the profile sends JSON")
		}
	default:
		s.Sends, s.Body = "body", v
		text, known := m.StringOf(v)
		if known && text == "" && m.JS {
			s.Sends, s.Body = "", nil
			return
		}
		if known && strings.Contains(m.header(s, "Content-Type"), "json") {
			if read, err := FromJSON(text); err == nil {
				s.Sends, s.Body = "json", read
			}
		}
	}
}

// Route is the name of a route that a script makes of values: {id} stands for what is not known.
func (m *Machine) Route(v Value) string {
	t, is := m.text(v).(*Text)
	if !is {
		s, _ := m.text(v).(string)
		return s
	}
	var b strings.Builder
	for _, p := range t.Parts {
		switch p := p.(type) {
		case string:
			b.WriteString(p)
		case *Part:
			name := plainName(lastOf(p.Path))
			if name == "" {
				name = "id"
			}
			b.WriteString("{" + name + "}")
		default:
			b.WriteString("{id}")
		}
	}
	return b.String()
}

// TestsOf is a value as conditions on an answer; nil if it is none.
func TestsOf(v Value) *Tests { return asTests(v) }

// Between is the text between two others in a part.
func (p *Part) Between(left, right string) *Part {
	return p.Matching("(?s)" + quoteMeta(left) + "(.*?)" + quoteMeta(right))
}

// Builtin calls a function that the language has.
func (m *Machine) Builtin(name string, c *Invocation) Value { return m.builtins[name](c) }
