package coding_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/plimsoll-ci/plimsoll/runner/internal/coding"
)

// encode applies a coding, or several in the order of Content-Encoding.
func encode(t testing.TB, codings, text string) []byte {
	t.Helper()
	for name := range strings.SplitSeq(codings, ",") {
		var b bytes.Buffer
		var w io.WriteCloser
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			w = gzip.NewWriter(&b)
		case "deflate":
			w = zlib.NewWriter(&b)
		case "raw":
			w, _ = flate.NewWriter(&b, flate.BestCompression)
		case "br":
			w = brotli.NewWriter(&b)
		case "zstd":
			w, _ = zstd.NewWriter(&b)
		default:
			continue
		}
		io.WriteString(w, text)
		w.Close()
		text = b.String()
	}
	return []byte(text)
}

const most = 1 << 20

func TestDecode(t *testing.T) {
	const text = `{"id": 7}`
	d := new(coding.Decoder)
	for _, c := range []struct{ codings, made string }{
		{"gzip", "gzip"}, {"x-gzip", "gzip"}, {"GZIP", "gzip"}, {"deflate", "deflate"}, {"deflate", "raw"}, {"br", "br"}, {"zstd", "zstd"},
		{"gzip, br", "gzip, br"}, {"br,gzip", "br,gzip"}, {" deflate ,\tzstd , identity", "deflate,zstd"}, {"gzip, gzip, gzip", "gzip,gzip,gzip"},
		{"identity", ""}, {"", ""}, {" , ,", ""},
	} {
		for range 2 { // the second time with what the first left behind
			got, err := d.Decode(c.codings, encode(t, c.made, text), most)
			if err != nil || string(got) != text {
				t.Errorf("%q of %q: %q, %v", c.codings, c.made, got, err)
			}
		}
		if got, err := d.Decode(c.codings, nil, most); err != nil || len(got) > 0 {
			t.Errorf("%q without a body: %q, %v", c.codings, got, err)
		}
		d.Shrink()
	}
}

func TestDecodeRefuses(t *testing.T) {
	text := strings.Repeat("a text that is long enough to be cut ", 100)
	for codings, want := range map[string]string{
		"compress":                     `the answer is in the Content-Encoding "compress", which plimsoll cannot read: ask for gzip, deflate, br or zstd`,
		"gzip, aws-chunked":            `the answer is in the Content-Encoding "aws-chunked", which plimsoll cannot read: ask for gzip, deflate, br or zstd`,
		"gzip, gzip, gzip, gzip, gzip": `the answer is in the Content-Encoding "gzip, gzip, gzip, gzip, gzip", which plimsoll cannot read: ask for gzip, deflate, br or zstd`,
	} {
		if got, err := new(coding.Decoder).Decode(codings, []byte(text), most); err == nil || err.Error() != want {
			t.Errorf("%s: %q, %v; want %s", codings, got, err, want)
		}
	}
	for _, name := range []string{"gzip", "deflate", "raw", "br", "zstd"} {
		asked := strings.Replace(name, "raw", "deflate", 1)
		whole := encode(t, name, text)
		for what, body := range map[string][]byte{"no such thing": []byte("hello, hello"), "cut": whole[:len(whole)-1], "half": whole[:len(whole)/2], "one byte": whole[:1]} {
			if got, err := new(coding.Decoder).Decode(asked, body, most); !errors.Is(err, coding.Damaged(asked)) {
				t.Errorf("%s, %s: %q, %v", name, what, got, err)
			}
		}
	}
}

// A small body must not become a large one, in however many steps.
func TestBombs(t *testing.T) {
	zeros := strings.Repeat("\x00", most+1)
	d := new(coding.Decoder)
	for _, name := range []string{"gzip", "deflate", "raw", "br", "zstd", "gzip, gzip", "zstd, br"} {
		asked := strings.Replace(name, "raw", "deflate", 1)
		if got, err := d.Decode(asked, encode(t, name, zeros), most); !errors.Is(err, coding.ErrTooLarge) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if got, err := d.Decode(asked, encode(t, name, zeros[1:]), most); err != nil || len(got) != most {
			t.Errorf("%s, just within: %d bytes, %v", name, len(got), err)
		}
	}
}

// Incompressible bodies survive too, and so does the largest window that HTTP allows.
func TestLargeBodies(t *testing.T) {
	random := rand.NewChaCha8([32]byte{})
	text := make([]byte, most)
	random.Read(text)
	for _, name := range []string{"gzip", "deflate", "br", "zstd"} {
		got, err := new(coding.Decoder).Decode(name, encode(t, name, string(text)), most)
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"gzip", "deflate", "br", "zstd", "gzip, br"} {
		f.Add(name, encode(f, name, "some text"))
	}
	d := new(coding.Decoder)
	f.Fuzz(func(t *testing.T, codings string, body []byte) {
		got, err := d.Decode(codings, body, 1<<16)
		if err == nil && len(got) > 1<<16 && len(body) <= 1<<16 {
			t.Errorf("%d bytes", len(got))
		}
	})
}
