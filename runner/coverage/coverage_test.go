package coverage_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/coverage"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// cover maps a profile with an api: section, and steps at a target.
func cover(t *testing.T, api, target, steps string, files map[string]string) (*coverage.Map, string) {
	t.Helper()
	read := func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		if content, err := os.ReadFile(filepath.Join("../../testdata/profiles/files", path)); err == nil {
			return content, nil
		}
		return nil, fmt.Errorf("open %s: %w", path, fs.ErrNotExist)
	}
	text := "name: p\napi: " + api + "\ntarget: " + target + "\nusers:\n  - name: u\n    on_start: [{http: GET /start, save: {next: next, id: id}}]\n    tasks:\n      - steps:\n" + steps
	p, problems := profile.Parse("p.yaml", []byte(text), profile.Surroundings{Read: read, Env: func(string) (string, bool) { return "x", true }})
	if len(problems) > 0 {
		t.Fatalf("%v in\n%s", problems, text)
	}
	m, problems := coverage.Of(p, read)
	return m, problems.Error()
}

func shown(m *coverage.Map) string {
	var lines []string
	for _, o := range m.Operations {
		lines = append(lines, o.Name+" = "+strings.Join(o.Routes, ", "))
	}
	return strings.Join(lines, "\n")
}

const petstore = `
openapi: 3.0.3
info: {title: Petstore, version: "1"}
servers: [{url: /api/v3}]
paths:
  /pet: {post: {tags: [pet], responses: {}}, put: {deprecated: true, responses: {}}}
  /pet/{petId}: {parameters: [], get: {responses: {}}, delete: {tags: [admin], responses: {}}}
  /pet/findByStatus: {get: {responses: {}}}
  /pet/{petId}/image.{format}: {get: {responses: {}}}
  /pet/{petId}/{part}: {get: {responses: {}}}
  /pet/first/{part}: {get: {responses: {}}}
  /a b: {get: {responses: {}}}
  /events: {get: {callbacks: {onEvent: {"{$request.query.url}": {post: {responses: {}}}}}, responses: {}}}
`

// A step is the operation whose path tells most of it.
func TestPaths(t *testing.T) {
	for _, target := range []string{`{url: "http://127.0.0.1/api/v3"}`, `{url: "http://127.0.0.1:${port}/api/v3/", start: {command: x}}`, `{url: "http://127.0.0.1"}`} {
		m, problems := cover(t, "{openapi: api/pet.yaml, leave_out: [deprecated, tag:admin]}", target, `
          - http: POST /pet?verbose=1
          - http: GET /pet/${id}
          - http: GET /pet/42
          - http: GET /pet/findByStatus?status=${word}
            name: by status
          - http: GET /pet/${id}/image.${word}
          - http: GET /pet/${id}/toys/
          - http: GET /pet/first/toys
          - http: GET /a%20b
          - http: GET ${next}
            name: GET /pet/{petId}
          - http: GET ${next}
            name: next page
          - http: PATCH /pet/${id}
          - sse: GET /events
            messages: [{receive: 1}]
`, map[string]string{"api/pet.yaml": petstore})
		want := `POST /pet = POST /pet?verbose=1
GET /pet/{petId} = GET /pet/${id}, GET /pet/42, GET /pet/{petId}
GET /pet/findByStatus = by status
GET /pet/{petId}/image.{format} = GET /pet/${id}/image.${word}
GET /pet/{petId}/{part} = GET /pet/${id}/toys/
GET /pet/first/{part} = GET /pet/first/toys
GET /a b = GET /a%20b
GET /events = SSE /events`
		if problems != "" || shown(m) != want || m.LeftOut != 2 || !slices.Equal(m.Others, []string{"GET /start", "PATCH /pet/${id}", "next page"}) {
			t.Errorf("%s: %s\n%s\nwant\n%s\n%d left out, others %q", target, problems, shown(m), want, m.LeftOut, m.Others)
		}
	}
	m, problems := cover(t, "{openapi: api/pet.yaml}", `{url: "http://127.0.0.1"}`, "          - http: GET /api/v3/pet/7\n", map[string]string{"api/pet.yaml": petstore})
	if problems != "" || len(m.Operations[2].Routes) != 1 {
		t.Errorf("%s\n%s", problems, shown(m))
	}
}

// All versions of OpenAPI are read, whatever else is in them.
func TestVersions(t *testing.T) {
	for name, text := range map[string]string{
		"2.0": `{"swagger": "2.0", "info": {"title": "a", "version": "1"}, "basePath": "/v2", "paths": {"/pets/{id}": {"get": {"responses": {"200": {"schema": {"$ref": "#/definitions/Pet"}}}}}}, "definitions": {"Pet": {"properties": {"mother": {"$ref": "#/definitions/Pet"}}}}}`,
		"3.1": "openapi: 3.1.0\ninfo: {title: a, version: '1'}\nservers: [{url: 'https://{host}/v2', variables: {host: {default: a.example}}}]\npaths: {'/pets/{id}': {$ref: 'paths.yaml#/pet'}}\nwebhooks: {new: {post: {responses: {}}}}\n",
		"3.0": "openapi: 3.0.0\ninfo: {title: a, version: '1'}\npaths: {'/pets/{id}': {servers: [{url: /v2}], get: {parameters: [{$ref: '#/components/nowhere'}], responses: {}}}}\n",
	} {
		m, problems := cover(t, "{openapi: a.yaml}", `{url: "http://127.0.0.1"}`, "          - http: GET /v2/pets/${id}\n", map[string]string{"a.yaml": text, "paths.yaml": "pet: {get: {responses: {}}}\n"})
		if problems != "" || shown(m) != "GET /pets/{id} = GET /v2/pets/${id}" {
			t.Errorf("%s: %s\n%+v", name, problems, m)
		}
	}
}

func TestGraphQLAndGRPC(t *testing.T) {
	m, problems := cover(t, "{graphql: s.graphql, grpc: true, leave_out: [\"shop.v1.Search/Up*\"]}", `{url: "http://127.0.0.1", grpc: {proto: search.proto, import: api}}`, `
          - graphql: "query Both { top { id } me { id } }"
          - graphql: "mutation { add(n: 1) { id } }"
          - grpc: shop.v1.Search/Query
            name: search
          - websocket: /graphql
            graphql: "subscription Tick { ticks }"
            messages: [{receive: 1}]
          - http: GET /somewhere
`, map[string]string{"s.graphql": "type Query { top: Item me: Item old: Item @deprecated } type Mutation { add(n: Int!): Item } type Subscription { ticks: Int } type Item { id: ID }"})
	want := `query top = query Both
query me = query Both
query old = 
mutation add = mutation { add }
subscription ticks = subscription Tick
shop.v1.Search/Query = search
shop.v1.Search/Watch = 
shop.v1.Search/Chat = `
	if problems != "" || shown(m) != want || m.LeftOut != 1 || len(m.Others) != 0 {
		t.Errorf("%s\n%s\nwant\n%s", problems, shown(m), want)
	}
}

func TestProblems(t *testing.T) {
	files := map[string]string{"pet.yaml": petstore, "broken.yaml": "openapi: 3.0.0\npaths: {/a: {$ref: '#/components/nowhere'}}\n", "post.json": `{"info": {"_postman_id": "1"}}`, "s.graphql": "type A { a: Int }"}
	for api, want := range map[string]string{
		"{openapi: nowhere.yaml}":                        "p.yaml:2:16: api.openapi: open nowhere.yaml: file does not exist (paths are relative to the profile)",
		"{openapi: broken.yaml}":                         "broken.yaml:2:",
		"{openapi: post.json}":                           "post.json:1:1: the file is a Postman collection",
		"{graphql: s.graphql}":                           "s.graphql:1:1: the schema has no type Query",
		"{grpc: true}":                                   "p.yaml:2:13: api.grpc: needs target.grpc.proto or target.grpc.protoset",
		"{openapi: pet.yaml, leave_out: [GET /nothing]}": `p.yaml:2:38: api.leave_out[0]: "GET /nothing" means no operation of the description`,
		"{openapi: pet.yaml, leave_out: ['*']}":          "p.yaml:2:6: api: no operation is left to cover",
	} {
		if _, problems := cover(t, api, `{url: "http://127.0.0.1"}`, "          - http: GET /\n", files); !strings.Contains(problems, want) {
			t.Errorf("%s: %s, want %s", api, problems, want)
		}
	}
	if m, problems := coverage.Of(&profile.Profile{}, nil); m != nil || problems != nil {
		t.Errorf("without a section: %v, %v", m, problems)
	}
}
