package graphql_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/graphql"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// parsed parses a draft, with made-up data, into a profile that can be planned.
func parsed(t testing.TB, d *draft.Draft, schema []byte) *profile.Profile {
	t.Helper()
	filled := d.Filled()
	filled.Name, filled.URL = "drafted", "http://127.0.0.1:1"
	text := filled.YAML()
	p, problems := profile.Parse("plimsoll.yaml", []byte(text), profile.Surroundings{
		Env:  func(string) (string, bool) { return "", false },
		Read: func(string) ([]byte, error) { return schema, nil },
	})
	if len(problems) > 0 {
		t.Fatalf("%v\n%s", problems, text[:min(len(text), 4000)])
	}
	if _, err := plan.Make(p, plan.Values{}); err != nil {
		t.Fatal(err)
	}
	return p
}

// Each schema beside this test becomes the profile beside it, which can be read back.
func TestDrafts(t *testing.T) {
	for _, c := range []struct {
		name, schema string
		mutations    bool
	}{{"shop", "shop.graphql", false}, {"shop-mutations", "shop.graphql", true}, {"relations", "relations.graphql", true}} {
		t.Run(c.name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", c.schema))
			if err != nil {
				t.Fatal(err)
			}
			d, err := graphql.Draft(draft.Input{Name: c.schema, Data: data, Mutations: c.mutations})
			if err != nil {
				t.Fatal(err)
			}
			parsed(t, d, data)
			got := d.Title + "\n\n" + d.Table(1000) + "\n" + d.YAML()
			golden := filepath.Join("testdata", c.name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("drafted\n%s", got)
			}
		})
	}
}

// Every operation is written, also those that are comments: turned on and filled in, they fit the schema.
func TestEveryOperationFits(t *testing.T) {
	data, err := os.ReadFile("testdata/shop.graphql")
	if err != nil {
		t.Fatal(err)
	}
	d, err := graphql.Draft(draft.Input{Name: "shop.graphql", Data: data, Mutations: true})
	if err != nil {
		t.Fatal(err)
	}
	turnOn(d)
	routes := strings.ToLower(strings.Join(parsed(t, d, data).Routes(), "\n")) + "\n"
	for _, row := range d.Rows {
		if !strings.Contains(routes, strings.ToLower(row.Operation)+"\n") {
			t.Errorf("%s is not among the routes\n%s", row.Operation, routes)
		}
	}
	if len(d.Rows) != 18 {
		t.Errorf("%d rows", len(d.Rows))
	}
}

// Every row tells of a step, so that a trial can say how it was answered.
func TestEveryRowHasItsStep(t *testing.T) {
	data, err := os.ReadFile("testdata/shop.graphql")
	if err != nil {
		t.Fatal(err)
	}
	d, err := graphql.Draft(draft.Input{Name: "shop.graphql", Data: data, Mutations: true})
	if err != nil {
		t.Fatal(err)
	}
	told := map[*draft.Row]bool{}
	for _, task := range d.Users[0].Tasks {
		for _, s := range task.Steps {
			told[s.Row] = true
		}
	}
	for _, row := range d.Rows {
		if !told[row] {
			t.Errorf("%s (%s) is told of no step", row.Operation, row.As)
		}
	}
}

// The work grows with the types of a schema, and not with their square.
func TestManyTypes(t *testing.T) {
	asked := func(types int) (times int) {
		var queries, mutations, rest strings.Builder
		for i := range types {
			fmt.Fprintf(&queries, " thing%d(id: ID!): Thing%d things%d: [Thing%d!]!", i, i, i, i)
			fmt.Fprintf(&mutations, " createThing%d(other: OtherIn%d!): Thing%d! deleteThing%d(id: ID!): Boolean", i, i, i, i)
			fmt.Fprintf(&rest, " type Thing%d { id: ID! other: Thing%d } input OtherIn%d { thing%dId: ID! }", i, i/2, i, i/2)
		}
		d, err := graphql.Draft(draft.Input{
			Name: "s.graphql", Data: []byte("type Query {" + queries.String() + " } type Mutation {" + mutations.String() + " }" + rest.String()), Mutations: true,
			Keeps: func(string, ...string) bool {
				times++
				return true
			},
		})
		if err != nil || len(d.Rows) != 4*types {
			t.Fatal(err)
		}
		for _, row := range d.Rows {
			if row.Off {
				t.Fatalf("%s: %s", row.Operation, row.As)
			}
		}
		return times
	}
	if few, many := asked(100), asked(400); many != 4*few {
		t.Errorf("the user's choice is asked for %d times of 100 types, and %d times of 400", few, many)
	}
}

// turnOn makes steps of all comments.
func turnOn(d *draft.Draft) {
	for u := range d.Users {
		for i := range d.Users[u].Tasks {
			for j := range d.Users[u].Tasks[i].Steps {
				d.Users[u].Tasks[i].Steps[j].Off = ""
			}
		}
	}
}

func TestDraftOfAnAddress(t *testing.T) {
	const introspection = `{"data": {"__schema": {"queryType": {"name": "Q"}, "types": [
		{"kind": "OBJECT", "name": "Q", "fields": [{"name": "now", "args": [], "type": {"kind": "NON_NULL", "ofType": {"kind": "SCALAR", "name": "String"}}}]},
		{"kind": "SCALAR", "name": "String"}], "directives": []}}}`
	d, err := graphql.Draft(draft.Input{Name: "http://127.0.0.1:4000/api/graphql", Data: []byte(introspection)})
	if err != nil {
		t.Fatal(err)
	}
	if d.URL != "http://127.0.0.1:4000" || len(d.Files) != 1 || !strings.Contains(d.YAML(), "graphql: {path: /api/graphql, schema: schema.graphql}") {
		t.Errorf("%s, %d files\n%s", d.URL, len(d.Files), d.YAML())
	}
	p := parsed(t, d, d.Files[0].Content)
	if routes := strings.Join(p.Routes(), ", "); routes != "query Now" {
		t.Error(routes)
	}
}

func TestProblems(t *testing.T) {
	for data, want := range map[string]string{
		"type Query { a: B }": `s.graphql:1:17: there is no type "B"`,
		`{"errors": [{"message": "GraphQL introspection is not allowed"}]}`: `s.graphql:1:1: introspection is off ("GraphQL introspection is not allowed"): give the schema as a file`,
		`{"openapi": "3.0.0"}`: "s.graphql:1:1: the JSON is no introspection: it has neither __schema nor data.__schema",
		"type Item { id: ID }": "s.graphql:1:1: the schema has no type Query; is it a part of one?",
	} {
		if _, err := graphql.Draft(draft.Input{Name: "s.graphql", Data: []byte(data)}); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", data, err, want)
		}
	}
}

// The user may leave operations out, by name and by tag.
func TestKeeps(t *testing.T) {
	data, err := os.ReadFile("testdata/shop.graphql")
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	d, err := graphql.Draft(draft.Input{Name: "shop.graphql", Data: data, Keeps: func(operation string, tags ...string) bool {
		asked = append(asked, operation)
		return strings.HasPrefix(operation, "query s") && len(tags) == 0 || operation == "query old" && tags[0] != "deprecated"
	}})
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, r := range d.Rows {
		rows = append(rows, r.Operation)
	}
	if got := strings.Join(rows, ", "); got != "query shops, query shop, query search" {
		t.Errorf("%s, of %s", got, asked)
	}
}
