package h2

// Skip makes id that of the next stream.
func (c *Conn) Skip(id uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = id
}
