package coding_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/plimsoll-ci/plimsoll/runner/internal/coding"
)

// A gzip may have several members, and servers leave bytes behind the last one.
func TestMembers(t *testing.T) {
	one, empty := encode(t, "gzip", `{"a":`), encode(t, "gzip", "")
	two := encode(t, "gzip", `1}`)
	d := new(coding.Decoder)
	for name, body := range map[string][]byte{
		"two":        joined(one, two),
		"empty ones": joined(empty, one, empty, two, empty),
		"zeros":      joined(one, two, make([]byte, 512)),
		"a line end": joined(one, two, []byte("\n")),
		"a text":     joined(one, two, []byte("<!-- served by cache 7 -->")),
		"half magic": joined(one, two, []byte{0x1f}),
	} {
		if got, err := d.Decode("gzip", body, most); err != nil || string(got) != `{"a":1}` {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, body := range map[string][]byte{
		"the second cut":       joined(one, two[:len(two)-1]),
		"its header cut":       joined(one, two[:5]),
		"its checksum changed": joined(one, two[:len(two)-8], []byte("12345678")),
	} {
		if got, err := d.Decode("gzip", body, most); err == nil || err.Error() != "the gzip of the body is damaged" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := d.Decode("gzip", joined(encode(t, "gzip", strings.Repeat("x", most)), two), most); err == nil {
		t.Error("members that are too large together")
	}
}

func joined(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// If HTTP does not allow a zstd body, the error says why.
func TestZstdBeyondHTTP(t *testing.T) {
	long := []byte(strings.Repeat("a text ", 2<<20))
	for want, option := range map[string]zstd.EOption{
		"the zstd of the body needs a window of more than 8 MiB, which HTTP does not allow": zstd.WithWindowSize(16 << 20),
		"the zstd of the body needs a dictionary":                                           zstd.WithEncoderDictRaw(7, []byte("a text that both sides know")),
	} {
		w, err := zstd.NewWriter(nil, option)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := new(coding.Decoder).Decode("zstd", w.EncodeAll(long, nil), 16<<20); err == nil || err.Error() != want {
			t.Errorf("%d bytes, %v; want %s", len(got), err, want)
		}
	}
}
