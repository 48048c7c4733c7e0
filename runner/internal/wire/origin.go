package wire

import (
	"cmp"
	"net"
	"net/url"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/internal/uri"
)

// Origin is the server that a connection leads to.
type Origin struct{ Scheme, Host, Port string }

// ports are the default ports.
var ports = map[string]string{"http": "80", "https": "443"}

// OriginOf reads the origin of an address, its host in the form that goes over the wire.
func OriginOf(u *url.URL) (Origin, error) {
	at := Origin{Scheme: u.Scheme, Host: u.Hostname(), Port: u.Port()}
	switch {
	case ports[u.Scheme] == "":
		return at, errScheme
	case at.Host == "":
		return at, errNoHost
	}
	ascii, err := uri.ASCII(at.Host)
	if err != nil {
		return at, errNoHost
	}
	at.Host, at.Port = ascii, cmp.Or(at.Port, ports[u.Scheme])
	return at, nil
}

// Address is host and port, to dial. It has the zone of a link-local address, such as [fe80::1%eth0]:80.
func (o Origin) Address() string { return net.JoinHostPort(o.Host, o.Port) }

// Name is the host as other machines know it: a zone means something on this machine only, and is
// never sent (RFC 6874, section 1).
func (o Origin) Name() string {
	name, _, _ := strings.Cut(o.Host, "%")
	return name
}

// asked is the host and port to ask a proxy for.
func (o Origin) asked() string { return net.JoinHostPort(o.Name(), o.Port) }

// Authority is the value of a Host header: host and port, without a default port and a zone.
func (o Origin) Authority() string {
	if o.Port == ports[o.Scheme] {
		return strings.TrimSuffix(net.JoinHostPort(o.Name(), ""), ":")
	}
	return o.asked()
}

// URL is the beginning of every address on the origin, such as http://127.0.0.1:8080.
func (o Origin) URL() string { return o.Scheme + "://" + o.Authority() }
