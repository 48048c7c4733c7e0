package python

import (
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// expressions reads an expression, or a tuple without brackets.
func (p *parser) expressions() script.Node {
	at := p.peek().at
	first := p.starred()
	if !p.peek().is(",") {
		return first
	}
	items := []script.Node{first}
	for p.take(",") {
		if t := p.peek(); t.kind == newline || t.kind == end || t.is("=", ")", "]", "}", ":", "in", ";") {
			break
		}
		items = append(items, p.starred())
	}
	return script.Sequence{At: at, Items: items}
}

func (p *parser) starred() script.Node {
	if t := p.peek(); p.take("*") {
		return script.Spread{At: t.at, Of: p.binary(0)}
	}
	return p.expression()
}

// targets reads what a for assigns to.
func (p *parser) targets() script.Node {
	at := p.peek().at
	items := []script.Node{p.target()}
	if !p.peek().is(",") {
		return items[0]
	}
	for p.take(",") {
		if p.peek().is("in") {
			break
		}
		items = append(items, p.target())
	}
	return script.Sequence{At: at, Items: items}
}

func (p *parser) target() script.Node {
	p.take("*")
	return p.postfix(p.atom())
}

// expression reads one expression, conditionals and lambdas among them.
func (p *parser) expression() script.Node {
	defer p.deeper()()
	t := p.peek()
	if p.take("lambda") {
		found := script.Function{At: t.at, Params: p.parameters(":")}
		p.need(":")
		value := p.expression()
		found.Body = []script.Node{script.Return{At: t.at, Value: value}}
		return found
	}
	if p.take("yield") {
		p.take("from")
		if k := p.peek(); k.kind == newline || k.is(")") {
			return script.Literal{At: t.at}
		}
		return p.expressions()
	}
	value := p.binary(0)
	if p.take(":=") {
		return script.Assign{At: t.at, To: value, Value: p.expression(), Local: true}
	}
	if p.take("if") {
		test := p.binary(0)
		p.need("else")
		return script.Choose{At: t.at, Test: test, Then: value, Else: p.expression()}
	}
	return value
}

// levels are the operators, those that bind least first.
var levels = [][]string{
	{"or"}, {"and"}, {"not"},
	{"==", "!=", "<>", "<", ">", "<=", ">=", "in", "is"},
	{"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "//", "%", "@"},
}

// binary reads operators of a level and of those that bind more.
func (p *parser) binary(level int) script.Node {
	if level == len(levels) {
		return p.unary()
	}
	t := p.peek()
	if level == 2 { // not
		if p.take("not") {
			defer p.deeper()()
			return script.Unary{At: t.at, Op: "not", Of: p.binary(2)}
		}
		return p.binary(3)
	}
	x := p.binary(level + 1)
	var chain script.Node
	for {
		op := p.peek()
		word := op.value
		switch {
		case level == 3 && op.is("not") && p.tokens[p.pos+1].is("in"):
			p.next()
			word = "not in"
		case !op.is(levels[level]...):
			if chain != nil {
				return chain
			}
			return x
		}
		p.next()
		switch {
		case word == "is" && p.take("not"):
			word = "!="
		case word == "is":
			word = "=="
		case word == "<>":
			word = "!="
		}
		y := p.binary(level + 1)
		one := script.Binary{At: t.at, Op: word, X: x, Y: y}
		switch {
		case level != 3:
			x = one
		case chain == nil:
			chain, x = one, y
		default: // a < b < c
			chain, x = script.Binary{At: t.at, Op: "and", X: chain, Y: one}, y
		}
	}
}

func (p *parser) unary() script.Node {
	t := p.peek()
	if p.take("-", "+", "~") {
		defer p.deeper()()
		return script.Unary{At: t.at, Op: t.value, Of: p.unary()}
	}
	if t.is("await") {
		p.next()
		return p.unary()
	}
	x := p.postfix(p.atom())
	if p.take("**") {
		return script.Binary{At: t.at, Op: "**", X: x, Y: p.unary()}
	}
	return x
}

// postfix reads the calls, attributes and indexes after an expression.
func (p *parser) postfix(x script.Node) script.Node {
	for n := 0; ; n++ {
		if n > 20*maxDepth {
			p.fail("more than %d calls in a row", n)
		}
		t := p.peek()
		switch {
		case p.take("."):
			if p.peek().kind != name {
				p.fail("expected a name after the dot, found %s", p.peek().shown())
			}
			x = script.Attribute{At: p.peek().at, Of: x, Name: p.next().value}
		case p.take("("):
			args, named := p.arguments()
			x = script.Call{At: x.Place(), Of: x, Args: args, Named: named}
		case p.take("["):
			x = p.index(t.at, x)
			p.need("]")
		default:
			return x
		}
	}
}

func (p *parser) index(at script.At, x script.Node) script.Node {
	var from script.Node
	if !p.peek().is(":") {
		from = p.expressions()
		if !p.peek().is(":") {
			return script.Index{At: at, Of: x, By: from}
		}
	}
	p.need(":")
	found := script.Slice{At: at, Of: x, From: from}
	if !p.peek().is("]", ":") {
		found.To = p.expression()
	}
	if p.take(":") && !p.peek().is("]") {
		p.expression()
		return script.Unread{At: at, Why: "a slice with a step"}
	}
	return found
}

// arguments reads up to the closing bracket.
func (p *parser) arguments() (args []script.Node, named []script.Named) {
	for !p.peek().is(")") {
		t := p.peek()
		switch {
		case p.take("**"):
			named = append(named, script.Named{Value: p.expression()})
		case p.take("*"):
			args = append(args, script.Spread{At: t.at, Of: p.expression()})
		case t.kind == name && p.tokens[p.pos+1].is("="):
			p.pos += 2
			named = append(named, script.Named{Name: t.value, Value: p.expression()})
		default:
			value := p.expression()
			if p.peek().is("for", "async") {
				value = p.comprehension(t.at, nil, value)
			}
			args = append(args, value)
		}
		if !p.take(",") {
			break
		}
	}
	p.need(")")
	return args, named
}

// comprehension reads what follows the value of a comprehension.
func (p *parser) comprehension(at script.At, key, value script.Node) script.Node {
	p.take("async")
	p.need("for")
	found := script.Each{At: at, What: value, Key: key, To: p.targets()}
	p.need("in")
	found.Of = p.binary(0)
	for p.take("if") {
		test := p.binary(0)
		if found.Test != nil {
			test = script.Binary{At: at, Op: "and", X: found.Test, Y: test}
		}
		found.Test = test
	}
	if p.peek().is("for") {
		p.comprehension(at, nil, value)
		return script.Unread{At: at, Why: "a comprehension over two lists"}
	}
	return found
}

func (p *parser) atom() script.Node {
	defer p.deeper()()
	start := p.pos
	t := p.next()
	switch {
	case t.is("("):
		return p.inBrackets(t.at, ")")
	case t.is("["):
		return p.inBrackets(t.at, "]")
	case t.is("{"):
		return p.braces(t.at)
	case t.is("..."):
		return script.Literal{At: t.at}
	case t.kind == number:
		return numberOf(t)
	case t.kind == text:
		return p.texts(t)
	case t.kind == name:
		switch t.value {
		case "True", "False":
			return script.Literal{At: t.at, Value: t.value == "True"}
		case "None":
			return script.Literal{At: t.at}
		case "if", "else", "elif", "for", "while", "in", "is", "and", "or", "def", "class", "return", "import", "from", "with", "as", "try", "except", "finally", "pass", "break", "continue", "del", "global", "raise", "assert":
			p.pos = start
			p.fail("expected a value, found %q", t.value)
		}
		return script.Name{At: t.at, ID: t.value}
	}
	p.pos = start
	p.fail("expected a value, found %s", t.shown())
	return nil
}

// inBrackets reads a list, a tuple, a generator, or an expression in round brackets.
func (p *parser) inBrackets(at script.At, closing string) script.Node {
	var items []script.Node
	comma := false
	for !p.peek().is(closing) {
		value := p.starred()
		if p.peek().is("for", "async") {
			value = p.comprehension(at, nil, value)
			p.need(closing)
			return value
		}
		items = append(items, value)
		if comma = p.take(","); !comma {
			break
		}
	}
	p.need(closing)
	if closing == ")" && len(items) == 1 && !comma {
		return items[0]
	}
	return script.Sequence{At: at, Items: items}
}

// braces reads a dictionary or a set.
func (p *parser) braces(at script.At) script.Node {
	dict := script.Mapping{At: at}
	var set []script.Node
	for !p.peek().is("}") {
		t := p.peek()
		if p.take("**") {
			dict.Keys, dict.Values = append(dict.Keys, nil), append(dict.Values, script.Node(script.Spread{At: t.at, Of: p.expression()}))
			p.take(",")
			continue
		}
		key := p.starred()
		if p.take(":") {
			value := p.expression()
			if p.peek().is("for", "async") {
				found := p.comprehension(at, key, value)
				p.need("}")
				return found
			}
			dict.Keys, dict.Values = append(dict.Keys, key), append(dict.Values, value)
		} else if p.peek().is("for") {
			found := p.comprehension(at, nil, key)
			p.need("}")
			return found
		} else {
			set = append(set, key)
		}
		if !p.take(",") {
			break
		}
	}
	p.need("}")
	if set != nil {
		return script.Sequence{At: at, Items: set}
	}
	return dict
}

func numberOf(t token) script.Node {
	plain := strings.ReplaceAll(t.value, "_", "")
	if n, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return script.Literal{At: t.at, Value: n}
	}
	if n, err := strconv.ParseInt(plain, 10, 64); err == nil {
		return script.Literal{At: t.at, Value: n}
	}
	if f, err := strconv.ParseFloat(plain, 64); err == nil {
		return script.Literal{At: t.at, Value: f}
	}
	return script.Unread{At: t.at, Why: "the number " + t.value}
}
