package grpc_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// nginx ends each connection of HTTP/2 with GOAWAY after 1,000 requests, as is its default. Neither calls nor
// streams notice.
func TestNginx(t *testing.T) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program = "/usr/sbin/nginx"; !exists(program) {
			t.Fatal("nginx is not there; `make programs` installs it")
		}
	}
	backend := strings.TrimPrefix(interopServerApart(t), "http://")
	at := proxyOf(t, program, backend)
	const (
		users = 8
		calls = 400 // of each user: 3,200 in all, on connections that end after 1,000
		out   = "grpc: grpc.testing.TestService/StreamingOutputCall, message: {response_parameters: [{size: 3}]}, messages: [{receive: end}]"
		in    = "grpc: grpc.testing.TestService/StreamingInputCall, messages: [{send: {payload: {body: AAAA}}, repeat: 3, reply: none}], expect: {json: {aggregated_payload_size: 9}}"
	)
	eachWay(t, func(t *testing.T, target string) {
		var working sync.WaitGroup
		for _, u := range manyUsers(t, "http://"+at, target, "{"+unary+", message: {response_size: 20}}, {"+out+"}, {"+in+"}", users) {
			working.Go(func() {
				for i := range calls {
					var o = u.do(0)
					if i%4 == 1 {
						_, o = u.stream(1)
					} else if i%4 == 3 {
						_, o = u.stream(2)
					}
					if o.Error != "" {
						t.Error(o.Error)
						return
					}
				}
			})
		}
		working.Wait()
	})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// proxyOf starts nginx before a gRPC server, and returns where it listens.
func proxyOf(t *testing.T, program, backend string) string {
	t.Helper()
	dir := t.TempDir()
	at := vacant(t)
	config := fmt.Sprintf(`daemon off; worker_processes 1; pid %[1]s/pid; error_log stderr error;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/1; proxy_temp_path %[1]s/2; fastcgi_temp_path %[1]s/3; uwsgi_temp_path %[1]s/4; scgi_temp_path %[1]s/5;
  upstream backend { server %[3]s; keepalive 16; }
  server { listen %[2]s http2; location / { grpc_pass grpc://backend; } }
}`, dir, at, backend)
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	// No CommandContext: a master that is killed leaves its worker behind.
	c := exec.Command(program, "-p", dir, "-c", path)
	c.WaitDelay = 5 * time.Second
	var log strings.Builder
	c.Stderr = &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt) // a fast shutdown, of the worker too
		_ = c.Wait()
	})
	for range 1500 {
		if conn, err := net.Dial("tcp", at); err == nil {
			conn.Close()
			return at
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("nginx did not start: " + log.String())
	return ""
}
