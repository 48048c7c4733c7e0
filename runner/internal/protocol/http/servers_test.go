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

// nginx starts one that serves a directory, and gives its address.
func nginx(t *testing.T, dir string) string {
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
  access_log off; root %[1]s/www; keepalive_requests 5; etag off;
  client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server {
    listen %[2]s;
    location /away { return 302 /item; }
    location /gzip { gzip on; gzip_min_length 1; gzip_types text/plain; default_type text/plain; alias %[1]s/www/item; }
  }
}`, dir, address)))
	server := exec.Command(program(t, "nginx", "nginx-light"), "-c", config, "-e", "stderr")
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
	})
	for range 100 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("nginx does not listen")
	return ""
}

func TestNginx(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "driver-nginx") // its worker may run as another user, which must get in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Mkdir(filepath.Join(dir, "www"), 0o700); err != nil {
		t.Fatal(err)
	}
	item := strings.Repeat("an item ", 100)
	write(t, filepath.Join(dir, "www", "item"), []byte(item))
	to := target("http://" + nginx(t, dir))
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
