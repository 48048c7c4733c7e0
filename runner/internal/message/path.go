package message

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// path is a GJSON path of plain keys and numbers, as steps on the wire.
type path struct{ steps []step }

// step leads from a message to a part of one of its fields.
type step struct {
	number  protowire.Number
	tag     byte    // of a single number or text whose tag is one byte; 0 for all others
	scalar  *scalar // of the field, or of a map's values; nil for messages
	names   map[int32]string
	pick    pick
	index   int                // anItem
	key     part               // anEntry
	keyOf   *scalar            // anEntry: the type of keys
	rivals  []protowire.Number // the other members of its oneof
	present bool               // the field has presence
}

// pick says which part of a field is meant.
type pick uint8

const (
	theValue pick = iota // of a field that is neither a list nor a map
	anItem               // of a list
	theCount             // of a list
	anEntry              // of a map
)

// plainPath is a path that consists of keys and numbers alone, without anything else that GJSON reads.
var plainPath = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.#)?$`)

// plainKey is a map key that is a number or a truth value, as JSON writes it.
var plainKey = regexp.MustCompile(`^(-?[1-9][0-9]*|0|true|false)$`)

// compilePath compiles a path, if it can be walked on the wire. wrong says why nothing can ever be there. exists means
// that only the existence of a value is asked.
func compilePath(d protoreflect.MessageDescriptor, text string, exists bool) (p *path, wrong string) {
	if !plainPath.MatchString(text) {
		return nil, ""
	}
	p = &path{}
	for parts := strings.Split(text, "."); len(parts) > 0; {
		if isWellKnown(d) {
			return nil, ""
		}
		f := fieldByName(d, parts[0])
		if f == nil {
			return nil, fmt.Sprintf("%s has no field %s%s", d.FullName(), strict.Quote(parts[0]), strict.Suggest(parts[0], fieldNames(d)))
		}
		s, rest, wrong := newStep(f, parts)
		if wrong != "" {
			return nil, wrong
		}
		p.steps, parts = append(p.steps, s), rest
		inner := f
		if f.IsMap() {
			inner = f.MapValue()
		}
		switch {
		case f.Kind() == protoreflect.GroupKind, s.index < 0:
			return nil, ""
		case s.pick == theCount && len(parts) == 0:
			return p, ""
		case inner.Message() == nil && len(parts) > 0:
			return nil, fmt.Sprintf("%s is a %s, and has no %s", f.Name(), inner.Kind(), strict.Quote(parts[0]))
		case inner.Message() != nil && len(parts) == 0 && !exists, inner.Message() != nil && isWellKnown(inner.Message()):
			return nil, "" // a whole message, or one with its own form in JSON
		}
		d = inner.Message()
	}
	return p, ""
}

// newStep is the step for the first parts of a path. An index below 0 means that only JSON can answer.
func newStep(f protoreflect.FieldDescriptor, parts []string) (s step, rest []string, wrong string) {
	s = step{number: f.Number(), present: f.HasPresence()}
	value := f
	if f.IsMap() {
		value = f.MapValue()
	}
	if e := value.Enum(); e != nil && e.IsClosed() && (f.IsList() || f.IsMap()) {
		s.index = -1 // numbers without a name are no values
		return s, nil, ""
	}
	if value.Message() == nil {
		s.scalar = scalarOf(value)
		s.names = enumNames(value)
	}
	if one := f.ContainingOneof(); one != nil {
		for i := range one.Fields().Len() {
			if other := one.Fields().Get(i); other.Number() != f.Number() {
				s.rivals = append(s.rivals, other.Number())
			}
		}
	}
	rest = parts[1:]
	switch {
	case !f.IsList() && !f.IsMap():
		if tag := tagOf(f); s.scalar != nil && len(tag) == 1 {
			s.tag = tag[0]
		}
		return s, rest, ""
	case len(rest) == 0:
		s.index = -1
		return s, rest, ""
	case f.IsMap():
		s.pick, s.keyOf = anEntry, scalarOf(f.MapKey())
		key, ok := s.keyOf.append(nil, []byte(rest[0]))
		if s.key, _ = consume(s.keyOf.wireType(), key); !ok || s.keyOf.kind != protoreflect.StringKind && !plainKey.MatchString(rest[0]) || rest[0] == "#" {
			s.index = -1
		}
	case rest[0] == "#":
		s.pick = theCount
	default:
		index, err := strconv.ParseUint(rest[0], 10, 31)
		if err != nil || strconv.FormatUint(index, 10) != rest[0] {
			return s, nil, fmt.Sprintf("%s is a list; write %s.0.%s for the first item, or %s.#.%s for all", f.Name(), f.Name(), rest[0], f.Name(), rest[0])
		}
		s.pick, s.index = anItem, int(index)
	}
	return s, rest[1:], ""
}

// enumNames are the names of an enum's values by number; nil for other types.
func enumNames(f protoreflect.FieldDescriptor) map[int32]string {
	if f.Enum() == nil {
		return nil
	}
	names := map[int32]string{}
	values := f.Enum().Values()
	for i := range values.Len() {
		v := values.Get(i)
		if _, twice := names[int32(v.Number())]; !twice { // an alias comes later
			names[int32(v.Number())] = string(v.Name())
		}
	}
	return names
}
