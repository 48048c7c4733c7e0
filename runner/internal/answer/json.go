// Package answer checks what came back, as far as protocols share it: conditions on JSON, and
// values saved from it.
//
// It looks only at bytes and texts. A fault is a sentence that is the same for equal faults; an
// empty sentence means that all is well.
package answer

import (
	"github.com/tidwall/gjson"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Saver keeps values of a user.
type Saver interface {
	Save(slot int, value string)
}

// JSON checks a body against conditions. If all hold, it saves values from it.
func JSON(body []byte, conditions []plan.Condition, saves []plan.Save, to Saver) (wrong string) {
	if !gjson.ValidBytes(body) {
		return "the answer is not JSON"
	}
	for i := range conditions {
		if c := &conditions[i]; !holds(c, gjson.GetBytes(body, c.Path)) {
			return "expected " + c.String()
		}
	}
	for _, s := range saves {
		value := gjson.GetBytes(body, s.Path)
		if !value.Exists() {
			return "nothing to save at " + s.Path
		}
		to.Save(s.Slot, value.String())
	}
	return ""
}

// holds reports whether a part of the answer meets a condition. Numbers are compared as numbers. A JSON
// string never equals a number.
func holds(c *plan.Condition, got gjson.Result) bool {
	if !got.Exists() {
		return c.Op == profile.NotEqual
	}
	switch c.Op {
	case profile.Exists:
		return true
	case profile.Matches:
		return c.Pattern.MatchString(got.String())
	case profile.Equal:
		return equal(c, got)
	case profile.NotEqual:
		return !equal(c, got)
	}
	if got.Type != gjson.Number {
		return false
	}
	switch c.Op {
	case profile.Less:
		return got.Num < c.Number
	case profile.LessEqual:
		return got.Num <= c.Number
	case profile.Greater:
		return got.Num > c.Number
	case profile.GreaterEqual:
		return got.Num >= c.Number
	}
	panic("answer: a condition with the operator " + string(c.Op))
}

func equal(c *plan.Condition, got gjson.Result) bool {
	switch {
	case c.Numeric || got.Type == gjson.Number:
		return c.Numeric && got.Type == gjson.Number && got.Num == c.Number
	case c.Text:
		return got.Type == gjson.String && got.Str == c.Operand
	default: // true, false, null, or a bare word
		return got.String() == c.Operand || got.Type == gjson.Null && c.Operand == "null"
	}
}
