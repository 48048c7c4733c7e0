// Package python reads Python as far as load scripts need it.
//
// Parse turns a program into the tree of package script, and runs nothing. It knows the statements and expressions
// of Python 3.13 that say what a script does: classes, functions, decorators, calls, f-strings, comprehensions,
// with, try and match. What it does not know, it passes over as a whole statement and reports with its line. It is
// own code because the parsers of others are of Python 3.4 (gpython) or need C (tree-sitter).
package python

import (
	"fmt"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// maxDepth bounds blocks and expressions in each other.
const maxDepth = 200

// Problem is a statement that was passed over.
type Problem struct {
	script.At
	Text string
}

func (p Problem) Error() string { return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Col, p.Text) }

// Parse reads a program. The error says that it is no Python at all.
func Parse(file, source string) (body []script.Node, passedOver []Problem, err error) {
	words, never, err := tokens(file, source, 1, 1)
	if err != nil {
		return nil, nil, err
	}
	p := &parser{tokens: words, never: never}
	for p.peek().kind != end {
		body = append(body, p.statement()...)
	}
	return body, p.problems, nil
}

// parser reads tokens. What it cannot read ends the statement with a panic of type Problem.
type parser struct {
	tokens   []token
	pos      int
	depth    int
	never    []Problem // brackets that are never closed
	problems []Problem
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.kind != end {
		p.pos++
	}
	return t
}

// take steps over an operator or a name if it is next.
func (p *parser) take(words ...string) bool {
	if p.peek().is(words...) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) fail(format string, args ...any) {
	panic(Problem{p.peek().at, fmt.Sprintf(format, args...)})
}

func (p *parser) need(word string) {
	if !p.take(word) {
		p.fail("expected %q, found %s", word, p.peek().shown())
	}
}

func (t token) shown() string {
	switch t.kind {
	case end:
		return "the end of the file"
	case newline:
		return "the end of the line"
	case indent, dedent:
		return "another indentation"
	}
	return fmt.Sprintf("%q", t.value)
}

// deeper guards against programs that nest without end. Call the result when done.
func (p *parser) deeper() func() {
	if p.depth++; p.depth > maxDepth {
		p.fail("more than %d levels in each other", maxDepth)
	}
	return func() { p.depth-- }
}

// statement reads one line, which may hold several statements, or one statement with its blocks. One that cannot
// be read is passed over with its blocks.
func (p *parser) statement() (body []script.Node) {
	start, depth := p.pos, p.depth
	defer func() {
		switch problem := recover().(type) {
		case nil:
		case Problem:
			p.depth = depth
			problem = p.cause(start, problem)
			p.problems = append(p.problems, problem)
			p.skip(start)
			body = []script.Node{script.Unread{At: problem.At, Why: problem.Text}}
		default:
			panic(problem)
		}
	}()
	defer p.deeper()()
	if t := p.peek(); t.kind == indent || t.kind == dedent || t.kind == newline {
		p.next()
		return nil
	}
	if compound := p.compound(); compound != nil {
		return []script.Node{compound}
	}
	return p.simpleLine()
}

// cause is what is behind a problem: a bracket of the statement that is never closed.
func (p *parser) cause(start int, problem Problem) Problem {
	for _, one := range p.never {
		if one.Line >= p.tokens[start].at.Line && one.Line <= problem.Line {
			return one
		}
	}
	return problem
}

// skip goes to the end of the statement that begins at a token, its blocks included.
func (p *parser) skip(start int) {
	p.pos = start
	depth := 0
	for ; p.tokens[p.pos].kind != end; p.pos++ {
		switch p.tokens[p.pos].kind {
		case indent:
			depth++
		case dedent:
			if depth == 0 && p.pos > start {
				return
			}
			if depth--; depth == 0 {
				p.pos++
				return
			}
		case newline:
			if depth == 0 && p.tokens[p.pos+1].kind != indent {
				p.pos++
				return
			}
		}
	}
}

// simpleLine reads statements up to the end of the line.
func (p *parser) simpleLine() (body []script.Node) {
	for {
		if one := p.simple(); one != nil {
			body = append(body, one)
		}
		if !p.take(";") {
			break
		}
		if p.peek().kind == newline {
			break
		}
	}
	if p.peek().kind != newline && p.peek().kind != end {
		p.fail("expected the end of the statement, found %s", p.peek().shown())
	}
	p.next()
	return body
}

// block reads the statements after a colon: on the same line, or indented below.
func (p *parser) block() (body []script.Node) {
	p.need(":")
	if p.peek().kind != newline {
		return p.simpleLine()
	}
	p.next()
	if p.peek().kind != indent {
		p.fail("expected an indented block, found %s", p.peek().shown())
	}
	p.next()
	for p.peek().kind != dedent && p.peek().kind != end {
		body = append(body, p.statement()...)
	}
	p.next()
	return body
}

// simple reads a statement without a block; nil for one without a meaning here.
func (p *parser) simple() script.Node {
	t := p.peek()
	switch {
	case p.take("pass"):
		return nil
	case p.take("break", "continue"):
		return script.Jump{At: t.at, Word: t.value}
	case p.take("return"):
		var value script.Node
		if k := p.peek(); k.kind != newline && k.kind != end && !k.is(";") {
			value = p.expressions()
		}
		return script.Return{At: t.at, Value: value}
	case p.take("yield"): // what a with gets of a function, and a loop at first
		if p.peek().kind == newline {
			return script.Return{At: t.at}
		}
		p.take("from")
		return script.Return{At: t.at, Value: p.expressions()}
	case p.take("raise"):
		var value script.Node
		if p.peek().kind != newline {
			value = p.expression()
			if p.take("from") {
				p.expression()
			}
		}
		return script.Raise{At: t.at, Value: value}
	case p.take("global", "nonlocal"):
		found := script.Outer{At: t.at}
		for p.peek().kind == name || p.peek().is(",") {
			if word := p.next(); word.kind == name {
				found.Names = append(found.Names, word.value)
			}
		}
		return found
	case p.take("assert"):
		test := p.expression()
		if p.take(",") {
			p.expression()
		}
		return script.If{At: t.at, Test: script.Unary{At: t.at, Op: "not", Of: test}, Then: []script.Node{script.Raise{At: t.at}}}
	case p.take("del"):
		of := p.expressions()
		items := []script.Node{of}
		if all, is := of.(script.Sequence); is {
			items = all.Items
		}
		for i := range items {
			items[i] = script.Unary{At: t.at, Op: "delete", Of: items[i]}
		}
		return script.Block{At: t.at, Body: items}
	case t.is("import"):
		return p.importing()
	case t.is("from"):
		return p.importFrom()
	}
	return p.assignment()
}

// assignment reads an expression, and what it is assigned to.
func (p *parser) assignment() script.Node {
	at := p.peek().at
	first := p.expressions()
	if p.take(":") { // an annotation
		p.expression()
		if !p.take("=") {
			return nil
		}
		return script.Assign{At: at, To: first, Value: p.expressions(), Local: true}
	}
	for _, op := range []string{"+", "-", "*", "/", "//", "%", "**", "|", "&", "^", ">>", "<<", "@"} {
		if p.take(op + "=") {
			return script.Assign{At: at, To: first, Op: op, Value: p.expressions(), Local: true}
		}
	}
	if !p.peek().is("=") {
		return first
	}
	targets := []script.Node{first}
	for p.take("=") {
		targets = append(targets, p.expressions())
	}
	value := targets[len(targets)-1]
	if len(targets) == 2 {
		return script.Assign{At: at, To: first, Value: value, Local: true}
	}
	var all []script.Node
	for _, to := range targets[:len(targets)-1] {
		all = append(all, script.Assign{At: at, To: to, Value: value, Local: true})
	}
	return script.Block{At: at, Body: all}
}

func (p *parser) dotted() string {
	var b strings.Builder
	for p.peek().kind == name || p.peek().is(".", "...") {
		if p.peek().is("import", "as") {
			break
		}
		b.WriteString(p.next().value)
	}
	return b.String()
}

func (p *parser) importing() script.Node {
	at := p.next().at
	var all []script.Node
	for {
		module := p.dotted()
		as, _, _ := strings.Cut(module, ".")
		if p.take("as") {
			as = p.next().value
		}
		all = append(all, script.Import{At: at, From: module, Names: []script.Imported{{As: as}}})
		if !p.take(",") {
			break
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return script.Block{At: at, Body: all}
}

func (p *parser) importFrom() script.Node {
	at := p.next().at
	found := script.Import{At: at, From: p.dotted()}
	p.need("import")
	if p.take("*") {
		found.Names = []script.Imported{{Name: "*"}}
		return found
	}
	closed := p.take("(")
	for p.peek().kind == name {
		n := script.Imported{Name: p.next().value}
		n.As = n.Name
		if p.take("as") {
			n.As = p.next().value
		}
		found.Names = append(found.Names, n)
		if !p.take(",") {
			break
		}
	}
	if closed {
		p.need(")")
	}
	return found
}
