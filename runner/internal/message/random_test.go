package message_test

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"pgregory.net/rapid"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/internal/message"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// draw makes a message as a profile says it: a tree in which some values are variables, and the same tree without
// variables.
type draw struct {
	*rapid.T
	saved []profile.Value
}

func text(t string) plan.Tree { return plan.Tree{Kind: profile.TextTree, Text: plan.Lit(t)} }

func number(t string) plan.Tree { return plan.Tree{Kind: profile.NumberTree, Text: plan.Lit(t)} }

// scalar is a value written bare, in quotes, or as a variable.
func (d *draw) scalar(value profile.Value) (written, plain plan.Tree) {
	plain = text(value.Text)
	if value.Kind == profile.NumberValue {
		plain = number(value.Text)
	}
	if value.Kind == profile.BoolValue {
		plain.Kind = profile.BoolTree
	}
	switch rapid.IntRange(0, 3).Draw(d.T, "form") {
	case 0:
		d.saved = append(d.saved, value)
		return plan.Tree{Kind: profile.TextTree, Text: plan.Text{{Kind: plan.Saved, Slot: len(d.saved) - 1}}}, plain
	case 1:
		return text(value.Text), plain
	}
	return plain, plain
}

func (d *draw) value(f protoreflect.FieldDescriptor) (written, plain plan.Tree) {
	of := func(kind profile.ValueKind, t string) (plan.Tree, plan.Tree) {
		return d.scalar(profile.Value{Kind: kind, Text: t})
	}
	integer := func(t string) (plan.Tree, plan.Tree) {
		if rapid.IntRange(0, 5).Draw(d.T, "exponent") == 0 && len(t) < 8 {
			t += ".0e0"
		}
		return of(profile.NumberValue, t)
	}
	switch f.Kind() {
	case protoreflect.BoolKind:
		return of(profile.BoolValue, strconv.FormatBool(rapid.Bool().Draw(d.T, "bool")))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return integer(fmt.Sprint(rapid.Int32().Draw(d.T, "int32")))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return integer(fmt.Sprint(rapid.Int64().Draw(d.T, "int64")))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return integer(fmt.Sprint(rapid.Uint32().Draw(d.T, "uint32")))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return integer(fmt.Sprint(rapid.Uint64().Draw(d.T, "uint64")))
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		switch rapid.IntRange(0, 9).Draw(d.T, "odd") {
		case 0:
			return of(profile.TextValue, rapid.SampledFrom([]string{"NaN", "Infinity", "-Infinity"}).Draw(d.T, "none"))
		case 1:
			return of(profile.NumberValue, rapid.SampledFrom([]string{"-0", "0", "1e-40", "123456789", "1E+3"}).Draw(d.T, "edge"))
		}
		return of(profile.NumberValue, strconv.FormatFloat(float64(rapid.Float32Range(-1e30, 1e30).Draw(d.T, "float")), 'g', -1, 32))
	case protoreflect.StringKind:
		w, p := of(profile.TextValue, rapid.String().Draw(d.T, "string"))
		return w, p
	case protoreflect.BytesKind:
		encoding := rapid.SampledFrom([]*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding}).Draw(d.T, "alphabet")
		return of(profile.TextValue, encoding.EncodeToString(rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(d.T, "bytes")))
	case protoreflect.EnumKind:
		values := f.Enum().Values()
		one := values.Get(rapid.IntRange(0, values.Len()-1).Draw(d.T, "enum"))
		if f.Enum().FullName() == "google.protobuf.NullValue" {
			null := plan.Tree{Kind: profile.NullTree, Text: plan.Lit("null")}
			return null, null
		}
		if rapid.Bool().Draw(d.T, "by number") {
			return of(profile.NumberValue, fmt.Sprint(one.Number()))
		}
		return of(profile.TextValue, string(one.Name()))
	}
	return d.message(f.Message(), 3)
}

// wellKnown are values of the types with a JSON form of their own.
func (d *draw) wellKnown(name protoreflect.FullName) (written plan.Tree, ok bool) {
	one := func(all ...string) plan.Tree { return text(rapid.SampledFrom(all).Draw(d.T, string(name))) }
	mapping := func(key string, value plan.Tree) plan.Tree {
		return plan.Tree{Kind: profile.MappingTree, Keys: []plan.Text{plan.Lit(key)}, Items: []plan.Tree{value}}
	}
	switch name {
	case "google.protobuf.Timestamp":
		return one("1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2026-11-26T21:22:23.5+02:00", "1969-12-31T23:59:59.1Z"), true
	case "google.protobuf.Duration":
		return one("0s", "1.5s", "-1.000000001s", "315576000000s"), true
	case "google.protobuf.FieldMask":
		return one("", "a", "fooBar,b.cD"), true
	case "google.protobuf.Struct":
		return mapping("k", mapping("n", number("1.5"))), true
	case "google.protobuf.Value":
		return rapid.SampledFrom([]plan.Tree{number("1"), text("x"), {Kind: profile.NullTree, Text: plan.Lit("null")}, {Kind: profile.BoolTree, Text: plan.Lit("true")}, mapping("a", text("b")), {Kind: profile.ListTree, Items: []plan.Tree{number("2")}}}).Draw(d.T, "Value"), true
	case "google.protobuf.ListValue":
		return plan.Tree{Kind: profile.ListTree, Items: []plan.Tree{number("1"), text("two")}}, true
	case "google.protobuf.Any":
		any := mapping("@type", text("type.googleapis.com/all.Scalars"))
		any.Keys, any.Items = append(any.Keys, plan.Lit("f_int64")), append(any.Items, number("-1472264933949945808"))
		return any, true
	}
	return plan.Tree{}, false
}

func (d *draw) message(of protoreflect.MessageDescriptor, depth int) (written, plain plan.Tree) {
	if known, ok := d.wellKnown(of.FullName()); ok {
		return known, known
	}
	if of.ParentFile().Path() == "google/protobuf/wrappers.proto" {
		return d.value(of.Fields().Get(0))
	}
	written, plain = plan.Tree{Kind: profile.MappingTree}, plan.Tree{Kind: profile.MappingTree}
	chosen := map[string]bool{}
	add := func(name string, w, p plan.Tree) {
		written.Keys, written.Items = append(written.Keys, plan.Lit(name)), append(written.Items, w)
		plain.Keys, plain.Items = append(plain.Keys, plan.Lit(name)), append(plain.Items, p)
	}
	for i := range of.Fields().Len() {
		f := of.Fields().Get(i)
		if f.Cardinality() != protoreflect.Required && (rapid.IntRange(0, 2).Draw(d.T, "left out") > 0 || f.Message() != nil && depth == 0) {
			continue
		}
		if one := f.ContainingOneof(); one != nil && !one.IsSynthetic() {
			if chosen[string(one.Name())] {
				continue
			}
			chosen[string(one.Name())] = true
		}
		name := f.JSONName()
		if rapid.Bool().Draw(d.T, "as in the .proto") {
			name = f.TextName()
		}
		single := func(f protoreflect.FieldDescriptor) (plan.Tree, plan.Tree) {
			if f.Message() != nil {
				return d.message(f.Message(), depth-1)
			}
			return d.value(f)
		}
		n := rapid.IntRange(0, 3).Draw(d.T, "items")
		switch {
		case f.IsMap():
			w, p := plan.Tree{Kind: profile.MappingTree}, plan.Tree{Kind: profile.MappingTree}
			seen := map[string]bool{}
			for range n {
				_, key := d.value(f.MapKey())
				fixed, _ := key.Text.Static()
				inner, innerPlain := single(f.MapValue())
				if exact, err := strconv.ParseFloat(fixed, 64); f.MapKey().Kind() != protoreflect.StringKind && err == nil && exact == math.Trunc(exact) {
					fixed = strconv.FormatFloat(math.Mod(exact, 1000), 'f', -1, 64)
					if fixed == "-0" {
						fixed = "0"
					}
				}
				if seen[fixed] {
					continue
				}
				seen[fixed] = true
				w.Keys, w.Items = append(w.Keys, plan.Lit(fixed)), append(w.Items, inner)
				p.Keys, p.Items = append(p.Keys, plan.Lit(fixed)), append(p.Items, innerPlain)
			}
			add(name, w, p)
		case f.IsList():
			w, p := plan.Tree{Kind: profile.ListTree}, plan.Tree{Kind: profile.ListTree}
			for range n {
				inner, innerPlain := single(f)
				w.Items, p.Items = append(w.Items, inner), append(p.Items, innerPlain)
			}
			add(name, w, p)
		default:
			w, p := single(f)
			add(name, w, p)
		}
	}
	return written, plain
}

// Random messages are the same on the wire as those that protojson and dynamicpb make.
func TestTemplateEqualsProtojson(t *testing.T) {
	all := types(t)
	source := datagen.New(&plan.Plan{AllUsers: 1})
	for _, name := range []string{"Unary", "Old"} {
		m := method(t, name)
		rapid.Check(t, func(rt *rapid.T) {
			d := &draw{T: rt}
			written, plain := d.message(m.Input(), 3)
			user := source.User(0, len(d.saved))
			for slot, value := range d.saved {
				user.Save(slot, value)
			}
			made, problems := m.Template(written, strict.Place{})
			if len(problems) > 0 {
				rt.Fatal(problems)
			}
			wire, wrong := made.Append(nil, user)
			if wrong != "" {
				rt.Fatal(wrong)
			}
			json, _ := plain.JSON(nil).Static()
			want := dynamicpb.NewMessage(m.Input())
			if err := (protojson.UnmarshalOptions{Resolver: all}).Unmarshal([]byte(json), want); err != nil {
				rt.Fatalf("%v in %s", err, json)
			}
			got := dynamicpb.NewMessage(m.Input())
			if err := (proto.UnmarshalOptions{Resolver: all}).Unmarshal(wire, got); err != nil {
				rt.Fatal(err)
			}
			if !proto.Equal(got, want) {
				rt.Fatalf("%s\ngives %v\nwant  %v", json, got, want)
			}
			if fixed, ok := made.Static(); ok && string(fixed) != string(wire) {
				rt.Fatal("the static form is another")
			}
		})
	}
}

var _ message.Values = (*datagen.User)(nil)
