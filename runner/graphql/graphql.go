// Package graphql reads GraphQL documents, which hold the operations to send, and the schemas of
// services.
//
// Parse makes an Operation of a document: the text to send, which is the operation and the fragments
// that it uses, its variables with their types, and its root fields. With a Schema it also checks the
// operation. ParseSchema reads the schema definition language and the JSON of an introspection. All
// problems of a document are returned at once, each with its line and column.
//
// The grammar and the rules of validation are those of the specification of October 2021, read by
// gqlparser. Sizes and depths are bounded. The package does no I/O, and a run no longer needs it once it
// has begun.
package graphql

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
)

// Bounds on what is read. A document written by hand comes nowhere near them.
const (
	maxDocument = 1 << 20   // bytes of all sources together
	maxTokens   = 200_000   // of a source of a document
	maxSchema   = 64 << 20  // bytes
	maxWords    = 8_000_000 // tokens of a schema
)

// Source is a text of GraphQL. The name is that of its file; empty for one that has no file.
type Source struct{ Name, Text string }

// Problem is one thing that is wrong with a source.
type Problem struct {
	Source       string // its name
	Line, Column int    // from 1
	Text         string
}

// Kind is a kind of operation.
type Kind string

// The kinds of operations.
const (
	Query        Kind = "query"
	Mutation     Kind = "mutation"
	Subscription Kind = "subscription"
)

// Operation is one operation of a document.
type Operation struct {
	Kind      Kind
	Name      string   // empty if it has none
	Text      string   // the operation as written, and behind it the fragments that it uses
	Roots     []string // the names of the fields that it begins with, each once
	Variables []Variable
	Streams   string // a directive, defer or stream, for which the answer comes in parts; empty for none
}

// Variable is a variable that an operation declares.
type Variable struct {
	Name     string
	Type     Type
	Required bool // it must have a value: the type has no null, and there is no default
}

// Label names an operation for people: query Top, or query { top } for one without a name.
func (o *Operation) Label() string {
	if o.Name != "" {
		return string(o.Kind) + " " + o.Name
	}
	return string(o.Kind) + " { " + o.Roots[0] + " }"
}

// document joins all sources into one document.
type document struct {
	operations []*definition
	fragments  map[string]*definition
	names      []string // of the fragments, in order
	problems   []Problem
}

// definition is an operation or a fragment.
type definition struct {
	text      string
	at        *ast.Position
	selection ast.SelectionSet
	operation *ast.OperationDefinition // nil for a fragment
	fragment  *ast.FragmentDefinition  // nil for an operation
}

// Parse reads the operation of a document with the given name; without a name there must be one operation.
// The sources together are the document. Without a schema, only what needs none is checked. The Operation
// is valid if there is no problem.
func Parse(sources []Source, name string, schema *Schema) (*Operation, []Problem) {
	d := &document{fragments: map[string]*definition{}}
	d.read(sources)
	if len(d.problems) > 0 {
		return nil, d.problems
	}
	chosen := d.choose(name, sources)
	if chosen == nil {
		return nil, d.problems
	}
	def := chosen.operation
	used := d.used(chosen)
	o := &Operation{Kind: Kind(def.Operation), Name: def.Name, Text: chosen.text, Roots: d.roots(def.SelectionSet)}
	for _, f := range used {
		o.Text += "\n" + f.text
	}
	for _, v := range def.VariableDefinitions {
		o.Variables = append(o.Variables, Variable{v.Variable, Type{v.Type, schema}, v.Type.NonNull && v.DefaultValue == nil})
	}
	o.Streams = streams(chosen, used)
	d.checkVariables(def, used)
	if len(d.problems) == 0 && schema != nil {
		d.validate(schema, def, used)
	}
	return o, d.problems
}

func (d *document) fail(at *ast.Position, text string) {
	d.problems = append(d.problems, Problem{at.Src.Name, at.Line, at.Column, text})
}

// read reads all sources.
func (d *document) read(sources []Source) {
	size := 0
	for _, s := range sources {
		if size += len(s.Text); size > maxDocument {
			d.problems = append(d.problems, Problem{s.Name, 1, 1, "the document is larger than 1 MiB"})
			return
		}
		source := &ast.Source{Name: s.Name, Input: s.Text}
		parsed, err := parser.ParseQueryWithTokenLimit(source, maxTokens)
		if err != nil {
			d.problems = append(d.problems, syntaxProblem(source, err, inDocuments))
			continue
		}
		texts := split(source)
		var defs []*definition
		for _, op := range parsed.Operations {
			defs = append(defs, &definition{at: op.Position, selection: op.SelectionSet, operation: op})
		}
		for _, f := range parsed.Fragments {
			defs = append(defs, &definition{at: f.Position, selection: f.SelectionSet, fragment: f})
		}
		slices.SortFunc(defs, func(a, b *definition) int { return a.at.Start - b.at.Start })
		for i, def := range defs {
			def.text = texts[i]
			d.add(def)
		}
	}
}

// add adds a definition.
func (d *document) add(def *definition) {
	if def.operation != nil {
		for _, other := range d.operations {
			if other.operation.Name == def.operation.Name && def.operation.Name != "" {
				d.fail(def.at, "there are two operations named "+def.operation.Name)
			}
		}
		d.operations = append(d.operations, def)
		return
	}
	name := def.fragment.Name
	if d.fragments[name] != nil {
		d.fail(def.at, "there are two fragments named "+name)
		return
	}
	d.fragments[name], d.names = def, append(d.names, name)
}

// split cuts a source that parses into the texts of its definitions, without what stands between them.
func split(source *ast.Source) (texts []string) {
	runes := []rune(source.Input)
	lex := lexer.New(source)
	depth, begin := 0, -1
	for {
		token, err := lex.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			return texts
		}
		switch token.Kind {
		case lexer.Comment:
			continue
		case lexer.BraceL, lexer.ParenL:
			depth++
		case lexer.BraceR, lexer.ParenR:
			depth--
		}
		if begin < 0 {
			begin = token.Pos.Start
		}
		if token.Kind == lexer.BraceR && depth == 0 {
			texts = append(texts, string(runes[begin:token.Pos.End]))
			begin = -1
		}
	}
}

// choose is the operation with a name; nil after a problem.
func (d *document) choose(name string, sources []Source) *definition {
	var names []string
	for _, o := range d.operations {
		if o.operation.Name == name && (name != "" || len(d.operations) == 1) {
			return o
		}
		if o.operation.Name != "" {
			names = append(names, o.operation.Name)
		}
	}
	first := &ast.Position{Line: 1, Column: 1, Src: &ast.Source{}}
	if len(sources) > 0 {
		first.Src.Name = sources[0].Name
	}
	switch {
	case len(d.operations) == 0 && len(d.names) > 0:
		d.fail(first, "the document has fragments and no operation")
	case len(d.operations) == 0:
		d.fail(first, "the document is empty; write for example: query Top { top { id } }")
	case name == "" && len(d.operations) == 1:
		return d.operations[0]
	case name == "" && len(names) < len(d.operations):
		d.fail(unnamed(d.operations).at, "with several operations, each needs a name")
	case name == "":
		d.fail(d.operations[1].at, count(len(names))+" operations and no name; add operation: "+strings.Join(names, " or operation: "))
	default:
		d.fail(first, "the document has no operation "+quote(name)+suggest(name, names))
	}
	return nil
}

// unnamed is the first operation without a name.
func unnamed(all []*definition) *definition {
	return all[slices.IndexFunc(all, func(d *definition) bool { return d.operation.Name == "" })]
}

// used are the fragments that a definition needs, in the order of their use. Those of a cycle come once;
// used reports the cycle too.
func (d *document) used(of *definition) (all []*definition) {
	on := map[string]bool{} // being followed: a fragment that is met again is in a cycle
	done := map[string]bool{}
	var follow func(ast.SelectionSet)
	follow = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				follow(s.SelectionSet)
			case *ast.InlineFragment:
				follow(s.SelectionSet)
			case *ast.FragmentSpread:
				f := d.fragments[s.Name]
				switch {
				case f == nil:
					d.fail(s.Position, "there is no fragment "+quote(s.Name)+suggestOr(s.Name, d.names, "; add its file: graphql: {file: [top.graphql, fragments.graphql]}"))
				case on[s.Name]:
					d.fail(s.Position, "the fragment "+quote(s.Name)+" contains itself")
				case !done[s.Name]:
					done[s.Name], on[s.Name] = true, true
					all = append(all, f)
					follow(f.selection)
					on[s.Name] = false
				}
			}
		}
	}
	follow(of.selection)
	return all
}

// streams is a directive of a definition, or of the fragments that it uses, for which an answer comes in
// parts; empty for none.
func streams(of *definition, fragments []*definition) (name string) {
	look := func(directives ast.DirectiveList) {
		for _, d := range directives {
			if d.Name == "defer" || d.Name == "stream" {
				name = d.Name
			}
		}
	}
	eachSelection(of.selection, look)
	for _, f := range fragments {
		eachSelection(f.selection, look)
	}
	return name
}

// eachSelection calls look for the directives of each selection.
func eachSelection(set ast.SelectionSet, look func(ast.DirectiveList)) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			look(s.Directives)
			eachSelection(s.SelectionSet, look)
		case *ast.InlineFragment:
			look(s.Directives)
			eachSelection(s.SelectionSet, look)
		case *ast.FragmentSpread:
			look(s.Directives)
		}
	}
}

// roots are the names of the fields that an operation begins with, each once.
func (d *document) roots(set ast.SelectionSet) (names []string) {
	done := map[string]bool{} // the fragments that were followed
	known := map[string]bool{}
	var follow func(ast.SelectionSet)
	follow = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				if !known[s.Name] {
					known[s.Name], names = true, append(names, s.Name)
				}
			case *ast.InlineFragment:
				follow(s.SelectionSet)
			case *ast.FragmentSpread:
				if f := d.fragments[s.Name]; f != nil && !done[s.Name] {
					done[s.Name] = true
					follow(f.selection)
				}
			}
		}
	}
	follow(set)
	return names
}
