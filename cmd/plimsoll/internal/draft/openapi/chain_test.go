package openapi_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/openapi"
)

// Ids come from what makes things, else from what lists them, else from the user; nothing deletes or changes what no
// step has made.
func TestChains(t *testing.T) {
	const pet = "{type: object, properties: {id: {type: integer}, name: {type: string}}, required: [name]}"
	const user = "{type: object, properties: {username: {type: string}, email: {type: string, format: email}}, required: [username, email]}"
	for name, c := range map[string]struct{ paths, want string }{
		"made": {`
  /pets:
    get: {}
    post: {requestBody: {required: true, content: {application/json: {schema: ` + pet + `}}}, responses: {201: {content: {application/json: {schema: ` + pet + `}}}}}
  /pets/{petId}:
    parameters: [{name: petId, in: path, required: true, schema: {type: integer}}]
    delete: {}
    get: {}
    put: {requestBody: {required: true, content: {application/json: {schema: ` + pet + `}}}}
  /pets/{petId}/photo:
    delete: {}
    get: {}
  /pets/{petId}/toys:
    post: {responses: {200: {content: {application/json: {schema: {properties: {data: {properties: {toyId: {type: string}}}}}}}}}}
  /pets/{petId}/toys/{toyId}:
    get: {}
    delete: {}
`, `
- name: /pets
  steps:
    - http: POST /pets
      json: {name: "${word}"}
      save: {petId: id}
    - http: GET /pets/${petId}
      name: GET /pets/{petId}
    - http: GET /pets/${petId}/photo
      name: GET /pets/{petId}/photo
    - http: PUT /pets/${petId}
      name: PUT /pets/{petId}
      json: {name: "${word}"}
    - http: POST /pets/${petId}/toys
      name: POST /pets/{petId}/toys
      save: {toyId: data.toyId}
    - http: GET /pets/${petId}/toys/${toyId}
      name: GET /pets/{petId}/toys/{toyId}
    - http: DELETE /pets/${petId}/toys/${toyId}
      name: DELETE /pets/{petId}/toys/{toyId}
    - http: DELETE /pets/${petId}/photo
      name: DELETE /pets/{petId}/photo
    - http: DELETE /pets/${petId}
      name: DELETE /pets/{petId}
- http: GET /pets
`},
		"updated": {`
  /user: {post: {requestBody: {content: {application/json: {schema: ` + user + `}}}, responses: {200: {content: {application/json: {schema: ` + user + `}}}}}}
  /user/{username}:
    parameters: [{name: username, in: path, required: true, schema: {type: string}}]
    put: {requestBody: {content: {application/json: {schema: ` + user + `}}}}
    delete: {}
  /pet:
    post: {requestBody: {content: {application/json: {schema: ` + pet + `}}}, responses: {200: {content: {application/json: {schema: ` + pet + `}}}}}
    put: {requestBody: {content: {application/json: {schema: ` + pet + `}}}}
    patch: {requestBody: {content: {application/x-www-form-urlencoded: {schema: {type: object, required: [all], properties: {all: {type: boolean}}}}}}}
  /pet/{petId}: {get: {}, delete: {}}
`, `
- name: /pet
  steps:
    - http: POST /pet
      json: {name: "${word}"}
      save: {petId: id}
    - http: GET /pet/${petId}
      name: GET /pet/{petId}
    - http: PUT /pet
      json: {name: "${word}", id: "${petId}"}
    - http: DELETE /pet/${petId}
      name: DELETE /pet/{petId}
- name: /user
  steps:
    - http: POST /user
      json: {username: "${word}-${int(1,2000000000)}", email: "${email}"}
      save: {username: username}
    - http: PUT /user/${username}
      name: PUT /user/{username}
      json: {username: "${username}", email: "${email}"}
    - http: DELETE /user/${username}
      name: DELETE /user/{username}
- http: PATCH /pet
  form: {all: true}
`},
		"listed": {`
  /pets: {get: {responses: {200: {content: {application/json: {schema: {properties: {count: {type: integer}, items: {type: array, items: ` + pet + `}}}}}}}}}
  /pets/{id}: {get: {}, delete: {}, put: {}}
`, `
- name: /pets
  steps:
    - http: GET /pets
      save: {pets_id: items.0.id}
    - http: GET /pets/${pets_id}
      name: GET /pets/{id}
# PUT /pets/{id}: it changes what no step makes: id
# - http: PUT /pets/${data.pets_id}
#   name: PUT /pets/{id}
# DELETE /pets/{id}: it deletes, and no step makes what it deletes
# - http: DELETE /pets/${data.pets_id}
#   name: DELETE /pets/{id}
`},
		"unknown": {`
  /users/{username}: {get: {}}
  /files/{kind}: {get: {parameters: [{name: kind, in: path, required: true, schema: {type: string, enum: [a, b]}}]}}
  /day/{date}: {get: {parameters: [{name: date, in: path, required: true, schema: {type: string, example: 2026-02-03}}]}}
`, `
- http: GET /users/${data.username}
  name: GET /users/{username}
- http: GET /files/${data.kind}
  name: GET /files/{kind}
- http: GET /day/2026-02-03
  name: GET /day/{date}
`},
		"a location": {`
  /jobs: {post: {responses: {202: {headers: {location: {}}}}}}
  /jobs/{jobId}: {get: {}}
`, `
- name: /jobs
  steps:
    - http: POST /jobs
      save: {jobId: {header: Location, match: "([^/?#]+)/?$"}}
    - http: GET /jobs/${jobId}
      name: GET /jobs/{jobId}
`},
		"deprecated, and another server": {`
  /old: {get: {deprecated: true}}
  /far: {servers: [{url: "https://far.example.com"}], get: {}}
  /near: {delete: {}, post: {}}
`, `
- http: POST /near
# GET /old: deprecated
# - http: GET /old
# GET /far: another server answers it: far.example.com
# - http: GET /far
# DELETE /near: it deletes, and no step makes what it deletes
# - http: DELETE /near
`},
	} {
		d := drafted(t, "servers: [{url: /v1}]\npaths:"+c.paths)
		if name == "deprecated, and another server" {
			d = drafted(t, "servers: [{url: \"https://api.example.com/v1\"}]\npaths:"+c.paths)
		}
		if got := tasks(d); got != c.want {
			t.Errorf("%s: the tasks are%s, want%s", name, got, c.want)
		}
		parse(t, d.Filled())
		if d.Path != "/v1" {
			t.Errorf("%s: the base path is %q", name, d.Path)
		}
	}
}

// An operation may have a server of its own.
func TestServers(t *testing.T) {
	d := drafted(t, `
servers: [{url: "https://{host}/v1", variables: {host: {default: a.example.com}}}]
paths:
  /a: {get: {}}
  /b: {servers: [{url: /v2/}], get: {}, post: {servers: [{url: "https://a.example.com/v3"}]}}
  /c: {get: {servers: [{url: "https://b.example.com/v4"}]}}
`)
	want := "\n- http: GET /v1/a\n- http: GET /v2/b\n- http: POST /v3/b\n# GET /c: another server answers it: b.example.com\n# - http: GET /v4/c\n"
	if got := tasks(d); got != want || d.Path != "" {
		t.Errorf("the tasks are%s, want%s", got, want)
	}
}

// Parameters are written as their style says.
func TestParameters(t *testing.T) {
	for name, c := range map[string]struct{ parameter, want string }{
		"a query":          {`{name: q, in: query, schema: {type: string, example: "a b&c=d/é${x}"}}`, "/a?q=a%20b%26c%3Dd%2F%C3%A9%24%7Bx%7D"},
		"not required":     {`{name: q, in: query, required: false, schema: {type: string, example: x}}`, "/a"},
		"form":             {`{name: q, in: query, schema: {type: array, example: [1, 2]}}`, "/a?q=1&q=2"},
		"form in one":      {`{name: q, in: query, explode: false, schema: {type: array, example: [a, b c]}}`, "/a?q=a,b%20c"},
		"pipes":            {`{name: q, in: query, style: pipeDelimited, explode: false, schema: {type: array, example: [a, b]}}`, "/a?q=a%7Cb"},
		"spaces":           {`{name: q, in: query, style: spaceDelimited, explode: false, schema: {type: array, example: [a, b]}}`, "/a?q=a%20b"},
		"deepObject":       {`{name: q, in: query, style: deepObject, explode: true, schema: {example: {a: 1, b: x}}}`, "/a?q%5Ba%5D=1&q%5Bb%5D=x"},
		"an object":        {`{name: q, in: query, schema: {example: {a: 1, b: x}}}`, "/a?a=1&b=x"},
		"an object in one": {`{name: q, in: query, explode: false, schema: {example: {a: 1, b: x}}}`, "/a?q=a,1,b,x"},
		"JSON":             {`{name: q, in: query, content: {application/json: {schema: {example: {a: "x"}}}}}`, "/a?q=%7B%22a%22%3A%22x%22%7D"},
		"an enum":          {`{name: q, in: query, schema: {type: string, enum: [a, b]}}`, "/a?q=${data.q}"},
		"items":            {`{name: q, in: query, schema: {type: array, items: {type: string, enum: [a, b]}}}`, "/a?q=${data.q}"},
		"a number":         {`{name: q, in: query, schema: {type: integer, maximum: 5, minimum: 2}}`, "/a?q=${int(2,5)}"},
		"a header":         {`{name: X-Trace, in: header, schema: {type: string, format: uuid}}`, "/a {X-Trace: \"${uuid}\"}"},
		"several values":   {`{name: X-Ids, in: header, schema: {type: array, example: [1, 2]}}`, "/a {X-Ids: \"1,2\"}"},
		"a cookie":         {`{name: session, in: cookie, schema: {type: string, example: x}}`, "/a {Cookie: session=x}"},
		"a token":          {`{name: Authorization, in: header, schema: {type: string}}`, "/a {Authorization: \"Bearer ${env.API_TOKEN}\"}"},
		"an ignored one":   {`{name: Accept, in: header, schema: {type: string}}`, "/a"},
	} {
		parameter := c.parameter
		if !strings.Contains(parameter, "required:") {
			parameter = strings.TrimSuffix(parameter, "}") + ", required: true}"
		}
		d := drafted(t, "paths: {/a: {get: {parameters: ["+parameter+"]}}}")
		s := d.Users[0].Tasks[0].Steps[0]
		_, call := s.Word()
		got := strings.TrimPrefix(call, "GET ")
		if headers := s.Keys.Get("headers"); headers != nil {
			got += " " + strings.TrimPrefix(strings.TrimSpace(draft.Map{{Key: "h", Value: headers}}.YAML()), "h: ")
		}
		if got != c.want {
			t.Errorf("%s: %s becomes %s, want %s", name, c.parameter, got, c.want)
		}
		parse(t, d)
	}
}

// Forms, uploads and other bodies.
func TestBodies(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"a form":     {`application/x-www-form-urlencoded: {schema: {required: [a, o, l], properties: {a: {const: "1"}, o: {required: [b], properties: {b: {const: x}}}, l: {type: array, items: {const: z}}}}}`, `form: {a: "1", o: {b: x}, l: [z]}`},
		"brackets":   {`application/x-www-form-urlencoded: {schema: {required: [l], properties: {l: {type: array, items: {const: z}}}}, encoding: {l: {style: deepObject}}}`, `form: {"l[]": [z]}`},
		"no nothing": {`application/x-www-form-urlencoded: {schema: {required: [o], properties: {o: {properties: {b: {type: boolean}, c: {type: boolean}}}}}}`, `form: {o: {b: true}}`},
		"parts":      {`multipart/form-data: {schema: {required: [meta], properties: {meta: {required: [a], properties: {a: {const: 1}}}, f: {type: string, format: binary}}}, encoding: {f: {contentType: image/png}}}`, `multipart: {meta: "{\"a\":1}", f: {file: plimsoll-upload.txt, type: image/png}}`},
		"a file":     {`application/octet-stream: {schema: {type: string, format: binary}}`, "headers: {Content-Type: application/octet-stream} body: {file: plimsoll-upload.txt}"},
		"text":       {`text/plain: {schema: {type: string, example: "hello"}}`, "headers: {Content-Type: text/plain} body: hello"},
		"JSON first": {`application/xml: {schema: {type: object}}, application/json: {schema: {const: 1}}`, "json: 1"},
		"its own":    {`application/vnd.api+json: {schema: {const: 1}}`, "headers: {Content-Type: application/vnd.api+json} json: 1"},
		"an example": {`application/json: {schema: {type: object}, examples: {x: {value: {a: [1, "1"]}}}}`, `json: {a: [1, "1"]}`},
		"XML":        {`application/xml: {example: "<a/>"}`, `headers: {Content-Type: application/xml} body: "<a/>"`},
	} {
		d := drafted(t, "paths: {/a: {post: {requestBody: {required: true, content: {"+c.content+"}}}}}")
		got := strings.Join(strings.Fields(strings.TrimPrefix(strings.TrimSpace(tasks(d)), "- http: POST /a")), " ")
		if got != c.want {
			t.Errorf("%s: %s becomes\n%s, want\n%s", name, c.content, got, c.want)
		}
		parse(t, d)
	}
}

// Secrets are variables of the environment, in target.headers if all requests carry them.
func TestSecurity(t *testing.T) {
	const schemes = `
components: {securitySchemes: {o: {type: oauth2}, b: {type: http, scheme: basic}, k: {type: apiKey, in: query, name: key}, h: {type: apiKey, in: header, name: X-App}, c: {type: apiKey, in: cookie, name: sid}}}
`
	for name, c := range map[string]struct{ paths, headers, want, set string }{
		"all":          {"security: [{o: []}, {b: []}]\npaths: {/a: {get: {}}, /b: {get: {}}}", "{Authorization: \"Bearer ${env.API_TOKEN}\"}", "\n- http: GET /a\n- http: GET /b\n", "API_TOKEN"},
		"some":         {"security: [{b: []}]\npaths: {/a: {get: {}}, /b: {get: {security: []}}}", "", "\n- http: GET /a\n  headers: {Authorization: \"Basic ${env.API_BASIC}\"}\n- http: GET /b\n", "API_BASIC"},
		"keys":         {"paths: {/a: {get: {security: [{k: [], h: [], c: []}]}}, /b: {get: {}}}", "", "\n- http: GET /a?key=${env.API_KEY}\n  name: GET /a\n  headers: {X-App: \"${env.API_H}\", Cookie: \"sid=${env.API_C}\"}\n- http: GET /b\n", "API_KEY API_H API_C"},
		"or without":   {"security: [{o: []}, {}]\npaths: {/a: {get: {}}}", "", "\n- http: GET /a\n", ""},
		"comments too": {"paths: {/a: {delete: {security: [{o: []}]}}, /b: {get: {}}}", "", "\n- http: GET /b\n# DELETE /a: it deletes, and no step makes what it deletes\n# - http: DELETE /a\n#   headers: {Authorization: \"Bearer ${env.API_TOKEN}\"}\n", ""},
	} {
		d := drafted(t, c.paths+schemes)
		var set []string
		for _, v := range d.Env {
			set = append(set, v.Name)
		}
		headers := strings.TrimPrefix(strings.TrimSpace(draft.Map{{Key: "h", Value: d.Headers}}.YAML()), "h: ")
		if len(d.Headers) == 0 {
			headers = ""
		}
		if got := tasks(d); got != c.want || headers != c.headers || strings.Join(set, " ") != c.set {
			t.Errorf("%s: %s, %s with%s, want %s, %s with%s", name, set, headers, got, c.set, c.headers, c.want)
		}
		parse(t, d)
	}
}

// Two values of one name, and ids of things in things, each have a name of their own.
func TestNames(t *testing.T) {
	d := drafted(t, `
paths:
  /a/{id}: {get: {}}
  /b/{id}: {get: {parameters: [{name: q, in: query, required: true, schema: {enum: [1, 2]}}]}}
  /b/{id}/c/{c-id}: {get: {parameters: [{name: q, in: query, required: true, schema: {enum: [3, 4]}}]}}
  /d/{name}/{uuid}: {get: {}}
`)
	p := parse(t, d.Filled())
	var names []string
	for _, table := range p.Data {
		names = append(names, table.Name)
	}
	if got, want := strings.Join(names, " "), "a_id b_id q c_id q_2 d_name d_uuid"; got != want {
		t.Errorf("the tables are %s, want %s", got, want)
	}
}

// A description of another machine, a hostile one, and one that nobody can read become no profile.
func TestKeeps(t *testing.T) {
	d, err := openapi.Draft(draft.Input{
		Name: "api.yaml", Data: []byte("openapi: 3.0.0\npaths: {/a: {get: {tags: [x]}, post: {}}, /b: {get: {deprecated: true}}}"),
		Keeps: func(name string, tags ...string) bool {
			return name != "POST /a" && strings.Join(tags, "") != "deprecated"
		},
	})
	if err != nil || len(d.Rows) != 1 || d.Rows[0].Operation != "GET /a" {
		t.Errorf("kept is %v (%v)", d, err)
	}
}
