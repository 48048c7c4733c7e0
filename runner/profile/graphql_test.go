package profile_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

const topOfShop = `
name: shop
target: {url: http://127.0.0.1, graphql: {path: /graphql, schema: shop.graphql}}
data: {products: {file: products.csv}}
users:
  - name: u
    tasks:
      - graphql: "query Top($n: Int!, $w: Where) { top(n: $n, where: $w) { id } }"
        variables: {n: 3, w: {ids: ["${data.products.sku}"]}}
        expect: {errors: none}
      - graphql: "mutation Upload($files: [Upload!]!) { upload(pictures: $files) }"
        variables: {files: [{file: cat.png}]}
`

// The digest covers what is sent or expected, and nothing else.
func TestDigestOfGraphQL(t *testing.T) {
	before := digest(t, topOfShop)
	changed := func(old, now string) string {
		text := strings.Replace(topOfShop, old, now, 1)
		if text == topOfShop {
			t.Fatalf("%q is not there", old)
		}
		return digest(t, text)
	}
	for _, c := range [][2]string{
		{"        expect: {errors: none}\n", ""}, {"{path: /graphql, ", "{"}, {"query Top", "# a comment\\nquery Top"},
	} {
		if changed(c[0], c[1]) != before {
			t.Errorf("%q instead of %q changes the digest", c[1], c[0])
		}
	}
	seen := map[string]string{before: "the profile itself"}
	for _, c := range [][2]string{
		{"{ id } }", "{ id name } }"}, {"query Top(", "query Best("}, {"n: 3", "n: 4"}, {"errors: none", "errors: any"}, {"errors: none", "status: 200"},
		{"path: /graphql", "path: /gql"}, {"variables: {n", "path: /gql\n        variables: {n"}, {"variables: {n", "headers: {A: b}\n        variables: {n"},
		{"cat.png", "payload.bin"}, {"expect: {errors: none}", "persisted: hash"}, {"expect: {errors: none}", "persisted: register"}, {"{file: cat.png}", "{file: cat.png, type: image/png}"}, {", schema: shop.graphql", ""},
	} {
		now := changed(c[0], c[1])
		if other, there := seen[now]; there {
			t.Errorf("%q instead of %q has the digest of %s", c[1], c[0], other)
		}
		seen[now] = c[1]
	}
}

// An operation is named, and its file is taken out of the variables.
func TestGraphQLContent(t *testing.T) {
	p, problems := profile.Parse("p.yaml", []byte(topOfShop), from)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if routes := strings.Join(p.Routes(), ", "); routes != "mutation Upload, query Top" {
		t.Errorf("routes %s", routes)
	}
	upload := p.Users[0].Tasks[1].Steps[0].Call.Content.(*profile.GraphQL)
	if got := upload.Variables.JSON(); got != `{"files":[null]}` || len(upload.Files) != 1 || upload.Files[0].At != "variables.files.0" || upload.Files[0].File.Name != "cat.png" {
		t.Errorf("variables %s, files %+v", got, upload.Files)
	}
}

// Values of the right kind that the schema still rules out are refused: the null of a oneOf, and a Float past 64 bits.
func TestValuesThatTheSchemaRulesOut(t *testing.T) {
	const schema = "type Query { a(by: By, f: Float): Int } input By @oneOf { x: Int, y: String }"
	for variables, want := range map[string]string{
		"{b: {x: 1}, f: 1e300}":  "",
		"{b: {x: null}, f: 1}":   "the one field of By that is given must not be null",
		"{b: {y: a}, f: 1e400}":  "1e400 is no Float, which has 64 bits",
		"{b: {y: a}, f: -1e400}": "-1e400 is no Float, which has 64 bits",
	} {
		text := "name: s\ntarget: {url: \"http://127.0.0.1:1\", graphql: {schema: s.graphql}}\nusers: [{name: u, tasks: [{graphql: \"query A($b: By, $f: Float) { a(by: $b, f: $f) }\", variables: " + variables + "}]}]\n"
		_, problems := profile.Parse("p.yaml", []byte(text), profile.Surroundings{
			Env:  func(string) (string, bool) { return "", false },
			Read: func(string) ([]byte, error) { return []byte(schema), nil },
		})
		if (want == "") != (len(problems) == 0) || want != "" && problems[0].Text != want {
			t.Errorf("%s: %v, want %q", variables, problems, want)
		}
	}
}
