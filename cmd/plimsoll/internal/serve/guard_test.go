package serve_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/serve"
)

// A page elsewhere that makes a browser ask for it under a name of its own gets nothing.
func TestHosts(t *testing.T) {
	store, _ := filled(t)
	here := config(store)
	here.Names = []string{"perf.example.com"}
	anywhere := here
	anywhere.Anywhere = true
	for host, want := range map[string][2]bool{
		"127.0.0.1": {true, true}, "127.0.0.1:8089": {true, true}, "localhost:1": {true, true}, "LOCALHOST.": {true, true}, "[::1]:8089": {true, true}, "::1": {true, true},
		"perf.example.com": {true, true}, "Perf.Example.Com:443": {true, true},
		"evil.example": {}, "127.0.0.1.evil.example": {}, "localhost.evil.example": {}, "": {}, "a:b:c": {}, "127.0.0.1@evil.example": {}, "0x7f.1": {},
		"192.168.1.5:8089": {false, true}, "[2001:db8::1]": {false, true},
	} {
		for i, c := range []serve.Config{here, anywhere} {
			status, body, _ := get(t, serve.New(c), "/api/series", func(r *http.Request) { r.Host = host })
			if (status == http.StatusOK) != want[i] || !want[i] && (status != http.StatusMisdirectedRequest || strings.Contains(body, "shop")) {
				t.Errorf("host %q, anywhere %v: %d", host, c.Anywhere, status)
			}
		}
	}
}

func TestToken(t *testing.T) {
	store, _ := filled(t)
	c := config(store)
	c.Token = "0123456789abcdef"
	h := serve.New(c)
	for name, want := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"none":      {func(*http.Request) {}, 401},
		"bearer":    {func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+c.Token) }, 200},
		"basic":     {func(r *http.Request) { r.SetBasicAuth("anybody", c.Token) }, 200},
		"wrong":     {func(r *http.Request) { r.Header.Set("Authorization", "Bearer 0123456789abcdee") }, 401},
		"longer":    {func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+c.Token+"0") }, 401},
		"empty":     {func(r *http.Request) { r.SetBasicAuth("anybody", "") }, 401},
		"user":      {func(r *http.Request) { r.SetBasicAuth(c.Token, "") }, 401},
		"elsewhere": {func(r *http.Request) { r.URL.RawQuery = "token=" + c.Token }, 401},
	} {
		for _, path := range []string{"/", "/api/series", "/history/files/style.css", "/nothing"} {
			status, body, header := get(t, h, path, want.change)
			if path == "/nothing" && want.status == 200 {
				want.status = 404
			}
			if status != want.status || status == 401 && (header.Get("WWW-Authenticate") == "" || strings.Contains(body, "shop")) {
				t.Errorf("%s, %s: %d %s", name, path, status, body)
			}
			if strings.Contains(body, c.Token) {
				t.Errorf("%s, %s: the answer has the token", name, path)
			}
		}
	}
}

// Every answer has the headers that keep it harmless, refusals too.
func TestHeaders(t *testing.T) {
	store, _ := filled(t)
	h := serve.New(config(store))
	for _, path := range []string{"/", "/api/series", "/nothing", "/badge.svg", "/history/files/history.js"} {
		_, _, header := get(t, h, path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if !strings.HasPrefix(header.Get(name), want) {
				t.Errorf("%s: %s is %q", path, name, header.Get(name))
			}
		}
		if header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s may be read by other pages", path)
		}
	}
}
