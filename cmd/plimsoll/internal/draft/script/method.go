package script

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
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
	over := func(do func(item Value, i int, f Value, c *Invocation) bool) Value {
		return native(name, func(c *Invocation) Value {
			for i, item := range slices.Clone(l.Items) {
				if !do(item, i, c.Arg(0, ""), c) {
					break
				}
			}
			return nil
		})
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
	case "reduce":
		return over(func(Value, int, Value, *Invocation) bool { return false })
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

// textMethod is a method of a text. On a text with variables, those that only change its form leave it as it is.
func (m *Machine) textMethod(at At, of Value, name string) Value {
	var text string
	known := false
	switch v := of.(type) {
	case string:
		text, known = v, true
	case *Text, *Var, *JSON, *Base64, *File:
		text, known = m.StringOf(v)
	default:
		return nil
	}
	if name == "format" {
		return native(name, func(c *Invocation) Value { return m.format(at, text, c) })
	}
	if name == "length" {
		if known {
			return int64(len(text))
		}
		return unknown(at, "the length of a text")
	}
	if !known {
		switch name {
		case "strip", "lstrip", "rstrip", "trim", "lower", "upper", "title", "toLowerCase", "toUpperCase", "encode", "decode", "toString", "substring", "substr", "slice", "replace", "replaceAll", "padStart", "padEnd", "zfill", "capitalize", "hex", "rjust", "ljust", "isoformat":
			if v, is := of.(*Var); is && name == "hex" && v.Name != "uuid" {
				return nil
			}
			return native(name, func(*Invocation) Value { return of })
		case "split":
			return native(name, func(c *Invocation) Value { return &List{[]Value{of}} })
		case "concat":
			return native(name, func(c *Invocation) Value { return m.concat(append([]Value{of}, c.Args...)...) })
		}
		return nil
	}
	do := m.methods[name]
	if do == nil {
		return nil
	}
	return native(name, func(c *Invocation) Value { return do(text, c) })
}

// textMethods are methods of known texts.
func textMethods() map[string]func(s string, c *Invocation) Value {
	return map[string]func(s string, c *Invocation) Value{
		"strip":       func(s string, c *Invocation) Value { return trimmed(s, c) },
		"rstrip":      func(s string, c *Invocation) Value { return strings.TrimRight(s, cutset(c)) },
		"lstrip":      func(s string, c *Invocation) Value { return strings.TrimLeft(s, cutset(c)) },
		"trim":        func(s string, c *Invocation) Value { return strings.TrimSpace(s) },
		"lower":       func(s string, c *Invocation) Value { return strings.ToLower(s) },
		"toLowerCase": func(s string, c *Invocation) Value { return strings.ToLower(s) },
		"upper":       func(s string, c *Invocation) Value { return strings.ToUpper(s) },
		"toUpperCase": func(s string, c *Invocation) Value { return strings.ToUpper(s) },
		"capitalize":  func(s string, c *Invocation) Value { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] },
		"encode":      func(s string, c *Invocation) Value { return s },
		"decode":      func(s string, c *Invocation) Value { return s },
		"toString":    func(s string, c *Invocation) Value { return s },
		"read":        func(s string, c *Invocation) Value { return s },
		"replace":     replaced,
		"replaceAll":  replaced,
		"startswith":  func(s string, c *Invocation) Value { return strings.HasPrefix(s, c.Text(0, "")) },
		"startsWith":  func(s string, c *Invocation) Value { return strings.HasPrefix(s, c.Text(0, "")) },
		"endswith":    func(s string, c *Invocation) Value { return strings.HasSuffix(s, c.Text(0, "")) },
		"endsWith":    func(s string, c *Invocation) Value { return strings.HasSuffix(s, c.Text(0, "")) },
		"includes":    func(s string, c *Invocation) Value { return strings.Contains(s, c.Text(0, "")) },
		"find":        func(s string, c *Invocation) Value { return int64(strings.Index(s, c.Text(0, ""))) },
		"indexOf":     func(s string, c *Invocation) Value { return int64(strings.Index(s, c.Text(0, ""))) },
		"isdigit":     func(s string, c *Invocation) Value { return s != "" && strings.Trim(s, "0123456789") == "" },
		"concat":      func(s string, c *Invocation) Value { return c.M.concat(append([]Value{s}, c.Args...)...) },
		"charAt": func(s string, c *Invocation) Value {
			return c.M.item(c.At, c.M.letters(s), c.Arg(0, ""))
		},
		"join": func(s string, c *Invocation) Value {
			switch v := c.Arg(0, "").(type) {
			case *List:
				return c.M.joined(v.Items, s)
			case *Letters:
				return v.text()
			case *Unknown:
				return v
			}
			return c.Arg(0, "")
		},
		"split": split,
		"splitlines": func(s string, c *Invocation) Value {
			return listOf(strings.Split(strings.TrimSuffix(strings.ReplaceAll(s, "\r\n", "\n"), "\n"), "\n"))
		},
		"readlines": func(s string, c *Invocation) Value {
			return listOf(strings.SplitAfter(strings.TrimSuffix(s, "\n"), "\n"))
		},
		"repeat": func(s string, c *Invocation) Value {
			n, ok := Integer(c.Arg(0, ""))
			if !ok || n < 0 || n*len(s) > 1<<20 {
				return unknown(c.At, "a text that is repeated")
			}
			return strings.Repeat(s, n)
		},
		"zfill":     func(s string, c *Invocation) Value { return padded(s, c, "0") },
		"padStart":  func(s string, c *Invocation) Value { return padded(s, c, c.Text(1, "")) },
		"substring": cut,
		"substr":    cut,
		"slice":     cut,
		"hex":       func(s string, c *Invocation) Value { return s },
	}
}

// Letters are letters that are drawn one by one.
type Letters struct{ Digits bool }

// text is a text of drawn letters.
func (l *Letters) text() Value {
	if l.Digits {
		return &Text{[]Value{&Var{Name: "int(10000000,99999999)"}}}
	}
	return &Text{[]Value{"x", &Var{Name: "int(100000000,999999999)"}}}
}

func cutset(c *Invocation) string {
	if len(c.Args) == 0 {
		return " \t\r\n"
	}
	return c.Text(0, "")
}

func trimmed(s string, c *Invocation) Value { return strings.Trim(s, cutset(c)) }

func listOf(texts []string) *List {
	l := &List{}
	for _, t := range texts {
		l.Items = append(l.Items, t)
	}
	return l
}

func split(s string, c *Invocation) Value {
	if len(c.Args) == 0 || c.Arg(0, "") == nil {
		return listOf(strings.Fields(s))
	}
	if p, is := c.Arg(0, "").(*Pattern); is {
		if re, err := regexp.Compile(p.Source); err == nil {
			return listOf(re.Split(s, -1))
		}
	}
	n := -1
	if most, ok := Integer(c.Arg(1, "maxsplit")); ok && !c.M.JS {
		n = most + 1
	}
	return listOf(strings.SplitN(s, c.Text(0, "sep"), n))
}

func replaced(s string, c *Invocation) Value {
	if p, is := c.Arg(0, "").(*Pattern); is {
		re, err := regexp.Compile(p.Source)
		with, ok := c.M.StringOf(c.Arg(1, ""))
		if err != nil || !ok { // 'xxxx-xxxx'.replace(/[x]/g, function): a random text
			if _, is := c.Arg(1, "").(*Closure); is && strings.Contains(s, "xxx") {
				return &Var{Name: "uuid"}
			}
			return unknown(c.At, "a text with replacements")
		}
		if len(s)*max(1, len(with)) > maxText {
			return unknown(c.At, "a text that is too long")
		}
		return re.ReplaceAllString(s, with)
	}
	old, with := c.Text(0, ""), c.Arg(1, "")
	var parts []Value
	pieces := strings.Split(s, old)
	if old == "" || len(pieces) == 1 {
		return s
	}
	for i, piece := range pieces {
		if i > 0 {
			parts = append(parts, with)
		}
		parts = append(parts, piece)
	}
	return c.M.concat(parts...)
}

func padded(s string, c *Invocation, with string) Value {
	n, ok := Integer(c.Arg(0, ""))
	if !ok || n > 1000 || with == "" {
		return s
	}
	for len(s) < n {
		s = with + s
	}
	return s
}

func cut(s string, c *Invocation) Value {
	bound := func(v Value, fallback int) int {
		n, ok := Integer(v)
		if !ok {
			return fallback
		}
		if n < 0 {
			n += len(s)
		}
		return min(max(n, 0), len(s))
	}
	from, to := bound(c.Arg(0, ""), 0), bound(c.Arg(1, ""), len(s))
	return s[min(from, to):max(from, to)]
}

var placeholder = regexp.MustCompile(`\{\{|\}\}|\{([^{}:!]*)[^{}]*\}`)

// format follows "{} {name}".format(…).
func (m *Machine) format(at At, text string, c *Invocation) Value {
	var parts []Value
	next, last := 0, 0
	for _, span := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		parts = append(parts, text[last:span[0]])
		last = span[1]
		if span[2] < 0 {
			parts = append(parts, text[span[0]:span[0]+1])
			continue
		}
		name := text[span[2]:span[3]]
		base, attribute, hasAttribute := strings.Cut(strings.NewReplacer("[", ".", "]", "").Replace(name), ".")
		var v Value
		if n, err := strconv.Atoi(base); err == nil {
			v = c.Arg(n, "")
		} else if base == "" {
			v = c.Arg(next, "")
			next++
		} else {
			v = c.Arg(-1, base)
		}
		if hasAttribute {
			v = m.index(at, v, attribute)
		}
		parts = append(parts, v)
	}
	return m.concat(append(parts, text[last:])...)
}

var verb = regexp.MustCompile(`%(?:\(([^)]*)\))?[-+ #0]*[0-9]*(?:\.[0-9]+)?[sdifrx%]`)

// percent follows "%s %(name)s" % values.
func (m *Machine) percent(at At, text string, values Value) Value {
	list, isList := values.(*List)
	if !isList {
		list = &List{[]Value{values}}
	}
	var parts []Value
	next, last := 0, 0
	for _, span := range verb.FindAllStringSubmatchIndex(text, -1) {
		parts = append(parts, text[last:span[0]])
		last = span[1]
		switch {
		case text[span[1]-1] == '%':
			parts = append(parts, "%")
		case span[2] >= 0:
			parts = append(parts, m.index(at, values, text[span[2]:span[3]]))
		case next < len(list.Items):
			v := list.Items[next]
			next++
			if n, ok := number(v); ok && text[span[1]-1] == 'd' {
				v = padZero(text[span[0]:span[1]], int64(math.Trunc(n)))
			}
			parts = append(parts, v)
		}
	}
	return m.concat(append(parts, text[last:])...)
}

// padZero writes a number as a verb such as %03d asks.
func padZero(verb string, n int64) Value {
	text := strconv.FormatInt(n, 10)
	width := strings.Trim(verb, "%d")
	if strings.HasPrefix(width, "0") {
		if w, err := strconv.Atoi(width); err == nil {
			for len(text) < min(w, 100) {
				text = "0" + text
			}
		}
	}
	return text
}
