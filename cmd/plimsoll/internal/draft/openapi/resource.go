package openapi

import (
	"fmt"
	"slices"
	"strings"

	api "github.com/plimsoll-ci/plimsoll/runner/openapi"
)

// resource is the thing that an id in a path names: /pets/{petId} names a pet.
type resource struct {
	key        string // the path up to the id, with {} for each id
	collection string // the path before it, in the same form
	segment    string // the last word before it
	param      string
	depth      int
	parent     *resource // the one before it in the path; nil for none

	create *plan  // the POST that makes one and answers with its id; nil for none
	list   *plan  // the GET that answers with ids; nil for none
	save   string // where the id is in that answer: a GJSON path; empty for the header Location
	known  bool   // the description has a value of the id
	name   string // of the variable or of the table
}

// template is a path with {} for each parameter, without a / at its end.
func template(path string) string {
	return strings.TrimSuffix(inBraces.ReplaceAllString(path, "{}"), "/")
}

// resourcesOf finds the resources in the path of an operation.
func (b *drafter) resourcesOf(p *plan) (found []*resource) {
	rest, base := p.Path, ""
	var parent *resource
	for {
		at := inBraces.FindStringIndex(rest)
		if at == nil {
			return found
		}
		before, name, after := rest[:at[0]], braced(rest[at[0]:at[1]]), rest[at[1]:]
		base += before + "{}"
		if strings.HasSuffix(before, "/") && (after == "" || after[0] == '/' || after[0] == ':') && !b.isListed(p, name) {
			r := b.resources[base]
			if r == nil {
				r = &resource{key: base, collection: strings.TrimSuffix(strings.TrimSuffix(base, "{}"), "/"), param: name, parent: parent, depth: strings.Count(base, "{}")}
				for word := range strings.SplitSeq(r.collection, "/") {
					if word != "{}" && word != "" {
						r.segment = word
					}
				}
				b.resources[base] = r
			}
			r.known = r.known || b.isGiven(p, name)
			found, parent = append(found, r), r
		}
		rest = after
	}
}

// isListed reports whether a parameter of the path has a list of values, which is no id then.
func (b *drafter) isListed(p *plan, name string) bool {
	s := b.parameterShape(p, name)
	return s != nil && (len(s.enum) > 0 || s.constant != nil || s.is("boolean") || s.is("array") || s.is("object") || s.format == "date" || s.format == "date-time")
}

// isGiven reports whether the description has a value of a parameter of the path.
func (b *drafter) isGiven(p *plan, name string) bool {
	s := b.parameterShape(p, name)
	if s == nil {
		return false
	}
	i := slices.IndexFunc(p.parameters, func(q *api.Parameter) bool { return q.In == "path" && q.Name == name })
	m := b.maker()
	return m.given(s) != nil || slices.ContainsFunc(p.parameters[i].Examples, func(v *api.Node) bool { return m.fitsShape(v, s) })
}

// parameterShape is the shape of a path parameter; nil if the description does not say.
func (b *drafter) parameterShape(p *plan, name string) *shape {
	i := slices.IndexFunc(p.parameters, func(q *api.Parameter) bool { return q.In == "path" && q.Name == name })
	if i < 0 {
		return nil
	}
	s, err := b.maker().shapeOf(p.parameters[i].Schema)
	if err != nil {
		return nil
	}
	return s
}

// connect finds out which operation makes or lists each resource. What is nearer to the root comes first.
func (b *drafter) connect() {
	var all []*resource
	for _, r := range b.resources {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *resource) int {
		if a.depth != b.depth {
			return a.depth - b.depth
		}
		return strings.Compare(a.key, b.key)
	})
	at := map[string]*plan{}
	for _, p := range b.plans {
		if p.why == "" {
			at[p.Method+" "+template(p.Path)] = p
		}
	}
	lists := b.listsBySchema()
	for _, r := range all {
		r.name = r.idName()
		item := at["GET "+r.key]
		if item == nil {
			item = b.anyUse(r)
		}
		p := at["POST "+r.collection]
		for _, word := range []string{"/create", "/new", "/add"} {
			if p == nil {
				p = at["POST "+r.collection+word]
			}
		}
		if p != nil && (r.parent == nil || r.parent.create != nil) {
			if path, ok := b.idIn(p, r, item, false); ok {
				r.create, r.save = p, path
				decides(p, path)
				continue
			}
		}
		if p := at["GET "+r.collection]; p != nil {
			if path, ok := b.idIn(p, r, item, true); ok {
				r.list, r.save = p, path
				continue
			}
		}
		if p := lists[b.schemaName(item)]; p != nil && r.parent == nil {
			if path, ok := b.idIn(p, r, item, true); ok {
				r.list, r.save = p, path
			}
		}
	}
	b.ordered = all
}

// decides notes which property of the body that makes something becomes its id.
func decides(p *plan, save string) {
	if save == "" {
		return
	}
	key := save[strings.LastIndex(save, ".")+1:]
	if strings.HasSuffix(normal(key), "id") || slices.Contains(ids, key) {
		p.withoutID = key
		return
	}
	p.unique = key
	if strings.HasPrefix(save, "metadata.") {
		p.unique = save
	}
}

// anyUse is an operation with the resource in its path.
func (b *drafter) anyUse(r *resource) *plan {
	for _, p := range b.plans {
		if slices.Contains(p.resources, r) {
			return p
		}
	}
	return nil
}

// idName names the variable and the table for the ids of a resource. It is the parameter's name; a name that says
// little, such as id, or that a profile reserves, gets the resource in front. Paths that use one name share one table. If
// a parent in the same path has the name already, this one gets a number.
func (r *resource) idName() string {
	name := tableName(r.param)
	if slices.Contains(generic, normal(name)) || isReserved(name) {
		name = tableName(r.segment + "_" + r.param)
	}
	for base, i := name, 2; r.parent.isNamed(name); i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	return name
}

// isNamed reports whether the resource, or one before it in the path, has a name.
func (r *resource) isNamed(name string) bool {
	for ; r != nil; r = r.parent {
		if r.name == name {
			return true
		}
	}
	return false
}

// generic are parameters that mean something else in each path.
var generic = []string{"id", "uuid", "uid", "guid", "key", "name", "number", "slug", "code", "type", "ref", "sha", "value", "path", "version", "index", "token"}

// goodSchema is the schema of the JSON that an operation answers with when it succeeds; nil for none.
func (b *drafter) goodSchema(p *plan) *api.Node {
	if p == nil {
		return nil
	}
	answers, err := p.Answers()
	if err != nil {
		return nil
	}
	for _, a := range answers {
		if !a.IsGood() {
			continue
		}
		for _, body := range a.Bodies {
			if strings.HasSuffix(body.Type, "json") || strings.Contains(body.Type, "*") {
				return body.Schema
			}
		}
	}
	return nil
}

// taken is the schema of the JSON that an operation takes; nil for none.
func (b *drafter) taken(p *plan) *api.Node {
	bodies, err := p.Bodies()
	if err != nil {
		return nil
	}
	for _, body := range bodies {
		if strings.HasSuffix(body.Type, "json") {
			return body.Schema
		}
	}
	return nil
}

// schemaName is the name of the schema of what an operation answers with.
func (b *drafter) schemaName(p *plan) string {
	if p == nil || p.Method != "GET" {
		return ""
	}
	return component(b.goodSchema(p))
}

// listsBySchema are operations without ids in their path that answer with lists, by the name of the schema of an item.
func (b *drafter) listsBySchema() map[string]*plan {
	found := map[string]*plan{}
	for _, p := range b.plans {
		if p.Method != "GET" || p.why != "" || len(p.resources) > 0 {
			continue
		}
		m := b.maker()
		s, err := m.shapeOf(b.goodSchema(p))
		if err != nil || len(s.items) == 0 {
			continue
		}
		if name := component(s.items[0]); name != "" && found[name] == nil {
			found[name] = p
		}
	}
	return found
}

// idIn finds where the id of a resource is in what an operation answers with. It is empty for the header Location.
func (b *drafter) idIn(p *plan, r *resource, item *plan, inList bool) (path string, ok bool) {
	f := finder{b: b, m: b.maker(), r: r}
	if item != nil {
		f.wanted = b.parameterShape(item, r.param)
	}
	schema := b.goodSchema(p)
	if schema != nil {
		if inList {
			path, ok = f.list(schema, 0)
		} else {
			path, ok = f.id(schema, 0)
		}
	}
	if ok || inList {
		return path, ok
	}
	if schema == nil { // no schema of the answer: assume that it returns the created resource, if a GET returns the same schema
		if taken := b.taken(p); component(taken) != "" && component(taken) == b.schemaName(item) {
			if path, ok = f.id(taken, 0); ok {
				return path, true
			}
		}
	}
	answers, err := p.Answers()
	if err != nil {
		return "", false
	}
	for _, a := range answers {
		if a.IsGood() && slices.ContainsFunc(a.Headers, func(name string) bool { return strings.EqualFold(name, "Location") }) {
			return "", true
		}
	}
	return "", false
}
