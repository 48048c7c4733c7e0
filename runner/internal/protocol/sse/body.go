package sse

import (
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
	for b.decoder != nil {
		piece, err := b.decoder.Next()
		if err != nil || piece != nil {
			return piece, err
		}
		more, err := b.line.next()
		if err != nil {
			return nil, err
		}
		b.decoder.Feed(more)
	}
	return b.line.next()
}

// close ends the decoder.
func (b *body) close() {
	if b.decoder != nil {
		b.decoder.Close()
	}
}
