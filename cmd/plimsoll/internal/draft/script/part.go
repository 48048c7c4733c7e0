package script

import (
	"fmt"
	"strings"
)

// partMethods are methods of texts, lists and mappings, by whether the language is JavaScript. In JavaScript any other
// name is that of a value in it.
var partMethods = map[bool]map[string]bool{
	false: {"strip": true, "lstrip": true, "rstrip": true, "decode": true, "encode": true, "copy": true, "lower": true, "upper": true, "get": true, "find": true, "startswith": true, "split": true, "append": true, "sort": true, "extend": true, "keys": true, "values": true, "items": true, "match": true},
	true: {"trim": true, "toString": true, "valueOf": true, "toLowerCase": true, "toUpperCase": true, "includes": true, "contains": true, "indexOf": true, "find": true, "startsWith": true, "match": true, "split": true, "forEach": true, "map": true, "filter": true, "push": true, "sort": true,
		"slice": true, "reverse": true, "flatMap": true, "some": true, "every": true, "reduce": true},
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
		case "keys", "values", "items":
			return native(func(c *Invocation) Value { return unknown(c.At, "the %s of an object in an answer", name) })
		case "append", "push", "extend":
			return native(func(c *Invocation) Value {
				m.Note(c.At, changed)
				return of
			})
		case "forEach", "map", "filter", "flatMap", "some", "every", "reduce":
			return native(func(c *Invocation) Value { return m.overPart(of, name, c) })
		}
		return self()
	}
	if name == "length" && m.JS {
		if of.Kind == OfBody && of.Match == "" {
			return &Part{Of: of.Of, Kind: OfSize}
		}
		return of.count()
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
	case "some", "every", "reduce":
		return unknown(c.At, "what %s finds in an answer", name)
	}
	switch name {
	case "forEach", "map", "flatMap":
		made := &List{Of: of}
		m.once(c.At, firstItem, func() (way, Value) {
			made.Items = []Value{m.Call(c.At, f, of.at("0"), int64(0))}
			return onward, nil
		})
		return made
	case "filter":
		return &List{Items: []Value{m.findIn(of, f)}, Of: of}
	}
	return of
}
