package message

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/plimsoll-ci/plimsoll/runner/profile"

	_ "google.golang.org/genproto/googleapis/rpc/errdetails" // the usual details of a code
)

// JSON is the JSON of a message on the wire: protobuf's, with numbers of 64 bits as numbers, and with the defaults of
// fields without presence.
func (m *Method) JSON(wire []byte) ([]byte, error) {
	decoded, err := m.types.decode(m.of.Output(), wire)
	if err != nil {
		return nil, err
	}
	return m.types.json(nil, decoded, camelCase), nil
}

// decode reads a message.
func (t *Types) decode(d protoreflect.MessageDescriptor, wire []byte) (*dynamicpb.Message, error) {
	m := dynamicpb.NewMessage(d)
	return m, t.unmarshal(wire, m)
}

// unmarshal reads a message into m. protobuf 1.36.12 panics at a map entry that has its key twice, the second time
// with another wire type; such a message is an error here.
func (t *Types) unmarshal(wire []byte, m proto.Message) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("%v", fault)
		}
	}()
	return proto.UnmarshalOptions{Resolver: t, AllowPartial: true}.Unmarshal(wire, m)
}

// maxAny bounds how deep Any messages are nested: each is decoded out of the one around it.
const maxAny = 32

// jsonWriter writes JSON.
type jsonWriter struct {
	*Types
	name naming
	deep int // how many Any messages are around this one
}

// json adds the JSON of a message.
func (t *Types) json(dst []byte, m protoreflect.Message, name naming) []byte {
	return (&jsonWriter{Types: t, name: name}).message(dst, m)
}

// message adds a message.
func (t *jsonWriter) message(dst []byte, m protoreflect.Message) []byte {
	switch d := m.Descriptor(); {
	case d.FullName() == anyMessage:
		return t.any(dst, m.Get(d.Fields().ByName("type_url")).String(), m.Get(d.Fields().ByName("value")).Bytes())
	case isWrapper(d):
		return t.single(dst, d.Fields().Get(0), m.Get(d.Fields().Get(0)))
	case isWellKnown(d):
		if text, err := protojson.Marshal(m.Interface()); err == nil {
			return append(dst, text...)
		}
		return append(dst, "null"...) // such as a Timestamp past the year 9999
	}
	return append(t.fields(append(dst, '{'), m), '}')
}

// fields adds the fields of a message.
func (t *jsonWriter) fields(dst []byte, m protoreflect.Message) []byte {
	first := true
	add := func(f protoreflect.FieldDescriptor, v protoreflect.Value) {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(dst, profile.QuoteJSON(t.name(f))...), ':')
		dst = t.field(dst, f, v)
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		if f := fields.Get(i); m.Has(f) || !f.HasPresence() {
			add(f, m.Get(f))
		}
	}
	var extensions []protoreflect.FieldDescriptor
	m.Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if f.IsExtension() {
			extensions = append(extensions, f)
		}
		return true
	})
	slices.SortFunc(extensions, func(a, b protoreflect.FieldDescriptor) int { return cmp.Compare(a.FullName(), b.FullName()) })
	for _, f := range extensions {
		add(f, m.Get(f))
	}
	return dst
}

// field adds the value of a field.
func (t *jsonWriter) field(dst []byte, f protoreflect.FieldDescriptor, v protoreflect.Value) []byte {
	switch {
	case f.IsList():
		dst = append(dst, '[')
		for i := range v.List().Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = t.single(dst, f, v.List().Get(i))
		}
		return append(dst, ']')
	case f.IsMap():
		var keys []protoreflect.MapKey
		v.Map().Range(func(key protoreflect.MapKey, _ protoreflect.Value) bool {
			keys = append(keys, key)
			return true
		})
		slices.SortFunc(keys, func(a, b protoreflect.MapKey) int { return cmp.Compare(a.String(), b.String()) })
		dst = append(dst, '{')
		for i, key := range keys {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(append(dst, profile.QuoteJSON(key.String())...), ':')
			dst = t.single(dst, f.MapValue(), v.Map().Get(key))
		}
		return append(dst, '}')
	}
	return t.single(dst, f, v)
}

// single adds one value.
func (t *jsonWriter) single(dst []byte, f protoreflect.FieldDescriptor, v protoreflect.Value) []byte {
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return t.message(dst, v.Message())
	case protoreflect.BoolKind:
		return strconv.AppendBool(dst, v.Bool())
	case protoreflect.StringKind:
		return append(dst, profile.QuoteJSON(strings.ToValidUTF8(v.String(), "\ufffd"))...)
	case protoreflect.BytesKind:
		return append(base64.StdEncoding.AppendEncode(append(dst, '"'), v.Bytes()), '"')
	case protoreflect.EnumKind:
		value := f.Enum().Values().ByNumber(v.Enum())
		switch {
		case f.Enum().FullName() == nullValue:
			return append(dst, "null"...)
		case value == nil:
			return strconv.AppendInt(dst, int64(v.Enum()), 10)
		}
		return append(dst, profile.QuoteJSON(string(value.Name()))...)
	case protoreflect.FloatKind:
		return appendFloat(dst, v.Float(), 32)
	case protoreflect.DoubleKind:
		return appendFloat(dst, v.Float(), 64)
	}
	return append(dst, v.String()...)
}

// appendFloat adds a number as protojson writes it.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	format := byte('f')
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, bits)
}

// any adds the message of an Any. An unknown or too deeply nested one is shown as its bytes.
func (t *jsonWriter) any(dst []byte, url string, value []byte) []byte {
	dst = append(append(dst, `{"@type":`...), profile.QuoteJSON(url)...)
	kind, err := t.types.FindMessageByURL(url)
	if err != nil {
		kind, err = protoregistry.GlobalTypes.FindMessageByURL(url)
	}
	if err == nil && t.deep < maxAny {
		inner := kind.New()
		if err = t.unmarshal(value, inner.Interface()); err == nil {
			t.deep++
			dst = t.described(dst, inner)
			t.deep--
			return append(dst, '}')
		}
	}
	dst = base64.StdEncoding.AppendEncode(append(dst, `,"value":"`...), value)
	return append(dst, `"}`...)
}

// described adds the fields of the message of an Any, or its value if its JSON has no fields.
func (t *jsonWriter) described(dst []byte, m protoreflect.Message) []byte {
	if isWellKnown(m.Descriptor()) {
		return t.message(append(dst, `,"value":`...), m)
	}
	at := len(dst)
	if dst = t.fields(append(dst, ','), m); len(dst) == at+1 {
		dst = dst[:at] // it has none
	}
	return dst
}
