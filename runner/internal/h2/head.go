package h2

import (
	"sync"

	"golang.org/x/net/http2/hpack"
)

// Maker makes the connections of one run, and compiles the heads that go over them. Its connections share
// buffers. Its Head methods must not be called once there are connections; all else is safe for
// concurrent use.
type Maker struct {
	ids     map[Field]int // the number of each field that does not vary
	buffers sync.Pool     // of *[]byte: the input of sole connections
}

// NewMaker makes one.
func NewMaker() *Maker {
	return &Maker{ids: map[Field]int{}, buffers: sync.Pool{New: func() any {
		b := make([]byte, soleBytes)
		return &b
	}}}
}

// Head is the list of fields of a request, compiled once. Each connection of its Maker sends a field that
// does not vary in full once, and afterwards as one or two bytes.
type Head struct {
	maker    *Maker
	fields   []compiled
	varies   int
	bodyless bool // the method is HEAD: its answers have no body
}

// compiled is a field ready to be sent.
type compiled struct {
	kind   fieldKind
	index  byte   // of a field that is in the static table
	id     int    // of a field that connections remember
	size   int    // of its entry in a table
	insert []byte // the literal that puts it into the table
	plain  []byte // the literal that does not; of a varying field its name only
}

type fieldKind byte

const (
	static   fieldKind = iota // it is in the static table
	remember                  // it goes into the connection's table, if there is room
	literal                   // it goes as it is
	varying                   // its value comes with the request
)

// Head compiles the fields of a request. The pseudo-fields come first: :method, :scheme, :authority
// and :path.
func (m *Maker) Head(fields []Field) *Head {
	h := &Head{maker: m}
	for _, f := range fields {
		h.fields = append(h.fields, m.compile(f))
		if f.Varies {
			h.varies++
		}
		h.bodyless = h.bodyless || f.Name == ":method" && f.Value == "HEAD"
	}
	return h
}

func (m *Maker) compile(f Field) compiled {
	index, whole := staticIndex(f.Name, f.Value)
	begin := byte(0)
	if f.Secret {
		begin = 0x10
	}
	switch {
	case f.Varies:
		return compiled{kind: varying, plain: appendName(nil, begin, 4, index, f.Name)}
	case f.Secret:
		return compiled{kind: literal, plain: appendText(appendName(nil, begin, 4, index, f.Name), f.Value)}
	case whole:
		return compiled{kind: static, index: byte(index)}
	}
	id, known := m.ids[f]
	if !known {
		id = len(m.ids)
		m.ids[f] = id
	}
	return compiled{
		kind: remember, id: id, size: len(f.Name) + len(f.Value) + entryOverhead,
		insert: appendText(appendName(nil, 0x40, 6, index, f.Name), f.Value),
		plain:  appendText(appendName(nil, 0, 4, index, f.Name), f.Value),
	}
}

// appendName adds the beginning of a literal: the index of its name, or the name.
func appendName(dst []byte, begin byte, prefix, index int, name string) []byte {
	dst = appendInt(dst, begin, prefix, index)
	if index == 0 {
		dst = appendText(dst, name)
	}
	return dst
}

// appendInt adds a number with a prefix of so many bits (RFC 7541, section 5.1).
func appendInt(dst []byte, begin byte, prefix, n int) []byte {
	mask := 1<<prefix - 1
	if n < mask {
		return append(dst, begin|byte(n))
	}
	dst = append(dst, begin|byte(mask))
	for n -= mask; n >= 0x80; n >>= 7 {
		dst = append(dst, 0x80|byte(n))
	}
	return append(dst, byte(n))
}

// appendText adds a string in Huffman's code, if that is shorter.
func appendText(dst []byte, s string) []byte {
	if coded := hpack.HuffmanEncodeLength(s); coded < uint64(len(s)) {
		return hpack.AppendHuffmanString(appendInt(dst, 0x80, 7, int(coded)), s)
	}
	return append(appendInt(dst, 0, 7, len(s)), s...)
}

// appendRaw adds a string as it is. A value that changes with each request is not worth the time to code it.
func appendRaw(dst, s []byte) []byte { return append(appendInt(dst, 0, 7, len(s)), s...) }

// encoder is the sending side of a connection's table. It only ever adds to the table, as long as there is
// room: a table that forgets would make equal requests differ.
type encoder struct {
	places []uint8 // by the id of a field: its place in the table, from 1; 0 for none
	count  int     // entries in the table
	used   int     // bytes of them
	max    int     // what the server allows, at most initialTable
	shrunk bool    // the server has lowered max since the last block
}

// limit takes the server's SETTINGS_HEADER_TABLE_SIZE. A table that must shrink begins anew.
func (e *encoder) limit(max uint32) {
	allowed := int(min(max, initialTable))
	if allowed < e.max || e.shrunk {
		clear(e.places)
		e.count, e.used, e.shrunk = 0, 0, true
	}
	if e.shrunk { // otherwise the table was never used, and the limit needs no announcement
		e.max = allowed
	}
}

// append adds the block of a head to dst.
func (e *encoder) append(dst []byte, q *Request) []byte {
	if e.shrunk { // RFC 7541, section 4.2: the smallest size since the last block, and the present one
		dst = appendInt(append(dst, 0x20), 0x20, 5, e.max)
		e.shrunk = false
	}
	if len(e.places) < len(q.Head.maker.ids) {
		e.places = append(e.places, make([]uint8, len(q.Head.maker.ids)-len(e.places))...)
	}
	next := 0
	for i := range q.Head.fields {
		f := &q.Head.fields[i]
		switch f.kind {
		case static:
			dst = append(dst, 0x80|f.index)
		case remember:
			dst = e.remember(dst, f)
		case literal:
			dst = append(dst, f.plain...)
		case varying:
			dst = appendRaw(append(dst, f.plain...), q.Values[next])
			next++
		}
	}
	for i := range q.Extra {
		dst = appendExtra(dst, &q.Extra[i])
	}
	return dst
}

// remember adds a field by its place in the table. The first time it puts it there.
func (e *encoder) remember(dst []byte, f *compiled) []byte {
	if place := int(e.places[f.id]); place > 0 {
		return appendInt(dst, 0x80, 7, staticEntries+1+e.count-place)
	}
	if e.used+f.size > e.max {
		return append(dst, f.plain...)
	}
	e.count++
	e.used += f.size
	e.places[f.id] = uint8(e.count) // at most 128: each entry counts 32 bytes or more
	return append(dst, f.insert...)
}

// appendExtra adds a field that was not compiled.
func appendExtra(dst []byte, f *Field) []byte {
	begin := byte(0)
	if f.Secret {
		begin = 0x10
	}
	index, _ := staticIndex(f.Name, "")
	dst = appendName(dst, begin, 4, index, f.Name)
	return append(appendInt(dst, 0, 7, len(f.Value)), f.Value...)
}
