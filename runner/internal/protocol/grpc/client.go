package grpc

import (
	"context"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/message"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// client is one user.
type client struct {
	clients *Clients
	fuse    wire.Fuse
	line    *line // its own, or one that it shares
	rested  bool  // Idle was called since the last call
	*work         // nil while the user rests
}

// work is the memory that only a call under way needs.
type work struct {
	until   time.Time // when the present wait ends
	stream  h2.Stream
	request h2.Request
	body    []byte   // the last message sent, with its prefix
	text    []byte   // the values of metadata
	ends    []int    // where each of them ends
	values  [][]byte // the same, one by one
	in      inbox
	zip     *zipper // nil until the first compressed message
	scratch message.Scratch
	last    []byte // the answer to a stream of messages
	flow    flow
	flows   stream
	reply   reply
}

// wake prepares the user for a call.
func (u *client) wake(ctx context.Context) {
	u.fuse.Watch(ctx)
	if u.work == nil {
		u.work = u.clients.works.Get().(*work)
		u.flow.client = u
	}
}

// watch lets the fuse cut off what the user waits for.
func (u *client) watch() {
	if u.line.shared() {
		u.stream.SetDeadline(time.Time{}) //nolint:errcheck // it never fails
		u.fuse.Hold(&u.stream)
	}
}

// keepBytes is the largest memory that is kept from call to call.
const keepBytes = 64 << 10

// tidy frees memory that unusual messages took.
func (u *client) tidy() {
	for _, kept := range []*[]byte{&u.body, &u.last, &u.in.in, &u.in.plain, &u.flow.replay} {
		if cap(*kept) > keepBytes {
			*kept = nil
		}
	}
}

// Idle gives memory back. The connection is looked at before its next use.
func (u *client) Idle() {
	u.rested = true
	u.line.rest()
	if u.work == nil || u.flow.open {
		return
	}
	if u.line.shared() {
		u.fuse.Release() // another user gets the stream
	}
	u.stream.Shrink()
	u.tidy()
	u.flow.client, u.flow.ctx, u.flow.begun, u.flows, u.request = nil, nil, nil, stream{}, h2.Request{}
	u.clients.works.Put(u.work)
	u.work = nil
}

// Close ends the user's own connection.
func (u *client) Close() error {
	u.fuse.Unwatch()
	u.Idle()
	u.fuse.Release()
	if u.line.shared() {
		return nil // Clients.Close closes shared ones
	}
	return u.line.close()
}
