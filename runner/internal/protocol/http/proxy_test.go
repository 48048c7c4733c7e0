package http_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// proxy is one that takes requests in absolute form and CONNECT, and sends whatever it is
// asked for to one server. seen gets a line for each request.
func proxy(t *testing.T, server string, seen chan<- string) string {
	t.Helper()
	return listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) { forward(c, server, seen) }).String()
}

// forward is what proxy does on one connection.
func forward(c net.Conn, server string, seen chan<- string) {
	in := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		seen <- fmt.Sprintf("%s %s %s %s", r.Method, r.RequestURI, r.Host, r.Header.Get("Proxy-Authorization"))
		switch name, _, _ := strings.Cut(r.Host, "."); {
		case r.Method != "CONNECT":
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied")
			continue
		case name == "forbidden":
			io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
			return
		case name == "endless":
			endless("HTTP/1.1 200 OK\r\n", "X-Padding: aaa\r\n")(c)
			return
		case name == "silent":
			silent(c)
			return
		}
		out, err := net.Dial("tcp", server)
		if err != nil {
			return
		}
		defer out.Close()
		io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			io.Copy(out, in)
			out.Close()
		}()
		io.Copy(c, out)
		return
	}
}

// The protocol that a proxy's own TLS agrees on says nothing about the server behind it. The proxy's certificate is checked
// against those of the system, so a child process that trusts ours does the calls.
func TestEncryptedProxy(t *testing.T) {
	switch {
	case os.Getenv("PLIMSOLL_TEST_CALLS") != "":
		wantOK(t, once(t, plan.Target{URL: "http://shop.test", HTTP: "1.1", Timeout: 10 * time.Second}, peek("/")), 200, "proxied")
		wantOK(t, once(t, plan.Target{URL: "http://shop.test", HTTP: "2", Timeout: 10 * time.Second}, peek("/")), 200, "HTTP/2.0")
		return
	case runtime.GOOS == "darwin" || runtime.GOOS == "windows":
		t.Skip("the certificates of the system are in no file here")
	}
	ours := newAuthority(t)
	cert, key := ours.sign(t, "127.0.0.1", time.Now().Add(time.Hour))
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	defer server.Close()
	seen := make(chan string, 100)
	address := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		forward(tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}}), server.Listener.Addr().String(), seen)
	})
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEncryptedProxy$")
	child.Env = append(os.Environ(), "PLIMSOLL_TEST_CALLS=1", "HTTP_PROXY=https://"+address.String(),
		"SSL_CERT_FILE="+write(t, filepath.Join(t.TempDir(), "ca.pem"), ours.pem))
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"GET http://shop.test/ shop.test ", "CONNECT shop.test:80 shop.test:80 "} {
		if got := <-seen; got != want {
			t.Errorf("the proxy saw %q, want %q", got, want)
		}
	}
}

func TestProxies(t *testing.T) {
	ours := newAuthority(t)
	server := ours.secure(t, "shop.test", time.Now().Add(time.Hour), true, protocol)
	server.StartTLS()
	seen := make(chan string, 100)
	address := proxy(t, server.Listener.Addr().String(), seen)
	t.Setenv("HTTP_PROXY", "http://me:secret@"+address)
	t.Setenv("HTTPS_PROXY", "http://me:secret@"+address)
	auth := "Basic " + base64.StdEncoding.EncodeToString([]byte("me:secret"))

	timeout := 10 * time.Second
	for name, c := range map[string]struct {
		to   plan.Target
		seen string
		body string
		fail string
	}{
		"absolute":     {plan.Target{URL: "http://shop.test", HTTP: "auto"}, "GET http://shop.test/a?b=c shop.test " + auth, "proxied", ""},
		"with a port":  {plan.Target{URL: "http://shop.test:81", HTTP: "1.1"}, "GET http://shop.test:81/a?b=c shop.test:81 " + auth, "proxied", ""},
		"CONNECT":      {plan.Target{URL: "https://shop.test", HTTP: "1.1"}, "CONNECT shop.test:443 shop.test:443 " + auth, "HTTP/1.1 nobody", ""},
		"CONNECT, h2":  {plan.Target{URL: "https://shop.test", HTTP: "auto"}, "CONNECT shop.test:443 shop.test:443 " + auth, "HTTP/2.0 nobody", ""},
		"refused":      {plan.Target{URL: "https://forbidden.test", HTTP: "1.1"}, "CONNECT forbidden.test:443 forbidden.test:443 " + auth, "", "the proxy answered 403 to CONNECT"},
		"refused, h2":  {plan.Target{URL: "https://forbidden.test", HTTP: "2"}, "CONNECT forbidden.test:443 forbidden.test:443 " + auth, "", "the proxy answered 403 to CONNECT"},
		"endless":      {plan.Target{URL: "https://endless.test", HTTP: "1.1"}, "CONNECT endless.test:443 endless.test:443 " + auth, "", "the header is larger than 1 MiB"},
		"silent proxy": {plan.Target{URL: "https://silent.test", HTTP: "1.1"}, "CONNECT silent.test:443 silent.test:443 " + auth, "", "not connected in time"},
	} {
		t.Run(name, func(t *testing.T) {
			c.to.Timeout, c.to.TLS.CA = timeout, ours.pem
			class := tally.Transport
			if strings.HasPrefix(name, "silent") {
				c.to.Timeout, class = time.Second, tally.Timeout
			}
			o := once(t, c.to, peek("/a?b=c"))
			if c.fail == "" {
				wantOK(t, o, 200, c.body)
			} else {
				wantFailure(t, o, class, c.fail)
			}
			if got := <-seen; got != c.seen {
				t.Errorf("the proxy saw %q, want %q", got, c.seen)
			}
			for len(seen) > 0 { // the probe of auto asks twice
				<-seen
			}
		})
	}
	direct := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "direct") }))
	defer direct.Close()
	wantOK(t, once(t, target(direct.URL), peek("/")), 200, "direct") // loopback is never proxied
	if len(seen) > 0 {
		t.Errorf("the proxy saw %q", <-seen)
	}
}

// socks is a SOCKS5 proxy (RFC 1928) with a user and a password (RFC 1929), which sends
// everything to one server.
func socks(t *testing.T, server string, asked *atomic.Value) string {
	t.Helper()
	return listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		head := make([]byte, 2)
		next := func(n int) []byte {
			b := make([]byte, n)
			io.ReadFull(c, b)
			return b
		}
		io.ReadFull(c, head)
		next(int(head[1]))
		c.Write([]byte{5, 2})
		user := string(next(int(next(2)[1])))
		password := string(next(int(next(1)[0])))
		c.Write([]byte{1, 0})
		next(4)
		host := string(next(int(next(1)[0])))
		next(2)
		asked.Store(user + ":" + password + "@" + host)
		c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		out, err := net.Dial("tcp", server)
		if err != nil {
			return
		}
		defer out.Close()
		go io.Copy(out, c)
		io.Copy(c, out)
	}).String()
}

func TestSocksProxy(t *testing.T) {
	url := answers(t, ok)
	var asked atomic.Value
	t.Setenv("HTTP_PROXY", "socks5://me:secret@"+socks(t, strings.TrimPrefix(url, "http://"), &asked))
	wantOK(t, once(t, target("http://shop.test"), peek("/")), 200, "ok")
	if got := asked.Load(); got != "me:secret@shop.test" {
		t.Errorf("the proxy was asked %v", got)
	}
}

// If a SOCKS proxy gives no connection, the error names its reason.
func TestSocksProxyRefuses(t *testing.T) {
	const none = "the SOCKS proxy gave no connection: "
	says := func(texts ...string) func(net.Conn) {
		return func(c net.Conn) {
			for _, text := range texts {
				c.Read(make([]byte, 600))
				io.WriteString(c, text)
			}
		}
	}
	for want, serve := range map[string]func(net.Conn){
		none + "no acceptable authentication methods":    says("\x05\xff"),
		none + "username/password authentication failed": says("\x05\x02", "\x01\x01"),
		none + "connection not allowed by ruleset":       says("\x05\x00", "\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"),
		none + "host unreachable":                        says("\x05\x00", "\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00"),
		none + "unexpected protocol version 72":          says("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"the SOCKS proxy closed the connection":          says(""),
		"read: connection reset by peer":                 func(c net.Conn) { c.Read(make([]byte, 600)); reset(c) },
		"not connected in time":                          silent,
	} {
		t.Setenv("HTTP_PROXY", "socks5h://me:secret@"+listen(t, "tcp", "127.0.0.1:0", serve).String())
		to, class := target("http://shop.test"), tally.Transport
		if want == "not connected in time" {
			to.Timeout, class = 100*time.Millisecond, tally.Timeout
		}
		wantFailure(t, once(t, to, get("/")), class, want)
	}
	t.Setenv("HTTP_PROXY", "socks5://:1080")
	if _, err := newClients(planOf(target("http://shop.test"), get("/"))); err == nil || err.Error() != "the environment's proxy: the address names no host" {
		t.Errorf("a proxy without a host: %v", err)
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	listen(t, "unix", path, func(c net.Conn) {
		for in := bufio.NewReader(c); ; {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(r.Host), r.Host)
		}
	})
	to := target("http://shop.test")
	to.Socket = path
	r := peek("/")
	d := newUser(t, newHTTP(t, to, r))
	for range 3 {
		wantOK(t, d.Call(r.call, values{}), 200, "shop.test")
		d.Idle()
	}
	to.Socket = path + ".none"
	wantFailure(t, once(t, to, r), tally.Transport, "connect: no such file or directory")
}

func TestIPv6(t *testing.T) {
	probe, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("this machine has no IPv6 loopback: %v", err)
	}
	probe.Close()
	address := listen(t, "tcp", "[::1]:0", func(c net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err == nil {
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(r.Host), r.Host)
		}
	})
	wantOK(t, once(t, target("http://"+address.String()), peek("/")), 200, address.String())
}

// A zone names an interface of this machine. Neither the system nor the check of its certificate sees
// it. A redirect of the system to its own address, without the zone, leads to the same system.
func TestZone(t *testing.T) {
	probe, err := net.Listen("tcp", "[::1%lo]:0")
	if err != nil {
		t.Skipf("this machine has no IPv6 loopback called lo: %v", err)
	}
	probe.Close()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			scheme := "http"
			if r.TLS != nil {
				scheme = "https"
			}
			w.Header().Set("Location", scheme+"://"+r.Host+"/")
			w.WriteHeader(http.StatusFound)
			return
		}
		fmt.Fprint(w, r.Host)
	})
	ours := newAuthority(t)
	for _, scheme := range []string{"http", "https"} {
		for _, version := range []profile.HTTPVersion{profile.HTTP1, profile.HTTP2} {
			s := ours.secure(t, "::1", time.Now().Add(time.Hour), true, handler)
			if s.Listener, err = net.Listen("tcp", "[::1]:0"); err != nil {
				t.Fatal(err)
			}
			s.Config.Protocols = new(http.Protocols)
			s.Config.Protocols.SetHTTP1(true)
			s.Config.Protocols.SetHTTP2(true)
			s.Config.Protocols.SetUnencryptedHTTP2(true)
			if scheme == "http" {
				s.Start()
			} else {
				s.StartTLS()
			}
			address := s.Listener.Addr().String()
			to := target(scheme + "://" + strings.Replace(address, "]", "%25lo]", 1))
			to.HTTP, to.TLS.CA, to.Redirects = version, ours.pem, 1
			wantOK(t, once(t, to, peek("/away")), 200, address)
		}
	}
}

// A call that cannot be sent is refused before anything is sent.
func TestNewRefuses(t *testing.T) {
	for want, c := range map[string]struct {
		to plan.Target
		r  request
	}{
		"target.url : the address is neither http nor https":                             {plan.Target{URL: "ftp://a"}, request{}},
		"target.url : the address names no host":                                         {plan.Target{URL: "http://me:secret@:80"}, request{}},
		"target.url: invalid port \":x\" after host":                                     {plan.Target{URL: "http://me:secret@a:x"}, request{}},
		"target.tls.ca holds no certificate in PEM":                                      {plan.Target{URL: "https://a", TLS: profile.TLS{CA: []byte("x")}}, request{}},
		"\"GET /\" is not a method of HTTP":                                              {plan.Target{URL: "http://a"}, request{Method: "GET /"}},
		"a route: the path must not hold a space or a control character":                 {plan.Target{URL: "http://a"}, request{Method: "GET", Path: plan.Lit("/a b")}},
		"a route: the header \"X\" cannot be sent":                                       {plan.Target{URL: "http://a"}, request{Method: "GET", Path: plan.Lit("/"), Headers: []plan.Header{header("X", "a\r\nb")}}},
		"a route: the header \"X:\" cannot be sent":                                      {plan.Target{URL: "http://a"}, request{Method: "GET", Path: plan.Lit("/"), Headers: []plan.Header{header("X:", "a")}}},
		"target.tls.cert and key: tls: failed to find any PEM data in certificate input": {plan.Target{URL: "https://a", TLS: profile.TLS{Key: []byte("x")}}, request{}},
	} {
		if err := newError(c.to, &c.r); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
