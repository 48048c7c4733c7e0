package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// readyWithin is how long a server may take to answer its first request.
const readyWithin = 15 * time.Second

// answer is the body of every answer: 183 bytes.
const answer = `{"id":42,"sku":"SKU-42","name":"red light folding tent","description":"made to last, packed small, ` +
	`carried far and kept dry by the sea after rain in winter","price":129.95,"stock":17}`

// nginxConf gives every GET and POST the same answer and never closes a connection by itself. Its arguments
// are: open files, connections, address, a listener for HTTP/2, answer, answer.
const nginxConf = `daemon off;
worker_processes 1;
worker_rlimit_nofile %d;
pid nginx.pid;
error_log stderr warn;
events { worker_connections %d; }
http {
	access_log off;
	client_body_temp_path tmp-body; proxy_temp_path tmp-proxy; fastcgi_temp_path tmp-fastcgi;
	uwsgi_temp_path tmp-uwsgi; scgi_temp_path tmp-scgi;
	default_type application/json;
	keepalive_requests 1000000000;
	keepalive_timeout 1h;
	server {
		listen %s backlog=4096;
		%s
		location / { return 200 '%s'; }
		location = /graphql { return 200 '{"data":{"item":%s}}'; }
		location = ` + statusPath + ` { stub_status; }
	}
}
`

const statusPath = "/peerbench-status"

// server is a system under test on a core of its own.
type server struct {
	url    string
	http2  string // its URL for HTTP/2 without TLS; empty if it has none
	counts bool   // it counts its requests, as nginx does
	cmd    *exec.Cmd
	cancel context.CancelFunc
	stderr *bytes.Buffer
	ended  chan struct{} // closed when ProcessState of cmd says how it ended
	asked  atomic.Bool   // it was asked to end
}

// startNginx starts an nginx for a number of connections.
func startNginx(ctx context.Context, core int, dir string, connections int) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	program, err := exec.LookPath("nginx")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/nginx")
	}
	if err != nil {
		return nil, errors.New("there is no nginx: apt-get install nginx-light")
	}
	conf := filepath.Join(dir, "nginx.conf")
	// nginx closes idle connections if less than a sixteenth of its places is free.
	places := connections + connections/8 + 100
	http2, listen, err := http2Listener(ctx, program)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf(nginxConf, places+100, places, addr, listen, answer, answer)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return nil, err
	}
	args := []string{program, "-p", dir, "-c", conf, "-e", "stderr"}
	s, err := startServer(ctx, core, addr, statusPath, args)
	if err == nil {
		s.counts, s.http2 = true, http2
	}
	return s, err
}

// http2Listener is the URL and the line of the configuration for HTTP/2; both are empty if this nginx has none.
func http2Listener(ctx context.Context, program string) (url, listen string, err error) {
	built, err := exec.CommandContext(ctx, program, "-V").CombinedOutput()
	if err != nil || !bytes.Contains(built, []byte("http_v2_module")) {
		return "", "", err
	}
	addr, err := freeAddr()
	return "http://" + addr, "listen " + addr + " http2 backlog=4096;", err
}

// startServer starts a program that listens on addr, and waits until it answers path.
func startServer(ctx context.Context, core int, addr, path string, args []string) (*server, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &server{url: "http://" + addr, cancel: cancel, stderr: &bytes.Buffer{}, ended: make(chan struct{})}
	s.cmd = pinned(ctx, core, "", args)
	s.cmd.Stderr = s.stderr
	end := s.cmd.Cancel
	s.cmd.Cancel = func() error { s.asked.Store(true); return end() }
	if err := s.cmd.Start(); err != nil {
		cancel()
		return nil, err
	}
	go func() {
		_ = s.cmd.Wait() // ProcessState keeps what it says
		close(s.ended)
	}()
	for deadline := time.Now().Add(readyWithin); ; {
		if _, err := s.ask(ctx, path); err == nil {
			return s, nil
		} else if time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("%s did not answer: %w", args[0], err), s.stop())
		}
		select {
		case <-s.ended:
			cancel()
			return nil, fmt.Errorf("%s ended: %v: %s", args[0], s.cmd.ProcessState, lastOf(s.stderr.Bytes()))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends the server and waits for it. It is an error if the server has exited on its own.
func (s *server) stop() (err error) {
	select {
	case <-s.ended:
		if !s.asked.Load() {
			err = fmt.Errorf("%s exited on its own: %v: %s", s.cmd.Args, s.cmd.ProcessState, lastOf(s.stderr.Bytes()))
		}
	default:
		s.cancel()
		<-s.ended
	}
	s.cancel()
	endGroup(s.cmd)
	return err
}

// ask sends one GET.
func (s *server) ask(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return "", err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close() //nolint:errcheck // only read from
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("GET %s: %s", path, response.Status)
	}
	return string(text), err
}

// waiting finds the number of idle connections in nginx's stub_status.
var waiting = regexp.MustCompile(`Waiting: (\d+)`)

// idleConnections is the number of connections that wait for their next request.
func (s *server) idleConnections(ctx context.Context) (int, error) {
	n, err := s.status(ctx, waiting)
	return int(n), err
}

// requests finds the number of requests so far in stub_status, the one for the status included.
var requests = regexp.MustCompile(`(?m)^ \d+ \d+ (\d+)`)

// served is the number of requests to an nginx so far, this one included; 0 for another server.
func (s *server) served(ctx context.Context) (int64, error) {
	if !s.counts {
		return 0, nil
	}
	return s.status(ctx, requests)
}

// status reads a number from nginx's status page.
func (s *server) status(ctx context.Context, where *regexp.Regexp) (int64, error) {
	text, err := s.ask(ctx, statusPath)
	if err != nil {
		return 0, err
	}
	return parseStatus(text, where)
}

func parseStatus(text string, where *regexp.Regexp) (int64, error) {
	match := where.FindStringSubmatch(text)
	if match == nil {
		return 0, fmt.Errorf("no %s in the status of nginx: %q", where, strings.TrimSpace(text))
	}
	return strconv.ParseInt(match[1], 10, 64)
}

// cpu is the CPU time that the server has used.
func (s *server) cpu() (time.Duration, error) { return cpuTime(s.cmd.Process.Pid) }

// freeAddr finds a loopback address that nobody listens on.
func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
