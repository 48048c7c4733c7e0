package http

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"

	"golang.org/x/net/http/httpproxy"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// dialer makes connections to origins: over a socket or TCP, through a proxy where the
// environment says so, and with TLS on top where the scheme says so. Its dials end with
// their context.
type dialer struct {
	net.Dialer
	target origin
	socket string // of a unix socket that stands for target; empty for none
	proxy  func(*url.URL) (*url.URL, error)
	tls    *tls.Config
}

func newDialer(t plan.Target, at origin) (*dialer, error) {
	config, err := newTLS(t.TLS)
	if err != nil {
		return nil, err
	}
	d := &dialer{
		Dialer: net.Dialer{KeepAlive: -1}, // it would cost a system call or three at each dial
		target: at, socket: t.Socket, tls: config,
		proxy: httpproxy.FromEnvironment().ProxyFunc(),
	}
	_, err = d.proxy(&url.URL{Scheme: at.scheme, Host: at.address()})
	if err != nil {
		return nil, fmt.Errorf("the environment's proxy: %w", err)
	}
	return d, nil
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

// dial connects to an origin. tunnel asks for a way through a proxy that carries anything,
// also where the proxy could be asked in plain HTTP. protocols are offered in TLS.
func (d *dialer) dial(ctx context.Context, to origin, tunnel bool, protocols ...string) (net.Conn, error) {
	raw, err := d.reach(ctx, to, tunnel)
	if err != nil {
		return nil, err
	}
	if to.scheme != "https" {
		return raw, nil
	}
	config := d.tls.Clone()
	config.NextProtos = protocols
	if to != d.target { // the user's certificate and the name are meant for the target alone
		config.ServerName, config.Certificates = "", nil
	}
	if config.ServerName == "" {
		config.ServerName = to.host
	}
	return handshake(ctx, raw, config)
}

// reach is dial without the TLS of the origin.
func (d *dialer) reach(ctx context.Context, to origin, tunnel bool) (net.Conn, error) {
	if d.socket != "" && to == d.target {
		return d.DialContext(ctx, "unix", d.socket)
	}
	via := d.via(to)
	switch {
	case via.url == nil:
		return d.DialContext(ctx, "tcp", to.address())
	case via.socks():
		return via.dialSocks(ctx, &d.Dialer, to)
	}
	raw, err := via.dial(ctx, d)
	if err != nil || (via.absolute() && !tunnel) {
		return raw, err
	}
	if err := via.connect(ctx, raw, to); err != nil {
		raw.Close() //nolint:errcheck // it failed already
		return nil, err
	}
	return raw, nil
}

// via is the proxy on the way to an origin.
func (d *dialer) via(to origin) via {
	if d.socket != "" && to == d.target {
		return via{}
	}
	proxy, err := d.proxy(&url.URL{Scheme: to.scheme, Host: to.address()})
	if err != nil { // newDialer has seen that it can be read; one for the other scheme may not be
		return via{}
	}
	return via{url: proxy, to: to}
}

// handshake puts TLS on a connection, which it closes when that fails.
func handshake(ctx context.Context, raw net.Conn, config *tls.Config) (net.Conn, error) {
	c := tls.Client(raw, config)
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close() //nolint:errcheck // it failed already
		return nil, err
	}
	return c, nil
}
