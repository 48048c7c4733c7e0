package http

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
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

// send sends a request and reads its answer into the buffer, and notes the instant and the tries in r. It resends
// it on another connection, up to unprocessedTries times, if the server says that it has not processed it, and
// once if a kept connection ended without an answer and the method allows it.
func (u *client2) send(ctx context.Context, x *exchange2, r *response) error {
	on := u.line
	if x.at != u.clients.origin {
		on = &line{}
	}
	defer func() {
		if on != u.line {
			on.close()             //nolint:errcheck // it carries nothing more
			u.line.giveTo(&u.fuse) // the user's own connection is still there
		}
	}()
	s, why := &u.buf.stream, ""
	s.Forget()
	for unprocessed := 0; ; {
		c, kept, err := on.connection(ctx, u, x)
		if err != nil {
			return second(err, why)
		}
		if c.wire == nil {
			s.SetDeadline(time.Time{}) //nolint:errcheck // it has no error
			u.fuse.Hold(s)
		}
		err = s.Do(c.Conn, &x.request)
		if r.Sent.IsZero() {
			r.Sent = s.Sent
		}
		if err == nil {
			return nil
		}
		refused := isRefused(err)
		switch {
		case u.fuse.Blown() || !time.Now().Before(x.deadline):
			if errors.Is(err, h2.ErrNotOpen) { // it waited for a place until its time was over
				err = h2.ErrNoPlace
			}
			return second(err, why)
		case kept && errors.Is(err, h2.ErrNotOpen): // the server told another user so, or did so during a rest
		case unprocessed < unprocessedTries && h2.Unprocessed(err):
			if unprocessed++; unprocessed == unprocessedTries && why == "" {
				why = whyUnprocessed
			}
		case why != whyKept && kept && !s.Begun() && hasEnded(err) && idempotent(x.method):
			why = whyKept
		default:
			return second(err, why)
		}
		if !s.Sent.IsZero() {
			r.Resent++
		}
		if refused && len(u.clients.lines) > 0 { // other users' requests continue on the old connection
			if on != u.line {
				on.close() //nolint:errcheck // it carries nothing more
			}
			on = &line{}
			continue
		}
		on.drop(c)
	}
}

// second is the error of a request that may have been sent again.
func second(err error, why string) error {
	if why == "" {
		return err
	}
	return secondFault{err, why}
}

// isRefused reports whether the server refused a stream before it processed any of it (RFC 9113,
// section 8.7).
func isRefused(err error) bool {
	var reset h2.Reset
	return errors.As(err, &reset) && reset.Code == h2.RefusedStream
}

// hasEnded reports whether the connection ended under a stream.
func hasEnded(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || wire.ClosedByPeer(err)
}
