package http1

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// hesitant gives one byte at a time, and before each it lets a deadline pass.
type hesitant struct {
	text  string
	asked bool
}

func (h *hesitant) Read(p []byte) (int, error) {
	if h.asked = !h.asked; h.asked && len(h.text) > 0 {
		return 0, os.ErrDeadlineExceeded
	}
	if len(h.text) == 0 {
		return 0, io.EOF
	}
	p[0], h.text = h.text[0], h.text[1:]
	return 1, nil
}

// piecewise reads the body of an answer with Next, through all deadlines.
func piecewise(r *Reader) (body string, err error) {
	for {
		part, err := r.Next()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return body, err
		}
		body += string(part)
	}
}

// An answer read piece by piece equals the same answer read by Read.
func FuzzPieces(f *testing.F) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello world",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
		"HTTP/1.1 200 OK\r\n\r\nuntil the end",
		"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello6\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
		"HTTP/1.1 204 No Content\r\n\r\nX",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		whole, parts := NewReader(), NewStreamReader()
		reusable, err := whole.Read(strings.NewReader(text), Want{Body: true})
		source := strings.NewReader(text)
		failed := parts.Begin(source, Want{Body: true})
		body := ""
		if failed == nil && parts.Answer().Status == 101 {
			return
		}
		if failed == nil {
			unread, _ := io.ReadAll(source)
			parts.src = &hesitant{text: string(parts.Rest()) + string(unread)}
			parts.r, parts.w = 0, 0
			body, failed = piecewise(parts)
		}
		if !errors.Is(failed, err) || err == nil && (body != string(whole.Held()) || whole.Answer().Received != parts.Answer().Received) {
			t.Errorf("%.200q: in pieces %.200q %v, as a whole %.200q %v", text, body, failed, whole.Held(), err)
		}
		if err == nil && !reusable && parts.Reusable() && whole.r == whole.w {
			t.Errorf("%q: reusable in pieces alone", text)
		}
	})
}

// After an answer that switches protocols, the first bytes of the new one are kept.
func TestUpgrade(t *testing.T) {
	r := NewStreamReader()
	if err := r.Begin(strings.NewReader("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nfirst"), Want{Header: true}); err != nil || string(r.Rest()) != "first" {
		t.Errorf("%v, the rest is %q", err, r.Rest())
	}
}

// A body that comes fast is read with few calls.
func TestStreamBufferGrows(t *testing.T) {
	text := "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("x", 1_000_000)
	r, pieces := NewStreamReader(), 0
	if err := r.Begin(strings.NewReader(text), Want{}); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := r.Next(); err != nil {
			break
		}
		pieces++
	}
	if pieces > 1_000_000/bufferBytes+10 || !r.Reusable() {
		t.Errorf("%d pieces, reusable %v", pieces, r.Reusable())
	}
}
