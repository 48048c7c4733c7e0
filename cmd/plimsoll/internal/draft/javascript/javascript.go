// Package javascript turns JavaScript into the tree that package script follows.
//
// It parses with the parser of Sobek, which is that of k6 itself: what k6 reads is read here. Nothing is run. What
// has no meaning for a load script becomes an Unread node with its line.
package javascript

import (
	"errors"
	"fmt"

	"github.com/grafana/sobek/ast"
	"github.com/grafana/sobek/file"
	"github.com/grafana/sobek/parser"
	"github.com/grafana/sobek/token"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// Parse reads a module. The error names the first line that is no JavaScript.
func Parse(name, source string) (body []script.Node, err error) {
	defer func() { // the parser is of others, and the file may be hostile
		if r := recover(); r != nil {
			err = fmt.Errorf("%s is not read: its parser gave up (%v)", name, r)
		}
	}()
	if err := checkDepth(name, source); err != nil {
		return nil, err
	}
	program, err := parser.ParseFile(nil, name, source, 0, parser.IsModule, parser.WithDisableSourceMaps)
	if err != nil {
		var list parser.ErrorList
		if errors.As(err, &list) && len(list) > 0 {
			err = fmt.Errorf("%s:%d:%d: %s", name, list[0].Position.Line, list[0].Position.Column, list[0].Message)
		}
		return nil, err
	}
	c := &converter{file: program.File, name: name}
	return c.statements(program.Body), nil
}

// converter turns nodes of the parser into those of package script.
type converter struct {
	file *file.File
	name string
}

func (c *converter) at(idx file.Idx) script.At {
	if idx < 1 {
		return script.At{File: c.name, Line: 1, Col: 1}
	}
	p := c.file.Position(int(idx) - c.file.Base())
	return script.At{File: c.name, Line: p.Line, Col: p.Column}
}

func (c *converter) unread(n ast.Node, what string) script.Node {
	return script.Unread{At: c.at(n.Idx0()), Why: what}
}

func (c *converter) statements(list []ast.Statement) (body []script.Node) {
	for _, s := range list {
		if n := c.statement(s); n != nil {
			body = append(body, n)
		}
	}
	return body
}

func (c *converter) block(s ast.Statement) []script.Node {
	if s == nil {
		return nil
	}
	if n := c.statement(s); n != nil {
		return []script.Node{n}
	}
	return nil
}

func (c *converter) statement(s ast.Statement) script.Node {
	at := c.begin(s)
	switch s := s.(type) {
	case *ast.BlockStatement:
		return script.Block{At: at, Body: c.statements(s.List), Scope: true}
	case *ast.ExpressionStatement:
		return c.expression(s.Expression)
	case *ast.VariableStatement:
		return c.bindings(at, s.List)
	case *ast.LexicalDeclaration:
		return c.bindings(at, s.List)
	case *ast.FunctionDeclaration:
		return c.function(s.Function)
	case *ast.ClassDeclaration:
		return c.class(s.Class)
	case *ast.IfStatement:
		return script.If{At: at, Test: c.expression(s.Test), Then: c.block(s.Consequent), Else: c.block(s.Alternate)}
	case *ast.ReturnStatement:
		return script.Return{At: at, Value: c.expression(s.Argument)}
	case *ast.ThrowStatement:
		return script.Raise{At: at, Value: c.expression(s.Argument)}
	case *ast.TryStatement:
		found := script.Try{At: at, Body: c.block(s.Body)}
		if s.Catch != nil {
			found.Caught = c.block(s.Catch.Body)
		}
		if s.Finally != nil {
			found.Last = c.block(s.Finally)
		}
		return found
	case *ast.BranchStatement:
		return script.Jump{At: at, Word: s.Token.String()}
	case *ast.LabelledStatement:
		return c.statement(s.Statement)
	case *ast.SwitchStatement:
		return c.cases(at, s)
	case *ast.ImportDeclaration:
		return c.importing(at, s)
	case *ast.ExportDeclaration:
		return c.export(at, s)
	case *ast.EmptyStatement, *ast.DebuggerStatement:
		return nil
	}
	if loop := c.loop(at, s); loop != nil {
		return loop
	}
	return c.unread(s, "this statement")
}

// begin is where a statement begins. The parser does not keep the place of every word.
func (c *converter) begin(s ast.Statement) script.At {
	if s, is := s.(*ast.IfStatement); is && s.If < 1 {
		return c.at(s.Test.Idx0())
	}
	return c.at(s.Idx0())
}

func (c *converter) loop(at script.At, s ast.Statement) script.Node {
	switch s := s.(type) {
	case *ast.WhileStatement:
		return script.While{At: at, Test: c.expression(s.Test), Body: c.block(s.Body)}
	case *ast.DoWhileStatement:
		first := script.While{At: at, Test: c.expression(s.Test), Body: c.block(s.Body)}
		return script.Block{At: at, Body: append(c.block(s.Body), first)}
	case *ast.ForStatement:
		loop := script.While{At: at, Test: script.Literal{At: at, Value: true}, Body: c.block(s.Body)}
		if s.Test != nil {
			loop.Test = c.expression(s.Test)
		}
		if s.Update != nil {
			loop.After = []script.Node{c.expression(s.Update)}
		}
		outer := script.Block{At: at, Scope: true}
		switch first := s.Initializer.(type) {
		case *ast.ForLoopInitializerExpression:
			outer.Body = append(outer.Body, c.expression(first.Expression))
		case *ast.ForLoopInitializerVarDeclList:
			outer.Body = append(outer.Body, c.bindings(at, first.List))
		case *ast.ForLoopInitializerLexicalDecl:
			outer.Body = append(outer.Body, c.bindings(at, first.LexicalDeclaration.List))
		}
		outer.Body = append(outer.Body, loop)
		return outer
	case *ast.ForOfStatement:
		return script.For{At: at, To: c.into(s.Into), Of: c.expression(s.Source), Body: c.block(s.Body)}
	case *ast.ForInStatement:
		return script.For{At: at, To: c.into(s.Into), Of: c.expression(s.Source), Body: c.block(s.Body), Keys: true}
	}
	return nil
}

func (c *converter) into(to ast.ForInto) script.Node {
	switch to := to.(type) {
	case *ast.ForIntoVar:
		return c.expression(to.Binding.Target)
	case *ast.ForDeclaration:
		return c.expression(to.Target)
	case *ast.ForIntoExpression:
		return c.expression(to.Expression)
	}
	return script.Name{At: c.at(to.Idx0()), ID: "_"}
}

// cases reads switch as if and else if. Cases that fall through share their statements.
func (c *converter) cases(at script.At, s *ast.SwitchStatement) script.Node {
	subject := c.expression(s.Discriminant)
	var last []script.Node
	var tests []script.If
	var shared script.Node
	for i, one := range s.Body {
		body := c.statements(one.Consequent)
		if n := len(body); n > 0 {
			if jump, is := body[n-1].(script.Jump); is && jump.Word == "break" {
				body = body[:n-1]
			}
		}
		if i == s.Default {
			last = body
			continue
		}
		test := script.Node(script.Binary{At: c.at(one.Idx0()), Op: "==", X: subject, Y: c.expression(one.Test)})
		if shared != nil {
			test = script.Binary{At: at, Op: "or", X: shared, Y: test}
		}
		if shared = nil; len(one.Consequent) == 0 {
			shared = test
			continue
		}
		tests = append(tests, script.If{At: c.at(one.Idx0()), Test: test, Then: []script.Node{script.Block{At: at, Body: body, Scope: true}}})
	}
	for i := len(tests) - 1; i >= 0; i-- {
		tests[i].Else = last
		last = []script.Node{tests[i]}
	}
	return script.Block{At: at, Body: last, Scope: true}
}

func (c *converter) bindings(at script.At, list []*ast.Binding) script.Node {
	var all []script.Node
	for _, b := range list {
		var value script.Node = script.Literal{At: c.at(b.Idx0())}
		if b.Initializer != nil {
			value = c.expression(b.Initializer)
		}
		all = append(all, script.Assign{At: c.at(b.Idx0()), To: c.expression(b.Target), Value: value, Local: true})
	}
	if len(all) == 1 {
		return all[0]
	}
	return script.Block{At: at, Body: all}
}

func (c *converter) importing(at script.At, s *ast.ImportDeclaration) script.Node {
	found := script.Import{At: at}
	switch {
	case s.FromClause != nil:
		found.From = s.FromClause.ModuleSpecifier.String()
	default:
		found.From = s.ModuleSpecifier.String()
	}
	if s.ImportClause == nil {
		return found
	}
	if d := s.ImportClause.ImportedDefaultBinding; d != nil {
		found.Names = append(found.Names, script.Imported{Name: "default", As: d.Name.String()})
	}
	if n := s.ImportClause.NameSpaceImport; n != nil {
		found.Names = append(found.Names, script.Imported{As: n.ImportedBinding.String()})
	}
	if n := s.ImportClause.NamedImports; n != nil {
		for _, one := range n.ImportsList {
			found.Names = append(found.Names, imported(one.IdentifierName.String(), one.Alias.String()))
		}
	}
	return found
}

func imported(name, as string) script.Imported {
	if as == "" {
		as = name
	}
	return script.Imported{Name: name, As: as}
}

func (c *converter) export(at script.At, s *ast.ExportDeclaration) script.Node {
	found := script.Export{At: at, Default: s.IsDefault}
	switch {
	case s.Variable != nil:
		found.Of = c.statement(s.Variable)
	case s.LexicalDeclaration != nil:
		found.Of = c.statement(s.LexicalDeclaration)
	case s.ClassDeclaration != nil:
		found.Of = c.class(s.ClassDeclaration.Class)
	case s.HoistableDeclaration != nil && s.HoistableDeclaration.FunctionDeclaration != nil:
		found.Of = c.function(s.HoistableDeclaration.FunctionDeclaration.Function)
	case s.AssignExpression != nil:
		found.Of = c.expression(s.AssignExpression)
	case s.ExportFromClause != nil:
		if s.FromClause != nil {
			found.From = s.FromClause.ModuleSpecifier.String()
		}
		if s.ExportFromClause.NamedExports != nil {
			found.Names = exported(s.ExportFromClause.NamedExports)
		} else {
			found.Names = []script.Imported{{Name: "*"}}
		}
	case s.NamedExports != nil:
		found.Names = exported(s.NamedExports)
	}
	return found
}

func exported(names *ast.NamedExports) (all []script.Imported) {
	for _, one := range names.ExportsList {
		all = append(all, imported(one.IdentifierName.String(), one.Alias.String()))
	}
	return all
}

// operators are those whose words differ from the tree's.
var operators = map[token.Token]string{
	token.STRICT_EQUAL: "==", token.STRICT_NOT_EQUAL: "!=", token.LOGICAL_AND: "and", token.LOGICAL_OR: "or", token.COALESCE: "??",
	token.EXPONENT: "**", token.IN: "in",
}

func operator(t token.Token) string {
	if word, ok := operators[t]; ok {
		return word
	}
	return t.String()
}
