package grpc_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// raw is one connection of a server that writes whatever frames a test wants.
type raw struct {
	*http2.Framer
	conn net.Conn
	nth  int // of the requests of all connections, from 0
}

// rawServer answers each request by answer, once the request has ended.
func rawServer(t *testing.T, settings []http2.Setting, answer func(r *raw, stream uint32)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	requests := make(chan int, 1)
	requests <- 0
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
					return
				}
				r := &raw{Framer: http2.NewFramer(c, c), conn: c}
				if r.WriteSettings(settings...) != nil || r.WriteWindowUpdate(0, 1<<20) != nil {
					return
				}
				for {
					f, err := r.ReadFrame()
					if err != nil {
						return
					}
					switch f := f.(type) {
					case *http2.SettingsFrame:
						if !f.IsAck() {
							r.WriteSettingsAck()
						}
					case *http2.HeadersFrame:
						if f.StreamEnded() {
							r.count(requests)
							answer(r, f.StreamID)
						}
					case *http2.DataFrame:
						if f.StreamEnded() {
							r.count(requests)
							answer(r, f.StreamID)
						}
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func (r *raw) count(requests chan int) {
	r.nth = <-requests
	requests <- r.nth + 1
}

// head writes fields, names and values in turn. Each block stands alone.
func (r *raw) head(stream uint32, end bool, fields ...string) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	encoder.SetMaxDynamicTableSize(0)
	for i := 0; i < len(fields); i += 2 {
		encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	for first, rest := true, block.Bytes(); first || len(rest) > 0; first = false {
		part := rest[:min(len(rest), 16_000)]
		if rest = rest[len(part):]; first {
			r.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: part, EndHeaders: len(rest) == 0, EndStream: end})
		} else {
			r.WriteContinuation(stream, len(rest) == 0, part)
		}
	}
}

// begin writes the header of a good answer, and more fields.
func (r *raw) begin(stream uint32, more ...string) {
	r.head(stream, false, append([]string{":status", "200", "content-type", "application/grpc"}, more...)...)
}

// end writes a trailer.
func (r *raw) end(stream uint32, fields ...string) { r.head(stream, true, fields...) }

// data writes bytes in frames of a size.
func (r *raw) data(stream uint32, p []byte, size int) {
	for len(p) > 0 {
		n := min(size, len(p))
		r.WriteData(stream, false, p[:n])
		p = p[n:]
	}
}

// message is a message with its prefix.
func message(flag byte, content string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{flag}, uint32(len(content))), content...)
}

// described is a call whose messages the profile describes, so a server needs no reflection.
const described = `grpc: a.S/M, message: {}`

const ok = "grpc-status"
