package h2_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
)

// recorded is a connection whose server has said everything already. It gives it in pieces.
type recorded struct {
	net.Conn
	text []byte
	rand *rand.Rand
	max  int
}

func (r *recorded) Read(p []byte) (int, error) {
	if len(r.text) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.text[:min(len(r.text), 1+r.rand.IntN(r.max))])
	r.text = r.text[n:]
	return n, nil
}

func (r *recorded) Write(p []byte) (int, error)         { return len(p), nil }
func (r *recorded) Close() error                        { return nil }
func (r *recorded) SetWriteDeadline(time.Time) error    { return nil }
func (r *recorded) SetDeadline(time.Time) error         { return nil }
func (r *recorded) Begin(time.Time)                     {}
func (r *recorded) Beside(write func(io.Writer)) func() { write(r); return func() {} }

// read returns the result of a GET that a recording answers.
func read(text []byte, max int, seed uint64) (*h2.Stream, error) {
	m := h2.NewMaker()
	get := m.Head(fields("GET", "/"))
	c := m.Sole(&recorded{text: text, rand: rand.New(rand.NewPCG(seed, 0)), max: max})
	s := &h2.Stream{}
	return s, s.Do(c, &h2.Request{Head: get, Hold: 1 << 20, Deadline: soon()})
}

// shown is an answer in words.
func shown(status, header, body, trailer string) string {
	return fmt.Sprintf("%s\n%s\n%q\n%s", status, header, body, trailer)
}

func fieldsOf(f *h2.Fields) (text string) {
	for i := range f.Len() {
		if name, value := f.At(i); name[0] != ':' {
			text += fmt.Sprintf("%q: %q\n", name, value)
		}
	}
	return text
}

// oracle reads a recording with x/net's Framer: the answer on stream 1.
func oracle(text []byte) (string, error) {
	f := http2.NewFramer(io.Discard, bytes.NewReader(text))
	f.SetMaxReadFrameSize(1 << 14)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	f.MaxHeaderListSize = 1 << 20
	var status, header, trailer string
	var body []byte
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return "", err
		}
		if frame.Header().StreamID != 1 {
			continue
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			var all string
			for _, field := range frame.RegularFields() {
				all += fmt.Sprintf("%q: %q\n", field.Name, field.Value)
			}
			switch code := frame.PseudoValue("status"); {
			case status != "":
				trailer = all
			case code[0] != '1':
				status, header = code, all
			}
			if frame.StreamEnded() {
				return shown(status, header, string(body), trailer), nil
			}
		case *http2.DataFrame:
			body = append(body, frame.Data()...)
			if frame.StreamEnded() {
				return shown(status, header, string(body), trailer), nil
			}
		case *http2.RSTStreamFrame:
			return "", errors.New("reset")
		}
	}
}

// conversation is a seed for the fuzzer: frames of a server.
func conversation(script func(p *peer)) []byte {
	var out bytes.Buffer
	p := &peer{nil, http2.NewFramer(&out, nil)}
	p.AllowIllegalWrites = true
	p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
	script(p)
	return out.Bytes()
}

// FuzzAnswers compares the parser with x/net's Framer: an answer that the parser takes is one that the Framer
// takes, and both read the same. However the bytes are cut into pieces, the parser reads the same.
func FuzzAnswers(f *testing.F) {
	indexed := "\x88\x40\x01a\x01b\xbe\xbf\x5c\x01\x31" // an entry that is used, one that is not there, a literal
	for _, seed := range [][]byte{
		conversation(func(p *peer) { p.good(1, "hello") }),
		conversation(func(p *peer) { p.header(1, endStream, ":status", "204", "server", "s") }),
		conversation(func(p *peer) { p.header(1, 0, ":status", "103"); p.good(1, "") }),
		conversation(func(p *peer) { p.header(1, 0, ":status", "200"); p.header(1, endStream, "x", "y") }),
		conversation(func(p *peer) { p.raw(1, 5, 1, indexed) }),
		conversation(func(p *peer) { p.raw(1, 5, 1, indexed[:6]) }),
		conversation(func(p *peer) { p.raw(1, 5, 1, "\x20\x88\x40\x81\x1f\x81\x1f\xbe") }),
		conversation(func(p *peer) { p.raw(1, 1, 1, "\x88"); p.raw(9, 0, 1, ""); p.raw(9, 4, 1, "\x5c\x01\x30") }),
		conversation(func(p *peer) { p.raw(1, 0x2c, 1, "\x02abcde\x88xx"); p.raw(0, 9, 1, "\x01bodyx") }),
		conversation(func(p *peer) {
			p.WritePing(false, [8]byte{})
			p.WriteWindowUpdate(0, 5)
			p.WriteWindowUpdate(1, 5)
			p.good(1, "x")
		}),
		conversation(func(p *peer) {
			p.WriteGoAway(1, 0, nil)
			p.WritePriority(1, http2.PriorityParam{})
			p.raw(77, 1, 1, "x")
			p.good(1, "x")
		}),
		conversation(func(p *peer) { p.WriteRSTStream(1, 8) }),
		[]byte("HTTP/1.1 200 OK\r\n\r\n"),
	} {
		f.Add(seed, uint64(1))
	}
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		whole, err := read(text, len(text)+1, seed)
		cut, cutErr := read(text, 7, seed)
		if (err == nil) != (cutErr == nil) {
			t.Fatalf("whole: %v, in pieces: %v", err, cutErr)
		}
		if err != nil {
			return
		}
		say := func(s *h2.Stream) string {
			return shown(fmt.Sprint(s.Status), fieldsOf(&s.Header), string(s.Body), fieldsOf(&s.Trailer))
		}
		if say(cut) != say(whole) {
			t.Fatalf("whole: %s, in pieces: %s", say(whole), say(cut))
		}
		want, err := oracle(text)
		if err != nil || want != say(whole) {
			t.Fatalf("got %s, x/net's Framer has %s %v", say(whole), want, err)
		}
	})
}
