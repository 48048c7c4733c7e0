package har_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/har"
)

// A value that breaks the rules of HAR is left out with a note. The rest of the recording is read.
func TestOddRecordings(t *testing.T) {
	const answered = `"response": {"status": 200, "content": {"mimeType": "application/json", "text": "{}"}}`
	entry := func(start, request, more string) string {
		return `{"startedDateTime": ` + start + `, "request": ` + request + more + `}`
	}
	to := func(path string) string { return `{"method": "GET", "url": "http://a.test` + path + `"}` }
	at := `"2026-01-01T00:00:00Z"`
	text := fmt.Sprintf(`{"startedDateTime": %s, "time": "12.5", "request": %s, %s}`, at, to("/time"), answered)
	for name, c := range map[string]struct {
		data       []byte
		want, none []string
	}{
		"a byte order mark":        {append([]byte("\ufeff"), recording(entry(at, to("/x"), ","+answered))...), []string{"GET /x"}, nil},
		"a time that is a text":    {recording(text, text), []string{"GET /time", "x.har: time is a string, where HAR has another kind of value, and is left out (entry 1 and 1 more)"}, nil},
		"a start that is a number": {recording(entry("1700000000000", to("/a"), ","+answered), entry(at, to("/b"), ","+answered)), []string{"GET /a", "startedDateTime is a number", "GET /b"}, []string{"wait:"}},
		"starts that are missing":  {recording(entry(`""`, to("/a"), ","+answered), entry(at, to("/b"), ","+answered), entry(`"yesterday"`, to("/c"), ","+answered), entry(`"2026-01-01T00:00:03Z"`, to("/d"), ","+answered)), []string{"4 entries in 3.0 s", "GET /a\n          - http: GET /b\n          - http: GET /c\n          - wait: 3s\n          - http: GET /d"}, nil},
		"headers as an object":     {recording(entry(at, `{"method": "GET", "url": "http://a.test/x", "headers": {"Accept": "text/plain"}}`, ","+answered)), []string{"GET /x", "request.headers is an object"}, nil},
		"no web address": {recording(entry(at, `{"method": "GET", "url": "data:text/plain,x"}`, ","+answered), entry(at, `{"method": "GET", "url": "blob:http://a.test/1"}`, ","+answered), entry(at, `{"method": "GET", "url": "http://b.test/1"}`, ","+answered), entry(at, to("/x"), ","+answered)),
			[]string{"1 to a.test is kept, 1 of other hosts and 2 without a web address are not"}, nil},
		"a method that is none": {recording(entry(at, `{"method": "", "url": "http://a.test/y"}`, ","+answered), entry(at, `{"method": "A B", "url": "http://a.test/y"}`, ","+answered), entry(at, `{"method": "CONNECT", "url": "http://a.test:80"}`, ","+answered), entry(at, to("/x"), ","+answered)),
			[]string{"3 without a usual method are not", "GET /x"}, []string{"/y", "CONNECT"}},
		"what came from a cache": {recording(entry(at, to("/y"), `, "_fromCache": "disk", `+answered), entry(at, to("/y"), `, "_fetchType": "Memory Cache", `+answered), entry(at, to("/x"), `, "_fetchType": "Network Load", `+answered)),
			[]string{"2 from the browser's cache are not", "GET /x"}, []string{"/y"}},
		"one that is left out":     {recording(entry(at, to("/y.png"), ","+answered), entry(at, to("/x"), ","+answered)), []string{"1 static is not"}, nil},
		"a body that is not there": {recording(entry(at, `{"method": "POST", "url": "http://a.test/x", "bodySize": 12, "postData": {"mimeType": "application/json", "params": []}}`, ","+answered), entry(at, to("/y"), ","+answered)), []string{"POST /x is a comment: the recording does not hold the body"}, nil},
		"a body of bytes":          {recording(entry(at, `{"method": "POST", "url": "http://a.test/x", "postData": {"mimeType": "application/octet-stream", "text": "a\ufffdb"}}`, ","+answered), entry(at, `{"method": "POST", "url": "http://a.test/z", "postData": {"mimeType": "image/png", "encoding": "base64", "text": "/wA="}}`, ","+answered), entry(at, to("/y"), ","+answered)), []string{"POST /x is a comment: the recording does not hold the bytes", "POST /z is a comment"}, nil},
		"a stream of events": {recording(entry(at, to("/events"), `, "response": {"status": 200, "content": {"mimeType": "text/event-stream", "text": "data: 1\n\n: note\n\nid: 7\ndata: 2\n\n"}}`), entry(at, to("/live/7"), `, "_resourceType": "eventsource", "response": {"status": 200, "content": {}}`), entry(at, to("/x"), ","+answered)),
			[]string{"sse: GET /events\n            messages:\n              - {receive: 2}", "name: SSE /live/{id}", "- {receive: 1}"}, nil},
		"frames that are no messages": {recording(entry(at, `{"method": "GET", "url": "ws://a.test/ws"}`, `, "response": {"status": 101}, "_webSocketMessages": [{"type": "send", "opcode": 1, "data": "hi"}, {"type": "send", "opcode": 9, "data": "p"}, {"type": "send", "opcode": 8, "data": ""}]`)),
			[]string{"- {send: hi, reply: none}\n"}, []string{`send: ""`, "send: p"}},
		"more messages than are written": {recording(entry(at, `{"method": "GET", "url": "ws://a.test/ws"}`, `, "response": {"status": 101}, "_webSocketMessages": [`+strings.Repeat(`{"type": "send", "opcode": 1, "data": "hi"},`, 300)+`{"type": "send", "opcode": 1, "data": "last"}]`)),
			[]string{"WS /ws has 301 messages; the first 200 are written"}, []string{"last"}},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := har.Draft(draft.Input{Name: "x.har", Data: c.data})
			if err != nil {
				t.Fatal(err)
			}
			parse(t, d)
			text := d.Title + "\n" + d.YAML()
			for _, note := range d.Notes {
				text += "\n" + note.String()
			}
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in\n%s", want, text)
				}
			}
			for _, none := range c.none {
				if strings.Contains(text, none) {
					t.Errorf("%q is in\n%s", none, text)
				}
			}
		})
	}
}
