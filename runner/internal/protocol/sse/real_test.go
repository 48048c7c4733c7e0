//go:build real

package sse_test

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/protocoltest"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
	"github.com/plimsoll-ci/plimsoll/testdata/peers"
)

// Yoga sends the results of a subscription as events of the types next and complete.
func TestRealYoga(t *testing.T) {
	all := protocoltest.Run(t, `
target: {url: "`+peers.Start(t, "streams.mjs", "yoga")+`"}
load: {users: 1, run_time: 1s, rounds: 2}
users:
  - name: u
    wait: 1ms
    tasks:
      - sse: POST /graphql
        json: {query: "subscription Count($to: Int!) { count(to: $to, name: \"x\") { at } }", variables: {to: 3}}
        messages: [{receive: 3, expect: {event: next, json: {data.count.at: "> 0"}}}, {receive: 1, expect: {event: complete}}, {receive: end}]
`)
	protocoltest.Ended(t, all, "SSE POST /graphql", tally.OK, "")
	protocoltest.Ended(t, all, "SSE POST /graphql each message", tally.OK, "")
}
