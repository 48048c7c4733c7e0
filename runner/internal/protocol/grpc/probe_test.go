package grpc_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	server "google.golang.org/grpc"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// A system whose services the profile describes is asked whether calls of them can work at all.
func TestAskDescribed(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	const (
		http1 = " answers in HTTP/1.1 where gRPC needs HTTP/2: is it the right port?"
		other = " does not speak HTTP/2: is it the right port?"
	)
	answers := func(status string, kind ...string) (url string) {
		return rawServer(t, nil, func(r *raw, s uint32) {
			fields := []string{":status", status}
			for _, k := range kind {
				fields = append(fields, "content-type", k)
			}
			r.head(s, true, fields...)
		})
	}
	onlyMethod := rawServer(t, nil, func(r *raw, s uint32) { // as a proxy that knows a.S/M alone
		if r.nth == 0 {
			r.head(s, true, ":status", "404")
		} else {
			r.head(s, true, ":status", "200", "content-type", "application/grpc", ok, "13")
		}
	})
	for name, c := range map[string]struct{ url, steps, want string }{
		"HTTP/1.1":          {web.URL, described, http1},
		"HTTP/1.1 over TLS": {secure.URL, described, http1},
		"HTTP/0.9":          {says(t, "<!DOCTYPE HTML>\n<html>"), described, "a.proto" + http1},
		"Redis":             {says(t, "-ERR unknown command\r\n"), described, "a.proto" + other},
		"silence":           {says(t, ""), described, ""},
		"another service":   {"http://" + serve(t, server.NewServer()), described, "a.proto has no service a.S"},
		"which is expected": {"http://" + serve(t, server.NewServer()), described + ", expect: {code: UNIMPLEMENTED}", ""},
		"404":               {answers("404", "text/html"), described, "a.proto answers calls of a.S/M with the HTTP status 404 Not Found, and speaks no gRPC there: is it the right port?"},
		"a page":            {answers("200", "text/html"), described, "a.proto answers calls of a.S/M with the content-type text/html, and speaks no gRPC there"},
		"nothing":           {answers("200"), described, "a.proto answers calls of a.S/M with no content-type, and"},
		"405":               {answers("405"), described, "with the HTTP status 405 Method Not Allowed, and"},
		"moved":             {answers("308"), described, "with the HTTP status 308 Permanent Redirect, and"},
		"it is expected":    {answers("404"), described + ", expect: {code: UNIMPLEMENTED}", ""},
		"it may pass":       {answers("503"), described, ""},
		"forbidden":         {answers("403", "text/html"), described, ""},
		"only some methods": {onlyMethod, described, ""},
	} {
		t.Run(name, func(t *testing.T) {
			timeout := "10s"
			if name == "silence" {
				timeout = "500ms"
			}
			_, f := describedClients(t, c.url, ", timeout: "+timeout+", tls: {insecure: true}", "{"+c.steps+"}")
			err := f.Ask(t.Context())
			want := strings.Replace(c.want, "a.proto", strings.TrimPrefix(c.url, "http://"), 1)
			if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
			if isProfile := errors.As(err, new(strict.Problems)); isProfile != (name == "another service") {
				t.Errorf("blames the profile: %v", isProfile)
			}
		})
	}
}

// says answers each connection with a text, and reads on.
func says(t *testing.T, text string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.WriteString(c, text)
				io.Copy(io.Discard, c)
			}()
		}
	}()
	return "http://" + l.Addr().String()
}
