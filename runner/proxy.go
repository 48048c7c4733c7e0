package runner

import (
	"cmp"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// proxies finds the proxy for an address in an environment; nil for none. A nil environment means
// this process's own.
func proxies(environ []string) func(*url.URL) (*url.URL, error) {
	if environ == nil {
		environ = os.Environ()
	}
	values := map[string]string{}
	for _, variable := range environ {
		if name, value, ok := strings.Cut(variable, "="); ok {
			values[name] = value
		}
	}
	either := func(name string) string {
		if value := values[name]; value != "" {
			return value
		}
		return values[strings.ToLower(name)]
	}
	all := either("ALL_PROXY")
	c := httpproxy.Config{
		HTTPProxy: cmp.Or(either("HTTP_PROXY"), all), HTTPSProxy: cmp.Or(either("HTTPS_PROXY"), all), NoProxy: either("NO_PROXY"),
		CGI: values["REQUEST_METHOD"] != "" && values["HTTP_PROXY"] != "", // a client of a CGI program sets HTTP_PROXY
	}
	return c.ProxyFunc()
}

// shownProxy is the proxy for a target, without credentials; empty for none.
func shownProxy(t plan.Target, proxy func(*url.URL) (*url.URL, error)) string {
	u, err := url.Parse(t.URL)
	if err != nil || t.Socket != "" {
		return ""
	}
	by, err := proxy(u)
	if err != nil || by == nil {
		return ""
	}
	return (&url.URL{Scheme: by.Scheme, Host: by.Host}).String()
}
