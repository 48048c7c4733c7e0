package script

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// text is a value as a text: a string, or a *Text.
func (m *Machine) text(v Value) Value {
	switch v := v.(type) {
	case string:
		return v
	case *Text:
		return v
	case nil, bool, int64, float64:
		return m.plainText(v)
	case *Var:
		if v.Value != nil {
			return m.text(v.Value)
		}
		return &Text{[]Value{v}}
	case *Part:
		return &Text{[]Value{v}}
	case *Drawn:
		if v.coarse {
			return &Text{[]Value{&Unknown{Why: "a number computed from a drawn one"}}}
		}
		return &Text{[]Value{v.variable()}}
	case *Turn:
		return &Text{[]Value{v.Var}}
	case *JSON:
		return m.jsonText(v.Of)
	case *Dict, *List:
		if m.JS {
			if l, is := v.(*List); is {
				return m.joined(l.Items, ",")
			}
			return "[object Object]"
		}
		return m.jsonText(v)
	case *File:
		return v.Content
	case *Row:
		return m.jsonText(v)
	case *Unknown:
		return &Text{[]Value{v}}
	case *Base64:
		if s, is := m.text(v.Of).(string); is {
			return encoded(s)
		}
		return &Text{[]Value{&Unknown{Why: "a text in base64 that holds a variable"}}}
	case *Pattern:
		return v.Source
	case *Letters:
		return v.text()
	}
	return &Text{[]Value{&Unknown{Why: fmt.Sprintf("the text of %s", named(v))}}}
}

// plainText is a plain value as the language of the script prints it.
func (m *Machine) plainText(v Value) string {
	switch v := v.(type) {
	case bool:
		text := strconv.FormatBool(v)
		if m.JS {
			return text
		}
		return strings.ToUpper(text[:1]) + text[1:]
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		text := strconv.FormatFloat(v, 'f', -1, 64)
		if !m.JS && v == math.Trunc(v) {
			text += ".0"
		}
		return text
	}
	if m.JS {
		return "null"
	}
	return "None"
}

// named returns the name of a value in a sentence.
func named(v Value) string {
	switch v := v.(type) {
	case *Native:
		return v.Name
	case *Closure:
		return "the function " + v.Of.Name
	case *Object:
		return "an object of " + v.Class.Name
	case *ClassOf:
		return "the class " + v.Name
	case *Answer:
		return "an answer"
	}
	return "a value"
}

// joined is texts one after the other.
func (m *Machine) joined(values []Value, between string) Value {
	if len(values) > 1 {
		if letters, is := values[0].(*Letters); is { // one letter after the other
			return (&Letters{letters.Digits, len(values)}).text()
		}
	}
	var parts []Value
	for i, v := range values {
		if i > 0 && between != "" {
			parts = append(parts, between)
		}
		parts = append(parts, v)
	}
	return m.concat(parts...)
}

// concat is values written one after the other: a string when all of it is known.
func (m *Machine) concat(values ...Value) Value {
	joined := &Text{}
	long := 0
	add := func(v Value) {
		n := len(joined.Parts)
		s, is := v.(string)
		if long += len(s) + 1; long > maxText {
			return
		}
		if is && n > 0 {
			if before, ok := joined.Parts[n-1].(string); ok {
				joined.Parts[n-1] = before + s
				return
			}
		}
		if !is || s != "" {
			joined.Parts = append(joined.Parts, v)
		}
	}
	for _, v := range values {
		if _, is := v.(*Letters); is && endsInLetters(joined.Parts) {
			continue
		}
		switch v := m.text(v).(type) {
		case *Text:
			for _, p := range v.Parts {
				add(p)
			}
		default:
			add(v)
		}
	}
	m.work += long / 200 // long texts cost more
	if long > maxText || len(joined.Parts) > maxPieces {
		return &Text{[]Value{&Unknown{Why: "a text that is too long"}}}
	}
	if len(joined.Parts) == 0 {
		return ""
	}
	if s, is := joined.Parts[0].(string); is && len(joined.Parts) == 1 {
		return s
	}
	return joined
}

// StringOf is a value that is a known text.
func (m *Machine) StringOf(v Value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case *Var:
		if v.Value != nil {
			return m.StringOf(v.Value)
		}
	case *JSON, *Text, *File, *Base64:
		s, is := m.text(v).(string)
		return s, is
	}
	return "", false
}
