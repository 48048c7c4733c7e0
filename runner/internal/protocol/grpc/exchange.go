package grpc

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// reply is how a call with one answer ended.
type reply struct {
	load.Outcome        // its times and counts; whoever judges sets the rest
	status       Status // of the server, or what stands for it
	err          error  // of the network, or of the end of the load; nil if the server has answered
	message      []byte // valid until the next call; nil for none
}

// unprocessedTries is how often a call is sent again if the server says that it has not processed it, or if
// it has not left at all.
const unprocessedTries = 5

// The ends of sentences about a call that the server has not processed.
const (
	whyUnprocessed = " (sent again 5 times, as the server had not processed it)"
	whyNotAgain    = " (not sent again, as more than 64 KiB of messages had been sent)"
)

// send puts a request on a connection by do, and again on another one if the server says that it has done
// nothing for it.
func (u *client) send(ctx context.Context, q *h2.Request, r *load.Outcome, do func(*h2.Stream, *h2.Conn, *h2.Request) error) error {
	u.until = q.Deadline
	if u.rested {
		u.rested = false
		u.line.look()
	}
	for tries := 0; ; {
		c, kept, err := u.line.connection(ctx, u)
		if err != nil {
			return u.cause(err)
		}
		u.watch()
		err = do(&u.stream, c, q)
		if r.Sent.IsZero() {
			r.Sent = u.stream.Sent
		}
		if err == nil {
			return nil
		}
		left := !u.stream.Sent.IsZero()
		switch {
		case kept && errors.Is(err, h2.ErrNotOpen) && !u.fuse.Blown() && time.Now().Before(q.Deadline): // the server told another user so
			u.line.drop(c)
			continue
		case u.fuse.Blown(), errors.Is(err, os.ErrDeadlineExceeded), left && !h2.Unprocessed(err):
			return u.cause(err)
		case tries == unprocessedTries:
			return unprocessed{err, whyUnprocessed}
		case !time.Now().Before(q.Deadline): // a try that waited for a place lost its connection
			return u.cause(h2.ErrNoPlace)
		}
		if tries++; left {
			r.Resent++
		}
		if !c.Usable() {
			u.line.drop(c)
		}
	}
}

// unprocessed is the error of a call that the server has not processed and that is not sent again.
type unprocessed struct {
	error
	why string
}

// Unwrap is the fault of the last try.
func (u unprocessed) Unwrap() error { return u.error }

// cause is err, or wire.ErrCut if the end of the load cut the call off. A server whose time ran out resets the
// stream just when ours does.
func (u *client) cause(err error) error {
	var reset h2.Reset
	switch {
	case u.fuse.Blown():
		return wire.ErrCut
	case errors.Is(err, h2.ErrNoPlace):
		return errNoStream
	case errors.As(err, &reset) && reset.Code == h2.Cancel && !time.Now().Before(u.until):
		return wire.ErrNoAnswer
	}
	return err
}

// do is h2.Stream.Do.
func do(s *h2.Stream, c *h2.Conn, q *h2.Request) error { return s.Do(c, q) }

// open is h2.Stream.Open.
func open(s *h2.Stream, c *h2.Conn, q *h2.Request) error { return s.Open(c, q) }

// unary makes a call with one message and one answer.
func (u *client) unary(ctx context.Context, q *h2.Request, r *reply) {
	q.Hold = prefixBytes + u.clients.most
	r.err = u.send(ctx, q, &r.Outcome, do)
	r.Ended, r.BytesReceived = time.Now(), u.stream.Received
	if r.err != nil {
		r.status = ofError(r.err)
		return
	}
	r.status = u.ended()
	if r.status.Code == OK && r.status.Fault == "" {
		r.take(u)
	}
}

// ended is the status of a stream that the server has ended.
func (u *client) ended() Status {
	s := &u.stream
	from := &s.Trailer
	if from.Len() == 0 && s.Received == 0 {
		from = &s.Header // an answer that is a trailer alone
	}
	status, ok := statusOf(from)
	switch fault := u.notGRPC(); {
	case ok && (fault == "" || s.Status != 200):
		return status
	case fault != "":
		return Status{Code: ofHTTP(s.Status), Fault: fault}
	}
	return Status{Code: Internal, Fault: "the server ended the call without a status"}
}

const contentType = "application/grpc"

// notGRPC says why the header is not that of a gRPC server; empty if it is.
func (u *client) notGRPC() string {
	s := &u.stream
	if s.Status != 200 {
		return "the answer has the HTTP status " + statusText(s.Status)
	}
	kind, _ := s.Header.Get("content-type")
	rest, ok := bytes.CutPrefix(kind, []byte(contentType))
	switch {
	case ok && (len(rest) == 0 || rest[0] == ';' || string(rest) == "+proto" || bytes.HasPrefix(rest, []byte("+proto;"))):
		return ""
	case len(kind) == 0:
		return "the answer has no content-type, and application/grpc is expected"
	}
	return "the answer has the content-type " + oneLine(strings.ToValidUTF8(string(kind), "\ufffd")) + ", and application/grpc is expected"
}

// take takes the one message of a good answer.
func (r *reply) take(u *client) {
	s := &u.stream
	message, n, err := split(s.Body, u.clients.most)
	switch {
	case err == nil && n == 0 && len(s.Body) > 0:
		err = errCutShort
	case err == nil && n == 0:
		err = errNoMessage
	case err == nil && n < len(s.Body):
		err = errMessages
	case err == nil && s.Body[0] == 1:
		encoding, _ := s.Header.Get("grpc-encoding")
		u.in.encoding = encodingOf(encoding)
		message, err = u.in.decompress(message)
	}
	if err != nil {
		r.status = ofError(err)
		return
	}
	r.message = message
}

const (
	errNoStream  wire.Late  = "the server allowed no further stream in time"
	errNoMessage wire.Fault = "the server ended the call with OK and without its message"
	errMessages  wire.Fault = "the server sent several messages where the method has one"
)

// ofError is the status that stands for an error on this side.
func ofError(err error) Status {
	code := Unavailable
	var reset h2.Reset
	var violation h2.Violation
	switch {
	case wire.IsCut(err):
		code = Canceled
	case late(err):
		code = DeadlineExceeded
	case errors.As(err, &reset):
		code = ofReset(reset.Code)
	case errors.Is(err, h2.ErrTooLarge), errors.Is(err, errLargeMessage):
		code, err = ResourceExhausted, errLargeMessage
	case errors.Is(err, errNoMessage), errors.Is(err, errMessages): // grpc/doc/statuscodes.md, "cardinality violation"
		code = Unimplemented
	case errors.As(err, &violation), isFault(err):
		code = Internal
	}
	_, text := wire.Classify(err)
	var given unprocessed
	if errors.As(err, &given) {
		text += given.why
	}
	return Status{Code: code, Fault: text}
}

// late reports whether time ran out.
func late(err error) bool {
	class, _ := wire.Classify(err)
	return class == tally.Timeout && !wire.IsCut(err)
}

// isFault reports whether an error is about the messages of the server.
func isFault(err error) bool {
	for _, fault := range []wire.Fault{errCutShort, errFlag, errUnencoded, errDamaged} {
		if errors.Is(err, fault) {
			return true
		}
	}
	return errors.As(err, new(unknownEncoding))
}
