package profile

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// PortVariable is a free port, chosen for the run. port.NAME is a further one.
const PortVariable = "port"

var portName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// PortName returns the name of the free port behind a variable: empty for ${port} itself.
func PortName(variable string) (name string, ok bool) {
	if variable == PortVariable {
		return "", true
	}
	name, ok = strings.CutPrefix(variable, PortVariable+".")
	return name, ok && portName.MatchString(name)
}

// Ports lists the names of the further ports that the profile uses, in alphabetical order.
func (p *Profile) Ports() []string { return p.ports }

// portUse is a place that uses a free port.
type portUse struct {
	at   *yaml.Node
	path string // its key
	name string // of a further port; empty for ${port}
}

// variable is the text at the place: ${port} or ${port.NAME}.
func (u portUse) variable() string {
	if u.name == "" {
		return PortVariable
	}
	return PortVariable + "." + u.name
}

// tells reports whether the place tells the system about the port.
func (u portUse) tells() bool { return strings.HasPrefix(u.path, "target.start.") }

// usePort notes a place that uses a free port.
func (r *reader) usePort(n *yaml.Node, name string) {
	r.ports = append(r.ports, portUse{n, r.Path(), name})
	r.sendsPort = r.sendsPort || r.inUser
}

// portNames lists the names of the further ports, in alphabetical order.
func (r *reader) portNames() (names []string) {
	for _, use := range r.ports {
		if use.name != "" {
			names = append(names, use.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// checkPorts refuses free ports that no system can listen on: no system is started, or it is not told of the port.
func (r *reader) checkPorts(starts bool) {
	var told []string
	for _, use := range r.ports {
		if use.tells() && use.name != "" && !slices.Contains(told, use.variable()) {
			told = append(told, use.variable())
		}
	}
	seen := slices.Clone(told)
	for _, use := range r.ports {
		variable := use.variable()
		switch {
		case !starts:
			r.In(use.path, func() {
				r.Problem(use.at, "${%s} is the port of a system that Plimsoll starts: add target.start, or write the number of the port", variable)
			})
			return // once is enough
		case use.name != "" && !slices.Contains(seen, variable):
			seen = append(seen, variable)
			r.In(use.path, func() {
				r.Problem(use.at, "nothing tells the system to listen on ${%s}: write it into start.command or start.env%s", variable, strict.Suggest(variable, told))
			})
		}
	}
}
