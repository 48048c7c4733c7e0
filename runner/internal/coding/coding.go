// Package coding undoes the content codings of answers (RFC 9110, section 8.4).
//
// It reads gzip, deflate (in zlib's frame, as the RFC says, and without one, as some servers send it),
// br and zstd, and lists of them. It reads them whether the request asked for them or not: without an
// Accept-Encoding a server may choose any (section 12.5.3). Neither a body nor any layer of it decodes
// to more than a bound.
package coding

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// Unknown is the error of a coding that this package does not read.
type Unknown string

// Error names the coding, and what to ask for instead.
func (u Unknown) Error() string {
	return fmt.Sprintf("the answer is in the Content-Encoding %.40q, which plimsoll cannot read: ask for gzip, deflate, br or zstd", string(u))
}

// Damaged is the error of a body that is not in its coding.
type Damaged string

// Error names the coding.
func (d Damaged) Error() string { return "the " + string(d) + " of the body is damaged" }

// fault is the error of a decoder, in the words of this package.
func fault(name string, err error) error {
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded): // both mean the window
		return errWindow
	case errors.Is(err, zstd.ErrUnknownDictionary):
		return errNoDict
	}
	return Damaged(name)
}

// The other errors of a body.
var (
	ErrTooLarge = errors.New("the decoded body is too large") // larger than the bound
	errWindow   = errors.New("the zstd of the body needs a window of more than 8 MiB, which HTTP does not allow")
	errNoDict   = errors.New("the zstd of the body needs a dictionary")
)

// mostCodings bounds the codings of one body: each may blow it up.
const mostCodings = 4

// keepBytes is the largest body whose memory is kept for other bodies.
const keepBytes = 64 << 10

// Decoder decodes bodies. The zero Decoder is ready. Not safe for concurrent use.
type Decoder struct {
	plain [2][]byte // the last results: each step decodes one into the other
	large bool      // one of them was

	gzip   *gzip.Reader
	zlib   io.ReadCloser
	flate  io.ReadCloser
	brotli *brotli.Reader
	zstd   *zstd.Decoder
}

// Decode undoes the codings of a body. codings is the value of Content-Encoding, or several values
// joined with commas. The result has at most most bytes, and is valid until the next call.
func (d *Decoder) Decode(codings string, body []byte, most int) ([]byte, error) {
	names := split(codings)
	if len(body) == 0 { // of an answer to HEAD, or with status 204 or 304
		return body, nil
	}
	if len(names) > mostCodings {
		return nil, Unknown(codings)
	}
	for i := len(names) - 1; i >= 0; i-- { // the last was applied last
		var err error
		if body, err = d.undo(names[i], body, most, i&1); err != nil {
			return nil, err
		}
	}
	return body, nil
}

// undo decodes a body into one of the two buffers.
func (d *Decoder) undo(name string, body []byte, most, into int) ([]byte, error) {
	source, err := d.open(name, body)
	if err != nil {
		return nil, err
	}
	plain := bytes.NewBuffer(d.plain[into][:0])
	_, err = plain.ReadFrom(io.LimitReader(source, int64(most)+1))
	d.plain[into] = plain.Bytes()
	d.large = d.large || plain.Len() > keepBytes
	switch {
	case plain.Len() > most:
		return nil, ErrTooLarge
	case err != nil:
		return nil, fault(name, err)
	}
	return plain.Bytes(), nil
}

// open starts to decode a body.
func (d *Decoder) open(name string, body []byte) (io.Reader, error) {
	source := bytes.NewReader(body)
	var err error
	var opened io.Reader
	switch name {
	case "gzip", "x-gzip":
		if d.gzip == nil {
			d.gzip = new(gzip.Reader)
		}
		opened, err = &members{d.gzip, source}, d.gzip.Reset(source)
		d.gzip.Multistream(false)
	case "deflate":
		opened, err = d.openDeflate(source, body)
	case "br":
		if d.brotli == nil {
			d.brotli = brotli.NewReader(nil)
		}
		opened, err = d.brotli, d.brotli.Reset(source)
	case "zstd":
		opened, err = d.openZstd(source)
	default:
		return nil, Unknown(name)
	}
	if err != nil {
		return nil, Damaged(name)
	}
	return opened, nil
}

// members reads the members of a gzip one after the other (RFC 1952, section 2.2). Like browsers and
// gzip, it ignores bytes after the last member.
type members struct {
	gzip   *gzip.Reader
	source *bytes.Reader
}

// Read reads on, in the next member if one has ended.
func (m *members) Read(p []byte) (int, error) {
	for {
		n, err := m.gzip.Read(p)
		switch {
		case !errors.Is(err, io.EOF):
			return n, err
		case n > 0:
			return n, nil
		}
		rest, err := m.source.Seek(0, io.SeekCurrent)
		var magic [2]byte
		if _, missing := m.source.ReadAt(magic[:], rest); err != nil || missing != nil || magic != [2]byte{0x1f, 0x8b} {
			return 0, io.EOF
		}
		if err := m.gzip.Reset(m.source); err != nil {
			return 0, err
		}
		m.gzip.Multistream(false)
	}
}

// openDeflate reads deflate with zlib's frame or without.
func (d *Decoder) openDeflate(source *bytes.Reader, body []byte) (io.Reader, error) {
	framed := framed(body)
	var err error
	switch {
	case framed && d.zlib == nil:
		d.zlib, err = zlib.NewReader(source)
	case framed:
		err = d.zlib.(zlib.Resetter).Reset(source, nil)
	case d.flate == nil:
		d.flate = flate.NewReader(bufio.NewReader(source))
	default:
		err = d.flate.(flate.Resetter).Reset(source, nil)
	}
	if framed {
		return d.zlib, err
	}
	return d.flate, err
}

// windowBytes is the largest window that zstd may have in HTTP (RFC 9659).
const windowBytes = 8 << 20

func (d *Decoder) openZstd(source io.Reader) (io.Reader, error) {
	if d.zstd == nil {
		made, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(windowBytes))
		if err != nil {
			return nil, err
		}
		d.zstd = made
	}
	return d.zstd, d.zstd.Reset(source)
}

// Shrink frees the memory of a large body.
func (d *Decoder) Shrink() {
	if d.large {
		*d = Decoder{}
	}
}
