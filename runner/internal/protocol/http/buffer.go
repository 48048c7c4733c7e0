package http

import (
	"github.com/plimsoll-ci/plimsoll/runner/internal/coding"
	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
)

// buffer is the memory that an HTTP/1.1 call needs while it is under way.
type buffer struct {
	in      *http1.Reader
	out     []byte // the request, if it has variables
	decoder coding.Decoder
	// The call itself, and its response: on the stack they would make many users' stacks grow.
	call     exchange
	response response
}

// keepBytes is the largest capacity at which a slice is kept for other calls.
const keepBytes = 64 << 10

// shrink frees slices that an unusual call made large.
func (b *buffer) shrink() {
	b.in.Shrink()
	b.decoder.Shrink()
	if cap(b.out) > keepBytes {
		b.out = nil
	}
}
