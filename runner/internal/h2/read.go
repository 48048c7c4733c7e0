package h2

// inData is a DATA frame whose payload is coming.
type inData struct {
	stream    *Stream // nil if nobody waits for it any more
	left, pad int
	open, end bool
}

// handle handles what has been read. The caller holds c.mu.
func (c *Conn) handle() error {
	for c.err == nil {
		if c.data.open {
			if !c.takeData() {
				return nil
			}
			continue
		}
		have := c.in[c.r:c.w]
		if len(have) < frameHeadBytes {
			return nil
		}
		f := parseFrame(have)
		if err := c.fits(f); err != nil {
			return err
		}
		need := frameHeadBytes + f.length
		if f.kind == frameData { // its payload may still be coming
			need = frameHeadBytes + min(1, f.length)
		}
		if len(have) < need {
			return nil
		}
		var err error
		if f.kind == frameData {
			c.r += frameHeadBytes
			err = c.beginData(f)
		} else {
			c.r += need
			err = c.frame(f, have[frameHeadBytes:need])
		}
		if err != nil {
			return err
		}
	}
	return c.err
}

// fits refuses a frame that must not come now.
func (c *Conn) fits(f frame) error {
	if !c.hello {
		if err := Greeting(c.in[c.r:c.w]); err != nil {
			return err
		}
	}
	switch {
	case f.length > maxFrame:
		return broken(FrameSize, "a frame is larger than it may be")
	case c.blockOf.stream != 0 && (f.kind != frameContinuation || f.stream != c.blockOf.stream):
		return broken(ProtocolError, "a frame came within a header")
	case f.kind == frameContinuation && c.blockOf.stream == 0:
		return broken(ProtocolError, "a header goes on that never began")
	}
	if c.idle++; c.idle > maxIdle {
		return Violation{EnhanceYourCalm, "the server sent 10,000 frames in a row that carry nothing"}
	}
	return nil
}

// frame handles any frame but DATA.
func (c *Conn) frame(f frame, p []byte) error {
	switch f.kind {
	case frameHeaders:
		return c.header(f, p)
	case frameContinuation:
		return c.continuation(f, p)
	case frameReset:
		return c.reset(f, p)
	case frameSettings:
		return c.settings(f, p)
	case framePing:
		return c.ping(f, p)
	case frameGoaway:
		return c.goaway(f, p)
	case frameWindow:
		return c.windowUpdate(f, p)
	case framePriority:
		switch {
		case f.stream == 0:
			return broken(ProtocolError, "a frame belongs to no stream")
		case len(p) != 5:
			return broken(FrameSize, "a frame has the wrong size")
		}
	case framePush:
		return broken(ProtocolError, "the server pushes, which was switched off")
	}
	return nil // frames of later versions are ignored
}

// beginData begins a DATA frame, whose first byte is there if it has one.
func (c *Conn) beginData(f frame) error {
	d := inData{left: f.length, open: true, end: f.flags&flagEndStream != 0}
	if f.flags&flagPadded != 0 {
		if f.length == 0 || int(c.in[c.r]) >= f.length {
			return broken(ProtocolError, "the padding is longer than its frame")
		}
		d.pad = int(c.in[c.r])
		d.left -= 1 + d.pad
		c.r++
	}
	s, err := c.find(f)
	if err != nil {
		return err
	}
	if c.taken += int64(f.length); c.taken > connWindow {
		return broken(FlowControl, "the server sent more than the connection's window")
	}
	if c.taken >= connWindow/2 {
		c.out = appendWord(c.out, frameWindow, 0, uint32(c.taken))
		c.taken = 0
	}
	if s != nil {
		switch {
		case s.ended || !s.answered:
			c.failStream(s, broken(ProtocolError, "a body came before its header"))
			s = nil
		case d.left > 0 && s.withoutBody():
			c.failStream(s, broken(ProtocolError, "a body came with an answer that has none"))
			s = nil
		case !s.spend(f.length, d.left):
			c.failStream(s, broken(FlowControl, "the server sent more than the stream's window"))
			s = nil
		}
	}
	if d.left > 0 {
		c.idle = 0
	}
	d.stream = s
	c.data = d
	return nil
}

// takeData takes the next bytes of a DATA frame, and reports whether it is whole.
func (c *Conn) takeData() bool {
	d := &c.data
	n := min(d.left, c.w-c.r)
	if n > 0 && d.stream != nil {
		d.stream.take(c.in[c.r : c.r+n])
	}
	c.r += n
	if d.left -= n; d.left > 0 {
		return false
	}
	n = min(d.pad, c.w-c.r)
	c.r += n
	if d.pad -= n; d.pad > 0 {
		return false
	}
	d.open = false
	if s := d.stream; s != nil {
		if d.stream = nil; d.end {
			c.finish(s)
		}
	}
	return true
}

// find returns the stream of a frame; nil for one that was given up, whose frames may still come for a while.
func (c *Conn) find(f frame) (*Stream, error) {
	if s := c.streams.find(f.stream); s != nil {
		return s, nil
	}
	if f.stream == 0 || f.stream&1 == 0 || f.stream >= c.next {
		return nil, broken(ProtocolError, "a frame belongs to no stream")
	}
	if c.stray -= int64(f.length) + frameHeadBytes; c.stray < 0 {
		return nil, broken(StreamClosed, "a frame came for a stream that had ended")
	}
	return nil, nil
}

// withoutBody reports whether the answer has no content, whatever its Content-Length says (RFC 9110 6.4.1).
func (s *Stream) withoutBody() bool { return s.bodyless || s.Status == 204 || s.Status == 304 }

// finish ends the server's half of a stream.
func (c *Conn) finish(s *Stream) {
	if s.length != -1 && s.length != s.Received && !s.withoutBody() {
		c.failStream(s, broken(ProtocolError, "the body is not as long as its Content-Length"))
		return
	}
	s.ended = true
	if s.sent {
		c.remove(s)
	}
	s.wake()
}
