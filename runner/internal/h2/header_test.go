package h2_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
)

// Many answers over one connection are what the server says, whatever its encoder does with its table: equal
// blocks, blocks that mean something else than before, tables that shrink and grow.
func TestManyHeaders(t *testing.T) {
	const answers = 2000
	random := rand.New(rand.NewPCG(1, 2))
	said := make([][]hpack.HeaderField, answers)
	for i := range said {
		if i > 0 && random.IntN(2) == 0 {
			said[i] = said[i-1]
			continue
		}
		said[i] = []hpack.HeaderField{{Name: ":status", Value: []string{"200", "404", "299"}[random.IntN(3)]}}
		for range random.IntN(6) {
			said[i] = append(said[i], hpack.HeaderField{
				Name:      []string{"server", "x-a", "x-b", "date"}[random.IntN(4)],
				Value:     strings.Repeat("v", random.IntN(3)*random.IntN(3)*100) + fmt.Sprint(random.IntN(4)),
				Sensitive: random.IntN(4) == 0,
			})
		}
	}
	each(t, func(t *testing.T, way string) {
		m := h2.NewMaker()
		get := m.Head(fields("GET", "/"))
		sizes := rand.New(rand.NewPCG(3, 4))
		c := connect(t, m, way, scripted(t, func(p *peer) {
			var block bytes.Buffer
			e := hpack.NewEncoder(&block)
			id := p.begin()
			for _, list := range said {
				block.Reset()
				if sizes.IntN(50) == 0 {
					e.SetMaxDynamicTableSize(uint32(sizes.IntN(3) * 200))
				} else if sizes.IntN(50) == 0 {
					e.SetMaxDynamicTableSize(4096)
				}
				for _, f := range list {
					e.WriteField(f)
				}
				p.raw(http2.FrameHeaders, endHeaders|endStream, id, block.String())
				if id = p.request(); id == 0 {
					return
				}
			}
		}))
		var s h2.Stream
		for i, list := range said {
			if err := s.Do(c, &h2.Request{Head: get, Deadline: soon()}); err != nil {
				t.Fatal(i, err)
			}
			if s.Header.Len() != len(list) || fmt.Sprint(s.Status) != list[0].Value {
				t.Fatalf("answer %d: status %d and %d fields, want %v", i, s.Status, s.Header.Len(), list)
			}
			for n, f := range list {
				if name, value := s.Header.At(n); string(name) != f.Name || string(value) != f.Value {
					t.Fatalf("answer %d: %q %q, want %v", i, name, value, f)
				}
			}
		}
	})
}

// Large headers go both ways, in several frames.
func TestLargeHeaders(t *testing.T) {
	large := strings.Repeat("0123456789", 5000)
	address := serve(t, nil, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", r.Header.Get("X-Large"))
		for i := range 15 {
			w.Header().Set(fmt.Sprint("X-More-", i), large)
		}
	})
	each(t, func(t *testing.T, way string) {
		m := h2.NewMaker()
		get := m.Head(fields("GET", "/", h2.Field{Name: "x-large", Value: large}))
		c := connect(t, m, way, address)
		var s h2.Stream
		for range 3 {
			if err := s.Do(c, &h2.Request{Head: get, Deadline: soon()}); err != nil {
				t.Fatal(err)
			}
			if echo, _ := s.Header.Get("x-echo"); string(echo) != large || s.Header.Len() < 17 {
				t.Errorf("%d bytes, %d fields", len(echo), s.Header.Len())
			}
		}
	})
}

// A block that comes again means what it says then, and fills the table again.
func TestSameBlockAgain(t *testing.T) {
	const status, addAB, addCD = "\x88", "\x40\x01a\x01b", "\x40\x01c\x01d"
	blocks := []struct{ block, want string }{
		{status + addCD, "c=d"},
		{status + addAB + "\xbf", "a=b c=d"},
		{status + addAB + "\xbf", "a=b a=b"}, // the entry before the newest is another now
		{status + "\xbe\xbf\xc0", "a=b a=b c=d"},
		{status + addCD, "c=d"},
		{status + addCD, "c=d"},
		{status + "\xbf\xc0", "c=d a=b"}, // both have gone into the table
		{status + "\xbf\xc0", "c=d a=b"},
		{"\x20" + status + addCD, "c=d"},
		{"\x20" + status + addCD, "c=d"},
	}
	each(t, func(t *testing.T, way string) {
		m := h2.NewMaker()
		get := m.Head(fields("GET", "/"))
		c := connect(t, m, way, scripted(t, func(p *peer) {
			id := p.begin()
			for _, b := range blocks {
				p.raw(http2.FrameHeaders, endHeaders|endStream, id, b.block)
				id = p.request()
			}
		}))
		var s h2.Stream
		for i, b := range blocks {
			if err := s.Do(c, &h2.Request{Head: get, Deadline: soon()}); err != nil {
				t.Fatal(i, err)
			}
			var got []string
			for n := 1; n < s.Header.Len(); n++ {
				name, value := s.Header.At(n)
				got = append(got, string(name)+"="+string(value))
			}
			if strings.Join(got, " ") != b.want {
				t.Errorf("block %d: got %s, want %s", i, got, b.want)
			}
		}
	})
}
