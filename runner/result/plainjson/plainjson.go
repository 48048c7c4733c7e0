// Package plainjson refuses JSON that is meant to harm, before anything is made of it.
//
// Check walks once over a text and allocates next to nothing. It refuses deep nesting, more
// values than a Limit allows, and objects that have a key twice: of two values for one key every
// reader takes another one, and encoding/json takes the last in silence. It is no parser: a text
// that is not JSON at all may pass, and is left to encoding/json, which then says what is wrong.
//
// Keys are compared as written, in upper and lower case, since the name of a route is a key.
package plainjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Limit bounds a text.
type Limit struct {
	Bytes  int // of the text
	Depth  int // of objects and arrays in each other
	Values int // in all
	Each   int // keys of one object, or elements of one array
}

// Check says what is wrong with a text.
func Check(data []byte, l Limit) error {
	if len(data) > l.Bytes {
		return fmt.Errorf("larger than %d bytes", l.Bytes)
	}
	if !utf8.Valid(data) {
		return errors.New("not UTF-8")
	}
	w := walker{limit: l, data: data}
	for w.at < len(data) {
		if err := w.step(); err != nil {
			return fmt.Errorf("%w, at byte %d", err, w.at)
		}
	}
	return nil
}

// CheckSchema says what is wrong if a text is no JSON, or no object whose schema has a number.
func CheckSchema(data []byte, schema int) error {
	var syntax *json.SyntaxError
	var form *json.UnmarshalTypeError
	var head struct {
		Schema *int `json:"schema"`
	}
	switch err := json.Unmarshal(data, &head); {
	case errors.As(err, &syntax) && syntax.Error() == "unexpected end of JSON input":
		return fmt.Errorf("it is truncated after %d bytes", syntax.Offset)
	case errors.As(err, &form), err == nil && head.Schema == nil:
		return errors.New("it is JSON of another kind: it has no schema with a number")
	case err != nil:
		return err
	case *head.Schema != schema:
		return fmt.Errorf("it is of schema %d, this program reads schema %d", *head.Schema, schema)
	}
	return nil
}

// walker goes through a text.
type walker struct {
	limit  Limit
	data   []byte
	at     int
	values int
	open   []container // the objects and arrays that are open; those beyond are reused
}

// container is an object or an array.
type container struct {
	object bool
	key    bool // in an object: a key comes next
	n      int  // values, less one
	keys   [][]byte
	many   map[string]bool // keys, once there are too many to look at each
}

// few is how many keys are looked at one by one.
const few = 16

func (w *walker) step() error {
	c := w.data[w.at]
	w.at++
	switch c {
	case '{', '[':
		return w.push(c == '{')
	case '}', ']':
		w.open = w.open[:max(len(w.open)-1, 0)]
	case ',':
		return w.next()
	case '"':
		return w.text()
	}
	return nil
}

func (w *walker) push(object bool) error {
	if len(w.open) == w.limit.Depth {
		return fmt.Errorf("nested deeper than %d", w.limit.Depth)
	}
	if len(w.open) < cap(w.open) {
		w.open = w.open[:len(w.open)+1]
	} else {
		w.open = append(w.open, container{})
	}
	top := &w.open[len(w.open)-1]
	*top = container{object: object, key: object, keys: top.keys[:0]}
	return w.count()
}

// next is at the comma before another value.
func (w *walker) next() error {
	if len(w.open) == 0 {
		return nil
	}
	top := &w.open[len(w.open)-1]
	top.key = top.object
	if top.n++; top.n >= w.limit.Each {
		return fmt.Errorf("more than %d values in one object or list", w.limit.Each)
	}
	return w.count()
}

func (w *walker) count() error {
	if w.values++; w.values > w.limit.Values {
		return fmt.Errorf("more than %d values", w.limit.Values)
	}
	return nil
}

// text is behind the opening quote of a string.
func (w *walker) text() error {
	from, escaped := w.at, false
	for ; w.at < len(w.data) && w.data[w.at] != '"'; w.at++ {
		if w.data[w.at] == '\\' {
			escaped = true
			w.at++
		}
	}
	end := min(w.at, len(w.data))
	w.at = end + 1
	if len(w.open) == 0 || !w.open[len(w.open)-1].key {
		return nil
	}
	top := &w.open[len(w.open)-1]
	top.key = false
	key := w.data[from:end]
	if escaped {
		var plain string
		if json.Unmarshal(w.data[from-1:min(end+1, len(w.data))], &plain) != nil {
			return nil // no JSON, as will be said
		}
		key = []byte(plain)
	}
	return top.add(key)
}

// add notes a key.
func (c *container) add(key []byte) error {
	doubled := c.many[string(key)]
	if c.many == nil {
		for _, other := range c.keys {
			doubled = doubled || bytes.Equal(other, key)
		}
	}
	if doubled {
		return fmt.Errorf("the key %.80q comes twice", key)
	}
	if c.keys = append(c.keys, key); c.many == nil && len(c.keys) > few {
		c.many = make(map[string]bool, 2*few)
		for _, other := range c.keys {
			c.many[string(other)] = true
		}
	} else if c.many != nil {
		c.many[string(key)] = true
	}
	return nil
}
