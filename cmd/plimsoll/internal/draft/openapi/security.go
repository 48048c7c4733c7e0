package openapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	api "github.com/plimsoll-ci/plimsoll/runner/openapi"
)

// credential is where a security scheme puts what it asks for.
type credential struct {
	in, name, value string
	variable        draft.Variable
}

// credential says what a scheme asks for; not ok for one that is no part of a request, or that is not known.
func (b *drafter) credential(s api.Scheme) (c credential, ok bool) {
	bearer := func(how string) (credential, bool) {
		return credential{"header", "Authorization", "Bearer ${env.API_TOKEN}", draft.Variable{
			Name: "API_TOKEN", Why: fmt.Sprintf("%s asks for a token (%s), which is sent as Authorization: Bearer", b.d.File, how),
		}}, true
	}
	switch s.Type {
	case "basic":
		s.HTTP = "basic"
	case "oauth2", "openIdConnect":
		return bearer(s.Type)
	case "apiKey":
		name := b.keyVariable(s)
		value := "${env." + name + "}"
		if s.In == "cookie" {
			value = s.Name + "=" + value
		}
		return credential{s.In, s.Name, value, draft.Variable{Name: name, Why: fmt.Sprintf("%s asks for it in the %s %s", b.d.File, keyPlace(s.In), s.Name)}}, isKnown(s)
	case "http":
	default:
		return c, false
	}
	if s.HTTP == "basic" {
		return credential{"header", "Authorization", "Basic ${env.API_BASIC}", draft.Variable{
			Name: "API_BASIC", Why: b.d.File + " asks for a user and a password: the base64 of user:password",
		}}, true
	}
	if s.HTTP == "bearer" {
		return bearer("bearer")
	}
	scheme := strings.ToUpper(s.HTTP[:min(1, len(s.HTTP))]) + s.HTTP[min(1, len(s.HTTP)):]
	return credential{"header", "Authorization", scheme + " ${env.API_TOKEN}", draft.Variable{Name: "API_TOKEN", Why: fmt.Sprintf("%s asks for it as Authorization: %s", b.d.File, scheme)}}, s.HTTP != ""
}

// keyPlace names the place of a key in a sentence.
func keyPlace(in string) string {
	if in == "query" {
		return "parameter"
	}
	return in
}

// keyVariable is the variable for a key: API_KEY for the first, and for others one with the name of the scheme.
func (b *drafter) keyVariable(s api.Scheme) string {
	if b.keys == nil {
		b.keys = map[string]string{}
	}
	id := s.In + " " + s.Name
	if b.keys[id] == "" {
		b.keys[id] = "API_KEY"
		if len(b.keys) > 1 {
			b.keys[id] = strings.ToUpper("API_" + tableName(s.Key))
		}
	}
	return b.keys[id]
}

// secrets are the parts of the query and the headers in which an operation proves who asks. Those that all requests
// carry are in target.headers.
func (b *drafter) secrets(p *plan) (query []string, headers []header) {
	for _, s := range p.security {
		c, ok := b.credential(s)
		if !ok {
			continue
		}
		switch c.in {
		case "query":
			query = append(query, escaped(draft.Literal(c.name), inQuery)+"="+c.value)
		case "cookie":
			headers = append(headers, header{"Cookie", c.value})
		default:
			if !b.isShared(c) {
				headers = append(headers, header{c.name, c.value})
			}
		}
	}
	return query, headers
}

func (b *drafter) isShared(c credential) bool {
	for _, h := range b.shared {
		if h.name == c.name && h.value == c.value {
			return true
		}
	}
	return false
}

// secure reads what each operation asks for. A header that all of them ask for goes into target.headers.
func (b *drafter) secure() error {
	counts, asking := map[header]int{}, 0
	unfilled := map[string]int{} // operations, by what is told of a scheme
	var told []string
	for _, p := range b.plans {
		alternatives, err := p.Security()
		if err != nil {
			return err
		}
		p.security = b.fillable(alternatives)
		if p.why == "" {
			asking++
		}
		for _, s := range p.security {
			c, ok := b.credential(s)
			switch {
			case p.why != "":
				continue
			case !ok:
				if unfilled[why(s)]++; unfilled[why(s)] == 1 {
					told = append(told, why(s))
				}
				continue
			}
			if c.in == "header" {
				counts[header{c.name, c.value}]++
			}
			b.asked = append(b.asked, c.variable)
		}
	}
	for _, scheme := range told {
		b.out.Notes = append(b.out.Notes, draft.Note{File: b.d.File, Text: fmt.Sprintf("%s; %s for it", scheme, asks(unfilled[scheme]))})
	}
	for _, p := range b.plans {
		for _, s := range p.security {
			if c, ok := b.credential(s); ok && c.in == "header" && counts[header{c.name, c.value}] == asking && !b.isShared(c) {
				b.shared = append(b.shared, header{c.name, c.value})
			}
		}
	}
	return nil
}

// fillable is the first alternative that can be filled in, else the first.
func (b *drafter) fillable(alternatives [][]api.Scheme) []api.Scheme {
	for _, all := range alternatives {
		if !slices.ContainsFunc(all, func(s api.Scheme) bool { return !isKnown(s) }) {
			return all
		}
	}
	if len(alternatives) == 0 {
		return nil
	}
	return alternatives[0]
}

// isKnown reports whether credential knows what a scheme asks for.
func isKnown(s api.Scheme) bool {
	switch s.Type {
	case "basic", "oauth2", "openIdConnect":
		return true
	case "apiKey":
		return s.Name != "" && (s.In == "query" || headerName.MatchString(s.Name))
	}
	return s.Type == "http" && s.HTTP != ""
}

// why says why a scheme is not filled in.
func why(s api.Scheme) string {
	if s.Type == "mutualTLS" {
		return fmt.Sprintf("the security scheme %s is a certificate: name it under target.tls", s.Key)
	}
	return fmt.Sprintf("the security scheme %s is of the type %q, which is not filled in", s.Key, draft.OneLine(s.Type))
}

func asks(operations int) string {
	if operations == 1 {
		return "1 operation asks"
	}
	return fmt.Sprintf("%d operations ask", operations)
}

// variables are those that the steps use which are done.
func (b *drafter) variables() (used []draft.Variable) {
	var text strings.Builder
	see := func(part string) { text.WriteString(part) }
	draft.Texts(b.out.Headers, see)
	for _, u := range b.out.Users {
		for _, t := range u.Tasks {
			for _, s := range t.Steps {
				if s.Off == "" {
					draft.Texts(s.Keys, see)
				}
			}
		}
	}
	for _, v := range b.asked {
		if strings.Contains(text.String(), "${env."+v.Name+"}") && !slices.Contains(used, v) {
			used = append(used, v)
		}
	}
	return used
}
