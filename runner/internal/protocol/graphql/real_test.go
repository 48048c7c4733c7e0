//go:build real

package graphql_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/testdata/peers"
)

// peer starts a GraphQL server of npm, and returns its address.
func peer(t *testing.T, args ...string) *url.URL {
	t.Helper()
	at, err := url.Parse(peers.Start(t, "graphql.mjs", args...))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Apollo, Yoga and mercurius answer all kinds of operations, and each says in its own way that one failed.
func TestRealServers(t *testing.T) {
	for name, c := range map[string]struct {
		args                                 []string
		http                                 string
		thrown, inItem, unknown, wrong, many string
	}{
		"apollo": {[]string{"apollo"}, "", "graphql: INTERNAL_SERVER_ERROR at broken", "graphql: INTERNAL_SERVER_ERROR at top.#.broken",
			"graphql: status 400 Bad Request: GRAPHQL_VALIDATION_FAILED: Cannot query field \"itm\" on type \"Query\". Did you mean \"item\"?",
			"graphql: status 400 Bad Request: BAD_USER_INPUT", "graphql: INTERNAL_SERVER_ERROR at top.#.broken (and others)"},
		"yoga": {[]string{"yoga"}, "", "graphql: INTERNAL_SERVER_ERROR at broken", "graphql: INTERNAL_SERVER_ERROR at top.#.broken",
			"graphql: status 400 Bad Request: GRAPHQL_VALIDATION_FAILED: Cannot query field \"itm\" on type \"Query\". Did you mean \"item\"?",
			"graphql: status 400 Bad Request: ", "graphql: INTERNAL_SERVER_ERROR at top.#.broken (and others)"},
		"mercurius": {[]string{"mercurius"}, "", "graphql: boom at broken", "graphql: boom at top.#.broken",
			"graphql: status 400 Bad Request: Cannot query field", "graphql: ", "graphql: boom at top.#.broken (and others)"},
		"mercurius over HTTP/2": {[]string{"mercurius", "http2"}, ", http: 2", "graphql: boom at broken", "graphql: boom at top.#.broken",
			"graphql: status 400 Bad Request: ", "graphql: ", "graphql: boom at top.#.broken (and others)"},
	} {
		t.Run(name, func(t *testing.T) {
			at := peer(t, c.args...)
			path := at.Path
			if path == "" {
				path = "/"
			}
			at.Path = ""
			u := newUser(t, at.String(), c.http+", graphql: {path: "+path+"}", `
- graphql: "query Top($n: Int!) { top(n: $n) { id name } }"
  variables: {n: "${int(3,3)}"}
  expect: {json: {"data.top.#": 3, data.top.2.name: item i2}, headers: {Content-Type: "~ json"}}
  save: {id: data.top.1.id}
- graphql: "query Item($id: ID!) { item(id: $id) { id } }"
  variables: {id: "${id}"}
  expect: {json: {data.item.id: i1}}
- graphql: "query Item($id: ID!) { item(id: $id) { id } }"
  variables: {id: 17}
  expect: {json: {data.item.id: "17"}}
- graphql: "query Named($n: String!, $p: Float!, $f: Boolean!, $k: Kind!, $w: Where) { named(name: $n, price: $p, fresh: $f, kind: $k, where: $w) }"
  variables: {n: "a \"ü\" ${int(7,7)}", p: 1, f: true, k: TENT, w: {ids: ["1", "2"], not: {}}}
  expect: {json: {data.named: '["a \"ü\" 7",1,true,"TENT",{"ids":["1","2"],"not":{}}]'}}
- graphql: "mutation Add($item: NewItem!) { add(item: $item) { id } }"
  variables: {item: {name: x, price: 2.5}}
  expect: {json: {data.add.id: x at 2.5}}
- graphql: "{ broken }"
- graphql: "query InItem { top(n: 1) { broken } }"
- graphql: "query Unknown { itm { id } }"
- graphql: "query Wrong($n: Int!) { top(n: $n) { id } }"
  variables: {n: "${id}"}
- graphql: "query Many { top(n: 3) { broken } }"
- graphql: "query Accepted { broken }"
  expect: {errors: some}
`)
			want := []string{"ok", "ok", "ok", "ok", "ok", c.thrown, c.inItem, c.unknown, c.wrong, c.many, "ok"}
			for i, got := range u.all() {
				if got != want[i] && (want[i] == "ok" || !strings.HasPrefix(got, want[i])) {
					t.Errorf("%s: %s, want %s", u.plan.Calls[i].Name, got, want[i])
				}
			}
		})
	}
}

// Yoga takes files as the specification of uploads has them.
func TestRealUpload(t *testing.T) {
	at := peer(t, "yoga")
	at.Path = ""
	u := newUser(t, at.String(), "", `
- graphql: "mutation Up($name: String!, $files: [File!]!) { upload(name: $name, files: $files) }"
  variables: {name: "${int(5,5)}", files: [{file: cat.png, type: image/png}, {file: dog.png, name: d.txt, type: text/plain}]}
  expect: {json: {data.upload.0: "5: cat.png image/png a cat", "data.upload.1": "~ ^5: d.txt text/plain a dog"}}
`)
	if got := u.all(); !slices.Equal(got, []string{"ok"}) {
		t.Error(got)
	}
}

// Apollo learns a persisted query from its hash and its document, and knows it by its hash then.
func TestRealPersisted(t *testing.T) {
	at := peer(t, "apollo")
	at.Path = ""
	u := newUser(t, at.String(), ", graphql: {path: /}", `
- {graphql: "query Kept { top(n: 1) { id } }", persisted: hash}
- {graphql: "query Kept { top(n: 1) { id } }", persisted: register}
- {graphql: "query Kept { top(n: 1) { id } }", persisted: hash}
`)
	if got := strings.Join(u.all(), ", "); got != "graphql: the server does not know this persisted query (PersistedQueryNotFound); send it once before, in setup, with persisted: register, ok, ok" {
		t.Error(got)
	}
}
