package k6_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/k6"
)

// functions are the functions of k6's modules, each with a statement that calls it, and what a draft makes of it: these
// words of a profile, or of a note. A few are quiet: they change only what k6 prints or measures.
var functions = map[string][]struct{ call, want, note string }{
	"import x, { check, fail, group, randomSeed, sleep } from 'k6'": {
		{"check(r, { a: (r) => r.status === 201 })", "status: 201", ""}, {"if (r.status !== 204) fail('x')", "status: 204", ""},
		{"group('g', () => { http.get('http://a.test/g') })", "GET /g", ""}, {"randomSeed(1)", quiet, ""}, {"sleep(1)", "wait: 1s", ""},
	},
	"import x, { CookieJar } from 'k6/http'": {
		{"x.get('http://a.test/x')", "GET /x", ""}, {"x.head('http://a.test/x')", "HEAD /x", ""}, {"x.post('http://a.test/x')", "POST /x", ""},
		{"x.put('http://a.test/x')", "PUT /x", ""}, {"x.patch('http://a.test/x')", "PATCH /x", ""}, {"x.del('http://a.test/x')", "DELETE /x", ""},
		{"x.options('http://a.test/x')", "OPTIONS /x", ""}, {"x.request('LOCK', 'http://a.test/x')", "LOCK /x", ""}, {"x.asyncRequest('LOCK', 'http://a.test/x')", "LOCK /x", ""},
		{"x.batch(['http://a.test/x', ['PUT', 'http://a.test/y'], { method: 'LOCK', url: 'http://a.test/z' }])", "LOCK /z", ""},
		{"x.batch({ a: 'http://a.test/x' })", "GET /x", ""}, {"x.get(x.url`http://a.test/x/${r.json('id')}`)", "/x/${id}", ""},
		{"x.post('http://a.test/x', { f: x.file('abc', 'a.txt') })", "multipart", ""}, {"x.setResponseCallback(x.expectedStatuses(207)); x.get('http://a.test/x')", "status: 207", ""},
		{"x.cookieJar().set('http://a.test', 'sid', 'v'); x.get('http://a.test/x')", "Cookie: sid=v", ""}, {"x.cookieJar().clear('http://a.test')", "", "a cookie"},
		{"x.cookieJar().delete('http://a.test', 'sid')", "", "a cookie"}, {"x.get('http://a.test/x', { headers: { c: x.cookieJar().cookiesForURL('http://a.test').sid } })", "", "header c"},
		{"x.get('http://a.test/x', { jar: new CookieJar() })", "", "a cookie jar of its own"}, {"r.submitForm({})", "", "submitForm makes a request"}, {"r.clickLink()", "", "clickLink makes a request"},
		{"x.get(`http://a.test/${r.html().find('a').attr('href')}`)", "save", ""},
	},
	"import x from 'k6/ws'": {
		{"x.connect('ws://a.test/w', (s) => { s.on('open', () => s.send('x')) })", "send: x", ""}, {"x.connect('ws://a.test/w', (s) => { s.sendBinary('x') })", "binary: true", ""},
		{"x.connect('ws://a.test/w', (s) => { s.ping() })", "", "a ping"}, {"x.connect('ws://a.test/w', (s) => { s.close() })", "websocket: /w", ""},
		{"x.connect('ws://a.test/w', (s) => { s.setTimeout(() => s.send('x'), 1000) })", "wait: 1s", ""}, {"x.connect('ws://a.test/w', (s) => { s.setInterval(() => s.send('x'), 1000) })", "wait: 1s", "round 1"},
	},
	"import { WebSocket } from 'k6/websockets'": {
		{"new WebSocket('ws://a.test/w').addEventListener('message', () => {})", "receive: 1", ""}, {"const s = new WebSocket('ws://a.test/w'); s.onopen = () => s.send('x')", "send: x", ""},
		{"new WebSocket('ws://a.test/w').ping()", "", "a ping"}, {"const s = new WebSocket('ws://a.test/w'); s.onclose = () => s.send('x')", "", "is left out"},
	},
	"import x from 'k6/net/grpc'": {
		{"const c = new x.Client(); c.load(['p'], 'a.proto'); c.connect('a.test:1'); c.invoke('a.B/C', {})", "proto: [a.proto]", ""},
		{"const c = new x.Client(); c.loadProtoset('a.bin'); c.connect('a.test:1'); c.asyncInvoke('a.B/C', {}); c.close()", "protoset: a.bin", ""},
		{"new x.Client().healthCheck()", "", "healthCheck is left out: a profile asks for it before the load"}, {"const s = new x.Stream(null, '/a.B/C'); s.on('data', () => {}); s.write({}); s.end()", "", "write it as a step, grpc: a.B/C with messages"},
	},
	"import { SharedArray } from 'k6/data'": {{"const d = new SharedArray('d', () => ['a', 'b']); http.get(`http://a.test/${d[Math.floor(Math.random() * d.length)]}`)", "data:", ""}},
	"import * as x from 'k6/metrics'": {
		{"new x.Counter('a').add(1)", quiet, ""}, {"new x.Gauge('a').add(1)", quiet, ""}, {"new x.Rate('a').add(1)", quiet, ""}, {"new x.Trend('a').add(1)", quiet, ""},
	},
	"import x from 'k6/execution'": {
		{"http.get(`http://a.test/${x.vu.idInTest}`)", "${user.id}", ""}, {"http.get(`http://a.test/${x.scenario.iterationInTest}`)", "${seq}", ""},
		{"if (r.status !== 204) x.test.abort()", "status: 204", ""}, {"if (r.status !== 204) x.test.fail()", "status: 204", ""}, {"x.vu.tags.a = 'b'", quiet, ""},
	},
	"import { parseHTML } from 'k6/html'": {{"http.get(`http://a.test/${parseHTML(r.body).find('a').attr('href')}`)", "save", ""}, {"http.get(`http://a.test/${parseHTML(r.body).find('a').serialize()}`)", "", "GET "}},
	"import x from 'k6/crypto'": {
		{"x.createHash('md5')", "", "createHash"}, {"x.createHMAC('md5', 'k')", "", "createHMAC"}, {"x.hmac('md5', 'k', 'v', 'hex')", "", "hmac"}, {"x.md4('a', 'hex')", "", "md4"}, {"x.md5('a', 'hex')", "", "md5"},
		{"x.randomBytes(4)", "", "randomBytes"}, {"x.ripemd160('a', 'hex')", "", "ripemd160"}, {"x.sha1('a', 'hex')", "", "sha1"}, {"x.sha256('a', 'hex')", "", "sha256"}, {"x.sha384('a', 'hex')", "", "sha384"},
		{"x.sha512('a', 'hex')", "", "sha512"}, {"x.sha512_224('a', 'hex')", "", "sha512_224"}, {"x.sha512_256('a', 'hex')", "", "sha512_256"},
		{"http.get('http://a.test/x', { headers: { 'X-Sign': x.sha256('a', 'hex') } })", "", "header X-Sign"},
	},
	"import x from 'k6/encoding'": {
		{"http.get('http://a.test/' + x.b64encode('ab>>', 'rawurl'))", "GET /YWI-Pg", ""}, {"http.get('http://a.test/' + x.b64encode('abcd'))", "GET /YWJjZA==", ""},
		{"http.get('http://a.test/' + x.b64decode('YWI', 'rawstd', 's'))", "GET /ab", ""}, {"http.get(`http://a.test/${x.b64decode(r.json('a'))}`)", "", "base64"},
	},
	"import { setTimeout, setInterval, clearTimeout, clearInterval } from 'k6/timers'": {
		{"setTimeout(() => http.get('http://a.test/x'), 1000)", "GET /x", ""}, {"setInterval(() => http.get('http://a.test/x'), 1000)", "GET /x", "done once"}, {"clearTimeout(1)", quiet, ""}, {"clearInterval(1)", quiet, ""},
	},
	"import x from 'k6/secrets'":                               {{"http.get('http://a.test/x', { headers: { t: x.get('api-key') } })", "${env.API_KEY}", ""}, {"http.get('http://a.test/x', { headers: { t: x.source('s').get('k') } })", "${env.K}", ""}},
	"import x from 'k6/experimental/csv'":                      {{"x.parse(null)", "", "parse"}, {"new x.Parser(null)", "", "Parser"}},
	"import x from 'k6/experimental/fs'":                       {{"x.open('a')", "", "open"}},
	"import x from 'k6/experimental/redis'":                    {{"new x.Client('redis://a').get('k')", "", "Client"}},
	"import { ReadableStream } from 'k6/experimental/streams'": {{"new ReadableStream({})", "", "ReadableStream"}},
	"import x from 'k6/experimental/tracing'":                  {{"x.instrumentHTTP({})", "", "instrumentHTTP"}},
	"import { browser } from 'k6/browser'":                     {{"const p = browser.newPage(); p.goto('http://a.test'); p.close()", "", "opens a page in a browser"}, {"browser.close()", quiet, ""}},
	"import { chromium } from 'k6/experimental/browser'":       {{"chromium.launch().newContext().newPage()", "", "opens a page in a browser"}},
	"import { describe, expect } from 'https://jslib.k6.io/k6chaijs/4.5.0.1/index.js'": {
		{"describe('d', () => { http.get('http://a.test/d') })", "GET /d", ""}, {"expect(r.status, 'status').to.equal(201)", "status: 201", ""}, {"expect(r.status).to.be.oneOf([200, 204])", "status: [200, 204]", ""},
		{"expect(r.json('n'), 'n').to.be.greaterThan(3)", "\"n\": \"> 3\"", ""}, {"expect(r.json().name).to.not.equal('x')", "name: \"!= x\"", ""}, {"expect(r.body).to.include('won')", "text: won", ""},
		{"expect(r).to.have.validJsonBody()", quiet, ""}, {"expect(r.json('a')).to.be.an('array')", quiet, ""}, {"expect(r.body).to.match(/won|lost/)", "won|lost", ""},
		{"expect(r).to.have.property('x')", "", "the expectation property has no words"}, {"expect(7).to.equal(7)", "", "this expectation asks for no part of an answer"},
	},
	"import { check as ask } from 'https://jslib.k6.io/k6-utils/1.5.0/index.js'": {{"ask(r, { a: (r) => r.status === 201 })", "status: 201", ""}},
	"import { TOTP } from 'https://jslib.k6.io/totp/1.0.0/index.js'":             {{"new TOTP('x').gen()", "", "totp.TOTP.gen is not followed"}},
	"import x from 'k6/x/kafka'":                                                 {{"x.produce({})", "", "produce"}},
}

const quiet = "quiet"

// Each function of k6's modules is read, or has its line in the notes.
func TestModules(t *testing.T) {
	for module, calls := range functions {
		for _, c := range calls {
			imported := "import http from 'k6/http';\n"
			text := imported + module + ";\nexport default function () {\n  const r = http.get('http://a.test/first');\n  " + c.call + ";\n}\n"
			d, err := k6.Draft(draft.Input{Name: "script.js", Data: []byte(text)})
			if err != nil {
				t.Errorf("%s: %v", c.call, err)
				continue
			}
			notes := ""
			for _, n := range d.Notes {
				notes += n.Text + "\n"
			}
			profile := d.YAML()
			switch {
			case c.want == quiet && notes != "":
				t.Errorf("%s: %s", c.call, notes)
			case c.want != quiet && !strings.Contains(profile, c.want):
				t.Errorf("%s: %q is missing in\n%s%s", c.call, c.want, profile, notes)
			case !strings.Contains(notes, c.note):
				t.Errorf("%s: %q is missing in the notes:\n%s", c.call, c.note, notes)
			}
		}
	}
}
