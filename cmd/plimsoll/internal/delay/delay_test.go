package delay_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
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
