package pgtest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Bridge is a proxy in front of a server without TLS. While it is cut, it closes every connection, as when the server restarts
// or the network fails. Safe for concurrent use.
type Bridge struct {
	URL string // leads through it

	server   string
	listener net.Listener
	serving  sync.WaitGroup

	mu   sync.Mutex // guards the fields below
	cut  bool
	open map[net.Conn]bool
}

// NewBridge makes a bridge that ends with the test.
func NewBridge(t testing.TB, databaseURL string) *Bridge {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	b := &Bridge{server: u.Host, open: map[net.Conn]bool{}}
	if b.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	u.Host = b.listener.Addr().String()
	b.URL = u.String()
	b.serving.Go(b.accept)
	t.Cleanup(func() {
		_ = b.listener.Close() // accept ends
		b.Cut()
		b.serving.Wait()
	})
	return b
}

// Cut cuts all connections, and further ones as soon as they are made.
func (b *Bridge) Cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = true
	for conn := range b.open {
		_ = conn.Close() // on purpose
	}
}

// Mend lets connections pass again.
func (b *Bridge) Mend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = false
}

func (b *Bridge) accept() {
	for {
		client, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.serving.Go(func() { b.serve(client) })
	}
}

// serve passes bytes on in both directions until one side ends.
func (b *Bridge) serve(client net.Conn) {
	defer client.Close() //nolint:errcheck // it may be cut
	server, err := net.Dial("tcp", b.server)
	if err != nil {
		return // the client sees the cut
	}
	defer server.Close() //nolint:errcheck // as above
	if !b.keep(client) {
		return
	}
	defer b.drop(client)
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(client, server) // until one of them ends
		_ = client.Close()             // ends the other direction
	}()
	_, _ = io.Copy(server, client) // as above
	_ = server.Close()             // as above
	<-back
}

// keep remembers a connection, unless the bridge is cut.
func (b *Bridge) keep(conn net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.cut {
		b.open[conn] = true
	}
	return !b.cut
}

func (b *Bridge) drop(conn net.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, conn)
}
