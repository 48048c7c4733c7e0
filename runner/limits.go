package runner

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Refusal says why a plan is not run: it needs more than its limits or this machine allow, or its calls do not fit
// their descriptions. No load has been sent.
type Refusal struct {
	Text     string
	Problems strict.Problems // of the profile, if they are why
}

func (r *Refusal) Error() string { return r.Text }

// Unwrap gives the problems of the profile.
func (r *Refusal) Unwrap() error { return r.Problems.Err() }

// refuse makes a Refusal of an error.
func refuse(err error) *Refusal {
	r := &Refusal{Text: err.Error()}
	errors.As(err, &r.Problems)
	return r
}

// spareFiles is the number of file descriptors that a run needs besides its connections.
const spareFiles = 40

// admit refuses a plan that must not or cannot be run here.
func admit(p *plan.Plan) error {
	u, err := url.Parse(p.Target.URL)
	if err != nil {
		return &Refusal{Text: "target.url is not a valid URL; it must look like http://127.0.0.1:8080"}
	}
	if p.Target.Socket == "" && !plan.Allowed(u.Hostname(), p.Target.Hosts) {
		return &Refusal{Text: fmt.Sprintf("%s may not be loaded: only %s may; if you are allowed to load it, add it to limits.hosts",
			u.Hostname(), strings.Join(p.Target.Hosts, ", "))}
	}
	if u, err := url.Parse(p.Target.GRPC.URL); err == nil && p.Target.GRPC.URL != p.Target.URL && !plan.Allowed(u.Hostname(), p.Target.Hosts) {
		return &Refusal{Text: fmt.Sprintf("%s, where gRPC is, may not be loaded: only %s may; if you are allowed to load it, add it to limits.hosts",
			u.Hostname(), strings.Join(p.Target.Hosts, ", "))}
	}
	for _, asked := range p.Monitor.Hosts() {
		if !plan.Allowed(asked.Host, p.Target.Hosts) {
			return &Refusal{Text: fmt.Sprintf("%s, which %s names, may not be asked: only %s may; if you are allowed to, add it to limits.hosts",
				asked.Host, asked.Key, strings.Join(p.Target.Hosts, ", "))}
		}
	}
	if p.Locust != nil { // Locust opens the connections, and raises its own limit
		return nil
	}
	need := connections(p)
	if files := openFiles(); files > 0 && uint64(need+spareFiles) > files {
		return &Refusal{Text: fmt.Sprintf("%d connections need %d open files, and this process may have %d: raise the limit (ulimit -n %[2]d), or use less load",
			need, need+spareFiles, files)}
	}
	if ports := ephemeralPorts(); ports > 0 && need > ports && p.Target.Socket == "" {
		return &Refusal{Text: fmt.Sprintf("%d connections to one address need as many ports, and this machine gives %d (net.ipv4.ip_local_port_range): widen the range, or use less load",
			need, ports)}
	}
	return nil
}

// connections is the largest number of connections that the plan opens at once.
func connections(p *plan.Plan) int {
	each := 1
	if len(p.Protocols) > 1 && slices.Contains(p.Protocols, "grpc") { // which shares none with the others
		each = 2
	}
	switch {
	case p.Target.Connections > 0:
		return each * p.Target.Connections
	case p.Open != nil:
		return each * p.Open.MaxInFlight
	default:
		return each * len(p.Users)
	}
}

// ephemeralPorts is the number of ports for outgoing connections to one address; 0 if it cannot be
// read.
func ephemeralPorts() int {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0
	}
	var low, high int
	if _, err := fmt.Sscan(string(text), &low, &high); err != nil {
		return 0
	}
	return high - low + 1
}
