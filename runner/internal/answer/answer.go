// Package answer checks answers, in the parts that protocols share: conditions on the body, on its
// JSON and on the head, and values saved from them.
//
// It looks only at bytes and texts. A fault is one sentence, and equal faults have equal sentences; an
// empty one means no fault. A value keeps its kind and all its digits.
package answer

import (
	"slices"
	"strconv"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Saver keeps values of a user.
type Saver interface {
	// Save keeps a copy of a value. The zero Value empties the slot.
	Save(slot int, value profile.Value)
}

// Answer is an answer of the system.
type Answer struct {
	Body []byte // decoded
	Head Head   // nil for a protocol whose answers have none
	JSON bool   // the body is known to be valid JSON
}

// Head is the part of an answer before its body. Names are compared as the protocol does.
type Head interface {
	// Header is the value of a header. Lines of one name are joined with ", " (RFC 9110, section 5.3).
	Header(name string) (value string, ok bool)
	// Cookie is the value of a cookie that this answer sets.
	Cookie(name string) (value string, ok bool)
}

// NeedsBody reports whether the body matters to these conditions and saves.
func NeedsBody(conditions []plan.Condition, saves []plan.Save) bool {
	return anyOf(conditions, saves, func(of profile.Source) bool { return !ofHead(of) })
}

// NeedsHead reports whether the head matters to these conditions and saves.
func NeedsHead(conditions []plan.Condition, saves []plan.Save) bool {
	return anyOf(conditions, saves, ofHead)
}

func ofHead(of profile.Source) bool {
	return of == profile.OfHeader || of == profile.OfCookie || of == profile.OfEvent
}

func anyOf(conditions []plan.Condition, saves []plan.Save, is func(profile.Source) bool) bool {
	for i := range conditions {
		if is(conditions[i].Of) {
			return true
		}
	}
	for i := range saves {
		if is(saves[i].Of) {
			return true
		}
	}
	return false
}

// Holds reports whether the answer meets all conditions.
func (a Answer) Holds(conditions []plan.Condition) bool {
	if len(conditions) == 0 {
		return true
	}
	if a.readable(conditions, nil) != "" {
		return false
	}
	for i := range conditions {
		if c := &conditions[i]; !c.Holds(a.value(c.Of, c.Path)) {
			return false
		}
	}
	return true
}

// Check checks the answer against conditions. If all hold, it saves values from it.
func (a Answer) Check(conditions []plan.Condition, saves []plan.Save, to Saver) (wrong string) {
	if wrong := a.readable(conditions, saves); wrong != "" {
		return wrong
	}
	for i := range conditions {
		if c := &conditions[i]; !c.Holds(a.value(c.Of, c.Path)) {
			return "expected " + c.String()
		}
	}
	for i := range saves {
		if wrong := Keep(&saves[i], a.value(saves[i].Of, saves[i].Path), to); wrong != "" {
			return wrong
		}
	}
	return ""
}

// Keep saves a value of an answer, or what the expression of the save finds in it.
func Keep(s *plan.Save, value profile.Value, to Saver) (wrong string) {
	if value.Kind == profile.NullValue {
		value = profile.Value{}
	}
	if s.Match != nil && value.Kind != profile.NoValue {
		value = match(s, value.Text)
	}
	if value.Kind == profile.NoValue && !s.Optional {
		return nothing(s)
	}
	to.Save(s.Slot, value)
	return ""
}

// JSONAt is the value at a GJSON path of valid JSON, as conditions and saves see it.
func JSONAt(json []byte, path string) profile.Value { return jsonValue(find(asText(json), path)) }

// readable says why the body is not JSON, if a condition or a save needs JSON. If only optional saves
// do, an empty body is no fault.
func (a Answer) readable(conditions []plan.Condition, saves []plan.Save) (wrong string) {
	isJSON := func(of profile.Source) bool { return of == profile.OfJSON }
	if a.JSON || !anyOf(conditions, saves, isJSON) {
		return ""
	}
	must := func(s plan.Save) bool { return isJSON(s.Of) && !s.Optional }
	if len(a.Body) == 0 && !anyOf(conditions, nil, isJSON) && !slices.ContainsFunc(saves, must) {
		return ""
	}
	return notJSON(a.json())
}

// value is a part of the answer.
func (a Answer) value(of profile.Source, path string) profile.Value {
	switch of {
	case profile.OfText:
		return profile.Value{Kind: profile.TextValue, Text: asText(a.Body)}
	case profile.OfSize:
		return profile.Value{Kind: profile.NumberValue, Text: strconv.Itoa(len(a.Body))}
	case profile.OfHeader, profile.OfCookie, profile.OfEvent:
		if a.Head == nil {
			return profile.Value{}
		}
		get := a.Head.Header // an event's fields count as its head
		if of == profile.OfCookie {
			get = a.Head.Cookie
		}
		if text, ok := get(path); ok {
			return profile.Value{Kind: profile.UntypedValue, Text: text}
		}
		return profile.Value{}
	}
	return jsonValue(find(asText(a.json()), path))
}

// asText is a body without a copy: the body does not change meanwhile, and a Saver copies what it
// keeps.
func asText(body []byte) string { return unsafe.String(unsafe.SliceData(body), len(body)) }

// jsonValue is a part of a JSON answer. Everything but a text stays as it was written.
func jsonValue(got gjson.Result) profile.Value {
	switch {
	case !got.Exists():
		return profile.Value{}
	case got.Type == gjson.String:
		return profile.Value{Kind: profile.TextValue, Text: got.Str}
	case got.Type == gjson.Number:
		return profile.Value{Kind: profile.NumberValue, Text: got.Raw}
	case got.Type == gjson.Null:
		return profile.Value{Kind: profile.NullValue, Text: "null"}
	case got.Type == gjson.JSON:
		return profile.Value{Kind: profile.JSONValue, Text: got.Raw}
	}
	return profile.Value{Kind: profile.BoolValue, Text: got.String()}
}

// match is what a regular expression finds in a text: its first group, or without groups the whole
// match.
func match(s *plan.Save, text string) profile.Value {
	at := s.Match.FindStringSubmatchIndex(text)
	switch {
	case at == nil:
		return profile.Value{}
	case len(at) > 2 && at[2] < 0: // the group is in a part that did not match
		return profile.Value{}
	case len(at) > 2:
		at = at[2:]
	}
	return profile.Value{Kind: profile.UntypedValue, Text: text[at[0]:at[1]]}
}

// nothing says that there is nothing to save.
func nothing(s *plan.Save) string {
	where := s.Path
	switch s.Of {
	case profile.OfText:
		return "nothing to save: the body does not match " + s.Match.String()
	case profile.OfDetails:
		where += " of the details"
	case profile.OfHeader, profile.OfCookie, profile.OfMetadata, profile.OfTrailer:
		where = "the " + string(s.Of) + " " + s.Path
	case profile.OfEvent:
		where = "the event's " + s.Path
	}
	if s.Match != nil {
		return "nothing to save: " + where + " does not match " + s.Match.String()
	}
	return "nothing to save at " + where
}
