package k6

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// socket is a WebSocket that a script has opened: what happens on it becomes the messages of one step.
type socket struct {
	step     *script.Step
	messages *script.List
	of       *script.Native
	opens    []listener // functions for when it is open
	hears    []listener // functions for messages
	timers   []timer
	listens  bool // it has a function for messages
	closed   bool // the script has closed it
	mayClose bool // a function for messages closes it
	ended    bool
}

// listener is a function that the script gives a socket.
type listener struct {
	at    script.At
	do    script.Value
	event bool // it takes an event with the data, and not the data itself
}

// frame is the protocol of what is done on a socket that is open: it is a message, or, with no Extra, the end.
const frame = "frame"

// websockets are the modules k6/ws and k6/websockets.
func (l *library) websockets(from string) *script.Native {
	connect := asking("ws.connect", func(c *script.Invocation) script.Value {
		params, then := c.Arg(1, ""), c.Arg(2, "")
		if then == nil {
			params, then = nil, params
		}
		s := l.newSocket(c, nil, params)
		l.within(c.M, s, func() { c.M.Call(c.At, then, s.of) })
		l.end(c.M, s)
		return &script.Answer{Of: s.step}
	})
	open := asking("WebSocket", func(c *script.Invocation) script.Value {
		s := l.newSocket(c, c.Arg(1, ""), c.Arg(2, ""))
		l.sockets = append(l.sockets, s)
		return s.of
	})
	constants := map[string]script.Value{"connect": connect, "WebSocket": open, "Params": nil}
	for i, name := range []string{"CONNECTING", "OPEN", "CLOSING", "CLOSED"} {
		constants[name] = int64(i)
	}
	for _, name := range []string{"Blob", "BinaryType", "EventName"} {
		constants[name] = native(name, same)
	}
	return module(from, constants)
}

func (l *library) newSocket(c *script.Invocation, protocols, params script.Value) *socket {
	s := &socket{step: &script.Step{At: c.At, Protocol: "websocket", URL: c.Arg(0, "")}, messages: &script.List{}}
	s.step.Extra = script.NewDict("messages", s.messages)
	if p, is := params.(*script.Dict); is {
		l.params(c, s.step, p)
	}
	if d := s.step.Headers; d != nil {
		for _, key := range slices.Clone(d.Keys) {
			if strings.EqualFold(key, "Sec-WebSocket-Protocol") {
				protocols = get(d, key)
				d.Delete(key)
			}
		}
	}
	if l, is := protocols.(*script.List); protocols != nil && (!is || len(l.Items) > 0) {
		s.step.Extra = script.NewDict("subprotocol", protocols, "messages", s.messages)
	}
	c.M.Emit(s.step)
	l.methods(s)
	return s
}

// methods are what a script calls of a socket.
func (l *library) methods(s *socket) {
	sends := func(binary bool) func(c *script.Invocation) script.Value {
		return func(c *script.Invocation) script.Value {
			v := c.Arg(0, "")
			if json, is := v.(*script.JSON); is {
				v = json.Of
			}
			message := script.NewDict("send", v)
			if binary {
				message.Set("binary", true)
			}
			l.do(c, s, message)
			return nil
		}
	}
	left := func(what string) *script.Native {
		return native(what, func(c *script.Invocation) script.Value {
			c.M.Note(c.At, "%s has no word in a profile, and is left out", what)
			return nil
		})
	}
	s.of = &script.Native{Name: "a WebSocket", Has: map[string]script.Value{
		"on": native("on", s.listen(false)), "addEventListener": native("addEventListener", s.listen(true)),
		"setTimeout":  native("setTimeout", func(c *script.Invocation) script.Value { return s.schedule(c, false) }),
		"setInterval": native("setInterval", func(c *script.Invocation) script.Value { return s.schedule(c, true) }),
		"send":        asking("send", sends(false)), "sendBinary": asking("sendBinary", sends(true)),
		"ping": left("a ping"), "removeEventListener": left("removing a function of a socket"),
		"readyState": int64(1), "bufferedAmount": int64(0), "url": s.step.URL, "binaryType": "", "extensions": "", "protocol": "",
		"close": native("close", func(c *script.Invocation) script.Value {
			l.do(c, s, nil)
			return nil
		}),
	}}
}

// listen keeps a function for an event of a socket.
func (s *socket) listen(event bool) func(c *script.Invocation) script.Value {
	return func(c *script.Invocation) script.Value {
		does := listener{c.At, c.Arg(1, ""), event}
		if f, is := does.do.(*script.Closure); is {
			does.at = f.Of.At
		}
		switch what := c.Text(0, ""); what {
		case "open":
			s.opens = append(s.opens, does)
		case "message", "binaryMessage":
			s.listens = true
			s.hears = append(s.hears, does)
		default:
			if c.M.Asks(does.do) {
				c.M.Note(does.at, "what this does on %q of a socket is left out", what)
			}
		}
		return nil
	}
}

// do adds a message to the handler that is being followed or, outside of one, to the socket. nil closes the socket.
func (l *library) do(c *script.Invocation, s *socket, message *script.Dict) {
	step := &script.Step{At: c.At, Protocol: frame, Extra: message}
	if l.inside == s {
		c.M.Emit(step)
		return
	}
	if message != nil && !s.closed {
		s.messages.Items = append(s.messages.Items, message)
	}
}

// within follows a function of a socket, and adds what it does there to the messages. Its requests follow the socket.
func (l *library) within(m *script.Machine, s *socket, do func()) {
	for _, step := range l.record(m, s, do) {
		l.take(m, s, step)
	}
}

// record follows a function of a socket: sleeps in it are waits between messages.
func (l *library) record(m *script.Machine, s *socket, do func()) []*script.Step {
	before := l.inside
	l.inside = s
	steps := m.Record(do)
	l.inside = before
	return steps
}

// maxWritten is how often messages that go round together are written out.
const maxWritten = 20

// take adds a step of a function of a socket to its messages.
func (l *library) take(m *script.Machine, s *socket, step *script.Step) {
	if !framed(step) {
		if step.Wait != "" && !s.closed {
			s.messages.Items = append(s.messages.Items, script.NewDict("wait", step.Wait))
		} else if step.Wait == "" {
			m.Emit(step)
		}
		return
	}
	if len(step.If) > 0 {
		m.Note(step.At, "messages have no conditions in a profile; what this sends is always sent")
	}
	switch {
	case s.closed:
	case step.Protocol != frame:
		s.write(m, step, func() {
			for _, inner := range step.Steps {
				l.take(m, s, inner)
			}
		})
	case step.Extra == nil:
		s.closed = len(step.If) == 0
	case step.Repeat != "":
		message := step.Extra.Clone()
		message.Set("repeat", times(step.Repeat))
		s.messages.Items = append(s.messages.Items, message)
	default:
		s.messages.Items = append(s.messages.Items, step.Extra)
	}
}

// write writes a group of messages as often as it is done.
func (s *socket) write(m *script.Machine, group *script.Step, do func()) {
	n := 1
	if group.Repeat != "" {
		least, _, ranged := strings.Cut(group.Repeat, "..")
		n, _ = strconv.Atoi(least) // the machine wrote it
		if ranged || n > maxWritten {
			n = min(max(n, 1), maxWritten)
			m.Note(group.At, "these messages go round %s times; the profile has %d rounds", group.Repeat, n)
		}
	}
	for range n {
		do()
	}
}

func times(repeat string) script.Value {
	if n, err := strconv.Atoi(repeat); err == nil {
		return int64(n)
	}
	return repeat
}

// framed reports whether a step, or one below it, is done on a socket.
func framed(step *script.Step) bool {
	return step.Protocol == frame || slices.ContainsFunc(step.Steps, framed)
}

// sends reports whether a step, or one below it, sends a message.
func sends(step *script.Step) bool {
	return step.Protocol == frame && step.Extra != nil || slices.ContainsFunc(step.Steps, sends)
}

// closes reports whether a step, or one below it, closes the socket.
func closes(step *script.Step) bool {
	return step.Protocol == frame && step.Extra == nil || slices.ContainsFunc(step.Steps, closes)
}

// finish follows the handlers of sockets, after the function that opened them: k6 calls them only then.
func (r *reader) finish() {
	l := r.library
	for i := 0; i < len(l.sockets); i++ { // functions of one may open another
		l.end(r.m, l.sockets[i])
	}
	l.cookies = nil
	l.sockets = nil
}

// end follows the functions that a script has given a socket: those for its opening, for messages, and for later.
func (l *library) end(m *script.Machine, s *socket) {
	if s.ended {
		return
	}
	s.ended = true
	s.properties(m, "onopen")
	for i := 0; i < len(s.opens) && i < maxWritten; i++ { // one may add another
		l.within(m, s, func() { m.Call(s.opens[i].at, s.opens[i].do, s.of) })
	}
	s.properties(m, "onmessage", "onclose", "onerror", "onping", "onpong")
	if !s.closed {
		for _, one := range s.hears {
			l.hear(m, s, one)
		}
	} else if last := s.last(); last != nil && get(last, "send") != nil { // nothing waits for an answer
		last.Set("reply", "none")
	}
	l.runTimers(m, s)
	for _, item := range s.messages.Items {
		if d, is := item.(*script.Dict); is && get(d, "send") != nil && !s.listens {
			d.Set("reply", "none")
		}
	}
	if s.listens && len(s.messages.Items) == 0 {
		s.messages.Items = append(s.messages.Items, script.NewDict("receive", int64(1)))
	}
	if len(s.messages.Items) == 0 {
		s.step.Extra.Delete("messages")
	}
}

// properties takes the functions that a script has assigned: socket.onopen and its like.
func (s *socket) properties(m *script.Machine, names ...string) {
	for _, name := range names {
		if f := s.of.Has[name]; f != nil {
			s.listen(true)(&script.Invocation{M: m, At: s.step.At, Args: []script.Value{strings.TrimPrefix(name, "on"), f}})
		}
	}
}

// last is the last message; nil if there is none.
func (s *socket) last() *script.Dict {
	if len(s.messages.Items) == 0 {
		return nil
	}
	d, _ := s.messages.Items[len(s.messages.Items)-1].(*script.Dict)
	return d
}

// timer is a function that a socket calls later, after so many milliseconds, or again and again.
type timer struct {
	listener
	after, atMost float64
	every         bool
	done          int
	id            *script.Native // which clearTimeout and clearInterval are given
}

// schedule keeps a function for later.
func (s *socket) schedule(c *script.Invocation, every bool) script.Value {
	t := timer{listener: listener{at: c.At, do: c.Arg(0, "")}, every: every}
	if d, is := c.Arg(1, "").(*script.Drawn); is {
		t.after, t.atMost = d.Min, d.Max
	} else if f, known := script.NumberOf(c.Arg(1, "")); known || c.Arg(1, "") == nil {
		t.after, t.atMost = max(0, f), max(0, f)
	} else {
		c.M.Note(c.At, "how long this waits is not known, and the wait is left out")
	}
	t.id = &script.Native{Name: "a timer", Has: map[string]script.Value{}}
	s.timers = append(s.timers, t)
	return t.id
}

// cleared is what a timer has that the script has cleared.
const cleared = "cleared"

// clearTimer ends a timer of a socket.
func clearTimer(c *script.Invocation) script.Value {
	if id, is := c.Arg(0, "").(*script.Native); is && id.Has != nil {
		id.Has[cleared] = true
	}
	return nil
}

// runTimers follows what a socket does later, in the order of time.
func (l *library) runTimers(m *script.Machine, s *socket) {
	least, most := 0.0, 0.0
	for len(s.timers) > 0 {
		slices.SortStableFunc(s.timers, func(a, b timer) int { return cmp.Compare(a.after, b.after) })
		t := s.timers[0]
		s.timers = s.timers[1:]
		if t.id.Has[cleared] != nil {
			if t.done == 0 && m.Asks(t.do) {
				m.Note(t.at, "the script clears this timer, and what it sends is left out")
			}
			continue
		}
		period := t.after / float64(t.done+1)
		t.done++
		steps := l.record(m, s, func() { m.Call(t.at, t.do) })
		switch {
		case s.closed && slices.ContainsFunc(steps, sends) && t.done == 1:
			m.Note(t.at, "the socket is closed before this is sent, and it is left out")
			continue
		case s.closed || len(steps) == 0 || s.mayClose && !slices.ContainsFunc(steps, sends): // it is closed by a message
			continue
		}
		s.wait(max(0, t.after-least), max(0, t.atMost-most))
		least, most = t.after, t.atMost
		for _, step := range steps {
			l.take(m, s, step)
		}
		if once := slices.ContainsFunc(s.timers, func(t timer) bool { return !t.every }); t.every && !s.closed && t.id.Has[cleared] == nil {
			if !once || t.done >= maxWritten {
				m.Note(t.at, "what is sent again and again here ends in the profile after round %d", t.done)
				continue
			}
			t.after, t.atMost = period*float64(t.done+1), period*float64(t.done+1)
			s.timers = append(s.timers, t)
		}
	}
}

// wait waits between messages. A socket with a function for messages receives those that come.
func (s *socket) wait(least, most float64) {
	text := script.Wait(least/1000, most/1000)
	switch {
	case text == "0s" || text == "":
	case s.listens && least == most:
		s.messages.Items = append(s.messages.Items, script.NewDict("receive", script.NewDict("for", text)))
	default:
		s.messages.Items = append(s.messages.Items, script.NewDict("wait", text))
	}
}
