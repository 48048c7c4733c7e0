package k6_test

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/k6"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script/scripttest"
)

// callback is a script of k6/ws whose function for the socket does this.
func callback(text string) string {
	return "import ws from 'k6/ws';\nimport { check, sleep } from 'k6';\nexport default function () {\n  ws.connect('ws://a.test/live', {}, (socket) => {\n" + text + "\n  });\n}\n"
}

// events is a script of k6/websockets that does this with a socket.
func events(text string) string {
	return "import { WebSocket } from 'k6/websockets';\nimport { setTimeout, setInterval, clearTimeout, clearInterval } from 'k6/timers';\nimport http from 'k6/http';\nimport { check } from 'k6';\nexport default function () {\n  const ws = new WebSocket('ws://a.test/live');\n" + text + "\n}\n"
}

// A script's handlers and timers on a socket become messages in the order of time, or a note says why not.
func TestSockets(t *testing.T) {
	for name, c := range map[string]struct {
		text       string
		want, none []string
		notes      string
	}{
		"an answer to some messages": {callback(`socket.on('open', () => socket.send(JSON.stringify({ type: 'join' })));
socket.on('message', (m) => { const d = JSON.parse(m); if (d.type === 'joined') { socket.send('go'); } else { socket.close(); } });
socket.setTimeout(() => socket.close(), 2000);`),
			[]string{"{send: {type: join}, reply: {type: joined}}", "{send: go}"}, []string{"wait", "for:"}, "messages that meet a condition"},
		"an answer and the end": {callback(`socket.on('open', () => { socket.send('a'); });
socket.on('message', () => { socket.send('b'); socket.close(); });`), []string{"{send: a}", "{send: b, reply: none}"}, nil, ""},
		"an answer to every message": {events(`ws.onopen = () => ws.send('a');
ws.onmessage = (e) => { if (!e.data) return; ws.send('b'); };
setTimeout(() => ws.close(), 1000);`), []string{"{send: a", "{send: b}"}, nil, "this answers every message"},
		"the server speaks first": {events(`ws.onmessage = (e) => { const d = JSON.parse(e.data); if (d.op === 10) { ws.send(JSON.stringify({ op: 1, n: d.nonce })); } };`),
			[]string{"{receive: 1, expect: {json: {op: 10}}, save: {message_nonce: nonce}}", `{send: {op: 1, "n": "${message_nonce}"}}`}, nil, "meet a condition"},
		"a condition without words": {callback(`socket.on('message', (m) => { if (JSON.parse(m).n > 3) { socket.send('b'); } });`), []string{"receive: 1"}, []string{"send"}, "no words for the condition"},
		"checks of messages":        {events(`ws.onopen = () => ws.send('a'); ws.onmessage = (e) => { check(JSON.parse(e.data), { x: (d) => d.ok === 'yes' }); };`), []string{"{send: a, expect: {json: {ok: \"yes\"}}}"}, nil, ""},
		"later, in order of time": {callback(`socket.setTimeout(() => socket.close(), 3000);
socket.setTimeout(() => socket.send('late'), 2000);
socket.on('open', () => socket.send('first'));
socket.setTimeout(() => socket.send('never'), 9000);`), []string{"{send: first, reply: none}, {wait: 2s}, {send: late, reply: none}, {wait: 1s}]"}, []string{"never"}, "closed before this is sent"},
		"again and again": {callback(`socket.on('open', () => { socket.setInterval(() => socket.send('tick'), 400); socket.setTimeout(() => socket.close(), 1000); });`),
			[]string{"{wait: 400ms}\n              - {send: tick, reply: none}\n              - {wait: 400ms}\n              - {send: tick, reply: none}\n              - {wait: 200ms}\n"}, nil, ""},
		"a timer that is cleared": {events(`ws.onopen = () => { const i = setInterval(() => ws.send('tick'), 400); setTimeout(() => { clearInterval(i); ws.send('bye'); }, 1000); setTimeout(() => ws.close(), 3000); const n = setTimeout(() => ws.send('never'), 100); clearTimeout(n); };`),
			[]string{"- {wait: 200ms}\n              - {send: bye, reply: none}\n              - {wait: 2s}\n"}, []string{"never"}, "the script clears this timer"},
		"an answer after a while": {callback(`socket.on('message', () => { socket.setTimeout(() => socket.send('b'), 500); }); socket.setTimeout(() => socket.close(), 900);`), []string{"{send: b}"}, nil, "answers every message"},
		"without end":             {events(`ws.onopen = () => { setInterval(() => ws.send('tick'), 400); };`), []string{"send: tick"}, nil, "ends in the profile after round 1"},
		"listening":               {events(`ws.onmessage = () => {};` + "\nsetTimeout(() => ws.close(), 5000);"), []string{"{receive: {for: 5s}}"}, nil, ""},
		"a loop":                  {callback(`socket.on('open', () => { for (let i = 0; i < 5; i++) { socket.send('x'); } });`), []string{"send: x", "repeat: 5"}, nil, ""},
		"waits in a loop":         {callback(`socket.on('open', () => { for (let i = 0; i < 3; i++) { socket.send('x'); sleep(1); } });`), []string{"{send: x, reply: none}\n              - {wait: 1s}\n              - {send: x, reply: none}"}, nil, ""},
		"a ping":                  {callback(`socket.on('open', () => { socket.ping(); socket.sendBinary('ab'); });`), []string{"binary: true"}, nil, "a ping has no word in a profile"},
		"on the end":              {callback(`socket.on('close', () => { socket.send('bye'); });`), nil, []string{"bye"}, `what this does on "close" of a socket is left out`},
		"a subprotocol":           {"import ws from 'k6/ws';\nexport default () => { ws.connect('ws://a.test/live', { headers: { 'Sec-WebSocket-Protocol': 'chat' }, tags: { name: 'live' }, compression: 'deflate' }, (s) => s.close()); };\n", []string{"subprotocol: chat", "name: live"}, []string{"Sec-"}, "the parameter compression"},
		"requests meanwhile":      {events(`ws.onmessage = () => { http.get('http://a.test/x'); };`), []string{"websocket: /live", "http: GET /x"}, nil, ""},
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

// Options of single requests are read, or a note names them.
func TestParams(t *testing.T) {
	for name, c := range map[string]struct {
		text       string
		want, none []string
		notes      string
	}{
		"a short timeout":          {body("http.get('http://a.test/', { timeout: '2s' });"), []string{"within: 2s"}, []string{"timeout"}, ""},
		"a long timeout":           {body("http.get('http://a.test/', { timeout: 60000 });\nhttp.get('http://a.test/b', { timeout: '15s' });"), []string{"timeout: 60s", "within: 15s"}, []string{"within: 60s"}, ""},
		"redirects":                {body("http.get('http://a.test/', { redirects: 0 });"), nil, []string{"redirects"}, ""},
		"redirects of one of two":  {body("http.get('http://a.test/', { redirects: 0 });\nhttp.get('http://a.test/b');"), []string{"redirects: 10"}, nil, "here 10, and not 0"},
		"digest":                   {body("http.get('http://a.test/', { auth: 'digest' });"), nil, nil, "auth digest has no words"},
		"a jar of its own":         {body("http.get('http://a.test/', { jar: new http.CookieJar() });"), nil, nil, "a cookie jar of its own"},
		"the jar of the user":      {body("http.get('http://a.test/', { jar: http.cookieJar() });"), []string{"GET /"}, nil, ""},
		"expected statuses":        {body("http.get('http://a.test/', { responseCallback: http.expectedStatuses(200, { min: 404, max: 405 }) });"), []string{"status: [200, 404, 405]"}, nil, ""},
		"the usual statuses":       {body("http.get('http://a.test/', { responseCallback: http.expectedStatuses({ min: 200, max: 399 }) });"), nil, []string{"status"}, ""},
		"many statuses":            {body("http.get('http://a.test/', { responseCallback: http.expectedStatuses({ min: 200, max: 299 }, 404) });"), []string{"status: [200, 201, 202, 204, 206, 404]"}, nil, "lists statuses one by one"},
		"expected of all":          {top + "http.setResponseCallback(http.expectedStatuses(204));\nexport default () => { http.get('http://a.test/'); };\n", []string{"status: 204"}, nil, ""},
		"a parameter without word": {body("http.post('http://a.test/', 'x', { compression: 'gzip' });"), nil, nil, "the parameter compression"},
		"tags":                     {body("http.get('http://a.test/', { tags: { name: 'n', kind: 'k' } });"), []string{"name: \"n\""}, nil, "of the tags only name is read"},
		"timers":                   {body("setInterval(() => { http.get('http://a.test/'); }, 1000);"), []string{"wait: 1s", "GET /"}, nil, "again and again is done once"},
		"all codes of gRPC":        {"import grpc from 'k6/net/grpc';\nimport { check } from 'k6';\nconst c = new grpc.Client();\nexport default () => {\n  c.connect('a.test:1', { reflect: true });\n  const r = c.invoke('a.B/C', {});\n  check(r, { x: (r) => r.status === grpc.StatusUnavailable });\n};\n", []string{"code: UNAVAILABLE"}, nil, ""},
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
