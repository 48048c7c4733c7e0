package http_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// frames serves HTTP/2 without TLS frame by frame. treat is called for each request, with how many
// came before it on its connection and in all; false ends the connection.
func frames(t *testing.T, treat func(f *http2.Framer, id uint32, on, all int64) bool) string {
	t.Helper()
	var requests atomic.Int64
	return "http://" + listen(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
		io.ReadFull(conn, make([]byte, len(http2.ClientPreface)))
		f := http2.NewFramer(conn, conn)
		f.WriteSettings()
		for on := int64(0); ; {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if h, ok := frame.(*http2.HeadersFrame); ok {
				if !treat(f, h.StreamID, on, requests.Add(1)-1) {
					return
				}
				on++
			}
		}
	}).String()
}

// good answers a stream with 200 and no body.
func good(f *http2.Framer, id uint32) bool {
	// An encoder of hpack.Encoder would keep a table; status 200 is in the static one.
	f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte{0x88}, EndHeaders: true, EndStream: true})
	return true
}

func refuse(f *http2.Framer, id uint32) bool {
	f.WriteRSTStream(id, http2.ErrCodeRefusedStream)
	return true
}

// A request that the server says it has not processed is sent again, a few times, whatever its method.
// One that died with a kept connection is sent again if its method allows it. Nothing else is.
func TestHTTP2Resends(t *testing.T) {
	goodbye := func(last uint32, code http2.ErrCode) func(*http2.Framer, uint32) bool {
		return func(f *http2.Framer, id uint32) bool {
			f.WriteGoAway(last, code, []byte("bye"))
			return true
		}
	}
	reset := func(code http2.ErrCode) func(*http2.Framer, uint32) bool {
		return func(f *http2.Framer, id uint32) bool {
			f.WriteRSTStream(id, code)
			return true
		}
	}
	closes := func(*http2.Framer, uint32) bool { return false }
	early := func(f *http2.Framer, id uint32) bool {
		var block []byte
		w := writer{&block}
		hpack.NewEncoder(w).WriteField(hpack.HeaderField{Name: ":status", Value: "103"})
		f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block, EndHeaders: true})
		return false
	}
	const bye = "GOAWAY came before the server took the request (sent again 5 times, as the server had not processed it)"
	for _, c := range []struct {
		name, method string
		treat        func(*http2.Framer, uint32) bool
		at           int64 // which request of all is treated so, from 0; -1 for each
		fails        string
		requests     int64 // of 2 calls
	}{
		{"refused", "GET", refuse, 1, "", 3},
		{"refused", "POST", refuse, 1, "", 3},
		{"refused at once", "POST", refuse, 0, "", 3},
		{"refused always", "GET", refuse, -1, "the stream was reset: REFUSED_STREAM (sent again 5 times, as the server had not processed it)", 12},
		{"goodbye", "POST", goodbye(1, http2.ErrCodeNo), 1, "", 3},
		{"goodbye at once", "GET", goodbye(0, http2.ErrCodeNo), 0, "", 3},
		{"goodbye at once, with an error", "PATCH", goodbye(0, http2.ErrCodeEnhanceYourCalm), 0, "", 3},
		{"goodbye always", "GET", goodbye(0, http2.ErrCodeNo), -1, bye, 12},
		{"closed", "GET", closes, 1, "", 3},
		{"closed", "DELETE", closes, 1, "", 3},
		{"closed", "POST", closes, 1, "any", 2},
		{"closed at once", "GET", closes, 0, "any", 2},
		{"closed behind an interim answer", "GET", early, 1, "any", 2},
		{"canceled", "GET", reset(http2.ErrCodeCancel), 1, "the stream was reset: CANCEL", 2},
		{"an error of the server", "GET", reset(http2.ErrCodeInternal), 1, "the stream was reset: INTERNAL_ERROR", 2},
	} {
		for _, connections := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s %s, %d shared", c.name, c.method, connections), func(t *testing.T) {
				var requests, resent atomic.Int64
				url := frames(t, func(f *http2.Framer, id uint32, on, all int64) bool {
					requests.Add(1)
					if all == c.at || c.at < 0 {
						return c.treat(f, id)
					}
					return good(f, id)
				})
				to := target(url)
				to.HTTP, to.Connections = profile.HTTP2, connections
				r := &request{Method: c.method, Path: plan.Lit("/")}
				d := newUser(t, newHTTP(t, to, r))
				for i := range int64(2) {
					o := d.Call(r.call, values{})
					resent.Add(int64(o.Resent))
					switch {
					case c.fails == "" || c.at >= 0 && i != c.at:
						if o.Class != tally.OK {
							t.Errorf("call %d: %+v", i, o)
						}
					case o.Class != tally.Transport || o.Error == "" || c.fails != "any" && o.Error != c.fails:
						t.Errorf("call %d: got %v %q, want %q", i, o.Class, o.Error, c.fails)
					}
				}
				if got := requests.Load(); got != c.requests || resent.Load() != c.requests-2 {
					t.Errorf("the server saw %d requests, want %d; resent %d", got, c.requests, resent.Load())
				}
			})
		}
	}
}

// writer appends.
type writer struct{ to *[]byte }

func (w writer) Write(p []byte) (int, error) {
	*w.to = append(*w.to, p...)
	return len(p), nil
}

// A server states on each connection how many requests it takes at once. No request is refused because
// that was not known yet.
func TestHTTP2FewStreams(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Millisecond) }))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 4}
	server.Start()
	defer server.Close()
	to := target(server.URL)
	to.HTTP, to.Connections = profile.HTTP2, 1
	r := get("/")
	h := newHTTP(t, to, r)
	var users sync.WaitGroup
	for range 40 {
		users.Go(func() {
			d := h.User(t.Context())
			defer d.Close()
			for range 5 {
				if o := d.Call(r.call, values{}); o.Class != tally.OK || o.Resent != 0 {
					t.Errorf("%+v", o)
				}
			}
		})
	}
	users.Wait()
}

// A server that ends each connection after some requests, as nginx does, loses none, however many
// users share it.
func TestHTTP2GoodbyesUnderLoad(t *testing.T) {
	url := frames(t, func(f *http2.Framer, id uint32, on, _ int64) bool {
		switch {
		case on < 20:
			return good(f, id)
		case on == 20:
			f.WriteGoAway(id-2, http2.ErrCodeNo, nil)
		}
		return true
	})
	for _, connections := range []int{0, 2} {
		to := target(url)
		to.HTTP, to.Connections = profile.HTTP2, connections
		r := &request{Method: "POST", Path: plan.Lit("/")}
		h := newHTTP(t, to, r)
		var users sync.WaitGroup
		for range 8 {
			users.Go(func() {
				d := h.User(t.Context())
				defer d.Close()
				for range 100 {
					if o := d.Call(r.call, values{}); o.Class != tally.OK {
						t.Errorf("%+v", o)
					}
				}
			})
		}
		users.Wait()
	}
}

// The end of a resting user's calls cuts off nobody else who shares its connection.
func TestRestedUserCutsNobodyOff(t *testing.T) {
	url := frames(t, func(f *http2.Framer, id uint32, on, _ int64) bool {
		if on > 0 {
			time.Sleep(100 * time.Millisecond)
		}
		return good(f, id)
	})
	r := get("/")
	h := newHTTP(t, target2(url, 1), r)
	calls, end := context.WithCancel(t.Context())
	rested, other := h.User(calls), newUser(t, h)
	defer rested.Close()
	if o := rested.Do(r.call, values{}); o.Class != tally.OK {
		t.Fatal(o.Error)
	}
	rested.Idle()
	time.AfterFunc(20*time.Millisecond, end)
	if o := other.Do(r.call, values{}); o.Class != tally.OK {
		t.Errorf("cut off by another user's end: %v %q", o.Class, o.Error)
	}
}

// Users who share a connection of a server that hangs, and wait for a place on it, run out of time: nothing of the
// server's has failed.
func TestHTTP2HangsAndOthersWait(t *testing.T) {
	url := frames(t, func(f *http2.Framer, id uint32, on, _ int64) bool {
		f.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1})
		return true
	})
	to := target2(url, 1)
	to.Timeout = 10 * time.Millisecond
	r := &request{Method: "POST", Path: plan.Lit("/")}
	h := newHTTP(t, to, r)
	var users sync.WaitGroup
	for range 8 {
		users.Go(func() {
			d := h.User(t.Context())
			defer d.Close()
			for range 20 {
				if o := d.Call(r.call, values{}); o.Class != tally.Timeout {
					t.Errorf("got %v %q", o.Class, o.Error)
				}
			}
		})
	}
	users.Wait()
}
