package graphql_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/graphql"
)

// Whatever a document says, it is refused in words or can be sent: what is sent is a document by itself that means
// the same.
func FuzzParse(f *testing.F) {
	s := shopOf(f)
	for _, seed := range []string{
		"{ top { id } }", "query A($n: Int!) { top(n: $n) { ...I } } fragment I on Item { id shop { ...S } } fragment S on Shop { name }",
		"mutation M($i: NewItem!) { add(item: $i) { id } }", "{ search(text: \"\"\"a \\\"\"\" }\"\"\") { ... on Item @skip(if: true) { id } __typename } }",
		"query Q($w: Where = {not: {ids: [1, \"a\"]}}) { top(where: $w) { id } }", "subscription { ticks }", "# {\n{ a: top { id } b: top { id } }", "{ node(id: 1) { ... @defer { id } } }",
		`"described" query A { top { id } } query B { top { id } }`, "{ __schema { types { fields { type { ofType { name } } } } } }", "query ($v: [[Int!]!]!) { top(n: $v) { id } }",
	} {
		f.Add(seed, "A")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		for _, s := range []*graphql.Schema{nil, s} {
			o, wrong := graphql.Parse([]graphql.Source{{Text: text}}, name, s)
			if len(wrong) > 0 {
				for _, p := range wrong {
					if p.Text == "" || p.Line < 1 || p.Column < 1 {
						t.Fatalf("%q: the problem %+v", text, p)
					}
				}
				continue
			}
			again, wrong := graphql.Parse([]graphql.Source{{Text: o.Text}}, "", s)
			if len(wrong) > 0 || again.Label() != o.Label() || strings.Join(again.Roots, " ") != strings.Join(o.Roots, " ") || len(again.Variables) != len(o.Variables) {
				t.Fatalf("%q is sent as %q, which is %v", text, o.Text, problems(wrong))
			}
		}
	})
}

// Whatever a schema says, it is refused in words or can be used.
func FuzzParseSchema(f *testing.F) {
	for _, seed := range []string{
		shop, "type Query { a(b: A!): Int } input A { b: B! } input B { a: A! }", "schema { query: Q } type Q { a: U } union U = Q | V type V { b: E } enum E { X } interface I { b: E }",
		"extend type Query { a: Int } directive @a(b: Int = 1) repeatable on FIELD | OBJECT scalar S @specifiedBy(url: \"x\") input O @oneOf { a: Int b: Int }",
		`{"data": {"__schema": {"queryType": {"name": "Q"}, "types": [{"kind": "OBJECT", "name": "Q", "fields": [{"name": "a", "args": [{"name": "b", "type": {"kind": "LIST", "ofType": {"kind": "SCALAR", "name": "Int"}}, "defaultValue": "[1]"}], "type": {"kind": "NON_NULL", "ofType": {"kind": "SCALAR", "name": "Int"}}}]}], "directives": [{"name": "d", "locations": ["FIELD"], "args": []}]}}}`,
	} {
		f.Add([]byte(seed), "{ a }")
	}
	f.Fuzz(func(t *testing.T, data []byte, query string) {
		s, problem := graphql.ParseSchema("s", data)
		if problem != nil {
			if problem.Text == "" || problem.Line < 1 || problem.Column < 1 {
				t.Fatalf("%q: the problem %+v", data, problem)
			}
			return
		}
		if o, wrong := graphql.Parse([]graphql.Source{{Text: query}}, "", s); len(wrong) == 0 {
			for _, v := range o.Variables {
				if v.Type.Shape() == graphql.Input {
					v.Type.Fields()
				}
			}
		}
	})
}
