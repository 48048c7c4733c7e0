package http

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"

	"golang.org/x/net/proxy"
)

// via is a proxy on the way to an origin; its url is nil for none.
type via struct {
	url *url.URL
	to  origin
}

// socks reports whether the proxy speaks SOCKS5, which carries anything.
func (v via) socks() bool {
	return v.url != nil && (v.url.Scheme == "socks5" || v.url.Scheme == "socks5h")
}

// absolute reports whether requests are to name the whole address, for the proxy to read.
func (v via) absolute() bool {
	return v.url != nil && !v.socks() && v.to.scheme == "http"
}

// authorization is what the proxy is told in a request; empty when it reads none, or there is
// nothing to tell.
func (v via) authorization() string {
	if !v.absolute() {
		return ""
	}
	return basic(v.url.User)
}

// dial connects to the proxy itself.
func (v via) dial(ctx context.Context, d *dialer) (net.Conn, error) {
	ports := map[string]string{"http": "80", "https": "443"}
	address := net.JoinHostPort(v.url.Hostname(), cmp.Or(v.url.Port(), ports[v.url.Scheme]))
	raw, err := d.DialContext(ctx, "tcp", address)
	if err != nil || v.url.Scheme != "https" {
		return raw, err
	}
	return handshake(ctx, raw, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: v.url.Hostname()})
}

// dialSocks connects to the origin, whose name the proxy looks up.
func (v via) dialSocks(ctx context.Context, d *net.Dialer, to origin) (net.Conn, error) {
	var auth *proxy.Auth
	if v.url.User != nil {
		password, _ := v.url.User.Password()
		auth = &proxy.Auth{User: v.url.User.Username(), Password: password}
	}
	address := net.JoinHostPort(v.url.Hostname(), cmp.Or(v.url.Port(), "1080"))
	socks, err := proxy.SOCKS5("tcp", address, auth, d)
	if err != nil {
		return nil, err
	}
	return socks.(proxy.ContextDialer).DialContext(ctx, "tcp", to.address())
}

// connect asks the proxy on c for a tunnel to an origin (RFC 9110, section 9.3.6).
func (v via) connect(ctx context.Context, c net.Conn, to origin) error {
	request := "CONNECT " + to.address() + " HTTP/1.1\r\nHost: " + to.address() + "\r\nUser-Agent: plimsoll\r\n"
	if auth := basic(v.url.User); auth != "" {
		request += "Proxy-Authorization: " + auth + "\r\n"
	}
	stop := context.AfterFunc(ctx, func() {
		c.SetDeadline(past) //nolint:errcheck // a closed connection ends by itself
	})
	_, err := c.Write([]byte(request + "\r\n"))
	in := newBuffer().in
	if err == nil {
		err = in.tunnel(c)
	}
	if !stop() { // the deadline may be set at any moment from now on
		return ctx.Err()
	}
	return err
}

// tunnel reads the answer to a CONNECT. An answer of 2xx ends with its header: what comes
// after that is the tunnel's, where TLS and HTTP/2 let the client speak first.
func (r *reader) tunnel(c net.Conn) error {
	r.src, r.left = c, maxHeaderBytes
	if err := r.header(want{}); err != nil {
		return err
	}
	switch {
	case r.answer.status/100 != 2:
		return fault(fmt.Sprintf("the proxy answered %d to CONNECT", r.answer.status))
	case r.r != r.w:
		return errTunnel
	}
	return nil
}
