package har

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// isEvents reports whether an answer is a stream of server-sent events, which may never end.
func (e *entry) isEvents() bool {
	return strings.HasPrefix(strings.ToLower(e.Response.Content.MimeType), "text/event-stream") || strings.EqualFold(e.ResourceType, "eventsource")
}

// events makes a request a stream, which ends after as many events as the recording holds, and after one if it holds none.
func (w *writer) events(c *call) {
	c.keys[0].Key = "sse"
	if method, place, ok := strings.Cut(c.route, " "); ok && method == "GET" {
		c.route = "SSE " + place
	} else {
		c.route = "SSE " + c.route
	}
	for i, key := range c.keys {
		switch key.Key {
		case "name":
			c.keys[i].Value = draft.OneLine(c.route)
		case "form", "multipart":
			c.off = "a stream of events sends json or body; write what this form sends as body"
		}
	}
	received := 0
	for _, block := range strings.Split(strings.ReplaceAll(c.entry.Response.Content.Text, "\r\n", "\n"), "\n\n") {
		if strings.HasPrefix(block, "data") || strings.Contains(block, "\ndata") {
			received++
		}
	}
	messages := []any{draft.Map{{Key: "receive", Value: min(max(received, 1), maxFrames)}}}
	c.keys = append(c.keys, draft.Entry{Key: "messages", Value: draft.Block{Value: messages}})
}

// socket writes a WebSocket with its messages.
func (w *writer) socket(c *call) {
	place, route := w.path(c.entry.url)
	c.keys = draft.Map{{Key: "websocket", Value: place}}
	c.route = "WS " + place
	if route != place {
		c.route = "WS " + route
		c.keys = append(c.keys, draft.Entry{Key: "name", Value: c.route})
	}
	c.subprotocol()
	var messages []any
	received := 0
	binary := false
	frames := c.entry.Sockets
	if len(frames) > maxFrames {
		w.d.Notes = append(w.d.Notes, draft.Note{File: w.in.Name, Text: fmt.Sprintf("%s has %d messages; the first %d are written", draft.OneLine(c.route), len(frames), maxFrames)})
		frames = frames[:maxFrames]
	}
	for i, f := range frames {
		if f.Type == "receive" {
			received++
			continue
		}
		switch {
		case f.Type != "send" || f.Opcode > 2: // closing, ping and pong (RFC 6455, section 5.2)
			continue
		case f.Opcode == 2:
			binary = true
			continue
		}
		if received > 0 && len(messages) == 0 {
			messages = append(messages, draft.Map{{Key: "receive", Value: received}})
		}
		received = 0
		var data any
		if text := strings.TrimSpace(f.Data); strings.HasPrefix(text, "{") && json.Valid([]byte(text)) {
			data = w.tree(json.RawMessage(text))
		} else {
			data = w.plain(f.Data)
		}
		one := draft.Map{{Key: "send", Value: data}}
		if i+1 == len(frames) || frames[i+1].Type != "receive" {
			one = append(one, draft.Entry{Key: "reply", Value: "none"})
		}
		messages = append(messages, one)
	}
	if len(messages) == 0 && received > 0 {
		messages = append(messages, draft.Map{{Key: "receive", Value: received}})
	}
	if len(messages) > 0 {
		c.keys = append(c.keys, draft.Entry{Key: "messages", Value: draft.Block{Value: messages}})
	}
	if binary {
		c.above = "binary messages of the recording are left out"
	}
}

// subprotocol writes the subprotocol that the server took, or those that were offered.
func (c *call) subprotocol() {
	offers := c.entry.header("Sec-WebSocket-Protocol")
	if offers == "" {
		return
	}
	var offered []any
	for _, one := range strings.Split(offers, ",") {
		offered = append(offered, strings.TrimSpace(one))
	}
	if chosen := valueOf(c.entry.Response.Headers, "Sec-WebSocket-Protocol"); chosen != "" {
		offered = []any{chosen}
	}
	c.keys = append(c.keys, draft.Entry{Key: "subprotocol", Value: offered})
}
