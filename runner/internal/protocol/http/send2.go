package http

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// secondFault is the error of a request that was sent again and failed again.
type secondFault struct {
	error
	why string // it was sent again
}

// Unwrap is the fault of the second try.
func (s secondFault) Unwrap() error { return s.error }

// unprocessedTries is how often to resend a request that the server says it has not processed, or that
// has not left at all. net/http tries as often. If a server refuses one stream in ten, a single retry
// would still lose one request in a hundred.
const unprocessedTries = 5

const (
	whyUnprocessed = "sent again 5 times, as the server had not processed it"
	whyKept        = "sent again, as the server had closed a kept connection"
)

// send puts a request on a line and notes the time in r. It resends it on another connection, up to
// unprocessedTries times, if the server says that it has not processed it, and once if a kept
// connection ended without an answer and the method allows it.
func (u *client2) send(ctx context.Context, on *line, q *request, r *response) (*http.Response, error) {
	why := ""
	for unprocessed := 0; ; {
		c, kept, err := on.connection(ctx, u.clients.transport, q.at)
		if err != nil {
			if errors.Is(err, wire.ErrNoAnswer) {
				err = wire.ErrNotConnected
			}
			return nil, second(err, why)
		}
		resp, seen, err := u.roundTrip(ctx, c, q)
		c.settle()
		if r.Sent.IsZero() {
			r.Sent = seen.sent
		}
		if err == nil {
			return resp, nil
		}
		refused := isRefused(err)
		switch {
		case ctx.Err() != nil:
			return nil, second(err, why)
		case unprocessed < unprocessedTries && (seen.sent.IsZero() || refused || saysGoodbye(err)):
			if unprocessed++; unprocessed == unprocessedTries && why == "" {
				why = whyUnprocessed
			}
		case why != whyKept && kept && !seen.begun && hasEnded(err) && idempotent(q.method):
			why = whyKept
		default:
			return nil, second(err, why)
		}
		if !seen.sent.IsZero() {
			r.Resent++
		}
		if refused && len(u.clients.lines) > 0 { // other users' requests continue on the old connection
			u.closeSpare()
			u.spare = newLine()
			on = u.spare
			continue
		}
		on.drop(ctx, c)
	}
}

// second is the error of a request that may have been sent again.
func second(err error, why string) error {
	if why == "" {
		return err
	}
	return secondFault{err, why}
}

// closeSpare ends the connection that carried a refused request.
func (u *client2) closeSpare() {
	if u.spare != nil {
		u.spare.close() //nolint:errcheck // it carries nothing more
		u.spare = nil
	}
}

// traces is what net/http reports of a request on its way.
type traces struct {
	sent  time.Time // when the first byte was about to leave; zero if none did
	begun bool      // an interim answer has come
}

// roundTrip sends a request once.
func (u *client2) roundTrip(ctx context.Context, c *carrier, q *request) (*http.Response, traces, error) {
	var mu sync.Mutex // guards seen, which goroutines of net/http write
	var seen traces
	resp, err := c.RoundTrip(u.build(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaderField: func(string, []string) { // called before the frame is written
			mu.Lock()
			defer mu.Unlock()
			if seen.sent.IsZero() {
				seen.sent = time.Now()
			}
		},
		Got1xxResponse: func(int, textproto.MIMEHeader) error {
			mu.Lock()
			defer mu.Unlock()
			seen.begun = true
			return nil
		},
	}), q))
	mu.Lock()
	defer mu.Unlock()
	return resp, seen, err
}

// isRefused reports whether the server refused a stream before it processed any of it (RFC 9113,
// section 8.7).
func isRefused(err error) bool {
	var stream streamError
	return errors.As(err, &stream) && stream.name() == "REFUSED_STREAM"
}

// saysGoodbye reports whether the server's GOAWAY excludes the stream (section 6.8). net/http exports
// no such error.
func saysGoodbye(err error) bool {
	text := err.Error()
	return strings.HasPrefix(text, "http2: Transport received") && strings.Contains(text, "GOAWAY")
}

// hasEnded reports whether the connection ended under a stream.
func hasEnded(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || wire.ClosedByPeer(err) ||
		strings.HasPrefix(err.Error(), "http2: server sent GOAWAY and closed the connection")
}
