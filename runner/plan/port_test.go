package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// ${port.NAME} is a free port of its own, wherever ${port} may be used.
func TestNamedPorts(t *testing.T) {
	const text = `name: x
target:
  url: http://127.0.0.1:${port}
  headers: {X-Admin: "${port.admin}"}
  start: {command: "bin/shop ${port} ${port.grpc}", env: {GRPC: ":${port.grpc}", ADMIN: "${port.admin}"}}
load: {run_time: 1s}
users: [{name: u, tasks: [{http: "GET /${port.admin}"}]}]
`
	p, problems := profile.Parse("p.yaml", []byte(text), profile.Surroundings{})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if got := p.Ports(); !slices.Equal(got, []string{"admin", "grpc"}) {
		t.Errorf("ports %q", got)
	}
	pl, err := plan.Make(p, plan.Values{Port: 1, Ports: map[string]int{"admin": 2, "grpc": 3}})
	if err != nil {
		t.Fatal(err)
	}
	path, _ := pl.Calls[0].Content.(*plan.HTTP).Path.Static()
	header, _ := pl.Target.Headers[0].Value.Static()
	got := []string{pl.Start.ShownCommand, pl.Start.Env[0], path, header}
	if want := []string{"bin/shop 1 3", "GRPC=:3", "/2", "2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, part := range pl.Start.Command {
		if part.Value {
			t.Errorf("%q is quoted for the shell", part.Text)
		}
	}
	if !slices.Equal(pl.Start.Ports, []int{2, 3}) {
		t.Errorf("the system was given %v", pl.Start.Ports)
	}
	if err := p.Apply(profile.Change{Host: "http://127.0.0.1:9"}); err == nil || !strings.Contains(err.Error(), "${port}") {
		t.Errorf("a system elsewhere has no ${port.admin}: %v", err)
	}
}

// A named port needs a name, and a system that is started and told of it.
func TestNamedPortsRefused(t *testing.T) {
	for target, want := range map[string]string{
		`{url: "http://127.0.0.1:${port.grpc}"}`: "${port.grpc} is the port of a system that Plimsoll starts",
		`{url: "http://127.0.0.1:${port}", grpc: {url: "http://127.0.0.1:${port.gprc}"}, start: {command: "x ${port} ${port.grpc}"}}`: `target.grpc.url: nothing tells the system to listen on ${port.gprc}: write it into start.command or start.env; did you mean "port.grpc"?`,
		`{url: "http://127.0.0.1:${port.a}", headers: {X: "${port.b}${port.a}"}, start: {command: "x", env: {B: "${port.b}"}}}`:       `target.url: nothing tells the system to listen on ${port.a}`,
		`{url: "http://127.0.0.1:${port}", headers: {X-Admin: "${port.admin}"}, start: {command: "x ${port}"}}`:                       "target.headers.X-Admin: nothing tells the system to listen on ${port.admin}: write it into start.command or start.env",
		`{url: "http://127.0.0.1:${port.}", start: {command: x}}`:                                                                     "unknown variable ${port.}",
		`{url: "http://127.0.0.1:${port.a-b}", start: {command: x}}`:                                                                  "unknown variable ${port.a-b}",
		`{url: "http://127.0.0.1:${port.grpc.x}", start: {command: x}}`:                                                               "unknown variable ${port.grpc.x}",
	} {
		_, problems := profile.Parse("p.yaml", []byte("name: x\ntarget: "+target+"\nusers: [{name: u, tasks: [{http: GET /}]}]\n"), profile.Surroundings{})
		if len(problems) != 1 || !strings.Contains(problems[0].String(), want) {
			t.Errorf("%s: %v, want %q", target, problems, want)
		}
	}
}
