package h2

import (
	"encoding/binary"
	"strconv"
)

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
		if f.kind == frameData { // its payload need not be there
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

// fits checks what may come now.
func (c *Conn) fits(f frame) error {
	switch {
	case !c.hello && (f.kind != frameSettings || f.flags&flagAck != 0):
		return Violation{ProtocolError, notHTTP2}
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

const notHTTP2 = "the server does not speak HTTP/2"

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

// contentLength is what Content-Length says; -1 if it says nothing.
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

// finish ends the server's half of a stream.
func (c *Conn) finish(s *Stream) {
	if s.length != -1 && s.length != s.Received && !s.bodyless && s.Status != 204 && s.Status != 304 {
		c.failStream(s, broken(ProtocolError, "the body is not as long as its Content-Length"))
		return
	}
	s.ended = true
	if s.sent {
		c.remove(s)
	}
	s.wake()
}

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

// failStream resets a stream that the server broke.
func (c *Conn) failStream(s *Stream, err error) {
	code := Cancel
	if fault, ok := err.(Violation); ok {
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

// strayExtra is what may come for a stream that was given up beside its window: a header and other frames.
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
