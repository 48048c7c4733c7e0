package grpc

import (
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/message"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// compiled is a call before its values are filled in.
type compiled struct {
	call    *plan.Call
	content *plan.GRPC
	head    *h2.Head
	varying []plan.Text // the values of the head that vary

	// These need the description of the method.
	sends *message.Template // the one message of a call that does not send a stream; nil for a stream
	body  []byte            // it with its prefix, if nothing in it varies
	judge *message.Judge    // of the answer, or of how a stream ended
	looks bool              // the judge looks at the answer
	steps []step            // of a stream, by plan.Call.Messages
	one   bool              // a stream of messages gets one answer
	last  int               // the index of the last step that sends; -1 for none
	close bool              // that step ends the sending side: no later step waits while more could be sent
}

// step is a compiled step of a stream.
type step struct {
	sends   *message.Template // nil if nothing is sent
	body    []byte            // with its prefix, if nothing in it varies
	replies *message.Judge    // whether a message is the reply
	judge   *message.Judge
}

// compileHeads compiles the parts that need no description.
func (f *Clients) compileHeads(p *plan.Plan) {
	f.calls = make([]*compiled, len(p.Calls))
	for i, call := range p.Calls {
		g, ok := call.Content.(*plan.GRPC)
		if !ok { // another protocol's
			continue
		}
		t := &compiled{call: call, content: g}
		timeout := p.Target.Timeout
		if call.Messages != nil {
			timeout = 0
		}
		var fields []h2.Field
		fields, t.varying = f.fields(g.Method, g.Metadata, timeout)
		t.head = f.maker.Head(fields)
		f.calls[i] = t
	}
}

// describe compiles the messages of all calls.
func (f *Clients) describe(types *message.Types) error {
	var problems strict.Problems
	for _, t := range f.calls {
		if t != nil {
			problems = append(problems, t.describe(types)...)
			if f.target.GRPC.Compress != "" {
				t.compress()
			}
		}
	}
	return problems.Err()
}

// describe compiles the messages of a call.
func (t *compiled) describe(types *message.Types) strict.Problems {
	method, err := types.Method(t.content.Method)
	if err != nil {
		return strict.Problems{t.content.Place.Problem("%v", err)}
	}
	problems := method.Fits(t.call)
	t.one = method.ClientStreams() && !method.ServerStreams()
	if !method.ClientStreams() {
		var wrong strict.Problems
		t.sends, t.body, wrong = template(method, t.content.Message, t.content.Place)
		problems = append(problems, wrong...)
	}
	judge, wrong := method.Judge(t.content.Expect, t.call.Save)
	t.judge, problems = judge, append(problems, wrong...)
	t.looks = len(t.content.Expect) > 0 || len(t.call.Save) > 0
	t.last = -1
	for i := range t.call.Messages {
		m := &t.call.Messages[i]
		var s step
		if m.Wait == nil {
			s, wrong = describeStep(method, m)
			problems = append(problems, wrong...)
		}
		if t.steps = append(t.steps, s); m.Sends {
			t.last = i
		}
	}
	t.close = t.one || slices.ContainsFunc(t.call.Messages[t.last+1:], func(m plan.Message) bool { return m.Awaits == profile.AwaitEnd })
	return problems
}

// compress compresses the messages in which nothing varies.
func (t *compiled) compress() {
	if t.body != nil {
		t.body = new(zipper).compress(t.body, 0)
	}
	for i := range t.steps {
		if s := &t.steps[i]; s.body != nil {
			s.body = new(zipper).compress(s.body, 0)
		}
	}
}

func describeStep(method *message.Method, m *plan.Message) (s step, problems strict.Problems) {
	content := m.Content.(*plan.GRPCMessage)
	if m.Sends {
		s.sends, s.body, problems = template(method, content.Send, content.Place)
	}
	var wrong strict.Problems
	if s.replies, wrong = method.Judge(content.Reply, nil); len(wrong) > 0 {
		problems = append(problems, wrong...)
	}
	if s.judge, wrong = method.Judge(content.Expect, m.Save); len(wrong) > 0 {
		problems = append(problems, wrong...)
	}
	return s, problems
}

// template compiles a message. If nothing in it varies, it also returns the bytes with their prefix.
func template(method *message.Method, t plan.Tree, at strict.Place) (*message.Template, []byte, strict.Problems) {
	made, problems := method.Template(t, at)
	if len(problems) > 0 {
		return nil, nil, problems
	}
	wire, fixed := made.Static()
	if !fixed {
		return made, nil, nil
	}
	return made, finish(append(begin(nil), wire...), 0), nil
}
