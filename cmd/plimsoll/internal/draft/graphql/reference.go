package graphql

import (
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/runner/graphql"
)

// reference is what an unknown value names: the key, such as id, of a thing of a type. Without a type it is unknown.
type reference struct {
	of  *ast.Definition
	key string
	own bool // the name of the value holds no type: it is an id, and not a shopId
}

// ofThing is the name of an id with the name of a type in it.
var ofThing = regexp.MustCompile(`^(.+?)_?(?i:id|uuid|guid)s?$`)

// refersTo is what an unknown value of an operation names.
func (w *writer) refersTo(o *op, u unknown) reference {
	names := strings.Split(u.name, ".")
	around, key := names[:len(names)-1], names[len(names)-1]
	switch {
	case draft.IsSecret(key):
		return reference{}
	case !draft.IsID(key):
		if o.kind == graphql.Mutation || len(around) > 0 || o.field.Type.Elem != nil {
			return reference{}
		}
		return w.subject(o, key)
	}
	thing := ofThing.FindStringSubmatch(key)
	if thing != nil {
		if of := w.thing(thing[1], "id"); of != nil {
			return reference{of, "id", false}
		}
	}
	if key != "s" {
		key = strings.TrimSuffix(key, "s") // ids
	}
	for _, name := range slices.Backward(around) {
		if of := w.thing(name, key); of != nil {
			return reference{of, key, true}
		}
	}
	switch r := w.subject(o, key); {
	case r.of != nil && (ofAny.MatchString(key) || len(w.lists[r.of.Name]) > 0):
		return r
	case thing == nil:
		return reference{w.onlyListed(key), key, false}
	case o.kind == graphql.Query && len(o.unknown) == 1:
		return w.subject(o, "id")
	}
	return w.subject(o, key)
}

// ofAny are the keys that things of every type may have. Others, such as sku, are also in what names a thing: the line of
// a cart. The thing itself has an id besides.
var ofAny = regexp.MustCompile(`(?i)^(id|uuid|guid|uid)$`)

// onlyListed is the one type of things with a key such as sku that a query lists; nil if there are several, or none.
func (w *writer) onlyListed(key string) (only *ast.Definition) {
	if ofAny.MatchString(key) {
		return nil
	}
	for name := range w.lists {
		if def := w.schema.Types[name]; w.hasLeaf(def, key) && w.hasLeaf(def, "id") {
			if only != nil {
				return nil
			}
			only = def
		}
	}
	return only
}

// thing is the type with a name, in capitals or not, of one thing or of several; nil if it has no such key.
func (w *writer) thing(name, key string) *ast.Definition {
	name = strings.ToLower(strings.ReplaceAll(name, "_", ""))
	for _, name := range []string{name, strings.TrimSuffix(name, "s")} {
		if def := w.types[name]; w.hasLeaf(def, key) && (ofAny.MatchString(key) || w.hasLeaf(def, "id")) {
			return def
		}
	}
	return nil
}

// subject is the thing that an operation is about: what it answers with, or what its name holds.
func (w *writer) subject(o *op, key string) reference {
	answer := w.schema.Types[o.field.Type.Name()]
	if w.hasLeaf(answer, key) {
		return reference{answer, key, true}
	}
	if of, _ := w.answered(o.field); of != nil && w.hasLeaf(of, key) {
		return reference{of, key, true}
	}
	if of := w.thing(withoutVerb(o.field.Name), key); of != nil && o.kind == graphql.Mutation {
		return reference{of, key, true}
	}
	return reference{}
}

// hasLeaf reports whether a selection of a type has a field.
func (w *writer) hasLeaf(def *ast.Definition, key string) bool {
	return def != nil && !def.IsLeafType() && slices.Contains(w.leaves(def), key)
}

// answered is the thing that a mutation answers with, and where it is in the answer: alone, or in the one object that
// wraps it, as those of Relay are.
func (w *writer) answered(f *ast.FieldDefinition) (*ast.Definition, string) {
	def := w.schema.Types[f.Type.Name()]
	if f.Type.Elem != nil || def.IsLeafType() {
		return nil, ""
	}
	if w.hasLeaf(def, "id") {
		return def, "data." + f.Name
	}
	if list, _ := w.listField(def); list != nil {
		return nil, ""
	}
	for _, in := range w.objects(def) {
		if of := w.schema.Types[in.Type.Name()]; w.hasLeaf(of, "id") {
			return of, "data." + f.Name + "." + in.Name
		}
	}
	return nil, ""
}

var (
	verb    = `create|add|new|register|insert|make|place|update|edit|modify|change|rename|set|patch|save|upsert|delete|remove|destroy|drop|purge|cancel|archive`
	verbs   = regexp.MustCompile(`^(?i:` + verb + `)_?|_?(?i:` + verb + `)$`)
	creates = regexp.MustCompile(`^(?i:create|add|new|register|insert|make|place)|(Create|Add|Insert)$`)
	deletes = regexp.MustCompile(`(?i)^(delete|remove|destroy|drop|purge|clear|reset|revoke|cancel)|(Delete|Remove|Destroy)$`)
	removes = regexp.MustCompile(`(?i)^(delete|remove|destroy)|(Delete|Remove|Destroy)$`) // nothing can be done after them
)

func withoutVerb(name string) string { return verbs.ReplaceAllString(name, "") }

// creation is the type of the things that a mutation makes, and where the new one is in the answer; nil if it makes
// none.
func (w *writer) creation(f *ast.FieldDefinition) (*ast.Definition, string) {
	if !creates.MatchString(f.Name) {
		return nil, ""
	}
	of, path := w.answered(f)
	if of == nil {
		return nil, ""
	}
	if name := withoutVerb(f.Name); name != "" && w.thing(name, "id") != of {
		return nil, ""
	}
	return of, path
}
