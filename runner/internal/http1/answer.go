// Package http1 reads HTTP/1.1 answers fast, and knows no policy.
//
// A Reader parses one answer after the other from a connection. It reads each to its end, keeps
// what was wanted of it, and allocates nothing for a usual one. It gives the status, a few header
// fields and, if wanted, the bytes of the body as they came over the wire. Whether an answer is
// good, and when it comes too late, is for the caller to decide: if reading from the connection
// fails, Read returns that error.
//
// The framing is that of RFC 9112. Anything that two parties might read differently is refused.
// Left out: trailers (read, not shown), upgrades (their answer ends with its header), and answers
// to CONNECT other than through Tunnel.
package http1

import (
	"bytes"
	"errors"
	"io"
)

// What an answer may be at most.
const (
	MaxHeader    = 1 << 20  // bytes of all header lines, those of interim answers included
	MaxBody      = 16 << 20 // bytes of a body that is held
	maxChunkLine = 4 << 10  // bytes of a chunk's size and its extensions; net/http has the same
	maxInterim   = 100      // answers of status 1xx before the real one
)

// Error is what is wrong with an answer, in a sentence that is the same each time.
type Error string

// Error is the sentence.
func (e Error) Error() string { return string(e) }

// What can be wrong with an answer.
const (
	ErrNoAnswer  Error = "the connection was closed without an answer"
	ErrTooLarge  Error = "the answer is larger than 16 MiB"
	errNotHTTP   Error = "what came is not an HTTP/1.1 answer"
	errHeaderEnd Error = "the connection was closed within the header"
	errBodyEnd   Error = "the connection was closed within the body"
	errField     Error = "a header line is malformed"
	errHeader    Error = "the header is larger than 1 MiB"
	errByte      Error = "a line holds a bare carriage return or a NUL" // others may take them for something else
	errLength    Error = "the Content-Length is not a number"
	errLengths   Error = "there are two Content-Lengths"
	errCoding    Error = "the Transfer-Encoding is not one that HTTP/1.1 knows here"
	errBoth      Error = "there are both a Transfer-Encoding and a Content-Length"
	errChunk     Error = "the size of a chunk is not a number"
	errChunkEnd  Error = "a chunk does not end where its size says"
	errTrailer   Error = "the trailer is larger than 1 MiB"
	errInterim   Error = "more than 100 interim answers came"
	errMore      Error = "the proxy sent more than an answer"
	errLine      Error = "a line is too long" // endless gives it a better name
)

// bufferBytes holds the header and the body of most answers. More would be memory that each
// user with a call under way owns, less a system call more for a large body.
const bufferBytes = 16 << 10

// keepBytes is how large a slice may have grown and still be kept for other answers.
const keepBytes = 64 << 10

// Reader takes answers apart that come over a connection. Not safe for concurrent use.
type Reader struct {
	src    io.Reader
	buf    []byte
	r, w   int // buf[r:w] has been read and not looked at
	left   int // bytes that the header may still have
	held   []byte
	answer Answer

	// For scan.
	dirty   int  // buf[dirty:r] are header lines that it has not seen; -1 within a body
	returns int  // how many carriage returns end these lines
	bare    bool // it has found a byte that must not be
}

// NewReader is a Reader with a buffer that holds most answers.
func NewReader() *Reader { return &Reader{buf: make([]byte, bufferBytes)} }

// Answer is an answer but for its body.
type Answer struct {
	Status   int
	Received int64    // bytes of the body
	Gzip     bool     // the body is encoded so; looked at where it is wanted
	Location string   // where it is wanted
	Cookies  []string // the values of Set-Cookie, where they are wanted

	minor    byte  // of the version, '0' or '1'
	length   int64 // -1 when the header does not tell
	chunked  bool
	closes   bool // the server closes after it
	persists bool // it is HTTP/1.0 and says keep-alive
	looked   bool // the previous field must not be folded
}

// Want says what is needed of an answer. The zero Want is its status and its end.
type Want struct {
	Head     bool // the request was a HEAD: there is no body
	Body     bool // it is held
	Location bool
	Cookies  bool
}

// Answer is the last answer, as far as it was read. It is valid until the next Read.
func (r *Reader) Answer() *Answer { return &r.answer }

// Held is the body of the last answer, where it was wanted. It is valid until the next Read.
func (r *Reader) Held() []byte { return r.held }

// Forget drops the last answer, for a request that may fail before Read.
func (r *Reader) Forget() { r.answer.reset() }

// Shrink lets go of what an unusual answer made large.
func (r *Reader) Shrink() {
	r.src, r.answer = nil, Answer{}
	if len(r.buf) > keepBytes {
		r.buf = make([]byte, bufferBytes)
	}
	if cap(r.held) > keepBytes {
		r.held = nil
	}
}

// Read reads a whole answer. reusable says that another request may follow on the
// connection.
func (r *Reader) Read(src io.Reader, want Want) (reusable bool, err error) {
	r.src, r.r, r.w, r.left = src, 0, 0, MaxHeader
	r.held = r.held[:0]
	for interim := 0; ; interim++ {
		if interim > maxInterim {
			return false, errInterim
		}
		if err := r.header(want); err != nil {
			return false, err
		}
		if s := r.answer.Status; s >= 200 || s == 101 {
			break
		}
	}
	if err := r.body(want); err != nil {
		return false, err
	}
	a := &r.answer
	keeps := !a.closes && a.Status != 101 && (a.minor == '1' || a.persists)
	return keeps && r.r == r.w, nil // bytes after an answer answer nothing
}

// header reads a status line and the lines up to the empty one.
func (r *Reader) header(want Want) error {
	r.answer.reset()
	r.dirty, r.returns, r.bare = r.r, 0, false
	line, err := r.line()
	if err != nil {
		if errors.Is(err, io.EOF) && r.r == r.w {
			return ErrNoAnswer
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

// endless gives what line reports the names that fit where it was called.
func endless(err error, atEnd, tooLong error) error {
	switch {
	case errors.Is(err, io.EOF):
		return atEnd
	case errors.Is(err, errLine):
		return tooLong
	}
	return err
}

// line takes the next line without its end. It is valid until the next call. The error is
// io.EOF, errLine when left is used up, or that of the connection.
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

// fill reads more behind what there is.
func (r *Reader) fill() error {
	switch {
	case r.r == r.w:
		r.scan()
		r.r, r.w, r.dirty = 0, 0, min(r.dirty, 0)
	case r.w == len(r.buf) && r.r > 0:
		r.scan()
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r, r.dirty = 0, min(r.dirty, 0)
	case r.w == len(r.buf): // a line longer than the buffer
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	for range 100 { // as bufio does: a Reader that reads nothing for ever is broken
		n, err := r.src.Read(r.buf[r.w:])
		if n > 0 {
			r.w += n
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// reset makes ready for another answer.
func (a *Answer) reset() {
	*a = Answer{length: -1, looked: true, Cookies: a.Cookies[:0]}
}

// start reads a status line (RFC 9112, section 4).
func (a *Answer) start(line []byte) error {
	if len(line) < len("HTTP/1.1 200") || string(line[:7]) != "HTTP/1." || line[8] != ' ' {
		return errNotHTTP
	}
	if len(line) > 12 && line[12] != ' ' {
		return errNotHTTP
	}
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return errNotHTTP
		}
		a.Status = a.Status*10 + int(c-'0')
	}
	a.minor = line[7]
	if a.Status < 100 || (a.minor != '0' && a.minor != '1') {
		return errNotHTTP
	}
	return nil
}

// field reads a header line. Most are of no interest.
func (a *Answer) field(line []byte, want Want) error {
	if line[0] == ' ' || line[0] == '\t' { // the value goes on, an old form
		if a.looked { // there is no line before it, or it is one that matters
			return errField
		}
		return nil
	}
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || line[0] < ' ' || line[colon-1] <= ' ' { // others may strip it and read another name
		return errField
	}
	name, value := line[:colon], line[colon+1:]
	a.looked = true
	switch {
	case colon == 14 && Fold(name, "content-length"):
		return a.setLength(trim(value))
	case colon == 17 && Fold(name, "transfer-encoding"):
		if a.chunked || !Fold(trim(value), "chunked") {
			return errCoding
		}
		a.chunked = true
	case colon == 10 && Fold(name, "connection"):
		a.closes = a.closes || HasToken(value, "close")
		a.persists = a.persists || HasToken(value, "keep-alive")
	case colon == 16 && want.Body && Fold(name, "content-encoding"):
		a.Gzip = Fold(trim(value), "gzip") || Fold(trim(value), "x-gzip")
	case colon == 8 && want.Location && Fold(name, "location"):
		a.Location = string(trim(value))
	case colon == 10 && want.Cookies && Fold(name, "set-cookie"):
		a.Cookies = append(a.Cookies, string(trim(value)))
	default:
		a.looked = false
	}
	return nil
}

// setLength reads a Content-Length: digits and nothing else, and the same if it is there
// twice, or two parties may see two ends of one answer.
func (a *Answer) setLength(value []byte) error {
	n := int64(0)
	if len(value) == 0 || len(value) > 18 { // 10^18 fits
		return errLength
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			return errLength
		}
		n = n*10 + int64(c-'0')
	}
	if a.length >= 0 && a.length != n {
		return errLengths
	}
	a.length = n
	return nil
}

// check looks at what only a whole header shows.
func (a *Answer) check() error {
	switch {
	case a.chunked && a.minor == '0': // RFC 9112, section 6.1: faulty framing
		return errCoding
	case a.chunked && a.length >= 0: // section 6.3: perhaps an attempt at smuggling
		return errBoth
	}
	return nil
}

// Fold reports whether b is a word, given in lower case.
func Fold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' { // no other character has a second form
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// trim cuts off spaces and tabs.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// HasToken reports whether a word is in a list with commas.
func HasToken(list []byte, word string) bool {
	for len(list) > 0 {
		token := list
		if i := bytes.IndexByte(list, ','); i >= 0 {
			token, list = list[:i], list[i+1:]
		} else {
			list = nil
		}
		if Fold(trim(token), word) {
			return true
		}
	}
	return false
}

// Tunnel reads the answer to a CONNECT and gives its status. An answer of 2xx ends with its header: what
// comes after that is the tunnel's, where TLS and HTTP/2 let the client speak first.
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
