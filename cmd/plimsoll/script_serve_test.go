package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// freePort sets a variable to a port of 127.0.0.1 that nobody listens on.
func freePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: port VARIABLE")
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	ts.Check(errors.Join(err, listener.Close()))
	ts.Setenv(args[0], port)
}

// longStart is how long a server may take until it listens.
const longStart = 20 * time.Second

// fetched asks a URL, by way of 127.0.0.1 whatever its host is, and keeps the answer in the file fetched. @FILE at the end
// of the URL stands for the first line of a file.
func fetched(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: fetched STATUS URL TEXT")
	}
	address, text := args[1], strings.Join(args[2:], " ")
	if before, file, ok := strings.Cut(address, "/@"); ok {
		line, _, _ := strings.Cut(ts.ReadFile(file), "\n")
		address = before + "/" + line
	}
	at, err := url.Parse(address)
	ts.Check(err)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+at.Port())
	}}}
	var answer *http.Response
	for end := time.Now().Add(longStart); ; time.Sleep(20 * time.Millisecond) {
		if answer, err = client.Get(address); err == nil || !errors.Is(err, syscall.ECONNREFUSED) || time.Now().After(end) {
			break
		}
	}
	ts.Check(err)
	body, err := io.ReadAll(answer.Body)
	ts.Check(errors.Join(err, answer.Body.Close(), os.WriteFile(ts.MkAbs("fetched"), body, 0o644)))
	if !strings.HasPrefix(answer.Status, args[0]) || !strings.Contains(string(body), text) {
		ts.Fatalf("%s: %s, without %q:\n%s", address, answer.Status, text, body)
	}
}
