package sse

import (
	"bytes"

	"github.com/plimsoll-ci/plimsoll/runner/internal/answer"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// maxEvent bounds the bytes of an event, and of a line.
const maxEvent = 16 << 20

const errTooLarge wire.Fault = "an event is larger than 16 MiB"

// event is an event as the HTML standard dispatches it. It is valid until the next call of parser.next.
type event struct {
	kind []byte // its type
	id   []byte // the last event ID
	data []byte
}

var _ answer.Head = (*event)(nil)

// Header is the type or the id of the event. An id that is empty was never set.
func (e *event) Header(name string) (value string, ok bool) {
	if name == "id" {
		return string(e.id), len(e.id) > 0
	}
	return string(e.kind), true
}

// Cookie is nothing: an event has no cookies.
func (*event) Cookie(string) (string, bool) { return "", false }

// parser reads an event stream in whatever pieces it comes (HTML standard, section 9.2.6). The zero
// parser is at the beginning. It ignores retry.
type parser struct {
	begun  bool   // the first line has come
	behind bool   // the last line ended with a carriage return; a line feed behind it belongs to it
	part   []byte // of a line whose end has not come
	kind   []byte
	id     []byte
	data   []byte // each line of it with a line feed
	over   bool   // the fields above are those of an event that was returned
}

// next reads up to the end of an event. ok is false if the piece ends before.
func (p *parser) next(piece []byte) (rest []byte, e event, ok bool, err error) {
	if p.over {
		p.over, p.kind, p.data = false, p.kind[:0], p.data[:0]
	}
	for len(piece) > 0 {
		if p.behind && piece[0] == '\n' {
			p.behind, piece = false, piece[1:]
			continue
		}
		p.behind = false
		end := lineEnd(piece)
		if len(p.part)+len(p.data)+max(end, 0) > maxEvent || end < 0 && len(p.part)+len(p.data)+len(piece) > maxEvent {
			return nil, event{}, false, errTooLarge
		}
		if end < 0 {
			p.part = append(p.part, piece...)
			return nil, event{}, false, nil
		}
		line := piece[:end]
		p.behind, piece = piece[end] == '\r', piece[end+1:]
		if len(p.part) > 0 {
			p.part = append(p.part, line...)
			line = p.part
		}
		done := p.line(line)
		p.part = p.part[:0]
		if done {
			return piece, p.dispatched(), true, nil
		}
	}
	return nil, event{}, false, nil
}

// lineEnd is where the first line ends; -1 if it does not.
func lineEnd(b []byte) int {
	feed := bytes.IndexByte(b, '\n')
	if feed >= 0 {
		b = b[:feed]
	}
	if back := bytes.IndexByte(b, '\r'); back >= 0 {
		return back
	}
	return feed
}

// line processes a line, and reports whether it dispatches an event.
func (p *parser) line(line []byte) (done bool) {
	if !p.begun {
		p.begun, line = true, bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	if len(line) == 0 {
		if len(p.data) == 0 {
			p.kind = p.kind[:0]
		}
		return len(p.data) > 0
	}
	name, value, _ := bytes.Cut(line, []byte{':'})
	value = bytes.TrimPrefix(value, []byte{' '})
	switch string(name) { // a comment has an empty one
	case "event":
		p.kind = append(p.kind[:0], value...)
	case "data":
		p.data = append(append(p.data, value...), '\n')
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			p.id = append(p.id[:0], value...)
		}
	}
	return false
}

// dispatched is the event whose fields have come.
func (p *parser) dispatched() event {
	p.over = true
	e := event{kind: p.kind, id: p.id, data: p.data[:len(p.data)-1]}
	if len(e.kind) == 0 {
		e.kind = message
	}
	return e
}

// message is the type of an event that names none.
var message = []byte("message")

// shrink frees the memory of large events.
func (p *parser) shrink() {
	const keep = 4 << 10
	if p.over && cap(p.data) > keep {
		p.data, p.over, p.kind = nil, false, p.kind[:0]
	}
	if len(p.part) == 0 && cap(p.part) > keep {
		p.part = nil
	}
}
