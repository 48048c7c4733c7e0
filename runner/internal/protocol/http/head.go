package http

import (
	"net/http"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/answer"
	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
)

// head1 is the head of an answer over HTTP/1.1.
type head1 struct {
	answer *http1.Answer
	set    []string // the values of Set-Cookie, including those of redirects on the way
}

// head2 is the head of an answer over HTTP/2.
type head2 struct {
	header *h2.Fields
	set    []string
}

// head3 is the head of an answer over HTTP/3.
type head3 struct {
	header http.Header
	set    []string
}

var _, _, _ answer.Head = (*head1)(nil), (*head2)(nil), (*head3)(nil)

// Header is the value of a header.
func (h *head1) Header(name string) (string, bool) { return h.answer.Field(name) }

// Cookie is the value of a cookie that the answer sets.
func (h *head1) Cookie(name string) (string, bool) { return setCookie(h.set, name) }

// Header is the value of a header.
func (h *head2) Header(name string) (string, bool) {
	name = strings.ToLower(name)
	_, ok := h.header.Get(name)
	return joined(h.header, name, ", "), ok
}

// Cookie is the value of a cookie that the answer sets.
func (h *head2) Cookie(name string) (string, bool) { return setCookie(h.set, name) }

// Header is the value of a header.
func (h *head3) Header(name string) (string, bool) {
	values := h.header.Values(name)
	return strings.Join(values, ", "), len(values) > 0
}

// Cookie is the value of a cookie that the answer sets.
func (h *head3) Cookie(name string) (string, bool) { return setCookie(h.set, name) }

// setCookie is the value of the last cookie with a name. A deleted cookie does not count.
func setCookie(lines []string, name string) (string, bool) {
	now := time.Now()
	for i := len(lines) - 1; i >= 0; i-- {
		if c, ok := jar.Parse(lines[i], now); ok && c.Name == name {
			return c.Value, !c.Expired(now)
		}
	}
	return "", false
}
