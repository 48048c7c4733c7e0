package plan

import (
	"net/netip"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/internal/uri"
)

// defaultHosts are the hosts that may be loaded if the profile names none: this machine, and the target if
// its address is private (RFC 1918, RFC 4193, RFC 4291 section 2.5.6) or its name has no dot. Only a private
// network resolves such names.
func defaultHosts(target string) []string {
	hosts := []string{"localhost", "127.0.0.0/8", "::1"}
	address, err := netip.ParseAddr(target)
	if err == nil && (address.IsPrivate() || address.Is6() && address.IsLinkLocalUnicast()) || err != nil && !strings.Contains(target, ".") && !Allowed(target, hosts) {
		hosts = append(hosts, target)
	}
	return hosts
}

// Allowed reports whether a host, without its port, matches one of the patterns: a name, an
// address, a range of addresses such as 10.0.0.0/8, *.suffix for every name below the suffix but
// not the suffix itself, or * for all. Different spellings of a name or an address are equal, in letter
// case too. The zone of an address counts only if the pattern has one.
func Allowed(host string, patterns []string) bool {
	host = normal(host)
	address, isAddress := parseAddress(host)
	zoneless := address.WithZone("")
	for _, p := range patterns {
		p = normal(p)
		if p == "*" || p == host {
			return true
		}
		if suffix, ok := strings.CutPrefix(p, "*"); ok && !isAddress && strings.HasPrefix(suffix, ".") {
			if len(host) > len(suffix) && strings.HasSuffix(host, suffix) {
				return true
			}
		}
		if other, ok := parseAddress(p); ok && isAddress && (other == address || other == zoneless) {
			return true
		}
		if span, err := netip.ParsePrefix(p); err == nil && isAddress && span.Contains(zoneless) {
			return true
		}
	}
	return false
}

// normal is a host in lower case and in ASCII, without brackets and the root's dot.
func normal(host string) string {
	if ascii, err := uri.ASCII(host); err == nil {
		host = ascii
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if strings.HasPrefix(host, "[") {
		host = strings.Trim(host, "[]")
	}
	return host
}

func parseAddress(text string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(text)
	return address.Unmap(), err == nil
}
