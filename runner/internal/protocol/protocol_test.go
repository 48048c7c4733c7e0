package protocol_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/protocoltest"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// run runs a profile, given without its name and target, and returns all its counts.
func run(t *testing.T, text string) *tally.Tally {
	t.Helper()
	all, _ := measure(t, text)
	return all
}

// measure is run, and returns the result too.
func measure(t *testing.T, text string) (*tally.Tally, *result.Result) {
	t.Helper()
	p, problems := profile.Parse("p.yaml", []byte("name: toy\n"+text), profile.Surroundings{Protocols: words})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	made, err := plan.Make(p, plan.Values{Protocols: planned})
	if err != nil {
		t.Fatal(err)
	}
	r, err := runner.Run(t.Context(), runner.System{Plan: made}, runner.Config{Protocols: spoken})
	if err != nil {
		t.Fatal(err)
	}
	return protocoltest.Counts(t, r), r
}

// A protocol of single answers, beside HTTP and on the same system.
func TestEcho(t *testing.T) {
	all := run(t, `
target: {url: "`+serve(t)+`"}
load: {users: 2, spawn_rate: 1e9, run_time: 200ms, rounds: 2}
users:
  - name: u
    wait: 5ms
    tasks:
      - steps:
          - {echo: "a ${seq}", name: a, save: {back: the line}}
          - {echo: "${back} again", name: b}
          - {http: GET /}
`)
	a, b, c := protocoltest.Ended(t, all, "a", tally.OK, ""), protocoltest.Ended(t, all, "b", tally.OK, ""), protocoltest.Ended(t, all, "GET /", tally.OK, "")
	if total := all.Total(); total.Requests()-total.Unfinished != a+b+c || total.BytesReceived == 0 {
		t.Errorf("the whole counts %d calls and %d bytes, want %d", total.Requests(), total.BytesReceived, a+b+c)
	}
}

func TestUnknownWord(t *testing.T) {
	_, problems := profile.Parse("p.yaml", []byte("name: toy\ntarget: {url: \"http://127.0.0.1\"}\nusers: [{name: u, tasks: [{echo: hello}]}]"), profile.Surroundings{})
	if len(problems) == 0 {
		t.Error("a profile uses an unknown protocol")
	}
	var refusal *runner.Refusal
	made := &plan.Plan{Target: plan.Target{URL: "http://127.0.0.1:1", Hosts: []string{"*"}}, Protocols: []string{"echo"}}
	if _, err := runner.Run(t.Context(), runner.System{Plan: made}, runner.Config{}); !errors.As(err, &refusal) {
		t.Errorf("a plan uses an unknown protocol: %v", err)
	}
}

// streams are users that each repeat one kind of stream.
const streams = `
users:
  - {name: number, fixed: 1, wait: 5ms, tasks: [{lines: count, messages: [{receive: 5, expect: {begins: "n "}}]}]}
  - {name: end, fixed: 1, wait: 5ms, tasks: [{lines: short, messages: [{receive: end}]}]}
  - {name: span, fixed: 1, wait: 5ms, tasks: [{lines: count, name: span, messages: [{receive: {for: 200ms}}]}]}
  - {name: refused, fixed: 1, wait: 5ms, tasks: [{lines: refused, messages: [{receive: 1}]}]}
  - {name: break, fixed: 1, wait: 5ms, tasks: [{lines: break, messages: [{receive: 4}]}]}
  - {name: early, fixed: 1, wait: 5ms, tasks: [{lines: short, name: early, messages: [{receive: 4}]}]}
  - {name: bad, fixed: 1, wait: 5ms, tasks: [{lines: count, name: bad, messages: [{receive: 2, expect: {begins: x}}]}]}
  - name: chat
    fixed: 1
    wait: 5ms
    tasks:
      - lines: chat
        messages:
          - {send: "hi ${seq}", name: greet, reply: "re hi", save: {number: the rest}}
          - wait: 1ms
          - {send: "you said${number}", reply: "re you said${number}", repeat: 2}
          - {send: bye, reply: none}
`

// Streams are counted as calls, and their messages as parts of them.
func TestStreams(t *testing.T) {
	all := run(t, `
target: {url: "`+serve(t)+`"}
load: {users: 8, spawn_rate: 1e9, run_time: 800ms, rounds: 2}
`+streams)
	calls := int64(0)
	check := func(route string, class tally.Class, text string) int64 {
		t.Helper()
		n := protocoltest.Ended(t, all, route, class, text)
		calls += n
		return n
	}
	parts := func(call int64, route string, each int64) {
		t.Helper()
		cut := all.Routes[strings.Join(strings.Fields(route)[:2], " ")].Unfinished // the end of the load came within them
		if n := protocoltest.Ended(t, all, route, tally.OK, ""); n > (call+cut)*each || n < call*each || !all.Routes[route].Part {
			t.Errorf("%s: %d parts of %d calls, and of %d unfinished ones; want %d of each", route, n, call, cut, each)
		}
	}
	n := check("lines count", tally.OK, "")
	parts(n, "lines count first message", 1)
	parts(n, "lines count each message", 4)
	n = check("lines short", tally.OK, "")
	parts(n, "lines short first message", 1)
	parts(n, "lines short each message", 2)
	n = check("lines chat", tally.OK, "")
	parts(n, "lines chat first message", 1)
	parts(n, "lines chat each message", 5) // noise, but for the first
	parts(n, "lines chat greet", 1)
	parts(n, "lines chat message 3", 2)
	check("lines refused", tally.Status, "no such topic")
	check("span", tally.OK, "")
	check("early", tally.Transport, "the server ended the stream before all awaited messages came")
	check("bad", tally.Expect, "expected a line that begins with x")
	protocoltest.Ended(t, all, "bad each message", tally.Expect, "expected a line that begins with x")
	n = check("lines break", tally.Transport, "the connection was closed without an answer")
	if each := all.Routes["lines break each message"]; each.Outcomes[tally.OK] != n || each.Outcomes[tally.Transport] != n {
		t.Errorf("of %d broken streams, the second and third messages: %v", n, each.Outcomes)
	}
	if total := all.Total().Requests() - all.Total().Unfinished; total != calls {
		t.Errorf("the whole counts %d, want the %d calls and no part", total, calls)
	}
	span, first := all.Routes["span"], all.Routes["span first message"]
	if span.Response.Max() != first.Response.Max() || span.Response.Count() != first.Response.Count() {
		t.Errorf("streams that a span ends take up to %v, their first messages %v", span.Response.Max(), first.Response.Max())
	}
	whole, each := all.Routes["lines count"], all.Routes["lines count each message"]
	if whole.Response.Quantile(0.5) < 4*each.Response.Quantile(0.1) {
		t.Errorf("five messages come in %v, one in %v", whole.Response.Quantile(0.5), each.Response.Quantile(0.1))
	}
}

// A stream that the end of the load cuts off is unfinished, and no failure. One that ends with its
// span is whole: its time is that of its first message, or of its opening.
func TestStreamsAtTheEnd(t *testing.T) {
	all := run(t, `
target: {url: "`+serve(t)+`", timeout: 20s}
load: {users: 3, spawn_rate: 1e9, run_time: 1s, rounds: 1, stop_within: 50ms}
users:
  - {name: end, fixed: 1, tasks: [{lines: silent, messages: [{receive: end}]}]}
  - {name: span, fixed: 1, tasks: [{lines: silent, name: span, messages: [{receive: {for: 20s}}]}]}
  - {name: wait, fixed: 1, tasks: [{lines: count, name: wait, messages: [{receive: 1}, {wait: 20s}, {receive: 1}]}]}
`)
	for route, unfinished := range map[string]int64{"lines silent": 1, "span": 0, "wait": 1} {
		if r := all.Routes[route]; r.Requests() != 1 || r.Unfinished != unfinished || r.Failures() != 0 {
			t.Errorf("%s: %d calls, %d unfinished, %v; want 1, and %d unfinished", route, r.Requests(), r.Unfinished, r.Outcomes, unfinished)
		}
	}
	if least := all.Routes["wait"].Response.Min(); least < 150*time.Millisecond {
		t.Errorf("a stream that waited at the end counts as %v", least)
	}
}

// A message that does not come in time is a failure of its own, and one of the call.
func TestStreamIsLate(t *testing.T) {
	all := run(t, `
target: {url: "`+serve(t)+`", timeout: 500ms}
load: {users: 1, spawn_rate: 1, run_time: 700ms, rounds: 1}
users: [{name: u, wait: 10ms, tasks: [{lines: silent, messages: [{receive: 1}]}]}]
`)
	const late = "no message in time (target.timeout is 500ms)"
	n := protocoltest.Ended(t, all, "lines silent", tally.Timeout, late)
	if first := protocoltest.Ended(t, all, "lines silent first message", tally.Timeout, late); first != n {
		t.Errorf("%d calls and %d first messages", n, first)
	}
}
