package exporter_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/exporter"
)

func TestFailures(t *testing.T) {
	const whole = "go_goroutines 5\n"
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		why     string
	}{
		"500": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "it answers 500"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
			"it redirects, and redirects are not followed"},
		"hang":           {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no page within 2s"},
		"hang half way":  {stall, "no page within 2s"},
		"100 MB":         {endless, "its page is larger than 4 MiB"},
		"100 MB, zipped": {zipped(strings.Repeat("x", 100<<20)), "its page is larger than 4 MiB"},
		"not that coding": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			_, _ = io.WriteString(w, whole)
		}, `its page is encoded as "br", which nobody asked for`},
		"not zipped": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, whole)
		}, "gzip: invalid header"},
		"HTML":          {pages("<!doctype html><p>go_goroutines 5\n"), "it answers with a document, and not with a page of Prometheus"},
		"empty":         {pages(""), "its page holds no name that is known or kept"},
		"nothing known": {pages("weather 5\n"), "its page holds no name that is known or kept"},
		"rubbish":       {pages("go_threads {}{}\n"), `its page cannot be read: line 1: "{}" is no number`},
		"protobuf": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/vnd.google.protobuf; encoding=delimited")
			_, _ = io.WriteString(w, "\x0a\x05hello\x12\x01\x00")
		}, `it answers with "application/vnd.google.protobuf; encoding=delimited", and not with a page of Prometheus in text`},
		"JSON": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"go_goroutines": 5}`)
		}, `it answers with "application/json", and not with a page of Prometheus in text`},
		"stops in a line":       {pages(whole + "go_threads 1"), "its page stops in the middle"},
		"closes without answer": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "it closes the connection"},
		"stops in the body": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, whole)
		}, "its page stops in the middle"},
		"OpenMetrics without its end": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
			_, _ = io.WriteString(w, whole)
		}, "its page stops in the middle"},
	} {
		t.Run(name, func(t *testing.T) {
			healthy, good := true, pages(whole)
			handler := func(w http.ResponseWriter, r *http.Request) {
				if healthy = !healthy; !healthy {
					c.handler(w, r)
				} else {
					good(w, r)
				}
			}
			var whys []string
			after := map[string]float64{}
			watch(t, handler, exporter.Config{}, 5, func(_ int, s *exporter.Source) {
				figures, absent := told(s)
				for _, a := range absent {
					whys = append(whys, a.Source+": "+a.Why)
				}
				for name, v := range figures {
					after[name] = v
				}
			})
			if len(whys) == 0 || whys[0] != "app: "+c.why {
				t.Errorf("absent: %q, want %q", whys, c.why)
			}
			if after["app.goroutines"] != 5 {
				t.Errorf("when it works again: %v", after)
			}
		})
	}
}

// stall sends half a page and waits until nobody wants the rest.
func stall(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, "go_goroutines 5\n")
	_ = http.NewResponseController(w).Flush() // the client may have gone
	<-r.Context().Done()
}

// endless sends 100 MB, unless nobody reads them.
func endless(w http.ResponseWriter, _ *http.Request) {
	line := []byte(strings.Repeat("go_goroutines 5\n", 1<<10))
	for range 100 << 20 / len(line) {
		if _, err := w.Write(line); err != nil {
			return
		}
	}
}

func zipped(text string) http.HandlerFunc {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text) // a Buffer never fails
	_ = z.Close()
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(b.Bytes())
	}
}

func TestZippedPage(t *testing.T) {
	watch(t, zipped("go_goroutines 5\n"), exporter.Config{}, 1, func(_ int, s *exporter.Source) {
		if figures, _, absent := s.Read(time.Now()); figures["app.goroutines"] != 5 {
			t.Errorf("got %v, %v", figures, absent)
		}
	})
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s := exporter.Start(t.Context(), exporter.Config{URL: "http://user:secret@" + address, As: "app", Every: time.Millisecond})
	defer s.Close()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		_, _, absent := s.Read(time.Now())
		if len(absent) == 1 && absent[0].Why == "it refuses the connection" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("absent: %v", absent)
		}
	}
}
