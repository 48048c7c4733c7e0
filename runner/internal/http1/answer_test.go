package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
)

// pieces gives a text in pieces of random length, then its end.
type pieces struct {
	text []byte
	rand *rand.Rand
	max  int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.text) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.text[:min(len(p.text), 1+p.rand.IntN(p.max))])
	p.text = p.text[n:]
	return n, nil
}

// reference reads an answer with net/http: the final one, after those of status 1xx.
func reference(text []byte, method string) (status int, body []byte, err error) {
	in := bufio.NewReader(bytes.NewReader(text))
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return 0, nil, err
		}
		body, err = io.ReadAll(resp.Body)
		if resp.StatusCode >= 200 || resp.StatusCode == 101 || err != nil {
			return resp.StatusCode, body, err
		}
	}
}

// FuzzResponse compares the parser with net/http: if both accept an answer, both read the same.
// However the answer is cut into pieces, the parser reads the same.
func FuzzResponse(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\nA\r\n0123456789\r\n0\r\n\r\nrest",
		"HTTP/1.0 200 OK\r\n\r\nuntil the end",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 304\nFoo: bar\n baz\n\n",
		"HTTP/1.1 200 OK\r\nContent\rLength: 5\r\nX: a\rb\r\n\r\nhello",
		"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\nxyz",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nLocation: /x\r\nSet-Cookie: a=b\r\n\r\n",
	} {
		f.Add([]byte(seed), uint64(1), false)
		f.Add([]byte(seed), uint64(2), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, seed uint64, head bool) {
		method := "GET"
		if head {
			method = "HEAD"
		}
		wanted := Want{Head: head, Body: true, Location: true, Cookies: true}
		random := rand.New(rand.NewPCG(seed, 0))
		whole, cut := Reader{buf: make([]byte, bufferBytes)}, Reader{buf: make([]byte, 16)}
		reusable, err := whole.Read(&pieces{text, random, len(text) + 1}, wanted)
		_, cutErr := cut.Read(&pieces{text, random, 7}, wanted)
		if !errors.Is(cutErr, err) {
			t.Fatalf("whole: %v, in pieces: %v", err, cutErr)
		}
		if err != nil {
			return
		}
		if cut.answer.Status != whole.answer.Status || !bytes.Equal(cut.held, whole.held) || cut.answer.Location != whole.answer.Location {
			t.Fatalf("whole: %+v %q, in pieces: %+v %q", whole.answer, whole.held, cut.answer, cut.held)
		}
		if reusable && whole.answer.length < 0 && !whole.answer.chunked && whole.answer.Status == 200 && !head {
			t.Fatalf("an answer ends with its connection, and yet another may follow: %q", text)
		}
		status, body, err := reference(text, method)
		if err == nil && (status != whole.answer.Status || !bytes.Equal(body, whole.held)) {
			t.Fatalf("got %d %q, net/http has %d %q", whole.answer.Status, whole.held, status, body)
		}
	})
}

// Anything that two parties might read differently is refused, wherever the answer is cut into pieces.
func TestAmbiguousAnswersAreRefused(t *testing.T) {
	const begin, end = "HTTP/1.1 200 OK\r\n", "\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
	for lines, want := range map[string]error{
		"Content\rLength: 5\r\nTransfer-Encoding: chunked":      errByte,
		"Content-Length: 5\r\nTransfer-Encoding: chunked":       errBoth,
		"Transfer-Encoding: chunked\r\ncontent-length: 5":       errBoth,
		"Transfer\rEncoding: chunked\r\nX: y":                   errByte,
		"Transfer-Encoding: chunked\r\nX: a\rContent-Length: 5": errByte,
		"Transfer-Encoding: chunked\r\nX: a\r":                  errByte, // a line that ends in two
		"Transfer-Encoding: chunked\r\nX: a\x00b":               errByte,
		"Transfer-Encoding: chunked\r\nX\x00: a":                errField,
		"Transfer-Encoding : chunked":                           errField,
		"Transfer-Encoding\t: chunked":                          errField,
		"Transfer-Encoding\x0b: chunked":                        errField,
		"\x0bTransfer-Encoding: chunked":                        errField,
		" Transfer-Encoding: chunked":                           errField,
		"Transfer-Encoding:\r\n chunked":                        errCoding,
		"Transfer-Encoding: chunked\r\n , gzip":                 errField, // the field matters
		"Transfer-Encoding: chunked, chunked":                   errCoding,
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip": errCoding,
		"Transfer-Encoding: chun\x4bed":                         nil, // it is a K
		"Transfer-Encoding: chun\x0bed":                         errCoding,
		"Content-Length: 5\r\nContent-Length: 6":                errLengths,
		"Content-Length: 5\r\n 5":                               errField,
		"Content-Length: +5":                                    errLength,
		"Content-Length: 5, 5":                                  errLength,
		"Content-Length: 0x5":                                   errLength,
		": x":                                                   errField,
		"no colon":                                              errField,
		"X: y\r\n folded\r\nTransfer-Encoding: chunked":         nil,
		"Connection: keep\ralive\r\nTransfer-Encoding: chunked": errByte,
		"TRANSFER-ENCODING: CHUNKED":                            nil,
	} {
		for _, size := range []int{16, 64, bufferBytes} {
			r := Reader{buf: make([]byte, size)}
			reusable, err := r.Read(&pieces{[]byte(begin + lines + end), rand.New(rand.NewPCG(1, 2)), size}, Want{Body: true})
			if !errors.Is(err, want) || reusable != (want == nil) || want == nil && string(r.Held()) != "hello" {
				t.Errorf("%q: %v, reusable %v, %q; want %v", lines, err, reusable, r.Held(), want)
			}
		}
	}
}

// Chunk lines and trailers are refused if a byte in them could be taken for the end of a line.
func TestChunkLines(t *testing.T) {
	for body, want := range map[string]error{
		"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n": nil,
		"5;a\rb\r\nhello\r\n0\r\n\r\n":        errByte,
		"5;a\x00b\r\nhello\r\n0\r\n\r\n":      errByte,
		"5\r\r\nhello\r\n0\r\n\r\n":           errChunk,
		"5\r\nhello\r\r\n0\r\n\r\n":           errChunkEnd,
		"5\r\nhello\r\n0\r\nX: a\rb\r\n\r\n":  errByte,
		"5\r\nhello\r\n0\r\nX: a\x00\r\n\r\n": errByte,
		"5\r\nhe\rlo\r\n0\r\n\r\n":            nil, // it is content
		"5\r\nhe\x00lo\r\n0\r\n\r\n":          nil,
		"\x105\r\nhello\r\n0\r\n\r\n":         errChunk,
	} {
		r := NewReader()
		_, err := r.Read(strings.NewReader("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+body), Want{Body: true})
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", body, err, want)
		}
	}
}

// repeat gives the same answer for ever.
type repeat struct{ text []byte }

func (r repeat) Read(b []byte) (int, error) { return copy(b, r.text), nil }

func BenchmarkParse(b *testing.B) {
	for name, text := range map[string]string{
		"length": "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Tue, 24 Nov 2026 06:00:00 GMT\r\nContent-Type: application/json\r\n" +
			"Content-Length: 512\r\nConnection: keep-alive\r\n\r\n" + strings.Repeat("x", 512),
		"chunked": "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Tue, 24 Nov 2026 06:00:00 GMT\r\nContent-Type: application/json\r\n" +
			"Transfer-Encoding: chunked\r\n\r\n200\r\n" + strings.Repeat("x", 512) + "\r\n0\r\n\r\n",
	} {
		b.Run(name, func(b *testing.B) {
			r := Reader{buf: make([]byte, bufferBytes)}
			src := &repeat{[]byte(text)}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if reusable, err := r.Read(src, Want{}); err != nil || !reusable {
					b.Fatal(reusable, err)
				}
			}
		})
	}
}

// broken gives a text, then the error of a TLS record that was cut.
type broken struct{ text *strings.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.text.Read(p)
	if err != nil {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// If a connection is cut within a TLS record, the error names the part of the answer.
func TestCutRecord(t *testing.T) {
	for text, want := range map[string]error{
		"":                                 ErrNoAnswer,
		"HTTP/1.1 200":                     errHeaderEnd,
		"HTTP/1.1 200 OK\r\nX: y\r\n":      errHeaderEnd,
		"HTTP/1.1 103 Early Hints\r\n\r\n": ErrNoAnswer,
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf":               errBodyEnd,
		"HTTP/1.1 200 OK\r\n\r\nhalf":                                    errBodyEnd,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf": errBodyEnd,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n":     errBodyEnd,
	} {
		if _, err := NewReader().Read(broken{strings.NewReader(text)}, Want{Body: true}); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}
