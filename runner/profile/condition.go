package profile

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Condition is what a part of a JSON answer must be.
type Condition struct {
	Path    string // GJSON
	Op      Op
	Operand string // empty for Exists
	Text    bool   // the operand was written as a text: "10" is not 10
}

// Op compares a part of an answer with the operand of a Condition.
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
)

// Conditions reads what the parts of a JSON answer must be, by their paths.
func (r *CallReader) Conditions(to *[]Condition) strict.Read {
	return func(n *yaml.Node) {
		r.Entries(n, func(key, value *yaml.Node) {
			r.Scalar(func(value *yaml.Node) { *to = append(*to, r.reader.condition(key, value)) })(value)
		})
	}
}

// operators, the longer ones first.
var operators = []Op{Equal, NotEqual, LessEqual, GreaterEqual, Less, Greater, Matches}

// condition reads what a part of the answer must be: a text that begins with an operator is
// a condition, anything else must be equal.
func (r *reader) condition(key, value *yaml.Node) Condition {
	datesAsText(value)
	if value.Tag != "!!str" { // a number, true, false or null, however YAML spells it
		var plain any
		err := value.Decode(&plain)
		var text []byte
		if err == nil {
			text, err = marshal(plain)
		}
		if err != nil {
			r.Problem(value, "this value has no form in JSON: %v", err)
		}
		return Condition{Path: key.Value, Op: Equal, Operand: string(text)}
	}
	c := Condition{Path: key.Value, Op: Equal, Operand: value.Value, Text: true}
	if strings.Contains(c.Operand, "${") {
		r.Problem(value, "a condition cannot contain variables; write the value itself")
	}
	if c.Operand == string(Exists) {
		return Condition{Path: key.Value, Op: Exists}
	}
	for _, op := range operators {
		operand, ok := strings.CutPrefix(c.Operand, string(op))
		if !ok {
			continue
		}
		c.Op, c.Operand, c.Text = op, strings.TrimSpace(operand), false
		if quoted, err := strconv.Unquote(c.Operand); err == nil {
			c.Operand, c.Text = quoted, true
		}
		_, err := strconv.ParseFloat(c.Operand, 64)
		switch {
		case op == Matches:
			if _, err := regexp.Compile(c.Operand); err != nil {
				r.Problem(value, "invalid regular expression %s: %v", strict.Quote(c.Operand), err)
			}
		case op != Equal && op != NotEqual && err != nil:
			r.Problem(value, "%s compares numbers, and %s is not a number", op, strict.Quote(c.Operand))
		}
		return c
	}
	return c
}

// JSON reads any value as the JSON text that is sent, with variables in it.
func (r *CallReader) JSON(to *Template) strict.Read {
	return r.Any(func(n *yaml.Node) {
		datesAsText(n)
		var value any
		err := n.Decode(&value)
		var text []byte
		if err == nil {
			text, err = marshal(value)
		}
		switch {
		case err != nil:
			r.Problem(n, "this value has no form in JSON: %v", err)
		case closed.Check(string(text)) != "":
			r.Problem(n, "%s", closed.Check(string(text)))
		case r.reader.checkVariables(n, string(text)):
			*to = Template(text)
		}
	})
}

// datesAsText turns a date such as 2024-01-02 into text: JSON has no dates.
func datesAsText(n *yaml.Node) {
	if n.Tag == "!!timestamp" {
		n.Tag = "!!str"
	}
	for _, inner := range n.Content {
		datesAsText(inner)
	}
}

// marshal is JSON without the escapes that are meant for HTML.
func marshal(value any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}
