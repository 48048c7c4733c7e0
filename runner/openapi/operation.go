package openapi

import (
	"net/url"
	"slices"
	"strings"
)

// Operation is a method of a path.
type Operation struct {
	Method     string // GET
	Path       string // /pets/{petId}, without the path of the server
	ID         string // operationId
	Tags       []string
	Deprecated bool
	Server     *url.URL // its own; nil for that of the description

	of   *Description
	node *Node
	item *Node
}

// Name is the method and the path.
func (o *Operation) Name() string { return o.Method + " " + o.Path }

// Place is where the operation stands: file:line:column.
func (o *Operation) Place() string { return o.node.Place() }

// Position is where the operation stands.
func (o *Operation) Position() (file string, line, column int) {
	return o.node.file.name, o.node.Line, o.node.Column
}

// Problem is a problem at the place of the operation.
func (o *Operation) Problem(format string, args ...any) error { return o.node.Problem(format, args...) }

// Parameter is a value in the path, the query, a header or a cookie.
type Parameter struct {
	Name     string
	In       string // path, query, header or cookie
	Required bool
	Style    string // form, simple, label, matrix, spaceDelimited, pipeDelimited, tabDelimited or deepObject
	Explode  bool
	Type     string // the media type of content, such as application/json; empty for a value in the style
	Schema   *Node  // nil for none
	Examples []*Node

	node *Node
}

// Place is where the parameter stands: file:line:column.
func (p *Parameter) Place() string { return p.node.Place() }

// Parameters are those of the operation and of its path.
func (o *Operation) Parameters() ([]*Parameter, error) {
	var all []*Parameter
	for _, list := range []*Node{o.node.Get("parameters"), o.item.Get("parameters")} {
		for _, n := range list.List() {
			n, err := o.of.Resolve(n)
			if err != nil {
				return nil, err
			}
			p := &Parameter{Name: n.Get("name").String(), In: n.Get("in").String(), Required: n.Get("required").Is(), node: n}
			if p.Name == "" || !slices.Contains([]string{"path", "query", "header", "cookie"}, p.In) ||
				slices.ContainsFunc(all, func(has *Parameter) bool { return has.Name == p.Name && has.In == p.In }) {
				continue
			}
			if err := o.of.describe(p, n); err != nil {
				return nil, err
			}
			all = append(all, p)
		}
	}
	return all, nil
}

// describe fills in how a parameter is written.
func (d *Description) describe(p *Parameter, n *Node) (err error) {
	p.Style = map[string]string{"path": "simple", "header": "simple", "query": "form", "cookie": "form"}[p.In]
	p.Examples, err = d.examples(n)
	if d.two {
		p.Schema = n // its words are those of a schema
		switch n.Get("collectionFormat").String() {
		case "ssv":
			p.Style = "spaceDelimited"
		case "tsv":
			p.Style = "tabDelimited"
		case "pipes":
			p.Style = "pipeDelimited"
		case "multi":
			p.Explode = true
		}
		return err
	}
	if style := n.Get("style").String(); style != "" {
		p.Style = style
	}
	p.Explode = p.Style == "form"
	if explode := n.Get("explode"); explode != nil {
		p.Explode = explode.Is()
	}
	if p.Schema = n.Get("schema"); p.Schema == nil {
		if content := n.Get("content"); content != nil && content.Kind == Map && len(content.Keys) > 0 {
			p.Type, p.Schema = content.Keys[0], content.Items[0].Get("schema")
			more, wrong := d.examples(content.Items[0])
			p.Examples = append(p.Examples, more...)
			return wrong
		}
	}
	return err
}

// examples are the values under example and examples of a parameter or a body.
func (d *Description) examples(n *Node) (all []*Node, err error) {
	for _, key := range []string{"example", "x-example"} {
		if example := n.Get(key); example != nil {
			all = append(all, example)
		}
	}
	if named := n.Get("examples"); named != nil && named.Kind == Map {
		for _, item := range named.Items {
			if item, err = d.Resolve(item); err != nil {
				return nil, err
			}
			if value := item.Get("value"); value != nil {
				all = append(all, value)
			}
		}
	}
	return all, nil
}

// Body is a body that an operation takes, or answers with, in one media type.
type Body struct {
	Type     string // such as application/json
	Schema   *Node  // nil for none
	Examples []*Node
	Encoding *Node // of the parts of a form
	Required bool
	// Fields are the formData parameters of OpenAPI 2.0, which has no schema for a whole form.
	Fields []*Node
}

// Bodies are the bodies that the operation takes, one for each media type.
func (o *Operation) Bodies() ([]Body, error) {
	if o.of.two {
		return o.bodies2()
	}
	n, err := o.of.Resolve(o.node.Get("requestBody"))
	if err != nil || n == nil {
		return nil, err
	}
	bodies, err := o.of.content(n.Get("content"))
	for i := range bodies {
		bodies[i].Required = n.Get("required").Is()
	}
	return bodies, err
}

// content are the bodies of a mapping of media types.
func (d *Description) content(n *Node) (bodies []Body, err error) {
	if n == nil || n.Kind != Map {
		return nil, nil
	}
	for i, name := range n.Keys {
		b := Body{Type: mediaType(name), Schema: n.Items[i].Get("schema"), Encoding: n.Items[i].Get("encoding")}
		if b.Examples, err = d.examples(n.Items[i]); err != nil {
			return nil, err
		}
		bodies = append(bodies, b)
	}
	return bodies, nil
}

// mediaType is a media type without its parameters.
func mediaType(name string) string {
	name, _, _ = strings.Cut(name, ";")
	return strings.ToLower(strings.TrimSpace(name))
}

// bodies2 are the bodies of an operation of OpenAPI 2.0.
func (o *Operation) bodies2() ([]Body, error) {
	types := o.node.Get("consumes")
	if types == nil {
		types = o.of.root.Get("consumes")
	}
	var body *Node
	var fields []*Node
	upload := false
	seen := map[string]bool{}
	for _, list := range []*Node{o.node.Get("parameters"), o.item.Get("parameters")} {
		for _, n := range list.List() {
			n, err := o.of.Resolve(n)
			if err != nil {
				return nil, err
			}
			name := n.Get("name").String()
			switch n.Get("in").String() {
			case "body":
				if body == nil {
					body = n
				}
			case "formData":
				if !seen[name] {
					fields = append(fields, n)
				}
				seen[name] = true
				upload = upload || n.Get("type").String() == "file"
			}
		}
	}
	var names []string
	for _, name := range types.Strings() {
		names = append(names, mediaType(name))
	}
	var bodies []Body
	switch {
	case body != nil:
		if len(names) == 0 {
			names = []string{"application/json"}
		}
		for _, name := range names {
			b := Body{Type: name, Schema: body.Get("schema"), Required: body.Get("required").Is()}
			if examples := body.Get("x-examples"); examples != nil && examples.Kind == Map {
				b.Examples = examples.Items
			}
			bodies = append(bodies, b)
		}
	case fields != nil:
		name := "application/x-www-form-urlencoded"
		if upload || len(names) > 0 && !slices.Contains(names, name) && slices.Contains(names, "multipart/form-data") {
			name = "multipart/form-data"
		}
		bodies = []Body{{Type: name, Fields: fields, Required: true}}
	}
	return bodies, nil
}

// Answer is an answer that an operation is said to give.
type Answer struct {
	Status  string // 200, 2XX or default
	Bodies  []Body
	Headers []string
}

// IsGood reports whether the status means success.
func (a Answer) IsGood() bool { return strings.HasPrefix(a.Status, "2") }

// Answers are the answers of the operation, as written.
func (o *Operation) Answers() (answers []Answer, err error) {
	responses := o.node.Get("responses")
	if responses == nil || responses.Kind != Map {
		return nil, nil
	}
	for i, status := range responses.Keys {
		n, err := o.of.Resolve(responses.Items[i])
		if err != nil {
			return nil, err
		}
		a := Answer{Status: status}
		if headers := n.Get("headers"); headers != nil {
			a.Headers = headers.Keys
		}
		if a.Bodies, err = o.of.content(n.Get("content")); err != nil {
			return nil, err
		}
		if o.of.two {
			types := o.node.Get("produces")
			if types == nil {
				types = o.of.root.Get("produces")
			}
			for _, name := range types.Strings() {
				a.Bodies = append(a.Bodies, Body{Type: mediaType(name), Schema: n.Get("schema")})
			}
			if len(a.Bodies) == 0 && n.Get("schema") != nil {
				a.Bodies = []Body{{Type: "application/json", Schema: n.Get("schema")}}
			}
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// Scheme is a security scheme.
type Scheme struct {
	Key  string // its name in the description
	Type string // http, apiKey, oauth2, openIdConnect, mutualTLS, or basic in OpenAPI 2.0
	HTTP string // of http: basic, bearer, …
	In   string // of apiKey: header, query or cookie
	Name string // of apiKey
}

// Security returns the alternatives that the operation accepts. The schemes of one alternative are needed together.
// There are none if the operation needs no credentials.
func (o *Operation) Security() (alternatives [][]Scheme, err error) {
	requirements := o.node.Get("security")
	if requirements == nil {
		requirements = o.of.root.Get("security")
	}
	schemes := o.of.root.Get("components").Get("securitySchemes")
	if o.of.two {
		schemes = o.of.root.Get("securityDefinitions")
	}
	for _, one := range requirements.List() {
		if one.Kind == Map && len(one.Keys) == 0 {
			return nil, nil // it is optional
		}
		var all []Scheme
		for _, key := range one.Keys {
			n, err := o.of.Resolve(schemes.Get(key))
			if err != nil {
				return nil, err
			}
			if n == nil {
				continue // the description does not say what it is
			}
			all = append(all, Scheme{Key: key, Type: n.Get("type").String(), HTTP: strings.ToLower(n.Get("scheme").String()), In: n.Get("in").String(), Name: n.Get("name").String()})
		}
		alternatives = append(alternatives, all)
	}
	return alternatives, nil
}
