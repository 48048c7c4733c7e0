package graphql

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/runner/graphql"
)

// listed is a query that answers with a list, and where the first thing is in its answer.
type listed struct {
	by   *ast.FieldDefinition
	path string
}

// made is the chain of a mutation that makes a thing, with the operations that need the thing's id.
type made struct {
	create  *op
	lists   []supply // what create needs
	path    string   // of the new thing in the answer
	members []member
}

// member is an operation of a chain, with the lists that it needs besides.
type member struct {
	op    *op
	lists []supply
}

// supply is a query of a list, and what is saved of its answer.
type supply struct {
	by    *ast.FieldDefinition
	saves draft.Map
}

// learn notes which types have names, which queries list things and, if mutations are written, which make things.
func (w *writer) learn() {
	w.types, w.lists, w.made, w.chained = map[string]*ast.Definition{}, map[string][]listed{}, map[string]*made{}, map[*ast.FieldDefinition]*draft.Row{}
	for name, def := range w.schema.Types {
		if (def.Kind == ast.Object || def.Kind == ast.Interface) && !strings.HasPrefix(name, "__") {
			w.types[strings.ToLower(strings.ReplaceAll(name, "_", ""))] = def
		}
	}
	for _, f := range fields(w.schema.Query) {
		if of, path := w.listedBy(f); of != nil && !isDeprecated(f) && w.keeps(graphql.Query, f) && len(w.operation(graphql.Query, f).unknown) == 0 {
			w.lists[of.Name] = append(w.lists[of.Name], listed{f, path})
		}
	}
	if w.in.Mutations {
		w.learnMade()
	}
}

// listedBy is the type of the things that a query lists, and where the first is in the answer; nil if it lists none.
func (w *writer) listedBy(f *ast.FieldDefinition) (*ast.Definition, string) {
	def := w.schema.Types[f.Type.Name()]
	if f.Type.Elem != nil {
		if f.Type.Elem.Elem != nil {
			return nil, ""
		}
		return def, "data." + f.Name + ".0"
	}
	switch in, of := w.listField(def); {
	case in == nil:
		return nil, ""
	case in.Name == "edges":
		return w.schema.Types[of.Fields.ForName("node").Type.Name()], "data." + f.Name + ".edges.0.node"
	default:
		return of, "data." + f.Name + "." + in.Name + ".0"
	}
}

// learnMade notes which mutations make things, and which operations need what they make.
func (w *writer) learnMade() {
	for _, f := range fields(w.schema.Mutation) {
		of, path := w.creation(f)
		if of == nil || w.made[of.Name] != nil || isDeprecated(f) || !w.keeps(graphql.Mutation, f) {
			continue
		}
		o := w.operation(graphql.Mutation, f)
		if lists, by := w.supplies(o, nil); by == nil {
			w.made[of.Name] = &made{create: o, lists: lists, path: path}
			w.chained[f] = &draft.Row{As: "first of its chain"}
		}
	}
	w.join(graphql.Query, func(*ast.FieldDefinition) bool { return true })
	w.join(graphql.Mutation, func(f *ast.FieldDefinition) bool { return !deletes.MatchString(f.Name) })
	w.join(graphql.Mutation, func(f *ast.FieldDefinition) bool { return deletes.MatchString(f.Name) && !removes.MatchString(f.Name) })
	w.join(graphql.Mutation, func(f *ast.FieldDefinition) bool { return removes.MatchString(f.Name) })
	for name, m := range w.made { // a mutation that nothing follows is a task by itself
		if len(m.members) == 0 {
			delete(w.chained, m.create.field)
			delete(w.made, name)
		}
	}
}

// join adds operations to the chains that make what they need.
func (w *writer) join(kind graphql.Kind, chosen func(*ast.FieldDefinition) bool) {
	root := w.schema.Query
	if kind == graphql.Mutation {
		root = w.schema.Mutation
	}
	for _, f := range fields(root) {
		if !chosen(f) || w.chained[f] != nil || isDeprecated(f) || !w.keeps(kind, f) {
			continue
		}
		o := w.operation(kind, f)
		_, alone := w.supplies(w.operation(kind, f), nil)
		if kind == graphql.Mutation && alone == nil {
			continue // a task by itself
		}
		lists, by := w.supplies(o, w.made)
		if by == nil || by == unresolved {
			continue
		}
		by.members = append(by.members, member{o, lists})
		if alone == unresolved {
			w.chained[f] = &draft.Row{As: "in the chain of mutation " + by.create.field.Name}
		}
	}
}

// unresolved stands for what makes the values that nothing offers.
var unresolved = &made{}

// supplies are the lists that offer the unknown values of an operation, which are put in their places. Things that are
// made are taken from their chain, which is by. by is unresolved if something is offered by neither.
func (w *writer) supplies(o *op, from map[string]*made) (lists []supply, by *made) {
	values := map[string]string{}
	for _, u := range o.unknown {
		r := w.refersTo(o, u)
		if r.of == nil {
			return nil, unresolved
		}
		name := o.field.Name + "_" + strings.ReplaceAll(u.name, ".", "_")
		if m := from[r.of.Name]; m != nil && (by == nil || by == m) && r.key == "id" {
			by = m
			values[u.mark] = "${" + m.saved() + "}"
			continue
		}
		list := w.listOf(o, r)
		if list == nil {
			return nil, unresolved
		}
		values[u.mark] = "${" + name + "}"
		lists = supplyOf(lists, list, draft.Entry{Key: name, Value: list.path + "." + r.key})
	}
	for mark, value := range values {
		o.replace(mark, value)
	}
	return lists, by
}

// saved is the name of the id of the thing that is made.
func (m *made) saved() string { return m.create.field.Name + "_id" }

func supplyOf(all []supply, list *listed, save draft.Entry) []supply {
	for i := range all {
		if all[i].by == list.by {
			all[i].saves = append(all[i].saves, save)
			return all
		}
	}
	return append(all, supply{list.by, draft.Map{save}})
}

// listOf is a query that lists what an operation needs; nil for none. A mutation changes only what its own chain made, so
// that no test harms what others use.
func (w *writer) listOf(o *op, r reference) *listed {
	if o.kind == graphql.Mutation {
		of, _ := w.creation(o.field)
		switch {
		case deletes.MatchString(o.field.Name), of == r.of && r.own, of == nil && w.subject(o, r.key).of == r.of:
			return nil
		}
	}
	for _, l := range w.lists[r.of.Name] {
		if l.by != o.field {
			return &l
		}
	}
	return nil
}

// steps are the queries of lists, and a step that needs what they offer.
func (w *writer) steps(lists []supply, last draft.Step) (all []draft.Step) {
	for _, s := range lists {
		first := w.operation(graphql.Query, s.by).step()
		first.Keys.Set("save", s.saves)
		all = append(all, first)
	}
	return append(all, last)
}

// behind says behind what an operation stands.
func behind(lists []supply) string {
	var names []string
	for _, s := range lists {
		names = append(names, "query "+s.by.Name)
	}
	return "in the chain of " + strings.Join(names, " and ")
}

// task is the task of all that is done with a thing that a mutation makes.
func (w *writer) task(m *made) draft.Task {
	create := m.create.step()
	create.Row = w.chained[m.create.field]
	create.Keys.Set("save", draft.Map{{Key: m.saved(), Value: m.path + ".id"}})
	task := draft.Task{Name: m.create.field.Name, Steps: w.steps(m.lists, create)}
	for _, member := range m.members {
		step := member.op.step()
		step.Row = w.chained[member.op.field]
		task.Steps = append(task.Steps, w.steps(member.lists, step)...)
	}
	return task
}
