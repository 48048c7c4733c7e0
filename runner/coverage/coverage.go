// Package coverage tells which operations of an API the steps of a profile send.
//
// A profile with its api: section goes in, with a function that reads files; a Map comes out: the described
// operations in the order of their description, each with the routes of the steps that fit it. A step fits an
// operation of OpenAPI if its method and its path do. Literal segments win over parameters, and the paths of
// target.url and of the description's server are taken off first. GraphQL operations are matched by their
// root fields, gRPC by method. Callbacks and webhooks do not count: no client calls them.
//
// The Map says what is sent. Package gate adds what was measured.
package coverage

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/plimsoll-ci/plimsoll/runner/graphql"
	"github.com/plimsoll-ci/plimsoll/runner/internal/message"
	"github.com/plimsoll-ci/plimsoll/runner/openapi"
	"github.com/plimsoll-ci/plimsoll/runner/operation"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Map is which steps send which operations.
type Map struct {
	Operations []Operation
	Others     []string // routes of steps that fit no operation, in alphabetical order
	LeftOut    int      // operations that the profile leaves out
}

// Operation is one operation of the description.
type Operation struct {
	Name   string   // GET /pets/{petId}, query top, shop.v1.Search/Query
	Routes []string // of the steps that send it, in alphabetical order; nil when there is none
}

// described is an operation before the steps are looked at.
type described struct {
	Operation
	tags []string
	key  string    // a call with this key may send it
	path *template // of OpenAPI; nil if the key is enough
}

// request is the part of a call that tells which operation it is.
type request struct {
	keys []string // of operations that it may send
	path string   // of HTTP
}

// requestOf is what a call sends.
func requestOf(c *profile.Call, base string) request {
	if o := operationOf(c); o != nil {
		var keys []string
		for _, root := range o.Roots {
			keys = append(keys, string(o.Kind)+" "+root)
		}
		return request{keys: sorted(keys)}
	}
	if g, ok := c.Content.(*profile.GRPC); ok {
		return request{keys: []string{"grpc " + g.Method}}
	}
	method, path := sent(c)
	if method == "" {
		return request{}
	}
	return request{pathKeys(method, base, path), path}
}

// Of maps the calls of a profile to the operations that its api: section names; nil without such a section. read
// reads a file; its path is relative to the profile.
func Of(p *profile.Profile, read func(path string) ([]byte, error)) (*Map, strict.Problems) {
	if p.API == nil {
		return nil, nil
	}
	var all []described
	var problems strict.Problems
	speaks := map[string]bool{} // protocols whose operations are described
	for _, source := range p.API.Described {
		operations, err := load(p, source, read)
		if err != nil {
			problems = append(problems, at(source.Place, err)...)
			continue
		}
		all = append(all, operations...)
		for _, protocol := range protocols[source.Kind] {
			speaks[protocol] = true
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	m := &Map{}
	all, problems = m.leaveOut(all, p.API.LeaveOut)
	if len(all) == 0 && len(problems) == 0 {
		problems = strict.Problems{p.API.Place.Problem("no operation is left to cover")}
	}
	m.assign(p, all, speaks)
	return m, problems
}

// protocols are those whose calls may be operations of a kind of description.
var protocols = map[profile.APIKind][]string{
	profile.APIOpenAPI: {"http", "sse", "websocket"}, profile.APIGraphQL: {"graphql"}, profile.APIGRPC: {"grpc"},
}

// at is an error at a place of the profile. Problems of a description have a place of their own.
func at(place strict.Place, err error) strict.Problems {
	var problems strict.Problems
	if errors.As(err, &problems) {
		return problems
	}
	return strict.Problems{place.Problem("%v", err)}
}

// load reads the operations of a description.
func load(p *profile.Profile, source profile.APISource, read func(path string) ([]byte, error)) ([]described, error) {
	if source.Kind == profile.APIGRPC {
		return ofGRPC(p)
	}
	content, err := read(source.File)
	if err != nil {
		return nil, fmt.Errorf("%w (paths are relative to the profile)", err)
	}
	if source.Kind == profile.APIGraphQL {
		return ofGraphQL(source.File, content)
	}
	d, err := openapi.Load(source.File, content, func(name string) ([]byte, error) { return read(path.Join(path.Dir(source.File), name)) })
	if err != nil {
		return nil, err
	}
	return ofOpenAPI(d), nil
}

// ofGraphQL are the fields of the schema's roots.
func ofGraphQL(name string, content []byte) ([]described, error) {
	schema, problem := graphql.ParseSchema(name, content)
	if problem != nil {
		return nil, strict.Problems{{File: problem.Source, Line: problem.Line, Column: problem.Column, Text: problem.Text}}
	}
	var all []described
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		if root == nil {
			continue
		}
		kind := graphql.Query
		switch root {
		case schema.Mutation:
			kind = graphql.Mutation
		case schema.Subscription:
			kind = graphql.Subscription
		}
		for _, f := range root.Fields {
			if !strings.HasPrefix(f.Name, "__") {
				all = append(all, field(kind, f))
			}
		}
	}
	return all, nil
}

// field is the operation of a field of a root.
func field(kind graphql.Kind, f *ast.FieldDefinition) described {
	name := string(kind) + " " + f.Name
	one := described{Operation: Operation{Name: name}, key: name}
	if f.Directives.ForName("deprecated") != nil {
		one.tags = []string{operation.Deprecated}
	}
	return one
}

// operationOf is the operation of GraphQL that a call sends; nil for none.
func operationOf(c *profile.Call) *graphql.Operation {
	switch content := c.Content.(type) {
	case *profile.GraphQL:
		return content.Operation
	case *profile.WebSocket:
		if content.Subscription != nil {
			return content.Subscription.Operation
		}
	}
	return nil
}

// ofGRPC are the methods that the profile's .proto files or its protoset describe.
func ofGRPC(p *profile.Profile) ([]described, error) {
	if p.Target.GRPC == nil || p.Target.GRPC.Described == nil {
		return nil, errors.New("needs target.grpc.proto or target.grpc.protoset: what a system says of itself is known only while it runs")
	}
	types, err := message.NewTypes(p.Target.GRPC.Described)
	if err != nil {
		return nil, err
	}
	var all []described
	for _, service := range types.Services() {
		if service == "grpc.health.v1.Health" || strings.HasPrefix(service, "grpc.reflection.") {
			continue
		}
		for _, m := range types.Methods(service) {
			one := described{Operation: Operation{Name: m.Name()}, key: "grpc " + m.Name()}
			if m.Deprecated() {
				one.tags = []string{operation.Deprecated}
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// leaveOut removes the operations that match patterns. A pattern that matches none is a problem.
func (m *Map) leaveOut(all []described, patterns []profile.LeftOut) (kept []described, problems strict.Problems) {
	used := make([]bool, len(patterns))
	for _, one := range all {
		left := false
		for i, p := range patterns {
			if operation.Means(p.Pattern, one.Name, one.tags...) {
				left, used[i] = true, true
			}
		}
		if left {
			m.LeftOut++
			continue
		}
		kept = append(kept, one)
	}
	for i, p := range patterns {
		if !used[i] {
			problems = append(problems, p.Place.Problem("%s means no operation of the description; write for example \"GET /pets/{petId}\", \"DELETE *\" or tag:admin", strict.Quote(p.Pattern)))
		}
	}
	return kept, problems
}

// assign gives each call to the operations that it fits. It compares a call with those of its key alone: descriptions
// have thousands of operations.
func (m *Map) assign(p *profile.Profile, all []described, speaks map[string]bool) {
	base := pathOf(p.Target.URL)
	byKey := keyed(all)
	for c := range p.Calls() {
		fitting := best(all, byKey, requestOf(c, base), base)
		for _, i := range fitting {
			all[i].Routes = append(all[i].Routes, c.Route())
		}
		protocol := c.Content.Protocol()
		if operationOf(c) != nil { // a subscription is a websocket step
			protocol = "graphql"
		}
		if len(fitting) == 0 && speaks[protocol] {
			m.Others = append(m.Others, c.Route())
		}
	}
	for _, one := range all {
		one.Routes = sorted(one.Routes)
		m.Operations = append(m.Operations, one.Operation)
	}
	m.Others = sorted(m.Others)
}

// keyed are the operations of each key.
func keyed(all []described) map[string][]int {
	byKey := map[string][]int{}
	for i, one := range all {
		byKey[one.key] = append(byKey[one.key], i)
	}
	return byKey
}

func sorted(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// best are the operations that a request calls: all GraphQL fields that it asks for, or the operation with the most
// specific path.
func best(all []described, byKey map[string][]int, r request, base string) (found []int) {
	var most rank
	for _, key := range r.keys {
		for _, i := range byKey[key] {
			if all[i].path == nil {
				found = append(found, i)
				continue
			}
			own, ok := all[i].path.fits(base, r.path)
			if !ok {
				continue
			}
			order := slices.Compare(own, most)
			if most == nil || order > 0 || order == 0 && i < found[0] {
				found, most = []int{i}, own
			}
		}
	}
	return found
}
