package script

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Expect adds conditions to what is expected of an answer, as far as a profile has words for them.
func (m *Machine) Expect(at At, t *Tests) {
	if t.Some {
		m.Note(at, "a part of this condition is not understood, and is left out")
	}
	if t.Or && len(t.All) > 1 {
		if t.ofStatus() {
			for _, one := range t.All {
				one.Of.(*Part).Of.real().expectStatus(one)
			}
			return
		}
		m.Note(at, "a check that holds when one of several does has no words in a profile, and is left out")
		return
	}
	for _, one := range t.All {
		part, is := one.Of.(*Part)
		if !is || !m.expect(part, one) {
			m.Note(at, "this check has no words in a profile and is left out")
		}
	}
}

// expect adds one condition; false if a profile has no words for it.
func (m *Machine) expect(part *Part, t *Test) bool {
	step := part.Of.real()
	switch {
	case part.wrong() != "":
		return false
	case m.saysNoErrors(step, part, t): // a graphql step says so by itself
		return true
	case part.Kind == OfStatus:
		return step.expectStatus(t)
	case part.Kind == OfTime:
		return step.expectTime(part, t)
	case part.length && part.Kind == OfJSON: // GJSON counts items, but no letters
		return step.expectLength(part, t)
	}
	return m.expectValue(step, part, t)
}

// expectStatus adds the statuses that a test names. A test that holds for every status below 400 asks for nothing more;
// false if a profile has no words for it.
func (s *Step) expectStatus(t *Test) bool {
	named := t.statuses()
	for _, status := range named {
		if !slices.Contains(s.Status, status) {
			s.Status = append(s.Status, status)
		}
	}
	if len(named) > 0 || t.With == nil || s.Protocol != "http" {
		return true
	}
	for _, status := range []float64{200, 201, 202, 204, 206, 300, 301, 302, 303, 304, 307, 308, 399} {
		if !t.holds(status) {
			return t.holds(200) && !t.holds(300) && s.expectedSuccess()
		}
	}
	return true
}

// expectedSuccess expects a status of success that is no redirect.
func (s *Step) expectedSuccess() bool {
	for _, status := range []int{200, 201, 202, 203, 204, 206} {
		if !slices.Contains(s.Status, status) {
			s.Status = append(s.Status, status)
		}
	}
	return true
}

// expectTime sets within.
func (s *Step) expectTime(part *Part, t *Test) bool {
	f, ok := number(t.With)
	if part.Path == "s" {
		f *= 1000
	}
	if !ok || !strings.HasPrefix(t.Op, "<") {
		return false
	}
	if f > 0 {
		s.Within = strconv.FormatFloat(f, 'f', -1, 64) + "ms"
	}
	return true
}

// expectLength adds the length of a list, or that of a text.
func (s *Step) expectLength(part *Part, t *Test) bool {
	n, ok := Integer(t.With)
	if !ok {
		return false
	}
	of := part.counted()
	if !of.isText() {
		if t.Op == "!=" && n == 0 || t.Op == ">=" && n == 1 {
			return s.expected(OfJSON, part.Path, "> 0")
		}
		return s.expected(OfJSON, part.Path, t.Op+" "+strconv.Itoa(n))
	}
	switch t.Op {
	case ">":
		n++
	case "!=":
		if n != 0 {
			return false
		}
		n++
	case "==":
		return n >= 0 && n < 1000 && s.expected(OfJSON, of.Path, fmt.Sprintf("~ (?s)^.{%d}$", n))
	case ">=":
	default:
		return false
	}
	if n < 2 {
		return n < 1 || s.expected(OfJSON, of.Path, "~ .")
	}
	return n < 1000 && s.expected(OfJSON, of.Path, fmt.Sprintf("~ (?s)^.{%d}", n))
}

// expectValue adds what a part of the answer must be, or must hold.
func (m *Machine) expectValue(step *Step, part *Part, t *Test) bool {
	with, ok := m.known(t.With)
	if !ok {
		return false
	}
	text, isText := with.(string)
	switch {
	case part.Kind == OfJSON && t.Op == "filled" && part.Path != "":
		return step.expected(OfJSON, part.Path, truth{part})
	case t.Op == "exists" && (part.Kind == OfSize || part.Kind == OfBody):
		return step.expected(OfSize, "", "> 0")
	case t.Op == "contains" && part.Kind == OfBody && part.Match == "" && isText && strings.TrimSpace(text) == "":
		return true // each body holds that
	}
	want, ok := m.wanted(part, t.Op, with)
	switch {
	case !ok || part.Match != "":
		return false
	case part.Kind == OfBody && (t.Op == "<" || t.Op == ">"):
		return false
	case part.Kind == OfJSON && part.Path == "": // the whole answer
		return t.Op == "exists" || t.Op == "filled" || t.Op == "contains" && step.expected(OfBody, "", want)
	}
	return step.expected(part.Kind, part.Path, want)
}

// known is a value that a test compares with: a plain one, or a text that is known.
func (m *Machine) known(v Value) (Value, bool) {
	switch v.(type) {
	case nil, bool, int64, float64, string:
		return v, true
	}
	text, ok := m.StringOf(m.text(v))
	return text, ok
}

// wanted is a condition in the words of expect; false if it has none.
func (m *Machine) wanted(part *Part, op string, with Value) (want Value, ok bool) {
	text, isText := with.(string)
	switch op {
	case "exists", "filled":
		return "exists", true
	case "contains":
		if part.Kind == OfBody && part.Match == "" && !operatorFirst.MatchString(text) {
			return text, isText
		}
		return "~ " + regexp.QuoteMeta(text), isText
	case "~":
		_, err := regexp.Compile(text)
		return "~ " + text, err == nil
	case "==":
		if isText && (operatorFirst.MatchString(text) || text == "exists" || part.Kind == OfBody) {
			return "== " + text, true
		}
		return with, with != nil
	case "!=":
		if with == nil {
			return "exists", true
		}
		if isText && text == "" && part.Kind == OfJSON {
			return "~ .", true
		}
		return m.operated(op, with), true
	case "<", "<=", ">", ">=":
		return m.operated(op, with), with != nil && !isText
	}
	return nil, false
}

// operated is an operator with a value, such as ">= 3".
func (m *Machine) operated(op string, with Value) string {
	if b, is := with.(bool); is {
		return op + " " + strconv.FormatBool(b)
	}
	shown, _ := m.text(with).(string)
	return op + " " + shown
}

var operatorFirst = regexp.MustCompile(`^(==|!=|<=|>=|<|>|~)`)

// saysNoErrors reports whether a test asks that an answer of GraphQL has no errors.
func (m *Machine) saysNoErrors(step *Step, part *Part, t *Test) bool {
	if part.Kind != OfJSON || part.Path != "errors" && part.Path != "errors.#" {
		return false
	}
	o, _ := m.operation(step)
	n, isNumber := number(t.With)
	return o != nil && (t.Op == "missing" || t.Op == "empty" || t.Op == "==" && (t.With == nil || isNumber && n == 0) || t.Op == "<=" && isNumber && n == 0)
}

// truth is the condition that a part of an answer counts as true.
type truth struct{ of *Part }

// condition is its path and its words. An empty list or object counts as true in JavaScript, and in Python it does not.
func (t truth) condition(js bool) (path string, want any) {
	switch {
	case js || t.of.isText():
		return t.of.Path, "~ ."
	case t.of.isList():
		return t.of.count().Path, "> 0"
	}
	return t.of.Path, `~ [^\[\]{}]`
}
