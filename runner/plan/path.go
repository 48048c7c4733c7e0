package plan

import (
	"net/url"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/internal/uri"
)

// Path turns a value, such as a row of a log or a link in an answer, into the beginning of a request's path.
// It keeps structure such as / and ?, percent-encodes characters that a path must not contain, and drops a
// fragment. Of a URL of the target it takes the path and the query. It puts the path of target.url in front
// unless the value begins with it. wrong says why the value is no path. It does not quote the value, so equal
// faults are counted together.
func (t *Target) Path(value string) (path, wrong string) {
	value, _, _ = strings.Cut(value, "#")
	base, err := url.Parse(t.URL)
	if err != nil {
		return "", "target.url is not a valid URL"
	}
	if scheme, rest, ok := strings.Cut(value, "//"); ok && (scheme == "" || sameScheme(scheme, base.Scheme)) {
		end := strings.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		if !sameHost(base, rest[:end]) {
			return "", "the value that the path begins with is a URL with another scheme, host or port than target.url"
		}
		if value = rest[end:]; !strings.HasPrefix(value, "/") {
			value = "/" + value
		}
	} else if strings.Contains(scheme, ":") && ok && !strings.HasPrefix(value, "/") {
		return "", "the value that the path begins with is a URL with another scheme, host or port than target.url"
	}
	if !strings.HasPrefix(value, "/") {
		return "", "the value that the path begins with is not a path: it must begin with /, or be a URL of the target"
	}
	path = uri.Escape(value)
	prefix := strings.TrimRight(base.EscapedPath(), "/")
	if rest, there := strings.CutPrefix(path, prefix); prefix == "" || there && (rest == "" || strings.ContainsAny(rest[:1], "/?")) {
		return path, ""
	}
	return prefix + path, ""
}

// sameScheme reports whether a scheme, with its colon, is the target's. The scheme of a WebSocket counts as that
// of its handshake.
func sameScheme(scheme, target string) bool {
	switch strings.ToLower(scheme) {
	case "ws:":
		return target == "http"
	case "wss:":
		return target == "https"
	}
	return strings.EqualFold(scheme, target+":")
}

// sameHost reports whether an authority is the same as a URL's.
func sameHost(base *url.URL, authority string) bool {
	other, err := url.Parse(base.Scheme + "://" + authority)
	return err == nil && strings.EqualFold(zoneless(other), zoneless(base)) && port(other) == port(base)
}

// zoneless is a host without the zone of its address. A zone has a meaning on this machine only.
func zoneless(u *url.URL) string {
	host, _, _ := strings.Cut(u.Hostname(), "%")
	return host
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}
