// Package jar keeps the cookies of one user as RFC 6265 says (sections 5.1 to 5.4), octet for octet.
//
// Values come out as they went in, with quotes, spaces and letters past ASCII: the system under test
// must get back exactly what it set. Where the RFC leaves the choice to the client, the jar drops a
// cookie for a whole public suffix (https://publicsuffix.org), and one with a control character, which
// no header may hold. A jar holds a bounded number of cookies; the oldest go first.
//
// Left out: SameSite and prefixes of names, which protect people from foreign pages.
package jar

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/plimsoll-ci/plimsoll/runner/internal/uri"
)

// Place is where a request goes.
type Place struct {
	Secure bool   // over TLS
	Host   string // without port and zone
	Path   string // of the request line; a query is ignored
}

// most bounds the cookies of one jar: as many as the RFC asks a client to keep (section 6.1).
const most = 3000

// Jar is one user's cookies. The zero Jar is empty. Not safe for concurrent use.
type Jar struct{ cookies []Cookie } // the oldest first

// Empty reports whether there is no cookie.
func (j *Jar) Empty() bool { return len(j.cookies) == 0 }

// Set keeps the cookies of an answer: the values of its Set-Cookie lines.
func (j *Jar) Set(at Place, lines []string, now time.Time) {
	at.Host = canonical(at.Host)
	for _, line := range lines {
		if c, ok := Parse(line, now); ok && c.admit(at) {
			j.put(c)
		}
	}
	j.cookies = slices.DeleteFunc(j.cookies, func(c Cookie) bool { return c.Expired(now) })
	j.cookies = slices.Delete(j.cookies, 0, max(len(j.cookies)-most, 0))
}

// put adds a cookie. One that replaces another keeps its age.
func (j *Jar) put(c Cookie) {
	same := func(other Cookie) bool {
		return other.Name == c.Name && other.domain == c.domain && other.path == c.path
	}
	if i := slices.IndexFunc(j.cookies, same); i >= 0 {
		j.cookies[i] = c
		return
	}
	j.cookies = append(j.cookies, c)
}

// Header is what the jar adds to the Cookie header of a request; empty for nothing. own is the
// request's own part of it: the jar leaves out cookies that own names.
func (j *Jar) Header(at Place, own string, now time.Time) string {
	at.Host = canonical(at.Host)
	path := pathOf(at.Path)
	var sent []*Cookie
	for i := range j.cookies {
		if c := &j.cookies[i]; c.goesTo(at, path) && !c.Expired(now) && !names(own, c.Name) {
			sent = append(sent, c)
		}
	}
	// The RFC orders by length of path, then by age. They are already in order of age.
	slices.SortStableFunc(sent, func(a, b *Cookie) int { return len(b.path) - len(a.path) })
	var b strings.Builder
	for i, c := range sent {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.Name + "=" + c.Value)
	}
	return b.String()
}

// names reports whether the value of a Cookie header holds a cookie with that name.
func names(header, name string) bool {
	for pair := range strings.SplitSeq(header, ";") {
		if found, _, _ := strings.Cut(strings.Trim(pair, space), "="); found == name {
			return true
		}
	}
	return false
}

// admit completes a cookie from an answer, and reports whether the place may set it (section 5.3,
// steps 4 to 7).
func (c *Cookie) admit(at Place) bool {
	if c.domain != "" {
		if suffix, _ := publicsuffix.PublicSuffix(c.domain); suffix == c.domain {
			if at.Host != c.domain {
				return false
			}
			c.domain = ""
		}
	}
	if c.domain == "" {
		c.domain, c.hostOnly = at.Host, true
	} else if !domainMatches(at.Host, c.domain) {
		return false
	}
	if c.path == "" {
		c.path = defaultPath(pathOf(at.Path))
	}
	return true
}

// goesTo reports whether a request carries the cookie (section 5.4, step 1).
func (c *Cookie) goesTo(at Place, path string) bool {
	if c.hostOnly && at.Host != c.domain || !c.hostOnly && !domainMatches(at.Host, c.domain) {
		return false
	}
	return pathMatches(path, c.path) && (at.Secure || !c.secure)
}

// canonical is the form in which hosts are compared (section 5.1.2).
func canonical(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ascii, err := uri.ASCII(host); err == nil {
		return ascii
	}
	return host
}

// domainMatches is section 5.1.3.
func domainMatches(host, domain string) bool {
	if host == domain {
		return true
	}
	if below, ok := strings.CutSuffix(host, domain); !ok || !strings.HasSuffix(below, ".") {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err != nil
}

// pathOf is a path without its query.
func pathOf(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return path
}

// defaultPath is section 5.1.4.
func defaultPath(path string) string {
	last := strings.LastIndexByte(path, '/')
	if last <= 0 || path[0] != '/' {
		return "/"
	}
	return path[:last]
}

// pathMatches is section 5.1.4.
func pathMatches(path, cookie string) bool {
	rest, ok := strings.CutPrefix(path, cookie)
	return ok && (rest == "" || strings.HasSuffix(cookie, "/") || rest[0] == '/')
}
