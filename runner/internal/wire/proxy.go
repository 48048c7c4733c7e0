package wire

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/proxy"

	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/uri"
)

// Via is a proxy on the way to an origin. The zero Via is none.
type Via struct {
	url *url.URL // nil for none
	to  Origin
}

// socks reports whether the proxy speaks SOCKS5, which carries anything.
func (v Via) socks() bool {
	return v.url != nil && (v.url.Scheme == "socks5" || v.url.Scheme == "socks5h")
}

// check refuses a proxy of an unknown scheme, or without a host.
func (v Via) check() error {
	switch {
	case v.url == nil:
		return nil
	case !v.socks() && ports[v.url.Scheme] == "":
		return Fault(fmt.Sprintf("the scheme %.20q is none of http, https, socks5 and socks5h", v.url.Scheme))
	case v.host() == "":
		return errNoHost
	}
	return nil
}

// Absolute reports whether HTTP/1.1 requests must name the whole address for the proxy.
func (v Via) Absolute() bool {
	return v.url != nil && !v.socks() && v.to.Scheme == "http"
}

// Prefix goes in front of a path in an HTTP/1.1 request: the origin, if the proxy needs it.
func (v Via) Prefix() string {
	if !v.Absolute() {
		return ""
	}
	return v.to.URL()
}

// Authorization is the Proxy-Authorization of HTTP/1.1 requests; empty if the proxy reads none, or has
// no user.
func (v Via) Authorization() string {
	if !v.Absolute() {
		return ""
	}
	return basic(v.url.User)
}

// port is the proxy's.
func (v Via) port() string { return cmp.Or(v.url.Port(), ports[v.url.Scheme], "1080") }

// host is the proxy's, as it is looked up; empty if it has none.
func (v Via) host() string {
	host, err := uri.ASCII(v.url.Hostname())
	if err != nil {
		return ""
	}
	return host
}

// dial connects to the proxy itself.
func (v Via) dial(ctx context.Context, d *Dialer) (net.Conn, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	raw, err := d.dial(ctx, v.host(), v.port())
	if err != nil || v.url.Scheme != "https" {
		return raw, err
	}
	return handshake(ctx, raw, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: v.host()})
}

// socksDialer is what package proxy makes, without the wrap that would hide the socket.
type socksDialer interface {
	DialWithConn(ctx context.Context, c net.Conn, network, address string) (net.Addr, error)
}

// dialSocks connects to the origin, whose name the proxy looks up (RFC 1928).
func (v Via) dialSocks(ctx context.Context, d *Dialer) (net.Conn, error) {
	var auth *proxy.Auth
	if v.url.User != nil {
		password, _ := v.url.User.Password()
		auth = &proxy.Auth{User: v.url.User.Username(), Password: password}
	}
	socks, err := proxy.SOCKS5("tcp", net.JoinHostPort(v.host(), v.port()), auth, nil)
	if err != nil {
		return nil, err
	}
	raw, err := d.dial(ctx, v.host(), v.port())
	if err != nil {
		return nil, err
	}
	if _, err := socks.(socksDialer).DialWithConn(ctx, raw, "tcp", v.to.asked()); err != nil {
		raw.Close() //nolint:errcheck // it failed already
		return nil, refused(err)
	}
	return raw, nil
}

// refused says why a SOCKS proxy gave no connection. The library puts "unknown error" before every
// reason of RFC 1928.
func refused(err error) error {
	var op *net.OpError
	var call *os.SyscallError
	switch {
	case late(err), IsCut(err), errors.As(err, &call):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Fault("the SOCKS proxy closed the connection")
	case errors.As(err, &op):
		return Fault("the SOCKS proxy gave no connection: " + strings.TrimPrefix(op.Err.Error(), "unknown error "))
	}
	return err
}

// connect asks the proxy on c for a tunnel to the origin (RFC 9110, section 9.3.6).
func (v Via) connect(ctx context.Context, c net.Conn) error {
	request := "CONNECT " + v.to.asked() + " HTTP/1.1\r\nHost: " + v.to.asked() + "\r\nUser-Agent: plimsoll\r\n"
	if auth := basic(v.url.User); auth != "" {
		request += "Proxy-Authorization: " + auth + "\r\n"
	}
	stop := context.AfterFunc(ctx, func() {
		c.SetDeadline(past) //nolint:errcheck // a closed connection ends by itself
	})
	_, err := c.Write([]byte(request + "\r\n"))
	var status int
	if err == nil {
		status, err = http1.NewReader().Tunnel(c)
	}
	if err == nil && status/100 != 2 {
		err = Fault(fmt.Sprintf("the proxy answered %d to CONNECT", status))
	}
	if !stop() { // the deadline may be set at any moment from now on
		return ctx.Err()
	}
	return err
}

// basic is the header value for a user in an address (RFC 7617); empty without a user.
func basic(user *url.Userinfo) string {
	if user == nil {
		return ""
	}
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}
