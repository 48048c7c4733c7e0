package script

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Value is the value of an expression, as far as it is known without running anything: nil, a bool, an int64,
// a float64, a string, or one of the pointers below.
type Value any

type (
	// Text is a text with variables of the profile in it: strings, *Var and *Part.
	Text struct{ Parts []Value }
	// Var is a variable of the profile, such as uuid or data.users.name.
	Var struct {
		Name  string
		Value Value // what it has without the environment, if it is of the environment

		letters bool // it stands for Letters
	}
	// List is a list, as far as it is known.
	List struct {
		Items []Value
		Of    *Part // the list of an answer that it is made of; it has the first item of that one
	}
	// Dict is a mapping that keeps its order.
	Dict struct {
		Keys []string
		m    map[string]Value
		// Of has the keys that are functions or classes, by their names.
		Of map[string]Value
	}
	// Closure is a function with what surrounds it.
	Closure struct {
		Of    Function
		env   *scope
		This  Value
		Class *ClassOf // in which it is defined
	}
	// ClassOf is a class.
	ClassOf struct {
		Class
		Bases  []Value // *ClassOf, or *Native of a library
		Fields *Dict
		Marks  map[string][]Value // decorators of its functions
		env    *scope
	}
	// Object is made from a class.
	Object struct {
		Class  *ClassOf
		Fields *Dict
	}
	// Native is a function or a class of a library.
	Native struct {
		Name string
		Do   func(c *Invocation) Value
		Has  map[string]Value // what it has as attributes
		Item func(key string) Value
		Set  func(key string, v Value)
		Asks bool // it makes a request
	}
	// JSON is the JSON text of a value.
	JSON struct{ Of Value }
	// Base64 is a text in base64.
	Base64 struct{ Of Value }
	// Drawn is a number that is drawn anew each time, from Min to Max. Of an integer both can be drawn.
	Drawn struct {
		dice     *Var // the table that stands for it in conditions
		v        *Var // that draws it
		Min, Max float64
		Integer  bool
		coarse   bool // not every number between them comes up: it is a span, and nothing that a request sends
	}
	// Turn is a number that goes up with each user or each task: an index modulo a length reads a table in turn.
	Turn struct{ Var *Var }
	// Row is a row of a table of mappings.
	Row struct{ Table *Table }
	// File is the content of a file beside the script.
	File struct {
		Path       string
		Name, Type Value
		Content    string
		Opened     bool // and not read
	}
	// Pattern is a regular expression.
	Pattern struct{ Source string }
	// Unknown is a value that only running the script would tell.
	Unknown struct {
		At      At
		Why     string
		Foreign string // the library that it comes from
	}
)

// NewDict makes a mapping of keys and values in turn.
func NewDict(pairs ...Value) *Dict {
	d := &Dict{m: map[string]Value{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		d.Set(pairs[i].(string), pairs[i+1])
	}
	return d
}

// Get returns the value of a key.
func (d *Dict) Get(key string) (Value, bool) {
	if d == nil {
		return nil, false
	}
	v, ok := d.m[key]
	return v, ok
}

// Set sets the value of a key.
func (d *Dict) Set(key string, v Value) {
	if _, there := d.m[key]; !there {
		d.Keys = append(d.Keys, key)
	}
	d.m[key] = v
}

// Delete removes a key.
func (d *Dict) Delete(key string) {
	delete(d.m, key)
	d.Keys = slices.DeleteFunc(d.Keys, func(k string) bool { return k == key })
}

// Clone copies the mapping; its values are shared.
func (d *Dict) Clone() *Dict {
	c := NewDict()
	if d != nil {
		for _, key := range d.Keys {
			c.Set(key, d.m[key])
		}
	}
	return c
}

// truth is whether a value counts as true, if that is known.
func (m *Machine) truth(v Value) (is, known bool) {
	switch v := v.(type) {
	case nil:
		return false, true
	case bool:
		return v, true
	case int64:
		return v != 0, true
	case float64:
		return v != 0 && !math.IsNaN(v), true
	case string:
		return v != "", true
	case *List:
		return m.JS || len(v.Items) > 0, m.JS || v.Of == nil
	case *Dict:
		return m.JS || len(v.Keys) > 0, true
	case *Var:
		if name, is := strings.CutPrefix(v.Name, "env."); is {
			if v.Value == nil || v.Value == "" {
				m.asked = name + noValue
			}
			return m.truth(v.Value)
		}
		return true, true
	case *Closure, *ClassOf, *Object, *Native, *JSON, *File, *Row, *Base64, *Pattern:
		return true, true
	case *Text:
		for _, p := range v.Parts {
			if s, is := p.(string); is && s != "" {
				return true, true
			}
		}
	}
	return false, false
}

// number is a value as a number.
func number(v Value) (f float64, ok bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case *Var:
		if strings.HasPrefix(v.Name, "env.") && v.Value != nil {
			return number(v.Value)
		}
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil
	}
	return 0, false
}

// Integer is a value as a whole number.
func Integer(v Value) (n int, ok bool) {
	f, ok := number(v)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1e9 {
		return 0, false
	}
	return int(f), true
}

// NumberOf is a value as a number.
func NumberOf(v Value) (float64, bool) { return number(v) }

// ofNumber is a number, a whole one if it is one.
func ofNumber(f float64) Value {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int64(f)
	}
	return f
}

// variable is the variable that draws the number.
func (d *Drawn) variable() *Var {
	least, most := min(d.Min, d.Max), max(d.Min, d.Max) // random.uniform(2, 1) is the same as of 1 and 2
	switch {
	case d.v != nil:
	case d.Integer:
		d.v = &Var{Name: fmt.Sprintf("int(%.0f,%.0f)", least, most)}
	default:
		d.v = &Var{Name: "float(" + strconv.FormatFloat(least, 'g', -1, 64) + "," + strconv.FormatFloat(most, 'g', -1, 64) + ")"}
	}
	return d.v
}
