package message

import (
	"strings"
	"sync"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plimsoll-ci/plimsoll/runner/internal/answer"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Judge checks the answers of a method, or the messages of a stream, against conditions, and saves from them.
type Judge struct {
	types      *Types
	output     protoreflect.MessageDescriptor
	conditions []condition
	saves      []saving
}

type condition struct {
	plan.Condition
	part  wanted
	wrong string
}

type saving struct {
	plan.Save
	part wanted
}

// wanted is the part of an answer that a condition or a save is about.
type wanted struct {
	of      profile.Source
	name    string
	inProto string // name with the names of the .proto, if it is a path in JSON
	at      *path  // on the wire; nil if only JSON or the head can tell
}

// Answer is the answer of a call.
type Answer struct {
	Wire []byte // of the message
	None bool   // there is no message: the call ended with another code than OK
	Head Head   // nil for a message of a stream
}

// Head holds the metadata, trailers and status of an answer. Names are in lower case.
type Head interface {
	Metadata(name string) (value string, ok bool) // in front of the answer
	Trailer(name string) (value string, ok bool)  // behind it
	Text() string                                 // beside the code
	Details() []byte                              // wire form of a google.rpc.Status; empty for none
}

// Scratch is memory for one Check at a time. The zero Scratch is ready.
type Scratch struct{ text []byte }

// The texts that conditions can name, and what each is in gRPC.
const (
	theBody = "the body"
	theText = "the text of the code"
)

// Judge compiles conditions and saves.
func (m *Method) Judge(conditions []plan.Condition, saves []plan.Save) (*Judge, strict.Problems) {
	j := &Judge{types: m.types, output: m.of.Output()}
	var problems strict.Problems
	ofMessage := sync.OnceValue(func() *names { return namesOf(m.of.Output()) })
	ofDetails := sync.OnceValue(m.types.namesOfDetails)
	compile := func(of profile.Source, name string, exists bool, at strict.Place) wanted {
		w := wanted{of: of, name: name}
		switch of {
		case profile.OfJSON:
			var wrong string
			if w.at, wrong = compilePath(m.of.Output(), name, exists); wrong != "" {
				problems = append(problems, at.Problem("%s", wrong))
			}
			w.inProto = ofMessage().path(name)
		case profile.OfDetails:
			w.inProto = ofDetails().path(name)
		}
		return w
	}
	for _, c := range conditions {
		made := condition{Condition: c, part: compile(c.Of, c.Path, c.Op == profile.Exists, c.Place), wrong: "expected " + c.String()}
		if c.Of == profile.OfText {
			made.wrong = strings.Replace(made.wrong, theBody, theText, 1)
		}
		j.conditions = append(j.conditions, made)
	}
	for _, s := range saves {
		j.saves = append(j.saves, saving{s, compile(s.Of, s.Path, false, s.Place)})
	}
	return j, problems
}

// Check checks an answer. If all conditions hold, it saves values from it. wrong is one sentence, and equal
// faults have equal sentences.
func (j *Judge) Check(a Answer, to answer.Saver, s *Scratch) (wrong string) {
	if len(j.conditions)+len(j.saves) == 0 {
		return ""
	}
	r := reading{j: j, a: a, scratch: s}
	for i := range j.conditions {
		c := &j.conditions[i]
		if c.Of == profile.OfJSON && a.None {
			continue
		}
		value := r.value(&c.part)
		if r.wrong != "" {
			return r.wrong
		}
		if value.Kind == profile.NumberValue { // protobuf's JSON may write it with quotes or without
			value.Kind = profile.UntypedValue
		}
		if !c.Holds(value) {
			return c.wrong + r.held(c.Of, value)
		}
	}
	for i := range j.saves {
		value := r.value(&j.saves[i].part)
		if r.wrong != "" {
			return r.wrong
		}
		if wrong := answer.Keep(&j.saves[i].Save, value, to); wrong != "" {
			if j.saves[i].Of == profile.OfText {
				wrong = strings.Replace(wrong, theBody, theText, 1)
			}
			return wrong + r.held(j.saves[i].Of, value)
		}
	}
	return ""
}

// Holds reports whether an answer meets all conditions: whether it is the awaited reply.
func (j *Judge) Holds(a Answer, s *Scratch) bool {
	r := reading{j: j, a: a, scratch: s}
	for i := range j.conditions {
		c := &j.conditions[i]
		value := r.value(&c.part)
		if value.Kind == profile.NumberValue {
			value.Kind = profile.UntypedValue
		}
		if r.wrong != "" || !c.Holds(value) {
			return false
		}
	}
	return true
}

// reading is an answer being judged, with its decoded forms.
type reading struct {
	j       *Judge
	a       Answer
	scratch *Scratch
	message protoreflect.Message // decoded
	json    [2][]byte            // with names as in the .proto, and in camel case
	details [2][]byte            // the same of the details
	wrong   string
}

// value is a part of the answer. It is valid until the next one is asked for.
func (r *reading) value(w *wanted) profile.Value {
	switch w.of {
	case profile.OfJSON:
		return r.ofMessage(w)
	case profile.OfText:
		if r.a.Head != nil {
			return profile.Value{Kind: profile.TextValue, Text: r.a.Head.Text()}
		}
	case profile.OfDetails:
		return r.ofDetails(w)
	case profile.OfMetadata, profile.OfTrailer:
		if r.a.Head == nil {
			break
		}
		get := r.a.Head.Metadata
		if w.of == profile.OfTrailer {
			get = r.a.Head.Trailer
		}
		if text, ok := get(strings.ToLower(w.name)); ok {
			return profile.Value{Kind: profile.UntypedValue, Text: text}
		}
	}
	return profile.Value{}
}

// ofMessage is the value at a path of the message: from the wire if the path allows, else from its JSON.
func (r *reading) ofMessage(w *wanted) profile.Value {
	if r.a.None {
		return profile.Value{}
	}
	if w.at != nil {
		switch value, found := r.scratch.find(r.a.Wire, w.at.steps); found {
		case here:
			return value
		case broken:
			r.wrong = "the answer is no " + string(r.j.output.FullName())
			return profile.Value{}
		}
	}
	for i, naming := range namings {
		if r.json[i] == nil && !r.decode(i, naming) {
			return profile.Value{}
		}
		if value := answer.JSONAt(r.json[i], w.path(i)); value.Kind != profile.NoValue {
			return value
		}
	}
	return profile.Value{}
}

// path is the path that is asked of the JSON in one of the namings.
func (w *wanted) path(naming int) string {
	if naming == 0 {
		return w.inProto
	}
	return w.name
}

// decode makes JSON of the message.
func (r *reading) decode(i int, naming naming) bool {
	if r.message == nil {
		m, err := r.j.types.decode(r.j.output, r.a.Wire)
		if err != nil {
			r.wrong = "the answer is no " + string(r.j.output.FullName())
			return false
		}
		r.message = m
	}
	r.json[i] = r.j.types.json(nil, r.message, naming)
	return true
}

// ofDetails is the value at a path of the details of the code.
func (r *reading) ofDetails(w *wanted) profile.Value {
	if r.a.Head == nil {
		return profile.Value{}
	}
	for i, naming := range namings {
		if r.details[i] == nil {
			r.details[i] = r.j.types.details(r.a.Head.Details(), naming)
		}
		if value := answer.JSONAt(r.details[i], w.path(i)); value.Kind != profile.NoValue {
			return value
		}
	}
	return profile.Value{}
}

// mostHeld bounds the messages that a sentence names.
const mostHeld = 3

// held ends the sentence about a value missing in the details: it names the messages that are there.
func (r *reading) held(of profile.Source, value profile.Value) string {
	if of != profile.OfDetails || value.Kind != profile.NoValue || r.a.Head == nil {
		return ""
	}
	var s status.Status
	if err := proto.Unmarshal(r.a.Head.Details(), &s); err != nil || len(s.Details) == 0 {
		return "; the code has no details"
	}
	var names []string
	for _, detail := range s.Details[:min(len(s.Details), mostHeld)] {
		names = append(names, strict.Quote(detail.TypeUrl[strings.LastIndexByte(detail.TypeUrl, '/')+1:]))
	}
	return "; the details are " + strings.Join(names, ", ")
}

// details is the details of a google.rpc.Status as a JSON list; nil if wire holds no such message.
func (t *Types) details(wire []byte, name naming) []byte {
	var s status.Status
	if err := proto.Unmarshal(wire, &s); err != nil {
		return []byte("[]")
	}
	w := &jsonWriter{Types: t, name: name}
	json := []byte{'['}
	for i, detail := range s.Details {
		if i > 0 {
			json = append(json, ',')
		}
		json = w.any(json, detail.TypeUrl, detail.Value)
	}
	return append(json, ']')
}
