//go:build kubernetes

package kubernetes_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/testdata/kubernetes"
)

const scripts = "../../.github/kubernetes"

// lab is what loads need: a cluster, a database, and a system that is loaded.
type lab struct {
	*kubernetes.Cluster
	plimsoll string // the program, on this machine
	image    string // that pods run
	server   *pgtest.Running
	database *door   // at which pods and this machine reach the server
	target   *target // a small system
}

// newLab makes a lab that ends with the test.
func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{image: "plimsoll.test/plimsoll:1"}
	images := t.TempDir()
	l.plimsoll = builtImages(t, l.image, images)
	if given := os.Getenv("PLIMSOLL_TEST_IMAGE"); given != "" {
		l.image = given
	} else if os.Getenv("KUBECONFIG") != "" {
		t.Fatal("KUBECONFIG names a cluster: also set PLIMSOLL_TEST_IMAGE to an image of this program that its pods can get")
	}
	l.Cluster = kubernetes.Start(t, absolute(t, scripts), absolute(t, "../../bin/tools/kubernetes"), images)
	l.server = pgtest.Server(t, pgtest.Options{})
	l.database = openDoor(t, l.Host)
	l.database.leadTo(t, l.server.URL())
	l.target = newTarget(t, l.Host)
	return l
}

// builtImages builds the program, and the images of it and of the first process of pods, into a directory.
func builtImages(t *testing.T, name, into string) (program string) {
	t.Helper()
	dir := t.TempDir()
	program = filepath.Join(dir, "plimsoll_linux_"+runtime.GOARCH)
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "../../cmd/plimsoll")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	authorities, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca-certificates.crt"), authorities, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := kubernetes.BuildImage(recipe(t), dir, name, filepath.Join(into, "plimsoll.tar")); err != nil {
		t.Fatal(err)
	}
	const pause = "FROM scratch\nCOPY pause /\nENTRYPOINT [\"/pause\"]\n"
	if err := kubernetes.BuildImage(pause, "../../bin/tools", "plimsoll.test/pause:1", filepath.Join(into, "pause.tar")); err != nil {
		t.Fatal(err)
	}
	return program
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// door passes connections on to an address that may change, such as that of a server that was restarted.
type door struct {
	at string // host and port

	mu sync.Mutex // guards to and url
	to string
	u  url.URL // of the database, as the door leads to it
}

func openDoor(t *testing.T, host string) *door {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	d := &door{at: listener.Addr().String()}
	var open sync.WaitGroup
	ended := make(chan struct{})
	t.Cleanup(func() {
		close(ended)
		_ = listener.Close()
		open.Wait()
	})
	open.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { d.pass(from, ended) })
		}
	})
	return d
}

// pass passes one connection on until one of its ends is closed, or the door.
func (d *door) pass(from net.Conn, ended <-chan struct{}) {
	defer from.Close()
	d.mu.Lock()
	address := d.to
	d.mu.Unlock()
	to, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return
	}
	defer to.Close()
	over := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(to, from); over <- struct{}{} }()
	go func() { _, _ = io.Copy(from, to); over <- struct{}{} }()
	select {
	case <-over:
	case <-ended:
	}
}

// leadTo makes the door lead to the server of a URL.
func (d *door) leadTo(t *testing.T, databaseURL string) {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.to, d.u = u.Host, *u
	d.u.Host = d.at
}

// url leads through the door.
func (d *door) url() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.u.String()
}

// target is a system that counts its requests.
type target struct {
	url      string
	requests atomic.Int64
	last     atomic.Int64 // when the last request came, in nanoseconds since 1970
}

func newTarget(t *testing.T, host string) *target {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	a := &target{url: "http://" + listener.Addr().String()}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		a.requests.Add(1)
		a.last.Store(time.Now().UnixNano())
		fmt.Fprintln(w, "hello")
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return a
}

// nginx starts nginx at an address of this machine, and returns its URL and a function that counts its requests.
func nginx(t *testing.T, host string) (address string, requests func() int64) {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx"
	}
	dir := t.TempDir()
	ports := [2]string{}
	for i := range ports {
		listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = listener.Addr().String()
		_ = listener.Close()
	}
	config := fmt.Sprintf(`daemon off; user root; worker_processes 1; pid %[1]s/pid; error_log stderr error;
events { worker_connections 20000; }
http {
  access_log off; keepalive_requests 10000000;
  client_body_temp_path %[1]s/1; proxy_temp_path %[1]s/2; fastcgi_temp_path %[1]s/3; uwsgi_temp_path %[1]s/4; scgi_temp_path %[1]s/5;
  server { listen %[2]s backlog=8192; location / { return 200 "hello"; } }
  server { listen %[3]s; location / { stub_status; } }
}`, dir, ports[0], ports[1])
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "-p", dir, "-c", path)
	command.WaitDelay = 5 * time.Second
	var log strings.Builder
	command.Stderr = &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt) // a fast shutdown, of the worker too
		_ = command.Wait()
	})
	asked := int64(0) // how often its status was asked for, which it counts too
	count := func() (all int64, err error) {
		response, err := http.Get("http://" + ports[1] + "/")
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		asked++
		text, err := io.ReadAll(response.Body)
		if err != nil {
			return 0, err
		}
		var accepted, handled int64
		_, rest, _ := strings.Cut(string(text), "requests\n")
		_, err = fmt.Sscan(rest, &accepted, &handled, &all)
		return all - asked, err
	}
	eventually(t, "nginx answers: "+log.String(), func() bool { _, err := count(); return err == nil })
	return "http://" + ports[0], func() int64 {
		t.Helper()
		all, err := count()
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
}

// eventually waits until something holds, for two minutes at most.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within two minutes: %s", what)
		}
	}
}

// run runs plimsoll on this machine, and returns its exit status and all that it printed.
func (l *lab) run(t *testing.T, dir string, args ...string) (status int, output string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, l.plimsoll, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "PLIMSOLL_DATABASE_URL="+l.database.url(), "GITHUB_ACTIONS=")
	text, err := command.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("plimsoll %s hung\n%s", strings.Join(args, " "), text)
	}
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), string(text)
}
