package jar_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
)

var now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// place reads a URL without a port.
func place(url string) jar.Place {
	scheme, rest, _ := strings.Cut(url, "://")
	host, path, _ := strings.Cut(rest, "/")
	return jar.Place{Secure: scheme == "https", Host: host, Path: "/" + path}
}

func TestJar(t *testing.T) {
	for _, c := range []struct {
		name string
		from string // what answers with the lines
		set  string // lines, with a | in between
		to   string
		want string
	}{
		{"plain", "http://shop.test/", "a=1", "http://shop.test/b", "a=1"},
		{"quotes", "http://shop.test/", `a="x y"; Path=/`, "http://shop.test/", `a="x y"`},
		{"half a quote", "http://shop.test/", `a="x`, "http://shop.test/", `a="x`},
		{"equal signs", "http://shop.test/", "a=b=c==", "http://shop.test/", "a=b=c=="},
		{"spaces and commas", "http://shop.test/", " a \t=  1, 2  3\t ; Path=/", "http://shop.test/", "a=1, 2  3"},
		{"no value", "http://shop.test/", "a=", "http://shop.test/", "a="},
		{"no name", "http://shop.test/", "=a|b|;c=1| =d", "http://shop.test/", ""},
		{"letters past ASCII", "http://shop.test/", "a=\u00fc\u4e16|b=\xfc", "http://shop.test/", "a=\u00fc\u4e16; b=\xfc"},
		{"odd names", "http://shop.test/", `"a"=1|a[b]=2|a b=3|A=4|a=5`, "http://shop.test/", `"a"=1; a[b]=2; a b=3; A=4; a=5`},
		{"brackets and backslashes", "http://shop.test/", `a={"x":1}|b=\"`, "http://shop.test/", `a={"x":1}; b=\"`},
		{"control characters", "http://shop.test/", "a=1\x01|b=\x7f|c=3", "http://shop.test/", "c=3"},
		{"replaced", "http://shop.test/", "a=1|b=2|a=3", "http://shop.test/", "a=3; b=2"},
		{"another host", "http://shop.test/", "a=1", "http://other.test/", ""},
		{"a host below", "http://shop.test/", "a=1", "http://www.shop.test/", ""},
		{"a domain", "http://www.shop.test/", "a=1; Domain=shop.test", "http://api.shop.test/", "a=1"},
		{"a domain itself", "http://www.shop.test/", "a=1; Domain=shop.test", "http://shop.test/", "a=1"},
		{"a domain with a dot", "http://www.shop.test/", "a=1; domain = .Shop.TEST", "http://api.shop.test/", "a=1"},
		{"a domain that is the host", "http://shop.test/", "a=1; Domain=shop.test", "http://www.shop.test/", "a=1"},
		{"no domain", "http://shop.test/", "a=1; Domain=", "http://shop.test/", "a=1"},
		{"two domains", "http://www.shop.test/", "a=1; Domain=other.test; Domain=shop.test", "http://shop.test/", "a=1"},
		{"a foreign domain", "http://shop.test/", "a=1; Domain=other.test", "http://shop.test/", ""},
		{"a domain below", "http://shop.test/", "a=1; Domain=www.shop.test", "http://www.shop.test/", ""},
		{"a part of a label", "http://myshop.test/", "a=1; Domain=shop.test", "http://shop.test/", ""},
		{"a single label", "http://shop.test/", "a=1; Domain=test", "http://other.test/", ""},
		{"a public suffix", "http://shop.co.uk/", "a=1; Domain=co.uk", "http://shop.co.uk/", ""},
		{"localhost", "http://localhost/", "a=1; Domain=localhost", "http://localhost/", "a=1"},
		{"upper case", "http://Shop.Test/", "a=1", "http://shop.test/", "a=1"},
		{"past ASCII", "http://b\u00fccher.test/", "a=1; Domain=b\u00fccher.test", "http://xn--bcher-kva.test/", "a=1"},
		{"IPv4", "http://127.0.0.1/", "a=1", "http://127.0.0.1/", "a=1"},
		{"IPv4 as domain", "http://127.0.0.1/", "a=1; Domain=127.0.0.1", "http://127.0.0.1/", "a=1"},
		{"a part of IPv4", "http://127.0.0.1/", "a=1; Domain=0.0.1", "http://127.0.0.1/", ""},
		{"IPv6", "http://::1/", "a=1", "http://::1/", "a=1"},
		{"the default path", "http://shop.test/a/b/c?d=/e/f", "a=1", "http://shop.test/a/b", "a=1"},
		{"the default path, not above", "http://shop.test/a/b/c", "a=1", "http://shop.test/a", ""},
		{"the default path of /a", "http://shop.test/a", "a=1", "http://shop.test/", "a=1"},
		{"a path", "http://shop.test/", "a=1; Path=/a", "http://shop.test/a", "a=1"},
		{"a path below", "http://shop.test/", "a=1; Path=/a", "http://shop.test/a/b?c", "a=1"},
		{"not a path below", "http://shop.test/", "a=1; Path=/a", "http://shop.test/ab", ""},
		{"a path with a slash", "http://shop.test/", "a=1; Path=/a/", "http://shop.test/a/b", "a=1"},
		{"not a path with a slash", "http://shop.test/", "a=1; Path=/a/", "http://shop.test/a", ""},
		{"a path that is none", "http://shop.test/a/b", "a=1; Path=c", "http://shop.test/a/d", "a=1"},
		{"the last path", "http://shop.test/", "a=1; Path=/b; Path=/a", "http://shop.test/a", "a=1"},
		{"paths are octets", "http://shop.test/", "a=1; Path=/%61", "http://shop.test/a", ""},
		{"secure", "https://shop.test/", "a=1; Secure", "https://shop.test/", "a=1"},
		{"secure, not in plain", "https://shop.test/", "a=1; secure=x", "http://shop.test/", ""},
		{"HttpOnly, SameSite and more", "http://shop.test/", "a=1; HttpOnly; SameSite=Strict; Priority=High; ;=;", "http://shop.test/", "a=1"},
		{"longer paths first", "http://shop.test/", "a=1; Path=/|b=2; Path=/x/y|c=3; Path=/x|d=4; Path=/", "http://shop.test/x/y", "b=2; c=3; a=1; d=4"},
		{"one name on two paths", "http://shop.test/", "a=1; Path=/|a=2; Path=/x", "http://shop.test/x", "a=2; a=1"},
		{"Max-Age", "http://shop.test/", "a=1; Max-Age=1", "http://shop.test/", "a=1"},
		{"Max-Age before Expires", "http://shop.test/", "a=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://shop.test/", "a=1"},
		{"Max-Age of nothing", "http://shop.test/", "a=1; Max-Age=|b=1; Max-Age=x|c=1; Max-Age=1x|d=1; Max-Age=-|e=1; Max-Age=+0", "http://shop.test/", "a=1; b=1; c=1; d=1; e=1"},
		{"Max-Age for ever", "http://shop.test/", "a=1; Max-Age=99999999999999999999999", "http://shop.test/", "a=1"},
		{"deleted by Max-Age", "http://shop.test/", "a=1|b=1|c=1|a=; Max-Age=0|b=; Max-Age=-1|c=; Max-Age=-99999999999999999999", "http://shop.test/", ""},
		{"deleted on its own path only", "http://shop.test/", "a=1; Path=/x|a=; Path=/; Max-Age=0", "http://shop.test/x", "a=1"},
		{"deleted by Expires", "http://shop.test/", "a=1|a=; expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://shop.test/", ""},
		{"an Expires that is none", "http://shop.test/", "a=1; Expires=0|b=1; Expires=Thu, 30 Feb 1970 00:00:00 GMT", "http://shop.test/", "a=1; b=1"},
	} {
		var j jar.Jar
		j.Set(place(c.from), strings.Split(c.set, "|"), now)
		if got := j.Header(place(c.to), "", now); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// A cookie goes when it expires. A cookie that is set again keeps its place.
func TestJarOverTime(t *testing.T) {
	var j jar.Jar
	at := place("http://shop.test/")
	j.Set(at, []string{"a=1; Max-Age=10", "b=2", "c=3; Expires=Thu, 26 Nov 2026 12:00:05 GMT"}, now)
	for after, want := range map[time.Duration]string{0: "a=1; b=2; c=3", 4 * time.Second: "a=1; b=2; c=3", 5 * time.Second: "a=1; b=2", 10 * time.Second: "b=2"} {
		if got := j.Header(at, "", now.Add(after)); got != want {
			t.Errorf("after %v: got %q, want %q", after, got, want)
		}
	}
	j.Set(at, []string{"a=4"}, now.Add(time.Second))
	if got := j.Header(at, "", now.Add(time.Hour)); got != "a=4; b=2" {
		t.Errorf("set anew: %q", got)
	}
}

// A cookie that the request has itself is not sent twice.
func TestOwnCookies(t *testing.T) {
	var j jar.Jar
	at := place("http://shop.test/")
	j.Set(at, []string{"a=1", "b=2", "c=3"}, now)
	for own, want := range map[string]string{"": "a=1; b=2; c=3", "b=9": "a=1; c=3", "x=1; a=7 ;c": "b=2", "B=1": "a=1; b=2; c=3"} {
		if got := j.Header(at, own, now); got != want {
			t.Errorf("beside %q: %q, want %q", own, got, want)
		}
	}
}

// The jar keeps the newest cookies, however many are set.
func TestJarIsBounded(t *testing.T) {
	var j jar.Jar
	at := place("http://shop.test/")
	for i := range 4000 {
		j.Set(at, []string{fmt.Sprintf("c%d=%d", i, i)}, now)
	}
	sent := strings.Split(j.Header(at, "", now), "; ")
	if len(sent) != 3000 || sent[0] != "c1000=1000" || sent[2999] != "c3999=3999" {
		t.Errorf("%d cookies, from %s to %s", len(sent), sent[0], sent[len(sent)-1])
	}
}

// Every date of section 5.1.1 deletes a cookie, and nothing else does.
func TestDates(t *testing.T) {
	for _, date := range []string{
		"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", // RFC 9110's three
		"Thu, 01-Jan-1970 00:00:00 GMT", "Thu, 1 Jan 1970 0:0:0 UTC", "01 Jan 1970 00:00:00 +0100", "1970 Jan 1 00:00:00",
		"00:00:00 1 january 70", "Mon, 10-Dec-2007 17:02:24 GMT", "Wed, 01-01-1970 00:00:00 jan", "jan 1 2000 1:2:3",
		"1/jan/2001@10:11:12", "06 NOVEMBRE 94 08:49:37", "Sun, 06 Nov 1994 08:49:37.123 GMT", "6th Nov 1994 08:49:37", "08:49:37Z 06 Nov 1994x",
		"1 Jan 1601 00:00:00", "29 Feb 2024 23:59:59", "3 Jan 26 00:00:00",
	} {
		if got := sets(date); got != "" {
			t.Errorf("%q does not delete: %q", date, got)
		}
	}
	for _, date := range []string{
		"", "0", "-1", "yesterday", "1994", "Sun, 06 Nov 1994", "Nov 1994 08:49:37", "06 08:49:37 1994", "6 Nov 08:49:37",
		"32 Jan 1970 00:00:00", "0 Jan 1970 00:00:00", "1 Jan 1600 00:00:00", "1 Jan 1970 24:00:00", "1 Jan 1970 00:60:00", "1 Jan 1970 00:00:60",
		"30 Feb 1970 00:00:00", "29 Feb 2023 00:00:00", "1 Jan 19700 00:00:00", "1 Jan 197 00:00:00x:", "001 Jan 1970 00:00:00", "1 Jan 1970 00:00", "1 Jan 1970 000:00:00",
		"1 J\u00e4n 1970 00:00:00", "1 Jan 7 00:00:00",
		"Thu, 26 Nov 2026 12:00:01 GMT", "1 Jan 2069 00:00:00", "1 Jan 69 00:00:00", "31 Dec 9999 23:59:59", // later
	} {
		if got := sets(date); got == "" {
			t.Errorf("%q deletes", date)
		}
	}
}

// sets is the Cookie header after an answer has set a cookie with that date.
func sets(date string) string {
	var j jar.Jar
	j.Set(place("http://shop.test/"), []string{"a=1; Expires=" + date}, now)
	return j.Header(place("http://shop.test/"), "", now)
}

func FuzzJar(f *testing.F) {
	f.Add("a=1; Domain=.shop.test; Path=/; Expires=Thu, 01 Jan 2030 00:00:00 GMT; Max-Age=5; Secure")
	f.Fuzz(func(t *testing.T, line string) {
		var j jar.Jar
		j.Set(place("https://www.shop.test/a/b"), []string{line}, now)
		if got := j.Header(place("https://www.shop.test/a/b"), "", now); got != "" && !strings.Contains(line, strings.SplitN(got, "=", 2)[1]) {
			t.Errorf("%q became %q", line, got)
		}
	})
}
