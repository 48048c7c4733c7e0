package http1

import (
	"errors"
	"io"
)

// stream is the place in a body that is read piece by piece.
type stream struct {
	at   place
	left int64 // inPiece: bytes of it that have not been read
	then place // what follows the piece
}

// place is what comes next in a body.
type place uint8

const (
	atEnd       place = iota // nothing
	inPiece                  // a piece of known length
	inRest                   // everything until the server closes
	atChunk                  // the size of a chunk
	behindChunk              // the line end behind a chunk
	atTrailer
)

// smallBytes is the buffer of a stream, until much comes at once: there may be very many idle ones.
const smallBytes = 2 << 10

// NewStreamReader is a Reader for a stream. It begins with a small buffer.
func NewStreamReader() *Reader { return &Reader{buf: make([]byte, smallBytes)} }

// Begin reads the header of an answer. Next reads the body, unless the answer switches protocols.
func (r *Reader) Begin(src io.Reader, want Want) error {
	if err := r.heads(src, want); err != nil {
		return err
	}
	switch a := &r.answer; {
	case want.Head || a.Status == 101 || a.Status == 204 || a.Status == 304 || a.length == 0:
		r.stream = stream{}
	case a.chunked:
		r.stream = stream{at: atChunk}
	case a.length > 0:
		r.stream = stream{at: inPiece, left: a.length}
	default:
		a.closes = true
		r.stream = stream{at: inRest}
	}
	return nil
}

// Rest returns the bytes read past the header: after an answer that switches protocols, the first
// ones of the new protocol. It is valid until the next call.
func (r *Reader) Rest() []byte { return r.buf[r.r:r.w] }

// Reusable reports whether the connection may carry another request. Call it once Next has returned
// io.EOF.
func (r *Reader) Reusable() bool { return r.stream.at == atEnd && r.reusable() }

// Next returns the next piece of the body as soon as any of it comes, and io.EOF behind the last. It is
// valid until the next call. If a deadline of the connection ended the wait, another call continues.
func (r *Reader) Next() ([]byte, error) {
	for {
		switch s := &r.stream; s.at {
		case atEnd:
			return nil, io.EOF
		case inPiece, inRest:
			return r.piece()
		case atChunk:
			r.left = maxChunkLine
			line, err := r.line()
			if err != nil {
				return nil, endless(err, errBodyEnd, errChunk)
			}
			size, err := chunkSize(line)
			if err != nil {
				return nil, err
			}
			if *s = (stream{at: inPiece, left: size, then: behindChunk}); size == 0 {
				s.at = atTrailer
			}
		case behindChunk:
			r.left = len("\r\n")
			line, err := r.line()
			if err != nil {
				return nil, endless(err, errBodyEnd, errChunkEnd)
			}
			if len(line) > 0 {
				return nil, errChunkEnd
			}
			s.at = atChunk
		case atTrailer:
			if err := r.trailer(); err != nil {
				return nil, err
			}
			s.at = atEnd
		}
	}
}

// piece returns what has come of a piece.
func (r *Reader) piece() ([]byte, error) {
	s := &r.stream
	if r.r == r.w {
		if r.w == len(r.buf) && r.w > 0 && len(r.buf) < bufferBytes { // the last read filled it: much comes
			r.buf = make([]byte, 2*len(r.buf))
			r.r, r.w = 0, 0
		}
		if err := r.fill(); err != nil {
			if s.at == inRest && errors.Is(err, io.EOF) {
				s.at = atEnd
				return nil, io.EOF
			}
			return nil, endless(err, errBodyEnd, err)
		}
	}
	part := r.buf[r.r:r.w]
	if s.at == inPiece {
		if int64(len(part)) > s.left {
			part = part[:s.left]
		}
		if s.left -= int64(len(part)); s.left == 0 {
			s.at = s.then
		}
	}
	r.r += len(part)
	r.answer.Received += int64(len(part))
	return part, nil
}
