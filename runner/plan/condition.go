package plan

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Condition is a condition on a value.
type Condition struct {
	Of      profile.Source
	Path    string // of a part of an answer: GJSON, or the name of a header or a cookie
	Op      profile.Op
	Operand string
	Numeric bool           // the operand is a number, as JSON writes it
	Text    bool           // only texts can be equal to the operand
	Pattern *regexp.Regexp // of profile.Matches
	Place   strict.Place
}

// Guard is a condition on a variable: a step is done only if its guards hold.
type Guard struct {
	Value Text // the variable alone
	Condition
}

// NewCondition resolves a valid condition.
func NewCondition(c profile.Condition) Condition {
	made := Condition{Of: c.Of, Path: c.Path, Op: c.Op, Operand: c.Operand, Text: c.Text, Place: c.Place}
	if c.Op == profile.Matches {
		made.Pattern = regexp.MustCompile(c.Operand)
	}
	made.Numeric = !c.Text && c.Op != profile.Matches && profile.IsNumber(c.Operand)
	return made
}

// String is the condition for people.
func (c Condition) String() string {
	subject := c.Path
	switch c.Of {
	case profile.OfDetails:
		subject = c.Path + " of the details"
	case profile.OfHeader, profile.OfCookie, profile.OfMetadata, profile.OfTrailer:
		subject = "the " + string(c.Of) + " " + c.Path
	case profile.OfEvent:
		subject = "the event's " + c.Path
	case profile.OfText:
		subject = "the body"
	case profile.OfSize:
		subject = "the size of the body"
	}
	switch c.Op {
	case profile.Exists:
		return subject + " exists"
	case profile.Contains:
		return fmt.Sprintf("%s contains %q", subject, c.Operand)
	}
	return fmt.Sprintf("%s %s %s", subject, c.Op, c.Operand)
}

// Holds reports whether a value meets the condition. Numbers are compared exactly. A text equals a number
// only if its place has no kinds, such as a header.
func (c *Condition) Holds(v profile.Value) bool {
	if v.Kind == profile.NoValue {
		return c.Op == profile.NotEqual
	}
	switch c.Op {
	case profile.Exists:
		return v.Kind != profile.NullValue || c.Of != profile.OfVariable // a variable that is null counts as unset
	case profile.Matches:
		return c.Pattern.MatchString(v.Text)
	case profile.Contains:
		return strings.Contains(v.Text, c.Operand)
	case profile.Equal:
		return c.equal(v)
	case profile.NotEqual:
		return !c.equal(v)
	}
	if !isNumber(v) {
		return false
	}
	return Meets(c.Op, CompareNumbers(v.Text, c.Operand))
}

// Meets reports whether a value meets an operator. order is -1, 0 or 1: the value is less than the operand,
// equal to it, or greater.
func Meets(op profile.Op, order int) bool {
	switch op {
	case profile.Equal:
		return order == 0
	case profile.NotEqual:
		return order != 0
	case profile.Less:
		return order < 0
	case profile.LessEqual:
		return order <= 0
	case profile.Greater:
		return order > 0
	case profile.GreaterEqual:
		return order >= 0
	}
	panic("plan: a comparison with the operator " + string(op))
}

func (c *Condition) equal(v profile.Value) bool {
	switch {
	case c.Numeric && isNumber(v):
		return v.Text == c.Operand || CompareNumbers(v.Text, c.Operand) == 0
	case v.Kind == profile.UntypedValue:
		return v.Text == c.Operand
	case c.Numeric || v.Kind == profile.NumberValue:
		return false
	case c.Text:
		return v.Kind == profile.TextValue && v.Text == c.Operand
	}
	return v.Text == c.Operand // true, false, null, or a bare word
}

func isNumber(v profile.Value) bool {
	return v.Kind == profile.NumberValue || v.Kind == profile.UntypedValue && profile.IsNumber(v.Text)
}
