package wire

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// past is a deadline that ends a wait at once.
var past = time.Unix(1, 0)

// Waited is anything that a user waits for, such as a connection or a stream on one. A deadline in the past
// ends the wait.
type Waited interface{ SetDeadline(t time.Time) error }

// Fuse cuts off a user's waits when the context of its calls ends. The zero Fuse watches no context.
type Fuse struct {
	ended atomic.Bool // equals blown, to be read without the lock

	mu    sync.Mutex // guards the fields below
	blown bool
	held  Waited          // what the user waits for; nil for nothing
	done  <-chan struct{} // of the context that is watched; nil for none
	stop  func() bool     // ends the watch
}

// Watch makes the fuse blow when ctx ends. Every call names its context here; the same one again
// costs nothing. The user must not be waiting while the context changes.
func (f *Fuse) Watch(ctx context.Context) {
	if done := ctx.Done(); done != f.done {
		f.Unwatch()
		f.watch(ctx, done)
	}
}

func (f *Fuse) watch(ctx context.Context, done <-chan struct{}) {
	f.mu.Lock()
	f.done, f.blown = done, false
	f.ended.Store(false)
	f.mu.Unlock()
	if done != nil {
		f.stop = context.AfterFunc(ctx, func() { f.blow(done) })
	}
}

// Unwatch ends the watch.
func (f *Fuse) Unwatch() {
	if f.stop != nil {
		f.stop()
		f.stop = nil
	}
	f.mu.Lock()
	f.done = nil
	f.mu.Unlock()
}

// Blown reports whether the context has ended.
func (f *Fuse) Blown() bool { return f.ended.Load() }

// Release says that the user waits for nothing.
func (f *Fuse) Release() { f.Hold(nil) }

// blow puts the present and every later deadline in the past, unless another context is watched
// by now.
func (f *Fuse) blow(done <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done != done {
		return
	}
	f.blown = true
	f.ended.Store(true)
	if f.held != nil {
		f.held.SetDeadline(past) //nolint:errcheck // a closed connection is cut off already
	}
}

// Hold names what the user waits for from now on; nil for nothing.
func (f *Fuse) Hold(c Waited) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held = c
	if f.blown && c != nil {
		c.SetDeadline(past) //nolint:errcheck // a closed connection is cut off already
	}
}

// setDeadline sets a deadline unless the fuse has blown, and reports whether it has not.
func (f *Fuse) setDeadline(c net.Conn, t time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.blown && c.SetDeadline(t) == nil
}
