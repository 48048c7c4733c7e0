package h2

import "encoding/binary"

// reset handles a RST_STREAM frame.
func (c *Conn) reset(f frame, p []byte) error {
	if len(p) != 4 {
		return broken(FrameSize, "a frame has the wrong size")
	}
	if f.stream != 0 && f.stream < c.next && f.stream&1 == 1 && c.streams.find(f.stream) == nil {
		return nil // it crossed our own end of the stream
	}
	s, err := c.find(f)
	if err != nil {
		return err
	}
	c.remove(s)
	if s.ended { // RFC 9113, section 8.1: the answer is whole, and the rest of the request is not wanted
		s.sent = true
		s.wake()
		return nil
	}
	s.end(Reset{Code(binary.BigEndian.Uint32(p))})
	return nil
}

// settings handles a SETTINGS frame.
func (c *Conn) settings(f frame, p []byte) error {
	switch {
	case f.stream != 0:
		return broken(ProtocolError, "a frame belongs to no stream")
	case f.flags&flagAck != 0 && len(p) == 0:
		return nil
	case f.flags&flagAck != 0 || len(p)%6 != 0:
		return broken(FrameSize, "a frame has the wrong size")
	}
	if !c.hello {
		c.hello = true
		c.peer.streams = maxID
	}
	for ; len(p) > 0; p = p[6:] {
		if err := c.setting(binary.BigEndian.Uint16(p), binary.BigEndian.Uint32(p[2:])); err != nil {
			return err
		}
	}
	c.out = appendFrame(c.out, frame{kind: frameSettings, flags: flagAck})
	c.admit()
	c.wakeSenders()
	return c.fullOut()
}

func (c *Conn) setting(id uint16, value uint32) error {
	switch id {
	case settingTable:
		c.encoder.limit(value)
	case settingPush:
		if value > 1 {
			return broken(ProtocolError, "a setting has an invalid value")
		}
	case settingStreams:
		c.peer.streams = value
	case settingWindow:
		if value > maxWindow {
			return broken(FlowControl, "a setting has an invalid value")
		}
		change := int64(value) - c.peer.window
		for _, s := range c.streams.all {
			if s.window += change; s.window > maxWindow {
				return broken(FlowControl, "a window is larger than 2^31-1")
			}
		}
		c.peer.window = int64(value)
	case settingFrame:
		if value < 1<<14 || value >= 1<<24 {
			return broken(ProtocolError, "a setting has an invalid value")
		}
		c.peer.frame = int(value)
	}
	return nil
}

// ping answers a PING frame.
func (c *Conn) ping(f frame, p []byte) error {
	switch {
	case f.stream != 0:
		return broken(ProtocolError, "a frame belongs to no stream")
	case len(p) != 8:
		return broken(FrameSize, "a frame has the wrong size")
	case f.flags&flagAck != 0:
		return nil
	}
	c.out = append(appendFrame(c.out, frame{length: 8, kind: framePing, flags: flagAck}), p...)
	return c.fullOut()
}

// fullOut fails once too much waits for a server that reads nothing.
func (c *Conn) fullOut() error {
	if len(c.out) > maxUnsent {
		return Violation{EnhanceYourCalm, "the server asks for answers and reads none"}
	}
	return nil
}

// goaway handles a GOAWAY frame. A server may send several, each with a lower last stream.
func (c *Conn) goaway(f frame, p []byte) error {
	switch {
	case f.stream != 0:
		return broken(ProtocolError, "a frame belongs to no stream")
	case len(p) < 8:
		return broken(FrameSize, "a frame has the wrong size")
	}
	last := binary.BigEndian.Uint32(p) & maxID
	c.away, c.code = true, Code(binary.BigEndian.Uint32(p[4:]))
	for i := len(c.streams.all) - 1; i >= 0 && c.streams.ids[i] > last; i-- {
		s := c.streams.all[i]
		c.remove(s)
		s.end(Goaway{c.code})
	}
	c.dismiss()
	return nil
}

// windowUpdate handles a WINDOW_UPDATE frame.
func (c *Conn) windowUpdate(f frame, p []byte) error {
	if len(p) != 4 {
		return broken(FrameSize, "a frame has the wrong size")
	}
	more := int64(binary.BigEndian.Uint32(p) & maxWindow)
	if f.stream == 0 {
		switch c.window += more; {
		case more == 0:
			return broken(ProtocolError, "a window grows by nothing")
		case c.window > maxWindow:
			return broken(FlowControl, "a window is larger than 2^31-1")
		}
		c.wakeSenders()
		return nil
	}
	s := c.streams.find(f.stream)
	switch {
	case s == nil && f.stream&1 == 1 && f.stream < c.next: // it crossed the end of the stream
	case s == nil:
		return broken(ProtocolError, "a frame belongs to no stream")
	case more == 0:
		c.failStream(s, broken(ProtocolError, "a window grows by nothing"))
	case s.window+more > maxWindow:
		c.failStream(s, broken(FlowControl, "a window is larger than 2^31-1"))
	default:
		s.window += more
		if s.sends {
			s.wake()
		}
	}
	return nil
}
