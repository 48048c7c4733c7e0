// Package ws frames the messages of a WebSocket for a client, as RFC 6455 says.
//
// Seal makes a frame around a message, in place. A Reader takes messages and control frames out of the
// bytes that the server sent, in whatever pieces they came. A read that a deadline interrupts
// continues with the next Fill. A message that came in one frame is not copied. Anything that the RFC
// forbids is an Error, and so is a message past MaxMessage. Memory grows with the bytes that came, not
// with an announced length.
//
// The caller answers pings and closes, and does the handshake (Key, Accept). No extension is read:
// permessage-deflate is never offered. Not safe for concurrent use.
package ws

import (
	"crypto/sha1" //nolint:gosec // the RFC asks for it
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// Kind says what a frame is: its opcode (section 5.2).
type Kind byte

// The kinds of messages and of control frames.
const (
	continuation Kind = 0
	Text         Kind = 1
	Binary       Kind = 2
	Close        Kind = 8
	Ping         Kind = 9
	Pong         Kind = 10
)

// control reports whether a frame of this kind may come within a message.
func (k Kind) control() bool { return k&8 != 0 }

// Room is how many bytes a message needs in front of it to become a frame.
const Room = 14

// maxControl is how long the content of a control frame may be (section 5.5).
const maxControl = 125

// Seal makes a frame of the message that stands in b behind Room bytes. It masks the message in place
// with a random key. The frame is the end of b.
func Seal(b []byte, kind Kind) []byte {
	message, at := b[Room:], Room-4
	key := rand.Uint32()
	binary.LittleEndian.PutUint32(b[at:], key)
	mask(message, key)
	const masked = 0x80
	switch n := len(message); {
	case n <= maxControl:
		at--
		b[at] = masked | byte(n)
	case n <= 0xffff:
		at -= 3
		b[at] = masked | 126
		binary.BigEndian.PutUint16(b[at+1:], uint16(n))
	default:
		at -= 9
		b[at] = masked | 127
		binary.BigEndian.PutUint64(b[at+1:], uint64(n))
	}
	at--
	b[at] = 0x80 | byte(kind)
	return b[at:]
}

// mask applies the key (section 5.3), 8 bytes at a time.
func mask(b []byte, key uint32) {
	wide := uint64(key)<<32 | uint64(key)
	for len(b) >= 32 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
		binary.LittleEndian.PutUint64(b[8:], binary.LittleEndian.Uint64(b[8:])^wide)
		binary.LittleEndian.PutUint64(b[16:], binary.LittleEndian.Uint64(b[16:])^wide)
		binary.LittleEndian.PutUint64(b[24:], binary.LittleEndian.Uint64(b[24:])^wide)
		b = b[32:]
	}
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(key)
		key = bits.RotateLeft32(key, -8)
	}
}

// Key is a new value of Sec-WebSocket-Key (section 4.1).
func Key() string {
	var nonce [16]byte
	binary.LittleEndian.PutUint64(nonce[:], rand.Uint64())
	binary.LittleEndian.PutUint64(nonce[8:], rand.Uint64())
	return base64.StdEncoding.EncodeToString(nonce[:])
}

// Accept is the value of Sec-WebSocket-Accept that answers a key (section 4.2.2).
func Accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // the RFC asks for it
	return base64.StdEncoding.EncodeToString(sum[:])
}

// AppendClose adds the content of a close frame.
func AppendClose(dst []byte, code int) []byte {
	return binary.BigEndian.AppendUint16(dst, uint16(code))
}
