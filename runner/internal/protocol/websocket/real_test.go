//go:build real

package websocket_test

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/protocoltest"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
	npm "github.com/plimsoll-ci/plimsoll/testdata/peers"
)

// The library ws sends fragments with pings between them, and offers compression.
func TestRealWS(t *testing.T) {
	all := protocoltest.Run(t, `
target: {url: "`+npm.Start(t, "streams.mjs", "ws")+`"}
load: {users: 3, spawn_rate: 1e9, run_time: 1s, rounds: 2}
users:
  - {name: echo, fixed: 2, wait: 1ms, tasks: [{websocket: /, subprotocol: [a, b], name: echo, messages: [{send: {n: "${seq}"}, name: m, expect: {json: {n: exists}}, repeat: 5}, {wait: 5ms}, {send: "${sentence(300)}", binary: true, name: m, expect: {size: "> 500"}}]}]}
  - {name: bye, fixed: 1, wait: 1ms, tasks: [{websocket: /, name: bye, messages: [{send: bye}, {receive: 1}]}]}
`)
	n := protocoltest.Ended(t, all, "echo", tally.OK, "")
	if m := protocoltest.Ended(t, all, "echo m", tally.OK, ""); m < 6*(n-2) {
		t.Errorf("%d replies in %d calls", m, n)
	}
	protocoltest.Ended(t, all, "bye", tally.Transport, "closed by the server: 4001 as you asked")
}

// socket.io: Engine.IO's and Socket.IO's handshakes, events and acknowledgements, as a profile has them.
func TestRealSocketIO(t *testing.T) {
	all := protocoltest.Run(t, `
target: {url: "`+npm.Start(t, "streams.mjs", "socketio")+`"}
load: {users: 2, spawn_rate: 1e9, run_time: 1s, rounds: 2}
users:
  - name: chat
    wait: 1ms
    tasks:
      - websocket: /socket.io/?EIO=4&transport=websocket
        name: WS /socket.io
        messages:
          - {receive: 1, expect: {text: "~ ^0\\{"}, save: {sid: {text: '"sid":"([^"]+)"'}}}
          - {send: 40, name: connect, reply: "~ ^40\\{"}
          - {send: '42["say","hi ${word}"]', name: say, reply: '~ ^42\["said"', save: {said: {text: '"text":"([^"]+)"'}}, repeat: 3}
          - {wait: 60ms}
          - {send: 3, reply: none}
          - {send: '427["say","${said}"]', name: acknowledged, reply: '~ ^437\["ok"\]$'}
          - {send: 41, reply: none}
`)
	protocoltest.Ended(t, all, "WS /socket.io", tally.OK, "")
	for _, name := range []string{"connect", "say", "acknowledged"} {
		protocoltest.Ended(t, all, "WS /socket.io "+name, tally.OK, "")
	}
}

// The library graphql-ws speaks the subprotocol that it defines.
func TestRealGraphQLWS(t *testing.T) {
	all := protocoltest.Run(t, `
target: {url: "`+npm.Start(t, "streams.mjs", "graphqlws")+`"}
load: {users: 5, spawn_rate: 1e9, run_time: 1s, rounds: 2}
users:
  - {name: a, fixed: 1, wait: 1ms, tasks: [{websocket: /graphql, graphql: "subscription Count($to: Int!, $name: String!) { count(to: $to, name: $name) { at name } }", variables: {to: 3, name: "${int(7,7)}"}, messages: [{receive: 3, expect: {json: {data.count.name: "7"}}}, {receive: end}]}]}
  - {name: b, fixed: 1, wait: 1ms, tasks: [{websocket: /graphql, graphql: "subscription Stop { count(to: 1000000, name: \"x\") { at } }", messages: [{receive: 2}]}]}
  - {name: c, fixed: 1, wait: 1ms, tasks: [{websocket: /graphql, graphql: "subscription Failing { failing { at } }", messages: [{receive: 1}]}]}
  - {name: d, fixed: 1, wait: 1ms, tasks: [{websocket: /graphql, graphql: "subscription Unknown { nothing }", messages: [{receive: 1}]}]}
  - {name: e, fixed: 1, wait: 1ms, tasks: [{websocket: /graphql, name: bad, init: {token: bad}, graphql: "subscription Count2 { count(to: 1, name: \"x\") { at } }", messages: [{receive: 1}]}]}
`)
	protocoltest.Ended(t, all, "subscription Count", tally.OK, "")
	protocoltest.Ended(t, all, "subscription Count each message", tally.OK, "")
	protocoltest.Ended(t, all, "subscription Failing", tally.GraphQL, "Cannot return null for non-nullable field Subscription.failing. at failing")
	protocoltest.Ended(t, all, "subscription Unknown", tally.GraphQL, `Cannot query field "#" on type "#".`)
	protocoltest.Ended(t, all, "subscription Stop", tally.OK, "")
	protocoltest.Ended(t, all, "bad", tally.Transport, "closed by the server: 4403 Forbidden")
}
