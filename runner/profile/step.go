package profile

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Step is a call, a wait, or a group of steps: exactly one of the three is set.
type Step struct {
	Call   *Call
	Wait   *Wait
	Steps  []Step      // a group; at least one
	Repeat Repeat      // how often it is done
	If     []Condition // checked before each time: the step is skipped unless all hold; OfVariable
}

// Repeat is how often a step is done: Min to Max times, uniformly drawn. The zero Repeat is once.
type Repeat struct{ Min, Max int }

// Mean is how often it is done on average.
func (r Repeat) Mean() float64 {
	if r.Max == 0 {
		return 1
	}
	return float64(r.Min+r.Max) / 2
}

// eachCall calls yield for each call of the steps and of the groups among them, until it says no.
func eachCall(steps []Step, yield func(*Call) bool) bool {
	for _, s := range steps {
		if s.Call != nil && !yield(s.Call) || !eachCall(s.Steps, yield) {
			return false
		}
	}
	return true
}

// Call is one call of the system: what every protocol has in common, and a Content that only
// its own protocol understands.
type Call struct {
	Line    int           // of the file
	Routes  []string      // of the call itself first, then of its parts, such as the messages of a stream
	Save    []Save        // what is kept of the answer
	Within  time.Duration // longest service time; 0 for any
	Group   Group
	Content Content
	// Messages are the steps of a call that is a stream; nil for a call with one answer.
	Messages []Message
}

// Route is the route of the call itself.
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

// Content is the part of a call that its protocol defines.
type Content interface {
	Protocol() string // the Word of its Protocol
	Route() string    // the route of a call without a name
	// Canonical is the content as the digest counts it. Its JSON has everything that changes the request
	// or the expectations, and leaves out defaults.
	Canonical() any
}

// Save keeps a part of an answer as a variable.
type Save struct {
	Name     string
	Of       Source // OfJSON, OfText, OfHeader or OfCookie
	Path     string // where the value is: in JSON answers a GJSON path, else the name of the header or cookie
	Match    string // a regular expression: its first group is kept, or the whole match; empty for the whole value
	Optional bool   // a missing value is no failure, and leaves the variable unset
	Place    strict.Place
}

// Protocol is how the calls of one protocol are written.
type Protocol struct {
	Word    string // the key that a call begins with, such as http
	Example string // of a call, for messages
	Read    func(*CallReader) Words
}

// Words are the keys of one call that its protocol defines, and the Content that they make. Every call also
// has the keys name, expect.within and save.
type Words struct {
	Step    []strict.Field                // the protocol's Word is among them
	Expect  []strict.Field                // of the step's expect
	Sources []Source                      // that save may name besides OfJSON
	Content func(step *yaml.Node) Content // called once all keys have been read
	// Message reads the steps of a stream, under the key messages; nil for a protocol whose calls
	// have one answer.
	Message func(*CallReader) MessageWords
}

// Protocols are the protocols of this version.
func Protocols() []Protocol {
	return []Protocol{httpProtocol(), webSocketProtocol(), graphqlProtocol(), grpcProtocol(), sseProtocol()} // a websocket step may have a key graphql
}

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
	return func(n *yaml.Node) { *to = r.reader.headers(n, headerName) }
}

// callForms are the ways to write a call, one for each protocol. more are further keys at this place.
func (r *reader) callForms(to *Step, more ...strict.Field) []strict.Form {
	var forms []strict.Form
	for _, protocol := range r.from.Protocols {
		forms = append(forms, strict.Form{Key: protocol.Word, Read: func(n *yaml.Node) { to.Call = r.call(n, protocol, more) }})
	}
	return forms
}

// step reads a call, a wait, or a group of steps.
func (r *reader) step(n *yaml.Node) (step Step) {
	r.Named(n, "step", func(n *yaml.Node) {
		r.guarded(n, &step, func(flow []strict.Field) {
			forms := append(r.callForms(&step, flow...),
				strict.Form{Key: "wait", Read: func(n *yaml.Node) { step.Wait = r.waitStep(n, flow...) }},
				strict.Form{Key: "steps", Read: func(n *yaml.Node) {
					var group Group
					r.Mapping(n, append(flow, r.group(&group), strict.Need("steps", "Steps that are repeated, or left out, together.", "write for example: steps: [{http: GET /}]", func(n *yaml.Node) {
						r.NonEmpty(n, "write at least one step", func(item *yaml.Node) { step.Steps = append(step.Steps, r.step(item)) })
					}))...)
					group.of(step.Steps)
				}})
			r.Forms(n, "a step sends a request ("+r.from.Protocols[0].Example+"), waits (wait: 50ms) or is a group (steps: […])", forms...)
		})
	})
	return step
}

// Bounds of repetition: of one step, and of a step in nested groups. Guards are checked each time, so even a
// task whose guards never hold must end some time.
const (
	maxTimes      = 10_000
	maxTimesInAll = 1_000_000
)

// times is how often the innermost step is done at most.
func (s Step) times() int {
	most := 1
	for _, inner := range s.Steps {
		most = max(most, inner.times())
	}
	return min(most, math.MaxInt/maxTimes) * max(s.Repeat.Max, 1)
}

// guarded reads a step that may be repeated or skipped, and passes the keys for that to read. If the step
// may be skipped, the variables that it saves may be unset after it. If it is repeated, an earlier time may
// have unset them while it is read.
func (r *reader) guarded(n *yaml.Node, step *Step, read func(flow []strict.Field)) {
	if again := strict.Get(n, "repeat"); again != nil && again.Value != "1" {
		r.repeated(n)
	}
	before := maps.Clone(r.saved)
	var added []string
	for _, name := range guardNames(strict.Get(n, "if")) {
		if !r.guards[name] {
			r.guards[name] = true
			added = append(added, name)
		}
	}
	read([]strict.Field{
		strict.Key("repeat", "How often the step is done: a number, or 1..5 to draw one each time.", r.repeat(&step.Repeat)),
		strict.Key("if", "The step is done only if all hold: a variable without ${ }, and a value or a condition such as exists.", r.conditions(OfVariable, r.guardName, &step.If)),
	})
	for _, name := range added {
		delete(r.guards, name)
	}
	if len(step.If) > 0 || step.Repeat.Max > 0 && step.Repeat.Min == 0 {
		for name := range r.saved {
			if before[name] != certainly {
				r.saved[name] = perhaps
			}
		}
	}
}

// repeated notes the variables that an earlier time of a repeated step may have saved or unset. A variable
// that only the step itself saves cannot fulfil its own if.
func (r *reader) repeated(n *yaml.Node) {
	group, asked := strict.Has(n, "steps"), guardNames(strict.Get(n, "if"))
	eachSave(n, func(name string, optional bool) {
		switch saved := r.saved[name] != 0; {
		case saved && optional:
			r.unset(name)
		case !saved && group && !slices.Contains(asked, name):
			r.saved[name] = perhaps
		}
	})
}

// unset notes that a variable may be unset from here on, even if an if around this place found it set.
func (r *reader) unset(name string) {
	r.saved[name] = perhaps
	delete(r.guards, name)
}

// eachSave calls yield for each variable that the steps under a node save.
func eachSave(n *yaml.Node, yield func(name string, optional bool)) {
	if n == nil {
		return
	}
	if save := strict.Get(n, "save"); save != nil {
		for _, name := range strict.Keys(save) {
			optional := strict.Get(strict.Get(save, name), "optional")
			yield(name, optional != nil && strings.EqualFold(optional.Value, "true"))
		}
	}
	if steps := strict.Get(n, "steps"); steps != nil {
		for _, step := range steps.Content {
			eachSave(step, yield)
		}
	}
}

// guardNames are the variables that are certainly set if the conditions of an if hold.
func guardNames(n *yaml.Node) (names []string) {
	if n == nil {
		return nil
	}
	for _, name := range strict.Keys(n) {
		if !strings.HasPrefix(strict.Get(n, name).Value, string(NotEqual)) { // != also holds for an unset variable
			names = append(names, name)
		}
	}
	return names
}

// guardName reads the name of a variable in an if.
func (r *reader) guardName(n *yaml.Node) {
	r.Match(guardForm, func(n *yaml.Node, name string) {
		r.inGuard = true
		r.checkVariable(n, name)
		r.inGuard = false
	})(n)
}

var guardForm = strict.NewPattern(`^[^${}]+$`, "the name of a variable without ${ }, such as token")

var repeatForm = strict.NewPattern(`^[0-9]{1,9}( *\.\. *[0-9]{1,9})?$`, "a number such as 3, or 1..5")

// repeat reads 3 or 1..5.
func (r *reader) repeat(to *Repeat) strict.Read {
	return r.Match(repeatForm, func(n *yaml.Node, text string) {
		from, until, ranged := strings.Cut(text, "..")
		least, _ := strconv.Atoi(strings.TrimSpace(from)) // the form has digits alone
		most := least
		if ranged {
			most, _ = strconv.Atoi(strings.TrimSpace(until))
		}
		switch {
		case text == "": // the JSON schema is being written
		case most < least:
			r.Problem(n, "%s runs backwards; write the smaller number first", text)
		case most < 1 || most > maxTimes:
			r.Problem(n, "%d is out of range: expected 1 to %d", most, maxTimes)
		case least == 1 && most == 1: // the default
		default:
			*to = Repeat{least, most}
		}
	})
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
		strict.Key("expect", "What the answer must be; otherwise the request has failed.", r.Filled("say what the answer must be, or leave expect out", func(n *yaml.Node) {
			r.Mapping(n, append(words.Expect, strict.Key("within", "The longest service time.", r.Duration(&call.Within, time.Microsecond)))...)
		})),
		r.group(&call.Group),
		r.Refused("wait", "a wait is a step of its own; put it before or after this one"),
		strict.Key("save", "Variables and where their values stand in the answer: GJSON paths, or {text: …}, {header: …}, {cookie: …}.", strict.Later(&save)),
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
	if save != nil { // last: the call itself cannot use its saved values
		r.In("save", func() { call.Save = r.save(save, words.Sources...) })
	}
	return call
}

func (r *reader) waitStep(n *yaml.Node, more ...strict.Field) *Wait {
	var wait Wait
	r.Mapping(n, append(more, strict.Need("wait", "Wait this long: 50ms, or 10ms..50ms.", "write for example: wait: 50ms", r.wait(&wait, stepWait)))...)
	return &wait
}

var routeName = strict.NewPattern(`^(\s*[^*\s]|\s+\*|\*.)`, `a name other than "*"`).Explained(func(text string) string {
	if strings.TrimSpace(text) == "" {
		return "the name is empty; leave the key out to count the request under its method and path"
	}
	return `"*" stands for all routes together; give the request another name`
})

// maxRoute bounds the name of a route, in bytes. Package tally, which counts under it, takes more than
// the names of a call and of a message together.
const maxRoute = 1_000

// countable refuses a name that no result can contain.
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
