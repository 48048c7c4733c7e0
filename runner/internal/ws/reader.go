package ws

import (
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf8"
)

// MaxMessage bounds a message, in bytes.
const MaxMessage = 16 << 20

// Error says what is wrong with a server's frames. The same fault always has the same text.
type Error string

// Error is the sentence.
func (e Error) Error() string { return string(e) }

// The errors of frames.
const (
	ErrTooLarge  Error = "a message is larger than 16 MiB"
	errReserved  Error = "a frame has reserved bits set, as if an extension had been agreed on"
	errKind      Error = "a frame has an unknown opcode"
	errMasked    Error = "a frame of the server is masked"
	errLength    Error = "the length of a frame is not in its shortest form"
	errControl   Error = "a control frame is longer than 125 bytes, or in fragments"
	errContinues Error = "a fragment continues no message"
	errWithin    Error = "a message begins within another"
	errUTF8      Error = "a text message is not UTF-8"
	errClose     Error = "a close frame is malformed"
)

const (
	smallBytes = 1 << 10  // the buffer at first: there may be very many idle sockets
	fastBytes  = 16 << 10 // the buffer once much comes at once
)

// Reader takes messages out of what a server sends. The zero Reader is ready.
type Reader struct {
	buf   []byte
	r, w  int    // buf[r:w] has come and was not taken
	total int64  // bytes that have come
	ahead int    // how much of buf[r:w] Ahead has looked through
	kind  Kind   // of the message whose fragments come; 0 for none
	parts []byte // these fragments
}

// Message is a message, or a control frame. Its data are valid until the next call of a method.
type Message struct {
	Kind Kind
	Data []byte
	Seen bool // Ahead has returned it
}

// Feed adds bytes that came with the answer to the handshake.
func (r *Reader) Feed(b []byte) {
	r.buf = append(r.buf[:r.w], b...)
	r.w = len(r.buf)
	r.buf = r.buf[:cap(r.buf)]
	r.total += int64(len(b))
}

// Fill waits for more bytes, and reads them.
func (r *Reader) Fill(src io.Reader) error {
	r.makeRoom()
	for range 100 { // as in bufio
		n, err := src.Read(r.buf[r.w:])
		r.w, r.total = r.w+n, r.total+int64(n)
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// makeRoom makes room behind what has come. The buffer grows to fastBytes once a read has filled it, and
// further only for a frame that needs more.
func (r *Reader) makeRoom() {
	size, held := len(r.buf), r.buf[r.r:r.w]
	switch full := r.w == size; {
	case size == 0:
		size = smallBytes
	case full && size < fastBytes:
		size = min(4*size, fastBytes)
	case full && r.r == 0:
		size *= 2
	case !full && len(held) > 0 && r.r < size/2:
		return
	}
	if size != len(r.buf) {
		r.buf = make([]byte, size)
	}
	r.w = copy(r.buf, held)
	r.r = 0
}

// Came is how many bytes have come.
func (r *Reader) Came() int64 { return r.total }

// Taken is how many bytes belong to what Next has returned.
func (r *Reader) Taken() int64 { return r.total - int64(r.w-r.r) }

// Held is how many bytes have come that Next has not returned.
func (r *Reader) Held() int { return r.w - r.r + len(r.parts) }

// Reset forgets everything, for another connection.
func (r *Reader) Reset() {
	r.Shrink()
	*r = Reader{buf: r.buf, parts: r.parts[:0]}
}

// Shrink frees the memory that large messages needed, and the buffer if it is empty.
func (r *Reader) Shrink() {
	if r.r == r.w && len(r.buf) > smallBytes {
		r.buf, r.r, r.w = nil, 0, 0
	}
	if r.kind == 0 && cap(r.parts) > smallBytes {
		r.parts = nil
	}
}

// frame is one frame within buf.
type frame struct {
	kind  Kind
	final bool
	data  []byte
	size  int // with its header
}

// at reads the frame that begins behind skip bytes of buf[r:w]. whole is false if more must come.
func (r *Reader) at(skip int) (f frame, whole bool, err error) {
	b := r.buf[r.r+skip : r.w]
	if len(b) < 2 {
		return f, false, nil
	}
	f.kind, f.final = Kind(b[0]&0x0f), b[0]&0x80 != 0
	length, head := uint64(b[1]&0x7f), 2
	switch {
	case b[0]&0x70 != 0:
		return f, false, errReserved
	case f.kind > Binary && f.kind < Close || f.kind > Pong:
		return f, false, errKind
	case b[1]&0x80 != 0:
		return f, false, errMasked
	case f.kind.control() && (length > maxControl || !f.final):
		return f, false, errControl
	case length == 126:
		if head = 4; len(b) < head {
			return f, false, nil
		}
		if length = uint64(binary.BigEndian.Uint16(b[2:])); length < 126 {
			return f, false, errLength
		}
	case length == 127:
		if head = 10; len(b) < head {
			return f, false, nil
		}
		if length = binary.BigEndian.Uint64(b[2:]); length <= 0xffff {
			return f, false, errLength
		}
	}
	if length > MaxMessage {
		return f, false, ErrTooLarge
	}
	f.size = head + int(length)
	if len(b) < f.size {
		return f, false, nil
	}
	f.data = b[head:f.size]
	return f, true, nil
}

// Next takes the next message or control frame. ok is false if more must come: call Fill. It leaves out
// pings and pongs that Ahead has returned.
func (r *Reader) Next() (m Message, ok bool, err error) {
	for {
		f, whole, err := r.at(0)
		if !whole {
			return Message{}, false, err
		}
		seen := r.ahead >= f.size
		r.r, r.ahead = r.r+f.size, max(r.ahead-f.size, 0)
		switch {
		case f.kind.control():
			if seen && f.kind != Close {
				continue
			}
			return Message{Kind: f.kind, Data: f.data}, true, checkClose(f)
		case f.kind == continuation && r.kind == 0:
			return Message{}, false, errContinues
		case f.kind != continuation && r.kind != 0:
			return Message{}, false, errWithin
		case f.final && r.kind == 0:
			return check(Message{f.kind, f.data, seen})
		case r.kind == 0:
			r.kind, r.parts = f.kind, r.parts[:0]
		}
		if len(r.parts)+len(f.data) > MaxMessage {
			return Message{}, false, ErrTooLarge
		}
		if r.parts = append(r.parts, f.data...); f.final {
			m := Message{Kind: r.kind, Data: r.parts}
			r.kind, r.parts = 0, r.parts[:0]
			return check(m)
		}
	}
}

// Ahead looks through the bytes without taking them, and returns the next ping, pong or message of one frame. It
// leaves close frames and errors to Next.
func (r *Reader) Ahead() (m Message, ok bool) {
	for {
		f, whole, err := r.at(r.ahead)
		if !whole || err != nil {
			return Message{}, false
		}
		if r.ahead += f.size; f.final && f.kind != Close && f.kind != continuation {
			return Message{Kind: f.kind, Data: f.data}, true
		}
	}
}

// Drop passes over the messages that have come whole, up to a close frame, which stays for Next. ping is the
// content of the last ping among them, nil for none; it is valid until the next call of a method.
func (r *Reader) Drop() (ping []byte) {
	for {
		m, ok, err := r.Next()
		switch {
		case err != nil || !ok:
			return ping
		case m.Kind == Ping:
			ping = m.Data
		case m.Kind == Close:
			r.r -= controlHead + len(m.Data)
			return ping
		}
	}
}

// controlHead is how long the header of a control frame of a server is.
const controlHead = 2

// check refuses a text that is not UTF-8 (section 8.1).
func check(m Message) (Message, bool, error) {
	if m.Kind == Text && !utf8.Valid(m.Data) {
		return Message{}, false, errUTF8
	}
	return m, true, nil
}

// checkClose refuses a close frame that breaks section 5.5.1.
func checkClose(f frame) error {
	if f.kind != Close || len(f.data) == 0 {
		return nil
	}
	switch code, reason := Reason(f.data); {
	case len(f.data) == 1 || !utf8.ValidString(reason):
		return errClose
	case !mayBeSent(code):
		return Error(fmt.Sprintf("the server closed with the code %d, which no close frame may have", code))
	}
	return nil
}

// NoCode stands for the code of a close frame that has none (section 7.1.5).
const NoCode = 1005

// Reason is the code and the reason in the data of a close frame.
func Reason(data []byte) (code int, reason string) {
	switch len(data) {
	case 0:
		return NoCode, ""
	case 1:
		return 0, ""
	}
	return int(binary.BigEndian.Uint16(data)), string(data[2:])
}

// mayBeSent reports whether a close frame may hold a code (section 7.4, and IANA's registry).
func mayBeSent(code int) bool {
	switch {
	case code >= 3000 && code <= 4999:
		return true
	case code >= 1000 && code <= 1014:
		return code != 1004 && code != NoCode && code != 1006
	}
	return false
}
