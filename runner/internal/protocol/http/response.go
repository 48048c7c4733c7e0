package http

import (
	"bytes"
	"errors"
	"io"
)

// What an answer may be at most.
const (
	maxHeaderBytes = 1 << 20  // of all header lines, those of interim answers included
	maxBodyBytes   = 16 << 20 // of a body that is held
	maxChunkLine   = 4 << 10  // of a chunk's size and its extensions; net/http has the same
	maxInterim     = 100      // answers of status 1xx before the real one
)

// bufferBytes holds the header and the body of most answers. More would be memory that each
// user with a request under way owns, less a system call more for a large body.
const bufferBytes = 16 << 10

// reader takes answers apart that come over a connection.
type reader struct {
	src    io.Reader
	buf    []byte
	r, w   int // buf[r:w] has been read and not looked at
	left   int // bytes that the header may still have
	held   []byte
	answer response
}

// response is an answer but for its body.
type response struct {
	status   int
	minor    byte  // of the version, '0' or '1'
	length   int64 // -1 when the header does not tell
	received int64 // bytes of the body
	chunked  bool
	closes   bool // the server closes after it
	persists bool // it is HTTP/1.0 and says keep-alive
	gzip     bool
	looked   bool // the line before can not go on: it matters, or is none
	location string
	cookies  []string
}

// want says what is needed of an answer. The zero want is its status and its end.
type want struct {
	head     bool // the request was a HEAD: there is no body
	body     bool
	location bool
	cookies  bool
}

// read reads a whole answer. reusable says that another request may follow on the
// connection.
func (r *reader) read(src io.Reader, want want) (reusable bool, err error) {
	r.src, r.r, r.w, r.left = src, 0, 0, maxHeaderBytes
	r.held = r.held[:0]
	for interim := 0; ; interim++ {
		if interim > maxInterim {
			return false, errInterim
		}
		if err := r.header(want); err != nil {
			return false, err
		}
		if s := r.answer.status; s >= 200 || s == 101 {
			break
		}
	}
	if err := r.body(want); err != nil {
		return false, err
	}
	a := &r.answer
	keeps := !a.closes && a.status != 101 && (a.minor == '1' || a.persists)
	return keeps && r.r == r.w, nil // bytes after an answer answer nothing
}

// header reads a status line and the lines up to the empty one.
func (r *reader) header(want want) error {
	r.answer.reset()
	line, err := r.line()
	if err != nil {
		if errors.Is(err, io.EOF) && r.r == r.w {
			return errNoAnswer
		}
		return endless(err, errHeaderEnd, errHeaderSize)
	}
	if err := r.answer.start(line); err != nil {
		return err
	}
	for {
		line, err := r.line()
		if err != nil {
			return endless(err, errHeaderEnd, errHeaderSize)
		}
		if len(line) == 0 {
			return r.answer.check()
		}
		if err := r.answer.field(line, want); err != nil {
			return err
		}
	}
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
func (r *reader) line() ([]byte, error) {
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
func (r *reader) fill() error {
	switch {
	case r.r == r.w:
		r.r, r.w = 0, 0
	case r.w == len(r.buf) && r.r > 0:
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
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
func (a *response) reset() {
	*a = response{length: -1, looked: true, cookies: a.cookies[:0]}
}

// start reads a status line (RFC 9112, section 4).
func (a *response) start(line []byte) error {
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
		a.status = a.status*10 + int(c-'0')
	}
	a.minor = line[7]
	if a.status < 100 || (a.minor != '0' && a.minor != '1') {
		return errNotHTTP
	}
	return nil
}

// field reads a header line. Most are of no interest.
func (a *response) field(line []byte, want want) error {
	if line[0] == ' ' || line[0] == '\t' { // the value goes on, an old form
		if a.looked { // there is no line before it, or it is one that matters
			return errHeaderLine
		}
		return nil
	}
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || line[colon-1] == ' ' || line[colon-1] == '\t' {
		return errHeaderLine
	}
	name, value := line[:colon], line[colon+1:]
	a.looked = true
	switch {
	case colon == 14 && fold(name, "content-length"):
		return a.setLength(trim(value))
	case colon == 17 && fold(name, "transfer-encoding"):
		if a.chunked || !fold(trim(value), "chunked") {
			return errCoding
		}
		a.chunked = true
	case colon == 10 && fold(name, "connection"):
		a.closes = a.closes || hasToken(value, "close")
		a.persists = a.persists || hasToken(value, "keep-alive")
	case colon == 16 && want.body && fold(name, "content-encoding"):
		a.gzip = fold(trim(value), "gzip") || fold(trim(value), "x-gzip")
	case colon == 8 && want.location && fold(name, "location"):
		a.location = string(trim(value))
	case colon == 10 && want.cookies && fold(name, "set-cookie"):
		a.cookies = append(a.cookies, string(trim(value)))
	default:
		a.looked = false
	}
	return nil
}

// setLength reads a Content-Length: digits and nothing else, and the same if it is there
// twice, or two parties may see two ends of one answer.
func (a *response) setLength(value []byte) error {
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
func (a *response) check() error {
	if a.chunked && a.minor == '0' { // RFC 9112, section 6.1: faulty framing
		return errCoding
	}
	return nil
}

// fold reports whether b is a word, given in lower case letters and hyphens.
func fold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if c|0x20 != word[i] { // the bit that tells a from A; a hyphen has it
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

// hasToken reports whether a word is in a list with commas.
func hasToken(list []byte, word string) bool {
	for len(list) > 0 {
		token := list
		if i := bytes.IndexByte(list, ','); i >= 0 {
			token, list = list[:i], list[i+1:]
		} else {
			list = nil
		}
		if fold(trim(token), word) {
			return true
		}
	}
	return false
}
