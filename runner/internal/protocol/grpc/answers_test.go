package grpc_test

import (
	"cmp"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Every way in which a server may answer is an outcome of its class, in words.
func TestAnswers(t *testing.T) {
	bomb := zipped(strings.Repeat("\x00", 2<<20))
	type answer = func(r *raw, stream uint32)
	replies := func(p []byte, trailer ...string) answer {
		return func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, p, 99)
			r.end(s, trailer...)
		}
	}
	zips := func(p []byte) answer {
		return func(r *raw, s uint32) {
			r.begin(s, "grpc-encoding", "gzip")
			r.data(s, p, 9999)
			r.end(s, ok, "0")
		}
	}
	alone := func(trailer ...string) answer {
		return func(r *raw, s uint32) {
			r.end(s, append([]string{":status", "200", "content-type", "application/grpc"}, trailer...)...)
		}
	}
	fails := func(status string) answer { return func(r *raw, s uint32) { r.end(s, ":status", status) } }
	resets := func(code http2.ErrCode) answer { return func(r *raw, s uint32) { r.WriteRSTStream(s, code) } }
	good := replies(message(0, ""), ok, "0")
	for name, c := range map[string]struct {
		answer answer
		class  tally.Class
		text   string
	}{
		"good":             {replies(message(0, "\x0a\x01x"), ok, "0"), tally.OK, ""},
		"an empty message": {good, tally.OK, ""},
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
			good(r, s)
		}, tally.OK, ""},
		"reset with NO_ERROR behind a whole answer": {func(r *raw, s uint32) {
			good(r, s)
			r.WriteRSTStream(s, http2.ErrCodeNo)
		}, tally.OK, ""},
		"GOAWAY in waves": {func(r *raw, s uint32) {
			r.WriteGoAway(1<<31-1, http2.ErrCodeNo, nil)
			r.WriteGoAway(s, http2.ErrCodeNo, nil)
			good(r, s)
		}, tally.OK, ""},
		"nothing but a trailer":      {alone(ok, "5", "grpc-message", "no such thing: 100%25 %C3%A9 %zz%"), tally.Status, "code 5 NOT_FOUND: no such thing: 100% é %zz%"},
		"a code without a name":      {alone(ok, "4711"), tally.Status, "code 4711"},
		"a trailer without a status": {replies(message(0, ""), "x-a", "b"), tally.Transport, "the server ended the call without a status (code 13 INTERNAL)"},
		"no trailer": {func(r *raw, s uint32) {
			r.begin(s)
			r.WriteData(s, true, message(0, ""))
		}, tally.Transport, "the server ended the call without a status (code 13 INTERNAL)"},
		"a status that is no number": {func(r *raw, s uint32) {
			r.begin(s)
			r.end(s, ok, "OK")
		}, tally.Transport, "the server sent a grpc-status that is no number (code 2 UNKNOWN)"},
		"the same status twice": {replies(message(0, ""), ok, "0", ok, "0"), tally.OK, ""},
		"two statuses":          {replies(message(0, ""), ok, "0", ok, "5"), tally.Transport, "the server sent two different grpc-status (code 2 UNKNOWN)"},
		"OK without a message": {func(r *raw, s uint32) {
			r.begin(s)
			r.end(s, ok, "0")
		}, tally.Transport, "the server ended the call with OK and without its message (code 12 UNIMPLEMENTED)"},
		"two messages":                             {replies(append(message(0, ""), message(0, "")...), ok, "0"), tally.Transport, "the server sent several messages where the method has one (code 12 UNIMPLEMENTED)"},
		"a message that is cut short":              {replies(message(0, "abc")[:6], ok, "0"), tally.Transport, "the server ended the answer within a message (code 13 INTERNAL)"},
		"a compressed message without an encoding": {replies(message(1, "abc"), ok, "0"), tally.Transport, "the server sent a compressed message without saying how it is compressed (code 13 INTERNAL)"},
		"an unknown encoding": {func(r *raw, s uint32) {
			r.begin(s, "grpc-encoding", "Snappy")
			r.data(s, message(1, "abc"), 99)
			r.end(s, ok, "0")
		}, tally.Transport, "the server compresses its messages with snappy, which was not asked for (code 13 INTERNAL)"},
		"a damaged message":  {zips(message(1, "abc")), tally.Transport, "the server sent a message that cannot be decompressed (code 13 INTERNAL)"},
		"unknown flags":      {replies(message(4, "abc"), ok, "0"), tally.Transport, "the server sent a message whose flags have no meaning (code 13 INTERNAL)"},
		"a message of 4 GiB": {replies([]byte{0, 0xff, 0xff, 0xff, 0xff, 1}, ok, "0"), tally.Transport, "the server sent a message larger than target.grpc.max_message (code 8 RESOURCE_EXHAUSTED)"},
		"a bomb":             {zips(message(1, bomb)), tally.Transport, "the server sent a message larger than target.grpc.max_message (code 8 RESOURCE_EXHAUSTED)"},
		"a proxy's 502": {func(r *raw, s uint32) {
			r.head(s, false, ":status", "502", "content-type", "text/html")
			r.WriteData(s, true, []byte("<html>"))
		}, tally.Transport, "the answer has the HTTP status 502 Bad Gateway (code 14 UNAVAILABLE)"},
		"404":                          {fails("404"), tally.Transport, "the answer has the HTTP status 404 Not Found (code 12 UNIMPLEMENTED)"},
		"401":                          {fails("401"), tally.Transport, "the answer has the HTTP status 401 Unauthorized (code 16 UNAUTHENTICATED)"},
		"418":                          {fails("418"), tally.Transport, "the answer has the HTTP status 418 I'm a teapot (code 2 UNKNOWN)"},
		"503 with a status of its own": {func(r *raw, s uint32) { r.head(s, true, ":status", "503", ok, "8", "grpc-message", "full") }, tally.Status, "code 8 RESOURCE_EXHAUSTED: full"},
		"a status in the header and another in the trailer": {func(r *raw, s uint32) {
			r.begin(s, ok, "7", "grpc-message", "no")
			r.data(s, message(0, ""), 99)
			r.end(s, ok, "0")
		}, tally.OK, ""},
		"a status in the header, and no trailer": {func(r *raw, s uint32) {
			r.begin(s, ok, "0")
			r.WriteData(s, true, message(0, ""))
		}, tally.Transport, "the server ended the call without a status (code 13 INTERNAL)"},
		"a text with line ends, and too long": {alone(ok, "13", "grpc-message", "a%0Ab%00c "+strings.Repeat("x", 4000)), tally.Status, "code 13 INTERNAL: a b c xxxxx"},
		"a text that is not UTF-8":            {alone(ok, "13", "grpc-message", "%ff%fe"), tally.Status, "code 13 INTERNAL: \ufffd"},
		"a negative status":                   {alone(ok, "-1"), tally.Transport, "the server sent a grpc-status that is no number (code 2 UNKNOWN)"},
		"grpc-web": {func(r *raw, s uint32) {
			r.head(s, false, ":status", "200", "content-type", "application/grpc-web+proto")
			r.WriteData(s, true, message(0x80, "grpc-status:0\r\n"))
		}, tally.Transport, "the answer has the content-type application/grpc-web+proto, and application/grpc is expected"},
		"gRPC in JSON": {func(r *raw, s uint32) {
			r.head(s, false, ":status", "200", "content-type", "application/grpc+json")
			r.data(s, message(0, "{}"), 99)
			r.end(s, ok, "0")
		}, tally.Transport, "the answer has the content-type application/grpc+json, and application/grpc is expected"},
		"a trailer and a message behind it": {func(r *raw, s uint32) {
			good(r, s)
			r.WriteData(s, true, message(0, ""))
		}, tally.OK, ""},
		"a message of no bytes in gzip": {zips(message(1, zipped(""))), tally.OK, ""},
		"a header of a prefix alone":    {replies([]byte{0, 0, 0}, ok, "0"), tally.Transport, "the server ended the answer within a message (code 13 INTERNAL)"},
		"bytes that are no message":     {replies(message(0, "\x0a\x7fx"), ok, "0"), tally.Expect, "the answer is no a.Q"},
		"reset with HTTP_1_1_REQUIRED":  {resets(http2.ErrCodeHTTP11Required), tally.Transport, "the stream was reset: HTTP_1_1_REQUIRED (code 13 INTERNAL)"},
		"reset within a message": {func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, message(0, "abc")[:6], 99)
			r.WriteRSTStream(s, http2.ErrCodeNo)
		}, tally.Transport, "the stream was reset: NO_ERROR (code 13 INTERNAL)"},
		"GOAWAY that calms": {func(r *raw, s uint32) {
			if r.nth < 1 {
				r.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte("too_many_pings"))
				return
			}
			good(r, s)
		}, tally.OK, ""},
		"GOAWAY within the answer": {func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, message(0, "\x0a\x01x")[:6], 99)
			r.WriteGoAway(s, http2.ErrCodeNo, nil)
			r.data(s, message(0, "\x0a\x01x")[6:], 99)
			r.end(s, ok, "0")
		}, tally.OK, ""},
		"closed within the answer": {func(r *raw, s uint32) {
			r.begin(s)
			r.data(s, message(0, "abc")[:6], 99)
			r.conn.Close()
		}, tally.Transport, "code 14 UNAVAILABLE"},
		"a page of HTML": {func(r *raw, s uint32) {
			r.head(s, false, ":status", "200", "content-type", "text/html")
			r.WriteData(s, true, []byte("<html>"))
		}, tally.Transport, "the answer has the content-type text/html, and application/grpc is expected (code 2 UNKNOWN)"},
		"reset with CANCEL":            {resets(http2.ErrCodeCancel), tally.Transport, "the stream was reset: CANCEL (code 1 CANCELLED)"},
		"reset with ENHANCE_YOUR_CALM": {resets(http2.ErrCodeEnhanceYourCalm), tally.Transport, "the stream was reset: ENHANCE_YOUR_CALM (code 8 RESOURCE_EXHAUSTED)"},
		"reset with INTERNAL_ERROR":    {resets(http2.ErrCodeInternal), tally.Transport, "the stream was reset: INTERNAL_ERROR (code 13 INTERNAL)"},
		"refused forever":              {resets(http2.ErrCodeRefusedStream), tally.Transport, "the stream was reset: REFUSED_STREAM (sent again 5 times, as the server had not processed it) (code 14 UNAVAILABLE)"},
		"refused twice": {func(r *raw, s uint32) {
			if r.nth < 2 {
				r.WriteRSTStream(s, http2.ErrCodeRefusedStream)
				return
			}
			good(r, s)
		}, tally.OK, ""},
		"left out by GOAWAY": {func(r *raw, s uint32) {
			if r.nth < 2 {
				r.WriteGoAway(s-1, http2.ErrCodeNo, nil)
				return
			}
			good(r, s)
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
