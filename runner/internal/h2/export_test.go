package h2

// Skip makes id that of the next stream.
func (c *Conn) Skip(id uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = id
}

// Unused reports whether no stream is under way.
func (c *Conn) Unused() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.streams.all) == 0 && c.places == 0 && len(c.queue) == 0
}
