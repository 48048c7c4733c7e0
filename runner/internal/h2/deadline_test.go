package h2_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
)

// frozen serves one connection: it answers the first request, and reads nothing more after a while.
func frozen(conn net.Conn, listens time.Duration) {
	io.ReadFull(conn, make([]byte, len(http2.ClientPreface)))
	conn.SetReadDeadline(time.Now().Add(listens))
	p := &peer{conn, http2.NewFramer(conn, conn)}
	p.WriteSettings()
	for {
		f, err := p.ReadFrame()
		if err != nil {
			return
		}
		if f.Header().Type == http2.FrameHeaders {
			go p.good(f.Header().StreamID, "x")
		}
	}
}

// A write to a server that reads nothing ends at the deadline of its call, even if the timer of an earlier call
// goes off within it.
func TestDeadlineBehindAnEarlierOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		go frozen(theirs, 400*time.Millisecond)
		m, start := h2.NewMaker(), time.Now()
		conn := m.Shared(ours)
		defer conn.Close()
		var s h2.Stream
		get := m.Head(fields("GET", "/"))
		if err := s.Do(conn, &h2.Request{Head: get, Deadline: start.Add(time.Second)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
		err := s.Do(conn, &h2.Request{Head: get, Deadline: start.Add(10 * time.Second)})
		if took := time.Since(start); !errors.Is(err, os.ErrDeadlineExceeded) || took != 10*time.Second {
			t.Errorf("after %v: %v, want a time-out after 10 s", took, err)
		}
	})
}
