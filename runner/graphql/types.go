package graphql

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// Type is the type of an input: of a variable, or of a part of one.
type Type struct {
	of     *ast.Type
	schema *Schema // nil if there is none
}

// Shape is the form of a type's values, as far as it is known.
type Shape uint8

// The shapes. Custom is the zero value: a scalar of the service's own, or an unknown type
// without a schema.
const (
	Custom Shape = iota
	Int
	Float
	String
	Boolean
	ID
	Enum
	Input // an input object
	List
)

// String is the type as GraphQL writes it.
func (t Type) String() string { return t.of.String() }

// Name is the name of the type, or of what a list of it holds.
func (t Type) Name() string { return t.of.Name() }

// NonNull reports whether a value must not be null.
func (t Type) NonNull() bool { return t.of.NonNull }

// Elem is the type of a list's items.
func (t Type) Elem() Type { return Type{t.of.Elem, t.schema} }

// Shape is the form of the type's values.
func (t Type) Shape() Shape {
	if t.of.Elem != nil {
		return List
	}
	switch t.of.NamedType {
	case "Int":
		return Int
	case "Float":
		return Float
	case "String":
		return String
	case "Boolean":
		return Boolean
	case "ID":
		return ID
	}
	switch def := t.definition(); {
	case def == nil:
		return Custom
	case def.Kind == ast.Enum:
		return Enum
	case def.Kind == ast.InputObject:
		return Input
	}
	return Custom
}

// definition is the type's in the schema; nil if there is none.
func (t Type) definition() *ast.Definition {
	if t.schema == nil {
		return nil
	}
	return t.schema.Types[t.of.NamedType]
}

// Fields are those of an input object. A field is required if it has neither null nor a default.
func (t Type) Fields() (fields []Variable) {
	for _, f := range t.definition().Fields {
		fields = append(fields, Variable{f.Name, Type{f.Type, t.schema}, f.Type.NonNull && f.DefaultValue == nil})
	}
	return fields
}

// OneOf reports whether exactly one field of an input object must be given.
func (t Type) OneOf() bool { return t.definition().Directives.ForName("oneOf") != nil }

// Values are those of an enum.
func (t Type) Values() (values []string) {
	for _, v := range t.definition().EnumValues {
		values = append(values, v.Name)
	}
	return values
}

// HasFile reports whether a value of the type is a file in the sense of the GraphQL multipart request
// specification. By convention its scalar is Upload; some servers call it File.
func (t Type) HasFile() bool {
	return t.of.Elem == nil && t.Shape() == Custom && slices.Contains([]string{"Upload", "File"}, t.of.NamedType)
}
