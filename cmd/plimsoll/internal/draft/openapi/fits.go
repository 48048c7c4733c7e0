package openapi

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	api "github.com/plimsoll-ci/plimsoll/runner/openapi"
)

// fits reports whether a value is what schemas ask for, as far as that can be told. Descriptions hold many examples
// that their own schemas refuse.
func (m *maker) fits(v *api.Node, nodes ...*api.Node) bool {
	if m.spend() != nil {
		return false
	}
	s, err := m.shapeOf(nodes...)
	return err == nil && m.fitsShape(v, s)
}

func (m *maker) fitsShape(v *api.Node, s *shape) bool {
	if v.Kind == api.Null {
		return s.nullable || len(s.types) == 0 && len(s.choices) == 0 || s.is("null")
	}
	if s.nothing || len(s.types) > 0 && !slices.ContainsFunc(s.types, func(t string) bool { return isType(v, t) }) {
		return false
	}
	if s.enum != nil && !isOneOf(v, s.enum) || s.constant != nil && !equal(v, s.constant) {
		return false
	}
	for _, c := range s.choices {
		fitting := 0
		for _, branch := range c.branches {
			if m.fits(v, branch) {
				fitting++
			}
		}
		if fitting == 0 || c.one && fitting > 1 {
			return false
		}
	}
	switch v.Kind {
	case api.Text:
		return s.fitsText(v.Text)
	case api.Number:
		return s.fitsNumber(v.Text)
	case api.List:
		return m.fitsList(v, s)
	case api.Map:
		return m.fitsObject(v, s)
	}
	return true
}

func isType(v *api.Node, name string) bool {
	switch name {
	case "string", "file":
		return v.Kind == api.Text
	case "number":
		return v.Kind == api.Number
	case "integer":
		f, err := strconv.ParseFloat(v.Text, 64)
		return v.Kind == api.Number && err == nil && f == float64(int64(f)) && !strings.ContainsAny(v.Text, ".eE")
	case "boolean":
		return v.Kind == api.Bool
	case "array":
		return v.Kind == api.List
	case "object":
		return v.Kind == api.Map
	}
	return false
}

func (s *shape) fitsText(text string) bool {
	if length := utf8.RuneCountInString(text); length < s.minLen || s.maxLen >= 0 && length > s.maxLen {
		return false
	}
	for _, pattern := range s.patterns {
		if re, err := regexp.Compile(ofJavaScript(pattern)); err == nil && !re.MatchString(text) {
			return false
		}
	}
	switch s.format {
	case "date-time":
		_, err := time.Parse(time.RFC3339, text)
		return err == nil
	case "date":
		_, err := time.Parse(time.DateOnly, text)
		return err == nil
	case "uuid":
		return uuidForm.MatchString(text)
	case "email":
		before, after, ok := strings.Cut(text, "@")
		return ok && before != "" && strings.Contains(after, ".") && !strings.ContainsAny(text, " <>")
	case "uri", "url":
		u, err := url.Parse(text)
		return err == nil && u.Scheme != "" && !strings.ContainsAny(text, " {}")
	}
	return true
}

var uuidForm = regexp.MustCompile(`(?i)^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`)

func (s *shape) fitsNumber(text string) bool {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return false
	}
	if low := s.min; low != nil && (f < low.float() || low.strict && f == low.float()) {
		return false
	}
	if high := s.max; high != nil && (f > high.float() || high.strict && f == high.float()) {
		return false
	}
	if step, err := strconv.ParseFloat(s.multiple, 64); err == nil && step > 0 {
		times := f / step
		return times-float64(int64(times+0.5)) < 1e-9 && times-float64(int64(times+0.5)) > -1e-9
	}
	return true
}

func (m *maker) fitsList(v *api.Node, s *shape) bool {
	if len(v.Items) < s.minItems || s.maxItems >= 0 && len(v.Items) > s.maxItems {
		return false
	}
	for i, item := range v.Items {
		if i < len(s.prefix) && !m.fits(item, s.prefix[i]) || i >= len(s.prefix) && len(s.items) > 0 && !m.fits(item, s.items...) {
			return false
		}
		if s.unique && isOneOf(item, v.Items[:i]) {
			return false
		}
	}
	return true
}

func (m *maker) fitsObject(v *api.Node, s *shape) bool {
	for _, name := range s.required {
		if v.Get(name) == nil && !m.isReadOnly(s.props[name]) {
			return false
		}
	}
	if len(v.Keys) < s.minProps {
		return false
	}
	for i, name := range v.Keys {
		switch props := s.props[name]; {
		case props != nil:
			if !m.isReadOnly(props) && !m.fits(v.Items[i], props...) {
				return false
			}
		case s.extra != nil && s.extra.Kind == api.Bool && !s.extra.Is():
			return false
		case s.extra != nil && s.extra.Kind == api.Map && !m.fits(v.Items[i], s.extra):
			return false
		}
	}
	return true
}

// isReadOnly reports whether a property is only in answers.
func (m *maker) isReadOnly(nodes []*api.Node) bool {
	if len(nodes) == 0 {
		return false
	}
	s, err := m.shapeOf(nodes...)
	return err == nil && s.readOnly
}
