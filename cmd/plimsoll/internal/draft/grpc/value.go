package grpc

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// maxDepth is how many messages stand within each other. Required fields go deeper, up to mostDepth.
const (
	maxDepth  = 2
	mostDepth = 10
)

// message is a value for each field of a message. within are the messages that it stands in.
func (w *writer) message(d protoreflect.MessageDescriptor, within []protoreflect.FullName) draft.Map {
	fields := draft.Map{}
	within = append(within[:len(within):len(within)], d.FullName())
	chosen := map[protoreflect.Name]bool{}
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		required := f.Cardinality() == protoreflect.Required
		if one := f.ContainingOneof(); one != nil && !one.IsSynthetic() {
			if chosen[one.Name()] {
				continue
			}
		}
		if deprecated(f) && !required {
			continue
		}
		value := w.field(f, within, required)
		if value == nil {
			continue
		}
		if one := f.ContainingOneof(); one != nil {
			chosen[one.Name()] = true
		}
		fields = append(fields, draft.Entry{Key: f.TextName(), Value: value})
	}
	return fields
}

func deprecated(f protoreflect.FieldDescriptor) bool {
	options, ok := f.Options().(interface{ GetDeprecated() bool })
	return ok && options.GetDeprecated()
}

// field is a value of a field; nil for none.
func (w *writer) field(f protoreflect.FieldDescriptor, within []protoreflect.FullName, required bool) any {
	switch {
	case f.IsMap():
		value := w.single(f.MapValue(), within, false)
		if value == nil {
			return nil
		}
		key := "key"
		if f.MapKey().Kind() != protoreflect.StringKind {
			key = map[bool]string{true: "true", false: "1"}[f.MapKey().Kind() == protoreflect.BoolKind]
		}
		return draft.Map{{Key: key, Value: value}}
	case f.IsList():
		if value := w.single(f, within, false); value != nil {
			return []any{value}
		}
		return nil
	}
	return w.single(f, within, required)
}

// single is one value of a field's type.
func (w *writer) single(f protoreflect.FieldDescriptor, within []protoreflect.FullName, required bool) any {
	name := strings.ToLower(string(f.Name()))
	switch f.Kind() {
	case protoreflect.BoolKind:
		return true
	case protoreflect.StringKind:
		return text(name)
	case protoreflect.BytesKind:
		return "AAEC"
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return "${float(0,1)}"
	case protoreflect.EnumKind:
		return enum(f.Enum())
	case protoreflect.MessageKind, protoreflect.GroupKind:
		if known, ok := wellKnown[f.Message().FullName()]; ok {
			return known
		}
		if inner, ok := wrapped(f.Message()); ok {
			return w.single(inner, within, required)
		}
		again := slices.Contains(within, f.Message().FullName())
		if !required && (again || len(within) >= maxDepth) || len(within) >= mostDepth {
			return nil
		}
		return w.message(f.Message(), within)
	}
	return number(name)
}

// wellKnown are values of the types that have a JSON of their own; nil for those that are left out.
var wellKnown = map[protoreflect.FullName]any{
	"google.protobuf.Timestamp": "${now}", "google.protobuf.Duration": "1s", "google.protobuf.Struct": draft.Map{{Key: "key", Value: "${word}"}},
	"google.protobuf.Value": "${word}", "google.protobuf.ListValue": []any{"${word}"}, "google.protobuf.Empty": draft.Map{},
	"google.protobuf.FieldMask": nil, "google.protobuf.Any": nil,
}

// wrapped is the only field of a wrapper such as google.protobuf.Int64Value.
func wrapped(d protoreflect.MessageDescriptor) (protoreflect.FieldDescriptor, bool) {
	if !strings.HasPrefix(string(d.FullName()), "google.protobuf.") || !strings.HasSuffix(string(d.FullName()), "Value") || d.Fields().Len() != 1 {
		return nil, false
	}
	return d.Fields().Get(0), true
}

// text is a text that fits a name.
func text(name string) any {
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(name, part) })
	}
	switch {
	case has("page_token", "cursor", "next_token"):
		return nil // the first page
	case has("email"):
		return "${email}"
	case has("uuid", "guid", "request_id", "idempotency"), name == "id", strings.HasSuffix(name, "_id"):
		return "${uuid}"
	case has("description", "comment", "message", "body", "title", "content", "text", "query"):
		return "${sentence(5)}"
	case has("user", "author", "full_name", "person"):
		return "${name}"
	}
	return "${word}"
}

// number is a number that fits a name.
func number(name string) any {
	for _, few := range []string{"limit", "size", "count", "top", "max", "page", "num"} {
		if strings.Contains(name, few) {
			return 10
		}
	}
	return "${int(1,100)}"
}

// enum is a name of an enum: the first that is not zero, which often means nothing.
func enum(e protoreflect.EnumDescriptor) any {
	for i := range e.Values().Len() {
		if v := e.Values().Get(i); v.Number() != 0 {
			return string(v.Name())
		}
	}
	return string(e.Values().Get(0).Name())
}
