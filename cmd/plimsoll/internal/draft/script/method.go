package script

import (
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
			l.Items = append(l.Items, &List{Items: []Value{key, d.m[key]}})
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
