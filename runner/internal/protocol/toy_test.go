package protocol_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Two protocols that no package knows. Each needs its own words in the profile, a content in the plan
// and a client. All of it is in this file.

// asked is the content of a call of either protocol: a text to be echoed, or a topic.
type asked struct {
	word string
	text profile.Template
}

func (a *asked) Protocol() string { return a.word }
func (a *asked) Route() string    { return a.word + " " + string(a.text) }
func (a *asked) Canonical() any   { return a.text }

// step is the content of a step of a stream: the line to send, and how the awaited one begins.
type step struct{ Send, Begins profile.Template }

func (s *step) Canonical() any { return s }

var echoWords = profile.Protocol{Word: "echo", Example: "echo: hello", Read: func(r *profile.CallReader) profile.Words {
	a := &asked{word: "echo"}
	return profile.Words{
		Step:    []strict.Field{strict.Need("echo", "The line to send.", "write for example: echo: hello", r.Template(&a.text))},
		Content: func(*yaml.Node) profile.Content { return a },
	}
}}

var linesWords = profile.Protocol{Word: "lines", Example: "lines: news", Read: func(r *profile.CallReader) profile.Words {
	a := &asked{word: "lines"}
	return profile.Words{
		Step:    []strict.Field{strict.Need("lines", "The topic.", "write for example: lines: news", r.Template(&a.text))},
		Content: func(*yaml.Node) profile.Content { return a },
		Message: func(r *profile.CallReader) profile.MessageWords {
			s := &step{}
			return profile.MessageWords{
				Send: r.Template(&s.Send), Reply: r.Template(&s.Begins),
				Expect:  []strict.Field{strict.Key("begins", "How the line begins.", r.Template(&s.Begins))},
				Content: func(_ *yaml.Node, m *profile.Message) { m.Content = s },
			}
		},
	}
}}

// text is the planned form of asked, and message that of step.
type text plan.Text

type message struct{ send, begins plan.Text }

func plannedText(r *plan.Resolver, c *profile.Call) any {
	return text(r.Text(c.Content.(*asked).text, plan.Plain))
}

func plannedMessage(r *plan.Resolver, m *profile.Message) any {
	s := m.Content.(*step)
	return message{r.Text(s.Send, plan.Plain), r.Text(s.Begins, plan.Plain)}
}

// The three lists that a run is given.
var (
	words   = append(profile.Protocols(), echoWords, linesWords)
	planned = append(plan.Protocols(), plan.Protocol{Word: "echo", Content: plannedText},
		plan.Protocol{Word: "lines", Content: plannedText, Message: plannedMessage})
	spoken = append(protocol.Protocols(), protocol.Protocol{Word: "echo", New: newToy}, protocol.Protocol{Word: "lines", New: newToy})
)

// toy makes clients of both protocols.
type toy struct {
	dialer  *wire.Dialer
	timeout time.Duration
}

func newToy(p *plan.Plan, d *wire.Dialer) (protocol.Maker, error) {
	return toy{d, p.Target.Timeout}, nil
}

func (t toy) Client(*jar.Jar) load.Client { return &client{toy: t} }
func (toy) Spoken() string                { return "lines" }
func (toy) Close() error                  { return nil }

// client is one user. It keeps a connection for echoes; a stream has one of its own.
type client struct {
	toy
	fuse wire.Fuse
	kept *line
}

// line is a connection that carries lines.
type line struct {
	*wire.Conn
	rest []byte // read, and not taken yet
}

// next takes the next line until a deadline.
func (l *line) next(until time.Time) (string, error) {
	l.Begin(until)
	for {
		if taken, rest, ok := bytes.Cut(l.rest, []byte("\n")); ok {
			l.rest = rest
			return string(taken), nil
		}
		more := make([]byte, 1024)
		n, err := l.Read(more)
		if l.rest = append(l.rest, more[:n]...); err != nil {
			return "", err
		}
	}
}

func (c *client) dial(ctx context.Context) (*line, error) {
	dialling, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	raw, err := c.dialer.Dial(dialling, c.dialer.Target())
	if err != nil {
		return nil, err
	}
	l := &line{Conn: wire.NewConn(raw)}
	l.Give(&c.fuse)
	return l, nil
}

// failed is the outcome of a call that err ended.
func (c *client) failed(err error) load.Outcome {
	if c.fuse.Blown() {
		err = wire.ErrCut
	}
	class, text := wire.Classify(err)
	return load.Outcome{Class: class, Error: text, Unfinished: wire.IsCut(err)}
}

// exchange sends a line and takes the next one.
func (c *client) exchange(l *line, send string) (answer string, o load.Outcome) {
	sent := time.Now()
	l.Begin(sent.Add(c.timeout))
	_, err := io.WriteString(l, send+"\n")
	if err == nil {
		answer, err = l.next(sent.Add(c.timeout))
	}
	if err != nil {
		return "", c.failed(err)
	}
	return answer, load.Outcome{Sent: sent, Ended: time.Now(), Class: tally.OK, BytesReceived: int64(len(answer))}
}

// Do sends an echo.
func (c *client) Do(ctx context.Context, call *plan.Call, v load.Values) load.Outcome {
	c.fuse.Watch(ctx)
	if c.kept == nil {
		l, err := c.dial(ctx)
		if err != nil {
			return c.failed(err)
		}
		c.kept = l
	}
	send := string(v.Append(nil, plan.Text(call.Content.(text))))
	answer, o := c.exchange(c.kept, "echo "+send)
	switch {
	case o.Class != tally.OK:
		c.Close()
	case answer != send:
		o.Class, o.Error = tally.Expect, "the echo is another"
	default:
		for _, s := range call.Save {
			v.Save(s.Slot, profile.Value{Kind: profile.TextValue, Text: answer})
		}
	}
	return o
}

// Open begins a stream.
func (c *client) Open(ctx context.Context, call *plan.Call, v load.Values) (load.Stream, load.Outcome) {
	c.fuse.Watch(ctx)
	l, err := c.dial(ctx)
	if err != nil {
		return nil, c.failed(err)
	}
	answer, o := c.exchange(l, "open "+string(v.Append(nil, plan.Text(call.Content.(text)))))
	if o.Class == tally.OK && answer != "ok" {
		o.Class, o.Error = tally.Status, answer
	}
	if o.Class != tally.OK {
		l.Close()
		return nil, o
	}
	return &stream{client: c, line: l}, o
}

func (c *client) Idle() {}

func (c *client) Close() error {
	c.fuse.Unwatch()
	if c.kept == nil {
		return nil
	}
	defer func() { c.kept = nil }()
	return c.kept.Close()
}

// stream is lines that keep coming.
type stream struct {
	*client
	*line
	bytes int64
}

func (s *stream) Send(m *plan.Message, v load.Values) load.Outcome {
	sent := time.Now()
	s.Begin(sent.Add(s.timeout))
	if _, err := s.Write(append(v.Append(nil, m.Content.(message).send), '\n')); err != nil {
		return s.failed(err)
	}
	return load.Outcome{Sent: sent, Class: tally.OK}
}

func (s *stream) Receive(m *plan.Message, v load.Values, deadline time.Time) load.Received {
	got, err := s.next(deadline)
	if err != nil {
		r := load.Received{Event: load.Broken, Outcome: s.failed(err)}
		if r.Class == tally.Timeout && !r.Unfinished {
			r.Event = load.Late
		}
		return r
	}
	if got == "end" {
		return load.Received{Event: load.Ended}
	}
	s.bytes += int64(len(got))
	r := load.Received{Event: load.Answered, Outcome: load.Outcome{Ended: time.Now(), Class: tally.OK, BytesReceived: int64(len(got))}}
	begins := string(v.Append(nil, m.Content.(message).begins))
	switch good := strings.HasPrefix(got, begins); {
	case !good && m.Sends:
		r.Event = load.Passed
	case !good:
		r.Class, r.Error = tally.Expect, fmt.Sprintf("expected a line that begins with %s", begins)
	default:
		for _, save := range m.Save {
			v.Save(save.Slot, profile.Value{Kind: profile.TextValue, Text: strings.TrimPrefix(got, begins)})
		}
	}
	return r
}

func (s *stream) End() load.Outcome {
	defer s.fuse.Release()
	if err := s.line.Close(); err != nil {
		return s.failed(err)
	}
	return load.Outcome{Class: tally.OK, BytesReceived: s.bytes}
}
