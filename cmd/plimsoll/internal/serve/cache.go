package serve

import (
	"context"
	"errors"
	"sync"
	"time"
)

// cache keeps answers for Fresh. Who asks for one that is being made waits for it. Errors are kept by nobody.
type cache[T any] struct {
	most int
	now  func() time.Time

	mu   sync.Mutex // guards kept
	kept map[string]*entry[T]
}

// entry is an answer, or one in the making: value and err may be read when done is closed.
type entry[T any] struct {
	done  chan struct{}
	value T
	err   error
	until time.Time // zero while it is made
}

func newCache[T any](most int, now func() time.Time) *cache[T] {
	return &cache[T]{most: most, now: now, kept: map[string]*entry[T]{}}
}

// get returns the answer for a key. It is made by the first who asks, even if that one goes away meanwhile.
func (c *cache[T]) get(ctx context.Context, key string, produce func(context.Context) (T, error)) (T, error) {
	e, isMine := c.claim(key)
	if isMine {
		c.fill(context.WithoutCancel(ctx), key, e, produce)
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
	if e := c.kept[key]; e != nil && (e.until.IsZero() || now.Before(e.until)) {
		return e, false
	}
	if len(c.kept) >= c.most {
		c.drop(now)
	}
	e = &entry[T]{done: make(chan struct{})}
	c.kept[key] = e
	return e, true
}

// drop makes room: it removes what is not fresh, else any answer. Those in the making stay.
func (c *cache[T]) drop(now time.Time) {
	var other string
	for key, e := range c.kept {
		switch {
		case e.until.IsZero():
		case !now.Before(e.until):
			delete(c.kept, key)
		default:
			other = key
		}
	}
	if len(c.kept) >= c.most {
		delete(c.kept, other)
	}
}

// errPanicked is what others get if the one who makes an answer panics.
var errPanicked = errors.New("serve: making the answer panicked")

func (c *cache[T]) fill(ctx context.Context, key string, e *entry[T], produce func(context.Context) (T, error)) {
	defer c.settle(key, e)
	e.err = errPanicked
	e.value, e.err = produce(ctx)
}

func (c *cache[T]) settle(key string, e *entry[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.until = c.now().Add(Fresh)
	if e.err != nil && c.kept[key] == e {
		delete(c.kept, key)
	}
	close(e.done)
}
