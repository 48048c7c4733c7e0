package http1

import (
	"bytes"
	"errors"
	"io"
)

// body reads the body of the answer whose header has been read (RFC 9112, section 6.3).
func (r *Reader) body(want Want) error {
	a := &r.answer
	switch {
	case want.Head || a.Status == 101 || a.Status == 204 || a.Status == 304:
		return nil
	case a.chunked:
		return r.chunks(want.Body)
	case a.length >= 0:
		if want.Body && a.length > MaxBody {
			return ErrTooLarge
		}
		return r.take(a.length, want.Body)
	default:
		a.closes = true
		return r.rest(want.Body)
	}
}

// take consumes n bytes of the body.
func (r *Reader) take(n int64, hold bool) error {
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

// consume counts a part of the body, which is next in buf, and keeps it if it is needed.
func (r *Reader) consume(part []byte, hold bool) error {
	r.r += len(part)
	r.answer.Received += int64(len(part))
	if !hold {
		return nil
	}
	if len(r.held)+len(part) > MaxBody {
		return ErrTooLarge
	}
	r.held = append(r.held, part...)
	return nil
}

// rest consumes everything until the server closes.
func (r *Reader) rest(hold bool) error {
	for {
		if err := r.consume(r.buf[r.r:r.w], hold); err != nil {
			return err
		}
		if err := r.fill(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return endless(err, errBodyEnd, err)
		}
	}
}

// chunks consumes a body in chunks and its trailer (RFC 9112, section 7.1).
func (r *Reader) chunks(hold bool) error {
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

// chunkSize reads the line before a chunk: a hexadecimal number, and extensions, which are ignored.
func chunkSize(line []byte) (int64, error) {
	if i := bytes.IndexByte(line, ';'); i >= 0 {
		if holdsBare(line[i:]) {
			return 0, errByte
		}
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
func (r *Reader) trailer() error {
	r.left = MaxHeader
	for first := true; ; first = false {
		line, err := r.line()
		switch {
		case err != nil:
			return endless(err, errBodyEnd, errTrailer)
		case len(line) == 0:
			return nil
		case holdsBare(line):
			return errByte
		case (line[0] == ' ' || line[0] == '\t') && !first:
		case bytes.IndexByte(line, ':') <= 0:
			return errField
		}
	}
}
