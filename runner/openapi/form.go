package openapi

import "slices"

// formName names a form.
type formName string

// The forms of the objects of a description.
const (
	rootForm       formName = "a description"
	componentsForm formName = "components"
	pathForm       formName = "a path"
	operationForm  formName = "an operation"
	parameterForm  formName = "a parameter"
	bodyForm       formName = "a body"
	responseForm   formName = "a response"
	mediaForm      formName = "a media type"
	schemaForm     formName = "a schema"
)

// form is which words an object may have. It holds those of all versions.
type form struct {
	what  string
	least int // letters that a misspelled word has
	words map[string]word
	names []string // of the words
}

// word is a word of a form.
type word struct {
	kinds []Kind   // of its value; any if empty
	of    formName // of the objects in it; empty for none that are looked at
	each  bool     // its value is a list or a mapping of such objects
}

var kindNames = map[Kind]string{Null: "nothing", Text: "a text", Number: "a number", Bool: "true or false", List: "a list", Map: "a mapping"}

var forms = map[formName]form{
	rootForm: newForm(rootForm, 5, map[string]word{
		"paths": each(pathForm, Map), "components": one(componentsForm, Map), "definitions": each(schemaForm, Map),
		"parameters": each(parameterForm, Map), "responses": each(responseForm, Map),
	}, "openapi", "swagger", "info", "servers", "security", "tags", "externalDocs", "webhooks", "jsonSchemaDialect", "host", "basePath", "schemes", "consumes", "produces", "securityDefinitions"),
	componentsForm: newForm(componentsForm, 5, map[string]word{
		"schemas": each(schemaForm, Map), "parameters": each(parameterForm, Map), "requestBodies": each(bodyForm, Map), "responses": each(responseForm, Map),
	}, "examples", "headers", "securitySchemes", "links", "callbacks", "pathItems"),
	pathForm: newForm(pathForm, 3, map[string]word{
		"get": one(operationForm, Map), "put": one(operationForm, Map), "post": one(operationForm, Map), "delete": one(operationForm, Map), "options": one(operationForm, Map),
		"head": one(operationForm, Map), "patch": one(operationForm, Map), "trace": one(operationForm, Map), "parameters": each(parameterForm, List),
	}, "summary", "description", "servers", "query", "additionalOperations"),
	operationForm: newForm(operationForm, 4, map[string]word{
		"parameters": each(parameterForm, List), "requestBody": one(bodyForm, Map), "responses": each(responseForm, Map),
		"tags": {kinds: []Kind{List}}, "operationId": {kinds: []Kind{Text, Number}}, "deprecated": {kinds: []Kind{Bool}}, "security": {kinds: []Kind{List}}, "servers": {kinds: []Kind{List}},
	}, "summary", "description", "externalDocs", "callbacks", "consumes", "produces", "schemes"),
	parameterForm: newForm(parameterForm, 5, map[string]word{
		"name": {kinds: []Kind{Text, Number}}, "schema": one(schemaForm, Map, Bool), "content": each(mediaForm, Map), "required": {kinds: []Kind{Bool}},
		"explode": {kinds: []Kind{Bool}}, "items": one(schemaForm, Map), "enum": {kinds: []Kind{List}},
	}, "in", "description", "deprecated", "allowEmptyValue", "style", "allowReserved", "example", "examples", "type", "format", "collectionFormat", "default", "maximum",
		"exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "multipleOf", "title", "readOnly"),
	bodyForm: newForm(bodyForm, 5, map[string]word{"content": each(mediaForm, Map), "required": {kinds: []Kind{Bool}}}, "description"),
	responseForm: newForm(responseForm, 5, map[string]word{"content": each(mediaForm, Map), "schema": one(schemaForm, Map, Bool)},
		"description", "headers", "links", "examples", "summary"),
	mediaForm: newForm(mediaForm, 5, map[string]word{"schema": one(schemaForm, Map, Bool)}, "example", "examples", "encoding", "itemSchema"),
	schemaForm: newForm(schemaForm, 5, map[string]word{
		"type": {kinds: []Kind{Text, List}}, "properties": each(schemaForm, Map), "patternProperties": each(schemaForm, Map), "dependentSchemas": each(schemaForm, Map),
		"$defs": each(schemaForm, Map), "definitions": each(schemaForm, Map), "items": one(schemaForm, Map, Bool, List), "prefixItems": each(schemaForm, List),
		"additionalProperties": one(schemaForm, Map, Bool), "unevaluatedProperties": one(schemaForm, Map, Bool), "not": one(schemaForm, Map, Bool), "contains": one(schemaForm, Map, Bool),
		"propertyNames": one(schemaForm, Map, Bool), "allOf": each(schemaForm, List), "oneOf": each(schemaForm, List), "anyOf": each(schemaForm, List),
		"if": one(schemaForm, Map, Bool), "then": one(schemaForm, Map, Bool), "else": one(schemaForm, Map, Bool),
		"required": {kinds: []Kind{List, Bool}}, "enum": {kinds: []Kind{List}}, "pattern": {kinds: []Kind{Text}}, "format": {kinds: []Kind{Text}}, "nullable": {kinds: []Kind{Bool}},
		"minLength": {kinds: []Kind{Number}}, "maxLength": {kinds: []Kind{Number}}, "minItems": {kinds: []Kind{Number}}, "maxItems": {kinds: []Kind{Number}},
		"minProperties": {kinds: []Kind{Number}}, "maxProperties": {kinds: []Kind{Number}}, "minimum": {kinds: []Kind{Number}}, "maximum": {kinds: []Kind{Number}},
		"multipleOf": {kinds: []Kind{Number}}, "exclusiveMinimum": {kinds: []Kind{Bool, Number}}, "exclusiveMaximum": {kinds: []Kind{Bool, Number}},
		"uniqueItems": {kinds: []Kind{Bool}}, "readOnly": {kinds: []Kind{Bool}}, "writeOnly": {kinds: []Kind{Bool}}, "deprecated": {kinds: []Kind{Bool}},
	}, "title", "description", "default", "example", "examples", "const", "discriminator", "xml", "externalDocs", "contentEncoding", "contentMediaType", "contentSchema",
		"dependentRequired", "dependencies", "unevaluatedItems", "additionalItems", "minContains", "maxContains", "divisibleBy", "extends", "disallow",
		"collectionFormat", "allowEmptyValue", "$id", "$schema", "$comment", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$recursiveRef", "$recursiveAnchor", "$ref", "id"),
}

func newForm(what formName, least int, words map[string]word, others ...string) form {
	f := form{what: string(what), least: least, words: words, names: others}
	for name := range words {
		f.names = append(f.names, name)
	}
	slices.Sort(f.names) // among equally near names, the suggestion must not vary
	for _, name := range others {
		f.words[name] = word{}
	}
	return f
}

func one(of formName, kinds ...Kind) word  { return word{kinds, of, false} }
func each(of formName, kinds ...Kind) word { return word{kinds, of, true} }
