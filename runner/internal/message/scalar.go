package message

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// scalar is a type whose values are written as one text.
type scalar struct {
	kind  protoreflect.Kind // MessageKind: a Timestamp
	enum  map[string]int32  // EnumKind: numbers by name
	known map[int32]bool    // EnumKind: of a closed enum; nil for an open one, which takes all numbers
	name  string            // for people
	most  uint64            // the largest integer; 0 for what is none
}

func scalarOf(f protoreflect.FieldDescriptor) *scalar {
	s := &scalar{kind: f.Kind(), name: f.Kind().String(), most: largest(f.Kind())}
	if f.Kind() == protoreflect.EnumKind {
		s.enum, s.name = map[string]int32{}, string(f.Enum().FullName())
		values := f.Enum().Values()
		if f.Enum().IsClosed() {
			s.known = map[int32]bool{}
		}
		for i := range values.Len() {
			s.enum[string(values.Get(i).Name())] = int32(values.Get(i).Number())
			if s.known != nil {
				s.known[int32(values.Get(i).Number())] = true
			}
		}
	}
	if f.Message() != nil {
		s.name = string(f.Message().FullName())
	}
	return s
}

// largest is the largest integer of a type; 0 for what has no integers.
func largest(kind protoreflect.Kind) uint64 {
	switch kind {
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return math.MaxInt32
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return math.MaxInt64
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return math.MaxUint32
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return math.MaxUint64
	}
	return 0
}

// isText reports whether any text is a value.
func (s *scalar) isText() bool { return s.kind == protoreflect.StringKind }

// wireType is how a value begins on the wire.
func (s *scalar) wireType() protowire.Type {
	switch s.kind {
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	case protoreflect.GroupKind:
		return protowire.StartGroupType
	}
	return protowire.VarintType
}

// replace puts the wire form of a value, which lies behind dst[at], at dst[at].
func (s *scalar) replace(dst []byte, at int, value []byte) ([]byte, bool) {
	end := len(dst)
	dst, ok := s.append(dst, value)
	if !ok {
		return dst, false
	}
	return dst[:at+copy(dst[at:], dst[end:])], true
}

// append adds the wire form of a value to dst; ok is false if the text is not a value. The value may be a part
// of dst.
func (s *scalar) append(dst, value []byte) (wire []byte, ok bool) {
	switch s.kind {
	case protoreflect.StringKind:
		return protowire.AppendBytes(dst, value), utf8.Valid(value)
	case protoreflect.BytesKind:
		return appendBase64(dst, value)
	case protoreflect.BoolKind:
		isTrue := string(value) == "true"
		return protowire.AppendVarint(dst, protowire.EncodeBool(isTrue)), isTrue || string(value) == "false"
	case protoreflect.FloatKind:
		f, ok := parseFloat(value, 32)
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(f))), ok
	case protoreflect.DoubleKind:
		f, ok := parseFloat(value, 64)
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f)), ok
	case protoreflect.MessageKind:
		return appendTime(dst, value)
	}
	number, ok := s.integer(value)
	if !ok {
		return dst, false
	}
	return s.appendInteger(dst, number), true
}

// appendInteger adds the wire form of an integer in two's complement.
func (s *scalar) appendInteger(dst []byte, number uint64) []byte {
	switch s.kind {
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		return protowire.AppendVarint(dst, protowire.EncodeZigZag(int64(number)))
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
		return protowire.AppendFixed32(dst, uint32(number))
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return protowire.AppendFixed64(dst, number)
	}
	return protowire.AppendVarint(dst, number)
}

// digits reads most integers, fast; it is not ok for longer ones, and for all other texts.
func digits(text []byte) (number uint64, ok bool) {
	if len(text) == 0 || len(text) > 19 { // 19 nines fit in 64 bits
		return 0, false
	}
	for _, c := range text {
		if c -= '0'; c > 9 {
			return 0, false
		}
		number = number*10 + uint64(c)
	}
	return number, true
}

// integer is a value of an integer or of an enum, in two's complement.
func (s *scalar) integer(value []byte) (number uint64, ok bool) {
	switch s.kind {
	case protoreflect.EnumKind:
		if number, ok := s.enum[string(value)]; ok {
			return uint64(int64(number)), true
		}
		number, ok = parseInteger(value, 31, true)
		return number, ok && (s.known == nil || s.known[int32(number)])
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return parseInteger(value, 31, true)
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return parseInteger(value, 63, true)
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return parseInteger(value, 32, false)
	}
	return parseInteger(value, 64, false)
}

// parseInteger reads an integer of so many bits, without its sign. JSON may write it as 1e3 or 10.0 too.
func parseInteger(text []byte, bits int, signed bool) (number uint64, ok bool) {
	negative := len(text) > 0 && text[0] == '-'
	digits := text
	if negative {
		digits = text[1:]
	}
	if len(digits) == 0 || digits[0] < '0' || digits[0] > '9' {
		return 0, false
	}
	for i, c := range digits {
		if c < '0' || c > '9' {
			exact, ok := plainDigits(digits[:i], digits[i:])
			if !ok {
				return 0, false
			}
			return parseInteger(append(text[:len(text)-len(digits):len(text)-len(digits)], exact...), bits, signed)
		}
		d := uint64(c - '0')
		if number > (math.MaxUint64-d)/10 {
			return 0, false
		}
		number = number*10 + d
	}
	limit := uint64(math.MaxUint64)
	if bits < 64 {
		limit = 1<<bits - 1
	}
	switch {
	case !negative:
		return number, number <= limit
	case number == 0:
		return 0, true
	case !signed || number > limit+1:
		return 0, false
	}
	return -number, true
}

// plainDigits writes a number such as 1.5e3 without a point and an exponent; ok is false if it is not an integer.
func plainDigits(whole, rest []byte) (digits []byte, ok bool) {
	var fraction []byte
	exponent := 0
	if rest[0] == '.' {
		end := bytes.IndexAny(rest, "eE")
		if end < 0 {
			end = len(rest)
		}
		if fraction = rest[1:end]; len(fraction) == 0 {
			return nil, false
		}
		rest = rest[end:]
	}
	if len(rest) > 0 {
		if rest[0] != 'e' && rest[0] != 'E' {
			return nil, false
		}
		var err error
		if exponent, err = strconv.Atoi(string(rest[1:])); err != nil || exponent > 400 || exponent < -400 {
			return nil, false
		}
	}
	all := append(bytes.Clone(whole), fraction...)
	for _, c := range all {
		if c < '0' || c > '9' {
			return nil, false
		}
	}
	point := len(whole) + exponent
	for len(all) < point {
		all = append(all, '0')
	}
	if point < 0 || len(bytes.Trim(all[point:], "0")) > 0 {
		return []byte("0"), len(bytes.Trim(all, "0")) == 0
	}
	all = bytes.TrimLeft(all[:point], "0")
	if len(all) == 0 {
		return []byte("0"), true
	}
	return all, true
}

// parseFloat reads a number, or NaN, Infinity or -Infinity, which protobuf's JSON writes as texts.
func parseFloat(text []byte, bits int) (f float64, ok bool) {
	switch string(text) {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	if len(text) == 0 || text[len(text)-1] < '0' || text[len(text)-1] > '9' || text[0] != '-' && (text[0] < '0' || text[0] > '9') ||
		bytes.ContainsAny(text, "xX_pP") {
		return 0, false
	}
	f, err := strconv.ParseFloat(asText(text), bits)
	return f, err == nil
}

// asText is a text without a copy.
func asText(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// appendBase64 adds bytes with their length. Both alphabets are taken, with padding or without.
func appendBase64(dst, text []byte) ([]byte, bool) {
	text = bytes.TrimRight(text, "=")
	encoding := base64.RawStdEncoding
	if bytes.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	length := encoding.DecodedLen(len(text))
	dst = protowire.AppendVarint(dst, uint64(length))
	at := len(dst)
	for range length {
		dst = append(dst, 0)
	}
	n, err := encoding.Decode(dst[at:], text) // it ignores line breaks
	return dst, err == nil && n == length
}

// appendTime adds a Timestamp with its length.
func appendTime(dst, text []byte) ([]byte, bool) {
	t, err := time.Parse(time.RFC3339Nano, asText(text))
	if err != nil || t.Unix() < -62135596800 || t.Unix() > 253402300799 {
		return dst, false
	}
	at := len(dst)
	dst = append(dst, 0)
	if seconds := t.Unix(); seconds != 0 {
		dst = protowire.AppendVarint(protowire.AppendTag(dst, 1, protowire.VarintType), uint64(seconds))
	}
	if nanos := t.Nanosecond(); nanos != 0 {
		dst = protowire.AppendVarint(protowire.AppendTag(dst, 2, protowire.VarintType), uint64(nanos))
	}
	return measure(dst, at), true
}

// validUTF8 replaces bytes after dst[from] that are not UTF-8, which protobuf's strings must be.
func validUTF8(dst []byte, from int) []byte {
	if utf8.Valid(dst[from:]) {
		return dst
	}
	return append(dst[:from], bytes.ToValidUTF8(dst[from:], []byte("\ufffd"))...)
}
