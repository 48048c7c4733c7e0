package profile

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
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

// usePort notes a place that uses a free port.
func (r *reader) usePort(n *yaml.Node, variable, name string) {
	if r.usesPort == nil {
		r.usesPort, r.portPath, r.portUsed = n, r.Path(), variable
	}
	r.sendsPort = r.sendsPort || r.inUser
	if name != "" && !slices.Contains(r.ports, name) {
		r.ports = append(r.ports, name)
		slices.Sort(r.ports)
	}
}
