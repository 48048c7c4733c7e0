package h2_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
)

// Headers in pieces, with padding and priorities, interim answers, trailers and frames of later versions are
// read as what they are.
func TestUnusualFrames(t *testing.T) {
	each(t, func(t *testing.T, way string) {
		m := h2.NewMaker()
		get := m.Head(fields("GET", "/"))
		c := connect(t, m, way, scripted(t, func(p *peer) {
			p.WriteSettings()
			for id := p.request(); id != 0; id = p.request() {
				p.header(id, 0, ":status", "103", "link", "x")
				whole := block(":status", "200", "server", "s", "x-long", strings.Repeat("l", 40000))
				p.raw(http2.FrameHeaders, http2.FlagHeadersPadded|http2.FlagHeadersPriority, id, "\x03abcde"+whole[:10]+"\x00\x00\x00")
				for rest := whole[10:]; ; rest = rest[10000:] {
					if len(rest) <= 10000 {
						p.raw(http2.FrameContinuation, http2.FlagContinuationEndHeaders, id, rest)
						break
					}
					p.raw(http2.FrameContinuation, 0, id, rest[:10000])
				}
				p.raw(99, 0xff, id, "of a later version")
				p.raw(http2.FramePriority, 0, id, "abcde")
				p.raw(http2.FrameData, http2.FlagDataPadded, id, "\x04bo"+strings.Repeat("\x00", 4))
				p.WritePing(false, [8]byte{1, 2, 3})
				if ping, ok := p.next(http2.FramePing).(*http2.PingFrame); !ok || !ping.IsAck() || ping.Data != [8]byte{1, 2, 3} {
					t.Error("no answer to a ping")
					return
				}
				p.raw(http2.FrameData, 0, id, "dy")
				p.header(id, endStream, "x-sum", "1")
			}
		}))
		var s h2.Stream
		for range 3 {
			if err := s.Do(c, &h2.Request{Head: get, Hold: 100, Deadline: soon()}); err != nil {
				t.Fatal(err)
			}
			long, _ := s.Header.Get("x-long")
			sum, _ := s.Trailer.Get("x-sum")
			if _, early := s.Header.Get("link"); s.Status != 200 || len(long) != 40000 || string(sum) != "1" || string(s.Body) != "body" || early || s.Header.Len() != 3 {
				t.Errorf("status %d, %d fields, sum %q, body %q", s.Status, s.Header.Len(), sum, s.Body)
			}
		}
	})
}

// A connection whose stream numbers are used up takes no more streams.
func TestNumbersRunOut(t *testing.T) {
	each(t, func(t *testing.T, way string) {
		m := h2.NewMaker()
		get := m.Head(fields("GET", "/"))
		c := connect(t, m, way, serve(t, nil, answers(10)))
		c.Skip(1<<31 - 3)
		var s h2.Stream
		for range 2 {
			if err := s.Do(c, &h2.Request{Head: get, Deadline: soon()}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Do(c, &h2.Request{Head: get, Deadline: soon()}); !errors.Is(err, h2.ErrNotOpen) || !s.Sent.IsZero() || !h2.Unprocessed(err) {
			t.Errorf("got %v, sent %v", err, s.Sent)
		}
		if c.Usable() {
			t.Error("the connection is usable")
		}
	})
}

// The server's limit of streams holds whatever it becomes, is used up to the last place, and nobody is forgotten.
func TestPlaces(t *testing.T) {
	m := h2.NewMaker()
	get := m.Head(fields("GET", "/"))
	c := connect(t, m, "shared", scripted(t, func(p *peer) {
		p.WriteSettings()
		var open []uint32
		until := func(kind http2.FrameType) { // counts requests until something else comes
			for {
				f, err := p.ReadFrame()
				if err != nil {
					t.Error(err)
					return
				}
				if h, ok := f.(*http2.HeadersFrame); ok {
					open = append(open, h.StreamID)
				}
				if f.Header().Type == kind && f.Header().Flags.Has(http2.FlagPingAck) {
					return
				}
			}
		}
		until(http2.FrameSettings)
		for _, limit := range []uint32{4, 1, 7, 0, 2, 30, 0, 1} {
			p.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: limit})
			until(http2.FrameSettings)
			for range 3 {
				for _, id := range open {
					p.good(id, "")
				}
				for open = open[:0]; len(open) < int(limit); {
					open = append(open, p.request())
				}
				p.WritePing(false, [8]byte{})
				if until(http2.FramePing); len(open) > int(limit) {
					t.Errorf("%d streams at once, and %d are allowed", len(open), limit)
				}
			}
		}
	}))
	var users sync.WaitGroup
	for range 40 {
		users.Go(func() {
			var s h2.Stream
			for s.Do(c, &h2.Request{Head: get, Deadline: soon()}) == nil { // until the server leaves
			}
		})
	}
	users.Wait()
}

// A wait for a place ends with its deadline, or when it is cut off, and the place goes to the next.
func TestPlacesGivenUp(t *testing.T) {
	m := h2.NewMaker()
	get := m.Head(fields("GET", "/"))
	free := make(chan struct{})
	c := connect(t, m, "shared", scripted(t, func(p *peer) {
		p.good(p.begin(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1}), "")
		held := p.request()
		<-free
		p.good(held, "")
		for id := p.request(); id != 0; id = p.request() {
			p.good(id, "")
		}
	}))
	var first, late, cut, last h2.Stream
	if err := first.Do(c, &h2.Request{Head: get, Deadline: soon()}); err != nil {
		t.Fatal(err)
	}
	if err := first.Open(c, &h2.Request{Head: get, Deadline: soon()}); err != nil {
		t.Fatal(err)
	}
	if err := late.Do(c, &h2.Request{Head: get, Deadline: time.Now().Add(10 * time.Millisecond)}); !errors.Is(err, h2.ErrNoPlace) || !late.Sent.IsZero() {
		t.Errorf("got %v, sent %v", err, late.Sent)
	}
	var group sync.WaitGroup
	group.Go(func() {
		if err := cut.Do(c, &h2.Request{Head: get, Deadline: soon()}); err == nil || errors.Is(err, h2.ErrNoPlace) {
			t.Errorf("got %v", err)
		}
	})
	group.Go(func() {
		if err := last.Do(c, &h2.Request{Head: get, Deadline: soon()}); err != nil {
			t.Error(err)
		}
	})
	time.Sleep(200 * time.Millisecond) // until both wait
	cut.SetDeadline(time.Unix(1, 0))
	close(free)
	if _, err := first.Receive(soon()); err == nil {
		t.Error("a body came")
	}
	group.Wait()
	if !c.Usable() || !c.Unused() {
		t.Error("the connection is not free")
	}
}

// Streams up to the last one of a GOAWAY go on; later ones learn that they were not processed; and the
// connection closes behind the last, once it is retired.
func TestGoodbyeUnderWay(t *testing.T) {
	m := h2.NewMaker()
	get := m.Head(fields("GET", "/"))
	began := make(chan struct{})
	c := connect(t, m, "shared", scripted(t, func(p *peer) {
		p.good(p.begin(), "")
		a, b := p.request(), p.request()
		p.WriteGoAway(1<<31-1, 0, nil)
		p.WriteGoAway(a, 0, nil)
		<-began
		p.good(a, "a")
		_ = b
		p.silence()
	}))
	var first, second, third h2.Stream
	if err := first.Do(c, &h2.Request{Head: get, Deadline: soon()}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(first.Open(c, &h2.Request{Head: get, Deadline: soon()}), second.Open(c, &h2.Request{Head: get, Deadline: soon()})); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Receive(soon()); !h2.Unprocessed(err) || !errors.As(err, new(h2.Goaway)) {
		t.Errorf("got %v", err)
	}
	if err := third.Do(c, &h2.Request{Head: get, Deadline: soon()}); !errors.Is(err, h2.ErrNotOpen) {
		t.Errorf("got %v", err)
	}
	c.Retire()
	close(began)
	if data, err := first.Receive(soon()); string(data) != "a" || err != nil {
		t.Errorf("got %q %v", data, err)
	}
	if c.Usable() || !c.Unused() {
		t.Error("the connection is still there")
	}
}
