// Package graphql drafts a profile from a GraphQL schema: SDL, or the JSON of an introspection.
//
// Each query becomes a task. Its selection goes one object deep, so cycles are cut. Required arguments become
// variables, with values that their types and names suggest. An id comes from a list that the schema also
// offers; if there is none, the query is a comment and its id is data to fill in. Mutations are comments unless
// Input.Mutations asks for them, and those that delete always are. Subscriptions are websocket steps.
package graphql

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
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
	w := &writer{schema: schema, in: in, path: "/graphql", draft: &draft.Draft{}}
	w.target()
	for _, note := range schema.Notes {
		w.draft.Notes = append(w.draft.Notes, draft.Note{Text: note})
	}
	w.countUnknown()
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
	schema  *graphql.Schema
	in      draft.Input
	path    string // where operations are sent
	draft   *draft.Draft
	unknown map[string]int // how many fields have an argument of a name whose value is unknown
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

// query is the task of a query; none if the user does not want it.
func (w *writer) query(f *ast.FieldDefinition) []draft.Task {
	if !w.keeps(graphql.Query, f) {
		return nil
	}
	op := w.operation(graphql.Query, f)
	step := op.step()
	switch list := w.listOf(op); {
	case isDeprecated(f):
		step.Off = "it is deprecated"
		w.fill(op)
	case len(op.unknown) == 0:
		step.Row = w.row(graphql.Query, f, "task", false)
		return []draft.Task{{Steps: []draft.Step{step}}}
	case list != nil:
		row := w.row(graphql.Query, f, "in the chain of query "+list.of.field.Name, false)
		return []draft.Task{w.chain(list, op, row)}
	default:
		step.Off = w.fill(op)
	}
	step.Row = w.row(graphql.Query, f, "comment: "+step.Off, true)
	return []draft.Task{{Steps: []draft.Step{step}}}
}

// chain is a task that asks for a list, and then for one item of it, which the row tells of.
func (w *writer) chain(list *listed, op *op, row *draft.Row) draft.Task {
	name := op.field.Name + "_" + op.unknown[0].name
	for i := range op.variables {
		if op.variables[i].Key == op.unknown[0].name {
			op.variables[i].Value = "${" + name + "}"
		}
	}
	first := list.of.step()
	first.Keys.Set("save", draft.Map{{Key: name, Value: list.path}})
	second := op.step()
	second.Row = row
	return draft.Task{Name: op.field.Name, Steps: []draft.Step{first, second}}
}

var deletes = regexp.MustCompile(`(?i)^(delete|remove|destroy|drop|purge|clear|reset|revoke|cancel)|(Delete|Remove|Destroy)$`)

// mutation is the task of a mutation, or the comment that stands for it.
func (w *writer) mutation(f *ast.FieldDefinition) []draft.Task {
	if !w.keeps(graphql.Mutation, f) {
		return nil
	}
	op := w.operation(graphql.Mutation, f)
	step := op.step()
	switch {
	case isDeprecated(f):
		step.Off = "it is deprecated"
	case deletes.MatchString(f.Name):
		step.Off = "it deletes something"
	case !w.in.Mutations:
		step.Off = "a mutation (--mutations writes it)"
	}
	if fill := w.fill(op); step.Off == "" {
		step.Off = fill
	} else if fill != "" {
		step.Off += "; " + fill
	}
	if step.Off != "" {
		step.Row = w.row(graphql.Mutation, f, "comment: "+step.Off, true)
	} else {
		step.Row = w.row(graphql.Mutation, f, "task", false)
	}
	return []draft.Task{{Steps: []draft.Step{step}}}
}

// subscription is a WebSocket that is open for a while. That nothing comes meanwhile is no failure.
func (w *writer) subscription(f *ast.FieldDefinition) []draft.Task {
	if !w.keeps(graphql.Subscription, f) {
		return nil
	}
	op := w.operation(graphql.Subscription, f)
	step := op.step()
	step.Keys = append(draft.Map{{Key: "websocket", Value: draft.Literal(w.path)}}, step.Keys...)
	step.Keys.Set("messages", []any{draft.Map{{Key: "receive", Value: draft.Map{{Key: "for", Value: "5s"}}}}})
	if len(op.unknown) > 0 {
		step.Off = w.fill(op)
		step.Row = w.row(graphql.Subscription, f, "comment: "+step.Off, true)
	} else {
		step.Row = w.row(graphql.Subscription, f, "websocket step", false)
	}
	return []draft.Task{{Steps: []draft.Step{step}}}
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
		reasons = append(reasons, fmt.Sprintf("its %s is unknown (fill data.%s)", last, table))
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
