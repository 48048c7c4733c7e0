// Package http1 reads HTTP/1.1 answers fast, and knows no policy.
//
// A Reader parses one answer after the other from a connection. It reads each to its end, keeps the
// wanted parts, and allocates nothing for a usual one. It gives the status, a few header fields and,
// if wanted, the bytes of the body as they came over the wire. The caller decides whether an answer is
// good, and when it comes too late: if reading from the connection fails, Read returns that error.
//
// The framing is that of RFC 9112. Anything that two parties might read differently is refused.
// Begin and Next read an answer piece by piece, for a body that is a stream. After an upgrade, Begin
// reads the header, and Rest returns the first bytes of the new protocol.
//
// Left out: trailers (read, not shown), and answers to CONNECT other than through Tunnel.
package http1

import (
	"bytes"
	"errors"
	"io"
)

// The limits of an answer.
const (
	MaxHeader    = 1 << 20  // bytes of all header lines, those of interim answers included
	MaxBody      = 16 << 20 // bytes of a body that is held
	maxChunkLine = 4 << 10  // bytes of a chunk's size and its extensions; net/http has the same
	maxInterim   = 100      // answers of status 1xx before the real one
)

// Error says what is wrong with an answer, always in the same sentence.
type Error string

// Error is the sentence.
func (e Error) Error() string { return string(e) }

// The errors of an answer.
const (
	ErrNoAnswer  Error = "the connection was closed without an answer"
	ErrTooLarge  Error = "the answer is larger than 16 MiB"
	ErrLocations Error = "the answer redirects to two places"
	errNotHTTP   Error = "the answer is not HTTP/1.1"
	errHeaderEnd Error = "the connection was closed within the header"
	errBodyEnd   Error = "the connection was closed within the body"
	errField     Error = "a header line is malformed"
	errHeader    Error = "the header is larger than 1 MiB"
	errByte      Error = "a line holds a bare carriage return or a NUL" // others may take it for a line end
	errLength    Error = "the Content-Length is not a number"
	errLengths   Error = "there are two Content-Lengths"
	errCoding    Error = "the Transfer-Encoding is not one that this client reads"
	errBoth      Error = "there are both a Transfer-Encoding and a Content-Length"
	errChunk     Error = "the size of a chunk is not a number"
	errChunkEnd  Error = "a chunk does not end where its size says"
	errTrailer   Error = "the trailer is larger than 1 MiB"
	errInterim   Error = "more than 100 interim answers came"
	errMore      Error = "the proxy sent more than an answer"
	errLine      Error = "a line is too long" // endless gives it a better name
)

// bufferBytes is enough for the header and body of most answers. Each user with a call under way owns
// that much. With less, a large body would take more system calls.
const bufferBytes = 16 << 10

// keepBytes is the largest capacity at which a slice is kept for other answers.
const keepBytes = 64 << 10

// Reader parses answers that come over a connection. Not safe for concurrent use.
type Reader struct {
	src    io.Reader
	buf    []byte
	r, w   int // buf[r:w] has been read and not parsed
	left   int // bytes that the header may still have
	held   []byte
	begun  bool // a byte of the answer has come
	answer Answer
	stream stream // of an answer that is read piece by piece

	// For scan.
	dirty   int  // buf[dirty:r] are header lines that were not scanned; -1 within a body
	returns int  // how many carriage returns end these lines
	bare    bool // it has found a forbidden byte
}

// NewReader is a Reader with a buffer that holds most answers.
func NewReader() *Reader { return &Reader{buf: make([]byte, bufferBytes)} }

// Answer is the last answer, as far as it was read. It is valid until the next Read.
func (r *Reader) Answer() *Answer { return &r.answer }

// Held is the body of the last answer, where it was wanted. It is valid until the next Read.
func (r *Reader) Held() []byte { return r.held }

// Begun reports whether a byte of the last answer has come, or of an interim one before it.
func (r *Reader) Begun() bool { return r.begun }

// Forget drops the last answer, for a request that may fail before Read.
func (r *Reader) Forget() {
	r.answer.reset()
	r.begun = false
}

// Shrink frees the slices that an unusual answer made large.
func (r *Reader) Shrink() {
	r.src, r.answer = nil, Answer{}
	if len(r.buf) > keepBytes {
		r.buf = make([]byte, bufferBytes)
	}
	if cap(r.held) > keepBytes {
		r.held = nil
	}
}

// Read reads a whole answer. If reusable, the connection may carry another request.
func (r *Reader) Read(src io.Reader, want Want) (reusable bool, err error) {
	if err := r.heads(src, want); err != nil {
		return false, err
	}
	if err := r.body(want); err != nil {
		return false, err
	}
	return r.reusable(), nil
}

// heads reads the header of an answer, and those of the interim answers before it.
func (r *Reader) heads(src io.Reader, want Want) error {
	r.src, r.r, r.w, r.left = src, 0, 0, MaxHeader
	r.held, r.begun = r.held[:0], false
	for range maxInterim + 1 {
		if err := r.header(want); err != nil {
			return err
		}
		if s := r.answer.Status; s >= 200 || s == 101 {
			return nil
		}
	}
	return errInterim
}

// reusable reports whether the connection may carry another request after a whole answer.
func (r *Reader) reusable() bool {
	a := &r.answer
	keeps := !a.closes && a.Status != 101 && (a.minor == '1' || a.persists)
	return keeps && r.r == r.w // bytes after the answer belong to no request
}

// header reads a status line and the lines up to the empty one.
func (r *Reader) header(want Want) error {
	r.answer.reset()
	r.dirty, r.returns, r.bare = r.r, 0, false
	line, err := r.line()
	if err != nil {
		if r.r == r.w {
			return endless(err, ErrNoAnswer, errHeader)
		}
		return endless(err, errHeaderEnd, errHeader)
	}
	if err := r.answer.start(line); err != nil {
		return err
	}
	for {
		line, err := r.line()
		if err != nil {
			return endless(err, errHeaderEnd, errHeader)
		}
		if len(line) == 0 {
			r.scan()
			if r.dirty = -1; r.bare {
				return errByte
			}
			return r.answer.check()
		}
		if err := r.answer.field(line, want); err != nil {
			return err
		}
		if want.Header {
			r.answer.keep(line)
		}
	}
}

// scan looks for forbidden bytes in the header lines since the last scan: other parties may take
// a carriage return inside a line for its end (RFC 9110, section 5.5). Looking at many lines at
// once makes it cheap.
func (r *Reader) scan() {
	if r.dirty < 0 {
		return
	}
	lines := r.buf[r.dirty:r.r]
	r.bare = r.bare || bytes.IndexByte(lines, 0) >= 0 || bytes.Count(lines, []byte{'\r'}) != r.returns
	r.dirty, r.returns = r.r, 0
}

// holdsBare reports whether a line has such a byte.
func holdsBare(line []byte) bool {
	return bytes.IndexByte(line, '\r') >= 0 || bytes.IndexByte(line, 0) >= 0
}

// endless replaces an error of line by one that says what was cut off or too long.
func endless(err error, atEnd, tooLong error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // the second within a record of TLS
		return atEnd
	case errors.Is(err, errLine):
		return tooLong
	}
	return err
}

// line takes the next line, without its end. It is valid until the next call. The error is io.EOF,
// errLine if left is used up, or the connection's.
func (r *Reader) line() ([]byte, error) {
	for searched := 0; ; {
		if i := bytes.IndexByte(r.buf[r.r+searched:r.w], '\n'); i >= 0 {
			end := r.r + searched + i
			line := r.buf[r.r:end]
			r.left -= len(line) + 1
			r.r = end + 1
			if r.left < 0 {
				return nil, errLine
			}
			if n := len(line); n > 0 && line[n-1] == '\r' {
				line = line[:n-1]
				r.returns++
			}
			return line, nil
		}
		searched = r.w - r.r
		if searched > r.left {
			return nil, errLine
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// fill reads more bytes behind those in buf.
func (r *Reader) fill() error {
	switch {
	case r.r == r.w:
		r.scan()
		r.r, r.w, r.dirty = 0, 0, min(r.dirty, 0)
	case r.w == len(r.buf) && r.r > 0:
		r.scan()
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r, r.dirty = 0, min(r.dirty, 0)
	case r.w == len(r.buf): // the line is longer than the buffer
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	for range 100 { // as in bufio: a source that returns nothing again and again is broken
		n, err := r.src.Read(r.buf[r.w:])
		if n > 0 {
			r.w += n
			r.begun = true
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// Tunnel reads the answer to a CONNECT and returns its status. An answer of 2xx ends with its header.
// More bytes are an error: in TLS and HTTP/2 the client speaks first.
func (r *Reader) Tunnel(src io.Reader) (status int, err error) {
	r.src, r.r, r.w, r.left = src, 0, 0, MaxHeader
	if err := r.header(Want{}); err != nil {
		return 0, err
	}
	if r.answer.Status/100 == 2 && r.r != r.w {
		return 0, errMore
	}
	return r.answer.Status, nil
}
