package script

import "slices"

// listAttribute is a method of a list, or its length.
func (m *Machine) listAttribute(l *List, name string) Value {
	if name == "length" {
		if l.Of != nil {
			return l.Of.count()
		}
		return int64(len(l.Items))
	}
	do := listMethod(name)
	if do == nil {
		return nil
	}
	return native(name, func(c *Invocation) Value { return do(l, c) })
}

// listMethod finds what a method of a list does; nil if lists have no such method.
func listMethod(name string) func(l *List, c *Invocation) Value {
	switch name {
	case "append", "push", "add", "unshift", "put", "put_nowait":
		return appended
	case "extend":
		return extended
	case "pop":
		return popped
	case "shift":
		return func(l *List, c *Invocation) Value { return taken(l, c, 0) }
	case "get", "get_nowait", "next":
		return func(l *List, c *Invocation) Value { return c.M.Draw(c.At, l, "sequential", "") }
	case "forEach":
		return forEach
	case "map":
		return mapped
	case "filter":
		return filtered
	case "find":
		return found
	case "some", "every":
		return func(_ *List, c *Invocation) Value { return unknown(c.At, "the result of %s", name) }
	case "join":
		return func(l *List, c *Invocation) Value {
			by := ","
			if len(c.Args) > 0 {
				by = c.Text(0, "")
			}
			return c.M.joined(l.Items, by)
		}
	case "concat":
		return concatenated
	case "includes":
		return func(l *List, c *Invocation) Value { return c.M.contains(c.At, "in", c.Arg(0, ""), l) }
	case "indexOf", "index":
		return indexOf
	case "slice":
		return sliced
	case "sort", "reverse", "fill", "copy", "values", "remove", "clear", "insert":
		return func(l *List, _ *Invocation) Value { return l }
	case "keys":
		return func(l *List, c *Invocation) Value {
			return span(&Invocation{M: c.M, At: c.At, Args: []Value{int64(len(l.Items))}})
		}
	}
	return nil
}

func appended(l *List, c *Invocation) Value {
	if len(l.Items) < maxTable {
		l.Items = append(l.Items, c.Args...)
	}
	return nil
}

func extended(l *List, c *Invocation) Value {
	if from, is := c.Arg(0, "").(*List); is && len(l.Items)+len(from.Items) <= maxTable {
		l.Items = append(l.Items, from.Items...)
	}
	return nil
}

// popped takes the last item, or with pop(0) the first one.
func popped(l *List, c *Invocation) Value {
	if n, ok := Integer(c.Arg(0, "")); ok && n == 0 && len(c.Args) > 0 {
		return taken(l, c, 0)
	}
	return taken(l, c, len(l.Items)-1)
}

// taken takes an item out of a list. A step that takes one of several each time reads a table in turn.
func taken(l *List, c *Invocation, i int) Value {
	if len(l.Items) == 0 {
		return unknown(c.At, "an item of a list that is empty when the script begins")
	}
	if len(l.Items) > 1 && c.M.plain(l) && c.M.out != nil {
		return c.M.Draw(c.At, l, "sequential", "")
	}
	v := l.Items[i]
	if len(l.Items) > 1 { // one is left for others: another user would have its own
		l.Items = slices.Delete(slices.Clone(l.Items), i, i+1)
	}
	return v
}

func forEach(l *List, c *Invocation) Value {
	if l.Of != nil && len(l.Items) > 0 {
		c.M.once(c.At, firstItem, func() (way, Value) {
			c.M.Call(c.At, c.Arg(0, ""), l.Items[0], int64(0))
			return onward, nil
		})
		return nil
	}
	c.M.repeated(c.At, len(l.Items), func(i int) (way, Value) {
		c.M.Call(c.At, c.Arg(0, ""), l.Items[i], int64(i))
		return onward, nil
	})
	return nil
}

func mapped(l *List, c *Invocation) Value {
	made := &List{Of: l.Of}
	for i, item := range l.Items {
		made.Items = append(made.Items, c.M.Call(c.At, c.Arg(0, ""), item, int64(i)))
	}
	return made
}

// holds reports whether the function that a method was given holds for an item, or may.
func holds(c *Invocation, item Value) bool {
	is, known := c.M.truth(c.M.Call(c.At, c.Arg(0, ""), item))
	return is || !known
}

func filtered(l *List, c *Invocation) Value {
	made := &List{Of: l.Of}
	for _, item := range l.Items {
		if holds(c, item) {
			made.Items = append(made.Items, item)
		}
	}
	return made
}

func found(l *List, c *Invocation) Value {
	for _, item := range l.Items {
		if holds(c, item) {
			return item
		}
	}
	return nil
}

func concatenated(l *List, c *Invocation) Value {
	made := &List{Items: slices.Clone(l.Items)}
	for _, a := range c.Args {
		if from, is := a.(*List); is && len(made.Items)+len(from.Items) <= maxTable {
			made.Items = append(made.Items, from.Items...)
		} else if !is {
			made.Items = append(made.Items, a)
		}
	}
	return made
}

func indexOf(l *List, c *Invocation) Value {
	for i, item := range l.Items {
		if c.M.compare(c.At, "==", item, c.Arg(0, "")) == true {
			return int64(i)
		}
	}
	return int64(-1)
}

func sliced(l *List, c *Invocation) Value {
	from, to := 0, len(l.Items)
	if n, ok := Integer(c.Arg(0, "")); ok && n >= 0 {
		from = min(n, to)
	}
	if n, ok := Integer(c.Arg(1, "")); ok && n >= from {
		to = min(n, to)
	}
	return &List{Items: l.Items[from:to], Of: l.Of}
}
