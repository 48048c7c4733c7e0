package script

import (
	"math"
	"path"
	"slices"
	"strings"
)

func (m *Machine) unary(s *scope, n Unary) Value {
	v := m.eval(s, n.Of)
	switch n.Op {
	case "not":
		if tests := asTests(v); tests != nil {
			return tests.Not()
		}
		if is, known := m.truth(v); known {
			return !is
		}
	case "delete":
		return m.remove(s, n)
	case "-":
		if f, ok := number(v); ok {
			return ofNumber(-f)
		}
	case "+":
		if f, ok := number(v); ok {
			return ofNumber(f)
		}
		return v
	case "typeof":
		switch v.(type) {
		case nil:
			return "undefined"
		case string, *Text:
			return "string"
		case int64, float64:
			return "number"
		case bool:
			return "boolean"
		case *Closure, *Native:
			return "function"
		case *Dict, *List, *Object:
			return "object"
		}
	case "void":
		return nil
	}
	return unknown(n.At, "the result of %s", n.Op)
}

// remove takes a key out of a mapping.
func (m *Machine) remove(s *scope, n Unary) Value {
	var of, by Value
	switch to := n.Of.(type) {
	case Attribute:
		of, by = m.eval(s, to.Of), to.Name
	case Index:
		of, by = m.eval(s, to.Of), m.eval(s, to.By)
	default:
		return true
	}
	switch of := of.(type) {
	case *Dict:
		if key, ok := m.StringOf(m.text(by)); ok {
			of.Delete(key)
		}
	case *List:
		if i, ok := Integer(by); ok && i >= 0 && i < len(of.Items) {
			of.Items = slices.Delete(slices.Clone(of.Items), i, i+1)
		}
	case *Part, *Row:
		m.Note(n.At, changed)
	}
	return true
}

const changed = "the script changes what an answer or a row holds; the profile sends it unchanged"

func (m *Machine) binary(s *scope, n Binary) Value {
	switch later := []Node{n.Y}; {
	case n.Op == "and" && m.asks(s, later):
		return m.chooseRequest(s, If{At: n.At, Test: n.X, Then: later})
	case n.Op == "or" && m.asks(s, later):
		return m.chooseRequest(s, If{At: n.At, Test: Unary{At: n.At, Op: "not", Of: n.X}, Then: later})
	}
	x := m.eval(s, n.X)
	switch n.Op {
	case "or", "and", "??":
		return m.either(s, n, x)
	}
	return m.operate(n.At, n.Op, x, m.eval(s, n.Y))
}

// either follows or, and, and ??.
func (m *Machine) either(s *scope, n Binary, x Value) Value {
	if v, is := x.(*Var); is && strings.HasPrefix(v.Name, "env.") && v.Value == nil && n.Op != "and" {
		y := m.eval(s, n.Y)
		if d, isVar := y.(*Var); isVar {
			return d
		}
		if y == nil || y == "" {
			return x
		}
		return y
	}
	is, known := m.truth(x)
	if n.Op == "??" {
		is, known = x != nil, true
	}
	switch {
	case known && is == (n.Op != "and"):
		return x
	case known:
		return m.eval(s, n.Y)
	}
	y := m.eval(s, n.Y)
	tx, ty := asTests(x), asTests(y)
	switch {
	case tx != nil && ty != nil:
		return tx.with(ty, n.Op == "or")
	case tx != nil:
		_, isTests := x.(*Tests)
		yes, known := m.truth(y)
		switch {
		case known && yes == (n.Op == "and"):
			return tx
		case n.Op == "or" && isTests && !known:
			return unknown(n.At, "whether one of several conditions holds")
		case n.Op == "or": // a part of an answer, or what stands for it
			return x
		case isTests && !known:
			return &Tests{All: tx.All, Or: tx.Or, Some: true}
		}
		return y
	case ty != nil && !isValue(y):
		if n.Op == "and" {
			return &Tests{All: ty.All, Or: ty.Or, Some: true}
		}
		return unknown(n.At, "whether one of several conditions holds")
	}
	if n.Op == "and" {
		return y
	}
	return x
}

// isValue reports whether conditions are those of a value that a script may use for itself.
func isValue(v Value) bool {
	_, isTests := v.(*Tests)
	return !isTests
}

// operate follows an operator on two values.
func (m *Machine) operate(at At, op string, x, y Value) Value {
	if v, is := x.(*Var); is && v.Name == "now" && (op == "+" || op == "-") {
		return v // another day: the profile has no words for it
	}
	switch op {
	case "==", "===", "!=", "!==", "<", "<=", ">", ">=", "in", "not in":
		return m.compare(at, strings.Replace(strings.Replace(op, "===", "==", 1), "!==", "!=", 1), x, y)
	}
	if op == "+" {
		if v, done := m.add(x, y); done {
			return v
		}
	}
	if dir, is := x.(string); is && op == "/" && !m.JS { // of pathlib
		if below, ok := m.StringOf(y); ok {
			return path.Join(dir, below)
		}
	}
	if format, is := x.(string); is && op == "%" && !m.JS {
		return m.percent(at, format, y)
	}
	if v, done := arithmeticOnDrawn(op, x, y); done {
		return v
	}
	if turn, is := x.(*Turn); is {
		return turn
	}
	if l, is := x.(*List); is && op == "*" {
		if n, ok := Integer(y); ok && n*len(l.Items) <= maxRounds {
			made := &List{}
			for range n {
				made.Items = append(made.Items, l.Items...)
			}
			return made
		}
	}
	if text, is := x.(string); is && op == "*" {
		if n, ok := Integer(y); ok && n >= 0 && n*len(text) <= 1<<20 {
			return strings.Repeat(text, n)
		}
	}
	if dx, is := x.(*Dict); is && op == "|" {
		if dy, is := y.(*Dict); is {
			merged := dx.Clone()
			for _, key := range dy.Keys {
				merged.Set(key, dy.m[key])
			}
			return merged
		}
	}
	a, isA := number(x)
	b, isB := number(y)
	if !isA || !isB {
		return unknown(at, "the result of %s", op)
	}
	return arithmetic(at, op, a, b)
}

// add follows + on texts and lists.
func (m *Machine) add(x, y Value) (Value, bool) {
	if a, is := x.(*List); is {
		if b, is := y.(*List); is {
			if len(a.Items)+len(b.Items) > maxTable {
				return &Unknown{Why: "a list that is too long"}, true
			}
			m.work += (len(a.Items) + len(b.Items)) / 10
			return &List{Items: append(append([]Value{}, a.Items...), b.Items...)}, true
		}
	}
	isText := func(v Value) bool {
		switch v := v.(type) {
		case string, *Text, *JSON, *Base64, *File:
			return true
		case *Var:
			_, isNumber := v.Value.(int64)
			return !isNumber
		case *Part:
			return v.Kind != OfStatus
		}
		return false
	}
	if isText(x) || isText(y) {
		return m.concat(x, y), true
	}
	return nil, false
}

func arithmetic(at At, op string, a, b float64) Value {
	switch op {
	case "+":
		return ofNumber(a + b)
	case "-":
		return ofNumber(a - b)
	case "*":
		return ofNumber(a * b)
	case "/":
		if b != 0 {
			return ofNumber(a / b)
		}
	case "//":
		if b != 0 {
			return ofNumber(math.Floor(a / b))
		}
	case "%":
		if b != 0 {
			return ofNumber(a - b*math.Floor(a/b))
		}
	case "**":
		return ofNumber(math.Pow(a, b))
	case "<<":
		return ofNumber(a * math.Pow(2, b))
	case "|", "&", "^", ">>", "~":
		x, y := int64(a), int64(b)
		switch op {
		case "|":
			return x | y
		case "&":
			return x & y
		case "^":
			return x ^ y
		case ">>":
			if y >= 0 && y < 64 {
				return x >> y
			}
		}
	}
	return unknown(at, "the result of %s", op)
}

// arithmeticOnDrawn follows an operator on a drawn number and a known one, or on two drawn ones.
func arithmeticOnDrawn(op string, x, y Value) (Value, bool) {
	d, first := x.(*Drawn)
	o, second := y.(*Drawn)
	switch {
	case first && second && op == "+":
		return &Drawn{Min: d.Min + o.Min, Max: d.Max + o.Max, coarse: true}, true
	case first && second && op == "-":
		return &Drawn{Min: d.Min - o.Max, Max: d.Max - o.Min, coarse: true}, true
	case first && second:
		return nil, false
	case second && op == "-":
		if f, ok := number(x); ok {
			return &Drawn{Min: f - o.Max, Max: f - o.Min, Integer: o.Integer && f == math.Trunc(f), coarse: o.coarse}, true
		}
		return nil, false
	case second && (op == "+" || op == "*"):
		return drawnWith(op, o, x)
	case first:
		return drawnWith(op, d, y)
	}
	return nil, false
}

// drawnWith follows an operator on a drawn number and a known one behind it.
func drawnWith(op string, d *Drawn, other Value) (Value, bool) {
	f, ok := number(other)
	if !ok {
		return nil, false
	}
	whole := d.Integer && f == math.Trunc(f)
	switch op {
	case "+":
		return &Drawn{Min: d.Min + f, Max: d.Max + f, Integer: whole, coarse: d.coarse}, true
	case "-":
		return &Drawn{Min: d.Min - f, Max: d.Max - f, Integer: whole, coarse: d.coarse}, true
	case "*":
		return &Drawn{Min: min(d.Min*f, d.Max*f), Max: max(d.Min*f, d.Max*f), coarse: d.coarse || d.Integer}, true
	case "/":
		if f != 0 {
			return &Drawn{Min: min(d.Min/f, d.Max/f), Max: max(d.Min/f, d.Max/f), coarse: d.coarse}, true
		}
	case "|", "~": // Math.random() * 10 | 0
		if f == 0 && !d.Integer {
			return d.Floor(), true
		}
	case "//":
		if f > 0 && d.Integer && whole {
			return &Drawn{Min: math.Floor(d.Min / f), Max: math.Floor(d.Max / f), Integer: true}, true
		}
	case "%":
		if d.Integer && f >= 1 && d.Max-d.Min+1 >= f {
			return &Drawn{Min: 0, Max: f - 1, Integer: true}, true
		}
	}
	return nil, false
}

// Floor is the drawn number rounded down.
func (d *Drawn) Floor() *Drawn {
	if d.Integer {
		return d
	}
	return &Drawn{Min: math.Floor(d.Min), Max: max(math.Floor(d.Min), math.Ceil(d.Max)-1), Integer: true, coarse: d.coarse}
}
