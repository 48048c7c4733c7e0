package grpc_test

import (
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
			rawServer(t, []http2.Setting{{ID: http2.SettingMaxConcurrentStreams, Val: 0}}, func(*raw, uint32) {}): {tally.Timeout, "the server allowed no further stream in time"},
		} {
			u := describedUser(t, url, target+", timeout: 300ms", "{"+described+"}")
			u.do(0) // it may begin before the server has said how many streams it allows
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
		time.Sleep(time.Second)
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
