package script

// Attribute is x.name.
func (m *Machine) Attribute(at At, of Value, name string) Value {
	if v, ok := m.Host.Attribute(m, at, of, name); ok {
		return v
	}
	switch of := of.(type) {
	case *Object:
		if v, ok := of.Fields.Get(name); ok {
			return v
		}
		if v, class, ok := of.Class.Field(name); ok {
			if f, is := v.(*Closure); is {
				bound := &Closure{Of: f.Of, env: f.env, This: of, Class: class}
				for _, d := range f.Of.Decorators {
					if n, is := d.(Name); is && (n.ID == "property" || n.ID == "cached_property") {
						return m.enter(bound, &Invocation{M: m, At: at, Named: NewDict()})
					}
				}
				return bound
			}
			return v
		}
		if m.JS {
			return nil
		}
		return unknown(at, "the value of %s", name)
	case *ClassOf:
		if v, class, ok := of.Field(name); ok {
			if f, is := v.(*Closure); is {
				return &Closure{Of: f.Of, env: f.env, Class: class}
			}
			return v
		}
	case *superOf:
		v := m.super(of.in, name)
		if n, is := v.(*Native); is && n.Name == name { // the library's own
			if own, ok := m.Host.Attribute(m, at, &Super{of.in.this}, name); ok {
				return own
			}
		}
		return v
	case *Dict:
		if v, ok := of.Get(name); ok && m.JS {
			return v
		}
		if method := m.dictMethod(of, name); method != nil {
			return method
		}
		if v, ok := of.Get(name); ok { // a module
			return v
		}
		if m.JS {
			return nil
		}
	case *Native:
		if v, ok := of.Has[name]; ok {
			return v
		}
		if of.Item != nil {
			return of.Item(name)
		}
	case *Row:
		return m.rowAttribute(at, of, name)
	case *Table:
		if name == "length" {
			return int64(len(of.Rows))
		}
		return m.Attribute(at, &List{of.Rows}, name)
	case *Part:
		return m.partAttribute(at, of, name)
	case *List:
		if v := m.listAttribute(of, name); v != nil {
			return v
		}
	case *Closure:
		switch name {
		case "call", "bind":
			return &Native{Name: name, Do: func(c *Invocation) Value {
				c.Args = c.Args[min(1, len(c.Args)):]
				if name == "bind" {
					return of
				}
				return m.enter(of, c)
			}}
		}
	case *Unknown:
		return of
	case *Drawn, int64, float64:
		if v := m.numberMethod(of, name); v != nil {
			return v
		}
	case *Turn:
		return of
	case *matched:
		switch name {
		case "group", "groups", "at":
			return &Native{Name: name, Do: func(*Invocation) Value { return of.of }}
		}
		return of.of
	case *Letters:
		return m.Attribute(at, of.text(), name)
	}
	if v := m.textMethod(at, of, name); v != nil {
		return v
	}
	return unknown(at, "%s of %s", name, named(of))
}

func (m *Machine) index(at At, of, by Value) Value {
	switch of := of.(type) {
	case *List:
		return m.item(at, of, by)
	case *Table:
		if _, known := Integer(by); known {
			return m.item(at, &List{of.Rows}, by)
		}
		return m.item(at, of, by)
	case *Dict:
		if key, ok := m.StringOf(m.text(by)); ok {
			if v, there := of.Get(key); there {
				return v
			}
			if m.JS {
				return m.Attribute(at, of, key)
			}
			return unknown(at, "the value of %q", key)
		}
	case *Row:
		if key, ok := m.StringOf(by); ok {
			return m.rowAttribute(at, of, key)
		}
		if i, ok := Integer(by); ok {
			if columns := of.Table.Columns(); i >= 0 && i < len(columns) {
				return of.Table.column(columns[i])
			}
		}
	case *Part:
		return m.partIndex(at, of, by)
	case string:
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
	case *Unknown:
		return of
	case *matched:
		return of.of
	case *splitPart:
		return m.piece(at, of, by)
	case *Native:
		if key, ok := m.StringOf(by); ok && of.Item != nil {
			return of.Item(key)
		} else if ok {
			return m.Attribute(at, of, key)
		}
	case *Object:
		if key, ok := m.StringOf(by); ok {
			return m.Attribute(at, of, key)
		}
	case *Answer:
		if key, ok := m.StringOf(by); ok {
			return m.Attribute(at, of, key)
		}
	case *Closure, *ClassOf, nil:
	}
	return unknown(at, "an item of %s", named(of))
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
			return &List{of.Items[from:to]}
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
