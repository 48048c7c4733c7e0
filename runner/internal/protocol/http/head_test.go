package http_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// saver keeps what is saved.
type saver struct {
	values
	saved map[int]profile.Value
}

func (s saver) Save(slot int, value profile.Value) { s.saved[slot] = value }

var heads = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/login":
		w.Header().Add("Set-Cookie", `sid="s 1"; Path=/; HttpOnly`)
		w.Header().Add("Set-Cookie", "gone=; Max-Age=0")
		w.Header().Set("Location", "/home")
		w.WriteHeader(http.StatusFound)
	case "/home":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Add("Vary", "Accept")
		w.Header().Add("Vary", "Cookie")
		w.Header().Add("Set-Cookie", "seen=1")
		fmt.Fprint(w, "Welcome")
	}
})

// Headers and cookies of an answer are checked and saved in both versions, and so are cookies that a
// redirect set on the way.
func TestHeads(t *testing.T) {
	versions(t, heads, func(t *testing.T, to plan.Target) {
		is := func(of profile.Source, name string, op profile.Op, operand string) plan.Condition {
			c := plan.Condition{Of: of, Path: name, Op: op, Operand: operand}
			if op == profile.Matches {
				c.Pattern = regexp.MustCompile(operand)
			}
			return c
		}
		for _, c := range []struct {
			expect plan.Condition
			holds  bool
		}{
			{is(profile.OfHeader, "content-TYPE", profile.Matches, "^text/html"), true},
			{is(profile.OfHeader, "Vary", profile.Equal, "Accept, Cookie"), true},
			{is(profile.OfHeader, "Vary", profile.Equal, "Accept"), false},
			{is(profile.OfHeader, "X-None", profile.Exists, ""), false},
			{is(profile.OfHeader, "Location", profile.Exists, ""), false}, // of the answer before
			{is(profile.OfCookie, "seen", profile.Equal, "1"), true},
			{is(profile.OfCookie, "sid", profile.Equal, `"s 1"`), true},
			{is(profile.OfCookie, "SID", profile.Exists, ""), false},
			{is(profile.OfCookie, "gone", profile.Exists, ""), false},
		} {
			for _, keeps := range []bool{true, false} {
				to.Redirects, to.Cookies = 1, keeps
				r := get("/login")
				r.Expect = []plan.Condition{c.expect}
				o := newUser(t, newHTTP(t, to, r)).Do(r.call, values{})
				if (o.Class == tally.OK) != c.holds {
					t.Errorf("%s: %v %q", c.expect.String(), o.Class, o.Error)
				}
			}
		}
		to.Redirects = 0
		r := get("/login")
		r.Save = []plan.Save{{Slot: 0, Of: profile.OfHeader, Path: "location", Match: regexp.MustCompile("/(.*)")}, {Slot: 1, Of: profile.OfCookie, Path: "sid"}, {Slot: 2, Of: profile.OfHeader, Path: "X-None", Optional: true}}
		s := saver{saved: map[int]profile.Value{}}
		if o := newUser(t, newHTTP(t, to, r)).Do(r.call, s); o.Class != tally.OK || s.saved[0].Text != "home" || s.saved[1].Text != `"s 1"` || s.saved[2].Text != "" {
			t.Errorf("%v %q, saved %v", o.Class, o.Error, s.saved)
		}
	})
}

// A folded line is one value.
func TestFoldedHeader(t *testing.T) {
	r := get("/")
	r.Expect = []plan.Condition{{Of: profile.OfHeader, Path: "X-Long", Op: profile.Equal, Operand: "a b c"}}
	url := answers(t, "HTTP/1.1 200 OK\r\nX-Long: a\r\n  b\r\n\tc\r\nContent-Length: 0\r\n\r\n")
	if o := newUser(t, newHTTP(t, target(url), r)).Do(r.call, values{}); o.Class != tally.OK {
		t.Errorf("%v %q", o.Class, o.Error)
	}
}

// A path may be a value, and keeps its structure. A value that is no path is a failure, and nothing is
// sent.
func TestPathsThatAreValues(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RequestURI) })
	versions(t, handler, func(t *testing.T, to plan.Target) {
		r := peek("")
		r.From, r.Path = saved(0), plan.Lit("&more")
		d := newUser(t, newHTTP(t, to, r))
		for value, want := range map[string]string{
			"/a/b?c=d":                "/a/b?c=d&more",
			"/caf\u00e9 x?\u00fc=1#f": "/caf%C3%A9%20x?%C3%BC=1&more",
			to.URL + "/absolute?x":    "/absolute?x&more",
		} {
			wantOK(t, d.Call(r.call, values{value}), 200, want)
		}
		for _, value := range []string{"", "no path", "http://other.test/x"} {
			o := d.Call(r.call, values{value})
			if o.Class != tally.Expect || !o.Sent.IsZero() || !strings.Contains(o.Error, "the value that the path begins with") {
				t.Errorf("%q: %v %q, sent %v", value, o.Class, o.Error, o.Sent)
			}
		}
	})
}

// A call's own cookies override those of the jar.
func TestOwnCookiesWin(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/set" {
			w.Header()["Set-Cookie"] = []string{`a="1 2"; Path=/`, "b=3; Path=/"}
		}
		fmt.Fprint(w, r.Header.Get("Cookie"))
	}))
	defer server.Close()
	to := target(server.URL)
	to.Cookies = true
	set, own, get := peek("/set"), peek("/"), peek("/")
	own.Headers = []plan.Header{header("Cookie", "b=mine; c=4")}
	d := newUser(t, newHTTP(t, to, set, own, get))
	wantOK(t, d.Call(set.call, values{}), 200, "")
	wantOK(t, d.Call(own.call, values{}), 200, `b=mine; c=4; a="1 2"`)
	wantOK(t, d.Call(get.call, values{}), 200, `a="1 2"; b=3`)
}
