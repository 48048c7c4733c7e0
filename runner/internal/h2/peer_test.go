package h2_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// peer is the server's side of a connection, which a test scripts frame by frame.
type peer struct {
	net.Conn
	*http2.Framer
}

// scripted serves connections with a script each, which begins behind the client's preface. The connection
// ends with the script.
func scripted(t testing.TB, script func(p *peer)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { c.Close() })
			go func() {
				defer c.Close()
				io.ReadFull(c, make([]byte, len(http2.ClientPreface)))
				p := &peer{c, http2.NewFramer(c, c)}
				p.AllowIllegalWrites = true
				script(p)
			}()
		}
	}()
	return listener.Addr().String()
}

// next reads frames until one of a kind comes, nil at the end of the connection.
func (p *peer) next(kind http2.FrameType) http2.Frame {
	for {
		f, err := p.ReadFrame()
		if err != nil {
			return nil
		}
		if f.Header().Type == kind {
			return f
		}
	}
}

// request reads frames until a request comes, and returns its stream; 0 at the end of the connection.
func (p *peer) request() uint32 {
	if f := p.next(http2.FrameHeaders); f != nil {
		return f.Header().StreamID
	}
	return 0
}

// begin sends SETTINGS and waits for a request.
func (p *peer) begin(settings ...http2.Setting) uint32 {
	p.WriteSettings(settings...)
	return p.request()
}

// raw sends a frame as it is.
func (p *peer) raw(kind http2.FrameType, flags http2.Flags, stream uint32, payload string) error {
	return p.WriteRawFrame(kind, flags, stream, []byte(payload))
}

// block encodes fields without a table.
func block(fields ...string) string {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for i := 0; i < len(fields); i += 2 {
		e.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1], Sensitive: true})
	}
	return b.String()
}

const (
	endHeaders = http2.FlagHeadersEndHeaders
	endStream  = http2.FlagHeadersEndStream
)

// header sends a whole header.
func (p *peer) header(stream uint32, flags http2.Flags, fields ...string) error {
	return p.raw(http2.FrameHeaders, flags|endHeaders, stream, block(fields...))
}

// good answers a stream with 200 and a body.
func (p *peer) good(stream uint32, body string) {
	p.header(stream, 0, ":status", "200")
	p.WriteData(stream, true, []byte(body))
}

// silence waits until the client leaves.
func (p *peer) silence() { io.Copy(io.Discard, p.Conn) }
