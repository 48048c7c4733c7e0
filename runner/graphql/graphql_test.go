package graphql_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/graphql"
)

const shop = `
"""The shop."""
type Query {
  top(n: Int! = 3, where: Where): [Item!]!
  item(id: ID!): Item
  node(id: ID!): Node
  search(text: String!, kind: Kind = ALL): [Result!]
}
type Mutation { add(item: NewItem!, picture: Upload): Item }
type Subscription { ticks: Int! }
interface Node { id: ID! }
union Result = Item | Shop
type Item implements Node { id: ID! score: Float name: String shop: Shop }
type Shop implements Node { id: ID! name: String items(first: Int): [Item!] }
enum Kind { ALL ITEMS SHOPS }
input Where { not: Where, kind: Kind, ids: [ID!], at: DateTime }
input NewItem { name: String!, score: Float = 1.5, tags: [String!]! = [], where: Where }
input Pick @oneOf { id: ID, name: String }
scalar DateTime
scalar Upload
extend type Query { pick(by: Pick!): Item }
`

func shopOf(t testing.TB) *graphql.Schema {
	t.Helper()
	s, problem := graphql.ParseSchema("schema.graphql", []byte(shop))
	if problem != nil {
		t.Fatalf("%+v", *problem)
	}
	return s
}

// problems are the problems of a document, one a line.
func problems(all []graphql.Problem) string {
	var lines []string
	for _, p := range all {
		lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", p.Source, p.Line, p.Column, p.Text))
	}
	return strings.Join(lines, "\n")
}

func TestParse(t *testing.T) {
	s := shopOf(t)
	for _, c := range []struct{ name, text, operation, label, roots, sent string }{
		{"short", `{ top { id } }`, "", "query { top }", "[top]", `{ top { id } }`},
		{"named", "# a comment { of no matter\nquery Top($n: Int!) { top(n: $n) { id score } } # and one\n", "", "query Top", "[top]", `query Top($n: Int!) { top(n: $n) { id score } }`},
		{"mutation", `mutation AddToCart($i: NewItem = {name: "}{"}) { add(item: $i) { id } }`, "", "mutation AddToCart", "[add]", ""},
		{"one of two", `query A { top { ...I } } fragment I on Item { id ...S } query B { a: item(id: "}") { id } top { id } top { id } } fragment S on Item { name }`, "B", "query B", "[item top]", `query B { a: item(id: "}") { id } top { id } top { id } }`},
		{"its fragments", `query A { top { ...I } } fragment I on Item { id ...S } query B { top { id } } fragment S on Item { name } fragment U on Item { id }`, "A", "query A", "[top]", "query A { top { ...I } }\nfragment I on Item { id ...S }\nfragment S on Item { name }"},
		{"root fragments", `query { ...R ... on Query { item(id: 1) { id } } } fragment R on Query { top { id } }`, "", "query { top }", "[top item]", ""},
		{"block string", "query B { search(text: \"\"\"a { \"b\" \\\"\"\" ü }\"\"\") { __typename } } query C { top { id } }", "C", "query C", "[top]", "query C { top { id } }"},
		{"described", "\"\"\"first\"\"\" query A { top { id } } \"second { \" query B { top { id } }", "B", "query B", "[top]", "\"second { \" query B { top { id } }"},
		{"subscription", `subscription T { ticks }`, "", "subscription T", "[ticks]", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, s := range []*graphql.Schema{nil, s} {
				o, wrong := graphql.Parse([]graphql.Source{{"", c.text}}, c.operation, s)
				if len(wrong) > 0 {
					t.Fatal(problems(wrong))
				}
				if o.Label() != c.label || fmt.Sprint(o.Roots) != c.roots || c.sent != "" && o.Text != c.sent {
					t.Errorf("got %q, %v, %q", o.Label(), o.Roots, o.Text)
				}
			}
		})
	}
}

// Each fragment is followed once, however often it is spread.
func TestFragmentsThatDouble(t *testing.T) {
	text := "query Q { ...F0 ...F0 }"
	for i := range 200 {
		text += fmt.Sprintf(" fragment F%d on Query { ...F%d ...F%d }", i, i+1, i+1)
	}
	text += " fragment F200 on Query { top { id } }"
	for _, schema := range []*graphql.Schema{nil, shopOf(t)} {
		o, wrong := graphql.Parse([]graphql.Source{{"", text}}, "", schema)
		if len(wrong) > 0 || fmt.Sprint(o.Roots) != "[top]" {
			t.Errorf("%v: %s", o, problems(wrong))
		}
	}
}

func TestFragmentsOfOtherFiles(t *testing.T) {
	o, wrong := graphql.Parse([]graphql.Source{{"top.graphql", "query Top { top { ...I } }"}, {"fragments.graphql", "fragment I on Item { id } fragment S on Shop { id }"}}, "", shopOf(t))
	if len(wrong) > 0 || o.Text != "query Top { top { ...I } }\nfragment I on Item { id }" {
		t.Errorf("%v, %q", problems(wrong), o.Text)
	}
}

// Every sentence about a document, with its place.
func TestProblems(t *testing.T) {
	s := shopOf(t)
	check := func(text, operation, want string) {
		t.Helper()
		if _, wrong := graphql.Parse([]graphql.Source{{"", text}}, operation, s); problems(wrong) != want {
			t.Errorf("%s\n got %s\nwant %s", text, problems(wrong), want)
		}
	}
	check(`query Top { top { id scor } }`, "", `:1:22: the operation asks for "scor" on Item, which has no such field; did you mean "score"?`)
	check("query Top {\n  topp { id }\n}", "", `:2:3: the operation asks for "topp" on Query, which has no such field; did you mean "top"?`)
	check(`query Top { top { zzzzzz } }`, "", `:1:19: the operation asks for "zzzzzz" on Item, which has no such field`)
	check(`{ node(id: 1) { score } }`, "", `:1:17: the operation asks for "score" on Node, which has no such field; did you mean to use an inline fragment on "Item"?`)
	check(`query A { top { id } } query B { top { id } }`, "", `:1:24: two operations and no name; add operation: A or operation: B`)
	check(`query A { top { id } } { top { id } }`, "", `:1:24: with several operations, each needs a name`)
	check(`query Top { top { id } }`, "Topp", `:1:1: the document has no operation "Topp"; did you mean "Top"?`)
	check(`query Top { top { id } } query Top { top { id } }`, "Top", `:1:26: there are two operations named Top`)
	check(`fragment I on Item { id }`, "", `:1:1: the document has fragments and no operation`)
	check(" \n# nothing", "", `:1:1: the document is empty; write for example: query Top { top { id } }`)
	check(`{ top { ...Item } } fragment Items on Item { id }`, "", `:1:12: there is no fragment "Item"; did you mean "Items"?`)
	check(`{ top { ...ItemParts } }`, "", `:1:12: there is no fragment "ItemParts"; add its file: graphql: {file: [top.graphql, fragments.graphql]}`)
	check(`{ top { ...I } } fragment I on Item { ...J } fragment J on Item { ...I }`, "", `:1:70: the fragment "I" contains itself`)
	check(`{ top { ...I } } fragment I on Item { id } fragment I on Item { id }`, "", `:1:44: there are two fragments named I`)
	check(`query Top($n: Int!) { top(n: $m) { id } }`, "", ":1:30: the operation uses $m and does not declare it; write for example: query Top($m: Int!)\n:1:11: the operation declares $n and does not use it, which servers refuse")
	check(`query Top($count: Int!) { top(n: $coun) { id } item(id: 1) @include(if: $count) { id } }`, "", `:1:34: the operation uses $coun and does not declare it; did you mean "count"?`)
	check(`query Top($n: Int!, $n: Int!) { top(n: $n) { id } }`, "", `:1:21: $n is declared twice`)
	check(`query Top($n: String!) { top(n: $n) { id } }`, "", `:1:33: $n is declared as String! and used where Int! is needed`)
	check(`query Top($n: Item!) { top(n: $n) { id } }`, "", ":1:31: $n is declared as Item! and used where Int! is needed\n:1:11: $n cannot be of type Item!, which is no input")
	check(`query Top($n: Itn!) { top(n: $n) { id } }`, "", ":1:11: the schema has no type \"Itn\"\n:1:30: $n is declared as Itn! and used where Int! is needed")
	check(`{ top(m: 1) { id } }`, "", `:1:3: the field top of Query has no argument "m"; did you mean "n"?`)
	check(`{ item { id } }`, "", `:1:3: the field item needs the argument id: ID!`)
	check(`{ top }`, "", `:1:3: the field top is of type [Item!]!: say which of its fields are asked for, such as top { id }`)
	check(`{ top { id { x } } }`, "", `:1:9: the field id is of type ID, which has no fields: remove its braces`)
	check(`{ top(n: "x") { id } }`, "", `:1:11: Int cannot represent non-integer value: "x"`)
	check(`{ top(n: 2147483648) { id } }`, "", `:1:10: 2147483648 is no Int, which has 32 bits`)
	check(`{ top(n: 99999999999999999999) { id } }`, "", `:1:10: 99999999999999999999 is no Int, which has 32 bits`)
	check(`{ top(n: -2147483648) { id } item(id: 99999999999999999999) { id } }`, "", "")
	check(`query Top($n: Int! = -2147483649) { top(n: $n) { id } }`, "", `:1:22: -2147483649 is no Int, which has 32 bits`)
	check(`mutation A { add(item: {name: "", score: 1e999}) { id } }`, "", `:1:42: 1e999 is no Float, which has 64 bits`)
	check(`mutation A { add(item: {name: 1, score: 99999999999999999999, where: {at: 99999999999999999999}}) { id } }`, "", `:1:31: String cannot represent a non string value: 1`)
	check(`{ search(text: 99999999999999999999) { __typename } }`, "", `:1:16: String cannot represent a non string value: 99999999999999999999`)
	check(`{ search(text: "", kind: ITEM) { __typename } }`, "", `:1:26: value "ITEM" does not exist in "Kind" enum; did you mean the enum value "ITEMS"?`)
	check(`{ top { id } `, "", `:1:14: expected a name, found the end of the document`)
	check(`{ top { id } } )`, "", `:1:16: unexpected )`)
	check(`query Top(n: Int) { top { id } }`, "", `:1:11: expected $, found a name`)
	check(`{ top @foo { id } }`, "", `:1:8: the schema has no directive @foo`)
}

// Every sentence about a text that is no document at all, with its place.
func TestSyntax(t *testing.T) {
	const name = " cannot be a name: names have only the letters A to Z, digits and _"
	const ofSchema = " belongs to a schema, which is named under target.graphql.schema; operations stand here, such as query Top { top { id } }"
	for text, want := range map[string]string{
		"type X { a: Int }":                       `:1:1: "type"` + ofSchema,
		"query A { a }\nextend type X { a: Int }": `:2:1: "extend"` + ofSchema,
		`"""what""" input X { a: Int }`:           `:1:12: "input"` + ofSchema,
		"query Ä { top { id } }":                  `:1:7: "Ä"` + name,
		"query A {\n  topÄ_2 { id } }":            `:2:3: "topÄ_2"` + name,
		"query A($größe: Int) { a(b: $größe) }":   `:1:10: "größe"` + name,
		"query my-query { top { id } }":           `:1:7: "my-query"` + name,
		"{ a(b: 日本) }":                            `:1:8: "日本"` + name,
		"{ a(b: “x”) }":                           `:1:8: a text stands in straight double quotes ("), not in “`,
		"{ a(b: 'x') }":                           `:1:8: a text stands in straight double quotes ("), not in '`,
		"{ a(b: \"x) }":                           `:1:8: the text that begins here has no closing "`,
		"{ a(b: - 1) }":                           `:1:9: invalid number, expected digit but got: " "`,
		"{ a };":                                  `:1:6: ";" means nothing in GraphQL; remove it`,
		"{ a } // all":                            `:1:7: a comment begins with #`,
		"{ ..F }":                                 `:1:3: a fragment has three dots in front of it: ...Name`,
		"Query A { a }":                           `:1:1: an operation begins with query, mutation or {, found "Query"; did you mean "query"?`,
		"top { id }":                              `:1:1: an operation begins with query, mutation or {, found "top"`,
		"{ a } query":                             `:1:12: expected {, found the end of the document`,
		"query 1A { a }":                          `:1:7: expected {, found a number`,
		`{"query": "{ top { id } }"}`:             `:1:3: this is the JSON of a request: write the text of its query, and its variables beside it under variables`,
		"{ a {} }":                                `:1:6: there is nothing between { and }: name a field`,
		"query A() { a }":                         `:1:9: there is nothing between ( and ): remove both`,
		"fragment on on X { a } { a }":            `:1:10: a fragment cannot be named on`,
	} {
		if _, wrong := graphql.Parse([]graphql.Source{{"", text}}, "", nil); problems(wrong) != want {
			t.Errorf("%s\n got %s\nwant %s", text, problems(wrong), want)
		}
	}
}

// Documents that were written to do harm end in words.
func TestHostileDocuments(t *testing.T) {
	s := shopOf(t)
	var chain strings.Builder
	chain.WriteString("{ top { ...F0 } } ")
	for i := range 200 {
		fmt.Fprintf(&chain, "fragment F%d on Item { ...F%d ...F%d } ", i, i+1, i+1)
	}
	chain.WriteString("fragment F200 on Item { id }")
	for name, text := range map[string]string{
		"deep":       strings.Repeat("{a", 5000) + strings.Repeat("}", 5000),
		"unclosed":   strings.Repeat("{a(b:[", 5000),
		"long":       strings.Repeat("# x\n", 1<<19),
		"many":       "{" + strings.Repeat("a ", 300_000) + "}",
		"fragments":  chain.String(),
		"aliases":    "{" + strings.Repeat("top { shop { items { id } } } ", 500) + "}",
		"not UTF-8":  "{ top { \xff } }",
		"bad string": `{ search(text: "\ud800\q") { __typename } }`,
	} {
		begun := time.Now()
		_, wrong := graphql.Parse([]graphql.Source{{"", text}}, "", s)
		if len(wrong) == 0 && name != "fragments" && name != "aliases" {
			t.Errorf("%s: taken", name)
		}
		t.Logf("%s: %v %.100s", name, time.Since(begun), problems(wrong))
	}
}

// A schema with mistakes that published ones have is read, and each is noted. Others are refused with their place.
func TestParseSchema(t *testing.T) {
	s, problem := graphql.ParseSchema("s.graphql", []byte(`
type Query @key(fields: "id") @own { a: Int a: String b(c: Int @constraint(max: 3)): E @cost(complexity: 5) }
type Query { z: Int }
enum E { X X @own Y }
directive @own on OBJECT
directive @own on OBJECT
scalar Int
schema @link(url: "https://specs.apollo.dev/federation/v2.0") { query: Query }
`))
	if problem != nil {
		t.Fatalf("%+v", *problem)
	}
	const want = "s.graphql:3:6: the type Query is there twice; the first counts\ns.graphql:6:12: the directive @own is there twice; the first counts\n" +
		"s.graphql:2:45: the field Query.a is there twice; the first counts\ns.graphql:4:12: the value E.X is there twice; the first counts"
	if got := strings.Join(s.Notes, "\n"); got != want {
		t.Errorf("notes\n%s, want\n%s", got, want)
	}
	for text, want := range map[string]string{
		"":                          "s.graphql:1:1: the schema is empty",
		"type Query {":              "s.graphql:1:13: expected a name, found the end of the document",
		"type Query { a: Int } }":   "s.graphql:1:23: unexpected }",
		"type Query { a: Nope }":    `s.graphql:1:17: there is no type "Nope"`,
		"type A { a: Int }":         "s.graphql:1:1: the schema has no type Query; is it a part of one?",
		"schema { query: Q }":       "s.graphql:1:10: schema root query refers to a type Q that does not exist",
		"query { a }":               `s.graphql:1:1: "query" begins an operation, and the schema is needed here: its types, such as type Query { … }`,
		"typ Query { a: Int }":      `s.graphql:1:1: a definition begins with a word such as type or input, found "typ"; did you mean "type"?`,
		"type Query { größe: Int }": `s.graphql:1:14: "größe" cannot be a name: names have only the letters A to Z, digits and _`,
		"type Query { a(b: A!): Int } input A { b: A! }":         `s.graphql:1:40: the input A contains itself in fields that must be given (b), so it has no value`,
		"type Query { a(b: A): Int } input A { b: A, c: [A!]! }": "",
		`{"data": {}}`: "s.graphql:1:1: the JSON is no introspection: it has neither __schema nor data.__schema",
		`{"data"`:      "s.graphql:1:1: the introspection is not valid JSON: unexpected end of JSON input",
		`{"errors": [{"message": "Introspection is disabled."}]}`:                                                           `s.graphql:1:1: introspection is off ("Introspection is disabled."): give the schema as a file`,
		`{"__schema": {"queryType": {"name": "Q"}, "types": [{"kind": "OBJECT", "name": "Q", "fields": [{"name": "a"}]}]}}`: `s.graphql:1:1: the introspection does not say of what type "a" is: it was asked for too few levels of ofType`,
		`{"__schema": {"queryType": {"name": "Q"}, "types": [{"kind": "ODD", "name": "Q"}]}}`:                               `s.graphql:1:1: the introspection has a type "Q" of the unknown kind "ODD"`,
		strings.Repeat("# x\n", 17<<20): "s.graphql:1:1: the schema is larger than 64 MiB",
	} {
		_, problem := graphql.ParseSchema("s.graphql", []byte(text))
		got := ""
		if problem != nil {
			got = problems([]graphql.Problem{*problem})
		}
		if got != want {
			t.Errorf("%.80s\n got %s\nwant %s", text, got, want)
		}
	}
}

// A server's introspection and its schema as SDL check operations alike.
func TestIntrospection(t *testing.T) {
	const said = `{"data": {"__schema": {"queryType": {"name": "Query"}, "mutationType": null, "subscriptionType": null, "directives": [
		{"name": "skip", "locations": ["FIELD"], "args": [{"name": "if", "type": {"kind": "NON_NULL", "name": null, "ofType": {"kind": "SCALAR", "name": "Boolean"}}, "defaultValue": null}]}],
		"types": [
			{"kind": "OBJECT", "name": "Query", "fields": [{"name": "top", "isDeprecated": false, "type": {"kind": "LIST", "ofType": {"kind": "OBJECT", "name": "Item"}},
				"args": [{"name": "n", "defaultValue": "3", "type": {"kind": "SCALAR", "name": "Int"}}, {"name": "where", "defaultValue": "{kind: A}", "type": {"kind": "INPUT_OBJECT", "name": "Where"}}]}]},
			{"kind": "OBJECT", "name": "Item", "fields": [{"name": "id", "args": [], "type": {"kind": "SCALAR", "name": "ID"}}, {"name": "of", "args": [], "isDeprecated": true, "type": {"kind": "UNION", "name": "U"}}], "interfaces": [{"name": "I"}]},
			{"kind": "INTERFACE", "name": "I", "fields": [{"name": "id", "args": [], "type": {"kind": "SCALAR", "name": "ID"}}]},
			{"kind": "UNION", "name": "U", "possibleTypes": [{"name": "Item"}]}, {"kind": "ENUM", "name": "K", "enumValues": [{"name": "A"}, {"name": "B", "isDeprecated": true}]},
			{"kind": "INPUT_OBJECT", "name": "Where", "isOneOf": true, "inputFields": [{"name": "kind", "type": {"kind": "ENUM", "name": "K"}}, {"name": "id", "type": {"kind": "SCALAR", "name": "ID"}}]},
			{"kind": "SCALAR", "name": "Int"}, {"kind": "SCALAR", "name": "ID"}, {"kind": "SCALAR", "name": "Boolean"}, {"kind": "OBJECT", "name": "__Type", "fields": []}]}}}`
	s, problem := graphql.ParseSchema("s.json", []byte(said))
	if problem != nil {
		t.Fatalf("%+v", *problem)
	}
	again, problem := graphql.ParseSchema("s.graphql", graphql.SDL([]byte(said)))
	if problem != nil {
		t.Fatalf("%+v", *problem)
	}
	for _, s := range []*graphql.Schema{s, again} {
		o, wrong := graphql.Parse([]graphql.Source{{Text: "query Q($w: Where) { top(where: $w) { id of { ... on Item { id @skip(if: true) } } } }"}}, "", s)
		if len(wrong) > 0 || !o.Variables[0].Type.OneOf() || o.Variables[0].Type.Fields()[0].Type.Values()[1] != "B" {
			t.Errorf("%v", problems(wrong))
		}
		if _, wrong := graphql.Parse([]graphql.Source{{Text: "{ top { name } }"}}, "", s); problems(wrong) != `:1:9: the operation asks for "name" on Item, which has no such field` {
			t.Error(problems(wrong))
		}
	}
}
