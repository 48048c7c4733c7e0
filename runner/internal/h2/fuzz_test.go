package h2_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
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

// read returns the answers to GETs, one after the other on one connection, up to the first error. What the server says
// after each request is recorded.
func read(said [][]byte, max int, seed uint64) (answers []string, err error) {
	m := h2.NewMaker()
	get := m.Head(fields("GET", "/"))
	server := &recorded{rand: rand.New(rand.NewPCG(seed, 0)), max: max}
	c := m.Sole(server)
	var s h2.Stream
	for _, text := range said {
		server.text = append(server.text, text...)
		if err := s.Do(c, &h2.Request{Head: get, Hold: 1 << 20, Deadline: soon()}); err != nil {
			return answers, err
		}
		answers = append(answers, shown(fmt.Sprint(s.Status), fieldsOf(&s.Header), string(s.Body), fieldsOf(&s.Trailer)))
	}
	return answers, nil
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

// oracle reads n answers with x/net's Framer, on the streams 1, 3 and so on.
func oracle(text []byte, n int) (answers []string, err error) {
	f := http2.NewFramer(io.Discard, bytes.NewReader(text))
	f.SetMaxReadFrameSize(1 << 14)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	f.MaxHeaderListSize = 1 << 20
	for len(answers) < n {
		answer, err := answerOn(f, uint32(1+2*len(answers)))
		if err != nil {
			return answers, err
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// answerOn reads the answer on a stream.
func answerOn(f *http2.Framer, stream uint32) (string, error) {
	var status, header, trailer string
	var body []byte
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return "", err
		}
		if frame.Header().StreamID != stream {
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
	return append([]byte("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x04\x00\x10\x00\x00"), frames(script)...)
}

// frames are those of a server after its settings.
func frames(script func(p *peer)) []byte {
	var out bytes.Buffer
	p := &peer{nil, http2.NewFramer(&out, nil)}
	p.AllowIllegalWrites = true
	script(p)
	return out.Bytes()
}

// tables are conversations of three answers each, which change the table of header fields and refer to it.
func tables() (all [][][]byte) {
	answer := func(stream uint32, block string) []byte { // a header that is the whole answer
		return frames(func(p *peer) { p.raw(1, 5, stream, block) })
	}
	for _, blocks := range [][3]string{
		{"\x88\x40\x01a\x01b", "\x88\xbe", "\x88\xbe"},                                              // an entry, and twice its index
		{"\x88\x40\x01a\x01b", "\x88\x40\x01a\x01b", "\x88\xbe\xbf"},                                // the same block again adds again
		{"\x88\x40\x01a\x01b", "\x88\x7e\x01c", "\x88\xbe\xbf"},                                     // the name of an entry with another value
		{"\x88\x40\x01a\x01b", "\x20\x88\x40\x01a\x01b", "\x88\xbe"},                                // a table of nothing
		{"\x88\x40\x01a\x01b", "\x20\x3f\xe1\x1f\x88\x40\x01c\x01d", "\x88\xbe\xbf"},                // emptied, and large again
		{"\x3f\x09\x88\x40\x01a\x01b", "\x88\x40\x01c\x01d", "\x88\xbe\xbf"},                        // one entry fits
		{"\x88\x40\x01a\x01b", "\x88\x40\x01c\x7f\xa1\x1e" + strings.Repeat("x", 4000), "\x88\xbe"}, // a large one drops the other
	} {
		first := append(conversation(func(*peer) {}), answer(1, blocks[0])...)
		all = append(all, [][]byte{first, answer(3, blocks[1]), answer(5, blocks[2])})
	}
	return all
}

// The answers of a connection share a table of header fields, as x/net's decoder keeps it. What that refuses is
// refused: an index of an entry that has gone.
func TestAnswersShareATable(t *testing.T) {
	for i, said := range tables() {
		want, wantErr := oracle(bytes.Join(said, nil), 3)
		got, err := read(said, 100, 1)
		if (err == nil) != (wantErr == nil) || !slices.Equal(got, want) {
			t.Errorf("%d: got %q %v, want %q %v", i, got, err, want, wantErr)
		}
	}
}

// FuzzAnswers compares the parser with x/net's Framer: answers that the parser takes are ones that the Framer
// takes, and both read the same. However the bytes are cut into pieces, the parser reads the same. The answers of a
// connection share a table of header fields.
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
		f.Add(seed, []byte{}, []byte{}, uint64(1))
	}
	for _, said := range tables() {
		f.Add(said[0], said[1], said[2], uint64(1))
	}
	f.Fuzz(func(t *testing.T, first, second, third []byte, seed uint64) {
		said := [][]byte{first, second, third}
		text := bytes.Join(said, nil)
		whole, err := read(said, len(text)+1, seed)
		cut, cutErr := read(said, 7, seed)
		if (err == nil) != (cutErr == nil) || !slices.Equal(whole, cut) {
			t.Fatalf("whole: %q %v, in pieces: %q %v", whole, err, cut, cutErr)
		}
		want, err := oracle(text, len(whole))
		if err != nil || !slices.Equal(want, whole) {
			t.Fatalf("got %q, x/net's Framer has %q %v", whole, want, err)
		}
	})
}
