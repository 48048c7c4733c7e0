package sut_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// saying is a server that answers the first bytes of each connection with a text, and waits.
func saying(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c.Read(make([]byte, 100))  // whatever it is
				io.WriteString(c, text)    // the client may have left
				c.Read(make([]byte, 1000)) // until the client leaves
			}()
		}
	}()
	return l.Addr().String()
}

// secret is an https server of one version of HTTP.
func secret(t *testing.T, http2 bool) string {
	t.Helper()
	s := httptest.NewUnstartedServer(health())
	s.EnableHTTP2 = http2
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// overQUIC is a QUIC server that speaks another protocol than HTTP/3.
func overQUIC(t *testing.T) string {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS() // for its certificate
	t.Cleanup(s.Close)
	l, err := quic.ListenAddr("127.0.0.1:0", &tls.Config{Certificates: s.TLS.Certificates, NextProtos: []string{"doq"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "https://" + l.Addr().String()
}

// mute is a UDP socket that nothing reads.
func mute(t *testing.T) string {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return "https://" + socket.LocalAddr().String()
}

// A system that does not speak the version of HTTP that is asked for is found out before the load, and the
// sentence says what to do. A system that speaks it passes, and so does whatever the load tells better.
func TestSpeaks(t *testing.T) {
	plain := httptest.NewServer(health())
	defer plain.Close()
	clear2 := httptest.NewUnstartedServer(health())
	clear2.Config.Protocols = new(http.Protocols)
	clear2.Config.Protocols.SetUnencryptedHTTP2(true)
	clear2.Start()
	defer clear2.Close()
	only1, both := secret(t, false), secret(t, true)
	page := "http://" + saying(t, "<!DOCTYPE HTML>\n<html><h1>Bad request version ('HTTP/2.0')</h1></html>\n")
	redis, ssh := "http://"+saying(t, "-ERR unknown command 'PRI'\r\n"), "http://"+saying(t, "SSH-2.0")
	silent, odd := mute(t), overQUIC(t)
	ports, err := sut.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	nobody := fmt.Sprintf("127.0.0.1:%d", ports[0])
	http1 := " answers in HTTP/1.1, not in HTTP/2: leave target.http out, or write http: 1"
	other := " does not speak HTTP/2: is it the right port?"
	no3 := ", over UDP: does the server speak HTTP/3, and does every firewall let UDP through? Otherwise leave target.http out"
	for _, c := range []struct {
		url     string
		version profile.HTTPVersion
		want    string
	}{
		{plain.URL, profile.HTTP2, plain.URL + http1},
		{page, profile.HTTP2, page + http1},
		{only1, profile.HTTP2, only1 + http1},
		{redis, profile.HTTP2, redis + other},
		{"http://" + nobody, profile.HTTP2, ""},
		{plain.URL, profile.HTTPAuto, ""},
		{clear2.URL, profile.HTTP2, ""},
		{both, profile.HTTP2, ""},
		{"https://" + nobody, profile.HTTP3, "nothing answers in HTTP/3 at https://" + nobody + no3},
		{both, profile.HTTP3, "nothing answers in HTTP/3 at " + both + no3},
		{silent, profile.HTTP3, "nothing answers in HTTP/3 at " + silent + no3},
		{odd, profile.HTTP3, odd + " answers over UDP, and not in HTTP/3: leave target.http out"},
		{ssh, profile.HTTP2, ""}, // it has not said enough, and may be slow
	} {
		target := plan.Target{URL: c.url, HTTP: c.version, TLS: profile.TLS{Insecure: true}}
		if c.url == silent || c.url == ssh {
			target.Timeout = 200 * time.Millisecond
		}
		d := doorOf(t, target, nil)
		if got := said(d.Speaks(t.Context())); got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.url, c.version, got, c.want)
		}
		if got := said(d.Reach(t.Context())); c.version == profile.HTTP3 && got != c.want {
			t.Errorf("reach %s, %s: %q, want %q", c.url, c.version, got, c.want)
		}
	}
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A system that answers in HTTP/1.1 will not change its mind: nobody waits for it to become ready.
func TestNeverReady(t *testing.T) {
	s := httptest.NewServer(health())
	defer s.Close()
	for kind, want := range map[profile.ReadyKind]string{
		profile.ReadyHTTP: s.URL + " answers in HTTP/1.1, not in HTTP/2: leave target.http out, or write http: 1",
		profile.ReadyGRPC: s.URL + " answers in HTTP/1.1 where gRPC needs HTTP/2: is it the right port?",
	} {
		err := ready(t, doorOf(t, plan.Target{URL: s.URL, HTTP: profile.HTTP2}, nil), kind, time.Hour)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", kind, err, want)
		}
	}
}
