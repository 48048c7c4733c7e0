package openapi_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/openapi"
)

// A note about a probable mistake names its place, and says how it was read.
func TestDoubts(t *testing.T) {
	const typed = "openapi: 3.0.0\npaths: {/a: {get: {parameters: [{name: q, in: query, schema: "
	for text, want := range map[string]string{
		typed + "{type: strng}}]}}}":                                                                                 `type: "strng" is no type; string is assumed`,
		typed + "{type: int}}]}}}":                                                                                   `type: "int" is no type; integer is assumed`,
		typed + "{type: [strng, null]}}]}}}":                                                                         `type: "strng" is no type; string is assumed`,
		typed + "{type: Pet}}]}}}":                                                                                   `type: "Pet" is no type, and nothing is known of the value; choose one of: string, number, integer, boolean, array, object, null`,
		typed + "{minLength: \"3\"}}]}}}":                                                                            `minLength: expected a number, found a text; it is passed over`,
		typed + "{requird: [a]}}]}}}":                                                                                `a schema has no "requird", and it is passed over; did you mean "required"?`,
		typed + "{properties: {a: {required: true}}}}]}}}":                                                           `required: expected a list of names, found true; name the property under required of the object around it`,
		"openapi: 3.0.0\npaths: {/a: {get: {parameters: [{name: q, in: qurey}]}}}":                                   `in: "qurey" is no place of a parameter, and it is left out; did you mean "query"?`,
		"openapi: 3.0.0\npaths: {/a: {get: {parameters: [{name: q, in: body}]}}}":                                    `in: body is of OpenAPI 2.0, and the parameter is left out; write a requestBody`,
		"openapi: 3.0.0\npaths: {/a: {get: {parameters: [{name: q}]}}}":                                              `the parameter "q" has no in, and is left out; choose one of: path, query, header, cookie`,
		"openapi: 3.0.0\npaths: {/a: {get: {parameters: [{name: q, in: query, style: pipesDelimited}]}}}":            `style: "pipesDelimited" is no style, and the usual one is taken; did you mean "pipeDelimited"?`,
		"openapi: 3.0.0\npaths: {/a: {get: {parametrs: []}, pots: {}}}":                                              `an operation has no "parametrs", and it is passed over; did you mean "parameters"?` + "\n" + `a path has no "pots", and it is passed over; did you mean "post"?`,
		"openapi: 3.0.0\npaths: {a: {get: {}}}":                                                                      `paths: "a" does not begin with /, and is passed over`,
		"openapi: 3.0.0\npaths: {}\npaths: {/a: {get: {}}}":                                                          `duplicate key "paths": the first one counts`,
		"{\"openapi\": \"3.0.0\",\n\"info\": {},\n\"info\": {}}":                                                     `duplicate key "info": the first one counts`,
		"swagger: '2.0'\npaths: {/a: {get: {parameters: [{name: q, in: query, type: strng}, {in: body, name: b}]}}}": `type: "strng" is no type; string is assumed`,
		// None of these is one.
		typed + "{type: [string, 'null'], x-requird: 1, properties: {requird: {}, type: {type: string}}, example: {requird: 1, type: strng}, default: {typ: 1}, format: strng, whatever: 1}}]}}}":            "",
		"openapi: 3.1.0\npaths: {x-a: {get: {}}, /a: {$ref: '#/y', pots: 1}}\ny: {get: {}}\ncomponents: {schemas: {requird: {type: object, $defs: {type: {items: true, minimum: 1, exclusiveMinimum: 2}}}}}": "",
		"swagger: '2.0'\npaths: {/a: {get: {parameters: [{name: q, in: formData, type: file}]}}}":                                                                                                            "",
	} {
		d, err := openapi.Load("a", []byte(text), nil)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var lines []string
		for _, doubt := range d.Doubts() {
			if doubt.File != "a" || doubt.Line < 2 || doubt.Column < 1 {
				t.Errorf("%s: %v", text, doubt)
			}
			lines = append(lines, doubt.Text)
		}
		if got := strings.Join(lines, "\n"); got != want {
			t.Errorf("%s\nis doubted:\n%s\nwant\n%s", text, got, want)
		}
	}
}

// If a file holds nothing but mistakes, a few lines describe it.
func TestManyDoubts(t *testing.T) {
	text := "openapi: 3.0.0\ncomponents: {schemas: {" + strings.Repeat("a: {type: strng}, ", 1) + "b: {properties: {"
	for i := range 1000 {
		text += "p" + strings.Repeat("x", i%50) + string(rune('a'+i%26)) + ": {type: strng}, "
	}
	d, err := openapi.Load("a", []byte(text+"}}}}"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(d.Doubts()); n < 10 || n > 50 {
		t.Errorf("%d doubts are told", n)
	}
}
