package script

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// native makes a function of a library.
func native(name string, do func(c *Invocation) Value) *Native { return &Native{Name: name, Do: do} }

// builtin is a function that both languages, or one of them, have without an import.
func builtin(m *Machine, name string) (Value, bool) {
	if do := m.builtins[name]; do != nil {
		return native(name, do), true
	}
	if m.JS {
		switch name {
		case "undefined", "NaN", "Infinity":
			return nil, true
		}
	}
	return nil, false
}

// builtins are those functions.
func builtins() map[string]func(c *Invocation) Value {
	return map[string]func(c *Invocation) Value{
		"str": func(c *Invocation) Value {
			if len(c.Args) == 0 {
				return ""
			}
			return c.M.text(c.Arg(0, ""))
		},
		"String":          func(c *Invocation) Value { return c.M.text(c.Arg(0, "")) },
		"int":             toInteger,
		"Number":          toInteger,
		"parseInt":        toInteger,
		"float":           toNumber,
		"parseFloat":      toNumber,
		"round":           rounded,
		"bool":            truthOf,
		"Boolean":         truthOf,
		"len":             length,
		"range":           span,
		"list":            toList,
		"tuple":           toList,
		"set":             toList,
		"sorted":          toList,
		"reversed":        toList,
		"iter":            toList,
		"enumerate":       enumerated,
		"zip":             zipped,
		"min":             least,
		"max":             most,
		"print":           nothing,
		"isinstance":      func(c *Invocation) Value { return unknown(c.At, "what kind of value this is") },
		"hasattr":         hasAttribute,
		"getattr":         getAttribute,
		"setattr":         setAttribute,
		"next":            func(c *Invocation) Value { return c.M.Draw(c.At, c.Arg(0, ""), "sequential", "") },
		"dict":            toDict,
		"encodeURI":       same,
		"decodeURI":       same,
		"bytes":           same,
		"bytearray":       same,
		"abs":             same,
		"repr":            same,
		"any":             func(c *Invocation) Value { return ofAll(c, true) },
		"all":             func(c *Invocation) Value { return ofAll(c, false) },
		"staticmethod":    same,
		"classmethod":     same,
		"property":        same,
		"structuredClone": same,
		"encodeURIComponent": func(c *Invocation) Value {
			if s, ok := c.M.StringOf(c.Arg(0, "")); ok {
				return percentEncoded(s)
			}
			return c.Arg(0, "") // variables of a path are encoded anyway
		},
		"decodeURIComponent": same,
	}
}

func nothing(*Invocation) Value { return nil }
func same(c *Invocation) Value  { return c.Arg(0, "") }

func percentEncoded(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!~*'()", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + strings.ToUpper(strconv.FormatInt(int64(c)+256, 16)[1:]))
	}
	return b.String()
}

func toInteger(c *Invocation) Value {
	switch v := c.Arg(0, "").(type) {
	case *Drawn:
		return v.Floor()
	case *Part, *Turn, *Unknown:
		return v
	case *Var:
		if f, ok := number(v); ok {
			return int64(f)
		}
		return v
	case *Text:
		return v
	default:
		if f, ok := number(v); ok {
			if c.M.JS && f != math.Trunc(f) {
				if s, is := v.(string); is && strings.Contains(s, ".") || !is {
					return f
				}
			}
			return int64(math.Trunc(f))
		}
	}
	return unknown(c.At, "a number")
}

// rounded is round(x), or round(x, digits), which keeps a drawn number as it is.
func rounded(c *Invocation) Value {
	digits, ok := Integer(c.Arg(1, "ndigits"))
	if !ok || digits < 1 {
		if f, ok := number(c.Arg(0, "")); ok {
			return int64(math.RoundToEven(f))
		}
		return toInteger(c)
	}
	if f, ok := number(c.Arg(0, "")); ok {
		scale := math.Pow(10, float64(min(digits, 15)))
		return ofNumber(math.Round(f*scale) / scale)
	}
	return c.Arg(0, "")
}

func toNumber(c *Invocation) Value {
	if f, ok := number(c.Arg(0, "")); ok {
		return f
	}
	return toInteger(c)
}

func truthOf(c *Invocation) Value {
	if is, known := c.M.truth(c.Arg(0, "")); known {
		return is
	}
	return c.Arg(0, "")
}

func length(c *Invocation) Value {
	switch v := c.Arg(0, "").(type) {
	case string:
		return int64(utf8.RuneCountInString(v))
	case *List:
		if v.Of != nil {
			return v.Of.count()
		}
		return int64(len(v.Items))
	case *Dict:
		return int64(len(v.Keys))
	case *Table:
		return int64(len(v.Rows))
	case *Part:
		if v.Kind == OfBody && v.Match == "" {
			return &Part{Of: v.Of, Kind: OfSize}
		}
		return v.count()
	}
	return unknown(c.At, "the length of %s", named(c.Arg(0, "")))
}

func span(c *Invocation) Value {
	if d, is := c.Arg(0, "").(*Drawn); is && len(c.Args) == 1 && d.Integer {
		return &Times{int(d.Min), int(d.Max)}
	}
	from, to, step := 0, 0, 1
	var ok [3]bool
	switch len(c.Args) {
	case 1:
		to, ok[1] = Integer(c.Args[0])
		ok[0], ok[2] = true, true
	case 2, 3:
		from, ok[0] = Integer(c.Args[0])
		to, ok[1] = Integer(c.Args[1])
		ok[2] = true
		if d, is := c.Args[1].(*Drawn); is && d.Integer && ok[0] {
			return &Times{int(d.Min) - from, int(d.Max) - from}
		}
		if len(c.Args) == 3 {
			step, ok[2] = Integer(c.Args[2])
		}
	}
	if ok != [3]bool{true, true, true} || step == 0 {
		return unknown(c.At, "a range")
	}
	l := &List{}
	for n := from; (step > 0 && n < to || step < 0 && n > to) && len(l.Items) < maxTable; n += step {
		l.Items = append(l.Items, int64(n))
	}
	c.M.work += len(l.Items) / 10 // long lists cost more
	return l
}

func toList(c *Invocation) Value {
	switch v := c.Arg(0, "").(type) {
	case nil:
		return &List{}
	case *List:
		c.M.work += len(v.Items) / 10
		return &List{Items: slices.Clone(v.Items), Of: v.Of}
	case *Dict:
		l := &List{}
		for _, key := range v.Keys {
			l.Items = append(l.Items, key)
		}
		return l
	case string:
		return c.M.letters(v)
	default:
		return v
	}
}

func toDict(c *Invocation) Value {
	d := NewDict()
	if from, is := c.Arg(0, "").(*Dict); is {
		d = from.Clone()
	}
	if pairs, is := c.Arg(0, "").(*List); is {
		for _, p := range pairs.Items {
			if pair, is := p.(*List); is && len(pair.Items) == 2 {
				if key, ok := c.M.StringOf(c.M.text(pair.Items[0])); ok {
					d.Set(key, pair.Items[1])
				}
			}
		}
	}
	for _, key := range c.Named.Keys {
		d.Set(key, c.Named.m[key])
	}
	return d
}

func enumerated(c *Invocation) Value {
	l := listed(c.Arg(0, ""))
	if l == nil {
		return unknown(c.At, "the items of %s", named(c.Arg(0, "")))
	}
	start, _ := Integer(c.Arg(1, "start"))
	made := &List{Of: l.Of}
	for i, item := range l.Items {
		made.Items = append(made.Items, &List{Items: []Value{int64(i + start), item}})
	}
	return made
}

// listed is a list, or the list of an answer with its first item; nil for any other value.
func listed(v Value) *List {
	switch v := v.(type) {
	case *List:
		return v
	case *Part:
		return &List{Items: []Value{v.at("0")}, Of: v}
	case *Table:
		return &List{Items: v.Rows}
	}
	return nil
}

func zipped(c *Invocation) Value {
	made := &List{}
	for _, a := range c.Args {
		l := listed(a)
		if l == nil {
			return unknown(c.At, "the items of %s", named(a))
		}
		if l.Of != nil {
			made.Of = l.Of
		}
	}
	for i := 0; ; i++ {
		row := &List{}
		for _, a := range c.Args {
			l := listed(a)
			if i >= len(l.Items) {
				return made
			}
			row.Items = append(row.Items, l.Items[i])
		}
		if len(row.Items) == 0 {
			return made
		}
		made.Items = append(made.Items, row)
	}
}

func extreme(c *Invocation, better func(a, b float64) bool) Value {
	values := c.Args
	if l, is := c.Arg(0, "").(*List); is && len(values) == 1 {
		values = l.Items
	}
	var best float64
	if d, f, is := drawnAndKnown(values); is { // Math.max(1, Math.random() * 3)
		if better(f, d.Min) && better(f, d.Max) {
			return f
		}
		bounded := &Drawn{Min: d.Min, Max: d.Max, Integer: d.Integer, coarse: d.coarse}
		if better(f, d.Min) {
			bounded.Min = f
		}
		if better(f, d.Max) {
			bounded.Max = f
		}
		return bounded
	}
	for i, v := range values {
		f, ok := number(v)
		if !ok {
			if len(values) > 0 {
				return values[0]
			}
			return unknown(c.At, "the smallest or largest")
		}
		if i == 0 || better(f, best) {
			best = f
		}
	}
	return ofNumber(best)
}

// drawnAndKnown are a drawn number and a known one, in any order.
func drawnAndKnown(values []Value) (d *Drawn, f float64, is bool) {
	if len(values) != 2 {
		return nil, 0, false
	}
	for i := range values {
		drawn, isDrawn := values[i].(*Drawn)
		if f, ok := number(values[1-i]); isDrawn && ok {
			return drawn, f, true
		}
	}
	return nil, 0, false
}

func least(c *Invocation) Value { return extreme(c, func(a, b float64) bool { return a < b }) }
func most(c *Invocation) Value  { return extreme(c, func(a, b float64) bool { return a > b }) }

func hasAttribute(c *Invocation) Value {
	if o, is := c.Arg(0, "").(*Object); is {
		name := c.Text(1, "")
		_, own := o.Fields.Get(name)
		_, _, inherited := o.Class.Field(name)
		return own || inherited
	}
	return unknown(c.At, "whether this has an attribute")
}

func getAttribute(c *Invocation) Value {
	v := c.M.Attribute(c.At, c.Arg(0, ""), c.Text(1, ""))
	if _, is := v.(*Unknown); is && len(c.Args) > 2 {
		return c.Args[2]
	}
	return v
}

func setAttribute(c *Invocation) Value {
	c.M.setAttribute(c.Arg(0, ""), c.Text(1, ""), c.Arg(2, ""))
	return nil
}

// ofAll tells whether an item of a list is that truth: any looks for a true one, and all for a false one.
func ofAll(c *Invocation, sought bool) Value {
	list, isList := c.Arg(0, "").(*List)
	if !isList || list.Of != nil {
		return unknown(c.At, "whether the items of this hold")
	}
	for _, item := range list.Items {
		is, known := c.M.truth(item)
		if !known {
			return unknown(c.At, "whether the items of this hold")
		}
		if is == sought {
			return sought
		}
	}
	return !sought
}
