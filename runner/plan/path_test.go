package plan_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

func TestPathOfAValue(t *testing.T) {
	check := func(base, value, want, wrong string) {
		t.Helper()
		target := plan.Target{URL: base}
		got, why := target.Path(value)
		if got != want || !strings.Contains(why, wrong) || (why == "") != (wrong == "") {
			t.Errorf("Path(%q) at %s is %q, %q; want %q, %q", value, base, got, why, want, wrong)
		}
	}
	const at, other, noPath = "http://Shop.test:8080", "another scheme, host or port", "is not a path"
	check(at, "/a/b?c=d&e=f;g/h", "/a/b?c=d&e=f;g/h", "")
	check(at, "/a b/ü?q=ß \"x\"", "/a%20b/%C3%BC?q=%C3%9F%20%22x%22", "")
	check(at, "/done%20already%2F?x=%zz", "/done%20already%2F?x=%25zz", "")
	check(at, "/a?b#c", "/a?b", "")
	check(at, "/", "/", "")
	check(at, "/a\r\nHost: evil", "/a%0D%0AHost:%20evil", "")
	check(at, "/\xff\u2028", "/%FF%E2%80%A8", "")
	check(at, "/go?to=http://other.test/", "/go?to=http://other.test/", "")
	check(at, "/a//b", "/a//b", "")
	check(at, "http://shop.test:8080/x?y#z", "/x?y", "")
	check(at, "HTTP://SHOP.TEST:8080", "/", "")
	check(at, "http://shop.test:8080?page=2", "/?page=2", "")
	check(at, "//shop.test:8080/x", "/x", "")
	check(at, "ws://shop.test:8080/x?y", "/x?y", "")
	check(at, "wss://shop.test:8080/x", "", other)
	check("https://shop.test", "WSS://shop.test/x", "/x", "")
	check(at, "http://ada:secret@shop.test:8080/x", "/x", "")
	for _, value := range []string{"http://shop.test/x", "https://shop.test:8080/x", "//other.test/x", "http://other.test:8080/", "ftp://shop.test:8080/", "http://shop.test:8080.other.test/", "http:///x", "///x"} {
		check(at, value, "", other)
	}
	for _, value := range []string{"", "a/b", "?page=2", "#x", " /a", "mailto:x@shop.test", "17"} {
		check(at, value, "", noPath)
	}
	check("https://shop.test/", "https://shop.test:443/x", "/x", "")
	check("http://[::1]:80/api", "http://[::1]/api/x", "/api/x", "")
	// The path of target.url is put in front once.
	check("http://h/api", "/items", "/api/items", "")
	check("http://h/api", "/api/items", "/api/items", "")
	check("http://h/api", "/api", "/api", "")
	check("http://h/api", "/api?x", "/api?x", "")
	check("http://h/api", "/apis", "/api/apis", "")
}

// Path's result fits into a request line, for every value. Path does not change its own result.
func FuzzPath(f *testing.F) {
	for _, value := range []string{"/a?b=c#d", "http://h/x", "//h", "/%zz ü", "", "http://h:80?x", "/\x00", "h:/\\"} {
		f.Add(value)
	}
	target := plan.Target{URL: "http://h/base"}
	f.Fuzz(func(t *testing.T, value string) {
		path, wrong := target.Path(value)
		if wrong != "" {
			if path != "" {
				t.Errorf("%q is wrong, and %q", value, path)
			}
			return
		}
		if !strings.HasPrefix(path, "/base") || strings.ContainsFunc(path, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '#' }) {
			t.Errorf("%q becomes %q", value, path)
		}
		if again, wrong := target.Path(path); again != path || wrong != "" {
			t.Errorf("%q becomes %q, and that %q, %s", value, path, again, wrong)
		}
	})
}

// TestContentType sets the Content-Type of JSON for all requests. A form has its own.
func TestContentType(t *testing.T) {
	for step, want := range map[string]string{
		"json: {a: 1}":      "application/vnd.api+json",
		"body: x":           "application/vnd.api+json",
		"form: {a: 1}":      "application/x-www-form-urlencoded",
		"multipart: {a: 1}": "multipart/form-data; boundary=",
		"form: {a: 1}, headers: {content-type: text/x}": "text/x",
	} {
		p, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://127.0.0.1\", headers: {Content-type: application/vnd.api+json}}\nusers: [{name: u, tasks: [{http: POST /, "+step+"}]}]"), profile.Surroundings{})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		made, err := plan.Make(p, plan.Values{})
		if err != nil {
			t.Fatal(err)
		}
		headers := made.Calls[0].Content.(*plan.HTTP).Headers
		if got, _ := headers[0].Value.Static(); len(headers) != 1 || !strings.HasPrefix(got, want) {
			t.Errorf("%s is sent as %v, want %s", step, headers, want)
		}
	}
}
