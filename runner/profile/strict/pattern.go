package strict

import (
	"fmt"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v4"
)

// Pattern is a form that a text can have.
type Pattern struct {
	form    *regexp.Regexp
	want    string
	explain func(text string) string
}

// NewPattern makes a Pattern from a regular expression, in the syntax that Go and ECMA-262 share. It
// panics when there is a mistake in it. want says what is expected, such as "a name of letters".
func NewPattern(expression, want string) Pattern {
	return Pattern{form: regexp.MustCompile(expression), want: want}
}

// Explained is the Pattern with a better explanation of what is wrong with a text. An empty one
// stands for the usual one.
func (p Pattern) Explained(explain func(text string) string) Pattern {
	p.explain = explain
	return p
}

// Check says what is wrong with a text; empty for nothing.
func (p Pattern) Check(text string) string {
	if p.form.MatchString(text) {
		return ""
	}
	if p.explain != nil {
		if why := p.explain(text); why != "" {
			return why
		}
	}
	return fmt.Sprintf("expected %s, found %s", p.want, Quote(text))
}

// Match reads a text of the form p and hands it to take.
func (r *Reader) Match(p Pattern, take func(n *yaml.Node, text string)) Read {
	return func(n *yaml.Node) {
		if s := r.describing(n); s != nil {
			s.match(p)
			take(n, "")
			return
		}
		text, ok := r.text(n, p.want)
		if !ok {
			return
		}
		if wrong := p.Check(text); wrong != "" {
			r.Problem(n, "%s", wrong)
			return
		}
		take(n, text)
	}
}

// match adds a pattern. JSON Schema applies one to strings only, so that numbers and truth values
// are accepted only where the pattern matches them as text.
func (s *Schema) match(p Pattern) {
	types := []string{"string"}
	if p.form.MatchString("1") {
		types = append(types, "number")
		if !p.form.MatchString("-1") {
			s.Minimum = bound(0)
		}
	}
	if p.form.MatchString("true") && p.form.MatchString("false") {
		types = append(types, "boolean")
	}
	if s.Pattern == "" {
		s.Type, s.Pattern, s.PatternHint = types, p.form.String(), "expected "+p.want
		return
	}
	before := s.Type.([]string) // of an earlier match
	s.Type = slices.DeleteFunc(before, func(name string) bool { return !slices.Contains(types, name) })
	s.AllOf = append(s.AllOf, &Schema{Pattern: p.form.String(), PatternHint: "expected " + p.want})
}
