package python

import "github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"

// compound reads a statement with blocks; nil when the next one has none.
func (p *parser) compound() script.Node {
	t := p.peek()
	if t.is("async") && p.pos+1 < len(p.tokens) && p.tokens[p.pos+1].is("def", "with", "for") {
		p.next()
		t = p.peek()
	}
	switch {
	case t.is("@"), t.is("def"), t.is("class"):
		return p.definition()
	case p.take("if"):
		return p.conditional(t.at)
	case p.take("for"):
		loop := script.For{At: t.at, To: p.targets()}
		p.need("in")
		loop.Of = p.expressions()
		loop.Body = p.block()
		return p.orElse(loop)
	case p.take("while"):
		loop := script.While{At: t.at, Test: p.expression()}
		loop.Body = p.block()
		return p.orElse(loop)
	case p.take("with"):
		return p.with()
	case p.take("try"):
		return p.try(t.at)
	case t.is("match") && p.isMatch():
		return p.match()
	}
	return nil
}

// orElse reads the else of a loop, which is done when no break ended it.
func (p *parser) orElse(loop script.Node) script.Node {
	if !p.take("else") {
		return loop
	}
	return script.Block{At: loop.Place(), Body: append([]script.Node{loop}, p.block()...)}
}

func (p *parser) conditional(at script.At) script.Node {
	found := script.If{At: at, Test: p.expression()}
	found.Then = p.block()
	switch t := p.peek(); {
	case p.take("elif"):
		found.Else = []script.Node{p.conditional(t.at)}
	case p.take("else"):
		found.Else = p.block()
	}
	return found
}

// definition reads a function or a class with its decorators.
func (p *parser) definition() script.Node {
	var decorators []script.Node
	for p.take("@") {
		decorators = append(decorators, p.expression())
		if p.peek().kind == newline {
			p.next()
		}
	}
	p.take("async")
	at := p.peek().at
	if p.take("class") {
		found := script.Class{At: at, Name: p.next().value, Decorators: decorators}
		p.typeParameters()
		if p.take("(") {
			args, _ := p.arguments()
			found.Bases = args
		}
		found.Body = p.block()
		return found
	}
	p.need("def")
	found := script.Function{At: at, Name: p.next().value, Decorators: decorators}
	p.typeParameters()
	p.need("(")
	found.Params = p.parameters(")")
	p.need(")")
	if p.take("->") {
		p.expression()
	}
	found.Body = p.block()
	return found
}

// typeParameters steps over [T].
func (p *parser) typeParameters() {
	if p.take("[") {
		for !p.peek().is("]") && p.peek().kind != end {
			p.next()
		}
		p.need("]")
	}
}

// parameters reads the parameters of a function up to a closing word.
func (p *parser) parameters(closing string) (found []script.Param) {
	for !p.peek().is(closing) {
		if p.take("/") {
			p.take(",")
			continue
		}
		var one script.Param
		switch {
		case p.take("**"):
			one.Named = true
		case p.take("*"):
			if p.take(",") {
				continue
			}
			one.Rest = true
		}
		t := p.next()
		if t.kind != name {
			p.fail("expected the name of a parameter, found %s", t.shown())
		}
		one.To = script.Name{At: t.at, ID: t.value}
		if closing == ")" && p.take(":") {
			p.expression()
		}
		if p.take("=") {
			one.Default = p.expression()
		}
		found = append(found, one)
		if !p.take(",") {
			break
		}
	}
	return found
}

func (p *parser) with() script.Node {
	closed := p.peek().is("(") && p.parenthesizedWith()
	if closed {
		p.next()
	}
	var items []script.With
	for {
		item := script.With{At: p.peek().at, Of: p.expression()}
		if p.take("as") {
			item.To = p.target()
		}
		items = append(items, item)
		if !p.take(",") || closed && p.peek().is(")") {
			break
		}
	}
	if closed {
		p.need(")")
	}
	body := p.block()
	for i := len(items) - 1; i >= 0; i-- {
		items[i].Body = body
		body = []script.Node{items[i]}
	}
	return body[0]
}

// parenthesizedWith reports whether the bracket holds the items of a with, and is no part of an expression.
func (p *parser) parenthesizedWith() bool {
	depth := 0
	for i := p.pos; i < len(p.tokens); i++ {
		switch t := p.tokens[i]; {
		case t.is("(", "[", "{"):
			depth++
		case t.is(")", "]", "}"):
			if depth--; depth == 0 {
				return p.tokens[i+1].is(":")
			}
		case t.kind == end:
			return false
		}
	}
	return false
}

func (p *parser) try(at script.At) script.Node {
	found := script.Try{At: at, Body: p.block()}
	for p.take("except") {
		p.take("*")
		if !p.peek().is(":") {
			p.expressions()
			if p.take("as") {
				p.next()
			}
		}
		found.Caught = append(found.Caught, p.block()...)
	}
	if p.take("else") {
		found.Body = append(found.Body, p.block()...)
	}
	if p.take("finally") {
		found.Last = p.block()
	}
	return found
}

// isMatch reports whether match begins a statement: it is a name otherwise.
func (p *parser) isMatch() bool {
	depth := 0
	for i := p.pos + 1; i < len(p.tokens); i++ {
		switch t := p.tokens[i]; {
		case t.is("(", "[", "{"):
			depth++
		case t.is(")", "]", "}"):
			depth--
		case t.kind == newline || t.kind == end:
			return false
		case t.is("=", ".") && i == p.pos+1:
			return false
		case depth == 0 && t.is(":"):
			return i > p.pos+1 && p.tokens[i+1].kind == newline
		}
	}
	return false
}

// match reads match and case as if and elif. Only patterns that are plain values compare; another one holds for
// whatever comes.
func (p *parser) match() script.Node {
	p.next()
	subject := p.expressions()
	p.need(":")
	if p.peek().kind != newline {
		p.fail("expected the end of the line, found %s", p.peek().shown())
	}
	p.next()
	if p.peek().kind != indent {
		p.fail("expected an indented block, found %s", p.peek().shown())
	}
	p.next()
	var cases []script.If
	for p.peek().is("case") {
		t := p.next()
		one := script.If{At: t.at}
		pattern := p.pattern()
		switch pattern.(type) {
		case script.Literal, script.Attribute:
			one.Test = script.Binary{At: t.at, Op: "==", X: subject, Y: pattern}
		default:
			one.Test = script.Literal{At: t.at, Value: true}
		}
		if p.take("if") {
			one.Test = script.Binary{At: t.at, Op: "and", X: one.Test, Y: p.expression()}
		}
		one.Then = p.block()
		cases = append(cases, one)
	}
	if p.peek().kind == dedent {
		p.next()
	}
	if len(cases) == 0 {
		p.fail("match has no case")
	}
	for i := len(cases) - 2; i >= 0; i-- {
		cases[i].Else = []script.Node{cases[i+1]}
	}
	return cases[0]
}

// pattern reads what a case is compared with, up to its guard.
func (p *parser) pattern() script.Node {
	at := p.peek().at
	first := p.binary(0)
	others := false
	for p.take(",", "as") {
		if !p.peek().is(":", "if") {
			p.take("*")
			p.binary(0)
		}
		others = true
	}
	if others {
		return script.Sequence{At: at}
	}
	return first
}
