package k6_test

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/k6"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script/scripttest"
)

const top = "import http from 'k6/http';\nimport { check, sleep, group, fail } from 'k6';\n"

// options is a script with these options.
func options(text string) string {
	return top + "export const options = " + text + ";\nexport default function () { http.get('http://a.test/'); }\nexport function other() { http.get('http://a.test/other'); }\n"
}

// body is a script that does this.
func body(text string) string { return top + "export default function (data) {\n" + text + "\n}\n" }

// Each script becomes these words of a profile.
func TestWords(t *testing.T) {
	for name, c := range map[string]struct {
		text       string
		want, none []string
		notes      string
	}{
		"users and a time":          {options("{vus: 7, duration: '1m30s'}"), []string{"users: 7", "run_time: 90s"}, nil, ""},
		"stages":                    {options("{stages: [{duration: '30s', target: 20}, {duration: '1m', target: 0}]}"), []string{"{users: 20, for: 30s}", "{users: 0, for: 60s}"}, nil, ""},
		"iterations":                {options("{vus: 2, iterations: 10}"), []string{"users: 2"}, nil, "ends after a number of iterations"},
		"constant-arrival-rate":     {options("{scenarios: {a: {executor: 'constant-arrival-rate', rate: 90, timeUnit: '1m', duration: '30s', preAllocatedVUs: 5, maxVUs: 20}}}"), []string{"rate: 1.5/s", "run_time: 30s", "max_in_flight: 20"}, nil, ""},
		"ramping-arrival-rate":      {options("{scenarios: {a: {executor: 'ramping-arrival-rate', startRate: 10, stages: [{target: 50, duration: '1m'}], preAllocatedVUs: 5}}}"), []string{"{rate: 10/s, for: 1ms}", "{rate: 50/s, for: 60s}"}, nil, ""},
		"ramping-vus":               {options("{scenarios: {a: {executor: 'ramping-vus', startVUs: 5, stages: [{target: 50, duration: '1d'}]}}}"), []string{"{users: 5, for: 1ms}", "{users: 50, for: 86400s}"}, nil, ""},
		"two of constant users":     {options("{scenarios: {a: {executor: 'constant-vus', vus: 3, duration: '10s'}, b: {executor: 'constant-vus', vus: 4, duration: '20s', exec: 'other'}}}"), []string{"users: 7", "fixed: 3", "fixed: 4", "run_time: 20s", "GET /other"}, nil, ""},
		"two of rates":              {options("{scenarios: {a: {executor: 'constant-arrival-rate', rate: 30, duration: '10s', preAllocatedVUs: 1}, b: {executor: 'constant-arrival-rate', rate: 10, duration: '10s', preAllocatedVUs: 1, exec: 'other'}}}"), []string{"rate: 40/s", "weight: 75", "weight: 25"}, nil, ""},
		"different kinds":           {options("{scenarios: {a: {executor: 'constant-vus', vus: 3, duration: '10s'}, b: {executor: 'constant-arrival-rate', rate: 10, duration: '10s', preAllocatedVUs: 1, startTime: '5s'}}}"), []string{"rate: 10/s"}, nil, "loads of different kinds"},
		"thresholds":                {options("{thresholds: {http_req_duration: ['p(95)<500', {threshold: 'avg <= 200', abortOnFail: true}], http_req_failed: ['rate<0.02'], http_reqs: ['rate>=50']}}"), []string{"p(95)<500", "avg<=200", "failure_rate: 2%", "rate>=50"}, nil, ""},
		"thresholds without words":  {options("{thresholds: {checks: ['rate>0.9'], 'http_req_duration{name:none}': ['p(95)<1'], http_req_waiting: ['p(95)<1']}}"), []string{"failure_rate: 1%"}, []string{"thresholds"}, "the threshold rate>0.9 of checks has no words in a profile"},
		"thresholds of a scenario":  {options("{\n  scenarios: {\n    a: {executor: 'constant-vus', vus: 3, duration: '10s'},\n    b: {executor: 'constant-vus', vus: 4, duration: '20s', exec: 'other', startTime: '5s'},\n  },\n  thresholds: {\n    'http_req_duration{scenario:a}': ['p(95)<500'],\n  },\n}"), []string{"\"*\": [\"p(95)<500\"]"}, nil, "script.js:9: the threshold p(95)<500 of http_req_duration{scenario:a} is that of all scenarios in the profile"},
		"lines of options":          {options("{\n  scenarios: {\n    a: {executor: 'constant-vus', vus: 3, duration: '10s'},\n    b: {executor: 'constant-vus', vus: 4, duration: '20s', exec: 'other', startTime: '5s'},\n  },\n}"), nil, nil, "script.js:6: the scenario b begins 5s after"},
		"thresholds of addresses":   {options("{thresholds: {'http_req_duration{name:http://a.test/}': ['max<900'], 'http_req_duration{url:http://b.test/none}': ['max<1']}}"), []string{"GET /: [\"max<900\"]"}, nil, "script.js:3: the threshold max<1 of http_req_duration{url:http://b.test/none} has no words"},
		"a file that is not there":  {"import http from 'k6/http';\nconst f = open('a.png', 'b');\nexport default () => { http.get('http://a.test/'); http.post('http://a.test/', { f: http.file(f) }); };\n", nil, nil, "which is not beside the script"},
		"target":                    {top + "export const options = {maxRedirects: 0, insecureSkipTLSVerify: true, userAgent: 'x', rps: 100};\nexport default () => { http.get('https://a.test/'); };\n", []string{"insecure: true", "User-Agent: x", "rate: 100/s"}, []string{"redirects"}, ""},
		"the first iteration":       {top + "let token;\nexport default function () {\n  if (__ITER === 0) { token = http.post('http://a.test/login').json('token'); }\n  http.get('http://a.test/', { headers: { 'X-T': token } });\n}\n", []string{"on_start:", "X-T: \"${token}\""}, nil, ""},
		"optional chaining":         {body("const r = http.get('http://a.test/');\nhttp.get(`http://a.test/${r.json()?.items?.[0]?.id ?? 'none'}`);"), []string{"save: {id: items.0.id}", "GET /${id}"}, nil, ""},
		"checks":                    {body("const r = http.get('http://a.test/');\ncheck(r, { a: (r) => r.status === 200 || r.status === 201, b: (r) => r.body.indexOf('ok') !== -1, c: (r) => r.json('n') > 3 && r.headers['X-A'] === 'b', d: (r) => r.timings.duration < 300, e: (r) => r.body.length > 0, f: (r) => r.cookies.sid });"), []string{"status: [200, 201]", "\"n\": \"> 3\"", "X-A: b", "text: ok", "within: 300ms", "size: \"> 0\"", "sid: exists"}, nil, ""},
		"a check that is not read":  {body("const r = http.get('http://a.test/');\ncheck(r, { odd: (r) => r.json().items.every((x) => x > 1) });"), []string{"GET /"}, nil, "the check \"odd\" is not understood"},
		"fail":                      {body("const r = http.get('http://a.test/');\nif (r.status !== 204) { fail('no'); }"), []string{"status: 204"}, nil, ""},
		"sleeps":                    {body("http.get('http://a.test/a');\nsleep(Math.random() * 2 + 1);\nhttp.get('http://a.test/b');\nsleep(0.5);"), []string{"- wait: 1s..3s", "wait: 500ms"}, nil, ""},
		"verbs":                     {body("http.head('http://a.test/');\nhttp.options('http://a.test/');\nhttp.patch('http://a.test/', 'x');\nhttp.request('PROPFIND', 'http://a.test/');\nhttp.asyncRequest('GET', 'http://a.test/z').then((r) => r.json('id'));"), []string{"HEAD /", "OPTIONS /", "PATCH /", "PROPFIND /", "GET /z"}, nil, ""},
		"a switch":                  {body("const kind = 'b';\nswitch (kind) { case 'a': http.get('http://a.test/a'); break; case 'b': case 'c': http.get('http://a.test/b'); break; default: http.get('http://a.test/d'); }"), []string{"GET /b"}, []string{"GET /a", "GET /d"}, ""},
		"two branches and a return": {body("if (Math.random() < 0.1) {\n  http.get('http://a.test/rare');\n  return;\n}\nhttp.get('http://a.test/often');"), []string{"if: {data.dice: \"<= 10\"}", "if: {data.dice: \"> 10\"}"}, nil, ""},
		"a link of an answer":       {body("const r = http.get('http://a.test/');\nif (r.json('next')) { http.get(r.json('next'), { tags: { name: 'next' } }); }"), []string{"optional: true", "GET ${next}", "if: {next: exists}"}, nil, ""},
		"options that are not read": {options("{noConnectionReuse: true, tlsAuth: [{cert: 'c', key: 'k'}], dns: null, discardResponseBodies: true}"), []string{"GET /"}, []string{"tls"}, "the option noConnectionReuse is not read"},
		"environment of a scenario": {top + "export const options = {scenarios: {a: {executor: 'constant-vus', vus: 1, duration: '5s', exec: 'one', env: {WHO: 'ada'}}, b: {executor: 'constant-vus', vus: 1, duration: '5s', exec: 'one', env: {WHO: 'bob'}}}};\nexport function one() { http.get(`http://a.test/${__ENV.WHO}/${__ENV.X}`); }\n", []string{"GET /ada/${env.X}", "GET /bob/${env.X}"}, nil, ""},
		"letters one by one":        {body("const c = 'abcdefghijklmnopqrstuvwxyz';\nlet s = '';\nfor (let i = 0; i < 32; i++) { s += c.charAt(Math.floor(Math.random() * c.length)); }\nlet n = '', left = 8;\nwhile (left--) n += '0123456789'[Math.floor(Math.random() * 10)];\nhttp.post('http://a.test/', JSON.stringify({ s: s, n: n, one: c[Math.floor(Math.random() * 26)], of: 'AB'[Math.floor(Math.random() * 2)] }));"), []string{"s: x${int(100000000,999999999)}\n", "\"n\": \"${int(10000000,99999999)}\"", "one: x${int", "of: \"${data.", "list: [A, B]"}, nil, ""},
		"CommonJS":                  {"const http = require('k6/http');\nconst { sleep } = require('k6');\nmodule.exports.options = { vus: 3, duration: '9s' };\nmodule.exports.default = function () { http.get('http://a.test/x'); sleep(1); };\n", []string{"users: 3", "run_time: 9s", "GET /x", "wait: 1s"}, nil, ""},
		"jar":                       {body("const jar = http.cookieJar();\njar.set('http://a.test', 'sid', 'abc');\nhttp.get('http://a.test/');"), []string{"Cookie: sid=abc"}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := k6.Draft(draft.Input{Name: "script.js", Data: []byte(c.text)})
			if err != nil {
				t.Fatal(err)
			}
			scripttest.Wants(t, d, c.want, c.none, c.notes)
		})
	}
}

// Modules beside a script are read as CommonJS too, whichever way they export.
func TestRequire(t *testing.T) {
	files := map[string]string{
		"api.js":    "const http = require('k6/http');\nmodule.exports = { list() { return http.get('http://a.test/list'); } };\n",
		"typed.ts":  "export const n: number = 1;\n",
		"shared.js": "import http from 'k6/http';\nexport function one() { http.get('http://a.test/one'); }\n",
	}
	d, err := k6.Draft(draft.Input{Name: "script.js", Data: []byte("const api = require('./api');\nconst { one } = require('./shared.js');\nconst gone = require('./gone');\nconst typed = require('./typed');\nexports.default = () => { api.list(); one(); };\n"),
		Open: func(name string) ([]byte, error) {
			if text, ok := files[name]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		}})
	if err != nil {
		t.Fatal(err)
	}
	scripttest.Wants(t, d, []string{"GET /list", "GET /one"}, nil, "the module ./gone is not read")
	scripttest.Wants(t, d, nil, nil, "typed.ts:1: this module is TypeScript, and JavaScript is read")
}

// Calls of gRPC become steps, with the files that describe them.
func TestGRPC(t *testing.T) {
	d, err := k6.Draft(draft.Input{Name: "load/script.js", Data: []byte(`import grpc from "k6/net/grpc";
import { check } from "k6";
const client = new grpc.Client();
client.load(["protos"], "search.proto");
export default () => {
  client.connect("127.0.0.1:9090", { plaintext: true });
  const r = client.invoke("shop.v1.Search/Query", { text: "boots", top_k: 3 }, { metadata: { "x-user": "u1" } });
  check(r, { ok: (r) => r && r.status === grpc.StatusOK });
  client.invoke("/shop.v1.Search/Get", { id: r.message.items[0].id });
  client.close();
};
`)})
	if err != nil {
		t.Fatal(err)
	}
	text := d.YAML()
	for _, want := range []string{
		"url: http://127.0.0.1:9090", "proto: [search.proto]", "import: [load/protos]", "grpc: shop.v1.Search/Query", `message: {text: boots, top_k: 3}`, "metadata: {x-user: u1}",
		"save: {id: items.0.id}", "grpc: shop.v1.Search/Get", `message: {id: "${id}"}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// A file that is no script is refused in a sentence.
func TestRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"x = 1":                       "script.js exports no default function, and no scenario names another: is it a k6 script?",
		"const a = {;":                "script.js:1:13: ",
		"export default 7":            "exports no default function",
		"\x00":                        "script.js:1:1: ",
		"export default function ( {": "script.js:1:",
	} {
		if _, err := k6.Draft(draft.Input{Name: "script.js", Data: []byte(text)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := k6.Draft(draft.Input{Name: "script.ts", Data: []byte("")}); err == nil || !strings.Contains(err.Error(), "script.ts is TypeScript, and JavaScript is read: take the types out with\nnpx esbuild script.ts --bundle") {
		t.Errorf("%v", err)
	}
	for _, bundle := range []string{
		"/******/ (() => { // webpackBootstrap\n/******/ var __webpack_exports__ = {};\n/******/ })();\n",
		`(()=>{"use strict";let t={};const s=require("k6/http");t.__esModule&&Object.defineProperty(exports,"__esModule",{value:!0})})();`,
	} {
		if _, err := k6.Draft(draft.Input{Name: "script.js", Data: []byte(bundle)}); err == nil || !strings.Contains(err.Error(), "script.js is a bundle of webpack, whose functions are not found: give the script that it was made from") {
			t.Errorf("%v", err)
		}
	}
}

// A script that would never end, or that would make a profile without end, ends in time.
func TestHostile(t *testing.T) {
	for name, text := range map[string]string{
		"for ever":           body("http.get('http://a.test/');\nfor (;;) { http.get('http://a.test/'); }"),
		"loops in loops":     body("for (let i = 0; i < 1e9; i++) { for (let j = 0; j < 1e9; j++) { i; } }"),
		"recursion":          top + "const f = (n) => { http.get(`http://a.test/${n}`); f(n + 1); f(n + 2); };\nexport default () => f(0);\n",
		"growing":            body("let s = 'a', l = [1];\nfor (let i = 0; i < 1000; i++) { s += s; l = [...l, ...l]; }"),
		"itself":             body("const a = []; a.push(a); const b = {}; b.b = b;\nhttp.post('http://a.test/', JSON.stringify(a));\nhttp.post('http://a.test/', b);"),
		"laughs":             body("let a = [1]; for (let i = 0; i < 100; i++) { a = [a, a]; }\nhttp.post('http://a.test/', JSON.stringify(a));"),
		"deep brackets":      "x = " + strings.Repeat("(", 100_000),
		"deep functions":     "export default " + strings.Repeat("() => ", 20_000) + "1",
		"extends itself":     top + "class A extends A { x() { return this.x(); } }\nexport default () => new A().x();\n",
		"a getter of itself": body("const o = { get a() { return this.a; } };\nhttp.get('http://a.test/' + o.a);"),
	} {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				d, err := k6.Draft(draft.Input{Name: "script.js", Data: []byte(text)})
				if err == nil && len(d.YAML()) > 4<<20 {
					t.Errorf("the profile has %d bytes", len(d.YAML()))
				}
			}()
			select {
			case <-done:
			case <-time.After(time.Minute):
				t.Fatal("it does not end")
			}
		})
	}
}
