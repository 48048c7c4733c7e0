package serve

import (
	"context"
	"errors"
	"sync"
	"time"
)

// keepable is what a cache keeps.
type keepable interface {
	size() int       // in bytes, about
	read() time.Time // when reading for it began
}

// cache keeps answers until Fresh after they were read, as far as they fit into a number of bytes. Whoever asks for an answer that is being made
// waits for it. No error is kept.
type cache[T keepable] struct {
	most int // bytes
	now  func() time.Time

	mu    sync.Mutex // guards the fields below
	kept  map[string]*entry[T]
	order []*entry[T] // those that are made, the oldest first
	bytes int         // of those in order
}

// entry is an answer, or one in the making: value and err may be read when done is closed.
type entry[T keepable] struct {
	key   string
	done  chan struct{}
	value T
	err   error
	until time.Time // zero while it is made
	bytes int
}

// entryBytes is about what an entry takes beside its key and its value.
const entryBytes = 512

func newCache[T keepable](most int, now func() time.Time) *cache[T] {
	return &cache[T]{most: most, now: now, kept: map[string]*entry[T]{}}
}

// get returns the answer for a key. It is made by the first who asks, even if that one goes away meanwhile.
func (c *cache[T]) get(ctx context.Context, key string, produce func(context.Context) (T, error)) (T, error) {
	e, isMine := c.claim(key)
	if isMine {
		c.fill(context.WithoutCancel(ctx), e, produce)
	}
	select {
	case <-e.done:
		return e.value, e.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// claim finds the entry of a key. isMine says that the caller has to make its answer.
func (c *cache[T]) claim(key string) (e *entry[T], isMine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	c.drop(func(oldest *entry[T]) bool { return !now.Before(oldest.until) })
	if e := c.kept[key]; e != nil && (e.until.IsZero() || now.Before(e.until)) {
		return e, false
	}
	e = &entry[T]{key: key, done: make(chan struct{})}
	c.kept[key] = e
	return e, true
}

// drop removes the oldest answer, as long as a function says so.
func (c *cache[T]) drop(goes func(oldest *entry[T]) bool) {
	for len(c.order) > 0 && goes(c.order[0]) {
		e := c.order[0]
		c.order[0] = nil
		c.order = c.order[1:]
		c.bytes -= e.bytes
		c.forget(e)
	}
}

// forget makes sure that nobody finds an entry.
func (c *cache[T]) forget(e *entry[T]) {
	if c.kept[e.key] == e {
		delete(c.kept, e.key)
	}
}

// errPanicked is what others get if the one who makes an answer panics.
var errPanicked = errors.New("serve: making the answer panicked")

func (c *cache[T]) fill(ctx context.Context, e *entry[T], produce func(context.Context) (T, error)) {
	defer c.settle(e)
	e.err = errPanicked
	e.value, e.err = produce(ctx)
}

// settle keeps an answer that is made, in the room of older ones. One that has no room is given to those who wait for it.
func (c *cache[T]) settle(e *entry[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(e.done)
	e.until = e.value.read().Add(Fresh)
	if e.err != nil {
		c.forget(e)
		return
	}
	e.bytes = entryBytes + len(e.key) + e.value.size()
	if e.bytes > c.most {
		c.forget(e)
		return
	}
	c.drop(func(*entry[T]) bool { return c.bytes+e.bytes > c.most })
	c.order, c.bytes = append(c.order, e), c.bytes+e.bytes
}
