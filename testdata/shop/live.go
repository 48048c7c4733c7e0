package shop

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// liveOperations are the kinds of messages that /live answers.
var liveOperations = []string{"WS /live join", "WS /live search", "WS /live product", "WS /live add", "WS /live watch"}

// The messages of /live are JSON. Each has a type, and may have an id, which its answer repeats.
//
//	{"type":"join","user":"u1"}                        {"type":"joined","session_id":…,"user":"u1"}
//	{"type":"search","q":"warm boots"}                 {"type":"found","items":[…],"total":…}
//	{"type":"product","product":7}                     {"type":"product","product":{…}}
//	{"type":"add","sku":"SKU-7","quantity":1}          {"type":"cart","items":[…]}
//	{"type":"watch","sku":"SKU-7","count":10,"every":"20ms"}
//	                                                   {"type":"tick","sequence":1,…} as often, then {"type":"watched"}
//	anything else                                      {"type":"error","error":"a sentence"}
//
// The text bye ends the connection with 1000. A binary message is answered by a binary one.
type request struct {
	ID       json.RawMessage `json:"id"`
	Type     string          `json:"type"`
	User     string          `json:"user"`
	Q        string          `json:"q"`
	Product  json.Number     `json:"product"`
	SKU      string          `json:"sku"`
	Quantity int             `json:"quantity"`
	Count    int             `json:"count"`
	Every    string          `json:"every"`
}

// visitor is one connection to /live.
type visitor struct {
	shop  *Shop
	conn  *websocket.Conn
	token string
}

func (s *Shop) live(w http.ResponseWriter, r *http.Request) {
	conn, ctx, done := s.accept(w, r)
	if conn == nil {
		return
	}
	defer done()
	ctx, cancel := context.WithCancel(ctx)
	v := &visitor{s, conn, token(r)}
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	for {
		kind, text, err := conn.Read(ctx)
		if err != nil {
			return
		}
		if string(text) == "bye" {
			_ = conn.Close(websocket.StatusNormalClosure, "bye") // the client is gone then
			return
		}
		q := request{Quantity: 1, Every: "50ms"}
		if err := json.Unmarshal(text, &q); err != nil {
			err = v.send(ctx, kind, map[string]any{"type": "error", "error": "the message is not the JSON that is meant: " + err.Error()})
			if err != nil {
				return
			}
			continue
		}
		if q.Type == "watch" {
			watching.Go(func() { v.watch(ctx, kind, q) })
			continue
		}
		if err := v.send(ctx, kind, v.answer(q)); err != nil {
			return
		}
	}
}

func (v *visitor) send(ctx context.Context, kind websocket.MessageType, answer any) error {
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return v.conn.Write(ctx, kind, text)
}

// answer answers a message, and does the work for it again if it is slower.
func (v *visitor) answer(q request) map[string]any {
	answer := map[string]any{}
	again, err := v.shop.trouble.begin("WS /live " + q.Type)
	for range again {
		_ = v.do(q, shadow, map[string]any{}) // as below
	}
	if err == nil {
		err = v.do(q, v.token, answer)
	}
	if err != nil {
		answer = map[string]any{"type": "error", "error": err.Error()}
	}
	if q.ID != nil {
		answer["id"] = q.ID
	}
	return answer
}

// do fills in the answer to a message.
func (v *visitor) do(q request, token string, answer map[string]any) error {
	switch q.Type {
	case "join":
		if q.User == "" {
			return invalid("user is empty: say who joins")
		}
		session := v.shop.carts.open()
		if token != shadow {
			v.token = session
		}
		answer["type"], answer["session_id"], answer["user"] = "joined", session, q.User
	case "search":
		hits, err := v.shop.rank(q.Q)
		if err != nil {
			return err
		}
		answer["type"], answer["items"], answer["total"] = "found", hits[:min(perPage, len(hits))], len(hits)
	case "product":
		p, err := v.shop.byID(q.Product.String())
		if err != nil {
			return err
		}
		answer["type"], answer["product"] = "product", p
	case "add":
		items, err := v.shop.put(token, line{q.SKU, q.Quantity})
		if err != nil {
			return err
		}
		answer["type"], answer["items"] = "cart", items
	default:
		return invalid("there is no message of type %q; there are join, search, product, add and watch", q.Type)
	}
	return nil
}

// watch sends ticks beside the answers.
func (v *visitor) watch(ctx context.Context, kind websocket.MessageType, q request) {
	every, err := time.ParseDuration(q.Every)
	if err == nil {
		err = v.shop.ticks(watch{sku: q.SKU, count: q.Count, every: every}, ctx.Done(), func(t tick) error {
			again, err := v.shop.trouble.begin("WS /live watch")
			if err != nil {
				return err
			}
			message := struct {
				Type string `json:"type"`
				tick
			}{"tick", t}
			for range again {
				_, _ = json.Marshal(message) // as below
			}
			return v.send(ctx, kind, message)
		})
	}
	end := map[string]any{"type": "watched"}
	if err != nil {
		end = map[string]any{"type": "error", "error": err.Error()}
	}
	if q.ID != nil {
		end["id"] = q.ID
	}
	_ = v.send(ctx, kind, end) // an error shows at the next read
}
