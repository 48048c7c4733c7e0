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

// Door is where the load connects to a system. Questions at the door use the address, socket, proxy,
// TLS, HTTP version and allowed hosts of the load, so a system that answers there is ready for it.
type Door struct {
	target plan.Target
	url    *url.URL
	dialer *wire.Dialer
}

// NewDoor makes the door of a target. It does not connect yet. It fails if the address, the
// certificates or the proxy of the target are invalid.
func NewDoor(t plan.Target, proxy wire.Proxy) (*Door, error) {
	dialer, err := wire.NewDialer(t, proxy)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(t.URL)
	if err != nil { // the dialer would have failed
		return nil, errors.New("target.url is no address")
	}
	return &Door{t, u, dialer}, nil
}

// Reach connects once to the target, or to its proxy.
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

// connects opens a connection like the load does, and closes it.
func (d *Door) connects(ctx context.Context) error {
	conn, err := d.dialer.Dial(ctx, d.dialer.Target(), offers[d.target.HTTP]...)
	if err != nil {
		return err
	}
	return conn.Close()
}

// offers are the protocols offered in TLS.
var offers = map[profile.HTTPVersion][]string{
	profile.HTTPAuto: {"h2", "http/1.1"}, profile.HTTP1: {"http/1.1"}, profile.HTTP2: {"h2"},
}

// answers sends one GET and checks that the status is below 400. It follows redirects, but only to
// hosts that may be loaded.
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

// visit is one question at a door. Each request, redirects included, has its own connection.
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

// end closes the connections.
func (v *visit) end() {
	for _, way := range v.ways {
		way.CloseIdleConnections()
	}
}

// way makes the transport to an origin.
func (d *Door) way(at wire.Origin) *http.Transport {
	version := d.target.HTTP
	lead := d.dialer.Dial
	if version == profile.HTTP2 { // a proxy reads HTTP/1.1 only
		lead = d.dialer.Tunnel
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return lead(ctx, at, offers[version]...) }
	way := &http.Transport{DialContext: dial, DialTLSContext: dial, DisableKeepAlives: true, Protocols: new(http.Protocols)}
	way.Protocols.SetHTTP1(version != profile.HTTP2)
	way.Protocols.SetHTTP2(version != profile.HTTP1)
	way.Protocols.SetUnencryptedHTTP2(version == profile.HTTP2)
	if version != profile.HTTP2 && d.dialer.Via(at).Absolute() {
		// This makes requests name the whole address. The proxy's own address is dial's business.
		way.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.invalid"})
	}
	return way
}
