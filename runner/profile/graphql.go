package profile

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/graphql"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// GraphQL is the content of a call of GraphQL: a query or a mutation, sent over HTTP.
type GraphQL struct {
	Operation *graphql.Operation
	Path      Template
	Headers   []Header
	Variables Tree // a mapping; NoTree for none
	Files     []GraphQLFile
	Persisted GraphQLPersisted
	Status    []int
	Errors    GraphQLErrors
	Expect    []Condition // on the answer
}

// GraphQLFile is a file among the variables of an operation. Where it stands, Variables have null.
type GraphQLFile struct {
	At   string // such as variables.pictures.0
	File *File
}

// GraphQLErrors says whether an answer may have errors.
type GraphQLErrors string

// The words for errors. NoErrors is the default.
const (
	NoErrors   GraphQLErrors = "none"
	SomeErrors GraphQLErrors = "some" // there must be one
	AnyErrors  GraphQLErrors = "any"
)

// GraphQLPersisted says whether the hash of a document is sent. The zero value is that it is not.
type GraphQLPersisted string

// The ways to send a persisted query.
const (
	PersistedHash     GraphQLPersisted = "hash"     // in place of the document
	PersistedRegister GraphQLPersisted = "register" // beside the document: the server keeps both
)

// GraphQLTarget is where the system answers GraphQL.
type GraphQLTarget struct {
	Path   Template
	Schema *graphql.Schema // nil if none is given
}

// Protocol is graphql.
func (g *GraphQL) Protocol() string { return "graphql" }

// Route is the kind and the name of the operation, or its first field.
func (g *GraphQL) Route() string {
	if g.Operation == nil { // it has a problem
		return "query"
	}
	return g.Operation.Label()
}

// Canonical is the call as the digest counts it.
func (g *GraphQL) Canonical() any {
	return struct {
		Document, Operation string
		Path                Template
		Headers             []Header         `json:",omitempty"`
		Variables           *Tree            `json:",omitempty"`
		Typed               []string         `json:",omitempty"`
		Files               []graphqlFile    `json:",omitempty"`
		Status              []int            `json:",omitempty"`
		Errors              GraphQLErrors    `json:",omitempty"`
		Expect              []Condition      `json:",omitempty"`
		Persisted           GraphQLPersisted `json:",omitempty"`
	}{
		g.Operation.Text, g.Operation.Name, g.Path, g.Headers, g.variables(), g.typed(),
		each(g.Files, func(f GraphQLFile) graphqlFile { return graphqlFile{f.At, f.File.digestV1()} }),
		g.Status, GraphQLErrors(strings.TrimPrefix(string(g.Errors), string(NoErrors))), g.Expect, g.Persisted,
	}
}

type graphqlFile struct {
	At   string
	File *fileV1
}

func (g *GraphQL) variables() *Tree {
	if g.Variables.Kind == NoTree {
		return nil
	}
	return &g.Variables
}

func (g *GraphQL) sends() (Content, string) {
	sent := *g
	sent.Status, sent.Errors, sent.Expect = nil, NoErrors, nil
	return &sent, strings.TrimSpace(g.Operation.Text + " " + string(g.Variables.JSON()))
}

func (g *GraphQL) expects() (string, []Condition) {
	var words []string
	if len(g.Status) > 0 {
		words = append(words, fmt.Sprintf("status %v", g.Status))
	}
	if g.Errors != NoErrors {
		words = append(words, "errors "+string(g.Errors))
	}
	return strings.Join(words, ", "), g.Expect
}

// graphqlProtocol reads calls such as graphql: query Top { top { id } }.
func graphqlProtocol() Protocol {
	return Protocol{Word: "graphql", Example: "graphql: query Top { top { id } }", Read: readGraphQL}
}

func readGraphQL(r *CallReader) Words {
	g := &GraphQL{Errors: NoErrors}
	d := &graphqlReader{CallReader: r}
	return Words{
		Step: append(d.words(), strict.Key("path", "Where this operation is sent; otherwise target.graphql.path, otherwise /graphql.", r.graphqlPath(&g.Path)),
			strict.Key("headers", "Headers of this request.", r.Headers(&g.Headers)),
			strict.Key("persisted", "hash: the hash of the document is sent in its place. register: it is sent beside it, so that the server knows it.", strict.OneOf(r.Reader, &g.Persisted, PersistedHash, PersistedRegister)),
			r.Refused("json", "the body follows from graphql and variables; write the values under variables"),
			r.Refused("query", "write the document itself under graphql")),
		Expect: append(r.answer(&g.Status, &g.Expect),
			strict.Key("errors", "Whether the answer may have errors: none, some (there must be one) or any.", strict.OneOf(r.Reader, &g.Errors, NoErrors, SomeErrors, AnyErrors)),
			r.Refused("code", "an answer of GraphQL has a status and errors; code belongs to gRPC")),
		Sources: []Source{OfText, OfHeader, OfCookie},
		Content: func(step *yaml.Node) Content {
			if g.Path == "" {
				g.Path = r.reader.graphql.Path
			}
			g.Operation, g.Variables, g.Files = d.operation(graphql.Query, graphql.Mutation)
			if g.Operation != nil {
				r.reader.unnamedOperation(step, g.Operation)
			}
			if g.Persisted == PersistedHash && len(g.Files) > 0 {
				r.Problem(strict.Get(step, "persisted"), "a request with files is sent with its document: remove persisted")
			}
			return g
		},
	}
}

// unnamedOperation refuses two different operations without a name whose routes are the same.
func (r *reader) unnamedOperation(step *yaml.Node, o *graphql.Operation) {
	if o.Name != "" || strict.Has(step, "name") {
		return
	}
	before, known := r.unnamed[o.Label()]
	if known && before != o.Text {
		r.Problem(strict.Get(step, "graphql"), "another operation without a name is counted under %q too; give this one a name: %s Name { … }, or a key name", o.Label(), o.Kind)
		return
	}
	r.unnamed[o.Label()] = o.Text
}

// graphqlReader reads a document with its variables.
type graphqlReader struct {
	*CallReader
	inline    *yaml.Node // where the document stands in the profile; nil if it has files
	files     *yaml.Node
	sources   []graphql.Source
	name      string
	named     *yaml.Node
	variables Tree
	wrong     bool // the document has a problem already
}

// words are the keys of a document.
func (d *graphqlReader) words() []strict.Field {
	return append([]strict.Field{
		strict.Need("graphql", "A document of GraphQL with the operation, or {file: top.graphql}, or {file: [top.graphql, fragments.graphql]}.", "write for example: graphql: query Top { top { id } }", d.document),
	}, d.operationWords()...)
}

// document reads the document.
func (d *graphqlReader) document(n *yaml.Node) {
	d.Either(n, d.Match(anything, d.text), func(n *yaml.Node) {
		d.files = n
		d.Mapping(n, strict.Need("file", "The file with the document, or several that are one together; relative to the profile.", "name the file, for example: graphql: {file: top.graphql}", d.OneOrMore(d.reader.file(d.file))))
	})
}

// operationWords are the keys that say which operation of the document is sent, and with which values.
func (d *graphqlReader) operationWords() []strict.Field {
	return []strict.Field{
		strict.Key("operation", "The name of the operation, if the document has several.", d.Match(variable, func(n *yaml.Node, name string) { d.named, d.name = n, name })),
		strict.Key("variables", "The values of the operation's variables. Each is written as the operation declares it.", func(n *yaml.Node) {
			d.AnyMapping(d.Tree(&d.variables))(n)
		}),
	}
}

// text takes a document in the profile.
func (d *graphqlReader) text(n *yaml.Node, text string) {
	d.inline = n
	d.source(n, "", text)
}

// file takes a document in a file.
func (d *graphqlReader) file(n *yaml.Node, content []byte) { d.source(n, n.Value, string(content)) }

func (d *graphqlReader) source(n *yaml.Node, name, text string) {
	for _, part := range Template(text).Parts() {
		if part.Variable != "" {
			d.wrong = true
			d.Problem(n, "${%s} cannot stand in a document: declare a variable in the operation, such as $id: ID!, and write variables: {id: \"${%s}\"}", part.Variable, part.Variable)
			return
		}
	}
	d.sources = append(d.sources, graphql.Source{Name: name, Text: Template(text).literals()})
}

// operation is what was read, for a step that can send operations of some kinds; nil if there is a problem.
func (d *graphqlReader) operation(kinds ...graphql.Kind) (o *graphql.Operation, variables Tree, files []GraphQLFile) {
	if d.wrong || len(d.sources) == 0 {
		return nil, Tree{}, nil
	}
	schema := d.reader.graphql.Schema
	o, problems := graphql.Parse(d.sources, d.name, schema)
	d.In("graphql", func() {
		for _, p := range problems {
			d.problem(p)
		}
	})
	if len(problems) > 0 {
		return nil, Tree{}, nil
	}
	if !d.sendable(o, kinds) {
		return nil, Tree{}, nil
	}
	c := &variableChecker{reader: d.reader}
	c.all(d.inlineOrFiles(), o, &d.variables)
	return o, d.variables, c.files
}

func (d *graphqlReader) inlineOrFiles() *yaml.Node {
	if d.inline != nil {
		return d.inline
	}
	return d.files
}

// problem notes a problem of the document at its place.
func (d *graphqlReader) problem(p graphql.Problem) {
	if d.inline != nil {
		d.ProblemAt(d.Inside(d.inline, p.Line, p.Column), "%s", p.Text)
		return
	}
	d.Problem(d.files, "%s:%d:%d: %s", p.Source, p.Line, p.Column, p.Text)
}

// sendable refuses an operation of a kind that this step does not send, or whose answer would come in parts.
func (d *graphqlReader) sendable(o *graphql.Operation, kinds []graphql.Kind) bool {
	good := true
	d.In("graphql", func() {
		is := func(kind graphql.Kind) bool {
			for _, k := range kinds {
				if k == kind {
					return true
				}
			}
			return false
		}
		switch n := d.inlineOrFiles(); {
		case o.Kind == graphql.Subscription && !is(o.Kind):
			d.Problem(n, "a subscription is not sent this way; write a websocket step with subprotocol: graphql-transport-ws")
			good = false
		case !is(o.Kind):
			d.Problem(n, "a %s is not sent this way; write a step of its own: graphql: %s …", o.Kind, o.Label())
			good = false
		case o.Streams != "":
			d.Problem(n, "the answer to @%s comes in parts, which are not measured: remove the directive", o.Streams)
			good = false
		}
	})
	return good
}

// graphqlPathForm is a path, or one that begins with a variable.
var graphqlPathForm = strict.NewPattern(`^/(\$(\$\$)*\{[^}]*\}|(\$\$)+\{|\$+[^\s#${]|[^\s#$])*\$*$`, "a path such as /graphql")

func (r *CallReader) graphqlPath(to *Template) strict.Read {
	return r.reader.templateForm(graphqlPathForm, func(_ *yaml.Node, text Template) { *to = text })
}

func (r *reader) graphqlTarget(n *yaml.Node, t *GraphQLTarget) {
	words := &CallReader{r.Reader, r}
	r.Mapping(n,
		strict.Key("path", "Where operations are sent.", words.graphqlPath(&t.Path)),
		strict.Key("schema", "A file with the schema, as SDL or as the JSON of an introspection: operations and variables are checked with it.", r.file(func(n *yaml.Node, content []byte) {
			schema, problem := graphql.ParseSchema(n.Value, content)
			if problem != nil {
				r.Problem(n, "%s:%d:%d: %s", problem.Source, problem.Line, problem.Column, problem.Text)
				return
			}
			t.Schema = schema
		})),
	)
}
