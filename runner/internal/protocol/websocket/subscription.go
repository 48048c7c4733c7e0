package websocket

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/plimsoll-ci/plimsoll/runner/internal/answer"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/graphql"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/internal/ws"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// subscription is a compiled subscription of GraphQL: the messages around its operation. It speaks
// graphql-transport-ws (https://github.com/enisdenjo/graphql-ws, PROTOCOL.md), or the older graphql-ws.
type subscription struct {
	init, subscribe plan.Text
	stop            string // ends the subscription from here
	result          string // the type of a message with a result
}

func newSubscription(w *plan.WebSocket) *subscription {
	from := w.Subscription
	if from == nil {
		return nil
	}
	s := &subscription{init: plan.Lit(`{"type":"connection_init"}`), stop: `{"id":"` + ours + `","type":"complete"}`, result: "next"}
	begins := "subscribe"
	if w.Subprotocols[0] == profile.LegacyWS {
		s.stop, s.result, begins = `{"id":"`+ours+`","type":"stop"}`, "data", "start"
	}
	if from.Init != nil {
		s.init = plan.Join(plan.Lit(`{"type":"connection_init","payload":`), from.Init, plan.Lit("}"))
	}
	s.subscribe = plan.Join(plan.Lit(`{"id":"`+ours+`","type":"`+begins+`","payload":`), from.Request, plan.Lit("}"))
	return s
}

const ping = "ping" // the type of the message that pong answers

// envelope is a message of either subprotocol.
type envelope struct {
	kind    string
	payload []byte
	other   bool // it belongs to another operation than ours
}

// ours is the id of the operation: a socket has one.
const ours = "1"

// openEnvelope reads an envelope. Its parts are valid as long as the message.
func openEnvelope(message []byte) (e envelope, err error) {
	text := unsafe.String(unsafe.SliceData(message), len(message))
	if !gjson.Valid(text) {
		return e, wire.Fault("the server sent a message that is not JSON, where GraphQL's subprotocol has nothing else")
	}
	gjson.Parse(text).ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "type":
			e.kind = value.Str
		case "id":
			e.other = value.Type == gjson.String && value.Str != ours
		case "payload":
			if value.Index > 0 {
				e.payload = message[value.Index : value.Index+len(value.Raw)]
			}
		}
		return true
	})
	return e, nil
}

// refused is the error of a connection_init, or of an operation, that the server refuses.
type refused struct {
	kind string // the text without the values in the server's words
	full string // the same with them; empty if there are none
}

// Error says why.
func (r refused) Error() string { return r.kind }

const errNoAck wire.Late = "no answer to connection_init in time"

// begin does the exchange before the results: connection_init, its answer, and the operation.
func (s *stream) begin(sub *subscription, v load.Values, until time.Time) error {
	s.sub = sub
	if err := s.write(ws.Text, v.Append(s.out[:ws.Room], sub.init)); err != nil {
		return err
	}
	for {
		e, err := s.await()
		switch {
		case errors.Is(err, errNoMessage):
			return errNoAck
		case err != nil:
			return err
		}
		switch e.kind {
		case "connection_ack":
			s.conn.Begin(until)
			return s.write(ws.Text, v.Append(s.out[:ws.Room], sub.subscribe))
		case "connection_error":
			kind, full := graphql.ErrorText(e.payload)
			const what = "the server refuses connection_init: "
			if full != "" {
				full = what + full
			}
			return refused{what + kind, full}
		case ping:
			s.pong()
		case "ka", "pong":
		default:
			return wire.Fault(fmt.Sprintf("the server answered connection_init with %.40q", e.kind))
		}
	}
}

// await waits for one envelope.
func (s *stream) await() (envelope, error) {
	for {
		got, ok, err := s.in.Next()
		switch {
		case err != nil:
			return envelope{}, err
		case !ok:
			if err := s.in.Fill(s.conn); err != nil {
				return envelope{}, dropped(err)
			}
			continue
		}
		switch got.Kind {
		case ws.Text:
			return openEnvelope(got.Data)
		case ws.Ping:
			s.control(ws.Pong, got.Data)
		case ws.Close:
			return envelope{}, readClosing(got.Data)
		case ws.Binary:
			return envelope{}, wire.Fault("the server sent a binary message, where GraphQL's subprotocol has none")
		}
	}
}

// pong answers a ping of graphql-transport-ws, which is a message.
func (s *stream) pong() {
	_ = s.write(ws.Text, append(s.out[:ws.Room], `{"type":"pong"}`...)) // if it fails, the next read says why
}

// isPing reports whether a message is a ping of graphql-transport-ws.
func isPing(message []byte) bool {
	e, err := openEnvelope(message)
	return err == nil && e.kind == ping
}

// result is the result that a message of a subscription carries. some is false if the message only
// keeps the connection alive.
func (s *stream) result(m *plan.Message, got ws.Message, v load.Values) (r load.Received, some bool) {
	e, err := openEnvelope(got.Data)
	switch {
	case err != nil:
	case e.other:
		err = wire.Fault("the server sent a message of another operation than this socket's")
	case e.kind == s.sub.result:
		return s.judgeResult(m, e.payload, v), true
	case e.kind == "complete":
		s.complete = true
		return load.Received{Event: load.Ended, Outcome: load.Outcome{Error: "the server completed the subscription before all awaited results came"}}, true
	case e.kind == "error", e.kind == "connection_error":
		s.complete = true
		kind, full := graphql.ErrorText(e.payload)
		err = refused{kind, full}
	case e.kind == ping:
		if !got.Seen {
			s.pong()
		}
		return r, false
	case e.kind == "pong", e.kind == "ka", e.kind == "connection_ack":
		return r, false
	default:
		err = wire.Fault(fmt.Sprintf("the server sent a message of the type %.40q, which the subprotocol does not have", e.kind))
	}
	return load.Received{Event: load.Broken, Outcome: s.client.failed(err)}, true
}

// judgeResult checks one result.
func (s *stream) judgeResult(m *plan.Message, payload []byte, v load.Values) load.Received {
	r := load.Received{Event: load.Answered, Outcome: load.Outcome{Ended: time.Now(), BytesReceived: int64(len(payload))}}
	s.bytes += int64(len(payload))
	p := m.Content.(*plan.Payload)
	if r.Class, r.Error, r.Example = graphql.Result(payload, p.Errors); r.Class != tally.OK {
		return r
	}
	if wrong := (answer.Answer{Body: payload}).Check(p.Expect, m.Save, v); wrong != "" {
		r.Class, r.Error = tally.Expect, wrong
	}
	return r
}
