package plan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// sentGraphQL is what the first step of a profile sends.
func sentGraphQL(t *testing.T, step string) (*plan.GraphQL, string) {
	t.Helper()
	const head = `
name: shop
target: {url: "http://127.0.0.1/api", headers: {Authorization: "Bearer x", Content-Type: text/plain}, graphql: {schema: shop.graphql}}
data: {row: {file: row.jsonl}}
users: [{name: u, tasks: [`
	files := map[string]string{"row.jsonl": `{"number": 17, "text": "42", "word": "a\"b", "none": null, "list": ["a", 1], "object": {"kind": "ITEMS"}}`}
	p, problems := profile.Parse("p.yaml", []byte(head+"{"+step+"}]}]"), profile.Surroundings{Read: func(path string) ([]byte, error) {
		if content, ok := files[path]; ok {
			return []byte(content), nil
		}
		return os.ReadFile(filepath.Join("../../testdata/profiles/files", path))
	}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		t.Fatal(err)
	}
	g := made.Calls[0].Content.(*plan.GraphQL)
	return g, string(datagen.New(made).User(0, 0).Append(nil, g.Body))
}

// A value has the quotes that its declared type asks for.
func TestGraphQLBody(t *testing.T) {
	for _, c := range []struct{ step, want string }{
		{`graphql: "{ top { id } }"`, `{"query":"{ top { id } }"}`},
		{`graphql: 'query Top($n: Int!) { top(n: $n) { id } } # "', variables: {n: "${data.row.text}"}`, `{"query":"query Top($n: Int!) { top(n: $n) { id } }","operationName":"Top","variables":{"n":42}}`},
		{`graphql: 'query I($id: ID!) { item(id: $id) { id } }', variables: {id: "${data.row.number}"}`, `{"query":"query I($id: ID!) { item(id: $id) { id } }","operationName":"I","variables":{"id":"17"}}`},
		{`graphql: 'query T($w: Where) { top(where: $w) { id } }', variables: {w: {kind: "${data.row.word}", ids: ["${data.row.number}", 7, x], at: "${data.row.number}", not: {ids: "${int(3,3)}"}}}`,
			`{"query":"query T($w: Where) { top(where: $w) { id } }","operationName":"T","variables":{"w":{"kind":"a\"b","ids":["17",7,"x"],"at":17,"not":{"ids":["3"]}}}}`},
		{`graphql: 'query T($w: Where) { top(where: $w) { id } }', variables: {w: "${data.row.object}"}`, `{"query":"query T($w: Where) { top(where: $w) { id } }","operationName":"T","variables":{"w":{"kind": "ITEMS"}}}`},
		{`graphql: 'query T($w: Where) { top(where: $w) { id } }', variables: {w: {ids: "${data.row.list}", at: "${data.row.none}"}}`, `{"query":"query T($w: Where) { top(where: $w) { id } }","operationName":"T","variables":{"w":{"ids":["a", 1],"at":null}}}`},
		{`graphql: 'mutation A($i: NewItem!) { add(item: $i) { id } }', variables: {i: {name: "${data.row.text}", score: "1.50", count: "${seq}", sale: "true", tags: []}}`,
			`{"query":"mutation A($i: NewItem!) { add(item: $i) { id } }","operationName":"A","variables":{"i":{"name":"42","score":1.50,"count":1,"sale":true,"tags":[]}}}`},
		{`graphql: "{ item(id: \"a\\nü\") { id } }"`, `{"query":"{ item(id: \"a\\nü\") { id } }"}`},
		{`graphql: '{ item(id: "$${x}") { id } }'`, `{"query":"{ item(id: \"${x}\") { id } }"}`},
		{`graphql: "{ top { id } }", persisted: hash`, `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"006e98bc50298f7d1074373ad5e267cd7f68eb5a29ae1d03d7227d9cfc956b96"}}}`},
		{`graphql: "query A { top { id } }", persisted: register`, `{"query":"query A { top { id } }","operationName":"A","extensions":{"persistedQuery":{"version":1,"sha256Hash":"ee82f8b4cff0538a7ae7c3205374ba2e7f5608124159b99a21e221ca05fd3e15"}}}`},
	} {
		if _, got := sentGraphQL(t, c.step); got != c.want {
			t.Errorf("%s sends\n%s, want\n%s", c.step, got, c.want)
		}
	}
}

func TestGraphQLRequest(t *testing.T) {
	header := func(g *plan.GraphQL) string {
		var lines []string
		for _, h := range g.Headers {
			value, _ := h.Value.Static()
			lines = append(lines, h.Name+": "+value)
		}
		return strings.Join(lines, "\n")
	}
	g, _ := sentGraphQL(t, `graphql: "{ top { id } }", path: /v2`)
	if path, _ := g.Path.Static(); g.Method != "POST" || path != "/api/v2" {
		t.Errorf("%s %s", g.Method, path)
	}
	if got := header(g); got != "Authorization: Bearer x\nAccept: application/graphql-response+json, application/json;q=0.9\nContent-Type: application/json" {
		t.Error(got)
	}
	g, _ = sentGraphQL(t, `graphql: "{ top { id } }", headers: {accept: application/json, content-type: application/graphql+json}`)
	if got := header(g); got != "Authorization: Bearer x\naccept: application/json\ncontent-type: application/graphql+json" {
		t.Error(got)
	}
}

// A file is sent as the GraphQL multipart request specification says.
func TestGraphQLFiles(t *testing.T) {
	g, body := sentGraphQL(t, `graphql: 'mutation U($f: [Upload!]!) { upload(pictures: $f) }', variables: {f: [{file: cat.png, name: "c${seq}.png", type: image/png}, {file: payload.bin}]}`)
	var boundary string
	for _, h := range g.Headers {
		value, _ := h.Value.Static()
		if of, ok := strings.CutPrefix(value, "multipart/form-data; boundary="); ok && h.Name == "Content-Type" {
			boundary = of
		}
	}
	if boundary == "" || !strings.HasSuffix(body, "\r\n--"+boundary+"--\r\n") {
		t.Fatalf("%+v\n%s", g.Headers, body)
	}
	for i, want := range []string{"", "\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n" + `{"query":"mutation U($f: [Upload!]!) { upload(pictures: $f) }","operationName":"U","variables":{"f":[null,null]}}` + "\r\n",
		"\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n" + `{"0":["variables.f.0"],"1":["variables.f.1"]}` + "\r\n",
		"\r\nContent-Disposition: form-data; name=\"0\"; filename=\"c1.png\"\r\nContent-Type: image/png\r\n\r\n",
		"\r\nContent-Disposition: form-data; name=\"1\"; filename=\"payload.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n"} {
		if part := strings.Split(body, "--"+boundary)[i]; !strings.HasPrefix(part, want) || i < 3 && part != want {
			t.Errorf("part %d is %q", i, part)
		}
	}
}

// The plan tells which parts of a schema were ignored.
func TestNotesOfASchema(t *testing.T) {
	p, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://127.0.0.1\", graphql: {schema: s.graphql}}\nusers: [{name: u, tasks: [{graphql: \"{ a }\"}]}]"), profile.Surroundings{
		Read: func(string) ([]byte, error) { return []byte("type Query { a: Int a: Int }"), nil },
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		t.Fatal(err)
	}
	if notes := made.Notes(); len(notes) != 1 || notes[0] != "s.graphql:1:21: the field Query.a is there twice; the first counts" {
		t.Error(notes)
	}
}
