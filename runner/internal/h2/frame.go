package h2

import "encoding/binary"

// The frame types of RFC 9113, section 6.
const (
	frameData = iota
	frameHeaders
	framePriority
	frameReset
	frameSettings
	framePush
	framePing
	frameGoaway
	frameWindow
	frameContinuation
)

// The flags of frames. A SETTINGS and a PING use the first as ACK.
const (
	flagEndStream  = 0x1
	flagAck        = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

// The settings of RFC 9113, section 6.5.2.
const (
	settingTable      = 1
	settingPush       = 2
	settingStreams    = 3
	settingWindow     = 4
	settingFrame      = 5
	settingHeaderList = 6
)

const (
	preface        = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	frameHeadBytes = 9
	maxWindow      = 1<<31 - 1
	maxID          = 1<<31 - 1

	// The settings of a peer at first (RFC 9113, section 6.5.2).
	initialWindow = 1<<16 - 1
	initialFrame  = 1 << 14
	initialTable  = 4096
)

// frame is the head of a frame.
type frame struct {
	length int
	kind   byte
	flags  byte
	stream uint32
}

// parseFrame reads the 9 bytes of a frame's head.
func parseFrame(p []byte) frame {
	return frame{
		length: int(p[0])<<16 | int(p[1])<<8 | int(p[2]),
		kind:   p[3], flags: p[4],
		stream: binary.BigEndian.Uint32(p[5:]) & maxID,
	}
}

// appendFrame adds the head of a frame.
func appendFrame(dst []byte, f frame) []byte {
	dst = append(dst, byte(f.length>>16), byte(f.length>>8), byte(f.length), f.kind, f.flags)
	return binary.BigEndian.AppendUint32(dst, f.stream)
}

// appendWord adds a frame whose payload is one number of 32 bits.
func appendWord(dst []byte, kind byte, stream, word uint32) []byte {
	dst = appendFrame(dst, frame{length: 4, kind: kind, stream: stream})
	return binary.BigEndian.AppendUint32(dst, word)
}

// appendHello adds what a client begins a connection with: the preface, its settings, and a window of
// the connection that a server never fills (RFC 9113, section 3.4).
func appendHello(dst []byte) []byte {
	dst = append(dst, preface...)
	settings := [...]struct {
		id    uint16
		value uint32
	}{{settingPush, 0}, {settingWindow, streamWindow}, {settingHeaderList, MaxHeader}}
	dst = appendFrame(dst, frame{length: 6 * len(settings), kind: frameSettings})
	for _, s := range settings {
		dst = binary.BigEndian.AppendUint16(dst, s.id)
		dst = binary.BigEndian.AppendUint32(dst, s.value)
	}
	return appendWord(dst, frameWindow, 0, connWindow-initialWindow)
}

// appendGoaway adds a GOAWAY with no explanation.
func appendGoaway(dst []byte, code Code) []byte {
	dst = appendFrame(dst, frame{length: 8, kind: frameGoaway})
	dst = binary.BigEndian.AppendUint32(dst, 0) // a server begins no streams, so none was processed
	return binary.BigEndian.AppendUint32(dst, uint32(code))
}
