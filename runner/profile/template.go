package profile

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Template is a text with variables: ${port} and ${env.NAME}.
type Template string

// envPrefix begins the name of a variable that stands for one of the environment.
const envPrefix = "env."

// Expand puts values in the place of variables. Parse has made sure that every ${ is closed.
func (t Template) Expand(value func(variable string) string) string {
	var b strings.Builder
	rest := string(t)
	for {
		before, after, found := strings.Cut(rest, "${")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		variable, tail, _ := strings.Cut(after, "}")
		b.WriteString(value(variable))
		rest = tail
	}
}

// EnvName is the name of the environment variable that a template variable stands for.
func EnvName(variable string) (name string, ok bool) { return strings.CutPrefix(variable, envPrefix) }

// PortVariable is the variable that stands for the free port chosen for a run.
const PortVariable = "port"

// reader reads one profile.
type reader struct {
	*strict.Reader
	env      func(name string) (string, bool)
	usesPort *yaml.Node // the first place that needs ${port}
}

// template reads a text with variables.
func (r *reader) template(n *yaml.Node) Template {
	return r.checkVariables(n, r.Text(n))
}

func (r *reader) checkVariables(n *yaml.Node, text string) Template {
	if last := strings.LastIndex(text, "${"); last >= 0 && !strings.Contains(text[last:], "}") {
		r.Problem(n, "%q has a ${ that is never closed", text)
		return ""
	}
	Template(text).Expand(func(variable string) string {
		r.checkVariable(n, variable)
		return ""
	})
	return Template(text)
}

func (r *reader) checkVariable(n *yaml.Node, variable string) {
	name, isEnv := EnvName(variable)
	switch {
	case variable == PortVariable:
		if r.usesPort == nil {
			r.usesPort = n
		}
	case !isEnv:
		r.Problem(n, "${%s} is not known; there are ${port} and ${env.NAME}", variable)
	default:
		if _, set := r.env(name); !set {
			r.Problem(n, "the environment variable %s is not set", name)
		}
	}
}

// headers reads a mapping of names to texts, in the order written.
func (r *reader) headers(n *yaml.Node) []Header {
	var headers []Header
	r.Entries(n, func(key, value *yaml.Node) {
		if key.Value == "" || strings.ContainsAny(key.Value, " \t\r\n:=") {
			r.Problem(key, "%q cannot be a name here", key.Value)
		}
		text := r.template(value)
		if strings.ContainsAny(string(text), "\r\n") {
			r.Problem(value, "the value holds a line break")
		}
		headers = append(headers, Header{key.Value, text})
	})
	return headers
}
