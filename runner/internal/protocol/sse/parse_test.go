package sse

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// parse parses a stream that comes in pieces of a size, and returns its events in one text.
func parse(stream string, size int) (events string, err error) {
	var p parser
	for len(stream) > 0 {
		piece := []byte(stream[:min(size, len(stream))])
		stream = stream[len(piece):]
		for len(piece) > 0 {
			rest, e, ok, err := p.next(piece)
			if err != nil {
				return events, err
			}
			if ok {
				events += fmt.Sprintf("%s %s %q|", e.kind, e.id, e.data)
			}
			piece = rest
		}
	}
	return events, nil
}

// The examples are those of the HTML standard, section 9.2.6, and others that its rules decide.
func TestParse(t *testing.T) {
	for stream, want := range map[string]string{
		"data: YHOO\ndata: +2\ndata: 10\n\n": `message  "YHOO\n+2\n10"|`,
		": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n": `message 1 "first event"|message  "second event"|`,
		"data\n\ndata\ndata\n\ndata:":                           `message  ""|message  "\n"|`,
		"data:test\n\ndata: test\n\n":                           `message  "test"|message  "test"|`,
		"data: a\r\rdata: b\r\n\r\ndata: c\n\n":                 `message  "a"|message  "b"|message  "c"|`,
		"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n":        `message  "a"|`,
		"event: price\ndata: 1\n\ndata: 2\n\n":                  `price  "1"|message  "2"|`,
		"event: price\n\ndata: 2\n\n":                           `message  "2"|`,
		"id: 7\ndata: a\n\ndata: b\n\nid:\ndata: c\n\n":         `message 7 "a"|message 7 "b"|message  "c"|`,
		"id: 7\x00\ndata: a\n\n":                                `message  "a"|`,
		"retry: 10\nunknown: x\nDATA: x\ndata : x\ndata: a\n\n": `message  "a"|`,
		":\n\n\n:\ndata: {\"a\":\ndata: 1}\n\n":                 `message  "{\"a\":\n1}"|`,
		"data: a: b\n\n":                                        `message  "a: b"|`,
		"data: cut off":                                         "",
		"data: a\r\n\r\n\r\n\rdata: b\n\r\n":                    `message  "a"|message  "b"|`,
	} {
		for size := 1; size <= len(stream); size++ {
			if got, err := parse(stream, size); err != nil || got != want {
				t.Errorf("%q in pieces of %d: %s, %v; want %s", stream, size, got, err, want)
			}
		}
	}
}

// The pieces in which a stream comes change nothing.
func FuzzPieces(f *testing.F) {
	f.Add("event: a\rdata: b\r\ndata\n\nid: 1\ndata:c\r\n\r\n", 3)
	f.Fuzz(func(t *testing.T, stream string, size int) {
		whole, err := parse(stream, len(stream)+1)
		parts, failed := parse(stream, size&63+1)
		if whole != parts || !errors.Is(failed, err) {
			t.Errorf("%q: %s %v, in pieces %s %v", stream, whole, err, parts, failed)
		}
	})
}

// An event, and a line that never ends, are bounded.
func TestEventsAreBounded(t *testing.T) {
	line := "data: " + strings.Repeat("x", 1<<20) + "\n"
	for name, stream := range map[string]string{
		"an event":  strings.Repeat(line, 17),
		"a line":    "data: " + strings.Repeat("x", 17<<20),
		"a comment": ":" + strings.Repeat("x", 17<<20),
	} {
		if _, err := parse(stream, 64<<10); !errors.Is(err, errTooLarge) {
			t.Errorf("%s of 17 MiB: %v", name, err)
		}
	}
	if events, err := parse(strings.Repeat(line+"\n", 20), 64<<10); err != nil || strings.Count(events, "|") != 20 {
		t.Errorf("20 events of 1 MiB: %d, %v", strings.Count(events, "|"), err)
	}
}
