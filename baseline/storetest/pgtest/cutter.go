package pgtest

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Cutter is a proxy in front of a server without TLS. It cuts the first connection on which a client sends the
// text. It gives its port on 127.0.0.1, and ends with the test.
func Cutter(t testing.TB, databaseURL, text string) (port string) {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var connections sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		connections.Wait()
	})
	c := &cutter{server: u.Host, text: []byte(text)}
	connections.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Go(func() { c.serve(client) })
		}
	})
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	return port
}

// cutter passes bytes on until the text comes.
type cutter struct {
	server string
	text   []byte
	once   sync.Once
}

func (c *cutter) serve(client net.Conn) {
	defer client.Close() //nolint:errcheck // the connection is cut on purpose
	server, err := net.Dial("tcp", c.server)
	if err != nil {
		return // the client sees the cut
	}
	go func() {
		defer client.Close()           //nolint:errcheck // as above
		_, _ = io.Copy(client, server) // until one of them ends
	}()
	defer server.Close() //nolint:errcheck // as above
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		cut := false
		if bytes.Contains(buffer[:n], c.text) {
			c.once.Do(func() { cut = true })
		}
		if cut {
			return
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}
