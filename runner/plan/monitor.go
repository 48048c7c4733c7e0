package plan

import (
	"net/url"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Monitor is what is watched while the load lasts, with its addresses resolved.
type Monitor struct {
	profile.Monitor
	Pages []Page
	Go    string // the address below which a Go service has /vars and /pprof; empty for none
}

// Page is a text page of Prometheus.
type Page struct {
	profile.Page
	URL string
}

// Asked is a host that is asked for readings.
type Asked struct {
	Key  string // of the profile, which names it
	Host string
}

// Hosts are the hosts that are asked for readings.
func (m Monitor) Hosts() (hosts []Asked) {
	for _, page := range m.Pages {
		hosts = append(hosts, Asked{"monitor.prometheus", hostOf(page.URL)})
	}
	if m.Go != "" {
		hosts = append(hosts, Asked{"monitor.go", hostOf(m.Go)})
	}
	return hosts
}

// hostOf is the host of an address, which the Resolver has checked.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// monitor fills in the addresses.
func (r *Resolver) monitor(m profile.Monitor) Monitor {
	resolved := Monitor{Monitor: m}
	for _, page := range m.Pages {
		resolved.Pages = append(resolved.Pages, Page{page, r.address("monitor.prometheus", page.URL)})
	}
	if m.Go != "" {
		resolved.Go = r.address("monitor.go", m.Go)
	}
	return resolved
}

// address is a URL with its variables filled in. It may hold a password and is not shown.
func (r *Resolver) address(key string, t profile.Template) string {
	address := r.text(t)
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		r.Fail("%s has an address that is not a valid URL once its variables are filled in; it must look like http://127.0.0.1:9100/metrics", key)
	}
	return address
}
