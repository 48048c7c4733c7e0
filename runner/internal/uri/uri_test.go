package uri_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/uri"
)

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		"/items/5?q=a+b&c=~*'()!$,;:@[]": "/items/5?q=a+b&c=~*'()!$,;:@[]",
		"/caf\u00e9?q=\u00fc":            "/caf%C3%A9?q=%C3%BC",
		"/caf%C3%A9/%c3%a9":              "/caf%C3%A9/%c3%a9",
		"/a b\tc\x7f\x00":                "/a%20b%09c%7F%00",
		"/100%/5%2/%zz/%":                "/100%25/5%252/%25zz/%25",
		"/\"<>\\^`{|}":                   "/%22%3C%3E%5C%5E%60%7B%7C%7D",
		"/\xff\xfe":                      "/%FF%FE", // no UTF-8: byte for byte
		"/\U0001f600":                    "/%F0%9F%98%80",
		"\u00e9":                         "%C3%A9",
	} {
		got := uri.Escape(text)
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if again := uri.Escape(got); again != got {
			t.Errorf("%q, escaped twice: %q", text, again)
		}
	}
}

func TestResolve(t *testing.T) {
	base := uri.Address{Scheme: "http", Host: "shop.test:8080", Target: "/a/b/c?x=1"}
	for reference, want := range map[string]string{ // scheme, host and target
		"/end?q=a b&c=\u00fc":          "http shop.test:8080 /end?q=a%20b&c=%C3%BC",
		"d":                            "http shop.test:8080 /a/b/d",
		"./d":                          "http shop.test:8080 /a/b/d",
		"../d/":                        "http shop.test:8080 /a/d/",
		"../../../../d":                "http shop.test:8080 /d",
		"..":                           "http shop.test:8080 /a/",
		".":                            "http shop.test:8080 /a/b/",
		"/x/%2e%2E/y":                  "http shop.test:8080 /y",
		"?y=2":                         "http shop.test:8080 /a/b/c?y=2",
		"?":                            "http shop.test:8080 /a/b/c?",
		"#top":                         "http shop.test:8080 /a/b/c?x=1",
		"/d#top?no":                    "http shop.test:8080 /d",
		"/d?e#top":                     "http shop.test:8080 /d?e",
		" /d \t":                       "http shop.test:8080 /d",
		"/d\te":                        "http shop.test:8080 /de",
		"/d//e/":                       "http shop.test:8080 /d//e/",
		`\d\e?f\g`:                     "http shop.test:8080 /d/e?f%5Cg",
		"//other.test/d":               "http other.test /d",
		"//other.test":                 "http other.test /",
		"//other.test?q":               "http other.test /?q",
		`\\other.test\d`:               "http other.test /d",
		"https://other.test:8443/d":    "https other.test:8443 /d",
		"HTTPS://Other.Test/d":         "https Other.Test /d",
		"https:/other.test/d":          "https other.test /d",
		"http:d":                       "http shop.test:8080 /a/b/d",
		"http://me:secret@other.test/": "http other.test /",
		"http://[::1]:80/d":            "http [::1]:80 /d",
		"http://[fe80::1%25lo]/d":      "http [fe80::1%25lo] /d",
		"http://other.test:/d":         "http other.test: /d",
		"/d:e":                         "http shop.test:8080 /d:e",
		"d/e:f":                        "http shop.test:8080 /a/b/d/e:f",
		"/100%/\"":                     "http shop.test:8080 /100%25/%22",
	} {
		got, err := uri.Resolve(base, reference)
		if text := strings.Join([]string{got.Scheme, got.Host, got.Target}, " "); err != nil || text != want {
			t.Errorf("%q: got %q, %v; want %q", reference, text, err, want)
		}
	}
	for reference, want := range map[string]error{
		"ftp://other.test/":    uri.ErrScheme,
		"javascript:alert(1)":  uri.ErrScheme,
		"mailto:me@other.test": uri.ErrScheme,
		"d:e":                  uri.ErrScheme,
		"http://":              uri.ErrAuthority,
		"///":                  uri.ErrAuthority,
		"http://other.test:x/": uri.ErrAuthority,
		"http://:80/":          uri.ErrAuthority,
		"http://other test/":   uri.ErrAuthority,
		"http://[::1/":         uri.ErrAuthority,
		"https:":               uri.ErrAuthority,
		"http://%zz/":          uri.ErrAuthority,
	} {
		if got, err := uri.Resolve(base, reference); !errors.Is(err, want) {
			t.Errorf("%q: got %v, %v; want %v", reference, got, err, want)
		}
	}
}

// Resolve makes one valid request target of anything that a server says, or refuses it.
func FuzzResolve(f *testing.F) {
	for _, text := range []string{"/a b", "//h/../x", "http://h:1?a#b", "\\\\h\\%", "..", "%2e%2e/%", "\u00e9?\u00fc"} {
		f.Add(text)
	}
	base := uri.Address{Scheme: "http", Host: "h", Target: "/"}
	f.Fuzz(func(t *testing.T, text string) {
		to, err := uri.Resolve(base, text)
		if err != nil {
			return
		}
		if _, err := url.Parse(to.Scheme + "://" + to.Host); err != nil {
			t.Errorf("%q: the host %q: %v", text, to.Host, err)
		}
		if _, err := url.ParseRequestURI(to.Target); err != nil || strings.ContainsFunc(to.Target, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '#' }) {
			t.Errorf("%q: the target %q: %v", text, to.Target, err)
		}
	})
}
