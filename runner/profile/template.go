package profile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Template is a text with variables, such as ${port}, ${env.NAME} or ${int(1,20)}. Parse accepts
// only variables that have a value where they are used.
type Template string

// Part is a literal or a variable of a Template: exactly one of the two is set.
type Part struct {
	Literal  string
	Variable string // the text between ${ and }
}

// Parts splits the template at its variables. Before a {, two $ stand for one: $${x} is the text ${x},
// and $$${x} is a $ with the value of x behind it. A ${ without a } is literal.
func (t Template) Parts() (parts []Part) {
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			parts = append(parts, Part{Literal: literal.String()})
			literal.Reset()
		}
	}
	for rest := string(t); ; {
		before, after, found := strings.Cut(rest, "${")
		if !found {
			literal.WriteString(rest)
			flush()
			return parts
		}
		text := strings.TrimRight(before, "$")
		dollars := len(before) - len(text) + 1
		literal.WriteString(text + strings.Repeat("$", dollars/2))
		variable, tail, closed := strings.Cut(after, "}")
		switch {
		case dollars%2 == 0:
			literal.WriteByte('{')
			rest = after
		case !closed:
			literal.WriteString("${" + after)
			flush()
			return parts
		default:
			flush()
			parts = append(parts, Part{Variable: variable})
			rest = tail
		}
	}
}

// templateOf is the template that consists of parts.
func templateOf(parts []Part) Template {
	var b strings.Builder
	for i, part := range parts {
		if part.Variable != "" {
			b.WriteString("${" + part.Variable + "}")
			continue
		}
		text := dollarsBeforeBrace.ReplaceAllString(part.Literal, "$1$1{")
		if i+1 < len(parts) {
			trimmed := strings.TrimRight(text, "$")
			text += text[len(trimmed):]
		}
		b.WriteString(text)
	}
	return Template(b.String())
}

var dollarsBeforeBrace = regexp.MustCompile(`(\$+)\{`)

// literals is the text without the variables.
func (t Template) literals() string {
	var b strings.Builder
	for _, part := range t.Parts() {
		b.WriteString(part.Literal)
	}
	return b.String()
}

// Shown is the template for people: with the free ports filled in, but without the values of ${env.NAME}.
func (t Template) Shown(port func(name string) int) string {
	var b strings.Builder
	for _, part := range t.Parts() {
		name, isPort := PortName(part.Variable)
		switch {
		case isPort:
			b.WriteString(strconv.Itoa(port(name)))
		case part.Variable != "":
			b.WriteString("${" + part.Variable + "}")
		default:
			b.WriteString(part.Literal)
		}
	}
	return b.String()
}

// WithoutCredentials removes the user and the password from a URL. The text may be a part of one.
func WithoutCredentials(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	authority, _, _ := strings.Cut(rest, "/")
	host := authority[strings.LastIndex(authority, "@")+1:]
	return scheme + "://" + host + strings.TrimPrefix(rest, authority)
}

// Variables that get their value once, before the run.
const (
	SideVariable = "side" // the side of a comparison: base or head
	envPrefix    = "env."
	dataPrefix   = "data."
)

// EnvName returns the name of the environment variable behind a variable.
func EnvName(variable string) (name string, ok bool) { return strings.CutPrefix(variable, envPrefix) }

// DataColumn returns the table and the column of a variable data.TABLE.COLUMN; the column of a
// list is empty.
func DataColumn(variable string) (table, column string, ok bool) {
	rest, ok := strings.CutPrefix(variable, dataPrefix)
	table, column, _ = strings.Cut(rest, ".")
	return table, column, ok
}

// Surroundings are what a profile may refer to outside its file.
type Surroundings struct {
	Env  func(name string) (string, bool)
	Read func(path string) ([]byte, error) // a file; the path is relative to the profile
	// Protocols of calls; nil for the function Protocols.
	Protocols []Protocol
}

// reader reads one profile.
type reader struct {
	*strict.Reader
	from      Surroundings
	ports     []portUse // places that use a free port
	sendsPort bool      // whether a request is one
	data      []Table
	inUser    bool                 // a request or its conditions are being read
	saved     map[string]certainty // variables that have been set so far, when inUser
	guards    map[string]bool      // variables that an if around this place requires
	shared    map[string]certainty // variables that setup saves
	lasting   map[string]certainty // variables that every task begins with, while one is read
	inGuard   bool                 // the name of a guard is being read
	uses      map[string]string    // where each variable of the environment is used first
	graphql   GraphQLTarget
	unnamed   map[string]string // the texts of operations of GraphQL without a name, by their routes
}

func newReader(r *strict.Reader, from Surroundings) *reader {
	return &reader{Reader: r, from: from, guards: map[string]bool{}, shared: map[string]certainty{}, uses: map[string]string{}, unnamed: map[string]string{}}
}

// certainty says whether a variable is set where something is read.
type certainty uint8

const (
	perhaps certainty = iota + 1 // saved with optional, or by a step that may be skipped
	certainly
)

// closed is a text in which each ${ has a }.
var closed = strict.NewPattern(`^([^$]|\$+[^${]|(\$\$)+\{|\$(\$\$)*\{[^}]*\})*\$*$`, "a text in which each ${ has a }").Explained(func(text string) string {
	return strict.Quote(text) + " has a ${ without a }; write $${ for the characters themselves"
})

// template reads a text with variables.
func (r *reader) template(to *Template) strict.Read {
	return r.closed(anything, func(n *yaml.Node, text string) {
		if r.checkVariables(n, text) {
			*to = Template(text)
		}
	})
}

// templateForm reads a text with variables that matches a pattern besides.
func (r *reader) templateForm(form strict.Pattern, take func(*yaml.Node, Template)) strict.Read {
	inner := r.Match(form, func(n *yaml.Node, text string) {
		if r.checkVariables(n, text) {
			take(n, Template(text))
		}
	})
	return r.closed(form, func(n *yaml.Node, _ string) { inner(n) })
}

// closed reads a text in which each ${ has a }. Where there is no text, the problem names the form.
func (r *reader) closed(form strict.Pattern, take func(*yaml.Node, string)) strict.Read {
	missing, read := r.Match(form, func(*yaml.Node, string) {}), r.Match(closed, take)
	return func(n *yaml.Node) {
		if n.Tag == "!!null" || n.Kind == yaml.SequenceNode || n.Kind == yaml.MappingNode {
			missing(n)
			return
		}
		read(n)
	}
}

// checkText notes the problems of the variables in a text that becomes a part of a template, and reports
// whether there are none.
func (r *reader) checkText(n *yaml.Node, text string) bool {
	if wrong := closed.Check(text); wrong != "" {
		r.Problem(n, "%s", wrong)
		return false
	}
	return r.checkVariables(n, text)
}

// checkVariables notes each variable that has no value here, and reports whether all have one.
func (r *reader) checkVariables(n *yaml.Node, text string) bool {
	all := true
	for _, part := range Template(text).Parts() {
		if part.Variable != "" || part.Literal == "" {
			all = r.checkVariable(n, part.Variable) && all
		}
	}
	return all
}

func (r *reader) checkVariable(n *yaml.Node, variable string) bool {
	name, isEnv := EnvName(variable)
	table, column, isData := DataColumn(variable)
	_, isGenerator, err := ParseGenerator(variable)
	port, isPort := PortName(variable)
	switch {
	case isPort:
		r.usePort(n, port)
		return true
	case variable == SideVariable && (strings.HasPrefix(r.Path(), "target.start.") || r.Path() == "target.socket"):
		return true // in a request it would load two sides differently
	case isEnv:
		if _, set := r.from.Env(name); set {
			if _, used := r.uses[name]; !used {
				r.uses[name] = r.Where(n)
			}
			return true
		}
		r.Problem(n, "the environment variable %s is not set", name)
	case !r.inUser:
		r.Problem(n, "unknown variable ${%s}; only ${port} and ${env.NAME} can be used here%s", variable, r.likeShell(variable))
	case isData:
		return r.checkColumn(n, table, column)
	case err != nil:
		r.Problem(n, "%v", err)
	case isGenerator || r.saved[variable] == certainly || r.saved[variable] == perhaps && (r.inGuard || r.guards[variable]):
		return true
	case r.saved[variable] == perhaps:
		r.Problem(n, "${%s} may not be set here: the step that saves it may be skipped, or find nothing; do this only if it is set: if: {%s: exists}", variable, variable)
	default:
		r.Problem(n, "${%s} is not set here: save it in setup, in on_start or in an earlier step of this task%s", variable, r.suggest(variable))
	}
	return false
}

var shellVariable = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)(:?[-=?+].*|[#%/^,].*)$`)

var shellName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)

// likeShell ends a sentence with the probable meaning of a variable in a shell's form.
func (r *reader) likeShell(variable string) string {
	own := "for the shell's own"
	if r.inUser {
		own = "for these characters themselves"
	}
	if match := shellVariable.FindStringSubmatch(variable); match != nil {
		return fmt.Sprintf("; write ${env.%s} for a variable of the environment, or $${%s} %s", match[1], variable, own)
	}
	if shellName.MatchString(variable) {
		return fmt.Sprintf("; did you mean ${env.%s}? Write $${%s} %s", variable, variable, own)
	}
	return ""
}

func (r *reader) suggest(variable string) string {
	if shell := r.likeShell(variable); shell != "" {
		return shell
	}
	return strict.Suggest(variable, r.known())
}

// known are the variables that can be used in a request.
func (r *reader) known() []string {
	names := []string{"port", "port.NAME", "env.NAME", "data.TABLE.COLUMN"}
	names = append(names, Generators()...)
	for name := range r.saved {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (r *reader) checkColumn(n *yaml.Node, table, column string) bool {
	i := slices.IndexFunc(r.data, func(d Table) bool { return d.Name == table })
	switch {
	case i < 0:
		names := make([]string, len(r.data))
		for i, d := range r.data {
			names[i] = d.Name
		}
		r.Problem(n, "there is no data named %s%s", strict.Quote(table), strict.Suggest(table, names))
	case r.data[i].Rows == nil: // has a problem of its own
		return true
	case len(r.data[i].Columns) == 0 && column != "":
		r.Problem(n, "data %s is a list without columns; write ${data.%s}", table, table)
	case len(r.data[i].Columns) == 1 && r.data[i].Columns[0] != column && strings.ContainsAny(r.data[i].Columns[0], ";\t|,"):
		r.Problem(n, "data %s has only the column %s; if these are several columns, set their separator, for example: separator: \";\"", table, strict.Quote(r.data[i].Columns[0]))
	case len(r.data[i].Columns) > 0 && !slices.Contains(r.data[i].Columns, column):
		r.Problem(n, "data %s has no column %s%s", table, strict.Quote(column), strict.Suggest(column, r.data[i].Columns))
	default:
		return true
	}
	return false
}

var (
	// headerName is a token of RFC 9110, section 5.6.2.
	headerName = strict.NewPattern("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", "the name of a header, of letters, digits and hyphens")
	envName    = strict.NewPattern(`^[^\s:=]+$`, "a name without spaces, colons and equals signs")
	oneLine    = strict.NewPattern(`^[^\r\n]*$`, "a value without line breaks").Explained(func(string) string {
		return "the value contains a line break" // it may be secret, and is not shown
	})
)

// headers reads a mapping of names to texts, in the order written.
func (r *reader) headers(n *yaml.Node, name strict.Pattern) []Header {
	named := r.Match(name, func(n *yaml.Node, name string) {
		switch strings.ToLower(name) {
		case "content-length", "transfer-encoding":
			r.Problem(n, "%s is written for you, from the body: leave it out", name)
		}
	})
	var headers []Header
	r.Entries(n, func(key, value *yaml.Node) {
		named(key)
		r.templateForm(oneLine, func(_ *yaml.Node, text Template) {
			headers = append(headers, Header{key.Value, text})
		})(value)
	})
	return headers
}
