package script

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Expect adds conditions to what is expected of an answer, as far as a profile has words for them.
func (m *Machine) Expect(at At, t *Tests) {
	if t.Or && len(t.All) > 1 {
		if t.ofStatus() {
			part := t.All[0].Of.(*Part)
			for _, one := range t.All {
				part.Of.Status = append(part.Of.Status, one.statuses()...)
			}
			return
		}
		m.Note(at, "a check that holds when one of several does is left out")
		return
	}
	for _, one := range t.All {
		part, is := one.Of.(*Part)
		if !is {
			continue
		}
		if !m.expect(part, one) {
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
	case part.Kind == OfStatus:
		step.expectStatus(t)
		return true
	case part.Kind == OfTime:
		return step.expectTime(part, t)
	case part.length && part.Kind == OfJSON: // GJSON counts items, but no letters
		return step.expectLength(part, t)
	}
	return m.expectValue(step, part, t)
}

// expectStatus adds the statuses that a test names; others are about what fails anyway: from 400 on.
func (s *Step) expectStatus(t *Test) {
	for _, status := range t.statuses() {
		if !slices.Contains(s.Status, status) {
			s.Status = append(s.Status, status)
		}
	}
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

// expectLength adds a length of a list. That it is not empty means in a profile that it exists.
func (s *Step) expectLength(part *Part, t *Test) bool {
	whole := strings.TrimSuffix(strings.TrimSuffix(part.Path, "#"), ".")
	n, ok := number(t.With)
	if !ok {
		return false
	}
	notEmpty := t.Op == ">" && n == 0 || t.Op == ">=" && n == 1 || t.Op == "!=" && n == 0
	if whole != "" && notEmpty {
		return s.expected(OfJSON, whole, "exists")
	}
	return s.expected(OfJSON, part.Path, t.Op+" "+strconv.FormatFloat(n, 'f', -1, 64))
}

// expectValue adds what a part of the answer must be, or must hold.
func (m *Machine) expectValue(step *Step, part *Part, t *Test) bool {
	with, ok := m.known(t.With)
	if !ok {
		return false
	}
	text, isText := with.(string)
	switch {
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
		return t.Op == "exists" || t.Op == "contains" && step.expected(OfBody, "", want)
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
	case "exists":
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
