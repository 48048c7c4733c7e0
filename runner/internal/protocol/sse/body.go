package sse

import (
	"errors"
	"io"

	"github.com/plimsoll-ci/plimsoll/runner/internal/coding"
)

// body is the body of an answer, decoded as it comes.
type body struct {
	line    *line
	decoder *coding.Stream // nil for a body that is not coded
}

func newBody(l *line, codings string) (body, error) {
	decoder, err := coding.NewStream(codings)
	return body{l, decoder}, err
}

// next is the next piece, as soon as any of it has come; io.EOF behind the last.
func (b *body) next() ([]byte, error) {
	if b.decoder == nil {
		return b.line.next()
	}
	for {
		piece, err := b.decoder.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, b.rest()
		case err != nil || piece != nil:
			return piece, err
		}
		switch more, err := b.line.next(); {
		case errors.Is(err, io.EOF):
			b.decoder.End()
		case err != nil:
			return nil, err
		default:
			b.decoder.Feed(more)
		}
	}
}

// rest passes over what the server sends once the coding has ended.
func (b *body) rest() (err error) {
	for err == nil {
		_, err = b.line.next()
	}
	return err
}

// close ends the decoder.
func (b *body) close() {
	if b.decoder != nil {
		b.decoder.Close()
	}
}
