package http

import (
	"errors"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// Opening is a request that begins a stream of another protocol. It carries what an HTTP
// call of the same user would: headers of the target, Authorization and cookies.
type Opening struct {
	compiled *compiled
	at       wire.Origin
	cookies  bool // the user has a jar
}

// NewOpening compiles a request for a connection to the proxy of via; the zero Via means a connection
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

// Over2 also compiles the request for HTTP/2 connections of a Maker that has none yet.
func (o *Opening) Over2(m *h2.Maker) { o.compiled.asFields(m, o.at) }

// Fill2 is Fill for HTTP/2; see Over2.
func (o *Opening) Fill2(v load.Values, cookies *jar.Jar) (h2.Request, Filled, error) {
	x := exchange2{call: o.compiled}
	if _, err := o.compiled.fill(&x.request, nil, v); err != nil {
		return h2.Request{}, Filled{}, err
	}
	filled := Filled{path: x.path()}
	if o.cookies && !cookies.Empty() {
		if sent := cookies.Header(place(o.at, filled.path), x.value("cookie"), time.Now()); sent != "" {
			x.request.Extra = []h2.Field{{Name: "cookie", Value: sent}}
		}
	}
	return x.request, filled, nil
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
