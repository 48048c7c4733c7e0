package sut

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/quic-go/quic-go/http3"

	"github.com/plimsoll-ci/plimsoll/runner/internal/channel"
	"github.com/plimsoll-ci/plimsoll/runner/internal/uri"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Door is where the load connects to a system. Questions at the door use the address, socket, proxy,
// TLS, HTTP version and allowed hosts of the load, so a system that answers there is ready for it.
type Door struct {
	target  plan.Target
	dialer  *wire.Dialer
	proxied bool  // a proxy is on the way
	grpc    *Door // where gRPC is spoken, if that is at another address; nil if it is not
}

// NewDoor makes the door of a target. It does not connect yet. It fails if the address, the
// certificates or the proxy of the target are invalid.
func NewDoor(t plan.Target, proxy wire.Proxy) (*Door, error) {
	dialer, err := wire.NewDialer(t, proxy)
	if err != nil {
		return nil, err
	}
	d := &Door{target: t, dialer: dialer}
	if proxy != nil && t.Socket == "" {
		by, err := proxy(&url.URL{Scheme: dialer.Target().Scheme, Host: dialer.Target().Address()})
		d.proxied = err == nil && by != nil
	}
	if t.GRPC.URL != "" && t.GRPC.URL != t.URL {
		d.grpc, err = NewDoor(t.ForGRPC(), proxy)
	}
	return d, err
}

// Reach connects once to the target, or to its proxy, and to where gRPC is spoken.
func (d *Door) Reach(ctx context.Context) error {
	if d.grpc != nil {
		if err := d.grpc.Reach(ctx); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, d.target.Timeout)
	defer cancel()
	err := d.connects(ctx)
	var dial *net.OpError
	switch {
	case err == nil:
		return nil
	case d.otherVersion(err) != "":
		return errors.New(d.otherVersion(err))
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Errorf("nothing answers at %s (%w); start the system first, or let target.start do it", d.target.Shown, err)
	}
	_, text := wire.Classify(err)
	return fmt.Errorf("cannot connect to %s: %s", d.target.Shown, text)
}

// patience is how long connecting may take at the door. An answer may take as long as one of the load.
const patience = time.Second

// accepts reports what is missing until the system takes connections, at each address of the load.
func (d *Door) accepts(ctx context.Context) error {
	if d.grpc != nil {
		if err := d.grpc.accepts(ctx); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := d.connects(ctx)
	if err == nil || late(err) {
		return err
	}
	_, text := wire.Classify(err)
	return fmt.Errorf("connect to %s: %s", d.target.Shown, strings.TrimPrefix(text, "connect: "))
}

// connects opens a connection like the load does, and closes it.
func (d *Door) connects(ctx context.Context) error {
	if d.target.HTTP == profile.HTTP3 {
		conn, err := d.dialer.DialQUIC(ctx, d.dialer.Target(), http3.NextProtoH3)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	conn, err := d.dial(ctx)
	if err != nil {
		return err
	}
	return conn.Close()
}

// dial connects over TCP.
func (d *Door) dial(ctx context.Context) (net.Conn, error) {
	if d.target.HTTP == profile.HTTP2 {
		return d.dialer.Dial2(ctx, d.dialer.Target())
	}
	return d.dialer.Dial(ctx, d.dialer.Target(), offers[d.target.HTTP]...)
}

// offers are the protocols offered in TLS.
var offers = map[profile.HTTPVersion][]string{
	profile.HTTPAuto: {"h2", "http/1.1"}, profile.HTTP1: {"http/1.1"},
}

// answers sends one GET with the headers of every request, and checks that the status is below 400. A
// redirect is an answer, and is not followed.
func (d *Door) answers(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, d.target.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(d.target.URL, "/")+uri.Escape(path), nil)
	if err != nil {
		return errors.New("the path is not valid in a URL")
	}
	d.dress(request)
	way, done, err := d.way(ctx)
	if err != nil {
		return asked{err}
	}
	defer done()
	response, err := way.RoundTrip(request)
	if err != nil {
		return asked{err}
	}
	response.Body.Close() //nolint:errcheck // only the status is wanted
	if response.StatusCode >= http.StatusBadRequest {
		return errors.New(response.Status)
	}
	return nil
}

// asked is the error of a question, in the words that a failed request of the load gets.
type asked struct{ error }

func (a asked) Error() string {
	_, text := wire.Classify(a.error)
	return text
}

func (a asked) Unwrap() error { return a.error }

// healthy asks the system about its health, or that of a service, over gRPC.
func (d *Door) healthy(ctx context.Context, service string) error {
	if d.grpc != nil {
		return d.grpc.healthy(ctx, service)
	}
	ctx, cancel := context.WithTimeout(ctx, d.target.Timeout)
	defer cancel()
	c, err := channel.New(d.dialer, d.target.Headers)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // only the answer is wanted
	return c.Healthy(ctx, service)
}

// dress gives a request the headers of the load's requests.
func (d *Door) dress(request *http.Request) {
	toProxy := ""
	if d.target.HTTP != profile.HTTP2 { // which goes through a tunnel
		toProxy = d.dialer.Via(d.dialer.Target()).Authorization()
	}
	for name, value := range map[string]string{"User-Agent": "plimsoll", "Authorization": d.dialer.Authorization(), "Proxy-Authorization": toProxy} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	for _, h := range d.target.Headers {
		value, _ := h.Value.Static() // a target's headers have no variables
		if request.Header.Set(h.Name, value); strings.EqualFold(h.Name, "Host") {
			request.Host = value
		}
	}
}

// way makes a transport to the target, and a function that closes it. The transport is used once.
func (d *Door) way(ctx context.Context) (way http.RoundTripper, done func(), err error) {
	if d.target.HTTP != profile.HTTP3 {
		tcp := d.overTCP()
		return tcp, tcp.CloseIdleConnections, nil
	}
	conn, err := d.dialer.DialQUIC(ctx, d.dialer.Target(), http3.NextProtoH3)
	if err != nil {
		return nil, nil, err
	}
	return (&http3.Transport{DisableCompression: true}).NewClientConn(conn.Conn), func() { _ = conn.Close() }, nil // it has answered, or failed
}

// overTCP is the way of HTTP/1.1 and HTTP/2.
func (d *Door) overTCP() *http.Transport {
	version, at := d.target.HTTP, d.dialer.Target()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return d.dial(ctx) }
	way := &http.Transport{DialContext: dial, DialTLSContext: dial, DisableKeepAlives: true, DisableCompression: true, Protocols: new(http.Protocols)}
	way.Protocols.SetHTTP1(version != profile.HTTP2)
	way.Protocols.SetHTTP2(version != profile.HTTP1)
	way.Protocols.SetUnencryptedHTTP2(version == profile.HTTP2)
	if version != profile.HTTP2 && d.dialer.Via(at).Absolute() {
		// With a proxy, requests name the whole address. dial replaces this proxy by the real one.
		way.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.invalid"})
	}
	return way
}
