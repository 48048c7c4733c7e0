package load

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// check holds a whole answer against what the request expects, and saves what it is to save.
// The text is a sentence that is the same for equal failures.
func check(c *plan.Call, o *Outcome, service time.Duration, values UserValues) (tally.Class, string) {
	q := c.Content.(*plan.HTTP)
	if !expected(o.Status, q.Status) {
		return tally.Status, statusText(o.Status, q.Status)
	}
	if within := c.Within; within > 0 && service > within {
		return tally.Expect, fmt.Sprintf("took longer than %v", within)
	}
	if len(q.JSON) == 0 && len(c.Save) == 0 {
		return tally.OK, ""
	}
	if !gjson.ValidBytes(o.Body) {
		return tally.Expect, "the answer is not JSON"
	}
	for i := range q.JSON {
		if c := &q.JSON[i]; !holds(c, gjson.GetBytes(o.Body, c.Path)) {
			return tally.Expect, "expected " + c.String()
		}
	}
	for _, s := range c.Save {
		value := gjson.GetBytes(o.Body, s.Path)
		if !value.Exists() {
			return tally.Expect, "nothing to save at " + s.Path
		}
		values.Save(s.Slot, value.String())
	}
	return tally.OK, ""
}

func expected(status int, want []int) bool {
	if len(want) == 0 {
		return status < http.StatusBadRequest
	}
	return slices.Contains(want, status)
}

func statusText(status int, want []int) string {
	text := fmt.Sprintf("status %d", status)
	if name := http.StatusText(status); name != "" {
		text += " " + name
	}
	if len(want) > 0 {
		text += fmt.Sprintf(", expected %v", want)
	}
	return text
}

// holds reports whether a part of the answer is what the check wants. Numbers are compared
// as numbers; a text is equal to a number only where it was written as a text.
func holds(c *plan.Check, got gjson.Result) bool {
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
	panic("load: a check with the operator " + string(c.Op))
}

func equal(c *plan.Check, got gjson.Result) bool {
	switch {
	case c.Numeric || got.Type == gjson.Number:
		return c.Numeric && got.Type == gjson.Number && got.Num == c.Number
	case c.Text:
		return got.Type == gjson.String && got.Str == c.Operand
	default: // true, false, null, or a bare word
		return got.String() == c.Operand || got.Type == gjson.Null && c.Operand == "null"
	}
}
