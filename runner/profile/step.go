package profile

import (
	"encoding/json"
	"maps"
	"regexp"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Step is one call or one wait of a task: exactly one of both is set.
type Step struct {
	Call *Call
	Wait *Wait
}

// Call is one call of the system: what every protocol has in common, and a Content that only
// its own protocol understands.
type Call struct {
	Line    int           // of the file
	Routes  []string      // what it is counted under: itself first, then parts of it such as the messages of a stream
	Save    []Save        // what is kept of the answer
	Within  time.Duration // longest service time; 0 for any
	Content Content
}

// Route is what the call itself is counted under.
func (c *Call) Route() string { return c.Routes[0] }

// MarshalJSON gives what the digest counts.
func (c *Call) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Routes   []string
		Save     []Save        `json:",omitempty"`
		Within   time.Duration `json:",omitempty"`
		Protocol string
		Content  any
	}{c.Routes, c.Save, c.Within, c.Content.Protocol(), c.Content.Canonical()})
}

// Content is what a call says in the words of its protocol.
type Content interface {
	Protocol() string // the Word of its Protocol
	Route() string    // what the call is counted under when the profile gives it no name
	// Canonical is the content as the digest counts it: a value whose JSON has everything that
	// changes what is sent or expected, and leaves out what has its default value.
	Canonical() any
}

// Save keeps a part of an answer as a variable.
type Save struct {
	Name string
	Path string // where the value stands, in the protocol's words; in JSON answers a GJSON path
}

// Protocol is how the calls of one protocol are written.
type Protocol struct {
	Word    string // the key that a call begins with, such as http
	Example string // a call, to be shown to somebody who wrote none
	Read    func(*CallReader) Words
}

// Words are the keys of one call, and what becomes of them. Every call has the keys name,
// expect, with within in it, and save besides.
type Words struct {
	Step    strict.Fields                 // the protocol's Word is among them
	Expect  strict.Fields                 // of the step's expect
	Content func(step *yaml.Node) Content // called once all keys have been read
}

// Protocols are those that this version speaks.
func Protocols() []Protocol { return []Protocol{httpProtocol()} }

// CallReader reads the values of one call. Besides what any YAML has, it knows texts with
// variables.
type CallReader struct {
	*strict.Reader
	reader *reader
}

// Template reads a text with variables.
func (r *CallReader) Template(n *yaml.Node) Template { return r.reader.template(n) }

// Headers reads a mapping of names to texts with variables, in the order written.
func (r *CallReader) Headers(n *yaml.Node) []Header { return r.reader.headers(n) }

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// protocol is the one whose word a step has. Where it has none, it is read as the first one's, so that
// what is missing is said.
func (r *reader) protocol(n *yaml.Node) (p Protocol, found bool) {
	for _, p := range r.from.Protocols {
		if has(n, p.Word) {
			return p, true
		}
	}
	return r.from.Protocols[0], false
}

// planned are words of protocols that are not there yet.
var planned = []string{"graphql", "grpc"}

// isCall reports whether a mapping begins a call, of a protocol that is there or planned.
func (r *reader) isCall(n *yaml.Node) bool {
	_, found := r.protocol(n)
	for _, word := range planned {
		found = found || has(n, word)
	}
	return found
}

// step reads a call or a wait; more are keys that the place allows besides.
func (r *reader) step(n *yaml.Node, more strict.Fields) Step {
	protocol, found := r.protocol(n)
	if has(n, "wait") && !found {
		return r.waitStep(n)
	}
	words := protocol.Read(&CallReader{r.Reader, r})
	call := &Call{Line: n.Line}
	var name string
	var save *yaml.Node
	fields := maps.Clone(words.Step)
	for _, word := range planned {
		if fields[word] == nil {
			fields[word] = func(n *yaml.Node) { r.Problem(n, "this version speaks HTTP; GraphQL and gRPC are not there yet") }
		}
	}
	fields["name"] = func(n *yaml.Node) { name = r.route(n) }
	fields["expect"] = func(n *yaml.Node) { r.expect(n, words.Expect, call) }
	fields["save"] = func(n *yaml.Node) { save = n }
	maps.Copy(fields, more)
	r.Mapping(n, fields)
	if save != nil { // last: what is saved cannot stand in the call itself
		r.In("save", func() { call.Save = r.save(save) })
	}
	if !r.isCall(n) {
		r.required(n, map[string]string{protocol.Word: "a step sends a request (" + protocol.Example + ") or waits (wait: 50ms)"})
	}
	call.Content = words.Content(n)
	if name == "" {
		name = call.Content.Route()
	}
	call.Routes = []string{name}
	return Step{Call: call}
}

func (r *reader) waitStep(n *yaml.Node) Step {
	var wait Wait
	r.Mapping(n, strict.Fields{"wait": func(n *yaml.Node) {
		if wait = r.wait(n); wait.Kind == WaitPace {
			r.Problem(n, "a step waits for a span (50ms or 10ms..50ms); a pace belongs to the user")
		}
	}})
	return Step{Wait: &wait}
}

func (r *reader) route(n *yaml.Node) string {
	name := r.Text(n)
	if name == "*" {
		r.Problem(n, `"*" stands for all routes together and cannot be the name of one`)
	}
	return name
}

// expect reads the protocol's expectations, and the one that every call may have.
func (r *reader) expect(n *yaml.Node, words strict.Fields, call *Call) {
	fields := strict.Fields{"within": func(n *yaml.Node) { call.Within = r.Duration(n, time.Microsecond) }}
	maps.Copy(fields, words)
	r.Mapping(n, fields)
}

// save reads which parts of the answer become which variables.
func (r *reader) save(n *yaml.Node) (saves []Save) {
	r.Entries(n, func(key, value *yaml.Node) {
		_, isGenerator, _ := ParseGenerator(key.Value)
		switch {
		case !variable.MatchString(key.Value):
			r.Problem(key, "%q cannot be the name of a variable; write letters, digits and underscores", key.Value)
		case isGenerator || key.Value == PortVariable:
			r.Problem(key, "${%s} has a meaning of its own; save under another name", key.Value)
		}
		path := r.Text(value)
		if path == "" {
			r.Problem(value, "the path is empty; write where in the JSON answer the value stands, such as items.0.id")
		}
		saves = append(saves, Save{key.Value, path})
		r.saved[key.Value] = true
	})
	return saves
}

// has reports whether the mapping n holds a key.
func has(n *yaml.Node, key string) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}
