package grpc_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Every way in which a server may answer is an outcome of its class, in words.
func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(r *raw, stream uint32)
		class  tally.Class
		text   string
	}{
		"good": {func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, message(0, "\x0a\x01x"), 99)
			r.end(s, ok, "0")
		}, tally.OK, ""},
		"an empty message": {func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, message(0, ""), 99)
			r.end(s, ok, "0")
		}, tally.OK, ""},
		"a byte a frame, and empty frames": {func(r *raw, s uint32) {
			r.begin(s)
			r.WriteData(s, false, nil)
			r.data(s, message(0, "\x0a\x01x"), 1)
			r.end(s, ok, "0")
		}, tally.OK, ""},
		"another subtype": {func(r *raw, s uint32) {
			r.head(s, false, ":status", "200", "content-type", "application/grpc+proto")
			r.data(s, message(0, ""), 99)
			r.end(s, ok, "0")
		}, tally.OK, ""},
		"interim answers": {func(r *raw, s uint32) {
			r.head(s, false, ":status", "103", "link", "x")
			r.begin(s)
			r.data(s, message(0, ""), 99)
			r.end(s, ok, "0")
		}, tally.OK, ""},
		"reset with NO_ERROR behind a whole answer": {func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, message(0, ""), 99)
			r.end(s, ok, "0")
			r.WriteRSTStream(s, http2.ErrCodeNo)
		}, tally.OK, ""},
		"GOAWAY in waves": {func(r *raw, s uint32) {
			r.WriteGoAway(1<<31-1, http2.ErrCodeNo, nil)
			r.WriteGoAway(s, http2.ErrCodeNo, nil)
			r.begin(s)
			r.data(s, message(0, ""), 99)
			r.end(s, ok, "0")
		}, tally.OK, ""},
		"nothing but a trailer": {func(r *raw, s uint32) {
			r.head(s, true, ":status", "200", "content-type", "application/grpc", ok, "5", "grpc-message", "no such thing: 100%25 %C3%A9 %zz%")
		}, tally.Status, "code 5 NOT_FOUND: no such thing: 100% é %zz%"},
		"a code without a name": {func(r *raw, s uint32) {
			r.head(s, true, ":status", "200", "content-type", "application/grpc", ok, "4711")
		}, tally.Status, "code 4711"},
		"a trailer without a status": {func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, message(0, ""), 99)
			r.end(s, "x-a", "b")
		}, tally.Transport, "the server ended the call without a status (code 13 INTERNAL)"},
		"no trailer": {func(r *raw, s uint32) {
			r.begin(s)
			r.WriteData(s, true, message(0, ""))
		}, tally.Transport, "the server ended the call without a status (code 13 INTERNAL)"},
		"a status that is no number": {func(r *raw, s uint32) {
			r.begin(s)
			r.end(s, ok, "OK")
		}, tally.Transport, "the server sent a grpc-status that is no number (code 2 UNKNOWN)"},
		"the same status twice": {func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, message(0, ""), 99)
			r.end(s, ok, "0", ok, "0")
		}, tally.OK, ""},
		"two statuses": {func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, message(0, ""), 99)
			r.end(s, ok, "0", ok, "5")
		}, tally.Transport, "the server sent two different grpc-status (code 2 UNKNOWN)"},
		"OK without a message": {func(r *raw, s uint32) {
			r.begin(s)
			r.end(s, ok, "0")
		}, tally.Transport, "the server ended the call with OK and without its message (code 12 UNIMPLEMENTED)"},
		"two messages": {func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, append(message(0, ""), message(0, "")...), 99)
			r.end(s, ok, "0")
		}, tally.Transport, "the server sent several messages where the method has one (code 12 UNIMPLEMENTED)"},
		"a message that is cut short": {func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, message(0, "abc")[:6], 99)
			r.end(s, ok, "0")
		}, tally.Transport, "the server ended the answer within a message (code 13 INTERNAL)"},
		"a compressed message without an encoding": {func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, message(1, "abc"), 99)
			r.end(s, ok, "0")
		}, tally.Transport, "the server sent a compressed message without saying how it is compressed (code 13 INTERNAL)"},
		"an unknown encoding": {func(r *raw, s uint32) {
			r.begin(s, "grpc-encoding", "Snappy")
			r.data(s, message(1, "abc"), 99)
			r.end(s, ok, "0")
		}, tally.Transport, "the server compresses its messages with snappy, which was not asked for (code 13 INTERNAL)"},
		"a damaged message": {func(r *raw, s uint32) {
			r.begin(s, "grpc-encoding", "gzip")
			r.data(s, message(1, "abc"), 99)
			r.end(s, ok, "0")
		}, tally.Transport, "the server sent a message that cannot be decompressed (code 13 INTERNAL)"},
		"unknown flags": {func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, message(4, "abc"), 99)
			r.end(s, ok, "0")
		}, tally.Transport, "the server sent a message whose flags have no meaning (code 13 INTERNAL)"},
		"a message of 4 GiB": {func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, []byte{0, 0xff, 0xff, 0xff, 0xff, 1}, 99)
			r.end(s, ok, "0")
		}, tally.Transport, "the server sent a message larger than target.grpc.max_message (code 8 RESOURCE_EXHAUSTED)"},
		"a bomb": {func(r *raw, s uint32) {
			r.begin(s, "grpc-encoding", "gzip")
			r.data(s, message(1, zipped(strings.Repeat("\x00", 2<<20))), 9999)
			r.end(s, ok, "0")
		}, tally.Transport, "the server sent a message larger than target.grpc.max_message (code 8 RESOURCE_EXHAUSTED)"},
		"a proxy's 502": {func(r *raw, s uint32) {
			r.head(s, false, ":status", "502", "content-type", "text/html")
			r.WriteData(s, true, []byte("<html>"))
		}, tally.Transport, "the answer has the HTTP status 502 Bad Gateway (code 14 UNAVAILABLE)"},
		"404":                          {func(r *raw, s uint32) { r.head(s, true, ":status", "404") }, tally.Transport, "the answer has the HTTP status 404 Not Found (code 12 UNIMPLEMENTED)"},
		"401":                          {func(r *raw, s uint32) { r.head(s, true, ":status", "401") }, tally.Transport, "the answer has the HTTP status 401 Unauthorized (code 16 UNAUTHENTICATED)"},
		"418":                          {func(r *raw, s uint32) { r.head(s, true, ":status", "418") }, tally.Transport, "the answer has the HTTP status 418 I'm a teapot (code 2 UNKNOWN)"},
		"503 with a status of its own": {func(r *raw, s uint32) { r.head(s, true, ":status", "503", ok, "8", "grpc-message", "full") }, tally.Status, "code 8 RESOURCE_EXHAUSTED: full"},
		"a page of HTML": {func(r *raw, s uint32) {
			r.head(s, false, ":status", "200", "content-type", "text/html")
			r.WriteData(s, true, []byte("<html>"))
		}, tally.Transport, "the answer has the content-type text/html, and application/grpc is expected (code 2 UNKNOWN)"},
		"reset with CANCEL":            {func(r *raw, s uint32) { r.WriteRSTStream(s, http2.ErrCodeCancel) }, tally.Transport, "the stream was reset: CANCEL (code 1 CANCELLED)"},
		"reset with ENHANCE_YOUR_CALM": {func(r *raw, s uint32) { r.WriteRSTStream(s, http2.ErrCodeEnhanceYourCalm) }, tally.Transport, "the stream was reset: ENHANCE_YOUR_CALM (code 8 RESOURCE_EXHAUSTED)"},
		"reset with INTERNAL_ERROR":    {func(r *raw, s uint32) { r.WriteRSTStream(s, http2.ErrCodeInternal) }, tally.Transport, "the stream was reset: INTERNAL_ERROR (code 13 INTERNAL)"},
		"refused forever":              {func(r *raw, s uint32) { r.WriteRSTStream(s, http2.ErrCodeRefusedStream) }, tally.Transport, "the stream was reset: REFUSED_STREAM (sent again 5 times, as the server had not processed it) (code 14 UNAVAILABLE)"},
		"refused twice": {func(r *raw, s uint32) {
			if r.nth < 2 {
				r.WriteRSTStream(s, http2.ErrCodeRefusedStream)
				return
			}
			r.begin(s)
			r.data(s, message(0, ""), 99)
			r.end(s, ok, "0")
		}, tally.OK, ""},
		"left out by GOAWAY": {func(r *raw, s uint32) {
			if r.nth < 2 {
				r.WriteGoAway(s-1, http2.ErrCodeNo, nil)
				return
			}
			r.begin(s)
			r.data(s, message(0, ""), 99)
			r.end(s, ok, "0")
		}, tally.OK, ""},
		"closed without an answer": {func(r *raw, s uint32) { r.conn.Close() }, tally.Transport, "code 14 UNAVAILABLE"},
		"a header of 2 MiB": {func(r *raw, s uint32) {
			r.begin(s, "x-large", strings.Repeat("x", 2<<20))
		}, tally.Transport, "the header is larger than 1 MiB (code 13 INTERNAL)"},
		"no answer": {func(r *raw, s uint32) {}, tally.Timeout, "no whole answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, target string) {
				t.Parallel()
				if name == "no answer" {
					target += ", timeout: 300ms"
				}
				u := describedUser(t, rawServer(t, nil, c.answer), target, "{"+described+", expect: {json: {text: \"!= none\"}}}")
				o := u.do(0)
				text := cmp.Or(o.Example, o.Error)
				if o.Class != c.class || !strings.Contains(text, c.text) || (c.text == "") != (text == "") {
					t.Errorf("%v %q, want %v %q", o.Class, text, c.class, c.text)
				}
				if strings.HasPrefix(name, "refused twice") && o.Resent != 2 {
					t.Errorf("sent again %d times", o.Resent)
				}
			})
		})
	}
}

// Texts of a server that differ in their values alone are one kind of error.
func TestValuesInTexts(t *testing.T) {
	var asked atomic.Int64
	url := rawServer(t, nil, func(r *raw, s uint32) {
		r.end(s, ":status", "200", "content-type", "application/grpc", "grpc-status", "5", "grpc-message", fmt.Sprintf("user %d not found", asked.Add(1)))
	})
	u := describedUser(t, url, "", "{"+described+", expect: {code: [OK, ABORTED]}}")
	for i := range 2 {
		o := u.do(0)
		if want := fmt.Sprintf("code 5 NOT_FOUND: user %d not found, expected OK or ABORTED", i+1); o.Error != "code 5 NOT_FOUND: user # not found, expected OK or ABORTED" || o.Example != want {
			t.Errorf("%q, such as %q, want %q", o.Error, o.Example, want)
		}
	}
}

// A server that allows no stream, or speaks another protocol, is said to.
func TestNoGRPC(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	eachWay(t, func(t *testing.T, target string) {
		for url, want := range map[string]struct {
			class tally.Class
			text  string
		}{
			web.URL: {tally.Transport, "the server answers in HTTP/1.1, not in HTTP/2"},
			rawServer(t, []http2.Setting{{ID: http2.SettingMaxConcurrentStreams, Val: 0}}, func(*raw, uint32) {}): {tally.Timeout, "no"},
		} {
			u := describedUser(t, url, target+", timeout: 300ms", "{"+described+"}")
			if o := u.do(0); o.Class != want.class || !strings.Contains(o.Error, want.text) {
				t.Errorf("%v %q, want %v %q", o.Class, o.Error, want.class, want.text)
			}
		}
	})
}

// One stream at a time is what the server allows: the others wait for it.
func TestOneStreamAtATime(t *testing.T) {
	url := rawServer(t, []http2.Setting{{ID: http2.SettingMaxConcurrentStreams, Val: 1}}, func(r *raw, s uint32) {
		time.Sleep(time.Millisecond)
		r.begin(s)
		r.data(s, message(0, ""), 99)
		r.end(s, ok, "0")
	})
	made, f := describedClients(t, url, ", connections: shared 1", "{"+described+"}")
	failed := make(chan string, 20)
	for i := range 20 {
		u := userOf(t, made, f, datagen.New(made).User(i, 0))
		go func() { failed <- u.do(0).Error }()
	}
	for range 20 {
		if text := <-failed; text != "" {
			t.Error(text)
		}
	}
}

// A server that ends a stream of messages early with OK has answered it. One that ends it with another code is a
// failure, whether the profile still sends or not.
func TestEarlyEnd(t *testing.T) {
	const upload = "{grpc: a.S/Up, messages: [{send: {text: a}, repeat: 5, reply: none}], expect: {json: {text: x}}}"
	for code, want := range map[string]string{"0": "", "9": "code 9 FAILED_PRECONDITION"} {
		eachWay(t, func(t *testing.T, target string) {
			url := earlyServer(t, code)
			u := describedUser(t, url, target, upload)
			if _, o := u.stream(0); o.Error != want || (o.Class == tally.OK) != (want == "") {
				t.Errorf("%s: %v %q", code, o.Class, o.Error)
			}
		})
	}
}

// earlyServer answers as soon as a request begins, and stops reading it.
func earlyServer(t *testing.T, code string) string {
	t.Helper()
	return h2cServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		if code == "0" {
			w.Write(message(0, "\x0a\x01x"))
		}
		w.Header().Set("Grpc-Status", code)
	})
}

// A stream whose messages never end is read as far as the profile asks, and its end is ours.
func TestEndlessStream(t *testing.T) {
	url := rawServer(t, nil, func(r *raw, s uint32) {
		r.begin(s)
		go func() {
			for r.WriteData(s, false, message(0, "\x0a\x01x")) == nil {
				time.Sleep(100 * time.Microsecond)
			}
		}()
	})
	eachWay(t, func(t *testing.T, target string) {
		u := describedUser(t, url, target, `{grpc: a.S/Down, message: {}, messages: [{receive: 20}]}, {grpc: a.S/Down, message: {}, messages: [{receive: 3, expect: {json: {text: y}}}]}`)
		events, o := u.stream(0)
		if o.Class != tally.OK || len(events) != 20 {
			t.Errorf("%v %q, %d messages", o.Class, o.Error, len(events))
		}
	})
}

// The deadline of a wait for a message ends the wait, not the stream.
func TestLateMessage(t *testing.T) {
	url := rawServer(t, nil, func(r *raw, s uint32) {
		r.begin(s)
		time.Sleep(300 * time.Millisecond)
		r.data(s, message(0, "\x0a\x01x"), 99)
		r.end(s, ok, "0")
	})
	eachWay(t, func(t *testing.T, target string) {
		u := describedUser(t, url, target, `{grpc: a.S/Down, message: {}, messages: [{receive: end}]}`)
		call := u.plan.Calls[0]
		s, _ := u.client.(load.Opener).Open(t.Context(), call, u.values)
		m := &call.Messages[0]
		var got []load.Event
		for _, patience := range []time.Duration{50 * time.Millisecond, 5 * time.Second, 5 * time.Second} {
			got = append(got, s.Receive(m, u.values, time.Now().Add(patience)).Event)
		}
		if fmt.Sprint(got) != fmt.Sprint([]load.Event{load.Late, load.Answered, load.Ended}) {
			t.Errorf("%v", got)
		}
		if o := s.End(); o.Class != tally.OK {
			t.Errorf("%v %q", o.Class, o.Error)
		}
	})
}

// A stream whose messages are too many to be kept is not begun again, and the error says so.
func TestLongStreamLeftOutByGoaway(t *testing.T) {
	wide := []http2.Setting{{ID: http2.SettingInitialWindowSize, Val: 1 << 20}}
	url := rawServer(t, wide, func(r *raw, s uint32) { r.WriteGoAway(0, http2.ErrCodeNo, nil) })
	const long = `{grpc: a.S/Up, messages: [{send: {text: "${sentence(200)}"}, repeat: 100, reply: none}]}, {grpc: a.S/Up, messages: [{send: {text: a}, reply: none}]}`
	eachWay(t, func(t *testing.T, target string) {
		u := describedUser(t, url, target, long)
		for i, want := range []string{"(not sent again, as more than 64 KiB of messages had been sent)", "(sent again 5 times"} {
			if _, o := u.stream(i); o.Class != tally.Transport || !strings.Contains(o.Error, "GOAWAY came before the server took the request") || !strings.Contains(o.Error, want) {
				t.Errorf("%v %q, want %q", o.Class, o.Error, want)
			}
		}
	})
}
