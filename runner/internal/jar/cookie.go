package jar

import (
	"strings"
	"time"
)

// Cookie is a cookie that an answer sets.
type Cookie struct {
	Name, Value string

	domain   string // empty for the host alone, until the cookie is in a jar
	path     string // empty for the default
	hostOnly bool
	secure   bool
	expires  time.Time // zero for never: a user is one session
}

// Expired reports whether the cookie has expired. Setting an expired cookie deletes it.
func (c *Cookie) Expired(now time.Time) bool { return !c.expires.IsZero() && !now.Before(c.expires) }

const space = " \t"

// Parse reads the value of a Set-Cookie line (section 5.2). It is not ok if the line must be ignored.
func Parse(line string, now time.Time) (Cookie, bool) {
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return Cookie{}, false
	}
	pair, attributes, _ := strings.Cut(line, ";")
	name, value, ok := strings.Cut(pair, "=")
	c := Cookie{Name: strings.Trim(name, space), Value: strings.Trim(value, space)}
	if !ok || c.Name == "" {
		return Cookie{}, false
	}
	var maxAge time.Time // it overrides Expires, in any order
	for attribute := range strings.SplitSeq(attributes, ";") {
		name, value, _ := strings.Cut(attribute, "=")
		value = strings.Trim(value, space)
		switch strings.ToLower(strings.Trim(name, space)) {
		case "expires":
			if at, ok := parseDate(value); ok {
				c.expires = at
			}
		case "max-age":
			if at, ok := parseMaxAge(value, now); ok {
				maxAge = at
			}
		case "domain":
			if value != "" {
				c.domain = canonical(strings.TrimPrefix(value, "."))
			}
		case "path":
			if c.path = value; !strings.HasPrefix(value, "/") {
				c.path = ""
			}
		case "secure":
			c.secure = true
		}
	}
	if !maxAge.IsZero() {
		c.expires = maxAge
	}
	return c, true
}

// past is the expiry of cookies that a server deletes.
var past = time.Unix(0, 0)

// parseMaxAge is section 5.2.2.
func parseMaxAge(value string, now time.Time) (time.Time, bool) {
	digits := strings.TrimPrefix(value, "-")
	if digits == "" || strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
		return time.Time{}, false
	}
	if digits != value || strings.Trim(digits, "0") == "" {
		return past, true
	}
	seconds := int64(0)
	for _, c := range []byte(digits) {
		if seconds = seconds*10 + int64(c-'0'); seconds > 1e9 { // thirty years are for ever
			seconds = 1e9
			break
		}
	}
	return now.Add(time.Duration(seconds) * time.Second), true
}
