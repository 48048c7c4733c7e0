package sources

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const toys = `
openapi: 3.0.0
info: {title: Toys, version: 1}
paths:
  /toys: {get: {tags: [toys]}, post: {tags: [admin]}}
  /toys/{id}: {get: {}, delete: {}}
`

// A pattern that matches no operation is refused before anything is sent. The error suggests the nearest names.
func TestPatternsThatMeanNothing(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "toys.yaml")
	if err := os.WriteFile(file, []byte(toys), 0o600); err != nil {
		t.Fatal(err)
	}
	for pattern, meant := range map[string]string{
		"DELET *": "DELETE *", "delete": "DELETE *", "tag:admn": "tag:admin", "Admin": "tag:Admin", "/toy": "/toy*",
		"GET /toy": "GET /toys", "toys/{id": "*toys/{id*", "nothing": "", "tag:nothing": "", "deprecated": "",
	} {
		want := `--skip "` + pattern + `" means no operation`
		if meant != "" {
			want += `; did you mean "` + meant + `"?`
		}
		want += "\nthe operations are GET /toys, POST /toys, GET /toys/{id}, DELETE /toys/{id}; their tags are toys, admin\nnothing was written"
		_, err := Flags{OpenAPI: []string{file}, Skip: []string{pattern, "POST *"}}.Draft(context.Background(), "", os.LookupEnv)
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
	_, err := Flags{OpenAPI: []string{file}, Only: []string{"GET *"}, Skip: []string{"* /toys*"}}.Draft(context.Background(), "", os.LookupEnv)
	if err == nil || !strings.HasPrefix(err.Error(), "--only and --skip leave no operation\nthe operations are GET /toys, ") {
		t.Errorf("nothing is left: %v", err)
	}
}

// A pattern has to match an operation of one source only. A source without a match adds nothing.
func TestPatternsOfSeveralSources(t *testing.T) {
	dir := t.TempDir()
	named := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	f := Flags{
		OpenAPI: []string{named("toys.yaml", toys), named("more.yaml", "openapi: 3.0.0\npaths: {/more: {get: {}}}")},
		GraphQL: named("s.graphql", "type Query { top: Int, bottom: Int }"),
		HAR:     []string{named("x.har", `{"log": {"entries": [{"request": {"method": "GET", "url": "http://127.0.0.1:1/recorded"}, "response": {"status": 200}}, {"request": {"method": "POST", "url": "http://127.0.0.1:1/recorded"}, "response": {"status": 200}}]}}`)},
		Locust:  []string{named("l.py", "from locust import HttpUser, task, tag\nclass U(HttpUser):\n    @tag('slow')\n    @task\n    def t(self):\n        self.client.get('/slow', name='waits')\n    @task\n    def u(self):\n        self.client.get('/fast')\n")},
		Only:    []string{"GET /more", "query top", "GET /recorded", "tag:slow"},
	}
	d, err := f.Draft(context.Background(), "", os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(d.Routes(), ", "), "GET /more, query Top, GET /recorded, waits"; got != want {
		t.Errorf("the routes are %s, want %s", got, want)
	}
}

// A flag that nothing obeys is refused.
func TestFlagsWithoutTheirSource(t *testing.T) {
	for _, c := range []struct {
		flags Flags
		want  string
	}{
		{Flags{Try: true}, "--try needs something to draft the profile from: add --openapi, "},
		{Flags{Only: []string{"GET *"}}, "--only needs something"},
		{Flags{Skip: []string{"GET *"}}, "--skip needs something"},
		{Flags{Mutations: true}, "--mutations needs something"},
		{Flags{Mutations: true, HAR: []string{"x"}}, "--mutations needs a GraphQL schema: add --graphql"},
		{Flags{Mutations: true, GraphQL: "x", Try: true, Only: []string{"y"}}, ""},
		{Flags{}, ""},
	} {
		if err := c.flags.Check(); (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.flags, err, c.want)
		}
	}
}
