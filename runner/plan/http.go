package plan

import (
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// HTTP is the content of an HTTP call.
type HTTP struct {
	Method  string
	Path    Text // of the request line; it begins with the path of target.url
	Headers []Header
	Body    Text        // nil for none
	Status  []int       // expected ones; empty for any below 400
	JSON    []Condition // on the answer
}

// Header is one header field. The name is as the user wrote it.
type Header struct {
	Name  string
	Value Text
}

func httpContent(r *Resolver, c *profile.Call) any {
	h, common := c.Content.(*profile.HTTP), r.profile.Target.Headers
	resolved := &HTTP{Method: h.Method, Path: Join(Lit(r.basePath), r.Text(h.Path, URL)), Status: h.Status}
	for _, header := range common {
		if !named(h.Headers, header.Name) {
			resolved.Headers = append(resolved.Headers, Header{header.Name, r.Text(header.Value, HeaderValue)})
		}
	}
	for _, header := range h.Headers {
		resolved.Headers = append(resolved.Headers, Header{header.Name, r.Text(header.Value, HeaderValue)})
	}
	if h.JSON && !named(h.Headers, "Content-Type") && !named(common, "Content-Type") {
		resolved.Headers = append(resolved.Headers, Header{"Content-Type", Lit("application/json")})
	}
	if h.HasBody {
		escape := Plain
		if h.JSON {
			escape = JSON
		}
		resolved.Body = append(Text{}, r.Text(h.Body, escape)...) // not nil, even when empty
	}
	for _, condition := range h.Expect {
		resolved.JSON = append(resolved.JSON, NewCondition(condition))
	}
	return resolved
}

func named(headers []profile.Header, name string) bool {
	return slices.ContainsFunc(headers, func(h profile.Header) bool { return strings.EqualFold(h.Name, name) })
}
