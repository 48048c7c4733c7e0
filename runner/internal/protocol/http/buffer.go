package http

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"

	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// buffer is the memory that an HTTP/1.1 call needs while it is under way.
type buffer struct {
	in    *http1.Reader
	out   []byte // the request, if it has variables
	unzip gunzip
}

// keepBytes is the largest capacity at which a slice is kept for other calls.
const keepBytes = 64 << 10

// shrink frees what an unusual call made large.
func (b *buffer) shrink() {
	b.in.Shrink()
	for _, s := range []*[]byte{&b.out, &b.unzip.plain} {
		if cap(*s) > keepBytes {
			*s = nil
		}
	}
}

const errGzip wire.Fault = "the gzip of the body is damaged"

// gunzip decodes bodies.
type gunzip struct {
	plain  []byte
	reader *gzip.Reader // nil before the first
}

// undo decodes a body. The result is valid until the next call.
func (g *gunzip) undo(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return body, nil
	}
	var err error
	if g.reader == nil {
		g.reader, err = gzip.NewReader(bytes.NewReader(body))
	} else {
		err = g.reader.Reset(bytes.NewReader(body))
	}
	if err != nil {
		return nil, errGzip
	}
	plain := bytes.NewBuffer(g.plain[:0])
	_, err = plain.ReadFrom(io.LimitReader(g.reader, http1.MaxBody+1))
	g.plain = plain.Bytes()
	switch {
	case err != nil:
		return nil, errors.Join(errGzip, err)
	case len(g.plain) > http1.MaxBody:
		return nil, http1.ErrTooLarge
	}
	return g.plain, nil
}
