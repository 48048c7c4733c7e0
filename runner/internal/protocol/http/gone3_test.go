package http_test

import (
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/quic-go/quic-go/http3"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// A server that is gone, without a goodbye, is noticed at once: on a kept connection, and on a new one.
func TestHTTP3Gone(t *testing.T) {
	to, _, stop := stoppable(t, &http3.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}, func(*tls.Config) {})
	get, post := get("/"), &request{Method: "POST", Path: get("/").Path}
	h := newHTTP(t, to, get, post)
	a, b := newUser(t, h), newUser(t, h)
	wantOK(t, a.Call(get.call, values{}), 200, "")
	wantOK(t, b.Call(get.call, values{}), 200, "")
	stop()
	const gone = "nothing listens at the UDP port, where HTTP/3 is spoken"
	wantFailure(t, a.Call(get.call, values{}), tally.Transport, gone+" (sent again, as the server had closed a kept connection)")
	wantFailure(t, b.Call(post.call, values{}), tally.Transport, gone)
	wantFailure(t, a.Call(get.call, values{}), tally.Transport, gone)
}
