package profile

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Condition is a condition on a part of an answer, or on a variable that a step depends on.
type Condition struct {
	Of      Source
	Path    string // GJSON for OfJSON, else the name of the header, the cookie or the variable
	Op      Op
	Operand string // empty for Exists; a number has its JSON form
	Text    bool   // the operand was written as a text: "10" is not 10
	Place   strict.Place
}

// Source is where a value comes from.
type Source string

// The sources. OfJSON is the zero value.
const (
	OfJSON     Source = ""
	OfText     Source = "text" // the body of an answer
	OfHeader   Source = "header"
	OfCookie   Source = "cookie"   // that the answer sets
	OfSize     Source = "size"     // the length of the body in bytes
	OfMetadata Source = "metadata" // of gRPC, before the answer
	OfTrailer  Source = "trailer"  // of gRPC, after the answer
	OfDetails  Source = "details"  // of a code of gRPC, as JSON
	OfEvent    Source = "event"    // the type or the id of a server-sent event
	OfVariable Source = "variable"
)

// Op compares a value with the operand of a Condition.
type Op string

// The operators.
const (
	Equal        Op = "=="
	NotEqual     Op = "!="
	Less         Op = "<"
	LessEqual    Op = "<="
	Greater      Op = ">"
	GreaterEqual Op = ">="
	Matches      Op = "~" // a regular expression
	Exists       Op = "exists"
	Contains     Op = "contains" // of OfText alone
)

// operators are the operators that a condition on a source may begin with, the longer ones first. For text
// they lack <, because a page may begin with it.
func operators(of Source) []Op {
	if of == OfText {
		return []Op{Equal, NotEqual, Matches}
	}
	return []Op{Equal, NotEqual, LessEqual, GreaterEqual, Less, Greater, Matches}
}

// hasKinds reports whether the values of a source have kinds. Otherwise they are texts, and are compared
// with the operand as written.
func (of Source) hasKinds() bool {
	return of == OfJSON || of == OfDetails || of == OfSize || of == OfVariable
}

// Conditions reads conditions on the values of a source, by their paths or names.
func (r *CallReader) Conditions(of Source, to *[]Condition) strict.Read {
	forms := map[Source]strict.Pattern{OfJSON: jsonPath, OfDetails: jsonPath, OfHeader: headerOf, OfCookie: cookieOf, OfMetadata: metadataOf, OfTrailer: metadataOf}
	named := r.Match(forms[of], func(n *yaml.Node, text string) { r.reader.pathOf(n, of, text) })
	return r.reader.conditions(of, named, to)
}

// pathOf checks the path or name of a value in an answer, and returns it without escapes.
func (r *reader) pathOf(n *yaml.Node, of Source, path string) string {
	if number := inexact(path); (of == OfJSON || of == OfDetails) && number != "" {
		r.Problem(n, "%s is compared as a double here, and so equals its neighbours; numbers are compared exactly in a query behind plain keys, such as items.#(id==%s).name", number, number)
	}
	return r.literal(n, path)
}

// conditions reads a mapping of names to conditions; named sees each name.
func (r *reader) conditions(of Source, named strict.Read, to *[]Condition) strict.Read {
	return r.Filled("write at least one condition, or leave the key out", r.entries(func(key, value *yaml.Node) {
		named(key)
		r.Scalar(func(value *yaml.Node) {
			c := r.condition(value, of)
			c.Path, c.Place = Template(key.Value).literals(), r.Place(key)
			*to = append(*to, c)
		})(value)
	}))
}

// entries reads a mapping with keys of the user's choice.
func (r *reader) entries(each func(key, value *yaml.Node)) strict.Read {
	return func(n *yaml.Node) { r.Entries(n, each) }
}

// TextConditions reads conditions on the body of an answer: a text that it must contain, a condition, or a
// list of them.
func (r *CallReader) TextConditions(to *[]Condition) strict.Read {
	return r.OneOrMore(r.Match(anything, func(n *yaml.Node, _ string) {
		c := r.reader.condition(n, OfText)
		if c.Op == Equal && !strings.HasPrefix(n.Value, string(Equal)) || c.Op == Exists {
			c.Op, c.Operand = Contains, r.reader.literal(n, n.Value)
			if c.Operand == "" {
				r.Problem(n, "the text is empty, which every answer contains; write what must be in it")
			}
		}
		c.Text = true // a page is always a text
		*to = append(*to, c)
	}))
}

var anything = strict.NewPattern(`^`, "a text")

var sizeForm = strict.NewPattern(`^((==|!=|<=|>=|<|>) *)?[0-9]{1,18}$`, `a number of bytes such as 1000, or a condition such as "> 1000"`)

// SizeCondition reads a condition on the length of the body in bytes.
func (r *CallReader) SizeCondition(to *[]Condition) strict.Read {
	return r.Match(sizeForm, func(n *yaml.Node, text string) {
		operand := strings.TrimLeft(text, "=!<> ")
		c := Condition{Of: OfSize, Op: Equal, Operand: operand}
		if op := strings.TrimSpace(strings.TrimSuffix(text, operand)); op != "" {
			c.Op = Op(op)
		}
		if number, ok := jsonNumber(operand); ok { // 010 is 10
			c.Operand = number
		}
		*to = append(*to, c)
	})
}

// condition reads a condition on a value of a source. A text may begin with an operator; anything else must
// be equal.
func (r *reader) condition(value *yaml.Node, of Source) Condition {
	if value.Tag == "!!null" && (value.Value == "" || !of.hasKinds()) {
		r.Problem(value, "nothing is written here; write a value, or a condition such as exists")
	}
	kind, text := TextValue, value.Value
	if of.hasKinds() {
		kind, text = r.scalar(value)
	}
	if kind != TextValue {
		return Condition{Of: of, Op: Equal, Operand: text}
	}
	c := Condition{Of: of, Op: Equal, Operand: r.literal(value, text), Text: true}
	if c.Operand == string(Exists) {
		return Condition{Of: of, Op: Exists}
	}
	for _, op := range operators(of) {
		operand, ok := strings.CutPrefix(c.Operand, string(op))
		if !ok {
			continue
		}
		c.Op, c.Operand = op, strings.TrimSpace(operand)
		switch op {
		case Matches:
			c.Text = false
			r.expression(value, c.Operand)
		case Equal, NotEqual:
			c.Operand, c.Text = comparedWith(c.Operand, of)
		default:
			number, isNumber := jsonNumber(c.Operand)
			if c.Operand, c.Text = number, false; !isNumber {
				r.Problem(value, "%s compares numbers, and %s is not a number; to compare with this text itself, write == in front of it", op, strict.Quote(strings.TrimSpace(operand)))
			}
		}
		return c
	}
	return c
}

// comparedWith is the operand of == and !=. In quotes it is a text. Without quotes, if values have kinds, it
// has the kind that it looks like.
func comparedWith(written string, of Source) (operand string, isText bool) {
	if quoted, err := strconv.Unquote(written); err == nil && written[0] == '"' {
		return quoted, true
	}
	if number, ok := jsonNumber(written); ok && of.hasKinds() {
		return number, false
	}
	return written, !of.hasKinds()
}

// literal is a text without variables. It replaces each $${ by ${.
func (r *reader) literal(n *yaml.Node, text string) string {
	for _, part := range Template(text).Parts() {
		if part.Variable != "" {
			r.Problem(n, "a condition, or a place in an answer, cannot contain variables; write the value itself")
			return text
		}
	}
	return Template(text).literals()
}

// expression checks a regular expression.
func (r *reader) expression(n *yaml.Node, text string) {
	if _, err := regexp.Compile(text); err != nil {
		r.Problem(n, "invalid regular expression %s: %v", strict.Quote(text), err)
	}
}
