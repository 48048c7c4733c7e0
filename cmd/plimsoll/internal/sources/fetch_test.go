package sources

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A URL is fetched within bounds of size, time and redirects, and no message holds its password.
func TestFetch(t *testing.T) {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "openapi: 3.0.0") })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/stalls", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/circle", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/circle", http.StatusFound) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
	secret := strings.Replace(server.URL, "http://", "http://user:hunter2@", 1)
	for path, want := range map[string]string{
		"/ok": "", "/moved": "",
		"/endless":       server.URL + "/endless is larger than 64 MiB, and is not read further: give a smaller part of it",
		"/none?token=s3": "fetch " + server.URL + "/none: the answer has the status 404",
		"/circle":        "fetch " + server.URL + "/circle: more than 5 redirects",
		"/stalls":        "fetch " + server.URL + "/stalls: no whole answer within",
	} {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		if path == "/stalls" {
			cancel()
			ctx, cancel = context.WithTimeout(context.Background(), 100*time.Millisecond)
		}
		data, err := new(fetcher).fetch(ctx, secret+path)
		cancel()
		switch {
		case want == "" && (err != nil || string(data) != "openapi: 3.0.0"):
			t.Errorf("%s: %q (%v)", path, data, err)
		case want != "" && (err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "s3")):
			t.Errorf("%s: the error is %v, want %s", path, err, want)
		}
	}
	if _, err := new(fetcher).fetch(context.Background(), "http://127.0.0.1:1/x"); err == nil || !strings.HasPrefix(err.Error(), "fetch http://127.0.0.1:1/x: ") {
		t.Errorf("nobody listens: %v", err)
	}
}

// A file that another one refers to lies below its directory, and no link leads out of it.
func TestBeside(t *testing.T) {
	dir := t.TempDir()
	api := filepath.Join(dir, "api")
	if err := os.MkdirAll(filepath.Join(api, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{"secret": "s", "api/a": "a", "api/sub/b": "b"} {
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret", filepath.Join(api, "link")); err != nil {
		t.Skip(err)
	}
	open := beside(api)
	for path, want := range map[string]string{"a": "a", "sub/b": "b", "sub/../a": "a", "../secret": "", "link": "", "/etc/passwd": "", "none": ""} {
		data, err := open(path)
		if string(data) != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q (%v), want %q", path, data, err, want)
		}
	}
}

// A recording of 500 MB is refused, with a way to make it smaller.
func TestRecordingTooLarge(t *testing.T) {
	name := filepath.Join(t.TempDir(), "big.har")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 500<<20); err != nil { // sparse
		t.Fatal(err)
	}
	_, err := Flags{HAR: []string{name}}.Draft(t.Context(), "", os.LookupEnv)
	if err == nil || !strings.Contains(err.Error(), "big.har is larger than 64 MiB") || !strings.Contains(err.Error(), "\njq 'del(") {
		t.Errorf("the error is %v", err)
	}
}
