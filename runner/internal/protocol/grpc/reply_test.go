package grpc_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// A message that came before a step sent its own is no reply to it, even if no step had read it.
func TestReplyCameAfterwards(t *testing.T) {
	pushed := make(chan struct{}, 2)
	url := h2cServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		for _, texts := range []string{"pp", "r"} {
			if _, err := io.ReadFull(r.Body, make([]byte, len(message(0, "\x0a\x01x")))); err != nil {
				return
			}
			for _, text := range texts {
				w.Write(message(0, "\x0a\x01"+string(text)))
				w.(http.Flusher).Flush()
			}
			pushed <- struct{}{}
		}
		w.Header().Set("Grpc-Status", "0")
	})
	eachWay(t, func(t *testing.T, target string) {
		u := describedUser(t, url, target, `{grpc: a.S/Both, messages: [{send: {text: a}, reply: none}, {send: {text: b}, expect: {json: {text: r}}}]}`)
		call := u.plan.Calls[0]
		s, o := u.client.(load.Opener).Open(t.Context(), call, u.values)
		if o.Class != tally.OK {
			t.Fatal(o.Error)
		}
		s.Send(&call.Messages[0], u.values)
		<-pushed
		time.Sleep(300 * time.Millisecond) // until the bytes are here
		s.Send(&call.Messages[1], u.values)
		var got []load.Event
		for range 3 {
			r := s.Receive(&call.Messages[1], u.values, time.Now().Add(5*time.Second))
			if got = append(got, r.Event); r.Class != tally.OK {
				t.Error(r.Error)
			}
		}
		if <-pushed; !slices.Equal(got, []load.Event{load.Passed, load.Passed, load.Answered}) {
			t.Errorf("%v", got)
		}
		if o := s.End(); o.Class != tally.OK {
			t.Error(o.Error)
		}
	})
}

// h2cServer is net/http's, over HTTP/2 without TLS.
func h2cServer(t *testing.T, handler http.HandlerFunc) (url string) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}
