package websocket_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gorilla "github.com/gorilla/websocket"

	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/protocoltest"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// spoken are the words of the two subprotocols for the same things.
var spoken = map[string]struct{ subscribe, next, stop string }{
	"graphql-transport-ws": {"subscribe", "next", "complete"},
	"graphql-ws":           {"start", "data", "stop"},
}

// subscriptions is a server of both subprotocols. What it sends depends on the operation.
func subscriptions(t *testing.T) string {
	t.Helper()
	both := gorilla.Upgrader{Subprotocols: []string{"graphql-transport-ws", "graphql-ws"}}
	server := httptest.NewServer(accepting(both, func(c *gorilla.Conn) {
		words := spoken[c.Subprotocol()]
		var got struct {
			ID, Type string
			Payload  struct {
				Token, OperationName, Query string
				Variables                   json.RawMessage
			}
		}
		say := func(text string) { _ = c.WriteMessage(gorilla.TextMessage, []byte(text)) }
		if c.ReadJSON(&got) != nil || got.Type != "connection_init" {
			return
		}
		if got.Payload.Token == "bad" {
			_ = c.WriteControl(gorilla.CloseMessage, gorilla.FormatCloseMessage(4403, "Forbidden"), time.Now().Add(time.Second))
			_, _, _ = c.ReadMessage()
			return
		}
		if got.Payload.Token == "none" {
			_, _, _ = c.ReadMessage()
			return
		}
		if got.Payload.Token == "worse" {
			say(`{"type":"connection_error","payload":{"message":"no"}}`)
			return
		}
		if c.Subprotocol() == "graphql-transport-ws" {
			say(`{"type":"ping","payload":{}}`)
			if c.ReadJSON(&got) != nil || got.Type != "pong" {
				return
			}
		} else {
			say(`{"type":"ka"}`)
		}
		say(`{"type":"connection_ack"}`)
		if c.ReadJSON(&got) != nil || got.Type != words.subscribe {
			return
		}
		next := func(payload string) {
			say(fmt.Sprintf(`{"id":%q,"type":%q,"payload":%s}`, got.ID, words.next, payload))
		}
		switch got.Payload.OperationName {
		case "Ticks":
			for i := range 3 {
				next(fmt.Sprintf(`{"data":{"ticks":{"at":%d,"got":%s}}}`, i, got.Payload.Variables))
			}
			say(fmt.Sprintf(`{"type":"complete","id":%q}`, got.ID))
		case "Failing":
			next(`{"data":null,"errors":[{"message":"masked","path":["ticks",3],"extensions":{"code":"INTERNAL"}}]}`)
		case "Refused":
			say(fmt.Sprintf(`{"type":"error","id":%q,"payload":[{"message":"no such field 17"}]}`, got.ID))
		case "Other":
			say(fmt.Sprintf(`{"id":"2","type":%q,"payload":{"data":{}}}`, words.next))
		case "Null":
			say(fmt.Sprintf(`{"type":"error","id":%q,"payload":null}`, got.ID))
		case "None":
			say(fmt.Sprintf(`{"type":"error","id":%q,"payload":[]}`, got.ID))
		case "Strange":
			say(`{"type":"strange"}`)
		case "Text":
			say(`hello`)
		}
		_ = c.ReadJSON(&got)
		if got.Type == words.stop && got.Payload.OperationName != "Ticks" {
			_ = c.WriteControl(gorilla.CloseMessage, gorilla.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// While the user waits, the pings of graphql-transport-ws are answered, each once, and results that come are kept.
func TestWaitingSubscription(t *testing.T) {
	pongs := make(chan int, 1000)
	server := httptest.NewServer(accepting(gorilla.Upgrader{Subprotocols: []string{"graphql-transport-ws"}}, func(c *gorilla.Conn) {
		say := func(text string) { _ = c.WriteMessage(gorilla.TextMessage, []byte(text)) }
		_, _, _ = c.ReadMessage()
		say(`{"type":"connection_ack"}`)
		_, _, _ = c.ReadMessage()
		came, next := 0, `{"id":"1","type":"next","payload":{"data":{"n":1}}}`
		say(next)
		say(`{"type":"ping"}`)
		say(`{"type":"ping"}`)
		for got := (struct{ Type string }{}); c.ReadJSON(&got) == nil && got.Type == "pong"; {
			if came++; came == 2 { // the user still waits
				say(next)
			}
		}
		pongs <- came
	}))
	defer server.Close()
	all := protocoltest.Run(t, `
target: {url: "`+server.URL+`"}
load: {users: 1, run_time: 3s, rounds: 1}
users: [{name: u, wait: 1h, tasks: [{websocket: /, name: a, graphql: "subscription S { n }", messages: [{wait: 1s}, {receive: 2, within: 900ms, expect: {json: {data.n: 1}}}]}]}]
`)
	protocoltest.Ended(t, all, "a", tally.OK, "")
	if got := <-pongs; got != 2 {
		t.Errorf("2 pings were answered by %d pongs", got)
	}
}

// Results are messages; their errors fail, whatever else is right. Both subprotocols are spoken.
func TestSubscriptions(t *testing.T) {
	url := subscriptions(t)
	for subprotocol := range spoken {
		t.Run(subprotocol, func(t *testing.T) {
			t.Parallel()
			step := func(name, operation, more string) string {
				return fmt.Sprintf("\n  - {name: %s, fixed: 1, wait: 5ms, tasks: [{websocket: /graphql, subprotocol: %s, name: %s, graphql: \"subscription %s($n: Int, $id: ID) { ticks(n: $n, id: $id) { at } }\", variables: {n: \"${int(7,7)}\", id: \"${int(7,7)}\"}, %s}]}",
					strings.ToLower(name), subprotocol, name, operation, more)
			}
			const one = "messages: [{receive: 1}]"
			all := protocoltest.Run(t, `
target: {url: "`+url+`", timeout: 2s}
load: {users: 14, spawn_rate: 1e9, run_time: 2s, rounds: 1}
users:`+
				step("number", "Ticks", "messages: [{receive: 2, expect: {json: {data.ticks.at: exists, data.ticks.got.n: 7, data.ticks.got.id: \"7\"}}}]")+
				step("end", "Ticks", "messages: [{receive: 1, save: {at: data.ticks.at}}, {wait: 1ms}, {receive: end}]")+
				step("early", "Ticks", "messages: [{receive: 4}]")+
				step("failing", "Failing", one)+
				step("expected", "Failing", "messages: [{receive: 1, expect: {errors: some}}]")+
				step("refused", "Refused", one)+
				step("silent", "Silent", "messages: [{receive: 1, within: 20ms}]")+
				step("strange", "Strange", one)+
				step("other", "Other", one)+
				step("empty", "Null", one)+
				step("none", "None", one)+
				step("late", "Ticks", "init: {token: none}, "+one)+
				step("text", "Text", one)+
				step("forbidden", "Ticks", "init: {token: bad}, "+one))
			for route, want := range map[string]struct {
				class tally.Class
				text  string
			}{
				"number": {tally.OK, ""}, "number first message": {tally.OK, ""}, "end": {tally.OK, ""}, "end each message": {tally.OK, ""}, "expected": {tally.OK, ""},
				"early":                 {tally.Transport, "the server completed the subscription before all awaited results came"},
				"failing":               {tally.GraphQL, "INTERNAL at ticks.#"},
				"failing first message": {tally.GraphQL, "INTERNAL at ticks.#"},
				"silent":                {tally.Expect, "no message within 20ms"},
				"refused":               {tally.GraphQL, "no such field #"},
				"other":                 {tally.Transport, "the server sent a message of another operation than this socket's"},
				"empty":                 {tally.GraphQL, "an error without a message"},
				"none":                  {tally.GraphQL, "an error without a message"},
				"late":                  {tally.Timeout, "no answer to connection_init in time (target.timeout is 2s)"},
				"strange":               {tally.Transport, `the server sent a message of the type "strange", which the subprotocol does not have`},
				"text":                  {tally.Transport, "the server sent a message that is not JSON, where GraphQL's subprotocol has nothing else"},
				"forbidden":             {tally.Transport, "closed by the server: 4403 Forbidden"},
			} {
				protocoltest.Ended(t, all, route, want.class, want.text)
			}
		})
	}
	all := protocoltest.Run(t, `
target: {url: "`+url+`", timeout: 2s}
load: {users: 1, run_time: 100ms, rounds: 1}
users: [{name: u, wait: 5ms, tasks: [{websocket: /graphql, graphql: "subscription Ticks { ticks { at } }", init: {token: worse}, messages: [{receive: 1}]}]}]
`)
	protocoltest.Ended(t, all, "subscription Ticks", tally.GraphQL, "the server refuses connection_init: no")
}
