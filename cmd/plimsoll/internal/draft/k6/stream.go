package k6

import (
	"path"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// socket is a WebSocket that a script has opened: what it sends becomes the messages of one step.
type socket struct {
	step     *script.Step
	messages *script.List
	listens  bool // it has a function for messages
	closed   bool
	of       *script.Native
}

// websockets are the modules k6/ws and k6/websockets.
func (l *library) websockets(from string) *script.Native {
	connect := asking("ws.connect", func(c *script.Invocation) script.Value {
		s := l.newSocket(c, c.Arg(0, ""))
		params, then := c.Arg(1, ""), c.Arg(2, "")
		if then == nil {
			params, then = nil, params
		}
		if p, is := params.(*script.Dict); is {
			if headers, is := get(p, "headers").(*script.Dict); is {
				s.step.Headers = headers.Clone()
			}
		}
		l.within(s, func() { c.M.Call(c.At, then, s.of) })
		l.end(c.M, s)
		return &script.Answer{Of: s.step}
	})
	open := asking("WebSocket", func(c *script.Invocation) script.Value {
		s := l.newSocket(c, c.Arg(0, ""))
		if p, is := c.Arg(2, "").(*script.Dict); is {
			if headers, is := get(p, "headers").(*script.Dict); is {
				s.step.Headers = headers.Clone()
			}
		}
		l.sockets = append(l.sockets, s)
		return s.of
	})
	return module(from, map[string]script.Value{"connect": connect, "WebSocket": open})
}

func (l *library) newSocket(c *script.Invocation, address script.Value) *socket {
	s := &socket{step: &script.Step{At: c.At, Protocol: "websocket", URL: address}, messages: &script.List{}}
	s.step.Extra = script.NewDict("messages", s.messages)
	c.M.Emit(s.step)
	listen := native("on", func(c *script.Invocation) script.Value {
		switch c.Text(0, "") {
		case "open":
			l.within(s, func() { c.M.Call(c.At, c.Arg(1, ""), s.of) })
		case "message", "binaryMessage":
			s.listens = true
		}
		return nil
	})
	later := native("setTimeout", func(c *script.Invocation) script.Value {
		if text, ok := script.Span(c.Arg(1, ""), 0.001); ok && text != "0s" {
			s.messages.Items = append(s.messages.Items, script.NewDict("wait", text))
		}
		c.M.Call(c.At, c.Arg(0, ""))
		return nil
	})
	s.of = &script.Native{Name: "a WebSocket", Has: map[string]script.Value{
		"on": listen, "addEventListener": listen, "setTimeout": later,
		"send": asking("send", func(c *script.Invocation) script.Value {
			v := c.Arg(0, "")
			if json, is := v.(*script.JSON); is {
				v = json.Of
			}
			s.messages.Items = append(s.messages.Items, script.NewDict("send", v))
			return nil
		}),
		"close": nothing("close"), "ping": nothing("ping"), "setInterval": native("setInterval", func(c *script.Invocation) script.Value {
			c.M.Note(c.At, "what this sends again and again is sent once")
			return c.M.Call(c.At, c.Arg(0, ""))
		}),
	}}
	return s
}

// within follows what a socket does when it is open: sleeps in it are waits between its messages.
func (l *library) within(s *socket, do func()) {
	before := l.inside
	l.inside = s
	do()
	l.inside = before
}

// finish calls what sockets do when they are open, after the function that opened them.
func (r *reader) finish() {
	l := r.library
	for _, s := range l.sockets {
		l.end(r.m, s)
	}
	l.cookies = nil
	l.sockets = nil
}

// end writes what a socket awaits.
func (l *library) end(m *script.Machine, s *socket) {
	if s.closed {
		return
	}
	s.closed = true
	if s.of.Has["onmessage"] != nil {
		s.listens = true
	}
	if f := s.of.Has["onopen"]; f != nil {
		l.within(s, func() { m.Call(s.step.At, f) })
	}
	for _, item := range s.messages.Items {
		if d, is := item.(*script.Dict); is && get(d, "send") != nil && !s.listens {
			d.Set("reply", "none")
		}
	}
	if s.listens && len(s.messages.Items) == 0 {
		s.messages.Items = append(s.messages.Items, script.NewDict("receive", int64(1)))
	}
	if len(s.messages.Items) == 0 {
		s.step.Extra = nil
	}
}

// grpcModule is the module k6/net/grpc.
func (l *library) grpcModule() *script.Native {
	client := native("grpc.Client", func(*script.Invocation) script.Value {
		return &script.Native{Name: "a client of gRPC", Has: map[string]script.Value{
			"load": native("client.load", func(c *script.Invocation) script.Value {
				l.loaded = [2]script.Value{c.Arg(0, ""), &script.List{Items: c.Args[min(1, len(c.Args)):]}}
				return nil
			}),
			"loadProtoset": native("client.loadProtoset", func(c *script.Invocation) script.Value {
				l.loaded = [2]script.Value{c.Arg(0, ""), nil}
				return nil
			}),
			"connect": native("client.connect", l.connect),
			"invoke":  asking("client.invoke", l.invoke), "asyncInvoke": asking("client.asyncInvoke", l.invoke),
			"close": nothing("client.close"),
		}}
	})
	has := map[string]script.Value{"Client": client, "Stream": asking("grpc.Stream", func(c *script.Invocation) script.Value {
		c.M.Note(c.At, "a stream of gRPC is not read: write it with messages")
		return &script.Native{Name: "a stream of gRPC", Has: map[string]script.Value{"on": nothing("on"), "write": nothing("write"), "end": nothing("end")}}
	})}
	for i, name := range []string{"OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied"} {
		has["Status"+name] = int64(i)
	}
	return module("k6/net/grpc", has)
}

// connect says where calls of gRPC go.
func (l *library) connect(c *script.Invocation) script.Value {
	address, ok := c.M.StringOf(c.Arg(0, ""))
	params, _ := c.Arg(1, "").(*script.Dict)
	if !ok || l.grpc != nil {
		if !ok {
			c.M.Note(c.At, "where this connects to is not known: give target.grpc.url")
		}
		return nil
	}
	scheme := "https://"
	if get(params, "plaintext") == true {
		scheme = "http://"
	}
	l.grpc = draft.Map{{Key: "url", Value: scheme + address}}
	if get(params, "reflect") == true {
		return nil
	}
	dir := path.Dir(l.in.Name)
	text := func(v script.Value) (all []any) {
		if list, is := v.(*script.List); is {
			for _, item := range list.Items {
				if s, ok := c.M.StringOf(item); ok {
					all = append(all, s)
				}
			}
		}
		return all
	}
	if set, is := l.loaded[0].(string); is {
		l.grpc = append(l.grpc, draft.Entry{Key: "protoset", Value: path.Join(dir, set)})
		return nil
	}
	roots := []any{}
	for _, root := range text(l.loaded[0]) {
		roots = append(roots, path.Join(dir, root.(string)))
	}
	if files := text(l.loaded[1]); len(files) > 0 {
		if len(roots) == 0 {
			roots = []any{dir}
		}
		for i, file := range files { // a path that leads out of its root names another root
			if name := file.(string); strings.HasPrefix(name, "..") {
				place := path.Join(roots[0].(string), name)
				files[i] = path.Base(place)
				roots = append(roots, path.Dir(place))
			}
		}
		l.grpc = append(l.grpc, draft.Entry{Key: "proto", Value: files}, draft.Entry{Key: "import", Value: roots})
	}
	return nil
}

// invoke makes a step of a unary call.
func (l *library) invoke(c *script.Invocation) script.Value {
	s := &script.Step{At: c.At, Protocol: "grpc", Method: "grpc", URL: c.Arg(0, ""), Body: c.Arg(1, "")}
	if text, ok := c.M.StringOf(s.URL); ok {
		s.URL = strings.TrimPrefix(text, "/")
	}
	if p, is := c.Arg(2, "").(*script.Dict); is {
		if metadata, is := get(p, "metadata").(*script.Dict); is {
			s.Headers = metadata.Clone()
		}
	}
	c.M.Emit(s)
	return &script.Answer{Of: s}
}
