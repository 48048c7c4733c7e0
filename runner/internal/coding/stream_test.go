package coding

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// drain returns what a Stream makes of a piece.
func drain(t *testing.T, s *Stream, piece []byte) (plain string, err error) {
	t.Helper()
	s.Feed(piece)
	for {
		got, err := s.Next()
		if err != nil || got == nil {
			return plain, err
		}
		plain += string(got)
	}
}

// Whatever was flushed comes out, in any pieces; in two codings too.
func TestStream(t *testing.T) {
	for _, size := range []int{1, 7, 1 << 20} {
		var body bytes.Buffer
		outer := gzip.NewWriter(&body)
		inner := brotli.NewWriter(outer)
		s, err := NewStream("br, identity, GZIP")
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"first", "second"} {
			_, _ = io.WriteString(inner, text)
			_ = inner.Flush()
			_ = outer.Flush()
			got := ""
			for body.Len() > 0 {
				plain, err := drain(t, s, body.Next(size))
				if got += plain; err != nil {
					t.Fatal(err)
				}
			}
			if got != text {
				t.Errorf("in pieces of %d: %q came out, want %q", size, got, text)
			}
		}
		s.Close()
		s.Close()
	}
}

func TestStreamFaults(t *testing.T) {
	if s, err := NewStream("identity, none"); s != nil || err != nil {
		t.Errorf("identity, none: %v %v", s, err)
	}
	for _, codings := range []string{"compress", "gzip,gzip,gzip,gzip,gzip"} {
		var unknown Unknown
		if _, err := NewStream(codings); !errors.As(err, &unknown) {
			t.Errorf("%s: %v", codings, err)
		}
	}
	var raw bytes.Buffer
	w, _ := flate.NewWriter(&raw, 1)
	_, _ = io.WriteString(w, "raw")
	_ = w.Close()
	for _, c := range []struct{ codings, body, plain, err string }{
		{"gzip", "no gzip at all", "", "the gzip of the body is damaged"},
		{"zstd", "no zstd at all", "", "the zstd of the body is damaged"},
		{"br", "\xff\xff\xff\xff", "", "the br of the body is damaged"},
		{"deflate", raw.String(), "raw", "EOF"},
	} {
		s, err := NewStream(c.codings)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := drain(t, s, []byte(c.body)); plain != c.plain || err == nil || err.Error() != c.err {
			t.Errorf("%s: %q, %v; want %q, %s", c.codings, plain, err, c.plain, c.err)
		}
		s.Close()
	}
}

// A body that ends before its coding does was cut off; one that ends with it is whole, and so is one of no bytes.
func TestStreamEnds(t *testing.T) {
	const text = "data: one\n\n"
	for name, begin := range map[string]func(io.Writer) io.WriteCloser{
		"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"br":      func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
		"zstd":    func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z },
	} {
		var body bytes.Buffer
		w := begin(&body)
		_, _ = io.WriteString(w, text)
		_ = w.(interface{ Flush() error }).Flush()
		flushed := body.Len()
		_ = w.Close()
		for _, c := range []struct {
			bytes       int
			plain, want string
		}{
			{body.Len(), text, "EOF"},
			{0, "", "EOF"},
			{1, "", "the " + name + " of the body was cut off before its end"},
			{flushed, text, "the " + name + " of the body was cut off before its end"},
			{body.Len() - 1, text, "the " + name + " of the body was cut off before its end"},
		} {
			s, err := NewStream(name)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := drain(t, s, body.Bytes()[:c.bytes])
			if err == nil {
				s.End()
				var rest string
				rest, err = drain(t, s, nil)
				plain += rest
			}
			if plain != c.plain || err == nil || err.Error() != c.want {
				t.Errorf("%s, %d of %d bytes: %q, %v; want %q, %s", name, c.bytes, body.Len(), plain, err, c.plain, c.want)
			}
			s.Close()
		}
	}
}
