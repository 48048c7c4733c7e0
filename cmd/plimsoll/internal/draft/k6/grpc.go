package k6

import (
	"cmp"
	"path"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

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
			"healthCheck": native("client.healthCheck", func(c *script.Invocation) script.Value {
				c.M.Note(c.At, "healthCheck is left out: a profile asks for it before the load, with start.ready: {grpc: health}")
				return &script.Unknown{At: c.At, Why: "the answer of healthCheck"}
			}),
		}}
	})
	has := map[string]script.Value{"Client": client, "Stream": asking("grpc.Stream", func(c *script.Invocation) script.Value {
		c.M.Note(c.At, "a stream of gRPC is not read: write it as a step, grpc: %s with messages", strings.TrimPrefix(cmp.Or(c.Text(1, ""), "package.Service/Method"), "/"))
		return &script.Native{Name: "a stream of gRPC", Has: map[string]script.Value{"on": nothing("on"), "write": nothing("write"), "end": nothing("end"), "close": nothing("close")}}
	})}
	for i, name := range []string{"OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied", "ResourceExhausted",
		"FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated"} {
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
	p, _ := c.Arg(2, "").(*script.Dict)
	l.params(c, s, p)
	c.M.Emit(s)
	return &script.Answer{Of: s}
}
