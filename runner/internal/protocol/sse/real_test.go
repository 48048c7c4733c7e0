//go:build real

package sse_test

import (
	"bufio"
	"os/exec"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Yoga sends the results of a subscription as events of the types next and complete.
func TestRealYoga(t *testing.T) {
	c := exec.Command("node", "streams.mjs", "yoga")
	c.Dir = "../../../../testdata/peers"
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close() //nolint:errcheck // it ends then
		c.Wait()      //nolint:errcheck // likewise
	})
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("node streams.mjs yoga printed %q (%v): is it installed (make peers)?", url, err)
	}
	all := run(t, `
target: {url: "`+strings.TrimSpace(url)+`"}
load: {users: 1, run_time: 1s, rounds: 2}
users:
  - name: u
    wait: 1ms
    tasks:
      - sse: POST /graphql
        json: {query: "subscription Count($to: Int!) { count(to: $to, name: \"x\") { at } }", variables: {to: 3}}
        messages: [{receive: 3, expect: {event: next, json: {data.count.at: "> 0"}}}, {receive: 1, expect: {event: complete}}, {receive: end}]
`)
	ended(t, all, "SSE POST /graphql", tally.OK, "")
	ended(t, all, "SSE POST /graphql each message", tally.OK, "")
}
