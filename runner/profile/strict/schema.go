package strict

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Schema is what a value may be, as JSON Schema (draft 2020-12) says it.
type Schema struct {
	Dialect     string `json:"$schema,omitempty"`
	ID          string `json:"$id,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`

	Type    any   `json:"type,omitempty"` // a string or a []string
	Enum    []any `json:"enum,omitempty"`
	Default any   `json:"default,omitempty"`

	Pattern          string   `json:"pattern,omitempty"`
	PatternHint      string   `json:"patternErrorMessage,omitempty"` // what editors say instead of the pattern
	Minimum          *float64 `json:"minimum,omitempty"`
	ExclusiveMinimum *float64 `json:"exclusiveMinimum,omitempty"`
	Maximum          *float64 `json:"maximum,omitempty"`

	Items       *Schema `json:"items,omitempty"`
	MinItems    int     `json:"minItems,omitempty"`
	UniqueItems bool    `json:"uniqueItems,omitempty"`

	Properties           Properties          `json:"properties,omitempty"`
	MinProperties        int                 `json:"minProperties,omitempty"`
	PatternProperties    map[string]*Schema  `json:"patternProperties,omitempty"`
	PropertyNames        *Schema             `json:"propertyNames,omitempty"`
	AdditionalProperties any                 `json:"additionalProperties,omitempty"` // false or a *Schema
	Required             []string            `json:"required,omitempty"`
	DependentRequired    map[string][]string `json:"dependentRequired,omitempty"`

	AllOf []*Schema `json:"allOf,omitempty"`
	AnyOf []*Schema `json:"anyOf,omitempty"`
	OneOf []*Schema `json:"oneOf,omitempty"`
	Not   *Schema   `json:"not,omitempty"`
	If    *Schema   `json:"if,omitempty"`
	Then  *Schema   `json:"then,omitempty"`
	Else  *Schema   `json:"else,omitempty"`

	Ref  string             `json:"$ref,omitempty"`
	Defs map[string]*Schema `json:"$defs,omitempty"`

	any bool // a value of any kind is meant
}

// Property is one known key of a mapping.
type Property struct {
	Name  string
	Value *Schema
}

// Properties are the known keys of a mapping, in the order in which the reader names them.
type Properties []Property

// MarshalJSON writes an object whose members keep their order.
func (p Properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, property := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := enc.Encode(property.Name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := enc.Encode(property.Value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Describe runs read without a file and returns what it accepts. Every reader that it calls adds
// to the schema of the node that it is given; no reader stores a value or notes a problem. It
// panics when a reader looks at a node by itself and describes nothing.
func Describe(read func(r *Reader, root *yaml.Node)) *Schema {
	r := &Reader{schemas: map[*yaml.Node]*Schema{}, defs: map[string]*Schema{}}
	root := &Schema{}
	read(r, r.stand(root))
	for _, s := range r.schemas {
		if s.Type == nil && s.Enum == nil && s.AnyOf == nil && s.Ref == "" && !s.any {
			panic("strict: a reader of " + s.Description + " does not describe what it reads")
		}
	}
	root.Defs = r.defs
	return root
}

// stand makes a placeholder node for a value to describe.
func (r *Reader) stand(s *Schema) *yaml.Node {
	n := &yaml.Node{}
	r.schemas[n] = s
	return n
}

// describing returns the schema that a reader of n adds to; nil when a file is read.
func (r *Reader) describing(n *yaml.Node) *Schema { return r.schemas[n] }

// Set replaces the schema of a known key, whose description stays.
func (s *Schema) Set(name string, value *Schema) {
	for i, p := range s.Properties {
		if p.Name == name {
			value.Description = p.Value.Description
			s.Properties[i].Value = value
		}
	}
}

// describeMapping runs the readers of the fields.
func (r *Reader) describeMapping(s *Schema, fields []Field) {
	s.Type, s.AdditionalProperties = "object", false
	for _, f := range fields {
		switch {
		case f.refused:
			continue
		case f.prefix:
			s.PatternProperties = map[string]*Schema{"^" + f.name: {Description: f.doc}}
			continue
		}
		value := &Schema{Description: f.doc}
		s.Properties = append(s.Properties, Property{f.name, value})
		if f.missing != "" {
			s.Required = append(s.Required, f.name)
		}
		r.In(f.name, func() { f.read(r.stand(value)) })
	}
}

// describeForms runs the readers of all forms.
func (r *Reader) describeForms(s *Schema, forms []Form) {
	for _, form := range forms {
		if form.Refused != "" {
			continue
		}
		of := &Schema{}
		form.Read(r.stand(of))
		if !slices.Contains(of.Required, form.Key) {
			of.Required = append(of.Required, form.Key)
		}
		s.AnyOf = append(s.AnyOf, of)
	}
}

// describe adds a sentence to the description.
func (s *Schema) describe(format string, args ...any) {
	s.Description = strings.TrimSpace(s.Description + " " + fmt.Sprintf(format, args...))
}
