package openapi

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	api "github.com/plimsoll-ci/plimsoll/runner/openapi"
)

// chosen makes a value of the first branch that allows one. For a oneOf it prefers a value that fits only one branch.
func (m *maker) chosen(name string, s *shape) (any, error) {
	var wrong error
	var ambiguous any
	found, orNull := false, s.nullable
	for i, branch := range s.choices[0].branches {
		if err := m.spend(); err != nil {
			return nil, err
		}
		own, err := m.shapeOf(branch)
		if err != nil {
			return nil, err
		}
		if own.nothing || own.is("null") {
			orNull = orNull || own.is("null")
			continue
		}
		v, err := m.ofBranch(name, s, branch, own)
		switch {
		case errors.Is(err, errBudget):
			return nil, err
		case err != nil:
			if wrong == nil || errors.As(wrong, &endless{}) {
				wrong = err
			}
		case m.isOnly(v, s, i):
			return v, nil
		case !found:
			ambiguous, found = v, true
		}
	}
	switch {
	case found:
		return ambiguous, nil
	case orNull:
		return nil, nil
	case wrong == nil:
		wrong = errors.New("none of its alternatives can be made")
	}
	return nil, wrong
}

// isOnly reports whether no other branch of a oneOf takes a value too.
func (m *maker) isOnly(v any, s *shape, branch int) bool {
	c := s.choices[0]
	if !c.one || len(c.branches) > 30 || s.discriminator != nil {
		return true
	}
	node := nodeOf(sampled(v))
	for i, other := range c.branches {
		if i != branch && m.fits(node, other) {
			return false
		}
	}
	return true
}

// nodeOf is a value as one of a description.
func nodeOf(v any) *api.Node {
	switch v := v.(type) {
	case string:
		return &api.Node{Kind: api.Text, Text: v}
	case bool:
		return &api.Node{Kind: api.Bool, Text: strconv.FormatBool(v)}
	case draft.Map:
		n := &api.Node{Kind: api.Map}
		for _, e := range v {
			n.Keys, n.Items = append(n.Keys, e.Key), append(n.Items, nodeOf(e.Value))
		}
		return n
	case []any:
		n := &api.Node{Kind: api.List}
		for _, item := range v {
			n.Items = append(n.Items, nodeOf(item))
		}
		return n
	case nil:
		return &api.Node{}
	}
	return &api.Node{Kind: api.Number, Text: fmt.Sprint(v)}
}

// sampled is a value with one of the values that each of its texts makes.
func sampled(v any) any {
	switch v := v.(type) {
	case draft.Map:
		v = slices.Clone(v)
		for i := range v {
			v[i].Value = sampled(v[i].Value)
		}
		return v
	case []any:
		v = slices.Clone(v)
		for i := range v {
			v[i] = sampled(v[i])
		}
		return v
	}
	return sample(v)
}

// ofBranch makes a value of a branch and of what stands beside the choice.
func (m *maker) ofBranch(name string, s *shape, branch *api.Node, own *shape) (any, error) {
	beside := *s
	beside.choices = s.choices[1:]
	if v := m.given(own); v != nil && len(s.names) == 0 && m.fitsShape(v, &beside) {
		return m.tagged(m.literal(v, own), s, branch), nil
	}
	begun, err := m.begin(own, []*api.Node{branch})
	defer m.end(begun)
	if err != nil {
		return nil, err
	}
	both := merged(&beside, own)
	var v any
	if len(both.choices) > 0 {
		v, err = m.chosen(name, both)
	} else {
		v, err = m.made(name, both)
	}
	if err != nil {
		return nil, err
	}
	return m.tagged(v, s, branch), nil
}

// merged combines two shapes: a value of it fits both.
func merged(a, b *shape) *shape {
	s := *b
	if len(s.types) == 0 {
		s.types = a.types
	}
	s.props = map[string][]*api.Node{}
	s.names = nil
	for _, from := range []*shape{a, b} {
		for _, name := range from.names {
			if s.props[name] == nil {
				s.names = append(s.names, name)
			}
			s.props[name] = append(s.props[name], from.props[name]...)
		}
	}
	s.required = slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.required, b.required))))
	s.choices = slices.Concat(a.choices, b.choices)
	s.minProps, s.minLen, s.minItems = max(a.minProps, b.minProps), max(a.minLen, b.minLen), max(a.minItems, b.minItems)
	s.maxLen, s.maxItems = least(a.maxLen, b.maxLen), least(a.maxItems, b.maxItems)
	s.patterns, s.items = slices.Concat(a.patterns, b.patterns), slices.Concat(a.items, b.items)
	if s.format == "" {
		s.format = a.format
	}
	s.discriminator, s.extra = first(b.discriminator, a.discriminator), first(b.extra, a.extra)
	if s.min == nil {
		s.min = a.min
	}
	if s.max == nil {
		s.max = a.max
	}
	return &s
}

// tagged sets the property that tells which branch a value is of.
func (m *maker) tagged(v any, s *shape, branch *api.Node) any {
	property := s.discriminator.Get("propertyName").String()
	object, isMap := v.(draft.Map)
	if property == "" || !isMap {
		return v
	}
	tag := component(branch)
	if mapping := s.discriminator.Get("mapping"); mapping != nil && mapping.Kind == api.Map {
		for i, key := range mapping.Keys {
			if to := mapping.Items[i].String(); to == branch.Get("$ref").String() || to == component(branch) {
				tag = key
				break
			}
		}
	}
	if own, err := m.shapeOf(branch); err == nil && own.props[property] != nil { // its own const or enum knows best
		if of, err := m.shapeOf(own.props[property]...); err == nil {
			if of.constant != nil && of.constant.Kind == api.Text {
				tag = of.constant.Text
			} else if len(of.enum) > 0 && !slices.ContainsFunc(of.enum, func(n *api.Node) bool { return n.Text == tag }) {
				tag = of.enum[0].Text
			}
		}
	}
	if tag != "" {
		object.Set(property, draft.Literal(tag))
	}
	return object
}
