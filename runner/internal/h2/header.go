package h2

import "strconv"

// header handles a HEADERS frame.
func (c *Conn) header(f frame, p []byte) error {
	pad := 0
	if f.flags&flagPadded != 0 {
		if len(p) == 0 {
			return broken(FrameSize, "a frame is too short")
		}
		pad, p = int(p[0]), p[1:]
	}
	if f.flags&flagPriority != 0 {
		if len(p) < 5 {
			return broken(FrameSize, "a frame is too short")
		}
		p = p[5:]
	}
	if pad > len(p) {
		return broken(ProtocolError, "the padding is longer than its frame")
	}
	p = p[:len(p)-pad]
	if f.flags&flagEndHeaders != 0 {
		return c.headerBlock(f, p)
	}
	c.block, c.blockOf = append(c.block[:0], p...), f
	return nil
}

// continuation handles a CONTINUATION frame.
func (c *Conn) continuation(f frame, p []byte) error {
	if len(c.block)+len(p) > MaxHeader {
		return Violation{EnhanceYourCalm, "the header is larger than 1 MiB"}
	}
	if c.block = append(c.block, p...); f.flags&flagEndHeaders == 0 {
		return nil
	}
	whole := c.blockOf
	c.blockOf = frame{}
	err := c.headerBlock(whole, c.block)
	if cap(c.block) > keepBytes {
		c.block = nil
	}
	return err
}

// headerBlock handles a whole header or trailer.
func (c *Conn) headerBlock(f frame, block []byte) error {
	s, err := c.find(f)
	if err != nil {
		return err
	}
	into := &c.ignored
	switch {
	case s == nil:
	case s.answered:
		into = &s.Trailer
	default:
		into = &s.Header
	}
	end := f.flags&flagEndStream != 0
	if s == nil || s.answered { // even if nobody waits: the table goes on
		into.reset()
		if err := c.decoder.decode(block, into); err != nil || s == nil {
			return err
		}
		if !end || s.ended || into.trailer() != nil {
			c.failStream(s, errMalformed)
			return nil
		}
		c.idle = 0
		c.finish(s)
		return nil
	}
	status, length, err := c.decoder.answer(block, into)
	if err != nil {
		return err
	}
	s.begun = true
	interim := status >= 100 && status < 200
	if s.interim++; !interim {
		s.interim = 0
	}
	switch {
	case status == 0 || interim && end:
		c.failStream(s, errMalformed)
	case s.interim > maxInterim:
		c.failStream(s, Violation{EnhanceYourCalm, "more than 100 interim answers came"})
	case interim:
	default:
		c.idle = 0
		s.Status, s.answered = status, true
		s.length = length
		if end {
			c.finish(s)
		} else if s.listens {
			s.wake()
		}
	}
	return nil
}

// contentLength is the value of Content-Length; -1 for none.
func contentLength(header *Fields) int64 {
	text, ok := header.Get("content-length")
	if !ok {
		return -1
	}
	n, err := strconv.ParseUint(string(text), 10, 62)
	if err != nil {
		return -2 // equal to no length
	}
	return int64(n)
}
