package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
)

// An interrupt lets an answer be that is being written, and takes no further requests.
func TestServeEndsGracefully(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked, stop, release := make(chan struct{}), make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-release
		io.WriteString(w, "whole")
	})
	ended := make(chan error, 1)
	go func() { ended <- serveUntil(t.Context(), stop, listener, handler) }()
	address := "http://" + listener.Addr().String()
	body := make(chan string, 1)
	go func() {
		answer, err := http.Get(address) //nolint:noctx // bounded by the test
		if err != nil {
			body <- err.Error()
			return
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Error(err)
		}
		body <- string(text)
	}()
	<-asked
	close(stop)
	for { // until nobody listens any more
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			break
		}
		connection.Close()
	}
	close(release)
	if got := <-body; got != "whole" {
		t.Errorf("the answer is %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// The end of the context, as after a second interrupt, cuts off requests in progress.
func TestServeEndsAtOnce(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-release
	})
	ended := make(chan error, 1)
	go func() { ended <- serveUntil(ctx, nil, listener, handler) }()
	gone := make(chan error, 1)
	go func() {
		answer, err := http.Get("http://" + listener.Addr().String()) //nolint:noctx // bounded by the test
		if err == nil {
			err = answer.Body.Close()
		}
		gone <- err
	}()
	<-asked
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := <-gone; err == nil {
		t.Error("the asker got an answer")
	}
}
