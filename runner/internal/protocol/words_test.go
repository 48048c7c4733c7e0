package protocol_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/protocoltest"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Every protocol supports all that the profile says of steps: they repeat, form groups and are left
// out; on_start is renewed; setup and teardown are done once, and all users see the values that setup
// saved.
func TestWordsOfSteps(t *testing.T) {
	var mu sync.Mutex // guards heard
	heard := map[string]int{}
	address := serveTo(t, func(line string) {
		mu.Lock()
		heard[line]++
		mu.Unlock()
	})
	all, r := measure(t, `
target: {url: "`+address+`"}
load: {users: 4, spawn_rate: 1e9, run_time: 600ms, rounds: 2}
setup:
  - {echo: "tenant 7", save: {tenant: the line}, repeat: 2}
  - {lines: short, messages: [{receive: 1, save: {first: the rest}}, {receive: end}]}
users:
  - name: u
    fixed: 3
    wait: 5ms
    on_start: [{echo: "in ${tenant}", name: in, save: {token: the line}}]
    renew: 150ms
    tasks:
      - steps:
          - {echo: "${token}${first}", name: a, repeat: 3}
          - if: {token: "~ tenant"}
            repeat: 2
            steps: [{echo: b, name: b}, {lines: short, name: stream, messages: [{receive: end}]}]
          - {echo: c, name: c, if: {token: other}}
    on_stop: [{echo: "out ${tenant}", name: out}]
  - {name: v, fixed: 1, wait: 5ms, tasks: [{echo: "v ${tenant}", name: v}]}
teardown:
  - {echo: "gone ${tenant}"}
  - {lines: refused, messages: [{receive: 1}]}
  - {echo: "gone again"}
`)
	for line, want := range map[string]int{"echo tenant 7": 2, "echo gone tenant 7": 1, "echo gone again": 1, "echo out tenant 7": 3, "open refused": 1, "echo c": 0} {
		if heard[line] != want {
			t.Errorf("the server heard %q %d times, want %d; all: %v", line, heard[line], want, heard)
		}
	}
	if heard["echo v tenant 7"] == 0 || heard["echo in tenant 7n 1"] == 0 {
		t.Errorf("users do not see what setup saved: %v", heard)
	}
	in, a, b := protocoltest.Ended(t, all, "in", tally.OK, ""), protocoltest.Ended(t, all, "a", tally.OK, ""), protocoltest.Ended(t, all, "b", tally.OK, "")
	if in < 3*2 || in > 3*5 {
		t.Errorf("3 users have begun %d times in 600 ms, renewed after 150 ms each", in)
	}
	if a*2 < b*3 || a*2 > b*3+3*2*3 {
		t.Errorf("%d times a and %d times b; want three for two", a, b)
	}
	if streams := protocoltest.Ended(t, all, "stream", tally.OK, ""); streams < b-3 || streams > b {
		t.Errorf("%d streams behind %d times b", streams, b)
	}
	if names := strings.Join(all.Names(), ", "); names != "a, b, in, out, stream, stream each message, stream first message, v" {
		t.Errorf("counted under %s", names)
	}
	if want := "teardown: lines refused failed: no such topic (status)"; len(r.Notes) != 1 || r.Notes[0] != want || len(r.Rounds) != 2 {
		t.Errorf("notes %q, want %q of a whole run", r.Notes, want)
	}
}
