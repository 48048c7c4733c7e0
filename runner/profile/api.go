package profile

import (
	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// API says where the operations of the system are described. Plimsoll lists those without a step.
type API struct {
	Described []APISource
	LeaveOut  []LeftOut
	Place     strict.Place
}

// APISource is one description.
type APISource struct {
	Kind  APIKind
	File  string // empty for APIGRPC: target.grpc has the files
	Place strict.Place
}

// APIKind is a kind of description.
type APIKind string

// The kinds of descriptions.
const (
	APIOpenAPI APIKind = "openapi"
	APIGraphQL APIKind = "graphql"
	APIGRPC    APIKind = "grpc"
)

// LeftOut is a pattern of operations that need no step; see package operation.
type LeftOut struct {
	Pattern string
	Place   strict.Place
}

// api reads where operations are described.
func (r *reader) api(n *yaml.Node) *API {
	a := &API{Place: r.Place(n)}
	file := func(kind APIKind) strict.Read {
		return func(n *yaml.Node) {
			var name string
			if r.Text(&name)(n); name != "" {
				a.Described = append(a.Described, APISource{kind, name, r.Place(n)})
			}
		}
	}
	r.Mapping(n,
		strict.Key("openapi", "A description in OpenAPI 2.0, 3.0 or 3.1; relative to the profile.", file(APIOpenAPI)),
		strict.Key("graphql", "A schema of GraphQL, as SDL or as the JSON of an introspection; relative to the profile.", file(APIGraphQL)),
		strict.Key("grpc", "true: the services of target.grpc.proto or protoset.", func(n *yaml.Node) {
			is := false
			if r.Bool(&is)(n); is {
				a.Described = append(a.Described, APISource{Kind: APIGRPC, Place: r.Place(n)})
			}
		}),
		strict.Key("leave_out", "Operations that need no step: GET /pets/{petId}, DELETE *, tag:admin, deprecated.", func(n *yaml.Node) {
			r.NonEmpty(n, `name what is left out, such as "DELETE /users/{id}" or tag:admin`, func(item *yaml.Node) {
				var pattern string
				r.Text(&pattern)(item)
				a.LeaveOut = append(a.LeaveOut, LeftOut{pattern, r.Place(item)})
			})
		}),
	)
	if len(a.Described) == 0 && !strict.Has(n, "openapi") && !strict.Has(n, "graphql") {
		r.Problem(n, "it names no description; write for example api: {openapi: openapi.yaml}")
	}
	return a
}
