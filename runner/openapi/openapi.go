// Package openapi reads descriptions of HTTP APIs: OpenAPI 2.0 (Swagger), 3.0 and 3.1, in JSON or YAML.
//
// Load takes a file and returns a Description: the operations with their parameters, bodies, answers and security,
// in one form for all versions. Every value keeps its place, its order and the digits of its numbers, so a problem
// can name file, line and column. A $ref is followed only when it is needed: Resolve refuses one that leads nowhere
// or in a circle. Files that a description refers to come from the function that the caller passes; nothing else is
// opened. Size, depth and the number of values are bounded.
//
// A description need not be valid as a whole: only the parts in use are checked.
package openapi

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/operation"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Description is a description of an API.
type Description struct {
	File       string // as the user named it
	Title      string
	Version    string   // of the API
	Format     string   // such as OpenAPI 3.0.3
	Server     *url.URL // the first server, with its variables at their defaults; its host may be empty
	Operations []*Operation

	root  *Node
	two   bool // Swagger 2.0
	files map[string]*file
	open  func(path string) ([]byte, error)
}

// Load reads a description. open reads a file by its path relative to the description; nil if there are no other files.
func Load(name string, data []byte, open func(path string) ([]byte, error)) (*Description, error) {
	first := &file{name: name}
	root, err := parse(first, data)
	if err != nil {
		return nil, err
	}
	first.root = root
	d := &Description{File: name, root: root, files: map[string]*file{"": first}, open: open}
	if err := d.version(); err != nil {
		return nil, err
	}
	info := root.Get("info")
	d.Title, d.Version = info.Get("title").scalar(), info.Get("version").scalar()
	if d.Server, err = d.server(); err != nil {
		return nil, err
	}
	if err := d.operations(); err != nil {
		return nil, err
	}
	return d, nil
}

// scalar is the text of a text or of a number.
func (n *Node) scalar() string {
	if n == nil || n.Kind != Text && n.Kind != Number {
		return ""
	}
	return n.Text
}

// version says which version of OpenAPI the description is in, or what it is instead.
func (d *Description) version() error {
	root := d.root
	if v := root.Get("openapi").scalar(); v != "" {
		if !strings.HasPrefix(v, "3.0") && !strings.HasPrefix(v, "3.1") && v != "3" {
			return root.Get("openapi").Problem("this is OpenAPI %s; 2.0, 3.0 and 3.1 are read", strict.Quote(v))
		}
		d.Format = "OpenAPI " + v
		return nil
	}
	if v := root.Get("swagger").scalar(); v != "" {
		if !strings.HasPrefix(v, "2") {
			return root.Get("swagger").Problem("this is Swagger %s; OpenAPI 2.0, 3.0 and 3.1 are read", strict.Quote(v))
		}
		d.two, d.Format = true, "OpenAPI 2.0"
		return nil
	}
	is := "is no OpenAPI description: it has neither openapi nor swagger"
	for _, other := range []struct{ key, is string }{
		{"asyncapi", "is AsyncAPI"}, {"arazzo", "is an Arazzo workflow"}, {"_postman_id", "is a Postman collection"}, {"log", "is perhaps a HAR file; give it with --har"},
		{"__schema", "is a GraphQL introspection; give it with --graphql"}, {"data", "is perhaps a GraphQL introspection; give it with --graphql"}, {"raml", "is RAML"}, {"swaggerVersion", "is Swagger 1"}, {"kind", "is perhaps a manifest of Kubernetes"},
	} {
		if root.Get(other.key) != nil || root.Get("info").Get(other.key) != nil {
			is = other.is
			break
		}
	}
	return strict.Problems{{File: d.File, Line: 1, Column: 1, Text: "the file " + is + "; OpenAPI 2.0, 3.0 and 3.1 are read"}}
}

// server is the first server of the description.
func (d *Description) server() (*url.URL, error) {
	if !d.two {
		return d.serverOf(d.root)
	}
	base := &url.URL{Path: d.root.Get("basePath").String(), Host: d.root.Get("host").String()}
	if base.Host != "" {
		base.Scheme = "https"
		if schemes := d.root.Get("schemes").Strings(); len(schemes) > 0 && !slices.Contains(schemes, "https") && !slices.Contains(schemes, "wss") {
			base.Scheme = "http"
		}
	}
	base.Path = "/" + strings.Trim(base.Path, "/")
	return base, nil
}

// serverOf is the first server that a description, a path or an operation names; nil for none.
func (d *Description) serverOf(n *Node) (*url.URL, error) {
	servers := n.Get("servers").List()
	if len(servers) == 0 {
		return nil, nil
	}
	text := servers[0].Get("url").String()
	variables := servers[0].Get("variables")
	if variables != nil {
		for i, name := range variables.Keys {
			text = strings.ReplaceAll(text, "{"+name+"}", variables.Items[i].Get("default").scalar())
		}
	}
	u, err := url.Parse(text)
	if err != nil || strings.ContainsAny(text, "{}") {
		return &url.URL{Path: "/"}, nil // an unreadable URL names no server, and the user names one anyway
	}
	switch u.Scheme { // of WebSockets: the operations are HTTP requests all the same
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	}
	if !strings.HasPrefix(u.Path, "/") {
		u.Path = "/" + u.Path
	}
	u.Path = strings.TrimSuffix(path.Clean(u.Path), "/")
	return u, nil
}

// maxRefs bounds a chain of $refs.
const maxRefs = 50

// Resolve follows the $ref of a node, and any that it leads to.
func (d *Description) Resolve(n *Node) (*Node, error) {
	first := n
	for range maxRefs {
		ref := n.Get("$ref")
		if ref == nil || ref.Kind != Text {
			return n, nil
		}
		next, err := d.follow(ref)
		if err != nil {
			return nil, err
		}
		n = next
	}
	return nil, first.Get("$ref").Problem("$ref %s leads in a circle", strict.Quote(first.Get("$ref").Text))
}

// follow finds what one $ref means.
func (d *Description) follow(ref *Node) (*Node, error) {
	where, fragment, _ := strings.Cut(ref.Text, "#")
	in := ref.file
	if where != "" {
		var err error
		if in, err = d.beside(ref, where); err != nil {
			return nil, err
		}
	}
	if decoded, err := url.PathUnescape(fragment); err == nil {
		fragment = decoded
	}
	n := in.root
	if fragment != "" && !strings.HasPrefix(fragment, "/") { // an $anchor or an $id
		if n = in.anchored(fragment); n == nil {
			return nil, ref.Problem("$ref %s leads nowhere", strict.Quote(ref.Text))
		}
		return n, nil
	}
	if fragment == "" || fragment == "/" {
		return n, nil
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(fragment, "/"), "/") {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		if n = n.child(part); n == nil {
			return nil, ref.Problem("$ref %s leads nowhere", strict.Quote(ref.Text))
		}
	}
	return n, nil
}

// child follows one step of a JSON pointer.
func (n *Node) child(part string) *Node {
	if n.Kind != List {
		return n.Get(part)
	}
	for i, item := range n.Items {
		if fmt.Sprint(i) == part {
			return item
		}
	}
	return nil
}

// anchored finds the node with an $anchor.
func (f *file) anchored(name string) *Node {
	if f.anchors == nil {
		f.anchors = map[string]*Node{}
		f.root.addAnchors(f.anchors)
	}
	return f.anchors[name]
}

// addAnchors notes the anchors of a node and of all nodes in it.
func (n *Node) addAnchors(to map[string]*Node) {
	if name := n.Get("$anchor").String(); name != "" && to[name] == nil {
		to[name] = n
	}
	for _, inner := range n.Items {
		inner.addAnchors(to)
	}
}

// maxFiles bounds how many files one description may refer to.
const maxFiles = 1_000

// beside reads a file that a $ref names, once.
func (d *Description) beside(ref *Node, where string) (*file, error) {
	if u, err := url.Parse(where); err != nil || u.Scheme != "" || u.Host != "" || d.open == nil {
		return nil, ref.Problem("$ref %s leads to another place, and only files beside the description are read: put that file beside it, or bundle both into one", strict.Quote(ref.Text))
	}
	if decoded, err := url.PathUnescape(where); err == nil {
		where = decoded
	}
	at := path.Join(path.Dir(ref.file.path), where)
	if known := d.files[at]; known != nil {
		return known, nil
	}
	if len(d.files) > maxFiles {
		return nil, ref.Problem("the description refers to more than %d files: bundle them into one", maxFiles)
	}
	data, err := d.open(at)
	if err != nil {
		return nil, ref.Problem("$ref %s: %v", strict.Quote(ref.Text), err)
	}
	f := &file{name: path.Join(path.Dir(d.File), at), path: at}
	if f.root, err = parse(f, data); err != nil {
		return nil, err
	}
	d.files[at] = f
	return f, nil
}

// methods are those of a path, in the order in which people list them.
var methods = []string{"get", "head", "options", "post", "put", "patch", "delete", "trace"}

// operations lists the operations of all paths.
func (d *Description) operations() error {
	paths := d.root.Get("paths")
	if paths == nil {
		return nil
	}
	if paths.Kind != Map {
		return paths.Problem("paths is no mapping of paths")
	}
	for i, at := range paths.Keys {
		if !strings.HasPrefix(at, "/") {
			continue // an extension, or no path
		}
		item, err := d.Resolve(paths.Items[i])
		if err != nil {
			return err
		}
		for _, method := range methods {
			node, err := d.Resolve(item.Get(method)) // some descriptions have a $ref here, which the specification forbids
			if err != nil {
				return err
			}
			if node == nil || node.Kind != Map {
				continue
			}
			o := &Operation{Method: strings.ToUpper(method), Path: at, ID: node.Get("operationId").String(), Tags: node.Get("tags").Strings(), node: node, item: item, of: d}
			if o.Deprecated = node.Get("deprecated").Is(); o.Deprecated {
				o.Tags = append(o.Tags, operation.Deprecated)
			}
			o.Server, _ = d.serverOf(node)
			if o.Server == nil {
				o.Server, _ = d.serverOf(item)
			}
			d.Operations = append(d.Operations, o)
		}
	}
	return nil
}

// Schema is the schema of a name among the components; nil for none.
func (d *Description) Schema(name string) *Node {
	if d.two {
		return d.root.Get("definitions").Get(name)
	}
	return d.root.Get("components").Get("schemas").Get(name)
}
