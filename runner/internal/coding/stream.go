package coding

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// Stream decodes a body piece by piece, as it comes: everything that the server has flushed comes out
// at once. The libraries' decoders read from their source whenever they like, so each runs as a
// coroutine that pauses when it wants more than has come. Not safe for concurrent use.
type Stream struct {
	in   []byte // fed and not yet decoded
	some bool   // anything was fed
	last bool   // nothing more is fed
	next func() ([]byte, bool)
	stop func()
	err  error
}

// NewStream decodes codings, as Decode does; the Stream is nil if there are none.
func NewStream(codings string) (*Stream, error) {
	names := split(codings)
	switch {
	case len(names) == 0:
		return nil, nil //nolint:nilnil // nothing to decode
	case len(names) > mostCodings:
		return nil, Unknown(codings)
	}
	for _, name := range names {
		if !known(name) {
			return nil, Unknown(name)
		}
	}
	s := &Stream{}
	s.next, s.stop = iter.Pull(func(yield func([]byte) bool) { s.err = s.decode(names, yield) })
	return s, nil
}

// Feed gives the next piece. Next must have returned nil before.
func (s *Stream) Feed(piece []byte) { s.in, s.some = piece, s.some || len(piece) > 0 }

// End says that the body has ended. Next returns what is left, and then io.EOF, or CutOff if the coding has not
// ended. A body without a byte is a whole one.
func (s *Stream) End() { s.last = true }

// Next returns decoded bytes, or nil if it needs another piece. They are valid until the next call.
func (s *Stream) Next() ([]byte, error) {
	plain, ok := s.next()
	if !ok {
		return nil, s.err
	}
	return plain, nil
}

// Close ends the decoder.
func (s *Stream) Close() { s.stop() }

// fed is the source of the first decoder.
type fed struct {
	stream *Stream
	yield  func([]byte) bool
}

// Read pauses the decoder until there is something.
func (f fed) Read(p []byte) (int, error) {
	for len(f.stream.in) == 0 {
		if f.stream.last {
			return 0, io.EOF
		}
		if !f.yield(nil) {
			return 0, io.ErrClosedPipe
		}
	}
	n := copy(p, f.stream.in)
	f.stream.in = f.stream.in[n:]
	return n, nil
}

// decode decodes everything, and yields it.
func (s *Stream) decode(names []string, yield func([]byte) bool) error {
	var source io.Reader = fed{s, yield}
	for i := len(names) - 1; i >= 0; i-- { // the last was applied last
		opened, err := openStream(names[i], source)
		switch {
		case errors.Is(err, io.EOF) && !s.some:
			return io.EOF
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // within the first bytes
			return CutOff(names[i])
		case err != nil:
			return fault(names[i], err)
		}
		source = opened
	}
	buf := make([]byte, 4<<10)
	for {
		n, err := source.Read(buf)
		if n > 0 && !yield(buf[:n]) {
			return nil
		}
		switch {
		case errors.Is(err, io.EOF):
			return io.EOF
		case errors.Is(err, io.ErrUnexpectedEOF) && !s.some:
			return io.EOF
		case errors.Is(err, io.ErrUnexpectedEOF):
			return CutOff(names[0])
		case err != nil:
			return fault(names[0], err)
		}
	}
}

// CutOff is the error of a Stream that ends before its coding does.
type CutOff string

// Error names the coding.
func (c CutOff) Error() string { return "the " + string(c) + " of the body was cut off before its end" }

// openStream begins to decode one coding.
func openStream(name string, source io.Reader) (io.Reader, error) {
	switch name {
	case "gzip", "x-gzip":
		return gzip.NewReader(source)
	case "br":
		return brotli.NewReader(source), nil
	case "zstd":
		return zstd.NewReader(source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(windowBytes))
	}
	in := bufio.NewReader(source)
	head, err := in.Peek(2)
	if err != nil {
		return nil, err
	}
	if framed(head) {
		return zlib.NewReader(in)
	}
	return flate.NewReader(in), nil
}

// split is a list of codings without those that change nothing.
func split(codings string) (names []string) {
	for name := range strings.SplitSeq(codings, ",") {
		name = strings.ToLower(strings.Trim(name, " \t"))
		if name != "" && name != "identity" && name != "none" { // some servers send none with events, so that proxies do not buffer them
			names = append(names, name)
		}
	}
	return names
}

// known reports whether this package reads a coding.
func known(name string) bool {
	switch name {
	case "gzip", "x-gzip", "deflate", "br", "zstd":
		return true
	}
	return false
}

// framed tells zlib's header (RFC 1950, section 2.2) from the first block of raw deflate.
func framed(head []byte) bool {
	return len(head) >= 2 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0
}
