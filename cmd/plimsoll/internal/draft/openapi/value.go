package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	api "github.com/plimsoll-ci/plimsoll/runner/openapi"
)

// maker makes values from schemas.
type maker struct {
	d      *api.Description
	budget int                // values that may still be made for one request
	open   map[*api.Node]bool // schemas whose values are being made
	inForm bool               // the value goes into a form, which knows no empty object but the whole
	depth  int                // objects that are being made
	loose  bool               // the next object does not list what it requires: fill in its simple properties
	// fill makes a variable for a value that only the user knows.
	fill func(name, what string) string
}

// maxBudget bounds the values that are looked at for one request: schemas may refer to each other so that a few
// lines stand for millions of values.
const maxBudget = 20_000

var errBudget = fmt.Errorf("it has more than %d values", maxBudget)

func (m *maker) spend() error {
	if m.budget--; m.budget < 0 {
		return errBudget
	}
	return nil
}

// endless is the error of a value that would hold itself.
type endless struct{ name string }

func (e endless) Error() string { return e.name + " requires itself, without end" }

// value makes a value that fits the schemas: from an example, the default, const or enum of a schema, or else from its
// type and its bounds.
func (m *maker) value(name string, nodes ...*api.Node) (any, error) {
	if err := m.spend(); err != nil {
		return nil, err
	}
	s, err := m.shapeOf(nodes...)
	if err != nil {
		return nil, err
	}
	if v := m.given(s); v != nil {
		return m.literal(v, s), nil
	}
	if s.nothing {
		return nil, errors.New("its schema allows nothing")
	}
	begun, err := m.begin(s, nodes)
	defer m.end(begun)
	switch {
	case err != nil && s.nullable:
		return nil, nil
	case err != nil:
		return nil, err
	case len(s.choices) > 0:
		return m.chosen(name, s)
	}
	return m.made(name, s)
}

// given is the first value that a schema gives and that fits it; nil for none.
func (m *maker) given(s *shape) *api.Node {
	candidates := slices.Concat(s.examples, []*api.Node{s.byFault, s.constant}, few(s.enum))
	for _, v := range candidates {
		if v != nil && (v.Kind != api.Null || s.is("null")) && m.fitsShape(v, s) {
			return v
		}
	}
	return nil
}

// begin notes that values of the schemas are being made. It returns an endless error where that is so already.
func (m *maker) begin(s *shape, nodes []*api.Node) (begun []*api.Node, err error) {
	for _, n := range nodes {
		if n, err = m.d.Resolve(n); err != nil {
			return begun, err
		}
		if m.open[n] {
			name := s.component
			if name == "" {
				name = "the schema at " + n.Place()
			}
			return begun, endless{name}
		}
		m.open[n] = true
		begun = append(begun, n)
	}
	return begun, nil
}

func (m *maker) end(begun []*api.Node) {
	for _, n := range begun {
		delete(m.open, n)
	}
}

// made makes a value from its type and its bounds.
func (m *maker) made(name string, s *shape) (any, error) {
	kind := "string"
	if len(s.types) > 0 {
		kind = s.types[0]
	}
	switch kind {
	case "object":
		return m.object(s)
	case "array":
		return m.array(name, s)
	case "integer":
		return m.integer(name, s)
	case "number":
		return m.number(name, s)
	case "boolean":
		return true, nil
	case "null":
		return nil, nil
	}
	return m.text(name, s)
}

// object makes an object: its required properties, and the optional ones that have an example.
func (m *maker) object(s *shape) (any, error) {
	object := draft.Map{}
	if s.discriminator != nil && len(s.choices) == 0 {
		if v, ok, err := m.subtype(s); ok || err != nil {
			return v, err
		}
	}
	loose := m.loose && len(s.required) == 0
	m.loose = false
	m.depth++
	defer func() { m.depth-- }()
	for _, name := range s.names {
		required := slices.Contains(s.required, name)
		of, err := m.shapeOf(s.props[name]...)
		if err != nil {
			return nil, err
		}
		if of.readOnly || !required && (len(of.examples) == 0 || m.given(of) == nil) && !(loose && of.isSimple()) {
			continue
		}
		v, err := m.value(name, s.props[name]...)
		if err != nil {
			if required {
				return nil, inside(name, err)
			}
			continue
		}
		object = append(object, draft.Entry{Key: draft.Literal(name), Value: v})
	}
	for _, name := range s.required {
		if s.props[name] == nil {
			v, err := m.further(name, s)
			if err != nil {
				return nil, inside(name, err)
			}
			object = append(object, draft.Entry{Key: draft.Literal(name), Value: v})
		}
	}
	atLeast := s.minProps
	if m.inForm && m.depth > 1 {
		atLeast = max(atLeast, 1)
	}
	if err := m.moreProperties(s, &object, min(atLeast, 100)); err != nil {
		return nil, err
	}
	return object, nil
}

// isSimple reports whether the value is a text, a number or a truth value.
func (s *shape) isSimple() bool {
	return s.is("string") && len(s.patterns) == 0 || s.is("integer") || s.is("number") || s.is("boolean")
}

// moreProperties adds optional properties, and then made-up ones, until there are enough.
func (m *maker) moreProperties(s *shape, object *draft.Map, atLeast int) error {
	for _, name := range s.names {
		if len(*object) >= atLeast {
			return nil
		}
		if object.Get(name) != nil || m.isReadOnly(s.props[name]) {
			continue
		}
		if v, err := m.value(name, s.props[name]...); err == nil {
			object.Set(draft.Literal(name), v)
		}
	}
	for i := 1; len(*object) < atLeast; i++ {
		name := fmt.Sprintf("key%d", i)
		v, err := m.further(name, s)
		if err != nil {
			return err
		}
		object.Set(name, v)
	}
	return nil
}

// further makes the value of a property that the schema does not list.
func (m *maker) further(name string, s *shape) (any, error) {
	if s.extra != nil && s.extra.Kind == api.Map {
		return m.value(name, s.extra)
	}
	if s.extra != nil && !s.extra.Is() {
		return nil, errors.New("its schema allows no such property")
	}
	return "${word}", nil
}

// subtype makes an object of the first type that a discriminator without a oneOf leads to.
func (m *maker) subtype(s *shape) (v any, ok bool, err error) {
	property := s.discriminator.String() // of OpenAPI 2.0
	if property == "" {
		property = s.discriminator.Get("propertyName").String()
	}
	if property == "" {
		return nil, false, nil
	}
	tag := s.component
	mapping := s.discriminator.Get("mapping")
	if mapping != nil && mapping.Kind == api.Map && len(mapping.Keys) > 0 {
		own := slices.IndexFunc(mapping.Items, func(to *api.Node) bool {
			return s.component != "" && strings.HasSuffix("/"+to.String(), "/"+s.component)
		})
		tag = mapping.Keys[max(own, 0)]
		if own < 0 {
			target := m.component(mapping.Items[0].String())
			if target != nil && !m.open[target] {
				v, err := m.value(property, target)
				if object, isMap := v.(draft.Map); isMap && err == nil {
					object.Set(draft.Literal(property), draft.Literal(tag))
					return object, true, nil
				}
			}
		}
	}
	if tag == "" {
		return nil, false, nil
	}
	bare := *s
	bare.discriminator = nil
	v, err = m.object(&bare)
	if object, isMap := v.(draft.Map); isMap {
		object.Set(draft.Literal(property), draft.Literal(tag))
		v = object
	}
	return v, true, err
}

// component is the schema that a discriminator's mapping means: a $ref, or the name of a schema.
func (m *maker) component(to string) *api.Node {
	return m.d.Schema(to[strings.LastIndex(to, "/")+1:])
}

// inside says in which property something cannot be made.
func inside(name string, err error) error {
	if errors.Is(err, errBudget) {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// array makes a list with as many items as it needs, and one if it needs none.
func (m *maker) array(name string, s *shape) (any, error) {
	list := []any{}
	count := max(s.minItems, len(s.prefix), 1)
	if s.maxItems >= 0 {
		count = min(count, s.maxItems)
	}
	for i := range count {
		of := s.items
		if i < len(s.prefix) {
			of = []*api.Node{s.prefix[i]}
		}
		v, err := m.value(name, of...)
		if err != nil && i >= s.minItems {
			break
		}
		if err != nil {
			return nil, err
		}
		if s.unique && i > 0 {
			if v, err = m.different(v, i, of); err != nil {
				return nil, err
			}
		}
		list = append(list, v)
	}
	return list, nil
}

// different makes the i-th value of a list whose values must all differ.
func (m *maker) different(v any, i int, of []*api.Node) (any, error) {
	s, err := m.shapeOf(of...)
	if err != nil {
		return nil, err
	}
	if len(s.enum) > 0 {
		if i >= len(s.enum) {
			return nil, errors.New("it needs more different values than there are")
		}
		return m.literal(s.enum[i], s), nil
	}
	switch v := v.(type) {
	case string:
		if len(s.patterns) == 0 && s.maxLen < 0 {
			return v + strconv.Itoa(i), nil
		}
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return json.Number(strconv.FormatInt(n+int64(i), 10)), nil
		}
	}
	return v, nil
}

// literal is a value of a description as a value of a draft, without what only answers hold.
func (m *maker) literal(v *api.Node, s *shape) any {
	switch v.Kind {
	case api.Text:
		return draft.Literal(v.Text)
	case api.Number:
		return json.Number(v.Text)
	case api.Bool:
		return v.Is()
	case api.List:
		list := []any{}
		for i, item := range v.Items {
			of := s.items
			if i < len(s.prefix) {
				of = []*api.Node{s.prefix[i]}
			}
			list = append(list, m.literalOf(item, of))
		}
		return list
	case api.Map:
		object := draft.Map{}
		for i, key := range v.Keys {
			if props := s.props[key]; !m.isReadOnly(props) {
				object = append(object, draft.Entry{Key: draft.Literal(key), Value: m.literalOf(v.Items[i], props)})
			}
		}
		return object
	}
	return nil
}

func (m *maker) literalOf(v *api.Node, nodes []*api.Node) any {
	s, err := m.shapeOf(nodes...)
	if err != nil || m.spend() != nil {
		s = &shape{}
	}
	return m.literal(v, s)
}
