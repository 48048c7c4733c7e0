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
		{plan.Target{URL: "http://shop.example"}, []string{"ALL_PROXY=socks5h://all:1080"}, "socks5h://all:1080"},
		{plan.Target{URL: "https://shop.example"}, []string{"all_proxy=http://all:3128"}, "http://all:3128"},
		{plan.Target{URL: "http://shop.example"}, append(environ, "ALL_PROXY=http://all:1"), "http://proxy:3128"},
		{plan.Target{URL: "https://shop.example"}, append(environ, "ALL_PROXY=http://all:1"), "socks5://tunnel"},
		{plan.Target{URL: "http://shop.internal"}, append(environ, "ALL_PROXY=http://all:1"), ""},
		{plan.Target{URL: "http://[::1]:80"}, []string{"ALL_PROXY=http://all:1"}, ""},
		{plan.Target{URL: "http://shop.example"}, []string{"all_proxy=http://all:1", "REQUEST_METHOD=GET"}, "http://all:1"},
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
