package profile

import (
	"slices"
	"strings"
	"time"
	"unicode"

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
	// Messages are the steps of a call that is a stream; nil for a call with one answer.
	Messages []Message
}

// Route is what the call itself is counted under.
func (c *Call) Route() string { return c.Routes[0] }

// saves are the names of all variables that the call saves.
func (c *Call) saves() (names []string) {
	for _, s := range c.Save {
		names = append(names, s.Name)
	}
	for _, m := range c.Messages {
		for _, s := range m.Save {
			names = append(names, s.Name)
		}
	}
	return names
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
	Path string // where the value is, in the protocol's words; in JSON answers a GJSON path
}

// Protocol is how the calls of one protocol are written.
type Protocol struct {
	Word    string // the key that a call begins with, such as http
	Example string // a call, to be shown to somebody who wrote none
	Read    func(*CallReader) Words
}

// Words are the keys of one call, and what they make. Every call has the keys name, expect, with
// within in it, and save besides.
type Words struct {
	Step    []strict.Field                // the protocol's Word is among them
	Expect  []strict.Field                // of the step's expect
	Content func(step *yaml.Node) Content // called once all keys have been read
	// Message reads the steps of a stream, under the key messages; nil for a protocol whose calls
	// have one answer.
	Message func(*CallReader) MessageWords
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
func (r *CallReader) Template(to *Template) strict.Read { return r.reader.template(to) }

// Headers reads a mapping of names to texts with variables, in the order written.
func (r *CallReader) Headers(to *[]Header) strict.Read {
	return func(n *yaml.Node) { *to = r.reader.headers(n) }
}

// planned are words of protocols that are not there yet.
var planned = []string{"graphql", "grpc"}

// callForms are the ways to write a call: one for each protocol. more are keys that the place
// allows besides.
func (r *reader) callForms(to *Step, more ...strict.Field) []strict.Form {
	var forms []strict.Form
	for _, protocol := range r.from.Protocols {
		forms = append(forms, strict.Form{Key: protocol.Word, Read: func(n *yaml.Node) { to.Call = r.call(n, protocol, more) }})
	}
	for _, word := range planned {
		forms = append(forms, strict.Form{Key: word, Refused: "this version speaks HTTP only; GraphQL and gRPC are planned"})
	}
	return forms
}

// step reads a call or a wait.
func (r *reader) step(n *yaml.Node) (step Step) {
	r.Named(n, "step", func(n *yaml.Node) {
		forms := append(r.callForms(&step), strict.Form{Key: "wait", Read: func(n *yaml.Node) { step.Wait = r.waitStep(n) }})
		r.Forms(n, "a step sends a request ("+r.from.Protocols[0].Example+") or waits (wait: 50ms)", forms...)
	})
	return step
}

func (r *reader) call(n *yaml.Node, protocol Protocol, more []strict.Field) *Call {
	words := protocol.Read(&CallReader{r.Reader, r})
	call := &Call{Line: n.Line}
	var name string
	var save, messages *yaml.Node
	if words.Message != nil {
		more = append(more, strict.Key("messages", "What goes over the stream, in order.", strict.Later(&messages)))
	}
	r.Mapping(n, slices.Concat(words.Step, []strict.Field{
		strict.Key("name", "The route that the request is counted under; by default method and path as written.", r.route(&name)),
		strict.Key("expect", "What the answer must be; otherwise the request has failed.", func(n *yaml.Node) {
			r.Mapping(n, append(words.Expect, strict.Key("within", "The longest service time.", r.Duration(&call.Within, time.Microsecond)))...)
		}),
		r.Refused("wait", "a wait is a step of its own; put it before or after this one"),
		strict.Key("save", "Variables and where their values stand in the JSON answer (GJSON paths).", strict.Later(&save)),
	}, more)...)
	call.Content = words.Content(n)
	if name == "" {
		name = call.Content.Route()
	}
	r.countable(n, name)
	call.Routes = []string{name}
	if messages != nil {
		r.In("messages", func() { r.messages(messages, call, words) })
	}
	if save != nil { // last: the call itself cannot use what it saves
		r.In("save", func() { call.Save = r.save(save) })
	}
	return call
}

func (r *reader) waitStep(n *yaml.Node) *Wait {
	var wait Wait
	r.Mapping(n, strict.Need("wait", "Wait this long: 50ms, or 10ms..50ms.", "write for example: wait: 50ms", r.wait(&wait, stepWait)))
	return &wait
}

var routeName = strict.NewPattern(`^([^*]|\*.)`, `a name other than "*"`).Explained(func(text string) string {
	if text == "" {
		return "the name is empty; leave the key out to count the request under its method and path"
	}
	return `"*" stands for all routes together; give the request another name`
})

// maxRoute bounds the name of a route, in bytes. Package tally, which counts under it, takes more than
// the names of a call and of a message together.
const maxRoute = 1_000

// countable refuses a name that no result could hold.
func (r *reader) countable(n *yaml.Node, name string) {
	if len(name) > maxRoute || strings.ContainsFunc(name, unicode.IsControl) {
		r.Problem(n, "requests cannot be counted under %s: it is longer than %d bytes, or holds a control character; give the request a name", strict.Quote(name), maxRoute)
	}
}

func (r *reader) route(to *string) strict.Read {
	return r.Match(routeName, func(_ *yaml.Node, text string) { *to = text })
}

var (
	variable = strict.NewPattern(`^[A-Za-z_][A-Za-z0-9_]*$`, "a name of letters, digits and underscores")
	jsonPath = strict.NewPattern(`\S`, "the path of a value in the JSON answer, such as items.0.id")
)

// save reads which parts of the answer become which variables.
func (r *reader) save(n *yaml.Node) (saves []Save) {
	named := r.Match(variable, func(n *yaml.Node, name string) {
		if _, isGenerator, _ := ParseGenerator(name); isGenerator || name == PortVariable {
			r.Problem(n, "${%s} already has a meaning; choose another name", name)
		}
	})
	r.Entries(n, func(key, value *yaml.Node) {
		named(key)
		r.saved[key.Value] = true
		r.Match(jsonPath, func(_ *yaml.Node, path string) { saves = append(saves, Save{key.Value, path}) })(value)
	})
	return saves
}
