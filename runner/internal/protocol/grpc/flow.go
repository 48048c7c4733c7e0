package grpc

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// flow is the bytes of a stream: messages out and messages in. One user has one at a time.
type flow struct {
	*client
	over   bool      // the server has ended the stream, or an error has
	status Status    // how; valid once over is set
	err    error     // of the network, or of the end of the load; nil if the server has ended it
	closed bool      // nothing more is sent
	known  bool      // the header of the answer has been looked at
	open   bool      // it has begun, and End has not been called
	came   time.Time // when the last bytes came: the instant of all messages in them

	// To begin again if the server says that it has done nothing for the stream.
	ctx     context.Context // of the call: the stream outlives the method that is given it
	begun   *load.Outcome
	replays bool   // false once more was sent than is kept, or the server has answered
	much    bool   // more was sent than is kept
	replay  []byte // what has been sent
	again   int    // how often it has begun again
}

// begin opens the stream with what q holds. It does not wait for an answer.
func (f *flow) begin(ctx context.Context, q *h2.Request, r *load.Outcome) error {
	*f = flow{client: f.client, closed: !q.More, open: true, ctx: ctx, begun: r, replays: true, replay: f.replay[:0]}
	f.in.reset("")
	err := f.send(ctx, q, r, open)
	if err != nil {
		f.open = false
		f.fail(err)
	}
	return err
}

// resume begins the stream again and sends what was sent, if err says that the server has done nothing for it.
func (f *flow) resume(err error) bool {
	if !f.replays || f.again == unprocessedTries || !h2.Unprocessed(err) || f.fuse.Blown() {
		return false
	}
	f.again++
	f.begun.Resent++
	f.request.Deadline = time.Now().Add(f.clients.target.Timeout)
	if f.send(f.ctx, &f.request, f.begun, open) != nil {
		return false
	}
	return !f.request.More || f.stream.Write(f.replay, h2.End(f.closed), f.request.Deadline) == nil
}

// remember keeps what is sent, as long as it is little.
func (f *flow) remember(p []byte) {
	if f.much = f.much || len(f.replay)+len(p) > keepBytes; f.much {
		f.replays = false
	}
	if f.replays {
		f.replay = append(f.replay, p...)
	}
}

// fail ends the stream with an error.
func (f *flow) fail(err error) {
	switch err = f.cause(err); {
	case !h2.Unprocessed(err):
	case f.again == unprocessedTries:
		err = unprocessed{err, whyUnprocessed}
	case f.much:
		err = unprocessed{err, whyNotAgain}
	}
	f.over, f.err, f.status = true, err, ofError(err)
	f.stream.Reset(h2.Cancel)
}

// write sends bytes, and the end of what is sent. If the server has ended the stream already, nothing is sent,
// and read says how it ended.
func (f *flow) write(p []byte, end h2.End, until time.Time) error {
	if f.closed || f.over {
		return nil
	}
	f.closed, f.until = bool(end), until
	if f.fuse.Blown() {
		f.fail(wire.ErrCut)
		return f.err
	}
	f.remember(p)
	err := f.stream.Write(p, end, until)
	switch {
	case err == nil || f.resume(err):
		return nil
	case errors.Is(err, io.EOF):
		f.closed = true
		return nil
	}
	if late(err) && !f.fuse.Blown() {
		err = errNotTaken
	}
	f.fail(err)
	return f.err
}

// errNotTaken is the error of a message for which the server made no room in time.
const errNotTaken = wire.Late("the server took no further message in time")

// errNotYet says that no message came before the deadline.
var errNotYet = errors.New("no message in time")

// read gives the next message, valid until the next read. The error is io.EOF once the stream is over, and
// errNotYet at the deadline.
func (f *flow) read(until time.Time) ([]byte, error) {
	f.until = until
	for {
		if message, ok, err := f.in.next(); err != nil {
			f.fail(err)
			return nil, io.EOF
		} else if ok {
			return message, nil
		}
		if f.over {
			return nil, io.EOF
		}
		p, err := f.stream.Receive(until)
		switch {
		case err == nil:
			f.take(p)
		case errors.Is(err, io.EOF):
			f.finish()
		case errors.Is(err, os.ErrDeadlineExceeded) && !f.fuse.Blown():
			return nil, errNotYet
		case f.resume(err):
		default:
			f.fail(err)
		}
	}
}

// lookAfter is the time without a message after which the cost of a look at the socket does not matter.
const lookAfter = time.Millisecond

// gather takes what has come, so that it does not pass for an answer to what is sent next.
func (f *flow) gather() {
	if f.over {
		return
	}
	if now := time.Now(); now.Sub(f.came) > lookAfter {
		f.line.look()
	}
	if p := f.stream.Arrived(); len(p) > 0 {
		f.take(p)
	}
}

// take takes bytes that have come.
func (f *flow) take(p []byte) {
	f.replays, f.came = false, time.Now()
	f.look()
	f.in.add(p)
}

// look checks the header of the answer, once.
func (f *flow) look() {
	if f.known {
		return
	}
	f.known = true
	encoding, _ := f.stream.Header.Get("grpc-encoding")
	f.in.encoding = encodingOf(encoding)
	if fault := f.notGRPC(); fault != "" { // the bytes are not messages
		f.over, f.status = true, Status{Code: ofHTTP(f.stream.Status), Fault: fault}
		f.stream.Reset(h2.Cancel)
	}
}

// finish takes the status of a stream that the server has ended.
func (f *flow) finish() {
	f.over, f.status = true, f.ended()
	if f.status.Code == OK && f.status.Fault == "" && f.in.rest() {
		f.status = ofError(errCutShort)
	}
}

// leave ends the stream if the server has not. It reports whether the server had.
func (f *flow) leave() (ended bool) {
	if f.over {
		return true
	}
	f.over, f.status = true, Status{Code: Canceled}
	f.stream.Reset(h2.Cancel)
	return false
}
