package http

import (
	"errors"
	"net/http"
	"os"
	"runtime"

	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// atOnce is how many bytes a socket takes without waiting for its peer. A longer request is written
// while the answer is read.
const atOnce = 16 << 10

// errNotBegun says that the load ended before anything of a request was written.
var errNotBegun = errors.New("the load ended before the request was sent")

// talk writes a request and reads its answer.
//
// In between it yields the processor. A near system answers in about the time that the other users'
// turns take. A read that comes too early has to park and be woken by the poller, which costs more
// than the rest of the request. With the yield one core sends a fifth more requests than wrk. If the
// answer takes longer, the read parks as it would have without the yield.
func (u *client1) talk(c *wire.Conn, x *exchange, sending []byte) (reusable bool, err error) {
	in := u.buf.in
	in.Forget()
	if u.fuse.Blown() {
		return false, errNotBegun
	}
	c.Begin(x.deadline)
	if len(sending) > atOnce || x.message.apart != nil {
		return u.talkAtLength(c, x, sending)
	}
	var failure error
	x.written, failure = c.Write(sending)
	if failure != nil && !wire.ClosedByPeer(failure) {
		return false, failure
	}
	runtime.Gosched()
	reusable, err = in.Read(c, x.want)
	if failure == nil {
		return reusable, err
	}
	return false, u.whichFault(err, failure) // a server may answer a request before it has read all of it
}

// talkAtLength is talk for a request that a socket may not take at once. If the whole answer comes
// before the request has gone out, the rest of the request stays unsent.
func (u *client1) talkAtLength(c *wire.Conn, x *exchange, sending []byte) (reusable bool, err error) {
	end := c.WriteBeside(sending, x.message.apart)
	reusable, err = u.buf.in.Read(c, x.want)
	var failure error
	x.written, failure = end()
	if failure == nil {
		return reusable, err
	}
	return false, u.whichFault(err, failure)
}

// whichFault chooses the error to report: that of the read, which is nil for a whole answer, or
// failure, that of the write. The write counts only if the server closed the connection and no byte of
// an answer came.
func (u *client1) whichFault(err, failure error) error {
	if err == nil || u.buf.in.Begun() || !wire.ClosedByPeer(failure) {
		return err
	}
	return failure
}

// mayResend reports whether to send a request again: once, and only if a kept connection ended before
// the first byte of an answer. The server then most likely closed it before it saw the request (RFC
// 9112, section 9.3.1). Moreover, repeating the request must do no harm (RFC 9110, section 9.2.2), or
// nothing of it has left. A 408 that ends a kept connection says the same in words (section 15.5.9).
func (u *client1) mayResend(x *exchange, reusable bool, err error) bool {
	in := u.buf.in
	switch {
	case !x.kept || u.fuse.Blown():
		return false
	case err == nil:
		return !reusable && in.Answer().Status == http.StatusRequestTimeout && idempotent(x.message.method)
	case in.Begun() || errors.Is(err, os.ErrDeadlineExceeded):
		return false
	}
	return x.written == 0 || idempotent(x.message.method)
}

// idempotent reports whether a request with the method may be made twice (RFC 9110, section 9.2.2).
func idempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}
