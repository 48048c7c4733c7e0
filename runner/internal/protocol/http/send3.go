package http

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// traces is what quic-go reports about a request on its way.
type traces struct {
	sent  time.Time // when the first byte was about to leave; zero if none did
	begun bool      // an interim answer has come
}

// send puts a request on a line and notes the time in r. It sends it again by the rules of the other versions: up to
// unprocessedTries times if the server says that it has not processed it, or if nothing of it has left, and once if a
// kept connection ended without an answer and the method allows it.
func (u *client3) send(ctx context.Context, on *line3, q *request3, r *response) (*http.Response, error) {
	why := ""
	for unprocessed := 0; ; {
		c, isKept, err := on.connection(ctx, u.clients.dialer, q.at)
		if err != nil {
			if errors.Is(err, wire.ErrNoAnswer) {
				err = wire.ErrNotConnected
			}
			return nil, second(err, why)
		}
		var seen traces
		resp, err := c.RoundTrip(u.build(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{ // called by this goroutine
			WroteHeaderField: func(string, []string) { // before the frame is written
				if seen.sent.IsZero() {
					seen.sent = time.Now()
				}
			},
			Got1xxResponse: func(int, textproto.MIMEHeader) error { seen.begun = true; return nil },
		}), q))
		if r.Sent.IsZero() {
			r.Sent = seen.sent
		}
		if err == nil {
			return resp, nil
		}
		fault := fault3(ctx, err)
		switch {
		case ctx.Err() != nil:
			return nil, second(fault, why)
		case unprocessed < unprocessedTries && (seen.sent.IsZero() || isRejected(err)):
			if unprocessed++; unprocessed == unprocessedTries && why == "" {
				why = whyUnprocessed
			}
		case why != whyKept && isKept && !seen.begun && hasEnded3(err) && idempotent(q.method):
			why = whyKept
		default:
			return nil, second(fault, why)
		}
		if !seen.sent.IsZero() {
			r.Resent++
		}
		on.drop(ctx, c)
	}
}

// isRejected reports whether the server says that it did nothing for a request (RFC 9114, section 4.1.1).
func isRejected(err error) bool {
	var h *http3.Error
	return errors.As(err, &h) && h.Remote && h.ErrorCode == http3.ErrCodeRequestRejected
}

// hasEnded3 reports whether the connection ended during a request.
func hasEnded3(err error) bool {
	var closed *quic.ApplicationError
	var idle *quic.IdleTimeoutError
	var reset *quic.StatelessResetError
	var transport *quic.TransportError
	return errors.As(err, &closed) || errors.As(err, &idle) || errors.As(err, &reset) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.As(err, &transport) && transport.Remote
}

// fault3 is why a request failed: the end of its context, or what the server did.
func fault3(ctx context.Context, err error) error {
	var h *http3.Error
	var stream *quic.StreamError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &h) && errors.As(err, &stream):
		return wire.Fault("the stream was reset: " + h.ErrorCode.String())
	case errors.As(err, &h) && h.Remote:
		return wire.Fault("the server closed the connection: " + h.ErrorCode.String())
	case errors.As(err, &h):
		return wire.Fault("the server breaks the rules of HTTP/3: " + h.ErrorCode.String())
	}
	return wire.QUICFault(err)
}

// failAs makes r a failure. Its text ends with why the request had been sent again.
func (r *response) failAs(err error) {
	r.fail(err)
	var again secondFault
	if errors.As(err, &again) && !r.Unfinished {
		r.Error += " (" + again.why + ")"
	}
}
