package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/graphql"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// GraphQL is the content of a call of GraphQL: a request of HTTP, and what its answer may say.
type GraphQL struct {
	HTTP
	Errors profile.GraphQLErrors
}

// graphqlAccept names the media type of the GraphQL-over-HTTP specification, with which servers give refused
// requests a status of their own, and the older one.
const graphqlAccept = "application/graphql-response+json, application/json;q=0.9"

func graphqlContent(r *Resolver, c *profile.Call) any {
	g := c.Content.(*profile.GraphQL)
	resolved := &GraphQL{Errors: g.Errors}
	resolved.Method, resolved.Status = "POST", g.Status
	resolved.From, resolved.Path = r.path(g.Path)
	contentType := "application/json"
	ours := []Header{{"Accept", Lit(graphqlAccept)}}
	resolved.Body = r.graphqlRequest(g.Operation, g.Variables, g.Persisted)
	if len(g.Files) > 0 {
		boundary := fileBoundary(g)
		resolved.Body = r.graphqlMultipart(resolved.Body, g.Files, boundary)
		contentType = "multipart/form-data; boundary=" + boundary
		// Such a request needs no preflight in a browser. Servers that guard against forged ones ask for a header that does.
		ours = append(ours, Header{"Apollo-Require-Preflight", Lit("true")}, Header{"GraphQL-Preflight", Lit("1")})
	}
	ours = append(ours, Header{"Content-Type", Lit(contentType)})
	for _, header := range r.profile.Target.Headers {
		if !named(g.Headers, header.Name) && !strings.EqualFold(header.Name, "Content-Type") {
			resolved.Headers = append(resolved.Headers, Header{header.Name, r.Text(header.Value, HeaderValue)})
		}
	}
	for _, header := range g.Headers {
		resolved.Headers = append(resolved.Headers, Header{header.Name, r.Text(header.Value, HeaderValue)})
	}
	for _, header := range ours {
		if !namedPlan(resolved.Headers, header.Name) {
			resolved.Headers = append(resolved.Headers, header)
		}
	}
	for _, condition := range g.Expect {
		resolved.Expect = append(resolved.Expect, NewCondition(condition))
	}
	return resolved
}

func namedPlan(headers []Header, name string) bool {
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			return true
		}
	}
	return false
}

// GraphQLRequest is an operation with its variables as JSON, as it is sent over HTTP and in a subscription.
func (r *Resolver) GraphQLRequest(o *graphql.Operation, variables profile.Tree) Text {
	return r.graphqlRequest(o, variables, "")
}

// graphqlRequest is GraphQLRequest for a document that may be persisted: its hash is sent in its place or beside
// it, as in Apollo's automatic persisted queries.
func (r *Resolver) graphqlRequest(o *graphql.Operation, variables profile.Tree, persisted profile.GraphQLPersisted) Text {
	var members []Text
	if persisted != profile.PersistedHash {
		members = append(members, Lit(`"query":`+profile.QuoteJSON(o.Text)))
	}
	if o.Name != "" {
		members = append(members, Lit(`"operationName":`+profile.QuoteJSON(o.Name)))
	}
	if variables.Kind == profile.MappingTree {
		members = append(members, Join(Lit(`"variables":`), r.Tree(variables).JSON(declaredVariables(o.Variables))))
	}
	if persisted != "" {
		hash := sha256.Sum256([]byte(o.Text))
		members = append(members, Lit(`"extensions":{"persistedQuery":{"version":1,"sha256Hash":"`+hex.EncodeToString(hash[:])+`"}}`))
	}
	request := Lit("{")
	for i, m := range members {
		request = append(append(request, comma(i)...), m...)
	}
	return Join(request, Lit("}"))
}

// declaredVariables are the types of the variables of an operation, or of the fields of an input object.
type declaredVariables []graphql.Variable

// Scalar is none: they are a mapping.
func (declaredVariables) Scalar() Scalar { return Anything }

// Item is unknown: they are no list.
func (declaredVariables) Item() Declared { return nil }

// Field is the type of one of them.
func (d declaredVariables) Field(name string) Declared {
	for _, v := range d {
		if v.Name == name {
			return declaredType{v.Type}
		}
	}
	return nil
}

// declaredType is the type of a value.
type declaredType struct{ graphql.Type }

// Scalar is how a text is written.
func (d declaredType) Scalar() Scalar {
	switch d.Shape() {
	case graphql.String, graphql.ID, graphql.Enum:
		return String
	case graphql.Int, graphql.Float:
		return Number
	case graphql.Boolean:
		return Boolean
	}
	return Anything
}

// Item is the type of a list's values.
func (d declaredType) Item() Declared {
	if d.Shape() != graphql.List {
		return nil
	}
	return declaredType{d.Elem()}
}

// Field is the type of a field of an input object.
func (d declaredType) Field(name string) Declared {
	if d.Shape() != graphql.Input {
		return nil
	}
	return declaredVariables(d.Fields()).Field(name)
}

// graphqlMultipart is a request with files by the GraphQL multipart request specification: the
// operation, the places of its files, and the files.
func (r *Resolver) graphqlMultipart(request Text, files []profile.GraphQLFile, boundary string) Text {
	place := make([]string, len(files))
	for i, f := range files {
		place[i] = fmt.Sprintf("%q:[%s]", strconv.Itoa(i), profile.QuoteJSON(f.At))
	}
	begin := "--" + boundary + "\r\nContent-Disposition: form-data; name="
	body := Join(Lit(begin+"\"operations\"\r\n\r\n"), request, Lit("\r\n"+begin+"\"map\"\r\n\r\n{"+strings.Join(place, ",")+"}\r\n"))
	for i, f := range files {
		body = Join(body, Lit(fmt.Sprintf("%s\"%d\"; filename=\"", begin, i)), r.Text(f.File.Name, Quoted),
			Lit("\"\r\nContent-Type: "+cmp.Or(f.File.Type, "application/octet-stream")+"\r\n\r\n"), Lit(string(f.File.Content)), Lit("\r\n"))
	}
	return Join(body, Lit("--"+boundary+"--\r\n"))
}

// fileBoundary separates the parts of a body. It is a hash of them, so none of them contains it.
func fileBoundary(g *profile.GraphQL) string {
	sum := sha256.New()
	sum.Write([]byte(g.Operation.Text))
	for _, f := range g.Files {
		sum.Write([]byte(f.At))
		sum.Write(f.File.Content)
	}
	return "plimsoll-" + hex.EncodeToString(sum.Sum(nil)[:20])
}
