package script

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

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
			return native(name, func(c *Invocation) Value { return &List{Items: []Value{of}} })
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
		"charAt":      func(s string, c *Invocation) Value { return c.M.letter(c.At, s, c.Arg(0, "")) },
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
type Letters struct {
	Digits bool
	Number int // 0 for any
}

// text is a text of drawn letters: of digits, with an x in front where there may be others too.
func (l *Letters) text() Value {
	digits, first := l.Number, []Value{}
	if digits == 0 {
		digits = 8
	}
	if !l.Digits {
		first = append(first, "x")
		if digits--; l.Number == 0 {
			digits = 9
		}
	}
	digits = min(digits, maxDigits)
	if digits < 1 {
		return &Text{first}
	}
	nines := strings.Repeat("9", digits)
	least := "0"
	if digits > 1 {
		least = "1" + strings.Repeat("0", digits-1)
	}
	return &Text{append(first, &Var{Name: "int(" + least + "," + nines + ")", letters: true})}
}

// endsInLetters reports whether a text ends in drawn letters: one more changes nothing.
func endsInLetters(parts []Value) bool {
	if len(parts) == 0 {
		return false
	}
	v, is := parts[len(parts)-1].(*Var)
	return is && v.letters
}

// maxDigits is how many digits a drawn number has at most: each such number is one of float64 too.
const maxDigits = 15

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
		list = &List{Items: []Value{values}}
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
			parts = append(parts, m.inForm(at, text[span[0]:span[1]], v))
		}
	}
	return m.concat(append(parts, text[last:])...)
}

// inForm writes a value as a verb such as %03d or %.2f asks.
func (m *Machine) inForm(at At, verb string, v Value) Value {
	form, letter := verb[1:len(verb)-1], verb[len(verb)-1]
	if letter == 's' || letter == 'r' {
		return v
	}
	n, ok := number(v)
	switch {
	case !ok && form != "":
		m.Note(at, "the form %s of a number is not kept", verb)
		return v
	case !ok:
		return v
	}
	var text string
	width, digits, _ := strings.Cut(strings.TrimLeft(form, "-+ #"), ".")
	switch letter {
	case 'f':
		precision, err := strconv.Atoi(digits)
		if err != nil {
			precision = 6
		}
		text = strconv.FormatFloat(n, 'f', min(precision, 100), 64)
	case 'x':
		text = strconv.FormatInt(int64(n), 16)
	default:
		text = strconv.FormatInt(int64(math.Trunc(n)), 10)
	}
	pad := " "
	if strings.HasPrefix(width, "0") {
		pad = "0"
	}
	if w, err := strconv.Atoi(width); err == nil && len(text) < min(w, 100) {
		text = strings.Repeat(pad, min(w, 100)-len(text)) + text
	}
	return text
}
