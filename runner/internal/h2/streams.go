package h2

import (
	"errors"
	"slices"
)

// streams are those under way, by id. Ids only grow, so the newest is the last.
type streams struct {
	ids []uint32
	all []*Stream
}

func (t *streams) add(s *Stream) {
	t.ids, t.all = append(t.ids, s.id), append(t.all, s)
}

// find returns the stream with an id; nil if it is not under way.
func (t *streams) find(id uint32) *Stream {
	if i, ok := slices.BinarySearch(t.ids, id); ok {
		return t.all[i]
	}
	return nil
}

// remove forgets a stream and reports whether it was there.
func (t *streams) remove(s *Stream) bool {
	i, ok := slices.BinarySearch(t.ids, s.id)
	if !ok || t.all[i] != s {
		return false
	}
	t.ids = slices.Delete(t.ids, i, i+1)
	t.all = slices.Delete(t.all, i, i+1)
	return true
}

func (t *streams) clear() {
	clear(t.all)
	t.ids, t.all = t.ids[:0], t.all[:0]
}

// failStream resets a stream that the server broke.
func (c *Conn) failStream(s *Stream, err error) {
	code := Cancel
	var fault Violation
	if errors.As(err, &fault) {
		code = fault.Code
	}
	c.resetStream(s, code)
	s.end(err)
}

// resetStream tells the server that a stream has ended.
func (c *Conn) resetStream(s *Stream, code Code) {
	if c.remove(s) {
		c.out = appendWord(c.out, frameReset, s.id, uint32(code))
		c.stray += s.limit + strayExtra
	}
}

// strayExtra is how many bytes may still come for a cancelled stream beyond its window: a header and other frames.
const strayExtra = 64 << 10

// remove forgets a stream, and lets another one begin.
func (c *Conn) remove(s *Stream) bool {
	if !c.streams.remove(s) {
		return false
	}
	if c.data.stream == s {
		c.data.stream = nil
	}
	c.admit()
	c.closeRetired()
	return true
}

// admit gives free places to those who wait longest.
func (c *Conn) admit() {
	for len(c.queue) > 0 && c.hasPlace() {
		s := c.queue[0]
		c.queue = c.queue[:copy(c.queue, c.queue[1:])]
		c.places++
		s.placed = true
		s.wake()
	}
}

// wakeSenders wakes those who wait for a window of the connection, or for its output to become shorter.
func (c *Conn) wakeSenders() {
	for _, s := range c.streams.all {
		if s.sends {
			s.wake()
		}
	}
}
