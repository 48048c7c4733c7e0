// Package graphql drafts a profile from a GraphQL schema: SDL, or the JSON of an introspection.
//
// Each query becomes a task. Its selection goes one object deep, so cycles are cut. Required arguments become
// variables, with values that their types and names suggest. An id comes from a list that the schema also
// offers, also that of another type: productId from products. If there is none, the operation is a comment and
// its id is data to fill in. Subscriptions are websocket steps.
//
// Mutations are comments unless Input.Mutations asks for them. Then one that makes a thing begins a chain: what
// is asked of the thing, what changes it and what deletes it follow, with the id that it got. What was there
// before is not changed and not deleted.
package graphql

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/runner/graphql"
	"github.com/plimsoll-ci/plimsoll/runner/operation"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Draft drafts a profile from a schema.
func Draft(in draft.Input) (*draft.Draft, error) {
	schema, problem := graphql.ParseSchema(in.Name, in.Data)
	if problem != nil {
		return nil, strict.Problems{{File: problem.Source, Line: problem.Line, Column: problem.Column, Text: problem.Text}}
	}
	w := &writer{schema: schema, in: in, path: "/graphql", draft: &draft.Draft{}, selections: map[string]string{}}
	w.target()
	for _, note := range schema.Notes {
		w.draft.Notes = append(w.draft.Notes, draft.Note{Text: note})
	}
	w.countUnknown()
	w.learn()
	user := draft.User{Name: "client"}
	for _, f := range fields(schema.Query) {
		user.Tasks = append(user.Tasks, w.query(f)...)
	}
	for _, f := range fields(schema.Mutation) {
		user.Tasks = append(user.Tasks, w.mutation(f)...)
	}
	for _, f := range fields(schema.Subscription) {
		user.Tasks = append(user.Tasks, w.subscription(f)...)
	}
	w.draft.Users = []draft.User{user}
	w.draft.Title = fmt.Sprintf("%s: %s, %s, %s. Selections go one object deep, and cycles are cut", in.Name,
		count(len(fields(schema.Query)), "query", "queries"), count(len(fields(schema.Mutation)), "mutation", "mutations"),
		count(len(fields(schema.Subscription)), "subscription", "subscriptions"))
	return w.draft, nil
}

// writer writes the steps of one schema.
type writer struct {
	schema     *graphql.Schema
	in         draft.Input
	path       string // where operations are sent
	draft      *draft.Draft
	selections map[string]string                   // by the name of the type
	unknown    map[string]int                      // how many fields have an argument of a name whose value is unknown
	types      map[string]*ast.Definition          // objects by their names in small letters
	lists      map[string][]listed                 // by the name of the type that is listed
	made       map[string]*made                    // by the name of the type that is made
	chained    map[*ast.FieldDefinition]*draft.Row // the operations that stand in a chain of made
}

// target says where the system is, and where its schema lies.
func (w *writer) target() {
	file := w.in.Name
	if u, err := url.Parse(w.in.Name); err == nil && u.Host != "" {
		file = "schema.graphql"
		if w.draft.URL = u.Scheme + "://" + u.Host; u.Path != "" && !isFile(u.Path) {
			w.path = u.Path
		}
		w.draft.Files = []draft.File{{Path: file, Content: graphql.SDL(w.in.Data)}}
	} else if !filepath.IsLocal(file) {
		file = filepath.Base(file)
		w.draft.Files = []draft.File{{Path: file, Content: w.in.Data}}
	}
	keys := draft.Map{{Key: "schema", Value: filepath.ToSlash(file)}}
	if w.path != "/graphql" {
		keys = append(draft.Map{{Key: "path", Value: draft.Literal(w.path)}}, keys...)
	}
	w.draft.Target = draft.Map{{Key: "graphql", Value: keys}}
}

// isFile reports whether a path is one of a file and no address that answers.
func isFile(path string) bool {
	return slices.Contains([]string{".graphql", ".graphqls", ".gql", ".json"}, strings.ToLower(filepath.Ext(path)))
}

// fields are the operations of a root type. Those with a _ in front belong to gateways.
func fields(root *ast.Definition) (list []*ast.FieldDefinition) {
	if root == nil {
		return nil
	}
	for _, f := range root.Fields {
		if !strings.HasPrefix(f.Name, "_") {
			list = append(list, f)
		}
	}
	return list
}

// keeps reports whether the user wants an operation.
func (w *writer) keeps(kind graphql.Kind, f *ast.FieldDefinition) bool {
	var tags []string
	if isDeprecated(f) {
		tags = append(tags, operation.Deprecated)
	}
	return w.in.Keeps == nil || w.in.Keeps(string(kind)+" "+f.Name, tags...)
}

// row adds a row to the table of what was written.
func (w *writer) row(kind graphql.Kind, f *ast.FieldDefinition, as string, off bool) *draft.Row {
	r := &draft.Row{Operation: string(kind) + " " + f.Name, As: as, Off: off}
	w.draft.Rows = append(w.draft.Rows, r)
	return r
}

// query is the task of a query; none if the user does not want it, or if it stands in the chain of a mutation.
func (w *writer) query(f *ast.FieldDefinition) []draft.Task {
	if !w.keeps(graphql.Query, f) || w.isChained(graphql.Query, f) {
		return nil
	}
	reason := ""
	if isDeprecated(f) {
		reason = "it is deprecated"
	}
	o := w.operation(graphql.Query, f)
	return w.written(o, o.step(), reason, "task")
}

// mutation is the task of a mutation, or the comment that stands for it.
func (w *writer) mutation(f *ast.FieldDefinition) []draft.Task {
	if !w.keeps(graphql.Mutation, f) {
		return nil
	}
	if w.isChained(graphql.Mutation, f) {
		for _, m := range w.made {
			if m.create.field == f {
				return []draft.Task{w.task(m)}
			}
		}
		return nil
	}
	reason := ""
	switch {
	case isDeprecated(f):
		reason = "it is deprecated"
	case deletes.MatchString(f.Name):
		reason = "it deletes something"
	case !w.in.Mutations:
		reason = "a mutation (--mutations writes it)"
	}
	o := w.operation(graphql.Mutation, f)
	return w.written(o, o.step(), reason, "task")
}

// subscription is a WebSocket that is open for a while. That nothing comes meanwhile is no failure.
func (w *writer) subscription(f *ast.FieldDefinition) []draft.Task {
	if !w.keeps(graphql.Subscription, f) {
		return nil
	}
	o := w.operation(graphql.Subscription, f)
	step := o.step()
	step.Keys = append(draft.Map{{Key: "websocket", Value: draft.Literal(w.path)}}, step.Keys...)
	step.Keys.Set("messages", []any{draft.Map{{Key: "receive", Value: draft.Map{{Key: "for", Value: "5s"}}}}})
	return w.written(o, step, "", "websocket step")
}

// isChained reports whether an operation stands in a chain of made, and adds its row to the table.
func (w *writer) isChained(kind graphql.Kind, f *ast.FieldDefinition) bool {
	row := w.chained[f]
	if row == nil {
		return false
	}
	row.Operation = string(kind) + " " + f.Name
	w.draft.Rows = append(w.draft.Rows, row)
	return true
}

// written is the task of an operation: its step, behind the lists that offer what it needs. With a reason, or if a
// value is unknown, it is a comment.
func (w *writer) written(o *op, step draft.Step, reason, as string) []draft.Task {
	lists, by := []supply(nil), unresolved
	if reason == "" {
		lists, by = w.supplies(o, nil)
	}
	if by == unresolved {
		if fill := w.fill(o); reason == "" {
			reason = fill
		} else if fill != "" {
			reason += "; " + fill
		}
		step.Off = reason
		step.Row = w.row(o.kind, o.field, "comment: "+reason, true)
		return []draft.Task{{Steps: []draft.Step{step}}}
	}
	if len(lists) == 0 {
		step.Row = w.row(o.kind, o.field, as, false)
		return []draft.Task{{Steps: []draft.Step{step}}}
	}
	step.Row = w.row(o.kind, o.field, behind(lists), false)
	return []draft.Task{{Name: o.field.Name, Steps: w.steps(lists, step)}}
}

// countUnknown counts the unknown arguments of all fields by their names.
func (w *writer) countUnknown() {
	w.unknown = map[string]int{}
	for kind, root := range map[graphql.Kind]*ast.Definition{graphql.Query: w.schema.Query, graphql.Mutation: w.schema.Mutation, graphql.Subscription: w.schema.Subscription} {
		for _, f := range fields(root) {
			for _, u := range w.operation(kind, f).unknown {
				w.unknown[u.name]++
			}
		}
	}
}

// fill puts tables of data in the place of what is unknown of an operation, and says what to fill in.
func (w *writer) fill(o *op) string {
	var reasons []string
	for _, u := range o.unknown {
		table := strings.ReplaceAll(u.name, ".", "_")
		if w.unknown[u.name] > 1 {
			table = o.field.Name + "_" + table
		}
		o.replace(u.mark, "${data."+table+"}")
		w.draft.Data = append(w.draft.Data, draft.Table{Name: table, Fill: fmt.Sprintf("values of %s that exist", u.of), Made: []any{"1"}})
		last := u.name[strings.LastIndexByte(u.name, '.')+1:]
		is := "is"
		if u.many {
			is = "are"
		}
		reasons = append(reasons, fmt.Sprintf("its %s %s unknown (fill data.%s)", last, is, table))
	}
	return strings.Join(reasons, ", ")
}

func isDeprecated(f *ast.FieldDefinition) bool { return f.Directives.ForName("deprecated") != nil }

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
