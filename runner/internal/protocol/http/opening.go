package http

import (
	"errors"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// Opening is a request of HTTP/1.1 that begins a stream of another protocol. It carries what an HTTP
// call of the same user would: headers of the target, Authorization and cookies.
type Opening struct {
	compiled *compiled
	at       wire.Origin
	cookies  bool // the user has a jar
}

// NewOpening compiles a request for a connection on which via is asked; the zero Via for one that leads
// to the target itself. route is for errors: it fails if a literal part cannot be sent.
func NewOpening(h *plan.HTTP, route string, t *plan.Target, d *wire.Dialer, via wire.Via) (*Opening, error) {
	if err := sendable(h, route); err != nil {
		return nil, err
	}
	return &Opening{newCompiled(h, t, d, via), d.Target(), t.Cookies}, nil
}

// Filled is an Opening with the values of a user in it.
type Filled struct {
	Bytes []byte
	path  string
}

// Fill fills in values and cookies. lines are further lines of the header, each with its line end in
// front.
func (o *Opening) Fill(v load.Values, cookies *jar.Jar, lines string) (Filled, error) {
	m, _, err := o.compiled.message(nil, v)
	if err != nil {
		return Filled{}, err
	}
	filled := Filled{path: m.path()}
	if o.cookies && !cookies.Empty() {
		with := m.withCookies(cookies.Header(place(o.at, filled.path), m.cookies(), time.Now()))
		m.bytes, m.cookieAt = with, m.cookieAt+len(with)-len(m.bytes)
	}
	filled.Bytes = slices.Concat(m.bytes[:m.cookieAt], []byte(lines), m.bytes[m.cookieAt:], m.apart)
	return filled, nil
}

// Keep keeps the cookies of the answer: the values of its Set-Cookie lines.
func (o *Opening) Keep(f Filled, cookies *jar.Jar, lines []string) {
	if o.cookies && len(lines) > 0 {
		keepCookies(cookies, o.at, f.path, lines)
	}
}

// Misfit is the sentence of an error of Fill about a value that does not fit; empty for other errors.
func Misfit(err error) string {
	var own unfit
	if errors.As(err, &own) {
		return string(own)
	}
	return ""
}
