package profile

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Message is one step of a call that is a stream: something that is sent, messages that are
// awaited, or a wait.
type Message struct {
	Route   string // the name that the reply is counted under; empty where none is awaited
	Wait    *Wait  // nil unless the step is a wait
	Sends   bool
	Repeat  int // how often it is sent, at least once
	Awaits  Awaits
	Count   int           // AwaitCount: the number of messages
	For     time.Duration // AwaitSpan
	Within  time.Duration // longest time for each awaited message; 0 for any
	Save    []Save        // from each awaited message
	Content MessageContent
}

// Awaits says which messages a step of a stream waits for.
type Awaits string

// What a step can wait for. AwaitNothing is the zero value.
const (
	AwaitNothing Awaits = ""
	AwaitReply   Awaits = "reply" // the message that answers the sent one; others are ignored
	AwaitCount   Awaits = "count" // a number of messages
	AwaitSpan    Awaits = "span"  // all messages within a span of time
	AwaitEnd     Awaits = "end"   // all messages until the server ends the stream
)

// MessageContent is the part of a step of a stream that its protocol defines.
type MessageContent interface {
	// Canonical is the content as the digest counts it; see Content.
	Canonical() any
}

// MessageWords are the keys of one step of a stream that its protocol defines.
type MessageWords struct {
	Send    strict.Read                       // what is sent; nil if calls of the protocol only receive
	Reply   strict.Read                       // which message answers it
	Step    []strict.Field                    // further keys of the step
	Expect  []strict.Field                    // of its expect; within is read for every protocol
	Sources []Source                          // that save may name besides OfJSON
	Content func(step *yaml.Node, m *Message) // called once all keys have been read: it sets m.Content, and may change what is awaited
}

// messages reads the steps of a stream.
func (r *reader) messages(n *yaml.Node, call *Call, words Words) {
	r.NonEmpty(n, "write what goes over the stream, for example: messages: [{receive: 10}]", func(item *yaml.Node) {
		m := Message{}
		read := words.Message(&CallReader{r.Reader, r})
		var name string
		send := strict.Form{Key: "send", Read: func(n *yaml.Node) { r.sendStep(n, &m, &name, read) }}
		none := "a step of a stream sends (send: …), receives (receive: 10) or waits (wait: 50ms)"
		if read.Send == nil {
			send.Refused = "nothing is sent over this stream once it is open; write receive, or wait"
			none = "a step of this stream receives (receive: 10) or waits (wait: 50ms)"
		}
		r.Forms(item, none, send,
			strict.Form{Key: "receive", Read: func(n *yaml.Node) { r.receiveStep(n, &m, read) }},
			strict.Form{Key: "wait", Read: func(n *yaml.Node) { m.Wait = r.waitStep(n) }},
		)
		if m.Wait == nil {
			read.Content(item, &m)
		}
		if m.Awaits == AwaitReply {
			if name == "" {
				name = fmt.Sprintf("message %d", len(call.Messages)+1)
			}
			r.countable(item, name)
			m.Route = call.Route() + " " + name
		}
		call.Messages = append(call.Messages, m)
	})
	call.Routes = append(call.Routes, call.Route()+" first message", call.Route()+" each message")
	for _, m := range call.Messages {
		if m.Route != "" && !slices.Contains(call.Routes, m.Route) {
			call.Routes = append(call.Routes, m.Route)
		}
	}
}

func (r *reader) sendStep(n *yaml.Node, m *Message, name *string, words MessageWords) {
	m.Sends, m.Repeat, m.Awaits = true, 1, AwaitReply
	reply := func(n *yaml.Node) {
		none := "none"
		r.Choice(n, func(n *yaml.Node) int {
			if n.Value == none {
				m.Awaits = AwaitNothing
				return 0
			}
			return 1
		}, strict.OneOf(r.Reader, &none, none), words.Reply)
	}
	r.awaiting(n, m, words, []strict.Field{
		strict.Need("send", "What is sent.", "write what is sent", words.Send),
		strict.Key("name", "What the reply is counted under, behind the name of the call.", r.Match(replyName, func(_ *yaml.Node, text string) { *name = text })),
		strict.Key("repeat", "How often it is sent.", r.Int(&m.Repeat, 1, maxRepeat)),
		strict.Key("reply", "Which message answers; the next one when it is left out, none to wait for nothing.",
			r.Filled("say which message answers, or none to wait for nothing; without reply it is the next message", reply)),
		r.Refused("receive", "a step sends or receives: what answers is the reply of send; make a step of its own for other messages"),
	})
	if m.Awaits == AwaitNothing && (strict.Has(n, "expect") || strict.Has(n, "save") || strict.Has(n, "within")) {
		r.Problem(n, "reply: none awaits no message, so expect, save and within have nothing to read; remove them")
	}
}

var replyName = strict.NewPattern(`\S`, "a name for the reply, such as found")

// maxRepeat bounds how often one step sends, and how many messages it awaits.
const maxRepeat = 1_000_000

// endForm is the only text that receive accepts.
var endForm = strict.NewPattern("^"+string(AwaitEnd)+"$", awaited).Explained(explainReceive)

// awaited names the forms of receive.
const awaited = "a number of messages such as 10, {for: 10s}, or end for all until the server ends the stream"

// explainReceive says what is wrong with a text at receive.
func explainReceive(text string) string {
	_, notNumber := strconv.ParseFloat(text, 64)
	if _, notSpan := strict.ParseDuration(text); notNumber != nil && notSpan == nil {
		return fmt.Sprintf("a span of time is written receive: {for: %s}; receive: 10 awaits 10 messages", text)
	}
	return ""
}

func (r *reader) receiveStep(n *yaml.Node, m *Message, words MessageWords) {
	end := r.Match(endForm, func(*yaml.Node, string) {})
	receive := func(n *yaml.Node) {
		awaits := [...]Awaits{AwaitSpan, AwaitEnd, AwaitCount}
		r.Choice(n, func(n *yaml.Node) int {
			at := 2
			switch {
			case n.Kind == yaml.MappingNode:
				at = 0
			case n.Tag != "!!int":
				at = 1
			}
			m.Awaits = awaits[at]
			return at
		}, func(n *yaml.Node) {
			r.Mapping(n, strict.Need("for", "Receive this long.", "write for example: receive: {for: 10s}", r.Duration(&m.For, time.Millisecond)))
		}, end, r.Int(&m.Count, 1, maxRepeat))
	}
	r.awaiting(n, m, words, []strict.Field{
		strict.Need("receive", "How many messages are awaited: a number, {for: 10s}, or end for all until the server ends the stream.",
			"write for example: receive: 10", receive),
		r.Refused("reply", "reply belongs to a step that sends; what a received message must be is its expect"),
		r.Refused("repeat", "say how many messages are awaited: receive: 10"),
	})
}

// awaiting reads a step that may await messages: its own keys, and those that all such steps have.
func (r *reader) awaiting(n *yaml.Node, m *Message, words MessageWords, own []strict.Field) {
	var save *yaml.Node
	within := r.Duration(&m.Within, time.Microsecond)
	r.Mapping(n, slices.Concat(own, words.Step, []strict.Field{
		strict.Key("within", "How long each message is awaited; the same as within in expect.", within),
		strict.Key("expect", "What each awaited message must be.", r.Filled("say what each message must be, or leave expect out", func(n *yaml.Node) {
			r.Mapping(n, append(words.Expect, strict.Key("within", "How long each message is awaited.", within))...)
		})),
		strict.Key("save", "Variables and where their values stand in the message.", strict.Later(&save)),
	})...)
	if expect := strict.Get(n, "expect"); strict.Has(n, "within") && expect != nil && strict.Has(expect, "within") {
		r.Problem(n, "within is written twice, in this step and in its expect; remove one")
	}
	if save != nil {
		r.In("save", func() { m.Save = r.save(save, words.Sources...) })
	}
}
