package shop

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/graph-gophers/graphql-go"
)

// transportWS is the subprotocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md.
const transportWS = "graphql-transport-ws"

// initWithin is how long a client may take to send connection_init.
const initWithin = 10 * time.Second

// The codes that the protocol closes a connection with.
const (
	closeInvalid     websocket.StatusCode = 4400
	closeNotInit     websocket.StatusCode = 4401
	closeProtocol    websocket.StatusCode = 4406
	closeInitLate    websocket.StatusCode = 4408
	closeDouble      websocket.StatusCode = 4409
	closeManyInits   websocket.StatusCode = 4429
	maxSubscriptions                      = 100
)

// envelope is a message of the protocol.
type envelope struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// subscriber is one connection.
type subscriber struct {
	shop  *Shop
	conn  *websocket.Conn
	token string

	mu      sync.Mutex // guards running
	running map[string]context.CancelFunc
	wait    sync.WaitGroup
}

// graphQLStream serves operations over a WebSocket.
func (s *Shop) graphQLStream(w http.ResponseWriter, r *http.Request) {
	conn, ctx, done := s.accept(w, r, transportWS)
	if conn == nil {
		return
	}
	defer done()
	if conn.Subprotocol() != transportWS {
		_ = conn.Close(closeProtocol, "Subprotocol not acceptable") // the client is gone then
		return
	}
	c := &subscriber{shop: s, conn: conn, token: token(r), running: map[string]context.CancelFunc{}}
	ctx, cancel := context.WithCancel(ctx)
	defer c.wait.Wait()
	defer cancel()
	if code, reason := c.serve(ctx); code != 0 {
		_ = conn.Close(code, reason)
	}
}

// accept makes a request a WebSocket that ends with the shop's streams. If it cannot, it has sent the answer and
// returns a nil conn. The caller calls done at the end.
func (s *Shop) accept(w http.ResponseWriter, r *http.Request, subprotocols ...string) (conn *websocket.Conn, ctx context.Context, done func()) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: subprotocols, InsecureSkipVerify: true})
	if err != nil {
		return nil, nil, nil
	}
	conn.SetReadLimit(maxBody)
	ended := make(chan struct{})
	go func() {
		select {
		case <-s.ending:
			_ = conn.Close(websocket.StatusGoingAway, "the shop ends") // the client is gone then
		case <-ended:
		}
	}()
	return conn, r.Context(), func() {
		close(ended)
		_ = conn.CloseNow() // closed already, or of no use
	}
}

// serve reads messages until the connection ends, or must be closed with a code.
func (c *subscriber) serve(ctx context.Context) (code websocket.StatusCode, reason string) {
	hello, cancel := context.WithTimeout(ctx, initWithin)
	defer cancel()
	isInit := false
	for {
		from := ctx
		if !isInit {
			from = hello
		}
		kind, text, err := c.conn.Read(from)
		if err != nil {
			if !isInit && hello.Err() != nil {
				return closeInitLate, "Connection initialisation timeout"
			}
			return 0, ""
		}
		var m envelope
		if kind != websocket.MessageText || json.Unmarshal(text, &m) != nil {
			return closeInvalid, "Invalid message received"
		}
		switch m.Type {
		case "connection_init":
			if isInit {
				return closeManyInits, "Too many initialisation requests"
			}
			isInit = true
			c.send(ctx, envelope{Type: "connection_ack"})
		case "ping":
			c.send(ctx, envelope{Type: "pong", Payload: m.Payload})
		case "pong":
		case "subscribe":
			if !isInit {
				return closeNotInit, "Unauthorized"
			}
			if code, reason := c.subscribe(ctx, m); code != 0 {
				return code, reason
			}
		case "complete":
			c.stop(m.ID)
		default:
			return closeInvalid, "Invalid message received"
		}
	}
}

// send writes a message. An error shows at the next read.
func (c *subscriber) send(ctx context.Context, m envelope) {
	text, err := json.Marshal(m)
	if err == nil {
		_ = c.conn.Write(ctx, websocket.MessageText, text)
	}
}

// subscribe begins an operation.
func (c *subscriber) subscribe(ctx context.Context, m envelope) (code websocket.StatusCode, reason string) {
	var o operation
	if m.ID == "" || json.Unmarshal(m.Payload, &o) != nil {
		return closeInvalid, "Invalid message received"
	}
	own, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, double := c.running[m.ID]; double || len(c.running) == maxSubscriptions {
		cancel()
		return closeDouble, "Subscriber for " + m.ID + " already exists"
	}
	c.running[m.ID] = cancel
	c.wait.Go(func() {
		defer c.stop(m.ID)
		c.answer(ctx, own, m.ID, o)
	})
	return 0, ""
}

// stop ends an operation, or forgets one that has ended.
func (c *subscriber) stop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cancel := c.running[id]; cancel != nil {
		cancel()
		delete(c.running, id)
	}
}

// answer sends what an operation brings until its own context ends, and complete if the client did not say that first. It
// writes in the context of the connection: a write whose context ends closes the connection.
func (c *subscriber) answer(ctx, own context.Context, id string, o operation) {
	who := &caller{token: c.token}
	responses, err := c.shop.schema.Subscribe(context.WithValue(own, callerKey{}, who), o.Query, o.OperationName, o.Variables)
	if err != nil {
		return // the schema has subscriptions
	}
	for response := range responses {
		r := response.(*graphql.Response)
		m := envelope{ID: id, Type: "next"}
		var content any = r
		if r.Data == nil {
			m.Type, content = "error", r.Errors
		}
		if m.Payload, err = json.Marshal(content); err != nil {
			return
		}
		c.send(ctx, m)
		if m.Type == "error" {
			return
		}
	}
	if own.Err() == nil {
		c.send(ctx, envelope{ID: id, Type: "complete"})
	}
}
