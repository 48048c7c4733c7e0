package script

import "strings"

// Attribute is x.name.
func (m *Machine) Attribute(at At, of Value, name string) Value {
	if v, ok := m.Host.Attribute(m, at, of, name); ok {
		return v
	}
	if v, ok := m.member(at, of, name); ok {
		return v
	}
	if v := m.textMethod(at, of, name); v != nil {
		return v
	}
	u := unknown(at, "%s of %s", name, named(of))
	if n, is := of.(*Native); is {
		u.Foreign = n.Name + "." + name
	}
	return u
}

// member returns the attribute of a value that is no text.
func (m *Machine) member(at At, of Value, name string) (v Value, ok bool) {
	switch of := of.(type) {
	case *Object:
		return m.objectAttribute(at, of, name), true
	case *ClassOf:
		v, class, ok := of.Field(name)
		if f, is := v.(*Closure); is {
			return &Closure{Of: f.Of, env: f.env, Class: class}, true
		}
		return v, ok
	case *superOf:
		return m.superAttribute(at, of, name), true
	case *Dict:
		return m.dictAttribute(of, name)
	case *Native:
		if v, ok := of.Has[name]; ok {
			return v, true
		}
		if of.Item != nil {
			return of.Item(name), true
		}
	case *Row:
		return m.rowAttribute(at, of, name), true
	case *Table:
		if name == "length" {
			return int64(len(of.Rows)), true
		}
		return m.Attribute(at, &List{Items: of.Rows}, name), true
	case *Part:
		return m.partAttribute(at, of, name), true
	case *List:
		v = m.listAttribute(of, name)
		return v, v != nil
	case *Closure:
		if name == "call" || name == "bind" {
			return m.bound(of, name), true
		}
	case *Turn:
		return of, true
	case *Unknown:
		if of.Foreign == "" || strings.Count(of.Foreign, ".") > 2 {
			return of, true
		}
		return &Unknown{At: of.At, Why: of.Why, Foreign: of.Foreign + "." + name}, true
	case *Drawn, int64, float64:
		v = m.numberMethod(of, name)
		return v, v != nil
	case *matched:
		switch name {
		case "group", "groups", "at":
			return native(name, func(*Invocation) Value { return of.of }), true
		}
		return of.of, true
	case *Letters:
		return m.Attribute(at, of.text(), name), true
	}
	return nil, false
}

// objectAttribute is an own field of an object, or what its class has: a function is bound to the object.
func (m *Machine) objectAttribute(at At, of *Object, name string) Value {
	if v, ok := of.Fields.Get(name); ok {
		return v
	}
	v, class, ok := of.Class.Field(name)
	if !ok {
		if m.JS {
			return nil
		}
		return unknown(at, "the value of %s", name)
	}
	f, is := v.(*Closure)
	if !is {
		return v
	}
	bound := &Closure{Of: f.Of, env: f.env, This: of, Class: class}
	for _, d := range f.Of.Decorators {
		if n, is := d.(Name); is && (n.ID == "property" || n.ID == "cached_property") {
			return m.enter(bound, &Invocation{M: m, At: at, Named: NewDict()})
		}
	}
	return bound
}

// superAttribute returns an attribute of the parent class, which is the script's own or the library's.
func (m *Machine) superAttribute(at At, of *superOf, name string) Value {
	v := m.super(of.in, name)
	if n, is := v.(*Native); is && n.Name == name {
		if own, ok := m.Host.Attribute(m, at, &Super{of.in.this}, name); ok {
			return own
		}
	}
	return v
}

// dictAttribute is a key of a mapping or a method. In JavaScript keys go first, and a key that is missing is null;
// in Python only modules have keys as attributes.
func (m *Machine) dictAttribute(of *Dict, name string) (v Value, ok bool) {
	v, there := of.Get(name)
	if there && m.JS {
		return v, true
	}
	if method := m.dictMethod(of, name); method != nil {
		return method, true
	}
	return v, there || m.JS
}

// bound returns the methods call and bind of a function. Both skip their first argument: the value of this.
func (m *Machine) bound(of *Closure, name string) Value {
	return native(name, func(c *Invocation) Value {
		c.Args = c.Args[min(1, len(c.Args)):]
		if name == "bind" {
			return of
		}
		return m.enter(of, c)
	})
}

// index is of[by].
func (m *Machine) index(at At, of, by Value) Value {
	switch of := of.(type) {
	case *List:
		return m.item(at, of, by)
	case *Table:
		if _, known := Integer(by); known {
			return m.item(at, &List{Items: of.Rows}, by)
		}
		return m.item(at, of, by)
	case *Part:
		return m.partIndex(at, of, by)
	case string:
		return m.letter(at, of, by)
	case *Unknown:
		return of
	case *matched:
		return of.of
	case *splitPart:
		return m.piece(at, of, by)
	case *Dict:
		by = m.text(by)
	}
	if key, ok := m.StringOf(by); ok {
		if v, ok := m.keyed(at, of, key); ok {
			return v
		}
	}
	if row, is := of.(*Row); is {
		columns := row.Table.Columns()
		if i, ok := Integer(by); ok && i >= 0 && i < len(columns) {
			return row.Table.column(columns[i])
		}
	}
	return unknown(at, "an item of %s", named(of))
}

// keyed returns the element of a value under a known key: of["key"].
func (m *Machine) keyed(at At, of Value, key string) (v Value, ok bool) {
	switch of := of.(type) {
	case *Dict:
		v, there := of.Get(key)
		switch {
		case there:
			return v, true
		case m.JS:
			return m.Attribute(at, of, key), true
		}
		return unknown(at, "the value of %q", key), true
	case *Row:
		return m.rowAttribute(at, of, key), true
	case *Native:
		if of.Item != nil {
			return of.Item(key), true
		}
		return m.Attribute(at, of, key), true
	case *Object, *Answer:
		return m.Attribute(at, of, key), true
	}
	return nil, false
}

// alphabet is how many letters a text has from which scripts draw one after the other. A shorter one is a choice.
const alphabet = 10

// letter is a letter of a text that is known.
func (m *Machine) letter(at At, of string, by Value) Value {
	if _, is := by.(*Drawn); is && len(of) >= alphabet {
		return &Letters{Digits: strings.Trim(of, "0123456789") == ""}
	}
	if i, ok := Integer(by); ok {
		runes := []rune(of)
		if i < 0 {
			i += len(runes)
		}
		if i >= 0 && i < len(runes) {
			return string(runes[i])
		}
	}
	return m.item(at, m.letters(of), by)
}

func (m *Machine) letters(text string) *List {
	l := &List{}
	for _, r := range text {
		l.Items = append(l.Items, string(r))
	}
	return l
}

// item is an item of a list by an index that may be drawn, or go up with each task.
func (m *Machine) item(at At, of, by Value) Value {
	switch by := by.(type) {
	case *Drawn:
		return m.Draw(at, of, "random", m.hint)
	case *Turn:
		return m.Draw(at, of, "sequential", m.hint)
	case *Var:
		return m.Draw(at, of, "random", m.hint)
	default:
		l, is := of.(*List)
		i, ok := Integer(by)
		if !is || !ok {
			return unknown(at, "an item of a list")
		}
		if i < 0 && !m.JS {
			i += len(l.Items)
		}
		if i >= 0 && i < len(l.Items) {
			return l.Items[i]
		}
		if m.JS {
			return nil
		}
	}
	return unknown(at, "an item that the list does not have when the script begins")
}

func (m *Machine) slice(s *scope, n Slice) Value {
	of := m.eval(s, n.Of)
	bound := func(by Node, fallback, length int) (int, bool) {
		if by == nil {
			return fallback, true
		}
		i, ok := Integer(m.eval(s, by))
		if i < 0 {
			i += length
		}
		return min(max(i, 0), length), ok
	}
	switch of := of.(type) {
	case *List:
		from, a := bound(n.From, 0, len(of.Items))
		to, b := bound(n.To, len(of.Items), len(of.Items))
		if a && b && from <= to {
			return &List{Items: of.Items[from:to], Of: of.Of}
		}
	case string:
		from, a := bound(n.From, 0, len(of))
		to, b := bound(n.To, len(of), len(of))
		if a && b && from <= to {
			return of[from:to]
		}
	case *Part, *Table, *Unknown:
		return of
	case *Text: // a part of a random text is as random
		return of
	case *Var:
		return of
	}
	return unknown(n.At, "a part of %s", named(of))
}

func (m *Machine) rowAttribute(at At, of *Row, name string) Value {
	for _, column := range of.Table.Columns() {
		if column == name {
			return of.Table.column(name)
		}
	}
	if name == "get" {
		return &Native{Name: name, Do: func(c *Invocation) Value { return m.rowAttribute(at, of, c.Text(0, "")) }}
	}
	return unknown(at, "the column %s of %s", name, of.Table.Name)
}
