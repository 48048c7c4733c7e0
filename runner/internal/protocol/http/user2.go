package http

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// user2 is one user that speaks HTTP/2.
type user2 struct {
	http *HTTP
	ctx  context.Context // the user's: load.Driver hands none to Do
	line *line
	jar  *cookiejar.Jar // nil until the first cookie comes
	buf  buffer         // of which held and gzip are used
}

var _ versioned = (*user2)(nil)

func newUser2(ctx context.Context, h *HTTP) *user2 {
	u := &user2{http: h, ctx: ctx, line: newLine()}
	if n := len(h.lines); n > 0 {
		u.line = h.lines[int(h.users.Add(1)-1)%n]
	}
	return u
}

// request is a request on its way, through redirects.
type request struct {
	step
	header http.Header
	body   []byte
	want   want
}

// Do sends one request and reads the whole answer; see load.Driver.
func (u *user2) Do(c *plan.Call, v load.Values) load.Outcome {
	return u.do(c, v, time.Now().Add(u.http.target.Timeout))
}

func (u *user2) do(c *plan.Call, v load.Values, deadline time.Time) load.Outcome {
	w := u.http.wires[c.Index]
	if u.ctx.Err() != nil {
		return failed(context.Canceled, true)
	}
	ctx, cancel := context.WithDeadlineCause(u.ctx, deadline, errLate)
	defer cancel()
	q := u.request(w, v)
	var first time.Time
	var received int64
	for hops := 0; ; hops++ {
		outcome, location := u.exchange(ctx, q)
		if first.IsZero() {
			first = outcome.Sent
		}
		received += outcome.BytesReceived
		outcome.Sent, outcome.BytesReceived = first, received
		if outcome.Class != tally.OK || !redirects(outcome.Status) || location == "" || hops == u.http.target.Redirects {
			return outcome
		}
		to, err := u.http.next(q.at, q.path, q.method, outcome.Status, location)
		if err != nil {
			outcome = failed(err, false)
			outcome.Sent, outcome.BytesReceived = first, received
			return outcome
		}
		q.redirect(to)
	}
}

// request puts values in, in the order in which HTTP/1.1 does: so are the values the same.
func (u *user2) request(w *wire, v load.Values) *request {
	m, _ := w.message(nil, v)
	q := &request{
		step:   step{at: u.http.origin, path: m.path(), method: m.method},
		header: http.Header{},
		body:   m.bytes[m.bodyAt:],
		want:   want{body: w.needsBody},
	}
	_, lines, _ := bytes.Cut(m.bytes[:m.cookieAt], []byte("\r\n"))
	for line := range strings.SplitSeq(string(lines), "\r\n") {
		name, value, _ := strings.Cut(line, ": ")
		switch strings.ToLower(name) {
		case "connection", "keep-alive", "proxy-connection", "upgrade", "proxy-authorization": // of HTTP/1.1 alone
		default:
			q.header.Add(name, value)
		}
	}
	return q
}

// redirect makes the request one for where it is sent on to.
func (q *request) redirect(to step) {
	for name := range q.header {
		if !kept(strings.ToLower(name), q.at == to.at, to) {
			q.header.Del(name)
		}
	}
	if !to.body {
		q.body = nil
	}
	q.step = to
}

// exchange sends a request and reads its answer, and where that redirects to.
func (u *user2) exchange(ctx context.Context, q *request) (load.Outcome, string) {
	on := u.line
	if q.at != u.http.origin {
		on = newLine()
		defer on.close() //nolint:errcheck // it carries nothing more
	}
	resp, sent, err := u.send(ctx, on, q)
	if err != nil {
		outcome := u.failed(ctx, err)
		outcome.Sent = sent
		return outcome, ""
	}
	outcome := load.Outcome{Class: tally.OK, Sent: sent, Status: resp.StatusCode}
	outcome.BytesReceived, err = u.read(resp, q)
	resp.Body.Close() //nolint:errcheck // it has been read to its end, or given up
	if lines := resp.Header["Set-Cookie"]; len(lines) > 0 && u.http.target.Cookies {
		if u.jar == nil {
			u.jar = newJar()
		}
		setCookies(u.jar, q.at, q.path, lines)
	}
	if err == nil && q.want.body {
		outcome.Body = u.buf.in.held
		if q.header.Get("Accept-Encoding") != "" && gzipped(resp.Header) {
			outcome.Body, err = u.buf.undo(outcome.Body)
		}
	}
	if err != nil {
		failure := u.failed(ctx, err)
		failure.Sent, failure.BytesReceived = sent, outcome.BytesReceived
		return failure, ""
	}
	return outcome, resp.Header.Get("Location")
}

func gzipped(h http.Header) bool {
	encoding := []byte(strings.ToLower(h.Get("Content-Encoding")))
	return fold(encoding, "gzip") || fold(encoding, "x-gzip")
}

// errLate is why a request's context ends by itself.
const errLate late = "no whole answer in time"

// failed is an outcome whose reason may be the end of a context.
func (u *user2) failed(ctx context.Context, err error) load.Outcome {
	var said late // at what it was too late, which is better than that it was
	if ctx.Err() != nil && !errors.As(err, &said) {
		err = context.Cause(ctx)
	}
	return failed(err, u.ctx.Err() != nil)
}

// send puts a request on a line. A connection that turns out to take no more requests,
// because the server has said goodbye, is replaced once, if nothing of the request has left.
func (u *user2) send(ctx context.Context, on *line, q *request) (resp *http.Response, sent time.Time, err error) {
	for range 2 {
		var c *http.ClientConn
		c, err = on.connection(ctx, u.http.transport, q.at)
		if err != nil {
			if errors.Is(err, errLate) {
				err = errNoConnection
			}
			return nil, sent, err
		}
		var first instant
		resp, err = c.RoundTrip(u.build(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			WroteHeaderField: func(string, []string) { first.set() }, // called before the frame is written
		}), q))
		sent = first.get()
		if err == nil || !sent.IsZero() || ctx.Err() != nil {
			return resp, sent, err
		}
		on.drop(ctx, c)
	}
	return nil, sent, err
}

// instant is set once, by whichever goroutine of net/http gets there.
type instant struct {
	mu sync.Mutex // guards at
	at time.Time
}

func (i *instant) set() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.at.IsZero() {
		i.at = time.Now()
	}
}

func (i *instant) get() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.at
}

// build makes the request that net/http takes.
func (u *user2) build(ctx context.Context, q *request) *http.Request {
	page := &url.URL{Scheme: q.at.scheme, Host: q.at.authority(), Opaque: q.path}
	if parsed, err := url.ParseRequestURI(q.path); err == nil {
		page.Opaque, page.Path, page.RawPath = "", parsed.Path, parsed.RawPath
		page.RawQuery, page.ForceQuery = parsed.RawQuery, parsed.ForceQuery
	}
	req := (&http.Request{
		Method: q.method, URL: page, Header: q.header.Clone(), Host: q.header.Get("Host"),
		Body: http.NoBody, ContentLength: int64(len(q.body)),
	}).WithContext(ctx)
	req.Header.Del("Host")
	if len(q.body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(q.body))
	}
	if u.jar != nil {
		if cookies := cookieLine(u.jar, q.at, q.path); cookies != "" {
			if own := req.Header.Get("Cookie"); own != "" {
				cookies = own + "; " + cookies
			}
			req.Header.Set("Cookie", cookies)
		}
	}
	return req
}

// read reads a body to its end and holds it if it is needed.
func (u *user2) read(resp *http.Response, q *request) (int64, error) {
	if !q.want.body {
		return io.Copy(io.Discard, resp.Body)
	}
	held := bytes.NewBuffer(u.buf.in.held[:0])
	n, err := held.ReadFrom(io.LimitReader(resp.Body, maxBodyBytes+1))
	u.buf.in.held = held.Bytes()
	if err == nil && n > maxBodyBytes {
		err = errTooLarge
	}
	return n, err
}

// Idle gives memory back.
func (u *user2) Idle() { u.buf = buffer{} }

// Close ends the user's own connection.
func (u *user2) Close() error {
	if len(u.http.lines) > 0 {
		return nil // shared ones are HTTP.Close's
	}
	return u.line.close()
}
