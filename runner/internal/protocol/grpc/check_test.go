package grpc_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/grpc"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// The check lists everything that does not fit the description at once, each at its own place, beside the problems of the
// profile itself.
func TestCheck(t *testing.T) {
	const written = `name: p
target: {url: "http://127.0.0.1", grpc: {proto: a.proto}}
setup:
  - grpc: a.S/N
users:
  - name: u
    weights: 1
    tasks:
      - grpc: a.S/M
        message:
          txt: x
        expect:
          json:
            text: "~ ("
            tex.a: 1
        save:
          one: txt
          two: {json: txt}
      - grpc: a.S/M
        messages:
          - wait: 1s
          - receive: 1
            expect: {json: {txt: 1}}
      - grpc: a.S/Both
        message: {text: a}
        messages:
          - send: {txt: "${env.HOME}"}
            reply:
              txt: 1
            save: {a: txt}
teardown:
  - {grpc: a.S/Down, message: {text: 1}, messages: [{send: {}}]}
`
	p, problems := profile.Parse("p.yaml", []byte(written), profile.Surroundings{
		Env: func(string) (string, bool) { return "x", true },
		Read: func(name string) ([]byte, error) {
			if name != "a.proto" {
				return nil, fs.ErrNotExist
			}
			return []byte(api), nil
		},
	})
	if len(problems) != 2 {
		t.Fatal(problems)
	}
	var got []string
	for _, problem := range grpc.Check(p) {
		got = append(got, problem.String())
	}
	want := []string{
		`p.yaml:11:11: users[0].tasks[0].message.txt: a.Q has no field "txt"; did you mean "text"?`,
		`p.yaml:15:13: users[0].tasks[0].expect.json.tex.a: a.Q has no field "tex"; did you mean "text"?`,
		`p.yaml:17:16: users[0].tasks[0].save.one: a.Q has no field "txt"; did you mean "text"?`,
		`p.yaml:18:23: users[0].tasks[0].save.two.json: a.Q has no field "txt"; did you mean "text"?`,
		`p.yaml:22:13: users[0].tasks[1].messages: a.S/M is no stream; write message and expect`,
		`p.yaml:23:29: users[0].tasks[1].messages[1].expect.json.txt: a.Q has no field "txt"; did you mean "text"?`,
		`p.yaml:25:18: users[0].tasks[2].message: a.S/Both takes a stream; write what is sent in messages: [{send: {…}}]`,
		`p.yaml:27:20: users[0].tasks[2].messages[0].send.txt: a.Q has no field "txt"; did you mean "text"?`,
		`p.yaml:29:15: users[0].tasks[2].messages[0].reply.txt: a.Q has no field "txt"; did you mean "text"?`,
		`p.yaml:30:23: users[0].tasks[2].messages[0].save.a: a.Q has no field "txt"; did you mean "text"?`,
		`p.yaml:4:11: setup[0].grpc: a.S has no method N; choose one of: M, Fail, Down, Up, Both`,
		`p.yaml:32:53: teardown[0].messages[0]: a.S/Down takes one message; write it in message, and only receive in messages`,
		`p.yaml:32:38: teardown[0].message.text: 1 is a number, and the field is a string; write "1"`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
