package protocol_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// serve starts a TCP server of lines and returns its address. It ends with the test.
//
// A line "echo TEXT" is answered with TEXT, and "GET …" as HTTP. A line "open TOPIC" begins a stream,
// which takes the connection; the topic decides what comes over it.
func serve(t *testing.T) string { return serveTo(t, func(string) {}) }

// serveTo is serve; hear gets each line that comes outside of streams. Calls may overlap.
func serveTo(t *testing.T, hear func(line string)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var mu sync.Mutex // guards open
	var open []net.Conn
	all.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			all.Go(func() { defer c.Close(); talk(c, hear) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return (&url.URL{Scheme: "http", Host: listener.Addr().String()}).String()
}

func talk(c net.Conn, hear func(line string)) {
	for in := bufio.NewScanner(c); in.Scan(); {
		hear(in.Text())
		word, rest, _ := strings.Cut(in.Text(), " ")
		switch word {
		case "echo":
			fmt.Fprintln(c, rest)
		case "GET":
			for in.Scan() && in.Text() != "" {
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		case "open":
			topics[rest](c, in)
			return
		}
	}
}

// topics say how the server treats a stream.
var topics = map[string]func(c net.Conn, in *bufio.Scanner){
	"refused": func(c net.Conn, _ *bufio.Scanner) { fmt.Fprintln(c, "no such topic") },
	"count": func(c net.Conn, _ *bufio.Scanner) {
		fmt.Fprintln(c, "ok")
		for i := 1; ; i++ {
			if _, err := fmt.Fprintln(c, "n", i); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	},
	"chat": func(c net.Conn, in *bufio.Scanner) {
		for fmt.Fprintln(c, "ok"); in.Scan(); {
			fmt.Fprintf(c, "noise\nnoise\nre %s\n", in.Text())
		}
	},
	"short": func(c net.Conn, in *bufio.Scanner) {
		fmt.Fprint(c, "ok\nn 1\nn 2\nn 3\nend\n")
		in.Scan() // the other side closes
	},
	"break":  func(c net.Conn, _ *bufio.Scanner) { fmt.Fprint(c, "ok\nn 1\nn 2\n") },
	"silent": func(c net.Conn, in *bufio.Scanner) { fmt.Fprintln(c, "ok"); in.Scan() },
}
