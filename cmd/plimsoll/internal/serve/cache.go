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

// cache keeps each answer until Fresh after its data was read, up to a total size. Requests for an answer that is in the
// making wait for it. Errors are not kept.
type cache[T keepable] struct {
	most int // bytes
	now  func() time.Time

	mu    sync.Mutex // guards the fields below
	kept  map[string]*entry[T]
	order []*entry[T] // finished entries, the oldest first
	bytes int         // total of order
}

// entry is an answer, finished or in the making. Read value and err only once done is closed.
type entry[T keepable] struct {
	key   string
	done  chan struct{}
	value T
	err   error
	until time.Time // zero while in the making
	bytes int
}

// entryBytes is roughly the size of an entry without its key and value.
const entryBytes = 512

func newCache[T keepable](most int, now func() time.Time) *cache[T] {
	return &cache[T]{most: most, now: now, kept: map[string]*entry[T]{}}
}

// get returns the answer for a key. The first request makes it, and finishes even if its client disconnects.
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

// claim returns the entry of a key. If isMine, the caller must make the answer.
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

// drop removes the oldest answers while goes returns true.
func (c *cache[T]) drop(goes func(oldest *entry[T]) bool) {
	for len(c.order) > 0 && goes(c.order[0]) {
		e := c.order[0]
		c.order[0] = nil
		c.order = c.order[1:]
		c.bytes -= e.bytes
		c.forget(e)
	}
}

// forget removes an entry from the map, unless a newer one has replaced it.
func (c *cache[T]) forget(e *entry[T]) {
	if c.kept[e.key] == e {
		delete(c.kept, e.key)
	}
}

// errPanicked is the error of waiting requests when the one that makes the answer panics.
var errPanicked = errors.New("serve: making the answer panicked")

func (c *cache[T]) fill(ctx context.Context, e *entry[T], produce func(context.Context) (T, error)) {
	defer c.settle(e)
	e.err = errPanicked
	e.value, e.err = produce(ctx)
}

// settle keeps a finished answer and drops older ones to make room. An answer that is too large goes only to the requests
// that wait for it.
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
