package script

import (
	"cmp"
	"slices"
	"strings"
)

// compare follows a comparison.
func (m *Machine) compare(at At, op string, x, y Value) Value {
	if p, is := x.(*position); is {
		there := &Tests{All: []*Test{{Of: p.of, Op: "contains", With: p.text}}}
		if f, ok := number(y); ok && (op == "==" && f < 0 || op == "<" || op == "<=" && f < 0) {
			return there.Not()
		}
		return there
	}
	if op == "in" || op == "not in" {
		return m.contains(at, op, x, y)
	}
	if part, is := x.(*Part); is {
		return partTest(part, op, y)
	}
	if part, is := y.(*Part); is {
		turned := map[string]string{"<": ">", ">": "<", "<=": ">=", ">=": "<="}
		if o, ok := turned[op]; ok {
			op = o
		}
		return partTest(part, op, x)
	}
	if t := m.drawnTest(op, x, y); t != nil {
		return &Tests{All: []*Test{t}}
	}
	a, isA := m.comparable(x)
	b, isB := m.comparable(y)
	if isA && isB {
		return compareKnown(op, a, b)
	}
	if tests, is := x.(*Tests); is && op == "==" {
		if yes, known := y.(bool); known && !yes {
			return tests.Not()
		}
		return tests
	}
	return unknown(at, "whether this is %s that", op)
}

// partTest compares a part of an answer with a value. An empty list stands for a length of 0.
func partTest(part *Part, op string, with Value) *Tests {
	if l, is := with.(*List); is && len(l.Items) == 0 && (op == "==" || op == "!=") {
		op, with = map[string]string{"==": "==", "!=": ">"}[op], int64(0)
		part = part.count()
	}
	return &Tests{All: []*Test{{Of: part, Op: op, With: with}}}
}

// compareKnown compares values in the form of comparable. Only numbers and texts have an order.
func compareKnown(op string, a, b Value) bool {
	switch a := a.(type) {
	case float64:
		if b, is := b.(float64); is {
			return compareOrdered(op, a, b)
		}
	case string:
		if b, is := b.(string); is {
			return compareOrdered(op, a, b)
		}
	}
	switch op {
	case "==":
		return a == b
	case "!=":
		return a != b
	}
	return false
}

func compareOrdered[T cmp.Ordered](op string, a, b T) bool {
	switch op {
	case "==":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	default:
		return a >= b
	}
}

// comparable is a known value in a form that Go compares.
func (m *Machine) comparable(v Value) (Value, bool) {
	switch v := v.(type) {
	case nil, string, bool:
		return v, true
	case int64, float64:
		f, _ := number(v)
		return f, true
	case *Var:
		if name, is := strings.CutPrefix(v.Name, "env."); is {
			if v.Value == nil || v.Value == "" {
				m.asked = name + noValue
			}
			return m.comparable(v.Value)
		}
	case *Dict, *List, *Object, *Closure, *ClassOf, *Native, *Answer:
		return v, true
	}
	return nil, false
}

// contains follows in.
func (m *Machine) contains(at At, op string, x, y Value) Value {
	not := func(t *Tests) Value {
		if op == "not in" {
			return t.Not()
		}
		return t
	}
	if part, is := x.(*Part); is {
		return not(&Tests{All: []*Test{{Of: part, Op: "in", With: y}}})
	}
	switch of := y.(type) {
	case *Part:
		key, ok := m.StringOf(m.text(x))
		if ok && of.Kind == OfJSON {
			return not(&Tests{All: []*Test{{Of: of.at(escapedKey(key)), Op: "exists"}}})
		}
		if ok && (of.Kind == OfHeader || of.Kind == OfCookie) && of.Path == "" {
			return not(&Tests{All: []*Test{{Of: &Part{Of: of.Of, Kind: of.Kind, Path: key}, Op: "exists"}}})
		}
		return not(&Tests{All: []*Test{{Of: of, Op: "contains", With: x}}})
	case *Dict:
		key, ok := m.StringOf(m.text(x))
		_, there := of.Get(key)
		if ok {
			return there == (op == "in")
		}
	case *List:
		has := slices.ContainsFunc(of.Items, func(item Value) bool { return m.compare(at, "==", x, item) == true })
		return has == (op == "in")
	case string:
		if text, ok := m.StringOf(x); ok {
			return strings.Contains(of, text) == (op == "in")
		}
	}
	return unknown(at, "whether this is in that")
}
