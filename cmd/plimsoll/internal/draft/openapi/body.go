package openapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	api "github.com/plimsoll-ci/plimsoll/runner/openapi"
)

// body is the body of a step: its key in the profile, its value, and headers that belong to it.
type body struct {
	key     string // json, form, multipart or body; empty for none
	value   any
	headers []header
}

// preferred are kinds of media types, the one that says most about its values first.
var preferred = []func(string) bool{
	func(t string) bool { return t == "application/json" },
	func(t string) bool {
		return strings.HasSuffix(t, "+json") || t == "text/json" || strings.HasPrefix(t, "application/json")
	},
	func(t string) bool { return t == formType },
	func(t string) bool { return t == multipartType },
	func(t string) bool { return t == "*/*" || t == "application/*" },
	func(t string) bool { return strings.HasPrefix(t, "text/") && t != "text/xml" },
	func(t string) bool { return !isXML(t) },
	func(string) bool { return true },
}

const (
	formType      = "application/x-www-form-urlencoded"
	multipartType = "multipart/form-data"
)

func isXML(t string) bool { return strings.HasSuffix(t, "/xml") || strings.HasSuffix(t, "+xml") }

// body makes the body of an operation. One that is optional is left out where it cannot be made.
func (b *drafter) body(p *plan) (made body, err error) {
	bodies, err := p.Bodies()
	if err != nil || len(bodies) == 0 {
		return body{}, err
	}
	var wrong error
	for _, prefer := range preferred {
		for _, of := range bodies {
			if !prefer(of.Type) {
				continue
			}
			if made, err = b.bodyOf(p, of); err == nil {
				if !hasBody(p.Method) && made.isEmpty() {
					return body{}, nil
				}
				return made, nil
			}
			if wrong == nil {
				wrong = fmt.Errorf("its body: %w", err)
			}
		}
	}
	if !bodies[0].Required {
		b.leftOut(p, wrong)
		return body{}, nil
	}
	return body{}, wrong
}

// leftOut tells that an optional body is not sent, once.
func (b *drafter) leftOut(p *plan, wrong error) {
	if p.bodiless || wrong == nil || len(b.out.Notes) >= maxNotes {
		return
	}
	p.bodiless = true
	file, line, column := p.Position()
	b.out.Notes = append(b.out.Notes, draft.Note{File: file, Line: line, Column: column, Text: p.Name() + " is sent without its optional body: " + strings.TrimPrefix(wrong.Error(), "its body: ")})
}

// maxNotes is how many notes one description gets at most.
const maxNotes = 50

// isEmpty reports whether the body says nothing.
func (made body) isEmpty() bool {
	switch v := made.value.(type) {
	case draft.Map:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return made.value == nil
}

// bodyOf makes a body in one media type.
func (b *drafter) bodyOf(p *plan, of api.Body) (body, error) {
	m := b.maker()
	typed := []header{{"Content-Type", draft.Literal(of.Type)}}
	if strings.Contains(of.Type, "*") {
		of.Type, typed = "application/json", nil
	}
	switch {
	case of.Type == formType:
		return b.form(m, p, of)
	case of.Type == multipartType:
		return b.multipart(m, p, of)
	case of.Type == "application/json" || strings.HasSuffix(of.Type, "json"):
		m.loose = p.Method == "POST" || p.Method == "PUT"
		v, err := b.bodyValue(m, p, of)
		if of.Type == "application/json" {
			typed = nil
		}
		return body{"json", v, typed}, err
	}
	for _, example := range of.Examples {
		if example.Kind == api.Text {
			return body{"body", draft.Literal(example.Text), typed}, nil
		}
	}
	s, err := m.shapeOf(of.Schema)
	switch {
	case err != nil:
		return body{}, err
	case isXML(of.Type):
		return body{}, errors.New("it is XML, and the description has no example of it")
	case s.format == "binary" || s.is("file") || len(s.types) == 0 || of.Type == "application/octet-stream":
		b.upload = true
		return body{"body", draft.Map{{Key: "file", Value: uploadName}}, typed}, nil
	case s.is("object") || s.is("array"):
		return body{}, fmt.Errorf("it is %s, which is not made up here", of.Type)
	}
	v, err := m.value("body", of.Schema)
	return body{"body", plainText(v), typed}, err
}

// bodyValue makes the value of a body: an example of the whole, or one from the schema.
func (b *drafter) bodyValue(m *maker, p *plan, of api.Body) (any, error) {
	s, err := m.shapeOf(of.Schema)
	if err != nil {
		return nil, err
	}
	for _, example := range of.Examples {
		if m.fitsShape(example, s) {
			return b.withID(m, p, m.literal(example, s), s), nil
		}
	}
	if of.Schema == nil {
		return draft.Map{}, nil
	}
	m.budget = maxBudget
	v, err := m.value("body", of.Schema)
	return b.withID(m, p, v, s), err
}

// withID makes sure that a body which makes something does not make the same thing twice: what becomes its id is left
// to the system, or else is different each time.
func (b *drafter) withID(m *maker, p *plan, v any, s *shape) any {
	object, ok := v.(draft.Map)
	if !ok {
		return v
	}
	required := func(name string) bool { return slices.Contains(s.required, name) }
	if id := p.withoutID; id != "" && !required(id) {
		object = slices.DeleteFunc(slices.Clone(object), func(e draft.Entry) bool { return e.Key == id })
	}
	if outer, inner, nested := strings.Cut(p.unique, "."); nested {
		if s.props[outer] != nil {
			of, _ := object.Get(outer).(draft.Map)
			of = slices.Clone(of)
			of.Set(inner, "${word}-${int(1,2000000000)}")
			object.Set(outer, of)
		}
		return object
	}
	for _, id := range []string{p.unique, p.withoutID} {
		if id == "" || s.props[id] == nil || id == p.withoutID && object.Get(id) == nil {
			continue
		}
		of, err := m.shapeOf(s.props[id]...)
		switch {
		case err != nil || len(of.enum) > 0 || len(of.patterns) > 0 || of.constant != nil || of.format != "" && !strings.HasPrefix(of.format, "int"):
		case of.is("integer"):
			object.Set(id, "${int(1,2000000000)}")
		case of.is("string") && (of.maxLen < 0 || of.maxLen > 30):
			object.Set(id, "${word}-${int(1,2000000000)}")
		}
	}
	return object
}

// form makes the fields of a form.
func (b *drafter) form(m *maker, p *plan, of api.Body) (body, error) {
	m.inForm = true
	if of.Fields != nil {
		fields, err := b.fields(m, of.Fields, false)
		return body{"form", fields, nil}, err
	}
	v, err := b.bodyValue(m, p, of)
	if err != nil {
		return body{}, err
	}
	object, ok := v.(draft.Map)
	if !ok {
		return body{}, errors.New("it is a form, and its schema is no object")
	}
	return body{"form", inForm(object, of.Encoding, false), nil}, nil
}

// inForm is an object as the fields of a form. A list repeats its name; as a deepObject, and inside of another object,
// where names have brackets anyway, its name has brackets behind it.
func inForm(object draft.Map, encoding *api.Node, nested bool) draft.Map {
	fields := draft.Map{}
	for _, e := range object {
		of := encoding.Get(e.Key)
		deep := nested || of.Get("style").String() == "deepObject"
		switch v := e.Value.(type) {
		case []any:
			if deep {
				e.Key += "[]"
			}
			if len(v) > 0 && isNested(v[0]) {
				e.Key = strings.TrimSuffix(e.Key, "[]")
			}
			e.Value = listInForm(v, of)
		case draft.Map:
			e.Value = inForm(v, nil, true)
		case nil:
			continue
		}
		if list, isList := e.Value.([]any); isList && len(list) == 0 {
			continue
		}
		fields = append(fields, e)
	}
	return fields
}

func listInForm(list []any, encoding *api.Node) (values []any) {
	for _, item := range list {
		switch v := item.(type) {
		case draft.Map:
			item = inForm(v, nil, true)
		case []any:
			item = asJSON(v)
		}
		values = append(values, item)
	}
	if explode := encoding.Get("explode"); explode != nil && !explode.Is() && !slices.ContainsFunc(values, isNested) {
		var texts []string
		for _, v := range values {
			texts = append(texts, plainText(v))
		}
		return []any{strings.Join(texts, ",")}
	}
	return values
}

// fields are the fields of a form of OpenAPI 2.0, each a parameter of its own: those required, those with an example,
// and files.
func (b *drafter) fields(m *maker, list []*api.Node, parts bool) (draft.Map, error) {
	fields := draft.Map{}
	for _, n := range list {
		name := n.Get("name").String()
		s, err := m.shapeOf(n)
		if err != nil {
			return nil, err
		}
		if s.is("file") {
			b.upload = true
			fields.Set(name, draft.Map{{Key: "file", Value: uploadName}, {Key: "type", Value: "text/plain"}})
			continue
		}
		if !n.Get("required").Is() && len(s.examples) == 0 {
			continue
		}
		v, err := m.value(name, n)
		if err != nil {
			return nil, inside(name, err)
		}
		if list, isList := v.([]any); isList && n.Get("collectionFormat").String() != "multi" {
			var texts []string
			for _, item := range list {
				texts = append(texts, plainText(item))
			}
			v = strings.Join(texts, ",")
		}
		if parts {
			v = asParts(v)
		}
		fields.Set(draft.Literal(name), v)
	}
	return fields, nil
}

// asParts is a value as the text of a part, or a list as those of several.
func asParts(v any) any {
	list, isList := v.([]any)
	if !isList {
		return plainText(v)
	}
	var texts []any
	for _, item := range list {
		texts = append(texts, plainText(item))
	}
	return texts
}

// multipart makes the parts of a multipart form.
func (b *drafter) multipart(m *maker, p *plan, of api.Body) (body, error) {
	if of.Fields != nil {
		fields, err := b.fields(m, of.Fields, true)
		return body{"multipart", fields, nil}, err
	}
	s, err := m.shapeOf(of.Schema)
	if err != nil {
		return body{}, err
	}
	if v, err := b.bodyValue(m, p, of); err == nil || len(s.names) == 0 {
		object, ok := v.(draft.Map)
		if err != nil || !ok {
			return body{}, errors.Join(err, errors.New("it is a form, and its schema is no object"))
		}
		return b.parts(m, s, object, of.Encoding)
	}
	return body{}, err
}

// parts are the parts of an object: files for what is binary, JSON for objects, texts for the rest. Files that may be
// left out are sent too: they are what such an operation is about.
func (b *drafter) parts(m *maker, s *shape, object draft.Map, encoding *api.Node) (body, error) {
	parts := draft.Map{}
	for _, name := range s.names {
		of, err := m.shapeOf(s.props[name]...)
		if err != nil {
			return body{}, err
		}
		list := of.is("array")
		if list && len(of.items) > 0 {
			if of, err = m.shapeOf(of.items...); err != nil {
				return body{}, err
			}
		}
		isFile := of.format == "binary" || of.is("file")
		v := object.Get(draft.Literal(name))
		switch {
		case of.readOnly:
		case isFile && (v != nil || !list):
			b.upload = true
			file := draft.Map{{Key: "file", Value: uploadName}, {Key: "type", Value: "text/plain"}}
			if types := encoding.Get(name).Get("contentType").String(); types != "" && !strings.ContainsAny(types, "*,") {
				file[1].Value = types
			}
			parts = append(parts, draft.Entry{Key: draft.Literal(name), Value: file})
		case v == nil:
		case list:
			if values, _ := asParts(v).([]any); len(values) > 0 {
				parts = append(parts, draft.Entry{Key: draft.Literal(name), Value: values})
			}
		default:
			parts = append(parts, draft.Entry{Key: draft.Literal(name), Value: plainText(v)})
		}
	}
	for _, e := range object {
		if parts.Get(e.Key) == nil && s.props[e.Key] == nil {
			parts = append(parts, draft.Entry{Key: e.Key, Value: plainText(e.Value)})
		}
	}
	return body{"multipart", parts, nil}, nil
}

// uploadName is the file that is sent where a description wants one.
const uploadName = "plimsoll-upload.txt"

// uploadContent is 1 KB of text.
func uploadContent() []byte { return []byte(strings.Repeat("plimsoll upload\n", 64)) }
