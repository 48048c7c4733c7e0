package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
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
	loose  bool               // the next object says not what it requires: it gets what is simple in it
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
		return m.chosen(name, s, nodes)
	}
	return m.made(name, s)
}

// given is the first value that a schema gives and that fits it; nil for none.
func (m *maker) given(s *shape) *api.Node {
	candidates := slices.Concat(s.examples, []*api.Node{s.byFault, s.constant}, s.enum)
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

// chosen makes a value of the first branch of which there is one. Of a oneOf, a value that fits one branch alone goes
// before one that fits several.
func (m *maker) chosen(name string, s *shape, nodes []*api.Node) (any, error) {
	var wrong error
	var ambiguous any
	found := false
	for i, branch := range s.choices[0].branches {
		if err := m.spend(); err != nil {
			return nil, err
		}
		own, err := m.shapeOf(branch)
		if err != nil {
			return nil, err
		}
		if own.nothing || own.is("null") {
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
	case s.nullable:
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
		v, err = m.chosen(name, both, nil)
	} else {
		v, err = m.made(name, both)
	}
	if err != nil {
		return nil, err
	}
	return m.tagged(v, s, branch), nil
}

// merged is what two shapes ask for together.
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

// different makes the i-th value of a list of which no two may be equal.
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

// integer makes a whole number.
func (m *maker) integer(name string, s *shape) (any, error) {
	low, high := int64(1), int64(100)
	if s.min != nil {
		low = int64(max(math.Ceil(s.min.float()), math.MinInt64))
		if s.min.strict && float64(low) == s.min.float() {
			low++
		}
		high = max(high, low+min(99, math.MaxInt64-low))
	}
	if s.max != nil {
		top := s.max.float()
		high = int64(min(math.Floor(top), 1<<62))
		if s.max.strict && float64(high) == top {
			high--
		}
		if s.min == nil {
			low = min(low, high)
		}
	}
	if low > high {
		return nil, fmt.Errorf("%s: no whole number lies within its bounds", name)
	}
	if step, err := strconv.ParseFloat(s.multiple, 64); err == nil && step > 0 && step != 1 {
		whole := int64(step)
		if float64(whole) != step {
			whole = 1
		}
		n := (low + whole - 1) / whole * whole
		if n == 0 && high >= whole {
			n = whole
		}
		return json.Number(strconv.FormatInt(n, 10)), nil
	}
	if low == high {
		return json.Number(strconv.FormatInt(low, 10)), nil
	}
	return fmt.Sprintf("${int(%d,%d)}", low, high), nil
}

// number makes a number.
func (m *maker) number(name string, s *shape) (any, error) {
	if s.multiple != "" {
		if step, err := strconv.ParseFloat(s.multiple, 64); err == nil && step > 0 {
			n := step
			if s.min != nil && n < s.min.float() {
				n = math.Ceil(s.min.float()/step) * step
			}
			return json.Number(strconv.FormatFloat(n, 'f', decimals(s.multiple), 64)), nil
		}
	}
	low, high := 1.0, 100.0
	if s.min != nil {
		low = s.min.float()
		high = max(high, low+99)
	}
	if s.max != nil {
		high = s.max.float()
		if s.min == nil {
			low = min(low, high-1)
		}
	}
	if s.min != nil && s.min.strict || s.max != nil && s.max.strict { // the bounds themselves are outside
		low, high = low+(high-low)/4, high-(high-low)/4
	}
	if low > high {
		return nil, fmt.Errorf("%s: no number lies within its bounds", name)
	}
	if low == high {
		return json.Number(strconv.FormatFloat(low, 'g', -1, 64)), nil
	}
	return fmt.Sprintf("${float(%s,%s)}", strconv.FormatFloat(low, 'g', -1, 64), strconv.FormatFloat(high, 'g', -1, 64)), nil
}

// decimals is how many digits stand behind the point.
func decimals(text string) int {
	_, after, _ := strings.Cut(text, ".")
	return min(len(after), 15)
}
