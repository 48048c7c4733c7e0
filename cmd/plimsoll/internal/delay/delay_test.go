package delay_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/delay"
)

// ask sends a request of a route and returns the answer and its latency.
func ask(t *testing.T, url, route string) (body string, took time.Duration) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/a?b=c", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(delay.Header, route)
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), time.Since(began)
}

func TestProxy(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %q", r.Method, r.RequestURI, text, r.Header.Get(delay.Header))
	})
	// The system starts after the proxy.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	proxy, err := delay.New("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	late := make(chan *httptest.Server)
	go func() {
		time.Sleep(50 * time.Millisecond)
		again, err := net.Listen("tcp", address)
		if err != nil {
			panic(err)
		}
		server := &httptest.Server{Listener: again, Config: &http.Server{Handler: handler}}
		server.Start()
		late <- server
	}()
	if body, _ := ask(t, proxy.URL(), "1"); body != `POST /a?b=c body ""` {
		t.Errorf("the system saw %s", body)
	}
	server := <-late
	defer server.Close()

	const by = 60 * time.Millisecond
	proxy.Slow("1", by)
	if _, took := ask(t, proxy.URL(), "1"); took < by {
		t.Errorf("the slow route took %v, less than %v", took, by)
	}
	proxy.Slow("2", time.Hour)
	ask(t, proxy.URL(), "1") // returns
	if err := proxy.Close(); err != nil {
		t.Error(err)
	}
	if _, err := delay.New("https://127.0.0.1:1"); err == nil {
		t.Error("a target of another scheme is taken")
	}
}

// A share of the GET requests reaches the system twice, and nothing else does.
func TestRepeat(t *testing.T) {
	var gets, posts atomic.Int64
	system := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count := &posts
		if r.Method == http.MethodGet {
			count = &gets
		}
		count.Add(1)
		fmt.Fprint(w, r.URL.Path)
	}))
	defer system.Close()
	proxy, err := delay.New(system.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Repeat(0.25)
	for range 20 {
		resp, err := http.Get(proxy.URL() + "/a")
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(resp.Body); err != nil || string(text) != "/a" {
			t.Fatalf("answer %q, %v", text, err)
		}
		resp.Body.Close()
		ask(t, proxy.URL(), "2")
	}
	if err := proxy.Close(); err != nil {
		t.Error(err)
	}
	if gets.Load() != 25 || posts.Load() != 20 {
		t.Errorf("the system saw %d GET requests and %d others, want 25 and 20", gets.Load(), posts.Load())
	}
}
