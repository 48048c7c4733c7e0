package profile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// digestOf is the digest of a profile with one task.
func digestOf(t *testing.T, task string) string {
	t.Helper()
	p, problems := profile.Parse("p.yaml", []byte("name: s\ntarget: {url: http://127.0.0.1}\nusers: [{name: u, tasks: ["+task+"]}]\n"), from)
	if len(problems) > 0 {
		t.Fatalf("%s: %v", task, problems)
	}
	return p.Digest()
}

// Everything that a stream says counts for the digest, and what has its default does not.
func TestStreamsInTheDigest(t *testing.T) {
	seen := map[string]string{}
	for _, task := range []string{
		`{websocket: /a, messages: [{receive: 1}]}`,
		`{websocket: /b, messages: [{receive: 1}]}`,
		`{websocket: /a}`,
		`{websocket: /a, headers: {A: b}, messages: [{receive: 1}]}`,
		`{websocket: /a, subprotocol: x, messages: [{receive: 1}]}`,
		`{websocket: /a, subprotocol: [x, y], messages: [{receive: 1}]}`,
		`{websocket: /a, expect: {within: 1s}, messages: [{receive: 1}]}`,
		`{websocket: /a, messages: [{receive: 2}]}`,
		`{websocket: /a, messages: [{receive: end}]}`,
		`{websocket: /a, messages: [{receive: {for: 1s}}]}`,
		`{websocket: /a, messages: [{receive: {for: 2s}}]}`,
		`{websocket: /a, messages: [{receive: 1, within: 1s}]}`,
		`{websocket: /a, messages: [{receive: 1, expect: {json: {a: 1}}}]}`,
		`{websocket: /a, messages: [{receive: 1, expect: {text: a}}]}`,
		`{websocket: /a, messages: [{receive: 1, expect: {size: 1}}]}`,
		`{websocket: /a, messages: [{receive: 1, save: {a: b}}]}`,
		`{websocket: /a, messages: [{receive: 1, save: {a: {text: b}}}]}`,
		`{websocket: /a, messages: [{wait: 1s}, {receive: 1}]}`,
		`{websocket: /a, messages: [{send: x}]}`,
		`{websocket: /a, messages: [{send: ""}]}`,
		`{websocket: /a, messages: [{send: {x: 1}}]}`,
		`{websocket: /a, messages: [{send: "{\"x\":1}"}]}`,
		`{websocket: /a, messages: [{send: x, binary: true}]}`,
		`{websocket: /a, messages: [{send: x, repeat: 2}]}`,
		`{websocket: /a, messages: [{send: x, reply: none}]}`,
		`{websocket: /a, messages: [{send: x, reply: a}]}`,
		`{websocket: /a, messages: [{send: x, reply: {a: 1}}]}`,
		`{websocket: /a, messages: [{send: x, name: n}]}`,
		`{websocket: /a, graphql: "subscription S { a }", messages: [{receive: 1}]}`,
		`{websocket: /a, graphql: "subscription S { b }", messages: [{receive: 1}]}`,
		`{websocket: /a, graphql: "subscription S { a }", subprotocol: graphql-ws, messages: [{receive: 1}]}`,
		`{websocket: /a, graphql: "subscription S { a }", init: {t: 1}, messages: [{receive: 1}]}`,
		`{websocket: /a, graphql: "subscription S($n: Int) { a(n: $n) }", variables: {n: 1}, messages: [{receive: 1}]}`,
		`{websocket: /a, graphql: "subscription S { a }", messages: [{receive: 1, expect: {errors: any}}]}`,
		`{sse: GET /a, messages: [{receive: 1}]}`,
		`{sse: POST /a, messages: [{receive: 1}]}`,
		`{sse: POST /a, json: {a: 1}, messages: [{receive: 1}]}`,
		`{sse: POST /a, body: a, messages: [{receive: 1}]}`,
		`{sse: GET /a, headers: {A: b}, messages: [{receive: 1}]}`,
		`{sse: GET /a, messages: [{receive: 1, expect: {event: a}}]}`,
		`{sse: GET /a, messages: [{receive: 1, expect: {event: {id: a}}}]}`,
		`{sse: GET /a, messages: [{receive: 1, save: {a: {event: id}}}]}`,
	} {
		digest := digestOf(t, task)
		if other, there := seen[digest]; there {
			t.Errorf("%s has the digest of %s", task, other)
		}
		seen[digest] = task
	}
	for _, same := range [][2]string{
		{`{websocket: /a, messages: [{send: x, repeat: 1, binary: false}]}`, `{websocket: /a, messages: [{send: x}]}`},
		{`{websocket: /a, messages: [{receive: 1, within: 1s}]}`, `{websocket: /a, messages: [{receive: 1, expect: {within: 1s}}]}`},
		{`{websocket: /a, subprotocol: graphql-transport-ws, graphql: "subscription S { a }", messages: [{receive: 1, expect: {errors: none}}]}`, `{websocket: /a, graphql: "subscription S { a }", messages: [{receive: 1}]}`},
		{`{sse: GET /a, messages: [{receive: 1, expect: {event: a}}]}`, `{sse: GET /a, messages: [{receive: 1, expect: {event: {type: a}}}]}`},
	} {
		if digestOf(t, same[0]) != digestOf(t, same[1]) {
			t.Errorf("%s and %s have different digests", same[0], same[1])
		}
	}
}

// A key without a value is answered with the forms that its value has.
func TestReceiveNothing(t *testing.T) {
	_, problems := profile.Parse("p.yaml", []byte("name: s\ntarget: {url: http://127.0.0.1}\nusers: [{name: u, tasks: [{websocket: /a, messages: [{receive: }]}]}]\n"), from)
	const want = "expected a number of messages such as 10, {for: 10s}, or end for all until the server ends the stream, found nothing"
	if len(problems) != 1 || !strings.Contains(fmt.Sprint(problems[0]), want) {
		t.Errorf("%v", problems)
	}
}
