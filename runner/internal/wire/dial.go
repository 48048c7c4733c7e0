// Package wire connects to the system under test, and says whose fault it is when that fails.
//
// A Dialer connects to a plan's target and to where it redirects: over TCP or a unix socket, through a
// proxy if it was given one, with TLS if the address asks for it. If a name has several addresses, its
// connections are spread over them. Every protocol dials through it. A Dialer is safe for concurrent
// use and reads nothing of the process's environment.
//
// A Conn is a connection that carries one call at a time; setting its deadline again costs nothing.
// When the load ends, a Fuse cuts off whatever its user waits for. Classify turns any error into a
// class and a sentence, and equal faults into equal sentences: they name no port and no address of
// this machine. A fault of this machine, or of its name service, is tally.Generator.
package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Proxy returns the proxy on the way to an address, or nil for none. A nil Proxy means no proxy at
// all.
type Proxy func(to *url.URL) (*url.URL, error)

// Dialer makes connections. Its dials end with their context.
type Dialer struct {
	net    net.Dialer
	names  *names
	target Origin
	user   *url.Userinfo // of the target's address
	hosts  []string      // patterns of hosts that may be loaded, the target's among them
	socket string        // of a unix socket that stands for target; empty for none
	proxy  Proxy
	tls    *tls.Config
}

// NewDialer makes the Dialer of a target without connecting to anything. It fails if the target's
// address, its certificates or the proxy's address are invalid.
func NewDialer(t plan.Target, proxy Proxy) (*Dialer, error) {
	u, err := url.Parse(t.URL)
	if err != nil {
		var parse *url.Error // it quotes the address, which may hold a password
		if errors.As(err, &parse) {
			err = parse.Err
		}
		return nil, fmt.Errorf("target.url: %w", err)
	}
	at, err := OriginOf(u)
	if err != nil {
		return nil, fmt.Errorf("target.url %s: %w", t.Shown, err)
	}
	config, err := newTLS(t.TLS)
	if err != nil {
		return nil, err
	}
	if proxy == nil {
		proxy = func(*url.URL) (*url.URL, error) { return nil, nil }
	}
	by, err := proxy(&url.URL{Scheme: at.Scheme, Host: at.Address()})
	if err == nil {
		err = Via{url: by}.check()
	}
	if err != nil {
		return nil, fmt.Errorf("the environment's proxy: %w", err)
	}
	return &Dialer{
		names:  newNames(),
		net:    net.Dialer{KeepAlive: -1}, // it would cost a system call or three at each dial
		target: at, user: u.User, hosts: append(slices.Clip(t.Hosts), at.Host), socket: t.Socket, tls: config, proxy: proxy,
	}, nil
}

// For makes the Dialer of another target, through the same proxies.
func (d *Dialer) For(t plan.Target) (*Dialer, error) { return NewDialer(t, d.proxy) }

// Target is the origin that is loaded.
func (d *Dialer) Target() Origin { return d.target }

// Authorization is the header value for the user in the target's address (RFC 7617); empty for
// none.
func (d *Dialer) Authorization() string { return basic(d.user) }

// Allowed reports whether a host may be loaded: the target's, or one that the profile names.
func (d *Dialer) Allowed(host string) bool {
	return plan.Allowed(host, d.hosts)
}

func newTLS(t profile.TLS) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName, InsecureSkipVerify: t.Insecure}
	if len(t.CA) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(t.CA) {
			return nil, errors.New("target.tls.ca holds no certificate in PEM")
		}
	}
	if len(t.Cert) > 0 || len(t.Key) > 0 {
		pair, err := tls.X509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("target.tls.cert and key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// Dial connects to an origin and offers protocols in TLS. If a proxy can be asked in plain HTTP,
// it connects to the proxy instead: see Via.Absolute.
func (d *Dialer) Dial(ctx context.Context, to Origin, protocols ...string) (net.Conn, error) {
	return d.secure(ctx, to, protocols, d.reach)
}

// Tunnel is Dial, but through a proxy it always asks for a connection to the origin itself.
func (d *Dialer) Tunnel(ctx context.Context, to Origin, protocols ...string) (net.Conn, error) {
	return d.secure(ctx, to, protocols, d.tunnel)
}

// secure connects one way or the other, and adds TLS if the origin asks for it.
func (d *Dialer) secure(ctx context.Context, to Origin, protocols []string, way func(context.Context, Origin) (net.Conn, error)) (net.Conn, error) {
	raw, err := way(ctx, to)
	if err != nil {
		return nil, notInTime(err)
	}
	if to.Scheme != "https" {
		return raw, nil
	}
	c, err := handshake(ctx, raw, d.config(to, protocols))
	return c, notInTime(err)
}

// config is how TLS is spoken with an origin.
func (d *Dialer) config(to Origin, protocols []string) *tls.Config {
	config := d.tls.Clone()
	config.NextProtos = protocols
	if to != d.target { // the client certificate and the server name are meant for the target alone
		config.ServerName, config.Certificates = "", nil
	}
	if config.ServerName == "" {
		config.ServerName = to.Name()
	}
	return config
}

// reach connects to an origin, or to a proxy that expects whole addresses in requests.
func (d *Dialer) reach(ctx context.Context, to Origin) (net.Conn, error) {
	if via := d.Via(to); via.Absolute() {
		return via.dial(ctx, d)
	}
	return d.tunnel(ctx, to)
}

// tunnel connects to an origin.
func (d *Dialer) tunnel(ctx context.Context, to Origin) (net.Conn, error) {
	if d.socket != "" && to == d.target {
		return d.net.DialContext(ctx, "unix", d.socket)
	}
	via := d.Via(to)
	switch {
	case via.url == nil:
		return d.dial(ctx, to.Host, to.Port)
	case via.socks():
		return via.dialSocks(ctx, d)
	}
	raw, err := via.dial(ctx, d)
	if err != nil {
		return nil, err
	}
	if err := via.connect(ctx, raw); err != nil {
		raw.Close() //nolint:errcheck // it failed already
		return nil, err
	}
	return raw, nil
}

// Via is the proxy on the way to an origin.
func (d *Dialer) Via(to Origin) Via {
	if d.socket != "" && to == d.target {
		return Via{}
	}
	proxy, err := d.proxy(&url.URL{Scheme: to.Scheme, Host: to.Address()})
	if err != nil { // the target's proxy was checked by NewDialer; another scheme's may be invalid
		return Via{}
	}
	return Via{url: proxy, to: to}
}

// handshake adds TLS to a connection. If that fails, it closes the connection.
func handshake(ctx context.Context, raw net.Conn, config *tls.Config) (net.Conn, error) {
	c := tls.Client(raw, config)
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close() //nolint:errcheck // it failed already
		return nil, err
	}
	return c, nil
}
