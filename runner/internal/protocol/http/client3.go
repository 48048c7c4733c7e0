package http

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/coding"
	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// client3 is one user that speaks HTTP/3, with quic-go. It costs more than the other clients, and is there for
// services that need it.
type client3 struct {
	clients *Clients
	line    *line3
	jar     *jar.Jar
	held    []byte // the last body that was kept
	decoder coding.Decoder
}

var _ versioned = (*client3)(nil)

func newClient3(f *Clients, cookies *jar.Jar) *client3 {
	u := &client3{clients: f, jar: cookies, line: newLine3()}
	if n := len(f.lines3); n > 0 {
		u.line = f.lines3[int(f.users.Add(1)-1)%n]
	}
	return u
}

// request3 is a request on its way, through redirects.
type request3 struct {
	hop
	host   string
	header http.Header
	body   []byte
	holds  bool     // the body of the answer is needed
	head   bool     // its header and its cookies are needed
	set    []string // the values of Set-Cookie in all answers so far, if they are needed
}

// Do makes one call and reads the whole answer; see load.Client.
func (u *client3) Do(ctx context.Context, c *plan.Call, v load.Values) load.Outcome {
	r := u.call(ctx, c, v, time.Time{})
	u.clients.calls[c.Index].judge(&r, c, v)
	return r.Outcome
}

func (u *client3) call(ctx context.Context, c *plan.Call, v load.Values, deadline time.Time) response {
	if ctx.Err() != nil {
		return failed(wire.ErrCut)
	}
	if deadline.IsZero() {
		deadline = time.Now().Add(u.clients.target.Timeout)
	}
	ctx, cancel := context.WithDeadlineCause(ctx, deadline, wire.ErrNoAnswer)
	defer cancel()
	t := u.clients.calls[c.Index]
	q, err := t.request3(u.clients.origin, v)
	if err != nil {
		return failed(err)
	}
	r := u.follow(ctx, q)
	r.Ended = time.Now()
	r.decode(t, &u.decoder)
	return r
}

// follow sends a request and follows redirects as far as the plan allows. The response has the status
// of the last answer, the bytes of all, and the instant at which the first request was sent.
func (u *client3) follow(ctx context.Context, q *request3) response {
	var all response
	for hops := 0; ; hops++ {
		r, location := u.exchange(ctx, q)
		if all.Sent.IsZero() {
			all.Sent = r.Sent
		}
		all.BytesReceived += r.BytesReceived
		all.Resent += r.Resent
		r.Sent, r.BytesReceived, r.Resent = all.Sent, all.BytesReceived, all.Resent
		if r.Class != tally.OK || !redirects(r.status) || location == "" || hops == u.clients.target.Redirects {
			return r
		}
		to, err := u.clients.next(q.at, q.path, q.method, r.status, location)
		if err != nil {
			r.fail(err)
			return r
		}
		q = q.redirected(to)
	}
}

// request3 fills in a call's values, in the same order as for HTTP/1.1, so generators give the same ones.
func (t *compiled) request3(at wire.Origin, v load.Values) (*request3, error) {
	q := &request3{hop: hop{at: at, method: t.content.Method}, holds: t.looksAtBody, head: t.looksAtHead}
	if q.body = t.body; q.body == nil {
		q.body = v.Append(nil, t.content.Body)
	}
	if t.content.From != nil {
		var err error
		if q.path, err = t.from(v); err != nil {
			return nil, err
		}
	}
	value := func(of plan.Text) string { return string(v.Append(nil, of)) }
	q.path += value(t.content.Path)
	q.host = value(t.host)
	q.header = make(http.Header, len(t.fields)+1)
	for _, field := range t.fields {
		filled := value(field.Value)
		switch strings.ToLower(field.Name) {
		case "connection", "keep-alive", "proxy-connection", "upgrade", "proxy-authorization", "te": // of HTTP/1.1 alone
		default:
			q.header.Add(field.Name, filled)
		}
	}
	if t.cookie != nil {
		q.header.Set("Cookie", value(t.cookie))
	}
	return q, nil
}

// redirected is the request of the next hop.
func (q *request3) redirected(to hop) *request3 {
	next := *q
	next.hop, next.header = to, q.header.Clone()
	for name := range next.header {
		if !kept(strings.ToLower(name), q.at == to.at, to) {
			next.header.Del(name)
		}
	}
	if q.at != to.at {
		next.host = to.at.Authority()
	}
	if !to.body {
		next.body = nil
	}
	return &next
}

// exchange sends a request and reads its answer. location is where the answer redirects to.
func (u *client3) exchange(ctx context.Context, q *request3) (r response, location string) {
	on := u.line
	if q.at != u.clients.origin {
		on = newLine3()
		defer on.close() //nolint:errcheck // it carries nothing more
	}
	resp, err := u.send(ctx, on, q, &r)
	if err != nil {
		r.failAs(err)
		return r, ""
	}
	r.Class, r.status = tally.OK, resp.StatusCode
	r.BytesReceived, err = u.read(resp.Body, q)
	resp.Body.Close() //nolint:errcheck // it was read to its end, or given up
	if lines := resp.Header["Set-Cookie"]; len(lines) > 0 && u.clients.target.Cookies {
		keepCookies(u.jar, q.at, q.path, lines)
	}
	if q.head {
		q.set = append(q.set, resp.Header["Set-Cookie"]...)
		r.head = &head3{resp.Header, q.set}
	}
	if q.holds {
		r.body, r.coding = u.held, strings.Join(resp.Header["Content-Encoding"], ",")
	}
	if err != nil {
		r.fail(fault3(ctx, err))
		return r, ""
	}
	locations := slices.Compact(resp.Header["Location"])
	if len(locations) > 1 && r.status/100 == 3 && u.clients.target.Redirects > 0 { // as in HTTP/1.1
		r.fail(http1.ErrLocations)
	}
	return r, resp.Header.Get("Location")
}

// build makes the request that quic-go takes.
func (u *client3) build(ctx context.Context, q *request3) *http.Request {
	page := &url.URL{Scheme: q.at.Scheme, Host: q.at.Authority(), Opaque: q.path}
	if parsed, err := url.ParseRequestURI(q.path); err == nil {
		page.Opaque, page.Path, page.RawPath = "", parsed.Path, parsed.RawPath
		page.RawQuery, page.ForceQuery = parsed.RawQuery, parsed.ForceQuery
	}
	req := (&http.Request{Method: q.method, URL: page, Header: q.header, Host: q.host, ContentLength: int64(len(q.body))}).WithContext(ctx)
	if len(q.body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(q.body))
	}
	if u.jar.Empty() {
		return req
	}
	own := q.header.Get("Cookie")
	if sent := cookies(u.jar, q.at, q.path, own); sent != "" {
		if own != "" {
			sent = own + "; " + sent
		}
		req.Header = q.header.Clone()
		req.Header.Set("Cookie", sent)
	}
	return req
}

// read reads a body to its end, and keeps it if it is needed.
func (u *client3) read(body io.Reader, q *request3) (int64, error) {
	if !q.holds {
		return io.Copy(io.Discard, body)
	}
	held := bytes.NewBuffer(u.held[:0])
	n, err := held.ReadFrom(io.LimitReader(body, http1.MaxBody+1))
	u.held = held.Bytes()
	if err == nil && n > http1.MaxBody {
		err = http1.ErrTooLarge
	}
	return n, err
}

// Idle gives memory back.
func (u *client3) Idle() { u.held, u.decoder = nil, coding.Decoder{} }

// Close ends the user's own connection.
func (u *client3) Close() error {
	if len(u.clients.lines3) > 0 {
		return nil // Clients.Close closes shared ones
	}
	return u.line.close()
}
