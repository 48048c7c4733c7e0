package openapi

import (
	"regexp"
	"slices"
	"strings"

	api "github.com/plimsoll-ci/plimsoll/runner/openapi"
)

// finder looks for the id of a resource in schemas of answers.
type finder struct {
	b      *drafter
	m      *maker
	r      *resource
	wanted *shape // of the parameter; nil when unknown
}

// ids are properties that hold ids, the likeliest first.
var ids = []string{"id", "_id", "uuid", "uid", "guid", "Id", "ID"}

// wrappers are properties that hold the whole answer.
var wrappers = []string{"data", "result", "item", "items", "results", "values", "records", "entries", "list", "rows", "content", "payload", "response", "value"}

// normal is a name without its case and its separators.
func normal(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// shape is the shape of an answer. Of alternatives the first one that is no null counts.
func (f *finder) shape(nodes ...*api.Node) *shape {
	s, err := f.m.shapeOf(nodes...)
	if err != nil {
		return nil
	}
	for range 5 {
		if len(s.choices) == 0 {
			return s
		}
		var taken *shape
		for _, branch := range s.choices[0].branches {
			if own, err := f.m.shapeOf(branch); err == nil && !own.is("null") {
				taken = own
				break
			}
		}
		if taken == nil {
			return s
		}
		rest := *s
		rest.choices = s.choices[1:]
		s = merged(&rest, taken)
	}
	return s
}

// id finds the id in an object, or in one that it wraps.
func (f *finder) id(schema *api.Node, depth int) (path string, ok bool) {
	s := f.shape(schema)
	if s == nil || depth > 3 {
		return "", false
	}
	if len(s.items) > 0 {
		path, ok = f.id(s.items[0], depth+1)
		return "0." + path, ok
	}
	if name, ok := f.property(s); ok {
		return name, true
	}
	if meta := s.props["metadata"]; len(meta) > 0 {
		if inner := f.shape(meta...); inner != nil && f.r.param == "name" && len(inner.props["name"]) > 0 {
			return "metadata.name", true
		}
	}
	for _, name := range f.inside(s) {
		if inner := f.shape(s.props[name]...); inner != nil && len(inner.items) == 0 && len(inner.names) > 0 {
			if path, ok := f.id(s.props[name][0], depth+1); ok {
				return name + "." + path, true
			}
		}
	}
	return "", false
}

// inside are the properties that may wrap what is meant: wrappers, the name of the resource, or the only object.
func (f *finder) inside(s *shape) (names []string) {
	resource := strings.TrimSuffix(normal(f.r.segment), "s")
	for _, name := range s.names {
		if !plainKey.MatchString(name) {
			continue
		}
		if slices.Contains(wrappers, name) || strings.TrimSuffix(normal(name), "s") == resource || len(s.names) == 1 {
			names = append(names, name)
		}
	}
	return names
}

// property finds the property of an object that is the id.
func (f *finder) property(s *shape) (string, bool) {
	param := normal(f.r.param)
	for _, name := range s.names {
		if normal(name) == param && plainKey.MatchString(name) && f.isScalar(s.props[name]) {
			return name, true
		}
	}
	resource := normal(f.r.segment)
	singular := strings.TrimSuffix(resource, "s")
	for _, name := range s.names { // gid for project_gid
		rest := strings.TrimPrefix(param, singular)
		if rest != "" && rest != param && normal(name) == rest && plainKey.MatchString(name) && f.isScalar(s.props[name]) && f.agrees(s.props[name]) {
			return name, true
		}
	}
	names := ids
	for _, other := range []string{"username", "login", "name", "slug", "email", "sha", "key", "code", "number"} {
		if !strings.HasSuffix(param, other) {
			continue
		}
		switch other {
		case "username", "login":
			names = []string{"username", "login"}
		case "key", "code", "number":
			names = append([]string{other}, ids...)
		default:
			names = []string{other}
		}
		break
	}
	for _, name := range names {
		for _, candidate := range []string{name, singular + "_" + name, singular + strings.ToUpper(name[:1]) + name[1:]} {
			if props := s.props[candidate]; len(props) > 0 && f.isScalar(props) && f.agrees(props) {
				return candidate, true
			}
		}
	}
	return "", false
}

// isScalar reports whether a property is a text or a number.
func (f *finder) isScalar(nodes []*api.Node) bool {
	s := f.shape(nodes...)
	return s != nil && (len(s.types) == 0 || s.is("string") || s.is("integer") || s.is("number"))
}

// agrees reports whether a property is of the kind that the parameter wants.
func (f *finder) agrees(nodes []*api.Node) bool {
	s := f.shape(nodes...)
	if f.wanted == nil || s == nil || len(s.types) == 0 || len(f.wanted.types) == 0 || strings.HasSuffix(normal(f.r.param), "id") {
		return true
	}
	return s.is("string") == f.wanted.is("string")
}

// list finds the id of the first item of a list, or of a list that an object holds.
func (f *finder) list(schema *api.Node, depth int) (path string, ok bool) {
	s := f.shape(schema)
	if s == nil || depth > 2 {
		return "", false
	}
	if len(s.items) > 0 {
		if inner := f.shape(s.items[0]); inner != nil && len(inner.names) == 0 && f.isScalar(s.items[:1]) && len(inner.types) > 0 {
			return "0", true // a list of ids
		}
		path, ok = f.id(s.items[0], 1)
		return "0." + path, ok
	}
	candidates := f.inside(s)
	for _, name := range s.names {
		if !slices.Contains(candidates, name) && plainKey.MatchString(name) {
			if inner := f.shape(s.props[name]...); inner != nil && len(inner.items) > 0 && !f.isScalar(inner.items[:1]) {
				candidates = append(candidates, name)
			}
		}
	}
	for _, name := range candidates {
		inner := f.shape(s.props[name]...)
		if inner == nil || len(inner.items) == 0 && len(inner.names) == 0 {
			continue
		}
		if path, ok := f.list(s.props[name][0], depth+1); ok {
			return name + "." + path, true
		}
	}
	return "", false
}
