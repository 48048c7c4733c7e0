package script_test

import "testing"

// A request that posts an operation of GraphQL is a graphql step.
func TestGraphQL(t *testing.T) {
	drafts(t, map[string]both{
		"a query with variables": {
			js:   "http.post('/graphql', JSON.stringify({ query: 'query Top($n: Int!) { top(n: $n) { id } }', variables: { n: 3 } }), { headers: { 'Content-Type': 'application/json' } });",
			py:   "self.client.post('/graphql', json={'query': 'query Top($n: Int!) { top(n: $n) { id } }', 'variables': {'n': 3}})",
			want: []string{"graphql: \"query Top($n: Int!) { top(n: $n) { id } }\"", "variables: {\"n\": 3}"}, none: []string{"http: POST", "path:", "Content-Type"}},
		"elsewhere, by name": {
			js:   "const r = http.post('/api/gql', JSON.stringify({ query: 'mutation A { a } query B { b }', operationName: 'B' }), { tags: { name: 'b' } });\ncheck(r, { a: (r) => !r.json().errors, b: (r) => r.status === 200, c: (r) => r.json().data.b });",
			py:   "r = self.client.post('/api/gql', json={'query': 'mutation A { a } query B { b }', 'operationName': 'B'}, name='b')\nif 'errors' in r.json():\n  raise Exception()\nassert r.json()['data']['b']",
			want: []string{"operation: B", "path: /api/gql", "name: b", "data.b"}, none: []string{"http: POST", "errors"}},
		"two without a name": {
			js:   "http.post('/graphql', JSON.stringify({ query: '{ a(n: 1) { b } }' }));\nhttp.post('/graphql', JSON.stringify({ query: '{ a(n: 2) { b } }' }));",
			py:   "self.client.post('/graphql', json={'query': '{ a(n: 1) { b } }'})\nself.client.post('/graphql', json={'query': '{ a(n: 2) { b } }'})",
			want: []string{"query { a } 2"}, none: []string{"http: POST"}},
		"values of other kinds": {
			js:   "http.post('/graphql', JSON.stringify({ query: 'query A($n: Int!, $s: [String!], $b: Boolean, $f: Float, $i: ID!) { a(n: $n, s: $s, b: $b, f: $f, i: $i) }', variables: { n: randomIntBetween(1, 9), s: ['x'], b: true, f: 1.5, i: 'x1' } }));",
			want: []string{"graphql: ", "\"n\": \"${int(1,9)}\""}},
	})
	for name, query := range map[string]string{
		"a search":                   `{"query": "boots"}`,
		"broken":                     `{"query": "query { a "}`,
		"a subscription":             `{"query": "subscription S { a }"}`,
		"a variable that is missing": `{"query": "query A($n: Int!) { a(n: $n) }"}`,
		"a variable too many":        `{"query": "query A { a }", "variables": {"n": 1}}`,
		"a value of another kind":    `{"query": "query A($n: Int!) { a(n: $n) }", "variables": {"n": "x"}}`,
		"no text":                    `{"query": {"match": "x"}}`,
		"another key":                `{"query": "query A { a }", "size": 1}`,
	} {
		t.Run(name, both{
			js:   "http.post('/graphql', JSON.stringify(" + query + "));",
			py:   "self.client.post('/graphql', json=" + query + ")",
			want: []string{"http: POST /graphql"}}.drafts)
	}
}

// Spans and numbers that are computed from drawn ones keep their bounds.
func TestDrawn(t *testing.T) {
	drafts(t, map[string]both{
		"a share": {
			js:   "http.get('/a');\nsleep(randomIntBetween(100, 500) / 1000);\nhttp.get('/b');",
			py:   "self.client.get('/a')\ntime.sleep(random.randint(100, 500) / 1000)\nself.client.get('/b')",
			want: []string{"wait: 100ms..500ms"}},
		"a multiple": {
			js:   "http.get('/a');\nsleep(randomIntBetween(1, 3) * 2);\nhttp.get('/b');",
			py:   "self.client.get('/a')\ntime.sleep(random.randint(1, 3) * 2)\nself.client.get('/b')",
			want: []string{"wait: 2s..6s"}},
		"a sum": {
			js:   "http.get('/a');\nsleep(Math.random() + Math.random() * 2);\nhttp.get('/b');",
			py:   "self.client.get('/a')\ntime.sleep(random.random() + random.random() * 2)\nself.client.get('/b')",
			want: []string{"wait: 0s..3s"}},
		"a difference": {
			js:   "http.get('/a');\nsleep(5 - Math.random());\nhttp.get('/b');",
			py:   "self.client.get('/a')\ntime.sleep(5 - random.random())\nself.client.get('/b')",
			want: []string{"wait: 4s..5s"}},
		"at least": {
			js:   "http.get('/a');\nsleep(Math.max(1, Math.random() * 3));\nhttp.get('/b');",
			py:   "self.client.get('/a')\ntime.sleep(max(1, random.random() * 3))\nself.client.get('/b')",
			want: []string{"wait: 1s..3s"}},
		"a price": {
			js:   "http.post('/a', JSON.stringify({ p: randomIntBetween(100, 999) / 100 }));",
			py:   "self.client.post('/a', json={'p': round(random.uniform(1, 9.99), 2)})",
			want: []string{"${float(1,9.99)}"}},
		"numbers with gaps are not made up": {
			js:    "http.get('/x');\nhttp.get('/a/' + randomIntBetween(1, 9) * 10);",
			py:    "self.client.get('/x')\nself.client.get(f'/a/{random.randint(1, 9) * 10}')",
			want:  []string{"# - http: GET /a/"},
			notes: "a number computed from a drawn one"},
		"a span that is not known": {
			js:    "http.get('/a');\nsleep(odd());",
			py:    "self.client.get('/a')\ntime.sleep(odd())",
			want:  []string{"GET /a"},
			notes: "how long this sleeps is not known, and it is left out"},
		"the form of a number": {
			py:   "self.client.get(f'/a/{7:03d}/{2.5:.2f}/' + '%05d' % 42)",
			want: []string{"GET /a/007/2.50/00042"}},
		"the form of a drawn number": {
			py:    "self.client.get('/a/%05d' % random.randint(1, 9))",
			want:  []string{"GET /a/${int(1,9)}"},
			notes: "the form %05d of a number is not kept"},
	})
}

// A script that loops over a list in an answer uses its first item, and a note says so.
func TestListsOfAnswers(t *testing.T) {
	drafts(t, map[string]both{
		"a comprehension": {
			js:    "const ids = http.get('/a').json().items.map((i) => i.id);\nfor (const id of ids.slice(0, 3)) { http.get('/' + id); }",
			py:    "ids = [i['id'] for i in self.client.get('/a').json()['items']]\nfor id in ids[:3]:\n  self.client.get('/' + id)",
			want:  []string{"save: {id: items.0.id}", "GET /${id}"},
			notes: "this goes through what an answer holds; the profile takes its first item"},
		"a text of each": {
			js:    "http.get('/a').json().items.map((i) => `/${i.id}`).forEach((u) => http.get(u));",
			py:    "for u in [f\"/{i['id']}\" for i in self.client.get('/a').json()['items']]:\n  self.client.get(u)",
			want:  []string{"GET /${id}"},
			notes: "takes its first item"},
		"numbered": {
			js:    "http.get('/a').json().items.forEach((x, i) => { http.get(`/${i}/${x.id}`); });",
			py:    "for i, x in enumerate(self.client.get('/a').json()['items']):\n  self.client.get(f\"/{i}/{x['id']}\")",
			want:  []string{"GET /0/${id}"},
			notes: "takes its first item"},
		"some of them": {
			py:    "for x in [i for i in self.client.get('/a').json()['items'] if i['ok']]:\n  self.client.get('/' + x['id'])",
			want:  []string{"GET /${id}"},
			notes: "which items of the answer this takes is not known"},
		"the number of them": {
			js:   "const ids = http.get('/a').json().items.map((i) => i.id);\nif (ids.length === 0) return;\nhttp.get('/b');",
			py:   "ids = [i['id'] for i in self.client.get('/a').json()['items']]\nif not ids:\n  return\nself.client.get('/b')",
			want: []string{`"items.#": "> 0"`, "GET /b"}},
		"a change of an answer": {
			js:    "const o = http.get('/a').json();\no.x = 1;\nhttp.put('/a', JSON.stringify(o));",
			py:    "o = self.client.get('/a').json()\no['x'] = 1\nself.client.put('/a', json=o)",
			want:  []string{"PUT /a"},
			notes: "the script changes what an answer or a row holds; the profile sends it unchanged"},
		"a key taken away": {
			js:   "const o = { a: 1, b: 2 };\ndelete o.b;\nhttp.put('/a', JSON.stringify(o), { headers: { 'Content-Type': 'application/json' } });",
			py:   "o = {'a': 1, 'b': 2}\ndel o['b']\nself.client.put('/a', json=o)",
			want: []string{"json: {a: 1}"}},
	})
}
