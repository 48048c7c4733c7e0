package ws_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/plimsoll-ci/plimsoll/runner/internal/ws"
)

// frame is a frame of a server.
func frame(first byte, data string) string {
	switch n := len(data); {
	case n <= 125:
		return string([]byte{first, byte(n)}) + data
	case n <= 0xffff:
		return string(binary.BigEndian.AppendUint16([]byte{first, 126}, uint16(n))) + data
	default:
		return string(binary.BigEndian.AppendUint64([]byte{first, 127}, uint64(n))) + data
	}
}

// read reads everything that a server sent, and returns what came in one text.
func read(src io.Reader) (got string, err error) {
	var r ws.Reader
	for {
		m, ok, err := r.Next()
		switch {
		case err != nil:
			return got, err
		case ok:
			if len(m.Data) > 100 {
				m.Data = m.Data[:100]
			}
			got += string('0'+rune(m.Kind)) + string(m.Data) + "|"
			continue
		}
		if err := r.Fill(src); err != nil {
			return got, err
		}
	}
}

func TestReader(t *testing.T) {
	const fin = 0x80
	for name, c := range map[string]struct{ sent, want, err string }{
		"text":            {frame(fin|1, "hello") + frame(fin|2, "\xff"), "1hello|2\xff|", "EOF"},
		"empty":           {frame(fin|1, ""), "1|", "EOF"},
		"126":             {frame(fin|1, strings.Repeat("a", 126)), "1" + strings.Repeat("a", 100) + "|", "EOF"},
		"65536":           {frame(fin|1, strings.Repeat("a", 65536)), "1" + strings.Repeat("a", 100) + "|", "EOF"},
		"fragments":       {frame(1, "he") + frame(fin|9, "ping") + frame(0, "l") + frame(0, "") + frame(fin, "lo") + frame(fin|1, "x"), "9ping|1hello|1x|", "EOF"},
		"empty fragments": {frame(2, "") + strings.Repeat(frame(0, ""), 1000) + frame(fin, "x"), "2x|", "EOF"},
		"split letter":    {frame(1, "\xc3") + frame(fin, "\xa9"), "1é|", "EOF"},
		"big ping":        {frame(fin|9, strings.Repeat("p", 125)), "9" + strings.Repeat("p", 100) + "|", "EOF"},
		"close":           {frame(fin|8, "\x03\xe8bye"), "8\x03\xe8bye|", "EOF"},
		"close, no code":  {frame(fin|8, ""), "8|", "EOF"},

		"split UTF-8, bad":    {frame(1, "\xc3") + frame(fin, "x"), "", "a text message is not UTF-8"},
		"not UTF-8":           {frame(fin|1, "\xff"), "", "a text message is not UTF-8"},
		"surrogate":           {frame(fin|1, "\xed\xa0\x80"), "", "a text message is not UTF-8"},
		"too large a ping":    {frame(fin|9, strings.Repeat("p", 126)), "", "a control frame is longer than 125 bytes, or in fragments"},
		"ping in fragments":   {frame(9, "p"), "", "a control frame is longer than 125 bytes, or in fragments"},
		"RSV1":                {frame(fin|0x40|1, "x"), "", "a frame has reserved bits set, as if an extension had been agreed on"},
		"opcode 3":            {frame(fin|3, "x"), "", "a frame has an unknown opcode"},
		"opcode 11":           {frame(fin|11, "x"), "", "a frame has an unknown opcode"},
		"masked":              {"\x81\x81\x00\x00\x00\x00x", "", "a frame of the server is masked"},
		"long form":           {"\x81\x7e\x00\x05hello", "", "the length of a frame is not in its shortest form"},
		"longest form":        {"\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff", "", "the length of a frame is not in its shortest form"},
		"announces 16 EiB":    {"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "", "a message is larger than 16 MiB"},
		"announces 17 MiB":    {"\x82\x7f\x00\x00\x00\x00\x01\x10\x00\x00", "", "a message is larger than 16 MiB"},
		"continues nothing":   {frame(fin, "x"), "", "a fragment continues no message"},
		"within another":      {frame(1, "x") + frame(fin|1, "y"), "", "a message begins within another"},
		"close code 1005":     {frame(fin|8, "\x03\xed"), "", "the server closed with the code 1005, which no close frame may have"},
		"close code 999":      {frame(fin|8, "\x03\xe7"), "", "the server closed with the code 999, which no close frame may have"},
		"close of one byte":   {frame(fin|8, "\x03"), "", "a close frame is malformed"},
		"close reason, bytes": {frame(fin|8, "\x03\xe8\xff"), "", "a close frame is malformed"},
	} {
		for how, src := range map[string]io.Reader{"at once": strings.NewReader(c.sent), "byte by byte": iotest.OneByteReader(strings.NewReader(c.sent))} {
			if got, err := read(src); got != c.want || err == nil || err.Error() != c.err {
				t.Errorf("%s, %s: %.60q, %v; want %.60q, %s", name, how, got, err, c.want, c.err)
			}
		}
	}
}

// A message in fragments is bounded as a whole.
func TestFragmentsAreBounded(t *testing.T) {
	part := frame(0, strings.Repeat("x", 1<<20))
	_, err := read(io.MultiReader(strings.NewReader(frame(2, "")), strings.NewReader(strings.Repeat(part, 17))))
	if !errors.Is(err, ws.ErrTooLarge) {
		t.Errorf("17 MiB in fragments: %v", err)
	}
}

// Ahead looks through what has come: messages stay for Next, which says that they were seen, and leaves out pings and
// pongs that were.
func TestAhead(t *testing.T) {
	var r ws.Reader
	r.Feed([]byte(frame(0x81, "a") + frame(0x89, "1") + frame(0x01, "b") + frame(0x8a, "2")))
	r.Feed([]byte(frame(0x80, "c") + frame(0x88, "") + "\x81"))
	var got string
	for m, ok := r.Ahead(); ok; m, ok = r.Ahead() {
		got += string(m.Data)
	}
	for m, ok, err := r.Next(); ok && err == nil; m, ok, err = r.Next() {
		got += fmt.Sprintf("|%s %v", m.Data, m.Seen)
	}
	if got != "a12|a true|bc false| false" || r.Taken() != r.Came()-1 {
		t.Errorf("%q, %d bytes taken of %d", got, r.Taken(), r.Came())
	}
}

// unseal undoes Seal, as a server does.
func unseal(t *testing.T, b []byte) (kind ws.Kind, message []byte) {
	t.Helper()
	length, head := int(b[1]&0x7f), 2
	switch length {
	case 126:
		length, head = int(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		length, head = int(binary.BigEndian.Uint64(b[2:])), 10
	}
	if b[0]&0xf0 != 0x80 || b[1]&0x80 == 0 || len(b) != head+4+length {
		t.Fatalf("the frame %x announces %d bytes", b[:head], length)
	}
	key := b[head : head+4]
	for i, c := range b[head+4:] {
		message = append(message, c^key[i%4])
	}
	return ws.Kind(b[0] & 0x0f), message
}

func FuzzSeal(f *testing.F) {
	for _, n := range []int{0, 1, 7, 8, 9, 31, 32, 100, 125, 126, 65535, 65536} {
		f.Add(bytes.Repeat([]byte("é"), n)[:n])
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		kind, got := unseal(t, ws.Seal(append(make([]byte, ws.Room), message...), ws.Text))
		if kind != ws.Text || !bytes.Equal(got, message) {
			t.Errorf("%d bytes came back as %d of kind %d", len(message), len(got), kind)
		}
	})
}

// wire is a connection on which a server has accepted a WebSocket and sent some bytes.
type wire struct {
	net.Conn
	in io.Reader
}

func (w *wire) Write(b []byte) (int, error) {
	return len(b), nil
}

func (w *wire) Read(b []byte) (int, error)       { return w.in.Read(b) }
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
func (w *wire) Close() error                     { return nil }

// opened is a wire whose handshake answers the request that is written first.
type opened struct {
	wire
	sent string
}

func (o *opened) Write(b []byte) (int, error) {
	if _, key, ok := strings.Cut(string(b), "Sec-WebSocket-Key: "); ok && o.in == nil {
		key, _, _ = strings.Cut(key, "\r\n")
		o.in = strings.NewReader("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + ws.Accept(key) + "\r\n\r\n" + o.sent)
	}
	return len(b), nil
}

// byGorilla is what gorilla reads, in the form of read.
func byGorilla(t *testing.T, sent string) (got string, err error) {
	t.Helper()
	dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return &opened{sent: sent}, nil }}
	c, _, err := dialer.Dial("ws://x", nil)
	if err != nil {
		t.Fatal(err)
	}
	for {
		kind, data, err := c.ReadMessage()
		if err != nil {
			return got, err
		}
		if len(data) > 100 {
			data = data[:100]
		}
		got += string('0'+rune(kind)) + string(data) + "|"
	}
}

// Our Reader takes what gorilla takes. It is stricter in two things, as browsers are: texts are UTF-8,
// and lengths are in their shortest form.
func FuzzGorilla(f *testing.F) {
	f.Add([]byte(frame(0x81, "hello") + frame(0x01, "a") + frame(0x89, "p") + frame(0x80, "b") + frame(0x88, "\x03\xe8bye")))
	f.Add([]byte(frame(0x82, strings.Repeat("x", 70000)) + frame(0xc1, "z")))
	f.Add([]byte("\x81\x7e\x00\x05hello"))
	f.Add([]byte(frame(0x88, "\x03\xe8bye") + frame(0x81, "later")))
	f.Fuzz(func(t *testing.T, sent []byte) {
		ours, why := read(bytes.NewReader(sent))
		var messages string
		for part := range strings.SplitAfterSeq(ours, "|") { // of messages alone, up to a close
			if strings.HasPrefix(part, "8") {
				break
			}
			if strings.HasPrefix(part, "1") || strings.HasPrefix(part, "2") {
				messages += part
			}
		}
		theirs, _ := byGorilla(t, string(sent))
		var own ws.Error
		if strict := errors.As(why, &own) && (strings.Contains(string(own), "UTF-8") || strings.Contains(string(own), "shortest") || own == ws.ErrTooLarge); strict {
			if !strings.HasPrefix(theirs, messages) {
				t.Errorf("%q: we read %q, and gorilla %q", sent, messages, theirs)
			}
			return
		}
		if !strings.Contains(string(sent), "|") && messages != theirs {
			t.Errorf("%q: we read %q (%v), and gorilla %q", sent, messages, why, theirs)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	frame := make([]byte, ws.Room+100)
	b.ReportAllocs()
	for b.Loop() {
		ws.Seal(frame, ws.Text)
	}
}

// A large message behind small ones is read, wherever the buffer was full.
func TestLargeBehindSmall(t *testing.T) {
	for small := range 40 {
		messages := strings.Repeat(frame(0x82, strings.Repeat("s", 100*small+1)), 3)
		all := strings.Repeat(messages+frame(0x82, strings.Repeat("l", 100_000)), 4)
		server, client := net.Pipe()
		go func() {
			io.WriteString(server, all) // the reader sees what is missing
			server.Close()              // likewise
		}()
		if got, err := read(client); !errors.Is(err, io.EOF) || strings.Count(got, "|") != 16 {
			t.Errorf("small messages of %d bytes: %v after %d of 16", 100*small+1, err, strings.Count(got, "|"))
		}
	}
}
