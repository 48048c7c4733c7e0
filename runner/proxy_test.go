package runner

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

func TestShownProxy(t *testing.T) {
	environ := []string{"HTTP_PROXY=http://first:1", "HTTP_PROXY=http://me:s3cret@proxy:3128", "https_proxy=socks5://tunnel", "NO_PROXY=.internal"}
	for _, c := range []struct {
		target  plan.Target
		environ []string
		want    string
	}{
		{plan.Target{URL: "http://shop.example"}, environ, "http://proxy:3128"},
		{plan.Target{URL: "https://shop.example"}, environ, "socks5://tunnel"},
		{plan.Target{URL: "http://shop.internal"}, environ, ""},
		{plan.Target{URL: "http://127.0.0.1:80"}, environ, ""},
		{plan.Target{URL: "http://shop.example", Socket: "/run/shop"}, environ, ""},
		{plan.Target{URL: "http://shop.example"}, []string{}, ""},
		{plan.Target{URL: "http://shop.example"}, append(environ, "REQUEST_METHOD=GET"), ""},
	} {
		if got := shownProxy(c.target, proxies(c.environ)); got != c.want {
			t.Errorf("%s %s with %q: %q, want %q", c.target.URL, c.target.Socket, c.environ, got, c.want)
		}
	}
	t.Setenv("HTTP_PROXY", "http://of-this-process")
	if got := shownProxy(plan.Target{URL: "http://shop.example"}, proxies(nil)); got != "http://of-this-process" {
		t.Errorf("without an environment: %q", got)
	}
}
