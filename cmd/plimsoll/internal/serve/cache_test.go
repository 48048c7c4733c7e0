package serve

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// text is an answer of some bytes.
type text struct {
	bytes int
	asOf  time.Time
}

func (t text) size() int       { return t.bytes }
func (t text) read() time.Time { return t.asOf }

// ask asks a cache, and says whether the answer was made for it.
func ask(t *testing.T, c *cache[text], key string, bytes int) (isMade bool) {
	t.Helper()
	_, err := c.get(t.Context(), key, func(context.Context) (text, error) {
		isMade = true
		return text{bytes, c.now()}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return isMade
}

// The cache stays within its size however many different answers it makes. It keeps the newest.
func TestCacheHoldsItsBytes(t *testing.T) {
	now := time.Unix(0, 0)
	const most = 100_000
	c := newCache[text](most, func() time.Time { return now })
	for i := range 1_000 {
		ask(t, c, fmt.Sprint(i), 1_000)
		if c.bytes > most || len(c.kept) != len(c.order) {
			t.Fatalf("after %d answers: %d bytes in %d answers, %d of them in order", i, c.bytes, len(c.kept), len(c.order))
		}
	}
	if n := len(c.kept); n < 50 || n > 100 {
		t.Errorf("%d answers are kept", n)
	}
	if ask(t, c, "999", 1_000) || !ask(t, c, "0", 1_000) {
		t.Error("the newest is gone, or the oldest is kept")
	}
	for range 2 { // it is made both times
		if !ask(t, c, "huge", 2*most) || c.bytes > most {
			t.Errorf("one that does not fit is kept: %d bytes", c.bytes)
		}
	}
	if _, err := c.get(t.Context(), "wrong", func(context.Context) (text, error) { return text{}, errors.New("refused") }); err == nil || c.kept["wrong"] != nil {
		t.Errorf("an error is kept: %v", err)
	}
}

// Any request removes answers that are no longer fresh.
func TestCacheDropsWhatIsOld(t *testing.T) {
	now := time.Unix(0, 0)
	c := newCache[text](100_000, func() time.Time { return now })
	for i := range 20 {
		ask(t, c, fmt.Sprint(i), 1_000)
	}
	now = now.Add(Fresh)
	if !ask(t, c, "other", 10) || len(c.kept) != 1 || c.bytes > 1_000 {
		t.Errorf("%d answers are kept, of %d bytes", len(c.kept), c.bytes)
	}
}
