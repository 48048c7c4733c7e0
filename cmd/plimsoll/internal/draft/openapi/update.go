package openapi

import (
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// updated is the resource that an operation changes as a whole: the one that its path ends with, or one of the
// collection that it ends with, which the id in its body names. nil for none.
func (b *drafter) updated(p *plan) *resource {
	if !hasBody(p.Method) {
		return nil
	}
	if r := b.resources[template(p.Path)]; r != nil {
		return r
	}
	for _, r := range b.ordered {
		if b.updates(p, r) {
			return r
		}
	}
	return nil
}

// updates reports whether an operation changes one thing of a collection that a step makes, and names it in its body
// alone, as PUT /pets does beside /pets/{petId}.
func (b *drafter) updates(p *plan, r *resource) bool {
	return (p.Method == "PUT" || p.Method == "PATCH") && template(p.Path) == r.collection && r.create != nil && r.save != "" && b.idProperty(p, r) != ""
}

// idProperty is the property of an operation's body that holds the id of a resource; empty for none.
func (b *drafter) idProperty(p *plan, r *resource) string {
	f := finder{b: b, m: b.maker(), r: r}
	if item := b.anyUse(r); item != nil {
		f.wanted = b.parameterShape(item, r.param)
	}
	s := f.shape(b.taken(p))
	if s == nil {
		return ""
	}
	name, ok := f.property(s)
	if !ok || f.m.isReadOnly(s.props[name]) {
		return ""
	}
	of := f.shape(s.props[name]...)
	if r.save == "" && !of.is("string") { // a header is a text
		return ""
	}
	return name
}

// withKnownID is the body of an update with the id of what it changes. Otherwise it would rename the thing, and later
// steps would not find it.
func (b *drafter) withKnownID(p *plan, v any, ids map[*resource]string) any {
	object, isMap := v.(draft.Map)
	r := b.updated(p)
	if !isMap || r == nil || ids[r] == "" {
		return v
	}
	if outer, inner, nested := strings.Cut(r.save, "."); nested && r.save == "metadata.name" {
		if of, is := object.Get(outer).(draft.Map); is {
			of, object = slices.Clone(of), slices.Clone(object)
			of.Set(inner, ids[r])
			object.Set(outer, of)
		}
		return object
	}
	name := b.idProperty(p, r)
	if name == "" || object.Get(draft.Literal(name)) == nil && template(p.Path) == r.key {
		return object
	}
	object = slices.Clone(object)
	object.Set(draft.Literal(name), ids[r])
	return object
}
