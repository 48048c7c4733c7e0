package openapi_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/plimsoll-ci/plimsoll/runner/openapi"
)

func load(text string, beside fstest.MapFS) (*openapi.Description, error) {
	return openapi.Load("api.yaml", []byte(text), func(path string) ([]byte, error) { return fs.ReadFile(beside, path) })
}

// tell lists what a description says.
func tell(t *testing.T, d *openapi.Description) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s (%s) %v\n", d.Title, d.Version, d.Format, d.Server)
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range d.Operations {
		fmt.Fprintf(&b, "%s %v", o.Name(), o.Tags)
		parameters, err := o.Parameters()
		must(err)
		for _, p := range parameters {
			fmt.Fprintf(&b, " %s:%s:%s:%v:%v", p.In, p.Name, p.Style, p.Explode, p.Required)
		}
		bodies, err := o.Bodies()
		must(err)
		for _, body := range bodies {
			fmt.Fprintf(&b, " %s(%d)", body.Type, len(body.Fields))
		}
		answers, err := o.Answers()
		must(err)
		for _, a := range answers {
			fmt.Fprintf(&b, " %s=%d", a.Status, len(a.Bodies))
		}
		alternatives, err := o.Security()
		must(err)
		for i, schemes := range alternatives {
			if i > 0 {
				b.WriteString(" or")
			}
			for _, s := range schemes {
				fmt.Fprintf(&b, " %s:%s:%s", s.Type, s.HTTP, s.Name)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestVersions(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"2.0": {`
swagger: "2.0"
info: {title: Pets, version: 1.0}
host: pets.example.com
basePath: /v1/
schemes: [http]
consumes: [application/json; charset=utf-8]
produces: [application/json]
securityDefinitions: {key: {type: apiKey, in: header, name: X-Key}}
security: [{key: []}]
paths:
  x-other: {}
  /pets/{id}:
    parameters: [{name: id, in: path, required: true, type: integer}, {name: tags, in: query, type: array, items: {type: string}, collectionFormat: multi}]
    get: {security: [], tags: [a], responses: {200: {description: "", schema: {type: object}}}}
    put: {deprecated: true, parameters: [{$ref: "#/parameters/body"}], responses: {default: {description: ""}}}
    post: {parameters: [{name: f, in: formData, type: file}, {name: tags, in: query, type: array, collectionFormat: pipes}], responses: {}}
parameters: {body: {name: b, in: body, schema: {}}}
`, `Pets 1.0 (OpenAPI 2.0) http://pets.example.com/v1
GET /pets/{id} [a] path:id:simple:false:true query:tags:form:true:false 200=1
POST /pets/{id} [] query:tags:pipeDelimited:false:false path:id:simple:false:true multipart/form-data(1) apiKey::X-Key
PUT /pets/{id} [deprecated] path:id:simple:false:true query:tags:form:true:false application/json(0) default=1 apiKey::X-Key
`},
		"3.1": {`{"openapi": "3.1.0", "info": {"title": "Pets", "version": "2"}, "servers": [{"url": "https://{env}.example.com/{base}/", "variables": {"env": {"default": "api"}, "base": {"default": "v2"}}}],
"paths": {"/pets": {"$ref": "#/components/pathItems/pets"}},
"components": {"pathItems": {"pets": {"get": {"parameters": [{"name": "q", "in": "query", "content": {"application/json": {"schema": {}}}}, {"name": "o", "in": "query", "style": "deepObject"}, {"name": "X", "in": "header"}],
"security": [{"a": []}, {}], "responses": {"2XX": {"$ref": "#/components/responses/r~1s"}}},
"post": {"security": [{"o": [], "b": []}], "requestBody": {"content": {"text/csv": {}, "Application/JSON; charset=utf-8": {}}}}}},
"responses": {"r/s": {"content": {"application/json": {}}}}, "securitySchemes": {"o": {"type": "oauth2"}, "b": {"type": "http", "scheme": "Bearer"}}}}`, `Pets 2 (OpenAPI 3.1.0) https://api.example.com/v2
GET /pets [] query:q:form:true:false query:o:deepObject:false:false header:X:simple:false:false 2XX=1
POST /pets [] text/csv(0) application/json(0) oauth2:: http:bearer:
`},
	} {
		d, err := load(c.text, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := tell(t, d); got != c.want {
			t.Errorf("%s: got\n%s, want\n%s", name, got, c.want)
		}
	}
}

// An unreadable description is refused in a sentence with its place.
func TestRefused(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 600) + "1" + strings.Repeat("}", 600)
	laughs := "openapi: 3.0.0\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n"
	for i := 1; i < 12; i++ {
		laughs += fmt.Sprintf("x%d: &x%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d, ", i-1), 10), ", "))
	}
	path := func(ref string) string {
		return "openapi: 3.0.0\npaths:\n  /a:\n    get:\n      parameters:\n        - $ref: \"" + ref + "\"\n"
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":             {" \n", "api.yaml:1:1: the file is empty"},
		"64 MiB":            {"{" + strings.Repeat(" ", 64<<20), "api.yaml:1:1: the file is larger than 64 MiB: give a smaller part of it"},
		"16 MiB of YAML":    {"openapi: 3.0.0\n#" + strings.Repeat(" ", 16<<20), "api.yaml:1:1: the file is larger than 16 MiB, the limit of YAML: write it as JSON, whose limit is 64 MiB, or give a smaller part of it"},
		"AsyncAPI":          {"asyncapi: 2.0.0", "api.yaml:1:1: the file is AsyncAPI; OpenAPI 2.0, 3.0 and 3.1 are read"},
		"Postman":           {`{"info": {"_postman_id": "x"}}`, "api.yaml:1:1: the file is a Postman collection; OpenAPI 2.0, 3.0 and 3.1 are read"},
		"something else":    {"a: b", "api.yaml:1:1: the file is no OpenAPI description: it has neither openapi nor swagger; OpenAPI 2.0, 3.0 and 3.1 are read"},
		"a later version":   {"openapi: 4.0.0", "api.yaml:1:1: this is OpenAPI \"4.0.0\"; 2.0, 3.0 and 3.1 are read"},
		"UTF-16":            {"\xff\xfeo", "api.yaml:1:1: the file is not UTF-8: save it as UTF-8"},
		"broken YAML":       {"a: [", "api.yaml:2:1: invalid YAML"},
		"broken JSON":       {"{\n \"a\": [1,}", "api.yaml:2:10: invalid JSON: expected a value"},
		"deep JSON":         {deep, "nested more than 500 levels deep"},
		"deep YAML":         {strings.Repeat("[", 600) + strings.Repeat("]", 600), "nested more than 500 levels deep"},
		"laughs":            {laughs, "values, counting what each alias stands for"},
		"an alias in":       {"a: &a [*a]", "api.yaml:1:8: the alias *a stands inside of what it stands for"},
		"nowhere":           {path("#/components/parameters/none"), "api.yaml:6:11: $ref \"#/components/parameters/none\" leads nowhere"},
		"an anchor":         {path("#none"), "api.yaml:6:11: $ref \"#none\" leads nowhere"},
		"a circle":          {path("#/x") + "x: {$ref: \"#/y\"}\ny: {$ref: \"#/x\"}\n", "api.yaml:6:11: $ref \"#/x\" leads in a circle"},
		"itself":            {path("#/paths/~1a/get/parameters/0"), "leads in a circle"},
		"another machine":   {path("http://169.254.169.254/x"), "api.yaml:6:11: $ref \"http://169.254.169.254/x\" leads to another place, and only files beside the description are read: put that file beside it, or bundle both into one"},
		"a missing file":    {path("no.yaml#/a"), "api.yaml:6:11: $ref \"no.yaml#/a\": open no.yaml: file does not exist"},
		"a broken file":     {path("broken.json"), "broken.json:1:2: invalid JSON: expected a key in quotes"},
		"a file's own refs": {path("dir/b.yaml#/p"), "dir/b.yaml:1:5: $ref \"#/none\" leads nowhere"},
		"paths":             {"openapi: 3.0.0\npaths: []", "api.yaml:2:1: paths is no mapping of paths"},
	} {
		d, err := load(c.text, fstest.MapFS{"broken.json": {Data: []byte("{x")}, "dir/b.yaml": {Data: []byte("p: {$ref: \"#/none\"}")}})
		if err == nil {
			for _, o := range d.Operations {
				_, err = o.Parameters()
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: the error is %v, want %s", name, err, c.want)
		}
	}
}

// Files beside the description may refer to each other, and to it.
func TestBeside(t *testing.T) {
	d, err := load(`{"openapi": "3.0.0", "paths": {"/a": {"$ref": "paths/a.yaml"}}, "components": {"parameters": {"p": {"name": "p", "in": "query"}}}}`, fstest.MapFS{
		"paths/a.yaml":   {Data: []byte("get: {parameters: [{$ref: '../common.yaml#/q'}, {$ref: '../api.json#/components/parameters/p'}]}")},
		"common.yaml":    {Data: []byte("q: {$ref: 'paths/q%20x.yaml#here'}")},
		"paths/q x.yaml": {Data: []byte("- {}\n- {$anchor: here, name: q, in: cookie}")},
		"api.json":       {Data: []byte(`{"components": {"parameters": {"p": {"name": "p", "in": "query"}}}}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := tell(t, d); !strings.HasSuffix(got, "GET /a [] cookie:q:form:true:false query:p:form:true:false\n") {
		t.Errorf("the description says\n%s", got)
	}
}

// FuzzJSON holds the reader of JSON against encoding/json: it refuses what that refuses, and keeps what that reads.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"openapi": "3.0.0", "x": [1, -0.5e+7, true, null, "a\u00e9\n", {}]}`, `{"a": 01}`, `{"a": "` + "\t" + `"}`, `{"a": 1,}`, `{"a" 1}`, `{"a": "\ud83d\ude00"}`, `{} {}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want any
		valid := json.Unmarshal([]byte(text), &want) == nil
		d, err := openapi.Load("a", []byte(`{"openapi": "3.0.0", "paths": {}, "x": `+text+`}`), nil)
		if valid && err != nil && !strings.Contains(err.Error(), "nested") {
			t.Errorf("%q is refused: %v", text, err)
		}
		if valid && err == nil && d.Format != "OpenAPI 3.0.0" {
			t.Errorf("%q changes the format to %s", text, d.Format)
		}
	})
}
