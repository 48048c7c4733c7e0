package message

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// mismatch says why a value of YAML cannot be of this type, whatever it says.
func (s *scalar) mismatch(t plan.Tree) string {
	text, _ := t.Text.Static()
	isString := s.kind == protoreflect.StringKind || s.kind == protoreflect.BytesKind
	switch {
	case t.Kind == profile.TextTree:
		return ""
	case t.Kind == profile.NumberTree && isString:
		return fmt.Sprintf("%s is a number, and the field is a %s; write \"%s\"", text, s.name, text)
	case t.Kind == profile.BoolTree && isString:
		return fmt.Sprintf("%s is a truth value, and the field is a %s; write \"%s\"", text, s.name, text)
	case t.Kind == profile.NumberTree && s.kind != protoreflect.BoolKind, t.Kind == profile.BoolTree && s.kind == protoreflect.BoolKind:
		return ""
	}
	return fmt.Sprintf("%s is no %s", shown(t), s.name)
}

// never says why a text that is one generated variable can never be a value of this type; empty if it can.
func (s *scalar) never(t plan.Text) string {
	if !isVariable(t) || t[0].Kind != plan.Generated || s.isText() {
		return ""
	}
	g := t[0].Generator
	if s.kind == protoreflect.BytesKind {
		if isBase64 := g.Kind == profile.UUID || g.Kind.Numeric() && g.Kind != profile.Float && g.Kind != profile.Floats; !isBase64 {
			return fmt.Sprintf("${%s} makes no base64, which bytes are written as", g.Kind)
		}
		return ""
	}
	isFloat := s.kind == protoreflect.FloatKind || s.kind == protoreflect.DoubleKind
	isTime := s.kind == protoreflect.MessageKind
	switch {
	case isTime != (g.Kind == profile.Now), !isTime && !g.Kind.Numeric(), g.Kind == profile.Floats, g.Kind == profile.Float && !isFloat, s.kind == protoreflect.BoolKind:
		return fmt.Sprintf("${%s} makes no %s", g.Kind, s.name)
	case g.Kind == profile.Int:
		for _, edge := range g.Integers {
			if text := strconv.FormatInt(edge, 10); !s.takes(text) {
				return s.explain(text)
			}
		}
	}
	return ""
}

// takes reports whether a text is a value of this type.
func (s *scalar) takes(text string) bool {
	_, ok := s.append(nil, []byte(text))
	return ok
}

// explain says why a text is not a value of this type.
func (s *scalar) explain(text string) string {
	switch s.kind {
	case protoreflect.EnumKind:
		var names []string
		for name := range s.enum {
			names = append(names, name)
		}
		return fmt.Sprintf("%s is no %s%s", strict.Quote(text), s.name, suggestSorted(text, names))
	case protoreflect.BytesKind:
		return fmt.Sprintf("%s is no base64, which bytes are written as", strict.Quote(text))
	case protoreflect.MessageKind:
		return fmt.Sprintf("%s is no Timestamp such as 2026-01-02T15:04:05Z", strict.Quote(text))
	case protoreflect.StringKind:
		return fmt.Sprintf("%s is no UTF-8", strict.Quote(text))
	}
	if profile.IsNumber(text) && s.kind != protoreflect.BoolKind {
		return fmt.Sprintf("%s is out of range: it is no %s", text, s.name)
	}
	return fmt.Sprintf("%s is no %s", strict.Quote(text), s.name)
}

// shown is a value for people.
func shown(t plan.Tree) string {
	text, fixed := t.Text.Static()
	switch {
	case t.Kind == profile.MappingTree:
		return "a mapping"
	case t.Kind == profile.ListTree:
		return "a list"
	case t.Kind == profile.TextTree && fixed:
		return strict.Quote(text)
	case t.Kind == profile.TextTree:
		return "a text"
	}
	return text
}
