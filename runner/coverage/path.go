package coverage

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/openapi"
	"github.com/plimsoll-ci/plimsoll/runner/operation"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// rank says how specific a path of a description is, segment by segment. Of two paths that fit, the one with the
// larger rank by slices.Compare wins. It is nil for an operation without a path.
type rank []int

// The ranks of a segment.
const (
	parameter = iota
	mixed
	literal
)

// unknown stands in a path of a step for a value that is put in during the run.
const unknown = "\x00"

// ofOpenAPI are the operations of a description.
func ofOpenAPI(d *openapi.Description) []described {
	var all []described
	for _, o := range d.Operations {
		server := ""
		if d.Server != nil {
			server = d.Server.Path
		}
		if o.Server != nil {
			server = o.Server.Path
		}
		t := newTemplate(o.Path, server)
		one := described{Operation: Operation{Name: o.Name()}, tags: o.Tags, key: pathKey(o.Method, len(t.segments)), path: &t}
		if o.Deprecated {
			one.tags = append(one.tags[:len(one.tags):len(one.tags)], operation.Deprecated)
		}
		all = append(all, one)
	}
	return all
}

// pathOf is the path of a URL, with unknown for its variables.
func pathOf(t profile.Template) string {
	_, rest, ok := strings.Cut(plain(t), "://")
	if i := strings.IndexByte(rest, '/'); ok && i >= 0 {
		return strings.TrimRight(rest[i:], "/")
	}
	return ""
}

// plain is a text with unknown for each variable.
func plain(t profile.Template) string {
	var b strings.Builder
	for _, part := range t.Parts() {
		b.WriteString(part.Literal)
		if part.Variable != "" {
			b.WriteString(unknown)
		}
	}
	return b.String()
}

// parameters are those in the name of a route.
var parameters = regexp.MustCompile(`\{[^{}/]*\}`)

// sent is the method and the path that a call sends. If only the run knows the path, it is taken from the route's
// name. An empty method stands for a call without a path.
func sent(c *profile.Call) (method, path string) {
	switch content := c.Content.(type) {
	case *profile.HTTP:
		method, path = content.Method, plain(content.Path)
	case *profile.SSE:
		method, path = content.Request.Method, plain(content.Request.Path)
	case *profile.WebSocket:
		if content.Subscription != nil {
			return "", ""
		}
		method, path = "GET", plain(content.Path)
	default:
		return "", ""
	}
	if strings.HasPrefix(path, unknown) {
		named, rest, _ := strings.Cut(c.Route(), " ")
		if !strings.HasPrefix(rest, "/") {
			return "", ""
		}
		method, path = named, parameters.ReplaceAllString(rest, unknown)
	}
	path, _, _ = strings.Cut(path, "?")
	return method, path
}

// template is a path of a description.
type template struct {
	server   string // the path of the server
	segments []segment
}

// segment is one part of a path, between two slashes.
type segment struct {
	text string         // of a literal segment
	form *regexp.Regexp // of any other segment; nil if it is one parameter
	rank int
}

func newTemplate(path, server string) template {
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	t := template{server: strings.TrimRight(server, "/")}
	for _, text := range split(path) {
		s := segment{text: decoded(text), rank: literal}
		if names := parameters.FindAllStringIndex(text, -1); names != nil {
			s.rank = mixed
			if len(names) == 1 && names[0][0] == 0 && names[0][1] == len(text) {
				s.rank = parameter
			} else {
				s.form = form(text, names)
			}
		}
		t.segments = append(t.segments, s)
	}
	return t
}

// form is the pattern of a segment that has parameters at these places.
func form(text string, names [][]int) *regexp.Regexp {
	var b strings.Builder
	last := 0
	for _, at := range names {
		b.WriteString(regexp.QuoteMeta(decoded(text[last:at[0]])) + "(?s:.+)")
		last = at[1]
	}
	return regexp.MustCompile("^" + b.String() + regexp.QuoteMeta(decoded(text[last:])) + "$")
}

// split splits a path at its slashes. One at the end does not count.
func split(path string) []string {
	return strings.Split(strings.Trim(path, "/"), "/")
}

// decoded is a text without percent-encoding.
func decoded(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

// pathKey is the key of operations with a method and a number of segments.
func pathKey(method string, segments int) string {
	return strings.ToUpper(method) + "/" + strconv.Itoa(segments)
}

// pathKeys are the keys of all operations that a path may call: any number of its first segments may belong to the
// server.
func pathKeys(method, base, path string) (keys []string) {
	for n := range len(split(base + path)) {
		keys = append(keys, pathKey(method, n+1))
	}
	return keys
}

// fits reports whether a step with this path, on a target with the path base, sends the operation. The path of the
// server is in base, in the step's path, or taken off by a proxy in front of the system.
func (t template) fits(base, path string) (rank, bool) {
	for _, whole := range []string{base + path, path} {
		if below, ok := strings.CutPrefix(whole, t.server); ok && (below == "" || below[0] == '/') {
			if r, ok := t.matches(below); ok {
				return r, true
			}
		}
	}
	return t.matches(path)
}

func (t template) matches(path string) (rank, bool) {
	texts := split(path)
	if len(texts) != len(t.segments) {
		return nil, false
	}
	r := rank{}
	for i, s := range t.segments {
		text := decoded(texts[i])
		switch {
		case s.rank == literal && text != s.text, s.rank == mixed && !s.form.MatchString(text), s.rank == parameter && text == "":
			return nil, false
		}
		r = append(r, s.rank)
	}
	return r, true
}
