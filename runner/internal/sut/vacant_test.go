package sut_test

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// A program that listens where the system will is named, in every spelling of the address.
func TestVacant(t *testing.T) {
	for listens, targets := range map[string][]string{
		"127.0.0.1": {"127.0.0.1", "localhost"}, "[::1]": {"[::1]"}, "0.0.0.0": {"127.0.0.2"}, "[::]": {"127.0.0.1", "[::1]"},
	} {
		listener, err := net.Listen("tcp", listens+":0")
		if err != nil {
			t.Logf("%s: %v", listens, err) // without IPv6
			continue
		}
		port := listener.Addr().(*net.TCPAddr).Port
		for _, host := range targets {
			at := fmt.Sprintf("%s:%d", host, port)
			isTaken(t, at, doorOf(t, plan.Target{URL: "http://" + at}, nil))
		}
		_ = listener.Close()
		for _, host := range targets {
			if err := doorOf(t, plan.Target{URL: fmt.Sprintf("http://%s:%d", host, port)}, nil).Vacant(t.Context()); err != nil {
				t.Errorf("%s, after %s was closed: %v", host, listens, err)
			}
		}
	}
}

func isTaken(t *testing.T, at string, d *sut.Door) {
	t.Helper()
	who := "a process that Plimsoll cannot identify"
	if runtime.GOOS == "linux" {
		who = fmt.Sprintf("(process %d)", os.Getpid())
	}
	var failure *sut.Failure
	err := d.Vacant(t.Context())
	if !errors.As(err, &failure) || !strings.HasPrefix(failure.What, "something listens at "+at+" already: ") || !strings.Contains(failure.What, who) {
		t.Errorf("%s: %v, want %s", at, err, who)
	}
}

// A unix socket is checked too. A stale file is no listener.
func TestVacantSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	d := doorOf(t, plan.Target{URL: "http://shop", Socket: path}, nil)
	if err := d.Vacant(t.Context()); err != nil {
		t.Error(err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	isTaken(t, path, d)
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = listener.Close()
	if err := d.Vacant(t.Context()); err != nil {
		t.Errorf("a stale file: %v", err)
	}
}

// In doubt the place is vacant.
func TestVacantWhenUnknown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	by := func(*url.URL) (*url.URL, error) { return &url.URL{Scheme: "http", Host: listener.Addr().String()}, nil }
	for _, d := range []*sut.Door{
		doorOf(t, plan.Target{URL: "http://not-there.invalid"}, nil), doorOf(t, plan.Target{URL: "http://" + listener.Addr().String()}, by),
	} {
		if err := d.Vacant(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// The further ports that a system was given are checked too.
func TestVacantPorts(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ports, err := sut.FreePorts(2)
	if err != nil || ports[0] == ports[1] {
		t.Fatal(ports, err)
	}
	taken := listener.Addr().(*net.TCPAddr).Port
	d := doorOf(t, plan.Target{URL: fmt.Sprintf("http://127.0.0.1:%d", ports[0])}, nil)
	if err := d.Vacant(t.Context(), ports[1], taken); err == nil || !strings.HasPrefix(err.Error(), "something listens at "+listener.Addr().String()) {
		t.Errorf("a port is taken: %v", err)
	}
	listener.Close()
	if err := d.Vacant(t.Context(), ports[1], taken); err != nil {
		t.Error(err)
	}
}
