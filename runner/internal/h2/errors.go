package h2

import (
	"errors"
	"fmt"
	"os"
)

// Code is an error code of RFC 9113, section 7.
type Code uint32

// The codes that callers name.
const (
	NoError         Code = 0x0
	ProtocolError   Code = 0x1
	InternalError   Code = 0x2
	FlowControl     Code = 0x3
	StreamClosed    Code = 0x5
	FrameSize       Code = 0x6
	RefusedStream   Code = 0x7
	Cancel          Code = 0x8
	Compression     Code = 0x9
	EnhanceYourCalm Code = 0xb
)

// String is the code's name in the RFC.
func (c Code) String() string {
	names := [...]string{
		"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
		"FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
		"INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
	}
	if int64(c) < int64(len(names)) {
		return names[c]
	}
	return "an unknown code"
}

// Reset is the error of a stream that the server reset.
type Reset struct{ Code Code }

// Error names the code. The number of the stream would make equal faults differ.
func (r Reset) Error() string { return "the stream was reset: " + r.Code.String() }

// Goaway is the error of a stream that the server's GOAWAY left out: the server has not processed it.
type Goaway struct{ Code Code }

// Error says so, and names the code unless it is NO_ERROR.
func (g Goaway) Error() string {
	if g.Code == NoError {
		return "GOAWAY came before the server took the request"
	}
	return "GOAWAY with " + g.Code.String() + " came before the server took the request"
}

// Violation says how the server broke HTTP/2. The same fault always has the same text. It ends the
// connection, or one stream.
type Violation struct {
	Code Code // the code sent to the server
	Text string
}

// Error is the sentence.
func (v Violation) Error() string { return v.Text }

// The errors of a server that speaks another protocol.
var (
	ErrHTTP1    = Violation{ProtocolError, "the server answers in HTTP/1.1, not in HTTP/2"}
	ErrNotHTTP2 = Violation{ProtocolError, "the server does not speak HTTP/2"}
)

// The errors that are not about the server's framing.
var (
	// ErrTooLarge ends an answer whose body is larger than the caller holds.
	ErrTooLarge = errors.New("the body of the answer is too large")
	// ErrNoPlace ends a wait for a place among the streams that the server allows at once. It is a time-out.
	ErrNoPlace = fmt.Errorf("the server allowed no further stream in time: %w", os.ErrDeadlineExceeded)
	// ErrNotOpen is the error of a new stream on a connection that takes no more. Nothing was sent.
	ErrNotOpen = errors.New("the connection takes no more streams")

	errClosed = errors.New("the connection was closed by this side")
)

// Unprocessed reports whether the server says that it has done nothing for a stream. Then sending it again
// does no harm, whatever its method (RFC 9113, section 8.7).
func Unprocessed(err error) bool {
	var reset Reset
	var goaway Goaway
	return errors.As(err, &reset) && reset.Code == RefusedStream || errors.As(err, &goaway) || errors.Is(err, ErrNotOpen)
}

// isLate reports whether a deadline has passed.
func isLate(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// broken makes the error of a frame that no server may send.
func broken(code Code, text string) error { return Violation{code, "the server broke HTTP/2: " + text} }
