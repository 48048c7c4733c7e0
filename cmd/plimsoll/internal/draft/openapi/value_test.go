package openapi_test

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/openapi"
	api "github.com/plimsoll-ci/plimsoll/runner/openapi"
)

// drafted drafts from a description of OpenAPI 3.1 with the given paths and components.
func drafted(t testing.TB, rest string) *draft.Draft {
	t.Helper()
	d, err := openapi.Draft(draft.Input{Name: "api.yaml", Data: []byte("openapi: 3.1.0\ninfo: {title: T, version: 1}\n" + rest)})
	if err != nil {
		t.Fatal(err)
	}
	d.Name, d.URL = "x", "http://127.0.0.1:1"
	return d
}

// tasks is the part of a profile under tasks, without its indentation.
func tasks(d *draft.Draft) string {
	_, text, _ := strings.Cut(d.YAML(), "each with its weight\n")
	text, _, _ = strings.Cut(text, "gate:\n")
	return strings.ReplaceAll("\n"+text, "\n      ", "\n")
}

// A body is made from a schema by the first rule that gives a value which fits.
func TestValues(t *testing.T) {
	for name, c := range map[string]struct{ schema, want string }{
		// Precedence.
		"example":              {"{type: string, example: a, default: b, enum: [b, a]}", "a"},
		"examples":             {"{type: string, examples: [a, b], default: b}", "a"},
		"example that misfits": {"{type: integer, example: a, default: 7}", "7"},
		"default":              {"{type: string, default: b, const: b}", "b"},
		"const":                {"{const: 5, enum: [4, 5]}", "5"},
		"enum":                 {"{type: string, enum: [x, y]}", "x"},
		"enum of another type": {"{type: string, enum: [1, \"2\"]}", "\"2\""},
		// Kinds stay.
		"a text of digits":   {"{type: string, example: \"0123\"}", "\"0123\""},
		"a text of truth":    {"{type: string, enum: [\"true\"]}", "\"true\""},
		"all digits":         {"{type: integer, example: 9007199254740993}", "9007199254740993"},
		"a number's zeros":   {"{type: number, example: 1.50}", "1.50"},
		"a text with a ${":   {"{type: string, example: \"${x}\"}", "$${x}"},
		"null as an example": {"{type: [string, \"null\"], example: null, default: b}", "b"},
		// Formats and bounds.
		"uuid":                   {"{type: string, format: uuid}", "${uuid}"},
		"a uuid that is short":   {"{type: string, format: uuid, maxLength: 4}", "plim"},
		"date-time":              {"{type: string, format: date-time}", "${now}"},
		"date":                   {"{type: string, format: date}", "\"2026-01-15\""},
		"email":                  {"{type: string, format: email}", "${email}"},
		"int":                    {"{type: integer}", "${int(1,100)}"},
		"int with bounds":        {"{type: integer, minimum: 5, maximum: 9}", "${int(5,9)}"},
		"int without its bounds": {"{type: integer, exclusiveMinimum: 5, exclusiveMaximum: 9}", "${int(6,8)}"},
		"int from below":         {"{type: integer, maximum: -5}", "-5"},
		"int in steps":           {"{type: integer, multipleOf: 30, minimum: 50}", "60"},
		"one int":                {"{type: integer, minimum: 5, maximum: 5}", "5"},
		"number":                 {"{type: number, minimum: 0.5, maximum: 1}", "${float(0.5,1)}"},
		"number in steps":        {"{type: number, multipleOf: 0.01}", "0.01"},
		"boolean":                {"{type: boolean}", "true"},
		"pattern":                {"{type: string, pattern: \"^[A-Z]{2}[0-9]{3}$\"}", "AA111"},
		"text":                   {"{type: string}", "${word}"},
		"a long text":            {"{type: string, minLength: 20}", "plimsollplimsollplim"},
		"a short text":           {"{type: string, maxLength: 2}", "pl"},
		"anything":               {"{}", "${word}"},
		"a type by its words":    {"{properties: {a: {const: 1}}, required: [a]}", "{a: 1}"},
		// Objects.
		"required, and with an example": {"{required: [a], properties: {a: {type: boolean}, b: {type: boolean}, c: {example: 1}}}", "{a: true, c: 1}"},
		"readOnly":                      {"{required: [a, id], properties: {id: {type: string, readOnly: true}, a: {type: boolean}}}", "{a: true}"},
		"readOnly below allOf":          {"{required: [id, a], properties: {id: {type: string}, a: {type: boolean}}, allOf: [{properties: {id: {readOnly: true}}}]}", "{a: true}"},
		"readOnly in an example":        {"{properties: {id: {type: string, readOnly: true}, a: {type: boolean}}, example: {id: x, a: false}}", "{a: false}"},
		"allOf":                         {"{allOf: [{required: [a], properties: {a: {type: integer, minimum: 5}}}, {properties: {a: {maximum: 6}, b: {type: string}}, required: [b]}]}", "{a: \"${int(5,6)}\", b: \"${word}\"}"},
		"not listed":                    {"{required: [a], additionalProperties: {type: boolean}}", "{a: true}"},
		"minProperties":                 {"{type: object, minProperties: 2, additionalProperties: {type: integer, const: 3}}", "{key1: 3, key2: 3}"},
		"nothing required":              {"{properties: {a: {type: boolean}, b: {type: object}, c: {type: string, readOnly: true}}}", "{a: true}"},
		"nothing required inside":       {"{required: [o], properties: {o: {properties: {a: {type: boolean}}}}}", "{o: {}}"},
		// Arrays.
		"array":          {"{type: array, items: {type: boolean}}", "[true]"},
		"minItems":       {"{type: array, minItems: 2, items: {const: 1}}", "[1, 1]"},
		"different":      {"{type: array, minItems: 3, uniqueItems: true, items: {enum: [a, b, c]}}", "[a, b, c]"},
		"different ones": {"{type: array, minItems: 2, uniqueItems: true, items: {type: string}}", "[\"${word}\", \"${word}1\"]"},
		"none":           {"{type: array, maxItems: 0, items: {type: string}}", "[]"},
		"prefixItems":    {"{type: array, prefixItems: [{const: 1}, {const: a}]}", "[1, a]"},
		// Alternatives.
		"oneOf":               {"{oneOf: [{type: boolean}, {type: string}]}", "true"},
		"null first":          {"{anyOf: [{type: \"null\"}, {type: boolean}]}", "true"},
		"an impossible first": {"{oneOf: [false, {type: array, minItems: 3, uniqueItems: true, items: {enum: [a]}}, {const: b}]}", "b"},
		"beside a choice":     {"{required: [a], properties: {a: {type: boolean}, b: {const: 2}, c: {const: 3}}, anyOf: [{required: [b]}, {required: [c]}]}", "{a: true, b: 2}"},
		"discriminator":       {"{oneOf: [{$ref: \"#/components/schemas/Cat\"}], discriminator: {propertyName: kind}}", "{kind: Cat, lives: 9}"},
		"mapping":             {"{oneOf: [{$ref: \"#/components/schemas/Cat\"}], discriminator: {propertyName: kind, mapping: {feline: \"#/components/schemas/Cat\"}}}", "{kind: feline, lives: 9}"},
		"subtype":             {"{$ref: \"#/components/schemas/Animal\"}", "{kind: dog, barks: true}"},
		// Recursion.
		"optional recursion":      {"{$ref: \"#/components/schemas/Tree\"}", "{name: root}"},
		"recursion in an array":   {"{$ref: \"#/components/schemas/Forest\"}", "{trees: []}"},
		"recursion or null":       {"{$ref: \"#/components/schemas/Chain\"}", "{next: null}"},
		"recursion in one branch": {"{$ref: \"#/components/schemas/Expression\"}", "1"},
	} {
		d := drafted(t, fmt.Sprintf(`
paths: {/a: {post: {requestBody: {required: true, content: {application/json: {schema: %s}}}}}}
components:
  schemas:
    Cat: {required: [kind, lives], properties: {kind: {type: string}, lives: {const: 9}}}
    Animal: {required: [kind], properties: {kind: {type: string}}, discriminator: {propertyName: kind, mapping: {dog: "#/components/schemas/Dog"}}}
    Dog: {allOf: [{$ref: "#/components/schemas/Animal"}, {required: [barks], properties: {barks: {type: boolean}}}]}
    Tree: {required: [name], properties: {name: {const: root}, parent: {$ref: "#/components/schemas/Tree"}}}
    Forest: {required: [trees], properties: {trees: {type: array, items: {$ref: "#/components/schemas/Forest"}}}}
    Chain: {required: [next], properties: {next: {anyOf: [{$ref: "#/components/schemas/Chain"}, {type: "null"}], nullable: true}}}
    Expression: {oneOf: [{required: [left], properties: {left: {$ref: "#/components/schemas/Expression"}}}, {const: 1}]}
`, c.schema))
		_, got, _ := strings.Cut(tasks(d), "json: ")
		if got = strings.TrimSpace(strings.ReplaceAll(got, "\n  ", " ")); got != c.want && got != strconv.Quote(c.want) {
			t.Errorf("%s: %s becomes\n%s, want\n%s", name, c.schema, got, c.want)
		}
		parse(t, d)
	}
}

// An operation whose values cannot be made becomes a comment that says why. The rest of the draft stays.
func TestImpossible(t *testing.T) {
	wide := "components:\n  schemas:\n"
	for i := range 40 {
		wide += fmt.Sprintf("    W%d: {required: [a, b], properties: {a: {$ref: \"#/components/schemas/W%d\"}, b: {$ref: \"#/components/schemas/W%d\"}}}\n", i, i+1, i+1)
	}
	for name, c := range map[string]struct{ schema, components, want string }{
		"recursion": {"{$ref: \"#/components/schemas/Node\"}", "components: {schemas: {Node: {required: [next], properties: {next: {$ref: \"#/components/schemas/Node\"}}}}}", "its body: next: Node requires itself, without end"},
		"a circle":  {"{$ref: \"#/components/schemas/A\"}", "components: {schemas: {A: {required: [b], properties: {b: {$ref: \"#/components/schemas/B\"}}}, B: {required: [a], properties: {a: {$ref: \"#/components/schemas/A\"}}}}}", "its body: b: a: A requires itself, without end"},
		"too many":  {"{$ref: \"#/components/schemas/W0\"}", wide + "    W40: {}", "its body: it has more than 20000 values"},
		"nothing":   {"false", "", "its body: its schema allows nothing"},
		"bounds":    {"{required: [n], properties: {n: {type: integer, minimum: 5, maximum: 4}}}", "", "its body: n: n: no whole number lies within its bounds"},
	} {
		d := drafted(t, "paths: {/ok: {get: {}}, /a: {post: {requestBody: {required: true, content: {application/json: {schema: "+c.schema+"}}}}}}\n"+c.components)
		if want := "\n- http: GET /ok\n# POST /a: " + c.want + "\n# - http: POST /a\n"; tasks(d) != want {
			t.Errorf("%s: the tasks are%s, want%s", name, tasks(d), want)
		}
		parse(t, d)
	}
}

// Every $ref that leads nowhere is named with its place, and only where an operation needs it.
func TestBrokenReferences(t *testing.T) {
	text := `openapi: 3.0.0
paths:
  /a:
    post:
      requestBody:
        content:
          application/json:
            schema: {required: [x], properties: {x: {$ref: "#/components/schemas/None"}}}
  /b:
    get:
      responses: {200: {content: {application/json: {schema: {$ref: "other.yaml#/x"}}}}}
  /c:
    put:
      requestBody:
        content:
          application/json:
            schema: {required: [x], properties: {x: {required: [y], properties: {y: {$ref: "#/components/schemas/Deep"}}}}}
`
	_, err := openapi.Draft(draft.Input{Name: "api.yaml", Data: []byte(text)})
	want := `api.yaml:8:54: $ref "#/components/schemas/None" leads nowhere` + "\n" +
		`api.yaml:11:63: $ref "other.yaml#/x" leads to another place, and only files beside the description are read: put that file beside it, or bundle both into one` + "\n" +
		`api.yaml:17:86: $ref "#/components/schemas/Deep" leads nowhere`
	if err == nil || err.Error() != want {
		t.Errorf("the error is\n%v, want\n%s", err, want)
	}
	d, err := openapi.Draft(draft.Input{Name: "api.yaml", Data: []byte(text), Keeps: func(string, ...string) bool { return false }})
	if err != nil || !d.IsEmpty() || len(d.Rows) > 0 {
		t.Errorf("without operations: %v", err)
	}
	_, err = openapi.Draft(draft.Input{Name: "api.yaml", Data: []byte("openapi: 3.1.0\nwebhooks: {x: {post: {}}}")})
	if err == nil || !strings.Contains(err.Error(), "it describes no operation") {
		t.Errorf("of webhooks: %v", err)
	}
}

// A description with more operations than a profile can hold is refused, unless some are chosen.
func TestManyOperations(t *testing.T) {
	var b strings.Builder
	b.WriteString("openapi: 3.0.0\npaths:\n")
	for i := range 5_001 {
		fmt.Fprintf(&b, "  /p%d: {get: {}}\n", i)
	}
	in := draft.Input{Name: "api.yaml", Data: []byte(b.String())}
	_, err := openapi.Draft(in)
	if want := "api.yaml:5003:12: a profile can be drafted of at most 5000 operations, and this is one more: choose some with --only or --skip"; err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
	in.Keeps = func(name string, _ ...string) bool { return name == "GET /p17" }
	if d, err := openapi.Draft(in); err != nil || len(d.Rows) != 1 {
		t.Errorf("one operation chosen: %v (%v)", d, err)
	}
}

// A type that is misspelled, or is another language's, is understood, and a note says so.
func TestDoubts(t *testing.T) {
	d := drafted(t, "paths: {/a: {get: {parameters: [{name: a, in: query, required: true, schema: {type: int, enum: [7]}}, {name: b, in: query, required: true, schema: {type: strng, enum: [x]}}]}}}")
	if got := tasks(d); got != "\n- http: GET /a?a=7&b=x\n  name: GET /a\n" {
		t.Errorf("the task is %s", got)
	}
	var notes []string
	for _, note := range d.Notes {
		notes = append(notes, note.Text)
	}
	if got, want := strings.Join(notes, "\n"), "type: \"int\" is no type; integer is assumed\ntype: \"strng\" is no type; string is assumed"; got != want {
		t.Errorf("the notes are\n%s, want\n%s", got, want)
	}
}

// The descriptions that others have written hold no doubt that is none.
func TestNoDoubts(t *testing.T) {
	files, err := filepath.Glob("testdata/readme/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".md") {
			continue
		}
		in := input(t, file)
		d, err := api.Load(in.Name, in.Data, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, doubt := range d.Doubts() {
			t.Error(doubt)
		}
	}
}

// A part that is not sent has one note: a security scheme that cannot be filled in, or an optional body that cannot be
// made. If a description offers alternatives, the draft takes one that it can fill in.
func TestLeftOut(t *testing.T) {
	const schemes = "\ncomponents: {securitySchemes: {m: {type: mutualTLS}, n: {type: none}, c: {type: apiKey, in: query, name: key}}}"
	for name, c := range map[string]struct{ text, tasks, notes string }{
		"a certificate": {"security: [{m: []}]\npaths: {/a: {get: {}}, /b: {get: {}}}" + schemes, "\n- http: GET /a\n- http: GET /b\n",
			"the security scheme m is a certificate: name it under target.tls; 2 operations ask for it"},
		"an unknown scheme": {"security: [{n: []}]\npaths: {/a: {get: {}}}" + schemes, "\n- http: GET /a\n",
			`the security scheme n is of the type "none", which is not filled in; 1 operation asks for it`},
		"an alternative": {"security: [{m: []}, {c: []}]\npaths: {/a: {get: {}}}" + schemes, "\n- http: GET /a?key=${env.API_KEY}\n  name: GET /a\n", ""},
		"a body": {"paths: {/a: {post: {requestBody: {content: {application/json: {schema: {type: object, required: [x], additionalProperties: false}}}}}}}", "\n- http: POST /a\n",
			"POST /a is sent without its optional body: x: its schema allows no such property"},
		"null": {"paths: {/a: {post: {requestBody: {content: {application/json: {schema: {oneOf: [{$ref: '#/x'}, {type: 'null'}]}}}}}}}\nx: {required: [x], properties: {x: {$ref: '#/x'}}}", "\n- http: POST /a\n  json: null\n", ""},
	} {
		d := drafted(t, c.text)
		var notes []string
		for _, note := range d.Notes {
			notes = append(notes, note.Text)
		}
		if got := tasks(d); got != c.tasks || strings.Join(notes, "\n") != c.notes {
			t.Errorf("%s: %q with%s, want %s with%s", name, notes, got, c.notes, c.tasks)
		}
		parse(t, d)
	}
}

// A schema may list more values than a profile has place for. A part of them is used, soon.
func TestHugeEnums(t *testing.T) {
	var b strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&b, "v%d,", i)
	}
	d := drafted(t, "paths: {/a: {get: {parameters: [{name: q, in: query, required: true, schema: {allOf: [{enum: ["+b.String()+"]}, {enum: ["+b.String()+"], pattern: none}]}}]}}, /b: {get: {parameters: [{name: r, in: query, required: true, schema: {enum: ["+b.String()+"]}}]}}}")
	if got := tasks(d); !strings.Contains(got, "- http: GET /b?r=${data.r}") {
		t.Errorf("the tasks are %s", got)
	}
	for _, table := range d.Data {
		if table.Name == "r" && (len(table.Values) < 100 || len(table.Values) > 1000) {
			t.Errorf("%d values are listed", len(table.Values))
		}
	}
}

// A header whose name no request can have makes a comment of its operation, not an error of the whole.
func TestImpossibleHeaders(t *testing.T) {
	d := drafted(t, `paths:
  /a: {get: {parameters: [{name: "X: y\r\nZ", in: header, required: true, schema: {type: string}}]}}
  /b: {get: {security: [{k: []}]}}
components: {securitySchemes: {k: {type: apiKey, in: header, name: "a b"}}}
`)
	if got, want := tasks(d), "\n- http: GET /b\n# GET /a: no header can have the name \"X: y\\r\\nZ\"\n# - http: GET /a\n"; got != want {
		t.Errorf("the tasks are %s, want %s", got, want)
	}
	parse(t, d)
}

// Bounds beyond all numbers bound nothing.
func TestEndlessBounds(t *testing.T) {
	for _, c := range []struct{ schema, want string }{
		{"{type: number, minimum: 0, exclusiveMinimum: true, maximum: 1e400}", "${float(25,75)}"},
		{"{type: number, minimum: -1e400}", "${float(1,100)}"},
		{"{type: number, exclusiveMinimum: -1e308, exclusiveMaximum: 1e308}", "${float(-5e+307,5e+307)}"},
		{"{type: integer, maximum: 1e400}", "${int(1,100)}"},
	} {
		d := drafted(t, "paths: {/a: {get: {parameters: [{name: q, in: query, required: true, schema: "+c.schema+"}]}}}")
		if got, want := tasks(d), "\n- http: GET /a?q="+c.want+"\n  name: GET /a\n"; got != want {
			t.Errorf("%s becomes %s, want %s", c.schema, got, want)
		}
		parse(t, d)
	}
}

// A server of WebSockets is loaded by HTTP.
func TestServersOfWebSockets(t *testing.T) {
	for text, want := range map[string]string{
		"openapi: 3.1.0\nservers: [{url: \"ws://127.0.0.1:1/v1\"}]\npaths: {/a: {get: {}}}":                 "http://127.0.0.1:1",
		"openapi: 3.1.0\nservers: [{url: \"wss://a.example.com\"}]\npaths: {/a: {get: {}}}":                 "https://a.example.com",
		"swagger: '2.0'\nhost: a.example.com\nschemes: [ws, http]\npaths: {/a: {get: {}}}":                  "http://a.example.com",
		"swagger: '2.0'\nhost: a.example.com\nschemes: [wss]\npaths: {/a: {get: {}}}":                       "https://a.example.com",
		"swagger: '2.0'\nhost: a.example.com\nschemes: [http, https]\nbasePath: v1\npaths: {/a: {get: {}}}": "https://a.example.com",
	} {
		d, err := openapi.Draft(draft.Input{Name: "api", Data: []byte(text)})
		if err != nil || d.URL != want {
			t.Errorf("%s: %v (%v), want %s", text, d, err, want)
		}
	}
}

// A list in a multipart form of OpenAPI 2.0 is several parts.
func TestListsOfParts(t *testing.T) {
	d, err := openapi.Draft(draft.Input{Name: "api", Data: []byte(`{"swagger": "2.0", "paths": {"/up": {"post": {"consumes": ["multipart/form-data"], "parameters": [
		{"in": "formData", "name": "tags", "type": "array", "items": {"type": "integer", "enum": [7]}, "collectionFormat": "multi", "required": true},
		{"in": "formData", "name": "all", "type": "array", "items": {"type": "integer", "enum": [8]}, "required": true}]}}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tasks(d), "\n- http: POST /up\n  multipart: {tags: [\"7\"], all: \"8\"}\n"; got != want {
		t.Errorf("the task is %s, want %s", got, want)
	}
	d.Name, d.URL = "x", "http://127.0.0.1:1"
	parse(t, d)
}
