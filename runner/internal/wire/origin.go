package wire

import (
	"cmp"
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Origin is whom a connection leads to.
type Origin struct{ Scheme, Host, Port string }

// ports are those that go without saying.
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
	ascii, err := httpguts.PunycodeHostPort(at.Host)
	if err != nil {
		return at, errNoHost
	}
	at.Host, at.Port = ascii, cmp.Or(at.Port, ports[u.Scheme])
	return at, nil
}

// Address is what is dialled.
func (o Origin) Address() string { return net.JoinHostPort(o.Host, o.Port) }

// Authority is what stands in a Host header: without a port that goes without saying.
func (o Origin) Authority() string {
	if o.Port == ports[o.Scheme] {
		return strings.TrimSuffix(net.JoinHostPort(o.Host, ""), ":")
	}
	return o.Address()
}

// URL is the origin as an address begins with it.
func (o Origin) URL() string { return o.Scheme + "://" + o.Authority() }
