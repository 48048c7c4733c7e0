package message

import (
	"bytes"
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// Template is the wire form of a message, with places for variables.
type Template struct{ nodes []node }

// Values fill in variables. load.Values does.
type Values interface {
	Append(dst []byte, t plan.Text) []byte
}

// node is a part of a template.
type node struct {
	kind     nodeKind
	literal  []byte // of aLiteral: the bytes; otherwise the tag, nil in a packed list
	text     plan.Text
	scalar   *scalar
	children []node
	parse    protoreflect.MessageDescriptor // of aJSON and someJSON: the type of the message
	partly   bool                           // required fields are elsewhere
	valid    bool                           // of a text: it is always UTF-8
	null     plan.Text                      // of a text: a variable as JSON, which tells null from an empty text; nil if it never is null
	leaves   bool                           // null leaves the field out; otherwise null is no value
	wrapper  bool                           // of aMessage: left out if it is empty, because its value is null
	types    *Types
	wrong    string // the sentence about a value that does not fit here
}

type nodeKind uint8

const (
	aLiteral nodeKind = iota
	aScalar           // text, parsed and encoded
	aMessage          // tag, length, children
	aJSON             // tag, length, message parsed from JSON
	someJSON          // fields parsed from JSON, without a tag
	aVector           // tag, length, numbers of a JSON array
)

// Static is the message if it has no variables.
func (t *Template) Static() (wire []byte, ok bool) {
	switch {
	case len(t.nodes) == 0:
		return nil, true
	case len(t.nodes) == 1 && t.nodes[0].kind == aLiteral:
		return t.nodes[0].literal, true
	}
	return nil, false
}

// Append adds the message with values in it to dst, as append does. If a value does not fit, wrong is a
// sentence, always the same for the same place.
func (t *Template) Append(dst []byte, v Values) (wire []byte, wrong string) {
	return fill(dst, t.nodes, v)
}

func fill(dst []byte, nodes []node, v Values) (wire []byte, wrong string) {
	for i := range nodes {
		n := &nodes[i]
		switch n.kind {
		case aLiteral:
			dst = append(dst, n.literal...)
		case aMessage:
			before := len(dst)
			dst = append(dst, n.literal...)
			at := len(dst)
			if dst, wrong = fill(append(dst, 0), n.children, v); wrong != "" {
				return dst, wrong
			}
			if n.wrapper && len(dst) == at+1 {
				dst = dst[:before]
				continue
			}
			dst = measure(dst, at)
		case aScalar:
			dst, wrong = n.fillScalar(dst, v)
		case aVector:
			dst, wrong = n.fillVector(dst, v)
		default:
			dst, wrong = n.fillJSON(dst, v)
		}
		if wrong != "" {
			return dst, wrong
		}
	}
	return dst, ""
}

// measure puts the length of dst[at+1:] into the byte kept for it at dst[at], and makes room for more bytes if needed.
func measure(dst []byte, at int) []byte {
	length := len(dst) - at - 1
	if length < 1<<7 {
		dst[at] = byte(length)
		return dst
	}
	more := protowire.SizeVarint(uint64(length)) - 1
	dst = append(dst, "\x00\x00\x00\x00\x00\x00\x00\x00\x00"[:more]...)
	copy(dst[at+1+more:], dst[at+1:len(dst)-more])
	binary.PutUvarint(dst[at:], uint64(length))
	return dst
}

var null = []byte("null")

// fillScalar adds a tag with a value.
func (n *node) fillScalar(dst []byte, v Values) (wire []byte, wrong string) {
	before := len(dst)
	dst = append(dst, n.literal...)
	at := len(dst)
	if n.scalar.isText() {
		dst = v.Append(append(dst, 0), n.text)
		if len(dst) == at+1 && n.null != nil && bytes.Equal(v.Append(dst, n.null)[at+1:], null) {
			return n.without(dst, before)
		}
		if !n.valid {
			dst = validUTF8(dst, at+1)
		}
		return measure(dst, at), ""
	}
	dst = v.Append(dst, n.text)
	value := dst[at:]
	if number, ok := digits(value); ok && n.scalar.most > 0 && number <= n.scalar.most {
		return n.scalar.appendInteger(dst[:at], number), ""
	}
	if bytes.Equal(value, null) {
		return n.without(dst, before)
	}
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	wire, ok := n.scalar.replace(dst, at, value)
	if !ok {
		return dst, n.wrong
	}
	return wire, ""
}

// without leaves out a field whose value is null.
func (n *node) without(dst []byte, before int) (wire []byte, wrong string) {
	if !n.leaves {
		return dst, n.wrong
	}
	return dst[:before], ""
}

// fillVector adds a packed list of the numbers of a JSON array.
func (n *node) fillVector(dst []byte, v Values) (wire []byte, wrong string) {
	dst = append(dst, n.literal...)
	at := len(dst)
	dst = v.Append(append(dst, 0), n.text)
	from, end := at+1, len(dst)
	if end-from < 2 || dst[from] != '[' || dst[end-1] != ']' {
		return dst, n.wrong
	}
	for i := from + 1; i < end-1; {
		length := bytes.IndexByte(dst[i:end-1], ',')
		if length < 0 {
			length = end - 1 - i
		}
		var ok bool
		if dst, ok = n.scalar.append(dst, dst[i:i+length]); !ok {
			return dst, n.wrong
		}
		i += length + 1
	}
	dst = dst[:from+copy(dst[from:], dst[end:])]
	return measure(dst, at), ""
}

// fillJSON adds the wire form of a message written as JSON.
func (n *node) fillJSON(dst []byte, v Values) (wire []byte, wrong string) {
	text := v.Append(nil, n.text)
	if bytes.Equal(text, null) && n.kind == aJSON && n.parse.FullName() != dynamicValue {
		return n.without(dst, len(dst))
	}
	inner, err := n.types.parse(text, n.parse, n.partly)
	switch {
	case err != nil:
		return dst, n.wrong
	case n.kind == aJSON:
		return protowire.AppendBytes(append(dst, n.literal...), inner), ""
	}
	return append(dst, inner...), ""
}
