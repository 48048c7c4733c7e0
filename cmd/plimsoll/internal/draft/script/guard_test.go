package script_test

import "testing"

// A branch that only leaves is a guard: its opposite is expected of the answer, and what follows is kept.
func TestGuards(t *testing.T) {
	drafts(t, map[string]both{
		"a status and return": {
			js:   "const r = http.get('/a');\nif (r.status !== 200) return;\nhttp.get('/b');",
			py:   "r = self.client.get('/a')\nif r.status_code != 200:\n  return\nself.client.get('/b')",
			want: []string{"status: 200", "GET /b"}},
		"a request in the condition is made once": {
			js:   "if (http.get('/a').status !== 200) { return; }\nhttp.get('/b');",
			py:   "if self.client.get('/a').status_code != 200:\n  return\nself.client.get('/b')",
			want: []string{"status: 200", "GET /b"}, none: []string{"GET /a\n          - http: GET /a"}},
		"another success": {
			js:   "const r = http.post('/a');\nif (r.status != 201) { console.log('no'); return; }\nhttp.get('/b');",
			py:   "r = self.client.post('/a')\nif r.status_code != 201:\n  print('no')\n  return\nself.client.get('/b')",
			want: []string{"status: 201", "GET /b"}},
		"a failure by number": {
			js:   "const r = http.get('/a');\nif (r.status >= 400) { return null; }\nhttp.get('/b');",
			py:   "r = self.client.get('/a')\nif r.status_code >= 400:\n  return None\nself.client.get('/b')",
			want: []string{"GET /b"}, none: []string{"expect"}},
		"two statuses": {
			js:   "const r = http.get('/a');\nif (r.status !== 200 && r.status !== 204) return;\nhttp.get('/b');",
			py:   "r = self.client.get('/a')\nif r.status_code not in (200, 204):\n  return\nself.client.get('/b')",
			want: []string{"status: [200, 204]", "GET /b"}},
		"raise and throw": {
			js:   "const r = http.get('/a');\nif (r.status !== 200) { throw new Error('x'); }\nhttp.get('/b');",
			py:   "r = self.client.get('/a')\nif r.status_code != 200:\n  raise RescheduleTask()\nself.client.get('/b')",
			want: []string{"status: 200", "GET /b"}},
		"fail and exit": {
			js:   "const r = http.get('/a');\nif (r.status !== 200) { fail('x'); }\nhttp.get('/b');",
			py:   "r = self.client.get('/a')\nif r.status_code != 200:\n  sys.exit(1)\nself.client.get('/b')",
			want: []string{"status: 200", "GET /b"}},
		"else that leaves": {
			js:   "const r = http.get('/a');\nif (r.status === 200) { http.get('/b'); } else { return; }\nhttp.get('/c');",
			py:   "r = self.client.get('/a')\nif r.status_code == 200:\n  self.client.get('/b')\nelse:\n  return\nself.client.get('/c')",
			want: []string{"status: 200", "GET /b", "GET /c"}},
		"break and continue": {
			js:   "for (let i = 0; i < 3; i++) {\n  const r = http.get('/a');\n  if (r.status !== 200) break;\n  http.get('/b');\n}\nhttp.get('/c');",
			py:   "for i in range(3):\n  r = self.client.get('/a')\n  if r.status_code != 200:\n    continue\n  self.client.get('/b')\nself.client.get('/c')",
			want: []string{"status: 200", "repeat: 3", "GET /b", "GET /c"}},
		"a part that is missing": {
			js:   "const r = http.get('/a').json();\nif (!r.token) { return; }\nhttp.get('/b');",
			py:   "r = self.client.get('/a').json()\nif not r['token']:\n  return\nself.client.get('/b')",
			want: []string{`token: "~ ."`, "GET /b"}},
		"a value that chooses": {
			js:   "const r = http.get('/a').json();\nif (r.state !== 'open') return;\nhttp.post('/close');",
			py:   "r = self.client.get('/a').json()\nif r['state'] != 'open':\n  return\nself.client.post('/close')",
			want: []string{"save: {state: state}", "if: {state: open}", "POST /close"}, none: []string{"expect"}},
		"a text that must not be there": {
			js:    "const b = http.get('/a').body;\nif (b.includes('error')) return;\nhttp.get('/b');",
			py:    "b = self.client.get('/a').text\nif 'error' in b:\n  return\nself.client.get('/b')",
			want:  []string{"GET /b"},
			notes: "this check has no words in a profile and is left out"},
		"a condition that is not known": {
			js:    "const r = http.get('/a');\nif (odd(r)) return;\nhttp.get('/b');",
			py:    "r = self.client.get('/a')\nif odd(r):\n  return\nself.client.get('/b')",
			want:  []string{"GET /b"},
			notes: "this condition is not understood; the profile goes on as if it did not hold"},
		"the way of success leaves": {
			js:    "const r = http.get('/a');\nif (r.status === 200) return;\nhttp.post('/b');",
			py:    "r = self.client.get('/a')\nif r.status_code == 200:\n  return\nself.client.post('/b')",
			want:  []string{"GET /a"},
			none:  []string{"POST /b"},
			notes: "what follows this is for the other case; its requests are left out"},
		"the other branch asks": {
			js:    "const r = http.get('/a');\nif (r.status === 200) { http.get('/b'); } else { http.get('/c'); }",
			py:    "r = self.client.get('/a')\nif r.status_code == 200:\n  self.client.get('/b')\nelse:\n  self.client.get('/c')",
			want:  []string{"GET /b"},
			none:  []string{"GET /c"},
			notes: "the requests of the other case of this condition are left out"},
		"a request for a failure": {
			js:    "try { http.get('/a'); } catch (e) { http.get('/c'); }",
			py:    "try:\n  self.client.get('/a')\nexcept Exception:\n  self.client.get('/c')",
			want:  []string{"GET /a"},
			none:  []string{"GET /c"},
			notes: "the requests for the case that something fails are left out"},
		"two ways of an expression": {
			js:   "Math.random() < 0.3 ? http.get('/a') : http.get('/b');",
			py:   "self.client.get('/a') if random.random() < 0.3 else self.client.get('/b')",
			want: []string{`if: {data.dice: "<= 30"}`, `if: {data.dice: "> 30"}`, "GET /a", "GET /b"}},
		"and": {
			js:   "Math.random() < 0.3 && http.get('/a');",
			py:   "random.random() < 0.3 and self.client.get('/a')",
			want: []string{`if: {data.dice: "<= 30"}`, "GET /a"}},
		"a drawn value returned": {
			js:   "const f = () => { if (Math.random() < 0.5) { return '/a'; } return '/b'; };\nhttp.get(f());",
			py:   "def f():\n  if random.random() < 0.5:\n    return '/a'\n  return '/b'\nself.client.get(f())",
			want: []string{"GET /a"}},
		"what is not reached": {
			js:    "http.get('/a');\nreturn;\nhttp.get('/b');",
			py:    "self.client.get('/a')\nreturn\nself.client.get('/b')",
			want:  []string{"GET /a"},
			none:  []string{"GET /b"},
			notes: "this is not reached, and its requests are left out"},
		"the environment": {
			js:    "http.get('/a');\nif (__ENV.DEEP) { http.get('/b'); }",
			py:    "import os\nself.client.get('/a')\nif os.environ.get('DEEP'):\n  self.client.get('/b')",
			want:  []string{"GET /a"},
			none:  []string{"GET /b"},
			notes: "this depends on DEEP, which has no value here; the requests of the other case are left out"},
	})
}

// A branch that fails only under a condition of its own is no failure, and what the other branch says about the status is
// expected.
func TestFailuresInside(t *testing.T) {
	drafts(t, map[string]both{
		"a check of the answer in the way of success": {
			py:   "with self.client.get('/a', catch_response=True) as r:\n  if r.status_code == 200:\n    d = r.json()\n    if d['n'] != 3:\n      r.failure('x')\n  else:\n    r.failure('y')\nself.client.get('/b')",
			want: []string{"expect: {status: 200, json: {\"n\": 3}}", "GET /b"}},
		"success and failure in the way of success": {
			py:   "with self.client.get('/a', catch_response=True) as r:\n  if r.status_code == 200:\n    if r.json().get('ok'):\n      r.success()\n    else:\n      r.failure('x')\n  else:\n    r.failure('y')",
			want: []string{"status: 200", "json: {ok: "}},
		"what the way of success sends": {
			py:   "with self.client.get('/a', catch_response=True) as r:\n  if r.status_code == 200:\n    self.client.get('/b/' + r.json()['id'])\n    if 'x' not in r.text:\n      r.failure('x')",
			want: []string{"save: {id: id}", "GET /b/${id}", "text: x"}},
		"other statuses that are accepted": {
			py:   "with self.client.get('/a', catch_response=True) as r:\n  if r.status_code == 200:\n    r.success()\n  elif r.status_code == 404:\n    r.success()\n  else:\n    r.failure('x')",
			want: []string{"status: [200, 404]"}},
		"failures of each kind": {
			py:   "with self.client.get('/a', catch_response=True) as r:\n  if r.status_code != 201:\n    if r.status_code == 500:\n      r.failure('x')\n    elif r.status_code == 404:\n      r.failure('y')",
			want: []string{"status: 201"}},
		"fail in the way of success": {
			js:   "const r = http.get('/a');\nif (r.status === 200) {\n  if (r.json('n') !== 3) { fail('x'); }\n  http.get('/b');\n} else { fail('y'); }",
			want: []string{"status: 200", "json: {\"n\": 3}", "GET /b"}},
	})
}

// "The list is not empty" and "the value is true" are conditions. An empty list or value does not meet them.
func TestEmptiness(t *testing.T) {
	drafts(t, map[string]both{
		"a length": {
			js:   "check(http.get('/a'), { a: (r) => r.json().items.length > 0 });",
			py:   "r = self.client.get('/a')\nif len(r.json()['items']) == 0:\n  raise Exception()",
			want: []string{`"items.#": "> 0"`}},
		"a length that counts as true": {
			js:   "check(http.get('/a'), { a: (r) => r.json().items.length });",
			py:   "assert len(self.client.get('/a').json()['items'])",
			want: []string{`"items.#": "> 0"`}},
		"at least three": {
			js:   "check(http.get('/a'), { a: (r) => r.json().items.length >= 3 });",
			py:   "assert len(self.client.get('/a').json()['items']) >= 3",
			want: []string{`"items.#": ">= 3"`}},
		"the whole answer": {
			js:   "check(http.get('/a'), { a: (r) => r.json().length > 0 });",
			py:   "assert len(self.client.get('/a').json()) > 0",
			want: []string{`"#": "> 0"`}},
		"a list by itself": {
			py:   "assert self.client.get('/a').json()['items']",
			want: []string{`"items.#": "> 0"`}},
		"a list by what is done with it": {
			py:    "r = self.client.get('/a').json()\nassert r['data']\nfor x in r['data']:\n  self.client.get('/' + x['id'])",
			want:  []string{`"data.#": "> 0"`},
			notes: "takes its first item"},
		"no empty list": {
			js:   "check(http.get('/a'), { a: (r) => r.json().items != [] });",
			py:   "assert self.client.get('/a').json()['items'] != []",
			want: []string{`"items.#": "> 0"`}},
		"a value of any kind": {
			py:   "assert self.client.get('/a').json()['data']",
			want: []string{`data: "~ [^\\[\\]{}]"`}},
		"a list in JavaScript counts as true": {
			js:   "check(http.get('/a'), { a: (r) => r.json().items });",
			want: []string{`items: "~ ."`}},
		"a text": {
			js:   "check(http.get('/a'), { a: (r) => r.json('token').length > 0, b: (r) => r.json('name') !== '', c: (r) => r.json('code').length >= 6 });",
			py:   "r = self.client.get('/a').json()\nassert len(r['token']) > 0\nassert r['name'] != ''\nassert len(r['code']) >= 6",
			want: []string{`token: "~ ."`, `name: "~ ."`, `code: "~ (?s)^.{6}"`}},
		"that it is there at all": {
			js:   "check(http.get('/a'), { a: (r) => r.json('items') !== undefined, b: (r) => 'name' in r.json() });",
			py:   "r = self.client.get('/a').json()\nassert r['items'] is not None\nassert 'name' in r",
			want: []string{"items: exists", "name: exists"}},
		"a group": {
			py:   "if self.client.get('/a').json()['items']:\n  self.client.get('/b')",
			want: []string{`items: "items.#"`, `if: {items: "> 0"}`}},
		"one of a mixture": {
			js:    "check(http.get('/a'), { a: (r) => r.status === 200 && odd(r.body) });",
			py:    "r = self.client.get('/a')\nassert r.status_code == 200 and odd(r.text)",
			want:  []string{"status: 200"},
			notes: "a part of this condition is not understood, and is left out"},
	})
}
