package sut

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Door is where the load gets at a system: the same address, socket, proxy, TLS and versions of
// HTTP, and the same hosts that may be sent to. What is ready there is ready for the load.
type Door struct {
	target plan.Target
	url    *url.URL
	dialer *wire.Dialer
}

// NewDoor makes the door of a target. It connects to nothing yet. It fails when the target's address,
// its certificates or the proxy's address are none.
func NewDoor(t plan.Target, proxy wire.Proxy) (*Door, error) {
	dialer, err := wire.NewDialer(t, proxy)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(t.URL)
	if err != nil { // which the dialer has seen already
		return nil, errors.New("target.url is no address")
	}
	return &Door{t, u, dialer}, nil
}

// Reach reports whether anything takes connections at the target, or at the proxy before it.
func (d *Door) Reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, d.target.Timeout)
	defer cancel()
	err := d.connects(ctx)
	var dial *net.OpError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Errorf("nothing answers at %s (%w); start the system first, or let target.start do it", d.target.Shown, err)
	}
	_, text := wire.Classify(err)
	return fmt.Errorf("%s cannot be connected to: %s", d.target.Shown, text)
}

// connects opens a connection as the load does, and closes it.
func (d *Door) connects(ctx context.Context) error {
	conn, err := d.dialer.Dial(ctx, d.dialer.Target(), offers[d.target.HTTP]...)
	if err != nil {
		return err
	}
	return conn.Close()
}

// offers are what is offered in TLS.
var offers = map[profile.HTTPVersion][]string{
	profile.HTTPAuto: {"h2", "http/1.1"}, profile.HTTP1: {"http/1.1"}, profile.HTTP2: {"h2"},
}

// answers asks once whether a GET of a path below the target is answered below 400. Redirects are
// followed, but to no host that may not be sent to.
func (d *Door) answers(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.target.URL+path, nil)
	if err != nil {
		return errors.New("the path makes no address")
	}
	v := &visit{door: d}
	defer v.end()
	response, err := (&http.Client{Transport: v}).Do(request)
	if err != nil {
		_, text := wire.Classify(err)
		return errors.New(text)
	}
	response.Body.Close() //nolint:errcheck // only the status is wanted
	if response.StatusCode >= http.StatusBadRequest {
		return errors.New(response.Status)
	}
	return nil
}

// visit is one question at a door, with its redirects: each request has a connection of its own.
type visit struct {
	door *Door
	ways []*http.Transport // of the requests
}

// RoundTrip sends one request.
func (v *visit) RoundTrip(request *http.Request) (*http.Response, error) {
	at, err := wire.OriginOf(request.URL)
	if err != nil {
		return nil, err
	}
	if !v.door.dialer.Allowed(at.Host) {
		return nil, wire.Fault("redirect to " + at.Host + " is outside limits.hosts")
	}
	way := v.door.way(at)
	v.ways = append(v.ways, way)
	if auth := v.door.dialer.Via(at).Authorization(); auth != "" && way.Proxy != nil {
		request = request.Clone(request.Context())
		request.Header.Set("Proxy-Authorization", auth)
	}
	return way.RoundTrip(request)
}

// end closes what is left of connections.
func (v *visit) end() {
	for _, way := range v.ways {
		way.CloseIdleConnections()
	}
}

// way leads to an origin.
func (d *Door) way(at wire.Origin) *http.Transport {
	version := d.target.HTTP
	lead := d.dialer.Dial
	if version == profile.HTTP2 { // which no proxy reads
		lead = d.dialer.Tunnel
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return lead(ctx, at, offers[version]...) }
	way := &http.Transport{DialContext: dial, DialTLSContext: dial, DisableKeepAlives: true, Protocols: new(http.Protocols)}
	way.Protocols.SetHTTP1(version != profile.HTTP2)
	way.Protocols.SetHTTP2(version != profile.HTTP1)
	way.Protocols.SetUnencryptedHTTP2(version == profile.HTTP2)
	if version != profile.HTTP2 && d.dialer.Via(at).Absolute() {
		// It makes requests name their whole address. Where the proxy is, dial knows.
		way.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.invalid"})
	}
	return way
}
