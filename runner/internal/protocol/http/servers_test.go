package http_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// program is the path of one that a Debian package holds.
func program(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = "/usr/sbin/" + name // not in every PATH
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("this test needs %s: apt-get install %s", name, pkg)
		}
	}
	return path
}

func write(t *testing.T, path string, text []byte) string {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// nodeServers starts testdata/servers.mjs and gives the ports by name.
func nodeServers(t *testing.T, ours authority) map[string]int {
	t.Helper()
	dir := t.TempDir()
	cert, key := ours.sign(t, "127.0.0.1", time.Now().Add(time.Hour))
	node := exec.Command(program(t, "node", "nodejs"), "testdata/servers.mjs", write(t, filepath.Join(dir, "cert"), cert), write(t, filepath.Join(dir, "key"), key))
	node.Stderr = os.Stderr
	in, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		time.AfterFunc(10*time.Second, func() { node.Process.Kill() })
		node.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("node said %q: %v", line, err)
	}
	var ports map[string]int
	if err := json.Unmarshal(line, &ports); err != nil {
		t.Fatalf("node said %q: %v", line, err)
	}
	return ports
}

func TestNode(t *testing.T) {
	ours := newAuthority(t)
	ports := nodeServers(t, ours)
	for _, c := range []struct {
		server, scheme string
		version        profile.HTTPVersion
		spoken         string
	}{
		{"http", "http", profile.HTTPAuto, "1.1"},
		{"https", "https", profile.HTTPAuto, "1.1"},
		{"http2", "https", profile.HTTPAuto, "2.0"},
		{"http2", "https", profile.HTTP2, "2.0"},
		{"h2c", "http", profile.HTTP2, "2.0"},
	} {
		t.Run(c.server+" "+string(c.version), func(t *testing.T) {
			to := target(fmt.Sprintf("%s://127.0.0.1:%d", c.scheme, ports[c.server]))
			to.HTTP, to.TLS.CA = c.version, ours.pem
			post := &request{Method: "POST", Path: plan.Lit("/post"), Body: plan.Lit("text"), Save: []plan.Save{{}}}
			head := &request{Method: "HEAD", Path: plan.Lit("/large")}
			plain, chunked, packed, large, nothing, hints := peek("/a?b=c"), peek("/chunked"), peek("/gzip"), get("/large"), peek("/nothing"), peek("/hints")
			packed.Headers = []plan.Header{header("Accept-Encoding", "gzip")}
			dead := get("/reset")
			d := newUser(t, newHTTP(t, to, post, head, plain, chunked, packed, large, nothing, hints, dead))
			for range 3 {
				wantOK(t, d.Call(plain.call, values{}), 201, c.spoken+" GET /a?b=c ")
				wantOK(t, d.Call(post.call, values{}), 201, c.spoken+" POST /post text")
				wantOK(t, d.Call(chunked.call, values{}), 200, strings.Repeat("0123456789", 1000))
				o := d.Call(packed.call, values{})
				if wantOK(t, o, 200, "unpacked"); o.BytesReceived <= int64(len("unpacked")) {
					t.Errorf("%d bytes, want those of gzip", o.BytesReceived)
				}
				wantOK(t, d.Call(nothing.call, values{}), 204, "")
				wantOK(t, d.Call(hints.call, values{}), 200, "hinted")
				o = d.Call(large.call, values{})
				if wantOK(t, o, 200, ""); o.BytesReceived != 3<<20 {
					t.Errorf("%d bytes, want 3 MiB", o.BytesReceived)
				}
				wantOK(t, d.Call(head.call, values{}), 200, "")
				if o := d.Call(dead.call, values{}); o.Class != tally.Transport || o.Error == "" {
					t.Errorf("got %+v", o)
				}
				d.Idle()
			}
		})
	}
}

// nginx starts one that serves a directory, and gives its address. more is further lines of its server.
func nginx(t *testing.T, dir, more string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	config := write(t, filepath.Join(dir, "nginx.conf"), []byte(fmt.Sprintf(`
daemon off; master_process off; pid %[1]s/pid; error_log stderr crit;
events {}
http {
  access_log off; root %[1]s/www; etag off;
  client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server {
    listen %[2]s%[3]s
    location /away { return 302 /item; }
    location /gzip { gzip on; gzip_min_length 1; gzip_types text/plain; default_type text/plain; alias %[1]s/www/item; }
    location /post { client_max_body_size 1m; return 200 posted; }
  }
}`, dir, address, more)))
	server := exec.Command(program(t, "nginx", "nginx-light"), "-c", config, "-e", "stderr")
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
	})
	for range 600 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("nginx does not listen")
	return ""
}

// nginxDir is a directory for nginx, with an item in it.
func nginxDir(t *testing.T) (dir, item string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "driver-nginx") // its worker may run as another user, which must get in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Mkdir(filepath.Join(dir, "www"), 0o700); err != nil {
		t.Fatal(err)
	}
	item = strings.Repeat("an item ", 100)
	write(t, filepath.Join(dir, "www", "item"), []byte(item))
	return dir, item
}

// nginx over HTTP/2 says goodbye after each thousandth request of a connection, unless it is told another number,
// and allows 128 streams at once, or one. No request fails of either, with a user's own connections and with
// shared ones, with and without TLS.
func TestNginxHTTP2(t *testing.T) {
	ours := newAuthority(t)
	cert, key := ours.sign(t, "127.0.0.1", time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		more   string
		tls    bool
		shared int
		calls  int // of each of 12 users
	}{
		"a user's own":           {" http2;", false, 0, 1100},
		"shared":                 {" http2;", false, 2, 200},
		"a stream at once":       {" http2; http2_max_concurrent_streams 1;", false, 2, 100},
		"frequent goodbyes":      {" http2; keepalive_requests 7;", false, 2, 100},
		"frequent goodbyes, own": {" http2; keepalive_requests 7;", false, 0, 100},
		"TLS":                    {" ssl http2; keepalive_requests 50; ssl_certificate CERT; ssl_certificate_key KEY;", true, 0, 120},
		"TLS, shared":            {" ssl http2; keepalive_requests 50; ssl_certificate CERT; ssl_certificate_key KEY;", true, 2, 120},
	} {
		t.Run(name, func(t *testing.T) {
			dir, item := nginxDir(t)
			more := strings.NewReplacer("CERT", write(t, filepath.Join(dir, "cert"), cert), "KEY", write(t, filepath.Join(dir, "key"), key)).Replace(c.more)
			to := target2("http://"+nginx(t, dir, more), c.shared)
			if c.tls {
				to.URL, to.TLS.CA = "https"+strings.TrimPrefix(to.URL, "http"), ours.pem
			}
			to.Redirects = 1
			plain, missing, away, packed := peek("/item"), get("/missing"), peek("/away"), peek("/gzip")
			packed.Headers = []plan.Header{header("Accept-Encoding", "gzip")}
			post := &request{Method: "POST", Path: plan.Lit("/post"), Body: plan.Lit(strings.Repeat("b", 100_000)), Save: []plan.Save{{}}}
			large := &request{Method: "POST", Path: plan.Lit("/post"), Body: plan.Lit(strings.Repeat("b", 3<<20))}
			h := newHTTP(t, to, plain, missing, away, packed, post, large)
			var users sync.WaitGroup
			for range 12 {
				users.Go(func() {
					d := h.User(t.Context())
					defer d.Close()
					wantOK(t, d.Call(missing.call, values{}), 404, "")
					wantOK(t, d.Call(away.call, values{}), 200, item)
					wantOK(t, d.Call(packed.call, values{}), 200, item)
					wantOK(t, d.Call(post.call, values{}), 200, "posted")
					wantOK(t, d.Call(large.call, values{}), 413, "")
					for i := range c.calls {
						wantOK(t, d.Call(plain.call, values{}), 200, item)
						if i%50 == 0 {
							d.Idle()
						}
					}
				})
			}
			users.Wait()
		})
	}
}

func TestNginx(t *testing.T) {
	dir, item := nginxDir(t)
	to := target("http://" + nginx(t, dir, "; keepalive_requests 5;"))
	to.Redirects = 1
	plain, missing, away, packed := peek("/item"), get("/missing"), peek("/away"), peek("/gzip")
	packed.Headers = []plan.Header{header("Accept-Encoding", "gzip")}
	d := newUser(t, newHTTP(t, to, plain, missing, away, packed))
	for range 10 { // nginx closes the connection after every fifth answer
		wantOK(t, d.Call(plain.call, values{}), 200, item)
		wantOK(t, d.Call(missing.call, values{}), 404, "")
		wantOK(t, d.Call(away.call, values{}), 200, item)
		o := d.Call(packed.call, values{})
		if wantOK(t, o, 200, item); o.BytesReceived >= int64(len(item)) {
			t.Errorf("%d bytes, want those of gzip", o.BytesReceived)
		}
	}
}
