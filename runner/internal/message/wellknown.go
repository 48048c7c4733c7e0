package message

import (
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Types that have a form of their own in JSON.
const (
	timestamp    = "google.protobuf.Timestamp"
	nullValue    = "google.protobuf.NullValue"
	dynamicValue = "google.protobuf.Value"
	anyMessage   = "google.protobuf.Any"
)

// examples has an example for each type whose JSON is not a mapping of its fields. Wrappers have none: their JSON is
// that of their value.
var examples = map[protoreflect.FullName]string{
	timestamp:                     "2026-01-02T15:04:05Z",
	"google.protobuf.Duration":    "1.5s",
	"google.protobuf.FieldMask":   "name,address.city",
	"google.protobuf.Struct":      "{key: value}",
	"google.protobuf.ListValue":   "[1, two]",
	dynamicValue:                  "",
	anyMessage:                    "{\"@type\": type.googleapis.com/shop.v1.Item, id: 1}",
	"google.protobuf.DoubleValue": "", "google.protobuf.FloatValue": "", "google.protobuf.Int64Value": "", "google.protobuf.UInt64Value": "",
	"google.protobuf.Int32Value": "", "google.protobuf.UInt32Value": "", "google.protobuf.BoolValue": "", "google.protobuf.StringValue": "",
	"google.protobuf.BytesValue": "",
}

// isWellKnown reports whether a type has a form of its own in JSON.
func isWellKnown(d protoreflect.MessageDescriptor) bool {
	_, ok := examples[d.FullName()]
	return ok
}

// isWrapper reports whether the JSON of a type is that of its only field.
func isWrapper(d protoreflect.MessageDescriptor) bool {
	return isWellKnown(d) && strings.HasSuffix(string(d.FullName()), "Value") && d.Fields().Len() == 1 && !d.Fields().Get(0).IsList()
}

// wellKnown compiles a value of such a type, without a tag and a length.
func (c *compiler) wellKnown(t plan.Tree, d protoreflect.MessageDescriptor) []node {
	if isWrapper(d) {
		return c.of(t, d.Fields().Get(0))
	}
	text := t.JSON(nil)
	fixed, ok := text.Static()
	if !ok {
		return []node{{kind: someJSON, text: text, parse: d, types: c.types, wrong: c.wrong(t, string(d.FullName()))}}
	}
	wire, err := c.types.parse([]byte(fixed), d, false)
	switch {
	case err == nil:
		return []node{{literal: wire}}
	case d.FullName() == anyMessage:
		c.problem(t, "%s", unresolved.ReplaceAllString(reason(err), "the description has no message $1"))
	default:
		c.problem(t, "%s is no %s such as %s", shown(t), d.FullName(), examples[d.FullName()])
	}
	return nil
}

// parse is the wire form of a message written as JSON. If partly, required fields may be missing.
func (t *Types) parse(text []byte, d protoreflect.MessageDescriptor, partly bool) ([]byte, error) {
	m := dynamicpb.NewMessage(d)
	if err := (protojson.UnmarshalOptions{Resolver: t.types, AllowPartial: partly}).Unmarshal(text, m); err != nil {
		return nil, err
	}
	return proto.MarshalOptions{Deterministic: true, AllowPartial: partly}.Marshal(m)
}

// ofProtobuf begins the errors of the library.
var ofProtobuf = regexp.MustCompile(`^proto:[\s\x{a0}]*(\(line \d+:\d+\):\s*)?|syntax error \(line \d+:\d+\): `)

// unresolved is the error of an Any whose message nobody describes.
var unresolved = regexp.MustCompile(`unable to resolve "(?:[^"]*/)?([^"]*)": "not found"`)

// reason is an error of the library for people.
func reason(err error) string { return ofProtobuf.ReplaceAllString(err.Error(), "") }

// suggestSorted is strict.Suggest with the names in alphabetical order.
func suggestSorted(written string, names []string) string {
	slices.Sort(names)
	return strict.Suggest(written, names)
}
