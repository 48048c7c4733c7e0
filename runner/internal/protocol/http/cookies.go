package http

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// newJar makes a user's jar. It has no list of public suffixes: the list is large, and the system under
// test is not the open web.
func newJar() *cookiejar.Jar {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic("http: " + err.Error()) // documented never to fail
	}
	return jar
}

// keepCookies puts the cookies of an answer into the jar.
func (u *client1) keepCookies(x *exchange, lines []string) {
	if u.jar == nil {
		u.jar = newJar()
	}
	setCookies(u.jar, x.at, x.message.path(), lines)
}

// setCookies puts Set-Cookie lines into a jar. It drops malformed ones, as browsers do.
func setCookies(jar *cookiejar.Jar, at wire.Origin, path string, lines []string) {
	answer := http.Response{Header: http.Header{"Set-Cookie": lines}}
	jar.SetCookies(pageURL(at, path), answer.Cookies())
}

// cookieLine is the value of a Cookie header; empty if the jar has no cookie for the page.
func cookieLine(jar *cookiejar.Jar, at wire.Origin, path string) string {
	var b strings.Builder
	for _, c := range jar.Cookies(pageURL(at, path)) {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.String()) // name and value, with quotes where they were
	}
	return b.String()
}

// pageURL is the address of a path on an origin, as far as a jar looks at it.
func pageURL(at wire.Origin, path string) *url.URL {
	path, _, _ = strings.Cut(path, "?")
	if plain, err := url.PathUnescape(path); err == nil {
		path = plain
	}
	return &url.URL{Scheme: at.Scheme, Host: at.Address(), Path: path}
}
