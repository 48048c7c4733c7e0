package message

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// finding is the result of a walk.
type finding uint8

const (
	here   finding = iota // a value, maybe none
	unsure                // only the decoded message can tell
	broken                // the bytes are not such a message
)

// find is the value at the end of some steps on the wire.
func (w *Scratch) find(wire []byte, steps []step) (profile.Value, finding) {
	w.text = w.text[:0]
	for i := range steps {
		s := &steps[i]
		var part part
		found := s.of(wire, &part)
		switch {
		case found != here:
			return profile.Value{}, found
		case s.pick == theCount:
			w.text = strconv.AppendInt(w.text, int64(part.count), 10)
			return profile.Value{Kind: profile.NumberValue, Text: asText(w.text)}, here
		case s.scalar != nil:
			return w.scalar(s, &part)
		case !part.there:
			return profile.Value{}, here
		}
		wire = part.wire
	}
	return profile.Value{Kind: profile.JSONValue}, here
}

// part is what a step found.
type part struct {
	wire  []byte // of a message, a text or bytes
	bits  uint64 // of a number
	there bool
	count int // of items so far
}

// of finds the part of a message that a step asks for.
func (s *step) of(wire []byte, p *part) (found finding) {
	for len(wire) > 0 {
		if n := small(wire); n > 0 {
			if wire[0] == s.tag {
				p.there, p.wire = true, wire[2:n]
				if p.bits = uint64(wire[1]); n > 2 && protowire.Type(s.tag&7) == protowire.VarintType {
					p.bits, _ = protowire.ConsumeVarint(wire[1:n])
				}
				wire = wire[n:]
				continue
			}
			if s.rivals == nil && protowire.Number(wire[0]>>3) != s.number {
				wire = wire[n:]
				continue
			}
		}
		number, kind, n := protowire.ConsumeTag(wire)
		if n < 0 {
			return broken
		}
		wire = wire[n:]
		if number != s.number {
			if n = protowire.ConsumeFieldValue(number, kind, wire); n < 0 {
				return broken
			}
			wire = wire[n:]
			if p.there && s.rivals != nil && slices.Contains(s.rivals, number) {
				*p = part{}
			}
			continue
		}
		if wire, found = s.take(p, kind, wire); found != here {
			return found
		}
	}
	return here
}

// small is the length of the first field if its tag is one byte and its value is a short number or shorter than 128
// bytes; else 0. Most fields are small, and passing over them must be fast.
func small(wire []byte) int {
	if len(wire) < 2 || wire[0]>>3 == 0 || wire[0] >= 1<<7 {
		return 0
	}
	switch protowire.Type(wire[0] & 7) {
	case protowire.BytesType:
		if n := 2 + int(wire[1]); wire[1] < 1<<7 && n <= len(wire) {
			return n
		}
	case protowire.VarintType:
		for i, b := range wire[1:min(len(wire), binary.MaxVarintLen64)] {
			if b < 1<<7 {
				return 2 + i
			}
		}
	}
	return 0
}

// take looks at one occurrence of the field, and returns what follows it.
func (s *step) take(p *part, kind protowire.Type, wire []byte) (rest []byte, found finding) {
	one, n := consume(kind, wire)
	switch {
	case n < 0:
		return nil, broken
	case kind == protowire.StartGroupType || kind == protowire.EndGroupType:
		return nil, unsure
	case s.pick == anEntry:
		found = s.entry(p, kind, one)
	case s.scalar != nil && kind == s.scalar.wireType(), s.scalar == nil && kind == protowire.BytesType:
		if s.scalar == nil && p.there && s.pick == theValue {
			return nil, unsure // several parts of one message
		}
		s.item(p, one)
	case s.scalar != nil && kind == protowire.BytesType && (s.pick == anItem || s.pick == theCount):
		found = s.packed(p, one.wire)
	default: // another type: an unknown field
	}
	return wire[n:], found
}

// item takes a value of the field.
func (s *step) item(p *part, one part) {
	if s.pick == theValue || s.pick == anItem && p.count == s.index {
		p.wire, p.bits, p.there = one.wire, one.bits, true
	}
	p.count++
}

// packed takes the values of a packed list.
func (s *step) packed(p *part, wire []byte) finding {
	for len(wire) > 0 {
		one, n := consume(s.scalar.wireType(), wire)
		if n < 0 {
			return broken
		}
		s.item(p, one)
		wire = wire[n:]
	}
	return here
}

// entry takes an entry of a map, if it has the key.
func (s *step) entry(p *part, kind protowire.Type, one part) finding {
	if kind != protowire.BytesType {
		return here
	}
	var key, value part
	if found := (&step{number: 1, scalar: s.keyOf}).of(one.wire, &key); found != here {
		return found
	}
	if s.keyOf.held(key.bits) != s.keyOf.held(s.key.bits) || !bytes.Equal(key.wire, s.key.wire) {
		return here
	}
	found := (&step{number: 2, scalar: s.scalar}).of(one.wire, &value)
	value.there = true // a value that is left out is the default
	*p = value
	return found
}

// consume reads a value and returns its length in bytes, below 0 if there is no whole value.
func consume(kind protowire.Type, wire []byte) (p part, n int) {
	switch kind {
	case protowire.VarintType:
		p.bits, n = protowire.ConsumeVarint(wire)
	case protowire.Fixed32Type:
		var bits uint32
		bits, n = protowire.ConsumeFixed32(wire)
		p.bits = uint64(bits)
	case protowire.Fixed64Type:
		p.bits, n = protowire.ConsumeFixed64(wire)
	case protowire.BytesType:
		p.wire, n = protowire.ConsumeBytes(wire)
	default:
		n = 0
	}
	return p, n
}

// scalar is a value as JSON has it. A field without presence has its default.
func (w *Scratch) scalar(s *step, p *part) (profile.Value, finding) {
	if !p.there && (s.present || s.pick != theValue) {
		return profile.Value{}, here
	}
	p.bits = s.scalar.held(p.bits)
	number := func(text []byte) (profile.Value, finding) {
		w.text = text
		return profile.Value{Kind: profile.NumberValue, Text: asText(text)}, here
	}
	switch s.scalar.kind {
	case protoreflect.StringKind:
		if !utf8.Valid(p.wire) {
			return profile.Value{}, unsure // proto2 allows it
		}
		return profile.Value{Kind: profile.TextValue, Text: asText(p.wire)}, here
	case protoreflect.BytesKind:
		w.text = base64.StdEncoding.AppendEncode(w.text, p.wire)
		return profile.Value{Kind: profile.TextValue, Text: asText(w.text)}, here
	case protoreflect.BoolKind:
		return profile.Value{Kind: profile.BoolValue, Text: strconv.FormatBool(p.bits != 0)}, here
	case protoreflect.EnumKind:
		if name, ok := s.names[int32(p.bits)]; ok && s.scalar.name != nullValue {
			return profile.Value{Kind: profile.TextValue, Text: name}, here
		}
		return profile.Value{}, unsure
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		f, bits := math.Float64frombits(p.bits), 64
		if s.scalar.kind == protoreflect.FloatKind {
			f, bits = float64(math.Float32frombits(uint32(p.bits))), 32
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return profile.Value{}, unsure
		}
		return number(appendFloat(w.text, f, bits))
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		return number(strconv.AppendInt(w.text, protowire.DecodeZigZag(p.bits), 10))
	case protoreflect.Int32Kind, protoreflect.Sfixed32Kind:
		return number(strconv.AppendInt(w.text, int64(int32(p.bits)), 10))
	case protoreflect.Int64Kind, protoreflect.Sfixed64Kind:
		return number(strconv.AppendInt(w.text, int64(p.bits), 10))
	}
	return number(strconv.AppendUint(w.text, p.bits, 10))
}

// held are the bits that a number's type keeps: a number may be longer on the wire.
func (s *scalar) held(bits uint64) uint64 {
	switch s.kind {
	case protoreflect.BoolKind:
		return min(bits, 1)
	case protoreflect.Int32Kind, protoreflect.Uint32Kind, protoreflect.Sint32Kind, protoreflect.EnumKind:
		return uint64(uint32(bits))
	}
	return bits
}
