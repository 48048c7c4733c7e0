// Package driver sends the requests of a plan over the network, one Driver a user.
//
// The HTTP driver stands on net/http: HTTP/1.1, and HTTP/2 where TLS agrees on it, proxies
// from the environment, certificates verified. Each user has a connection and a cookie jar
// of its own. It follows no redirect, asks for no compression and never sends a request
// twice: what the user would see is what is counted. An answer is read to its end and
// thrown away.
package driver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"slices"
	"syscall"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// maxHeaderBytes bounds the header of an answer, so that an endless one ends.
const maxHeaderBytes = 1 << 20

// HTTP is one user's connection.
type HTTP struct {
	client    *http.Client
	transport *http.Transport
}

var _ load.Driver = (*HTTP)(nil)

// NewHTTP is a driver that has connected to nothing yet.
func NewHTTP() *HTTP {
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DisableCompression:     true, // else the bytes counted are not those on the wire
		ForceAttemptHTTP2:      true,
		MaxConnsPerHost:        1,
		MaxIdleConnsPerHost:    1,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic("driver: " + err.Error()) // documented never to fail
	}
	return &HTTP{transport: transport, client: &http.Client{
		Transport:     transport,
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close ends the connection.
func (d *HTTP) Close() error {
	d.transport.CloseIdleConnections()
	return nil
}

// Do sends one request and reads the whole answer; see load.Driver.
func (d *HTTP) Do(ctx context.Context, r *plan.Request) load.Outcome {
	var outcome load.Outcome
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { outcome.Sent = time.Now() },
	}), r.Method, r.URL, body(r))
	if err != nil {
		outcome.Class, outcome.Error = tally.Generator, err.Error()
		return outcome
	}
	req.ContentLength = int64(len(r.Body))
	for _, h := range r.Headers {
		req.Header.Set(h.Name, h.Value)
		if http.CanonicalHeaderKey(h.Name) == "Host" {
			req.Host = h.Value
		}
	}
	resp, err := d.client.Do(req)
	if err != nil {
		outcome.Class, outcome.Error = classify(err)
		return outcome
	}
	outcome.BytesReceived, err = io.Copy(io.Discard, resp.Body)
	err = errors.Join(err, resp.Body.Close())
	switch {
	case err != nil:
		outcome.Class, outcome.Error = classify(err)
	case expected(resp.StatusCode, r.Status):
		outcome.Class = tally.OK
	default:
		outcome.Class, outcome.Error = tally.Status, statusText(resp.StatusCode, r.Status)
	}
	return outcome
}

// body hides its type and so its length from net/http: the Transport silently sends a
// request again when a kept connection turns out to be dead, but only if it could rewind
// the body, and for a method without effect it believes that it can where there is none.
func body(r *plan.Request) io.Reader {
	withoutEffect := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	if len(r.Body) == 0 && !withoutEffect {
		return nil // a hidden empty body would be sent in chunks
	}
	return struct{ io.Reader }{bytes.NewReader(r.Body)}
}

func expected(status int, want []int) bool {
	if len(want) == 0 {
		return status < http.StatusBadRequest
	}
	return slices.Contains(want, status)
}

func statusText(status int, want []int) string {
	text := fmt.Sprintf("status %d %s", status, http.StatusText(status))
	if len(want) > 0 {
		text += fmt.Sprintf(", expected %v", want)
	}
	return text
}

// classify tells whose fault an error is. The text holds no port of this machine, so that
// equal errors read alike.
func classify(err error) (tally.Class, string) {
	for _, own := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS} {
		if errors.Is(err, own) {
			return tally.Generator, "this machine: " + own.Error()
		}
	}
	var dns *net.DNSError
	var op *net.OpError
	var inURL *url.Error
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.Canceled):
		return tally.Timeout, "not answered before the load ended"
	case errors.As(err, &dns):
		return tally.Generator, "look up " + dns.Name + ": " + dns.Err
	case errors.As(err, &timeout) && timeout.Timeout():
		return tally.Timeout, "no whole answer in time"
	case errors.As(err, &op):
		return tally.Transport, op.Op + ": " + op.Err.Error()
	case errors.As(err, &inURL):
		return tally.Transport, inURL.Err.Error()
	default:
		return tally.Transport, err.Error()
	}
}
