package profile

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
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
func (r *CallReader) Conditions(n *yaml.Node) []Condition {
	var conditions []Condition
	r.Entries(n, func(key, value *yaml.Node) { conditions = append(conditions, r.reader.condition(key, value)) })
	return conditions
}

// operators, the longer ones first.
var operators = []Op{Equal, NotEqual, LessEqual, GreaterEqual, Less, Greater, Matches}

// condition reads what a part of the answer must be: a text that begins with an operator is
// a condition, anything else must be equal.
func (r *reader) condition(key, value *yaml.Node) Condition {
	datesAsText(value)
	if value.Kind == yaml.ScalarNode && value.Tag != "!!str" { // a number, true, false or null, however YAML spells it
		var plain any
		err := value.Decode(&plain)
		var text []byte
		if err == nil {
			text, err = marshal(plain)
		}
		if err != nil {
			r.Problem(value, "this cannot be written as JSON: %v", err)
		}
		return Condition{Path: key.Value, Op: Equal, Operand: string(text)}
	}
	c := Condition{Path: key.Value, Op: Equal, Operand: r.Text(value), Text: true}
	if strings.Contains(c.Operand, "${") {
		r.Problem(value, "variables are not put in here; write the value")
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
				r.Problem(value, "%q is not a regular expression: %v", c.Operand, err)
			}
		case op != Equal && op != NotEqual && err != nil:
			r.Problem(value, "%s compares numbers, and %q is none", op, c.Operand)
		}
		return c
	}
	return c
}

// JSON reads any value as the JSON text that is sent, with variables in it.
func (r *CallReader) JSON(n *yaml.Node) Template {
	var value any
	datesAsText(n)
	err := n.Decode(&value)
	var text []byte
	if err == nil {
		text, err = marshal(value)
	}
	if err != nil {
		r.Problem(n, "this cannot be written as JSON: %v", err)
		return ""
	}
	return r.reader.checkVariables(n, string(text))
}

// datesAsText makes a date that is written like 2024-01-02 the text that it is in JSON.
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
