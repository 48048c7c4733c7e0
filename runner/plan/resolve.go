package plan

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/internal/uri"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Resolver puts values into templates and keeps the first error.
type Resolver struct {
	profile   *profile.Profile
	plan      *Plan // under construction
	values    Values
	basePath  string         // of target.url
	slots     map[string]int // of the present user's variables
	free      int            // the next slot
	shared    []string       // the variables that setup saves
	uncounted bool           // setup or teardown is being resolved
	secrets   []Secret       // see Start
	err       error
}

// Fail notes why the profile cannot be planned.
func (r *Resolver) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// failEnv notes an error of an environment variable, with the place that uses it.
func (r *Resolver) failEnv(name, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if where := r.profile.Uses(name); where != "" {
		text = where + ": " + text
	}
	r.Fail("%s", text)
}

// text resolves a template whose variables are all known before the run.
func (r *Resolver) text(t profile.Template) string {
	var b strings.Builder
	for _, part := range t.Parts() {
		b.WriteString(part.Literal)
		if part.Variable != "" {
			value, _ := r.fixed(part.Variable)
			b.WriteString(value)
		}
	}
	return b.String()
}

// line resolves a command line. Port and side consist of digits and letters, so they need no quotes.
func (r *Resolver) line(t profile.Template) Line {
	var line Line
	for _, part := range t.Parts() {
		if part.Variable == "" {
			line = append(line, LinePart{Text: part.Literal})
			continue
		}
		value, _ := r.fixed(part.Variable)
		_, isPort := profile.PortName(part.Variable)
		line = append(line, LinePart{Text: value, Value: !isPort && part.Variable != profile.SideVariable})
	}
	return line
}

// LeastSecret is profile.LeastSecret.
const LeastSecret = profile.LeastSecret

// fixed is the value of a variable that is the same for the whole run.
func (r *Resolver) fixed(variable string) (value string, ok bool) {
	if name, isPort := profile.PortName(variable); isPort {
		return fmt.Sprint(r.values.port(name)), true
	}
	if variable == profile.SideVariable {
		return cmp.Or(r.values.Side, "head"), true
	}
	name, ok := profile.EnvName(variable)
	if !ok {
		return "", false
	}
	value, set := r.values.Env(name)
	if !set {
		r.failEnv(name, "the environment variable %s is not set", name)
	}
	if value == "" {
		return "", true
	}
	if len(value) < LeastSecret && r.profile.Target.Start != nil {
		r.failEnv(name, "${%s} is only %d bytes, too short to mask in the system's output: the minimum is %d. If it is no secret, write it in the profile",
			variable, len(value), LeastSecret)
	}
	if secret := (Secret{name, value}); !slices.Contains(r.secrets, secret) {
		r.secrets = append(r.secrets, secret)
	}
	return value, true
}

// Text compiles a template and fills in the values that are already known.
func (r *Resolver) Text(t profile.Template, escape Escape) Text {
	var text Text
	for _, part := range t.Parts() {
		if part.Variable == "" {
			text = append(text, Part{Literal: escapeLiteral(part.Literal, escape)})
			continue
		}
		if value, ok := r.fixed(part.Variable); ok {
			name, _ := profile.EnvName(part.Variable)
			if escape == HeaderValue && strings.ContainsAny(value, "\r\n") {
				r.failEnv(name, "${%s} contains a line break, which a header cannot contain", part.Variable)
			}
			if escape == URL && strings.ContainsFunc(value, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '#' }) {
				r.failEnv(name, "${%s} contains a space, a # or a control character, which a path cannot contain: is there a line break at its end?", part.Variable)
			}
			text = append(text, Part{Literal: escapeLiteral(value, escape)})
			continue
		}
		p := r.variable(part.Variable)
		p.Escape = escape
		text = append(text, p)
	}
	return Join(text)
}

// escapeLiteral makes a text of the profile safe for its place. In a path, its structure stays.
func escapeLiteral(text string, where Escape) string {
	switch where {
	case URL:
		return uri.Escape(text)
	case Form:
		return url.QueryEscape(text)
	case Quoted:
		return quotedName.Replace(text)
	case JSON:
		quoted := profile.QuoteJSON(text)
		return quoted[1 : len(quoted)-1]
	}
	return text
}

// quotedName is how browsers write names in multipart/form-data (the HTML standard, "multipart form data").
var quotedName = strings.NewReplacer("\n", "%0A", "\r", "%0D", `"`, "%22")

// variable is the part for a variable that changes during the run.
func (r *Resolver) variable(name string) Part {
	if slot, saved := r.slots[name]; saved {
		return Part{Kind: Saved, Slot: slot}
	}
	if table, column, ok := profile.DataColumn(name); ok {
		i := slices.IndexFunc(r.profile.Data, func(d profile.Table) bool { return d.Name == table })
		return Part{Kind: Column, Table: i, Column: max(slices.Index(r.profile.Data[i].Columns, column), 0)}
	}
	g, _, err := profile.ParseGenerator(name)
	if err != nil {
		r.Fail("%w", err)
	}
	return Part{Kind: Generated, Generator: g}
}

func (r *Resolver) target(t profile.Target, hosts []string) Target {
	resolved := Target{
		URL: r.text(t.URL), Shown: profile.WithoutCredentials(t.URL.Shown(r.values.port)), Socket: r.text(t.Socket), Timeout: t.Timeout, HTTP: t.HTTP, Redirects: t.Redirects,
		Cookies: t.Cookies, Connections: t.Connections, TLS: t.TLS, Hosts: hosts,
	}
	for _, h := range t.Headers {
		if known(h.Value) {
			resolved.Headers = append(resolved.Headers, Header{h.Name, r.Text(h.Value, HeaderValue)})
		}
	}
	u, err := url.Parse(resolved.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		// The URL may hold a password and is not shown.
		r.Fail("target.url is not a valid URL once its variables are filled in; it must look like http://127.0.0.1:8080")
		return resolved
	}
	r.basePath = uri.Escape(strings.TrimRight(u.EscapedPath(), "/"))
	if hosts == nil {
		resolved.Hosts = defaultHosts(u.Hostname())
	}
	resolved.GRPC = r.grpcTarget(t, &resolved)
	return resolved
}

// known reports whether the value of a template is known before the run.
func known(t profile.Template) bool {
	return !slices.ContainsFunc(t.Parts(), func(p profile.Part) bool {
		_, isEnv := profile.EnvName(p.Variable)
		_, isPort := profile.PortName(p.Variable)
		return p.Variable != "" && !isPort && p.Variable != profile.SideVariable && !isEnv
	})
}

func (r *Resolver) start(s *profile.Start) *Start {
	if s == nil {
		return nil
	}
	started := &Start{
		Build: r.line(s.Build), Command: r.line(s.Command), Dir: s.Dir, Ready: s.Ready, StopWithin: s.StopWithin,
		ShownBuild: s.Build.Shown(r.values.port), ShownCommand: s.Command.Shown(r.values.port),
	}
	for _, name := range r.profile.Ports() {
		started.Ports = append(started.Ports, r.values.port(name))
	}
	for _, e := range s.Env {
		started.Env = append(started.Env, e.Name+"="+r.text(e.Value))
	}
	return started
}

// once resolves setup and teardown. Setup's variables get the first slots, which all behaviours share.
func (r *Resolver) once(p *profile.Profile) {
	r.uncounted = true
	r.slots, r.free = map[string]int{}, 0
	r.shared = profile.Saves(p.Setup)
	r.reserve(r.shared)
	r.plan.Shared = r.free
	r.plan.Setup = r.steps(p.Setup)
	r.reserve(profile.Saves(p.Teardown))
	r.plan.Slots = r.free
	r.plan.Teardown = r.steps(p.Teardown)
	r.uncounted = false
	for _, u := range p.Users {
		r.lasting(u)
		r.plan.Lasting = max(r.plan.Lasting, r.free)
	}
}

// lasting gives slots to the variables that setup and a user's on_start save.
func (r *Resolver) lasting(u profile.Behaviour) {
	r.slots, r.free = map[string]int{}, 0
	r.reserve(r.shared)
	r.reserve(profile.Saves(u.OnStart))
}

// reserve gives a slot to each variable that has none.
func (r *Resolver) reserve(names []string) {
	for _, name := range names {
		if _, there := r.slots[name]; !there {
			r.slots[name] = r.free
			r.free++
		}
	}
}

func (r *Resolver) behaviour(u profile.Behaviour) Behaviour {
	r.lasting(u)
	r.free = r.plan.Lasting
	r.reserve(u.Saves())
	b := Behaviour{
		Name: u.Name, Weight: u.Weight, Wait: u.Wait, Slots: r.free, fixed: u.Fixed,
		OnStart: r.steps(u.OnStart), Renew: u.Renew, OnStop: r.steps(u.OnStop),
	}
	for _, t := range u.Tasks {
		b.Tasks = append(b.Tasks, Task{Name: t.Name, Weight: t.Weight, Steps: r.steps(t.Steps)})
	}
	b.unit = unitOf(b.Tasks, func(t *Task) int { return t.Weight })
	return b
}

func (r *Resolver) steps(steps []profile.Step) []Step {
	var resolved []Step
	for _, s := range steps {
		step := Step{Wait: s.Wait, Repeat: s.Repeat}
		for _, c := range s.If {
			step.If = append(step.If, Guard{r.Text(profile.Template("${"+c.Path+"}"), Plain), NewCondition(c)})
		}
		if s.Call != nil {
			step.Call = r.call(s.Call)
		}
		step.Steps = r.steps(s.Steps)
		resolved = append(resolved, step)
	}
	return resolved
}
