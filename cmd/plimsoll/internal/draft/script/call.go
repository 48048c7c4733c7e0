package script

import (
	"fmt"
	"strings"
)

// Invocation is a call of a function of a library.
type Invocation struct {
	M     *Machine
	At    At
	Args  []Value
	Named *Dict
	Made  bool     // new f(x)
	Hints []string // names of the arguments, where they are variables
}

// Arg is an argument by its position or its name; nil when it is left out.
func (c *Invocation) Arg(i int, name string) Value {
	if v, ok := c.Named.Get(name); ok && name != "" {
		return v
	}
	if i >= 0 && i < len(c.Args) {
		return c.Args[i]
	}
	return nil
}

// Text is an argument that is a known text.
func (c *Invocation) Text(i int, name string) string {
	s, _ := c.M.StringOf(c.Arg(i, name))
	return s
}

func (m *Machine) call(s *scope, n Call) Value {
	var of Value
	if a, is := n.Of.(Attribute); is {
		if name, isName := a.Of.(Name); isName && name.ID == "super" && m.JS {
			of = m.super(s, a.Name)
		} else {
			of = m.Attribute(a.At, m.eval(s, a.Of), a.Name)
		}
	} else if name, is := n.Of.(Name); is && name.ID == "super" {
		if m.JS {
			of = m.super(s, "constructor")
		} else {
			return &superOf{s}
		}
	} else {
		of = m.eval(s, n.Of)
	}
	c := &Invocation{M: m, At: n.At, Named: NewDict(), Made: n.Made, Args: m.items(s, n.Args)}
	for _, a := range n.Args {
		c.Hints = append(c.Hints, hintOf(a))
	}
	for _, named := range n.Named {
		v := m.eval(s, named.Value)
		if named.Name != "" {
			c.Named.Set(named.Name, v)
			continue
		}
		if d, is := v.(*Dict); is {
			for _, key := range d.Keys {
				c.Named.Set(key, d.m[key])
			}
		}
	}
	return m.invoke(of, c)
}

// superOf is super() of Python: attributes come from the classes that a class inherits from.
type superOf struct{ in *scope }

// Super is what an object has of a library, whatever its own class says.
type Super struct{ Of Value }

// super is a function of the classes that the class of a scope inherits from, for its object.
func (m *Machine) super(s *scope, name string) Value {
	if s.class == nil {
		return nil
	}
	for _, b := range s.class.Bases {
		if base, is := b.(*ClassOf); is {
			if v, of, ok := base.Field(name); ok {
				if f, is := v.(*Closure); is {
					return &Closure{Of: f.Of, env: f.env, This: s.this, Class: of}
				}
				return v
			}
		}
	}
	return &Native{Name: name, Do: func(*Invocation) Value { return nil }}
}

// Call calls a value with arguments.
func (m *Machine) Call(at At, of Value, args ...Value) Value {
	return m.invoke(of, &Invocation{M: m, At: at, Args: args, Named: NewDict()})
}

func (m *Machine) invoke(of Value, c *Invocation) Value {
	switch of := of.(type) {
	case *Native:
		if of.Do == nil {
			return unknown(c.At, "the result of %s", of.Name)
		}
		return of.Do(c)
	case *Closure:
		return m.enter(of, c)
	case *ClassOf:
		return m.construct(of, c)
	case *Unknown:
		return of
	}
	return unknown(c.At, "the result of this call")
}

// enter follows a function of the script.
func (m *Machine) enter(f *Closure, c *Invocation) Value {
	if m.calls++; m.calls > maxCalls {
		m.calls--
		return unknown(c.At, "the result of %s, which calls itself", f.Of.Name)
	}
	defer func() { m.calls-- }()
	s := newScope(f.env, true)
	s.this, s.class = f.This, f.Class
	args := c.Args
	if f.This != nil && f.Class != nil && !m.JS && !m.static(f) {
		args = append([]Value{f.This}, args...)
	}
	taken := map[string]bool{}
	for i, p := range f.Of.Params {
		name, _ := p.To.(Name)
		switch {
		case p.Named:
			rest := NewDict()
			for _, key := range c.Named.Keys {
				if !taken[key] {
					rest.Set(key, c.Named.m[key])
				}
			}
			m.assign(s, p.To, rest, true)
			continue
		case p.Rest:
			m.assign(s, p.To, &List{append([]Value{}, args[min(i, len(args)):]...)}, true)
			continue
		}
		taken[name.ID] = true
		v, there := c.Named.Get(name.ID)
		if !there && i < len(args) {
			v, there = args[i], true
		}
		if (!there || v == nil && m.JS) && p.Default != nil {
			v = m.eval(s, p.Default)
		}
		m.assign(s, p.To, v, true)
	}
	how, result := m.run(s, f.Of.Body)
	if how != returned {
		return nil
	}
	return result
}

// static reports whether a method gets no self.
func (m *Machine) static(f *Closure) bool {
	for _, d := range f.Of.Decorators {
		if name, is := d.(Name); is && name.ID == "staticmethod" {
			return true
		}
	}
	return false
}

func (m *Machine) construct(of *ClassOf, c *Invocation) Value {
	object := &Object{Class: of, Fields: NewDict()}
	name := "__init__"
	if m.JS {
		name = "constructor"
	}
	if v, class, ok := of.Field(name); ok {
		if f, is := v.(*Closure); is {
			m.enter(&Closure{Of: f.Of, env: f.env, This: object, Class: class}, c)
		}
	} else if !m.JS { // a dataclass
		for i, field := range of.Fields.Keys {
			if v := c.Arg(i, field); v != nil {
				object.Fields.Set(field, v)
			}
		}
		for _, key := range c.Named.Keys {
			object.Fields.Set(key, c.Named.m[key])
		}
	}
	return object
}

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

// partMethods are methods of texts, lists and mappings, by whether the language is JavaScript. In JavaScript any other
// name is that of a value in it.
var partMethods = map[bool]map[string]bool{
	false: {"strip": true, "lstrip": true, "rstrip": true, "decode": true, "encode": true, "copy": true, "lower": true, "upper": true, "get": true, "find": true, "startswith": true, "split": true, "append": true, "sort": true, "extend": true, "keys": true, "values": true, "items": true, "match": true},
	true:  {"trim": true, "toString": true, "valueOf": true, "toLowerCase": true, "toUpperCase": true, "includes": true, "contains": true, "indexOf": true, "find": true, "startsWith": true, "match": true, "split": true, "forEach": true, "map": true, "filter": true, "push": true, "sort": true},
}

// partAttribute is an attribute of a part of an answer: a value in its JSON, or a method on it.
func (m *Machine) partAttribute(at At, of *Part, name string) Value {
	native := func(do func(c *Invocation) Value) Value { return &Native{Name: name, Do: do} }
	self := func() Value { return native(func(*Invocation) Value { return of }) }
	if partMethods[m.JS][name] {
		switch name {
		case "get":
			return native(func(c *Invocation) Value { return m.partIndex(at, of, c.Arg(0, "")) })
		case "includes", "contains", "indexOf", "find", "startswith", "startsWith", "match":
			return native(func(c *Invocation) Value { return m.search(at, of, name, c) })
		case "split":
			return native(func(c *Invocation) Value { return &splitPart{of, c.Text(0, "sep")} })
		case "forEach", "map", "filter", "append", "push", "sort", "extend", "keys", "values", "items":
			return native(func(c *Invocation) Value { return m.overPart(of, name, c) })
		}
		return self()
	}
	if name == "length" && m.JS {
		if of.Kind == OfBody && of.Match == "" {
			return &Part{Of: of.Of, Kind: OfSize}
		}
		length := of.at("#")
		length.length = true
		return length
	}
	if m.JS && (of.Kind == OfJSON || of.Kind == OfHeader || of.Kind == OfCookie) {
		return m.partIndex(at, of, name)
	}
	return unknown(at, "%s of a part of an answer", name)
}

// piece is one piece of a part that is cut at a text.
func (m *Machine) piece(at At, of *splitPart, by Value) Value {
	i, ok := Integer(by)
	if !ok || of.by == "" || of.of.Match != "" {
		return unknown(at, "a piece of a part of an answer")
	}
	cut := quoteMeta(of.by)
	if i < 0 {
		return of.of.Matching("(?s)" + cut + "([^" + quoteClass(of.by) + "]*)$")
	}
	return of.of.Matching("(?s)^(?:.*?" + cut + "){" + fmt.Sprint(i) + "}(.*?)(?:" + cut + "|$)")
}

// quoteClass is the first letter of a text, for a class of a regular expression.
func quoteClass(text string) string {
	if strings.ContainsAny(text[:1], `\]^-`) {
		return `\` + text[:1]
	}
	return text[:1]
}

// splitPart is a part of an answer cut at a text.
type splitPart struct {
	of *Part
	by string
}

func (m *Machine) partIndex(at At, of *Part, by Value) Value {
	key, isText := m.StringOf(by)
	if i, ok := Integer(by); ok && !isText {
		if i < 0 {
			m.Note(at, "the last item is counted from the end; the profile takes the first")
			i = 0
		}
		if (of.Kind == OfCookie || of.Kind == OfHeader) && of.Path != "" {
			return of
		}
		key = fmt.Sprint(i)
		isText = true
	}
	if !isText {
		switch by.(type) {
		case *Drawn, *Turn:
			return of.at("0")
		}
		return unknown(at, "a part of an answer by a name that is not known")
	}
	switch of.Kind {
	case OfJSON:
		return of.at(escapedKey(key))
	case OfHeader, OfCookie:
		if of.Path == "" {
			return &Part{Of: of.Of, Kind: of.Kind, Path: key}
		}
		if of.Kind == OfCookie && key == "value" {
			return of
		}
	}
	return unknown(at, "%s of a part of an answer", key)
}

// search follows a search in a part of an answer.
func (m *Machine) search(at At, of *Part, name string, c *Invocation) Value {
	if pattern, is := c.Arg(0, "").(*Pattern); is {
		return &matched{of.Matching(pattern.Source)}
	}
	text, ok := m.StringOf(c.Arg(0, ""))
	if f, is := c.Arg(0, "").(*Closure); is { // items.find(x => …)
		return m.findIn(of, f)
	}
	if !ok {
		return unknown(at, "the result of %s", name)
	}
	switch name {
	case "indexOf", "find":
		return &position{of, text}
	case "match":
		return &matched{of.Matching(text)}
	case "startswith", "startsWith":
		return &Tests{All: []*Test{{Of: of, Op: "~", With: "^" + quoteMeta(text)}}}
	}
	return &Tests{All: []*Test{{Of: of, Op: "contains", With: text}}}
}

// matched is the result of a regular expression: its groups are the part.
type matched struct{ of *Part }

// position is where a text stands in a part: compared with -1 or 0 it is whether it is there.
type position struct {
	of   *Part
	text string
}

// findIn is the item of a list in an answer for which a function holds.
func (m *Machine) findIn(of *Part, f *Closure) Value {
	item := &Part{Of: of.Of, Kind: OfJSON, Path: "", Hint: "item"}
	tests, is := m.Call(f.Of.At, f, item).(*Tests)
	if is && len(tests.All) == 1 {
		one := tests.All[0]
		part, isPart := one.Of.(*Part)
		if isPart && one.Op == "==" && part.Path != "" {
			switch with := one.With.(type) {
			case string:
				if !strings.ContainsAny(with, `"\`) {
					return of.at(`#(` + part.Path + `=="` + with + `")`)
				}
			case int64, bool:
				return of.at(fmt.Sprintf("#(%s==%v)", part.Path, with))
			}
		}
	}
	m.Note(f.Of.At, "which item of the answer this finds is not known; the profile takes the first")
	return of.at("0")
}

// overPart follows a function over the items of a list in an answer, for the first of them.
func (m *Machine) overPart(of *Part, name string, c *Invocation) Value {
	f, is := c.Arg(0, "").(*Closure)
	if !is {
		return of
	}
	switch name {
	case "forEach":
		m.Note(c.At, "this goes through what an answer holds; the profile takes its first item")
		m.Call(c.At, f, of.at("0"), int64(0))
		return nil
	case "map":
		return &List{[]Value{m.Call(c.At, f, of.at("0"), int64(0))}}
	case "filter":
		return &List{[]Value{m.findIn(of, f)}}
	}
	return of
}
