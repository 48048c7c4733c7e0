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

// maker makes up the messages of one method.
type maker struct {
	wanted []wanted // ids that must exist
	all    bool     // the method lists things: no word narrows its list
}

// message is a value for each field of a message. within are the messages that it stands in.
func (k *maker) message(d protoreflect.MessageDescriptor, within []protoreflect.FullName) draft.Map {
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
		value := k.field(f, within, required)
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
func (k *maker) field(f protoreflect.FieldDescriptor, within []protoreflect.FullName, required bool) any {
	switch {
	case f.IsMap():
		value := k.single(f.MapValue(), within, false)
		if value == nil {
			return nil
		}
		key := "key"
		if f.MapKey().Kind() != protoreflect.StringKind {
			key = map[bool]string{true: "true", false: "1"}[f.MapKey().Kind() == protoreflect.BoolKind]
		}
		return draft.Map{{Key: key, Value: value}}
	case f.IsList():
		if value := k.single(f, within, false); value != nil {
			return []any{value}
		}
		return nil
	}
	return k.single(f, within, required)
}

// single is one value of a field's type.
func (k *maker) single(f protoreflect.FieldDescriptor, within []protoreflect.FullName, required bool) any {
	if isWanted(f) && (required || len(within) == 1) {
		return k.want(f)
	} else if isWanted(f) {
		return nil // what is made in it gets its id there
	}
	name := string(f.Name())
	if k.all && !required && f.Kind() == protoreflect.StringKind && draft.IsSearch(name) {
		return nil
	}
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
			return k.single(inner, within, required)
		}
		again := slices.Contains(within, f.Message().FullName())
		if !required && (again || len(within) >= maxDepth) || len(within) >= mostDepth {
			return nil
		}
		return k.message(f.Message(), within)
	}
	return draft.NumberFor(name)
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

// text is a text that fits a name; nil for one that is best left out.
func text(name string) any {
	switch small := strings.ToLower(name); {
	case strings.Contains(small, "page_token") || strings.Contains(small, "cursor") || strings.Contains(small, "next_token"):
		return nil // the first page
	case small == "filter" || small == "order_by": // languages of their own, https://google.aip.dev/160
		return nil
	case isCallID(small):
		return "${uuid}"
	}
	return draft.TextFor(name)
}

// isCallID reports whether a name is that of an id that each call makes up.
func isCallID(name string) bool {
	return slices.ContainsFunc([]string{"request_id", "correlation_id", "trace_id", "idempotency"}, func(part string) bool { return strings.Contains(name, part) })
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
