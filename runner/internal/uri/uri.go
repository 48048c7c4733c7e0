// Package uri turns addresses, as people and servers write them, into parts of a request line.
//
// Escape encodes what RFC 3986 does not allow in a path or a query: letters past ASCII, spaces,
// quotes. It leaves everything else as it was written, escapes included, so escaping twice is escaping
// once. Resolve reads a reference, such as the Location of a redirect, as browsers do
// (https://url.spec.whatwg.org, section 4.4): it forgives careless addresses, and its result can
// always be sent.
//
// ASCII spells a host as it goes over the wire.
//
// Left out: looking up hosts.
package uri

import (
	"errors"
	"net/url"
	"strings"
)

// Address is where a request goes.
type Address struct {
	Scheme string // http or https
	Host   string // with its port, if it has one; without a user
	Target string // of the request line: path and query, escaped
}

// The errors of Resolve.
var (
	ErrScheme    = errors.New("the scheme is neither http nor https")
	ErrAuthority = errors.New("the host or the port is malformed")
)

const hex = "0123456789ABCDEF"

// Escape percent-encodes the bytes that may not stand in a path or a query, and a percent sign that
// begins no escape. Brackets stay, as every client leaves them.
func Escape(text string) string {
	first := next(text, 0)
	if first == len(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + 16)
	for begin := 0; ; {
		b.WriteString(text[begin:first])
		if first == len(text) {
			return b.String()
		}
		c := text[first]
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		begin = first + 1
		first = next(text, begin)
	}
}

// next is the index of the first byte from i on that must be escaped; the length if there is none.
func next(text string, i int) int {
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '%':
			if len(text) < i+3 || !isHex(text[i+1]) || !isHex(text[i+2]) {
				return i
			}
		case c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0:
			return i
		}
	}
	return i
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// Resolve reads a reference in the answer to a request to base. It drops a fragment, and a user with a
// password.
func Resolve(base Address, reference string) (Address, error) {
	text := strings.TrimFunc(reference, func(c rune) bool { return c <= ' ' })
	text = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(text)
	text, _, _ = strings.Cut(text, "#")
	to := base
	if scheme, rest, ok := cutScheme(text); ok {
		to.Scheme, text = scheme, rest
		if scheme != "http" && scheme != "https" {
			return Address{}, ErrScheme
		}
	}
	path, query, asks := strings.Cut(text, "?")
	path = strings.ReplaceAll(path, `\`, "/")
	if strings.HasPrefix(path, "//") || to.Scheme != base.Scheme {
		host, rest := cutHost(strings.TrimLeft(path, "/"))
		if to.Host, path = host, rest; !validHost(host) {
			return Address{}, ErrAuthority
		}
	}
	basePath, baseQuery, baseAsks := strings.Cut(base.Target, "?")
	switch {
	case strings.HasPrefix(path, "/"):
	case path != "":
		path = basePath[:strings.LastIndexByte(basePath, '/')+1] + path
	default:
		path = basePath
		if !asks {
			query, asks = baseQuery, baseAsks
		}
	}
	to.Target = Escape(withoutDots(path))
	if asks {
		to.Target += "?" + Escape(query)
	}
	return to, nil
}

// cutScheme cuts off a scheme and its colon, in lower case.
func cutScheme(text string) (scheme, rest string, ok bool) {
	i := strings.IndexAny(text, ":/?\\")
	if i <= 0 || text[i] != ':' {
		return "", text, false
	}
	for j, c := range []byte(strings.ToLower(text[:i])) {
		letter := 'a' <= c && c <= 'z'
		if !letter && (j == 0 || !('0' <= c && c <= '9') && c != '+' && c != '-' && c != '.') {
			return "", text, false
		}
	}
	return strings.ToLower(text[:i]), text[i+1:], true
}

// cutHost cuts a host and its port from the path that follows, and drops a user.
func cutHost(text string) (host, path string) {
	host, path = text, "/"
	if i := strings.IndexByte(text, '/'); i >= 0 {
		host, path = text[:i], text[i:]
	}
	return host[strings.LastIndexByte(host, '@')+1:], path
}

func validHost(host string) bool {
	u, err := url.Parse("http://" + host)
	return err == nil && u.Hostname() != "" && u.User == nil
}

// withoutDots removes the segments . and .. (RFC 3986, section 5.2.4), escaped ones too. The path
// begins with a slash, or is one after this.
func withoutDots(path string) string {
	var kept []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		switch strings.ReplaceAll(strings.ToLower(s), "%2e", ".") {
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		case ".":
		default:
			kept = append(kept, s)
			continue
		}
		if i == len(segments)-1 {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}
