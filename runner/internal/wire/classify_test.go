package wire_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

func TestClassify(t *testing.T) {
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{Port: 4711}, Err: err}
	}
	for _, c := range []struct {
		err   error
		class tally.Class
		text  string
	}{
		{dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), tally.Transport, "connect: connection refused"},
		{dial(os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)), tally.Generator, "this machine: cannot assign requested address"},
		{fmt.Errorf("any: %w", syscall.EMFILE), tally.Generator, "this machine: too many open files"},
		{&net.DNSError{Name: "shop.test", Err: "no such host"}, tally.Generator, "look up shop.test: no such host"},
		{os.ErrDeadlineExceeded, tally.Timeout, "no whole answer in time"},
		{context.DeadlineExceeded, tally.Timeout, "no whole answer in time"},
		{errors.Join(wire.ErrNotConnected, os.ErrDeadlineExceeded), tally.Timeout, "not connected in time"},
		{wire.ErrCut, tally.Timeout, "not answered before the load ended"},
		{errors.Join(wire.Fault("odd"), os.ErrDeadlineExceeded), tally.Transport, "odd"},
		{http1.ErrNoAnswer, tally.Transport, "the connection was closed without an answer"},
		{errors.New("odd; stream 7\nand more"), tally.Transport, "odd"},
	} {
		if class, text := wire.Classify(c.err); class != c.class || text != c.text {
			t.Errorf("%v: %v %q, want %v %q", c.err, class, text, c.class, c.text)
		}
	}
}

func TestOrigin(t *testing.T) {
	for text, want := range map[string][2]string{ // the address dialled, and the Host header
		"http://shop.test/a":      {"shop.test:80", "shop.test"},
		"https://shop.test":       {"shop.test:443", "shop.test"},
		"http://shop.test:443":    {"shop.test:443", "shop.test:443"},
		"http://[::1]:80":         {"[::1]:80", "[::1]"},
		"https://[::1]:8080":      {"[::1]:8080", "[::1]:8080"},
		"http://b\u00fccher.test": {"xn--bcher-kva.test:80", "xn--bcher-kva.test"},
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		at, err := wire.OriginOf(u)
		if err != nil || at.Address() != want[0] || at.Authority() != want[1] {
			t.Errorf("%s: %s and %s, %v; want %v", text, at.Address(), at.Authority(), err, want)
		}
	}
}

// A Dialer uses only the proxy that it is given, whatever the environment says.
func TestDialerReadsNoEnvironment(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	d, err := wire.NewDialer(plan.Target{URL: "http://shop.test"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.Via(d.Target()).Absolute() {
		t.Error("a proxy of the environment is used")
	}
}

// A proxy of an unknown kind is refused before any load.
func TestDialerRefusesProxy(t *testing.T) {
	by := func(*url.URL) (*url.URL, error) { return url.Parse("socks4://127.0.0.1:1080") }
	_, err := wire.NewDialer(plan.Target{URL: "http://shop.test"}, by)
	if want := `the environment's proxy: the scheme "socks4" is none of http, https, socks5 and socks5h`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
