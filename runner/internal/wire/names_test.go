package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// stub looks names up in a map.
type stub struct {
	addresses []string
	err       error
	lookups   int
}

func (s *stub) lookup(context.Context, string, string) ([]netip.Addr, error) {
	s.lookups++
	var found []netip.Addr
	for _, a := range s.addresses {
		found = append(found, netip.MustParseAddr(a))
	}
	return found, s.err
}

func (s *stub) names() *names { return &names{lookup: s.lookup, known: map[string]*name{}} }

// order is the order of addresses for the next connection.
func order(t *testing.T, n *names, host string) string {
	t.Helper()
	got, err := n.addresses(t.Context(), host)
	if err != nil {
		return err.Error()
	}
	return strings.Trim(fmt.Sprint(got), "[]")
}

// Each connection begins at the next address; one that failed comes last, until the name is looked up
// again.
func TestNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stub{addresses: []string{"10.0.0.1", "::ffff:10.0.0.2", "2001:db8::3"}}
		n := s.names()
		want := func(text string) {
			t.Helper()
			if got := order(t, n, "shop.test"); got != text {
				t.Errorf("got %s, want %s", got, text)
			}
		}
		want("10.0.0.1 10.0.0.2 2001:db8::3")
		want("10.0.0.2 2001:db8::3 10.0.0.1")
		n.fail("shop.test", netip.MustParseAddr("2001:db8::3"))
		want("10.0.0.1 10.0.0.2 2001:db8::3")
		want("10.0.0.1 10.0.0.2 2001:db8::3")
		if s.lookups != 1 {
			t.Errorf("%d lookups, want 1", s.lookups)
		}
		time.Sleep(freshFor)
		s.addresses = []string{"10.0.0.4"}
		want("10.0.0.4")
		time.Sleep(freshFor)
		s.addresses, s.err = nil, errors.New("no name server")
		want("10.0.0.4")
		if got := order(t, n, "other.test"); got != "no name server" {
			t.Errorf("a name that was never known: %s", got)
		}
		s.err, s.addresses = nil, []string{"::1", "127.0.0.1"}
		for range 2 {
			if got := order(t, n, "localhost"); got != "::1 127.0.0.1" {
				t.Errorf("localhost: %s", got)
			}
		}
	})
}

// A dead address causes no failure, and the others share the load.
func TestDialSpreads(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	port := ""
	for _, host := range []string{"127.0.0.1", "127.0.0.2"} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, port))
		if err != nil {
			t.Skipf("this machine has no %s: %v", host, err)
		}
		defer l.Close()
		_, port, _ = net.SplitHostPort(l.Addr().String())
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				mu.Lock()
				seen[host]++
				mu.Unlock()
				io.WriteString(c, "x")
				c.Close()
			}
		}()
	}
	d, err := NewDialer(plan.Target{URL: "http://shop.test:" + port}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &stub{addresses: []string{"127.0.0.3", "127.0.0.1", "127.0.0.2"}}
	d.names = s.names()
	for range 20 {
		c, err := d.Dial(t.Context(), d.Target())
		if err != nil {
			t.Fatal(err)
		}
		io.ReadAll(c)
		c.Close()
	}
	mu.Lock()
	defer mu.Unlock()
	if a, b := seen["127.0.0.1"], seen["127.0.0.2"]; a+b != 20 || a < 6 || b < 6 {
		t.Errorf("connections: %v, want them spread", seen)
	}
	s.addresses = []string{"127.0.0.3", "127.0.0.4"}
	d.names = s.names()
	if _, err := d.Dial(t.Context(), d.Target()); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("all dead: %v", err)
	}
}

// A zone names an interface of this machine, and is never sent.
func TestZones(t *testing.T) {
	u, err := url.Parse("https://[fe80::1%25lo]:8443/x")
	if err != nil {
		t.Fatal(err)
	}
	at, err := OriginOf(u)
	if err != nil || at.Address() != "[fe80::1%lo]:8443" || at.Authority() != "[fe80::1]:8443" || at.Name() != "fe80::1" || at.URL() != "https://[fe80::1]:8443" {
		t.Errorf("%+v: %s, %s, %s, %s, %v", at, at.Address(), at.Authority(), at.Name(), at.URL(), err)
	}
	d, err := NewDialer(plan.Target{URL: u.String(), Hosts: []string{"fe80::/10"}}, nil)
	if err != nil || !d.Allowed("fe80::2%lo") || !d.Allowed("fe80::1%lo") || d.Allowed("2001:db8::1%lo") {
		t.Errorf("hosts: %v", err)
	}
}

// A host may be written in any of its spellings, in an address, in limits.hosts and in a redirect.
func TestSpellingsOfHosts(t *testing.T) {
	for _, at := range []string{"http://bücher.test", "http://BÜCHER.Test", "http://b%C3%BCcher.test", "http://xn--bcher-kva.test"} {
		d, err := NewDialer(plan.Target{URL: at, Hosts: []string{"*.Müller.test"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Target().Host; got != "xn--bcher-kva.test" {
			t.Errorf("%s: %s", at, got)
		}
		for host, want := range map[string]bool{
			"xn--bcher-kva.test": true, "XN--BCHER-KVA.test": true, "xn--bcher-kva.test.": true,
			"a.xn--mller-kva.test": true, "xn--mller-kva.test": false, "bcher.test": false,
		} {
			if got := d.Allowed(host); got != want {
				t.Errorf("%s at %s: %v", host, at, got)
			}
		}
	}
}

// A silent address leaves time for the others, and is not waited for twice.
func TestDialPastSilence(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	d, err := NewDialer(plan.Target{URL: "http://shop.test:" + port}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.names = (&stub{addresses: []string{"127.0.0.3", "127.0.0.1"}}).names()
	silences := 0
	d.net.ControlContext = func(ctx context.Context, _, address string, _ syscall.RawConn) error {
		if address == "127.0.0.3:"+port {
			silences++
			<-ctx.Done()
		}
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	for range 4 {
		c, err := d.Dial(ctx, d.Target())
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	if silences != 1 {
		t.Errorf("the silent address was tried %d times", silences)
	}
	l.Close()
	d.names = (&stub{addresses: []string{"127.0.0.3", "127.0.0.1"}}).names()
	if _, err := d.Dial(ctx, d.Target()); !errors.Is(err, ErrNotConnected) {
		t.Errorf("one is silent, the other refuses: %v", err)
	}
}
