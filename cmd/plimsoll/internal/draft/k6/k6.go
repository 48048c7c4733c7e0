// Package k6 drafts a profile from a k6 script.
//
// Draft parses the JavaScript with k6's own parser (draft/javascript) and follows it without running it
// (draft/script): setup, the functions that scenarios or the default export name, and teardown. Requests, checks,
// sleeps and groups become steps; options become the load and the thresholds of the gate. What is not understood
// becomes a note with its line.
package k6

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/javascript"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// Draft drafts a profile from a k6 script.
func Draft(in draft.Input) (*draft.Draft, error) {
	if isTypeScript(in.Name) {
		return nil, fmt.Errorf("%s is TypeScript, and JavaScript is read: take the types out with\n%s\nand give script.js", in.Name, bundled(in.Name))
	}
	body, err := javascript.Parse(in.Name, string(in.Data))
	if err != nil {
		return nil, err
	}
	l := &library{in: in}
	m := script.New(l, true)
	m.Guarded(func() { m.Module(in.Name, body) })
	r := &reader{library: l, m: m}
	r.options, _ = first(m.Global("options")).(*script.Dict)
	program := &script.Program{}
	m.Guarded(func() { err = r.follow(program) })
	if err != nil {
		return nil, err
	}
	r.settle()
	for _, s := range l.late {
		m.Note(s.At, "%s", s.Text)
	}
	d := m.Draft(program, in, "")
	r.target(d)
	d.Load = fitted(r.load, d)
	r.gate(d)
	d.Title = script.Title(in.Name, d)
	return d, nil
}

func isTypeScript(name string) bool {
	return slices.Contains([]string{".ts", ".mts", ".cts", ".tsx"}, strings.ToLower(path.Ext(name)))
}

// bundled is the command that makes one file of JavaScript of a script and its own modules.
func bundled(name string) string {
	return "npx esbuild " + name + " --bundle --format=esm --external:k6 --external:'k6/*' --external:'https://*' --outfile=script.js"
}

// fitted is the load without the fixed users of scenarios that are left out.
func fitted(load draft.Map, d *draft.Draft) draft.Map {
	fixed := 0
	for _, u := range d.Users {
		n, is := u.Keys.Get("fixed").(int)
		if !is {
			return load
		}
		fixed += n
	}
	for i := range load {
		if (load[i].Key == "users" || load[i].Key == "spawn_rate") && fixed > 0 {
			load[i].Value = fixed
		}
	}
	return load
}

func first(v script.Value, _ bool) script.Value { return v }

// reader follows what a script exports.
type reader struct {
	*library
	m       *script.Machine
	options *script.Dict
	load    draft.Map
}

// follow follows setup, the function of each scenario, and teardown.
func (r *reader) follow(p *script.Program) error {
	var data script.Value
	if f, is := first(r.m.Global("setup")).(*script.Closure); is {
		p.Setup = r.m.Record(func() {
			data = r.m.Call(f.Of.At, f)
			r.finish()
		})
	}
	scenarios := r.scenarios()
	for _, s := range scenarios {
		f, is := first(r.m.Global(s.exec)).(*script.Closure)
		if !is {
			if s.exec == "default" && len(scenarios) == 1 {
				return r.noDefault()
			}
			r.m.Note(r.place(s.name), "the scenario %s runs %s, which is no function of the script, and is left out", s.name, s.exec)
			continue
		}
		r.user(p, s, f, data)
	}
	r.env = nil
	r.chooseLoad(scenarios)
	r.noteOptions()
	if f, is := first(r.m.Global("teardown")).(*script.Closure); is {
		r.m.Task()
		p.Teardown = r.m.Record(func() {
			r.m.Call(f.Of.At, f, data)
			r.finish()
		})
	}
	return nil
}

// isPacked reports whether a script is a bundle of webpack, perhaps a minified one.
func isPacked(text string) bool {
	return strings.Contains(text, "__webpack_") || strings.Contains(text, "__esModule") && requiresK6.MatchString(text)
}

var requiresK6 = regexp.MustCompile(`\brequire\(["']k6\b`)

// noDefault says why there is nothing to follow.
func (r *reader) noDefault() error {
	if isPacked(string(r.in.Data)) {
		return fmt.Errorf("%s is a bundle of webpack, whose functions are not found: give the script that it was made from, or a bundle of esbuild:\n%s", r.in.Name, bundled("src/script.js"))
	}
	return errors.New(r.in.Name + " exports no default function, and no scenario names another: is it a k6 script?")
}

// user drafts the user of a scenario.
func (r *reader) user(p *script.Program, s *scenario, f *script.Closure, data script.Value) {
	r.m.Task()
	r.m.First = nil
	r.env, _ = first(s.of.Get("env")).(*script.Dict)
	u := &script.Scenario{Name: s.name}
	task := &script.Task{At: f.Of.At, Name: s.name, Weight: 1}
	task.Steps = r.m.Record(func() {
		r.m.Call(f.Of.At, f, data)
		r.finish()
	})
	u.OnStart = r.m.First
	if n := len(task.Steps); n > 1 && task.Steps[n-1].Wait != "" && !s.open() {
		u.Keys = append(u.Keys, draft.Entry{Key: "wait", Value: task.Steps[n-1].Wait})
		task.Steps = task.Steps[:n-1]
	}
	u.Tasks = []*script.Task{task}
	p.Users = append(p.Users, u)
	s.user = u
}

// target writes what the options say of connections.
func (r *reader) target(d *draft.Draft) {
	if redirects := r.redirects(); redirects > 0 {
		d.Target = append(d.Target, draft.Entry{Key: "redirects", Value: redirects, Beside: "k6 follows them too"})
	}
	if r.asked.longest > 0 {
		d.Target = append(d.Target, draft.Entry{Key: "timeout", Value: shown(r.asked.longest)})
	}
	if v, _ := r.options.Get("insecureSkipTLSVerify"); v == true && (strings.HasPrefix(d.URL, "https") || r.grpc != nil) {
		d.Target = append(d.Target, draft.Entry{Key: "tls", Value: draft.Map{{Key: "insecure", Value: true}}})
	}
	if agent, ok := r.m.StringOf(first(r.options.Get("userAgent"))); ok {
		d.Headers = append(d.Headers, draft.Entry{Key: "User-Agent", Value: draft.Literal(agent)})
	}
	if r.grpc != nil {
		d.Target = append(d.Target, draft.Entry{Key: "grpc", Value: r.grpc})
		if address, _ := r.grpc.Get("url").(string); d.URL == "" {
			d.URL = address
		}
	}
	if rps, ok := script.NumberOf(first(r.options.Get("rps"))); ok && rps > 0 {
		d.Limits = append(d.Limits, draft.Entry{Key: "rate", Value: script.Rate(rps)})
	}
}

// Source reads a module beside the script.
func (l *library) Source(from, module string) (string, []script.Node, bool) {
	if l.in.Open == nil || !strings.HasPrefix(module, ".") && !strings.HasPrefix(module, "/") {
		return "", nil, false
	}
	place := path.Join(path.Dir(from), module)
	for _, candidate := range []string{place, place + ".js", path.Join(place, "index.js"), place + ".ts"} {
		beside := l.beside(candidate)
		data, err := l.in.Open(beside)
		if err != nil {
			continue
		}
		if isTypeScript(candidate) {
			l.late = append(l.late, script.Note{At: script.At{File: candidate, Line: 1}, Text: "this module is TypeScript, and JavaScript is read: bundle the script with\n" + bundled(l.in.Name)})
			return "", nil, false
		}
		body, err := javascript.Parse(candidate, string(data))
		if err != nil {
			l.late = append(l.late, script.Note{At: script.At{File: from, Line: 1}, Text: err.Error()})
			return "", nil, false
		}
		return candidate, body, true
	}
	return "", nil, false
}

// beside is the path of a file from the directory of the script.
func (l *library) beside(place string) string {
	dir := path.Dir(l.in.Name)
	if dir == "." {
		return place
	}
	return strings.TrimPrefix(strings.TrimPrefix(place, dir), "/")
}
