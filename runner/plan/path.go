package plan

import (
	"net/url"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/internal/uri"
)

// Path makes the beginning of a request's path of a value: of a row of a log, or of a link in an answer.
// What it holds of structure, such as / and ?, stays. Letters past ASCII, and what must not stand in a
// path, are percent-encoded. A fragment is dropped. A URL of the target itself counts from its path on. The
// path of target.url is put in front unless it is there already. wrong says why the value is no
// path, in a sentence that is the same for equal faults.
func (t *Target) Path(value string) (path, wrong string) {
	value, _, _ = strings.Cut(value, "#")
	base, err := url.Parse(t.URL)
	if err != nil {
		return "", "target.url is no address"
	}
	if scheme, rest, ok := strings.Cut(value, "//"); ok && (scheme == "" || strings.EqualFold(scheme, base.Scheme+":")) {
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
		return "", "the value that the path begins with is no path: it must begin with /, or be a URL of the target"
	}
	path = uri.Escape(value)
	prefix := strings.TrimRight(base.EscapedPath(), "/")
	if rest, there := strings.CutPrefix(path, prefix); prefix == "" || there && (rest == "" || strings.ContainsAny(rest[:1], "/?")) {
		return path, ""
	}
	return prefix + path, ""
}

// sameHost reports whether an authority is that of a URL.
func sameHost(base *url.URL, authority string) bool {
	other, err := url.Parse(base.Scheme + "://" + authority)
	return err == nil && strings.EqualFold(zoneless(other), zoneless(base)) && port(other) == port(base)
}

// zoneless is a host without the zone of its address, which no other machine knows.
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
