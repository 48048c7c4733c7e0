package script

import (
	"slices"
	"strconv"
)

// dictMethod is a method of a mapping.
func (m *Machine) dictMethod(d *Dict, name string) Value {
	if m.JS {
		switch name {
		case "hasOwnProperty":
			return native(name, func(c *Invocation) Value { _, ok := d.Get(c.Text(0, "")); return ok })
		case "toString":
			return native(name, func(*Invocation) Value { return m.jsonText(d) })
		}
		return nil
	}
	pairs := func() *List {
		l := &List{}
		for _, key := range d.Keys {
			l.Items = append(l.Items, &List{[]Value{key, d.m[key]}})
		}
		return l
	}
	column := func(i int) *List {
		l := &List{}
		for _, p := range pairs().Items {
			l.Items = append(l.Items, p.(*List).Items[i])
		}
		return l
	}
	switch name {
	case "get", "pop", "setdefault":
		return native(name, func(c *Invocation) Value {
			key := c.Text(0, "")
			v, ok := d.Get(key)
			if name == "pop" {
				d.Delete(key)
			}
			if !ok {
				v = c.Arg(1, "default")
				if name == "setdefault" {
					d.Set(key, v)
				}
			}
			return v
		})
	case "items":
		return native(name, func(*Invocation) Value { return pairs() })
	case "keys":
		return native(name, func(*Invocation) Value { return column(0) })
	case "values":
		return native(name, func(*Invocation) Value { return column(1) })
	case "copy":
		return native(name, func(*Invocation) Value { return d.Clone() })
	case "update":
		return native(name, func(c *Invocation) Value {
			if from, is := toDict(c).(*Dict); is {
				for _, key := range from.Keys {
					d.Set(key, from.m[key])
				}
			}
			return nil
		})
	}
	return nil
}

// listAttribute is a method of a list, or its length.
func (m *Machine) listAttribute(l *List, name string) Value {
	add := func(c *Invocation) Value {
		if len(l.Items) < maxTable {
			l.Items = append(l.Items, c.Args...)
		}
		return nil
	}
	holds := func(c *Invocation, f, item Value) bool {
		is, known := m.truth(m.Call(c.At, f, item))
		return is || !known
	}
	switch name {
	case "length":
		return int64(len(l.Items))
	case "append", "push", "add", "unshift", "put", "put_nowait":
		return native(name, add)
	case "extend":
		return native(name, func(c *Invocation) Value {
			if from, is := c.Arg(0, "").(*List); is && len(l.Items)+len(from.Items) <= maxTable {
				l.Items = append(l.Items, from.Items...)
			}
			return nil
		})
	case "pop", "shift":
		return native(name, func(c *Invocation) Value {
			if len(l.Items) == 0 {
				return unknown(c.At, "an item of a list that is empty when the script begins")
			}
			if len(l.Items) > 1 && m.plain(l) && m.out != nil {
				return m.Draw(c.At, l, "sequential", "")
			}
			i := len(l.Items) - 1
			if n, ok := Integer(c.Arg(0, "")); name == "shift" || ok && n == 0 && len(c.Args) > 0 {
				i = 0
			}
			v := l.Items[i]
			if len(l.Items) > 1 { // one is left for others: another user would have its own
				l.Items = slices.Delete(slices.Clone(l.Items), i, i+1)
			}
			return v
		})
	case "get", "get_nowait", "next":
		return native(name, func(c *Invocation) Value { return m.Draw(c.At, l, "sequential", "") })
	case "forEach":
		return native(name, func(c *Invocation) Value {
			m.repeated(c.At, len(l.Items), func(i int) (way, Value) {
				m.Call(c.At, c.Arg(0, ""), l.Items[i], int64(i))
				return onward, nil
			})
			return nil
		})
	case "map":
		return native(name, func(c *Invocation) Value {
			made := &List{}
			for i, item := range l.Items {
				made.Items = append(made.Items, m.Call(c.At, c.Arg(0, ""), item, int64(i)))
			}
			return made
		})
	case "filter":
		return native(name, func(c *Invocation) Value {
			made := &List{}
			for _, item := range l.Items {
				if holds(c, c.Arg(0, ""), item) {
					made.Items = append(made.Items, item)
				}
			}
			return made
		})
	case "find":
		return native(name, func(c *Invocation) Value {
			for _, item := range l.Items {
				if holds(c, c.Arg(0, ""), item) {
					return item
				}
			}
			return nil
		})
	case "some", "every":
		return native(name, func(c *Invocation) Value { return unknown(c.At, "the result of %s", name) })
	case "join":
		return native(name, func(c *Invocation) Value {
			by := ","
			if len(c.Args) > 0 {
				by = c.Text(0, "")
			}
			return m.joined(l.Items, by)
		})
	case "concat":
		return native(name, func(c *Invocation) Value {
			made := &List{slices.Clone(l.Items)}
			for _, a := range c.Args {
				if from, is := a.(*List); is && len(made.Items)+len(from.Items) <= maxTable {
					made.Items = append(made.Items, from.Items...)
				} else if !is {
					made.Items = append(made.Items, a)
				}
			}
			return made
		})
	case "includes":
		return native(name, func(c *Invocation) Value { return m.contains(c.At, "in", c.Arg(0, ""), l) })
	case "indexOf", "index":
		return native(name, func(c *Invocation) Value {
			for i, item := range l.Items {
				if m.compare(c.At, "==", item, c.Arg(0, "")) == true {
					return int64(i)
				}
			}
			return int64(-1)
		})
	case "slice":
		return native(name, func(c *Invocation) Value {
			from, to := 0, len(l.Items)
			if n, ok := Integer(c.Arg(0, "")); ok && n >= 0 {
				from = min(n, to)
			}
			if n, ok := Integer(c.Arg(1, "")); ok && n >= from {
				to = min(n, to)
			}
			return &List{l.Items[from:to]}
		})
	case "sort", "reverse", "fill", "copy", "values", "remove", "clear", "insert":
		return native(name, func(*Invocation) Value { return l })
	case "keys":
		return native(name, func(c *Invocation) Value {
			return span(&Invocation{M: m, At: c.At, Args: []Value{int64(len(l.Items))}})
		})
	}
	return nil
}

func (m *Machine) numberMethod(v Value, name string) Value {
	switch name {
	case "toString", "valueOf", "toLocaleString":
		return native(name, func(c *Invocation) Value {
			if base, ok := Integer(c.Arg(0, "")); ok && base != 10 { // Math.random().toString(36)
				if _, is := v.(*Drawn); is {
					return (&Letters{}).text()
				}
				if f, ok := number(v); ok && base >= 2 && base <= 36 {
					return strconv.FormatInt(int64(f), base)
				}
			}
			return m.text(v)
		})
	case "toFixed":
		return native(name, func(c *Invocation) Value {
			digits, _ := Integer(c.Arg(0, ""))
			if f, ok := number(v); ok {
				return strconv.FormatFloat(f, 'f', min(max(digits, 0), 20), 64)
			}
			if d, is := v.(*Drawn); is && digits == 0 {
				return d.Floor()
			}
			return v
		})
	}
	return nil
}
