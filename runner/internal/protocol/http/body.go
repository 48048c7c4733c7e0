package http

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
)

// buffer is the memory that a request needs while it is under way.
type buffer struct {
	in     reader
	out    []byte // the request, when it has variables
	plain  []byte // a body that came in gzip
	gunzip *gzip.Reader
}

func newBuffer() *buffer { return &buffer{in: reader{buf: make([]byte, bufferBytes)}} }

// keepBytes is how large a slice may have grown and still be kept for other requests.
const keepBytes = 64 << 10

// shrink lets go of what an unusual answer made large.
func (b *buffer) shrink() {
	b.in.src = nil
	b.in.answer = response{}
	if len(b.in.buf) > keepBytes {
		b.in.buf = make([]byte, bufferBytes)
	}
	for _, s := range []*[]byte{&b.in.held, &b.out, &b.plain} {
		if cap(*s) > keepBytes {
			*s = nil
		}
	}
}

// body reads the body of the answer whose header has been read (RFC 9112, section 6.3).
func (r *reader) body(want want) error {
	a := &r.answer
	switch {
	case want.head || a.status == 101 || a.status == 204 || a.status == 304:
		return nil
	case a.chunked: // a Content-Length beside it is overridden
		return r.chunks(want.body)
	case a.length >= 0:
		if want.body && a.length > maxBodyBytes {
			return errTooLarge
		}
		return r.take(a.length, want.body)
	default:
		a.closes = true
		return r.rest(want.body)
	}
}

// take consumes n bytes of the body.
func (r *reader) take(n int64, hold bool) error {
	for n > 0 {
		if r.r == r.w {
			if err := r.fill(); err != nil {
				return endless(err, errBodyEnd, err)
			}
		}
		part := r.buf[r.r:r.w]
		if int64(len(part)) > n {
			part = part[:n]
		}
		if err := r.consume(part, hold); err != nil {
			return err
		}
		n -= int64(len(part))
	}
	return nil
}

// consume counts a part of the body, which is next in buf, and holds it if it is needed.
func (r *reader) consume(part []byte, hold bool) error {
	r.r += len(part)
	r.answer.received += int64(len(part))
	if !hold {
		return nil
	}
	if len(r.held)+len(part) > maxBodyBytes {
		return errTooLarge
	}
	r.held = append(r.held, part...)
	return nil
}

// rest consumes what comes until the server closes.
func (r *reader) rest(hold bool) error {
	for {
		if err := r.consume(r.buf[r.r:r.w], hold); err != nil {
			return err
		}
		if err := r.fill(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// chunks consumes a body in chunks and its trailer (RFC 9112, section 7.1).
func (r *reader) chunks(hold bool) error {
	for {
		r.left = maxChunkLine
		line, err := r.line()
		if err != nil {
			return endless(err, errBodyEnd, errChunk)
		}
		size, err := chunkSize(line)
		if err != nil {
			return err
		}
		if size == 0 {
			return r.trailer()
		}
		if err := r.take(size, hold); err != nil {
			return err
		}
		r.left = len("\r\n")
		line, err = r.line()
		if err != nil {
			return endless(err, errBodyEnd, errChunkEnd)
		}
		if len(line) > 0 {
			return errChunkEnd
		}
	}
}

// chunkSize reads the line before a chunk: a hexadecimal number, and extensions that are
// nobody's business.
func chunkSize(line []byte) (int64, error) {
	if i := bytes.IndexByte(line, ';'); i >= 0 {
		line = line[:i]
	}
	for len(line) > 0 && (line[len(line)-1] == ' ' || line[len(line)-1] == '\t') {
		line = line[:len(line)-1]
	}
	if len(line) == 0 || len(line) > 15 { // 60 bits fit
		return 0, errChunk
	}
	size := int64(0)
	for _, c := range line {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, errChunk
		}
		size = size<<4 | int64(c)
	}
	return size, nil
}

// trailer skips the fields after the last chunk.
func (r *reader) trailer() error {
	r.left = maxHeaderBytes
	for first := true; ; first = false {
		line, err := r.line()
		switch {
		case err != nil:
			return endless(err, errBodyEnd, errTrailerSize)
		case len(line) == 0:
			return nil
		case (line[0] == ' ' || line[0] == '\t') && !first:
		case bytes.IndexByte(line, ':') <= 0:
			return errHeaderLine
		}
	}
}

// undo decodes a gzip body. The result is valid until the buffer's next use.
func (b *buffer) undo(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return body, nil
	}
	var err error
	if b.gunzip == nil {
		b.gunzip, err = gzip.NewReader(bytes.NewReader(body))
	} else {
		err = b.gunzip.Reset(bytes.NewReader(body))
	}
	if err != nil {
		return nil, errGzip
	}
	plain := bytes.NewBuffer(b.plain[:0])
	_, err = plain.ReadFrom(io.LimitReader(b.gunzip, maxBodyBytes+1))
	b.plain = plain.Bytes()
	switch {
	case err != nil:
		return nil, errors.Join(errGzip, err)
	case len(b.plain) > maxBodyBytes:
		return nil, errTooLarge
	}
	return b.plain, nil
}
