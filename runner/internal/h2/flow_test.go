package h2_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
)

// body reads a request's body to its end, opening windows as it goes if by is not 0.
func (p *peer) body(by uint32) (got []byte) {
	for {
		frame, err := p.ReadFrame()
		if err != nil {
			return got
		}
		data, ok := frame.(*http2.DataFrame)
		if !ok {
			continue
		}
		got = append(got, data.Data()...)
		if data.StreamEnded() {
			return got
		}
		if by > 0 {
			p.WriteWindowUpdate(0, by)
			p.WriteWindowUpdate(data.StreamID, by)
		}
	}
}

// A body goes out as the server's windows allow, whatever they do meanwhile.
func TestSendWindows(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<14)
	for name, serve := range map[string]func(p *peer) []byte{
		"of one byte, then more": func(p *peer) []byte {
			id := p.begin(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1})
			p.WriteWindowUpdate(0, 1<<20)
			p.WriteWindowUpdate(id, 1<<20)
			return p.body(0)
		},
		"of nothing, opened by settings": func(p *peer) []byte {
			p.begin(http2.Setting{ID: http2.SettingInitialWindowSize})
			p.WriteWindowUpdate(0, 1<<20)
			p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
			return p.body(0)
		},
		"that shrink below nothing": func(p *peer) []byte {
			id := p.begin()
			p.WriteWindowUpdate(0, 1<<20)
			p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 100})
			p.WriteWindowUpdate(id, 1<<20)
			return p.body(0)
		},
		"in small steps": func(p *peer) []byte { p.begin(); return p.body(20000) },
		"of larger frames": func(p *peer) []byte {
			p.SetMaxReadFrameSize(1 << 20)
			p.begin(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1 << 20})
			return p.body(1 << 16)
		},
		"of the connection only": func(p *peer) []byte {
			p.begin(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
			return p.body(1 << 14)
		},
	} {
		each(t, func(t *testing.T, way string) {
			t.Run(name, func(t *testing.T) {
				m := h2.NewMaker()
				put := m.Head(fields("PUT", "/"))
				c := connect(t, m, way, scripted(t, func(p *peer) {
					if got := serve(p); !bytes.Equal(got, body) {
						t.Errorf("the server got %d bytes", len(got))
					}
					p.good(1, "done")
					p.silence()
				}))
				var s h2.Stream
				if err := s.Do(c, &h2.Request{Head: put, Body: body, Hold: 10, Deadline: soon()}); err != nil || string(s.Body) != "done" {
					t.Errorf("%q %v", s.Body, err)
				}
			})
		})
	}
}

// A window that never opens, and a server that reads nothing, are time-outs.
func TestSendStalls(t *testing.T) {
	leave := make(chan struct{})
	t.Cleanup(func() { close(leave) })
	for name, script := range map[string]func(p *peer){
		"a window stays closed": func(p *peer) { p.begin(http2.Setting{ID: http2.SettingInitialWindowSize}); p.silence() },
		"nothing is read": func(p *peer) {
			id := p.begin()
			p.WriteWindowUpdate(0, 1<<30)
			p.WriteWindowUpdate(id, 1<<30)
			<-leave
		},
	} {
		each(t, func(t *testing.T, way string) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				m := h2.NewMaker()
				put := m.Head(fields("PUT", "/"))
				conn := connect(t, m, way, scripted(t, script))
				var s h2.Stream
				err := s.Do(conn, &h2.Request{Head: put, Body: make([]byte, 32<<20), Deadline: time.Now().Add(200 * time.Millisecond)})
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				if again := s.Do(conn, &h2.Request{Head: put, Deadline: time.Now().Add(100 * time.Millisecond)}); again == nil {
					t.Error("the second call was answered")
				}
			})
		})
	}
}

// A server may answer before the whole request has come, and reset the rest.
func TestEarlyAnswers(t *testing.T) {
	for name, serve := range map[string]func(p *peer, id uint32){
		"and reads on":     func(p *peer, id uint32) { p.good(id, "no") },
		"and resets":       func(p *peer, id uint32) { p.good(id, "no"); p.WriteRSTStream(id, http2.ErrCodeNo) },
		"and resets badly": func(p *peer, id uint32) { p.good(id, "no"); p.WriteRSTStream(id, http2.ErrCodeCancel) },
	} {
		each(t, func(t *testing.T, way string) {
			t.Run(name, func(t *testing.T) {
				m := h2.NewMaker()
				put := m.Head(fields("PUT", "/"))
				c := connect(t, m, way, scripted(t, func(p *peer) {
					p.WriteSettings()
					for id := p.request(); id != 0; id = p.request() {
						serve(p, id)
					}
				}))
				var s h2.Stream
				for i := range 3 {
					if err := s.Do(c, &h2.Request{Head: put, Body: make([]byte, 8<<20), Hold: 10, Deadline: soon()}); err != nil || string(s.Body) != "no" {
						t.Errorf("call %d: %q %v", i, s.Body, err)
					}
				}
				if !c.Usable() || !c.Unused() {
					t.Error("the connection is not free")
				}
			})
		})
	}
}

// A stream whose messages nobody receives holds at most its window; a server that sends more breaks the rules.
func TestReceiveWindow(t *testing.T) {
	const most = 1 << 20
	each(t, func(t *testing.T, way string) {
		m := h2.NewMaker()
		get := m.Head(fields("GET", "/"))
		stopped := make(chan int, 1)
		c := connect(t, m, way, scripted(t, func(p *peer) {
			id := p.begin()
			p.header(id, 0, ":status", "200")
			for range most >> 14 {
				p.WriteData(id, false, make([]byte, 1<<14))
			}
			stopped <- most
			for f := p.next(http2.FrameWindowUpdate); f != nil && f.Header().StreamID != id; f = p.next(http2.FrameWindowUpdate) {
			}
			p.WriteData(id, false, make([]byte, 100))
			p.WriteData(id, true, nil)
			p.silence()
		}))
		var s h2.Stream
		if err := s.Open(c, &h2.Request{Head: get, Deadline: soon()}); err != nil {
			t.Fatal(err)
		}
		<-stopped
		got := 0
		for {
			data, err := s.Receive(soon())
			if got += len(data); errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(got, err)
			}
		}
		if got != most+100 {
			t.Errorf("got %d bytes", got)
		}
	})
}

// A server that sends more than a stream's window ends that stream alone.
func TestReceiveWindowBroken(t *testing.T) {
	m := h2.NewMaker()
	get := m.Head(fields("GET", "/"))
	c := connect(t, m, "shared", scripted(t, func(p *peer) {
		id := p.begin()
		p.header(id, 0, ":status", "200")
		for range 1<<20>>14 + 1 {
			p.WriteData(id, false, make([]byte, 1<<14))
		}
		p.good(p.request(), "")
		p.silence()
	}))
	var s, other h2.Stream
	if err := s.Open(c, &h2.Request{Head: get, Deadline: soon()}); err != nil {
		t.Fatal(err)
	}
	if err := other.Do(c, &h2.Request{Head: get, Deadline: soon()}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Receive(soon())
	for err == nil {
		_, err = s.Receive(soon())
	}
	if err.Error() != "the server broke HTTP/2: the server sent more than the stream's window" {
		t.Error(err)
	}
}

// A whole answer of any size comes in, and one that is larger than what is held ends its stream alone.
func TestLargeAnswers(t *testing.T) {
	each(t, func(t *testing.T, way string) {
		m := h2.NewMaker()
		get := m.Head(fields("GET", "/"))
		c := connect(t, m, way, serve(t, nil, answers(24<<20)))
		var s h2.Stream
		for range 2 {
			if err := s.Do(c, &h2.Request{Head: get, Deadline: soon()}); err != nil || s.Received != 24<<20 {
				t.Fatal(s.Received, err)
			}
			if err := s.Do(c, &h2.Request{Head: get, Hold: 1 << 20, Deadline: soon()}); !errors.Is(err, h2.ErrTooLarge) {
				t.Fatal(err)
			}
		}
	})
}

// The server's table may shrink to nothing at any time, and requests stay what they are.
func TestTableSizes(t *testing.T) {
	each(t, func(t *testing.T, way string) {
		m := h2.NewMaker()
		get := m.Head(fields("GET", "/a/rather/long/path", h2.Field{Name: "x-token", Value: strings.Repeat("t", 100)}, h2.Field{Name: "authorization", Value: "me", Secret: true}))
		sizes := []uint32{4096, 0, 0, 100, 4096, 1 << 20, 50, 4096, 4096}
		c := connect(t, m, way, scripted(t, func(p *peer) {
			p.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
			p.WriteSettings()
			for i := 0; ; i++ {
				h, ok := p.next(http2.FrameHeaders).(*http2.MetaHeadersFrame)
				if !ok {
					return
				}
				if h.PseudoValue("path") != "/a/rather/long/path" || len(h.RegularFields()) != 2 || !h.RegularFields()[1].Sensitive {
					t.Errorf("request %d: %v", i, h.Fields)
				}
				p.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: sizes[i%len(sizes)]})
				if p.next(http2.FrameSettings) == nil { // acknowledged
					return
				}
				p.ReadMetaHeaders.SetAllowedMaxDynamicTableSize(min(4096, sizes[i%len(sizes)]))
				p.good(h.StreamID, "")
			}
		}))
		var s h2.Stream
		for range 3 * len(sizes) {
			if err := s.Do(c, &h2.Request{Head: get, Deadline: soon()}); err != nil {
				t.Fatal(err)
			}
			c.Rest()
		}
	})
}
