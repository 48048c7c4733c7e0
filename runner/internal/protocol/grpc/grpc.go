// Package grpc makes the gRPC calls of a plan: unary ones and the three kinds of streams.
//
// New compiles the heads of calls; messages are compiled once the services are described, in New with
// .proto files or a protoset, in Ask if the server describes them. A call without variables allocates
// nothing. It runs over the connections of package h2, of each user's own or shared, without grpc-go,
// which costs several times the processor time.
//
// A call ends with a code (https://grpc.io/docs/guides/status-codes). Another one than expected is class
// status. A call that ran out of time, here or at the server, is class timeout: both clocks run from the same
// instant, and either may be first. Anything that a gRPC server must not do is class transport: no HTTP/2, no
// trailers, a reset, a broken length, another content type. The HTTP status or the reset is named, with the
// code that gRPC gives it (grpc/doc/http-grpc-status-mapping.md, grpc/doc/PROTOCOL-HTTP2.md).
//
// A unary call carries the target's time-out as grpc-timeout. A stream does not: its messages are timed one by
// one. A call is sent again only if the server says that it has done nothing for it, up to five times.
package grpc

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/message"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// Clients makes the clients of one run. Safe for concurrent use.
type Clients struct {
	target *plan.Target
	dialer *wire.Dialer
	maker  *h2.Maker
	most   int         // bytes of a message
	calls  []*compiled // by plan.Call.Index; nil for calls of other protocols
	lines  []*line     // shared ones; none if each user has its own
	users  atomic.Int64
	works  sync.Pool // of *work, for the calls under way
}

// New compiles the gRPC calls of a plan. It connects to nothing. If the methods are described already, it fails
// if a message does not fit its method.
func New(p *plan.Plan, d *wire.Dialer) (*Clients, error) {
	var err error
	if p.Target.GRPC.URL != p.Target.URL {
		if d, err = d.For(p.Target.ForGRPC()); err != nil {
			return nil, err
		}
	}
	f := newClients(&p.Target, d)
	f.compileHeads(p)
	if p.Target.GRPC.Described == nil {
		return f, nil
	}
	types, err := message.NewTypes(p.Target.GRPC.Described)
	if err != nil {
		return nil, err
	}
	return f, f.describe(types)
}

func newClients(t *plan.Target, d *wire.Dialer) *Clients {
	f := &Clients{target: t, dialer: d, maker: h2.NewMaker(), most: t.GRPC.MaxMessage}
	f.works.New = func() any { return &work{in: inbox{most: f.most}} }
	for range t.Connections {
		f.lines = append(f.lines, newSharedLine())
	}
	return f
}

// Client makes the client of one user. gRPC has no cookies.
func (f *Clients) Client(*jar.Jar) load.Client { return f.newUser() }

// newUser makes the client of one user.
func (f *Clients) newUser() *client {
	u := &client{clients: f}
	if n := len(f.lines); n > 0 {
		u.line = f.lines[int(f.users.Add(1)-1)%n]
	} else {
		u.line = &line{}
	}
	return u
}

// Spoken names the protocol.
func (f *Clients) Spoken() string { return "gRPC" }

// Close closes the connections that users share. Close the clients first.
func (f *Clients) Close() error {
	var errs []error
	for _, l := range f.lines {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}

// fields are the fields of a call's head, and the texts of those that vary, in the same order. A timeout of 0
// sends none.
func (f *Clients) fields(method string, metadata []plan.Header, timeout time.Duration) (fields []h2.Field, varying []plan.Text) {
	at := f.dialer.Target()
	fields = []h2.Field{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: at.Scheme}, {Name: ":authority", Value: at.Authority()}, {Name: ":path", Value: "/" + method},
		{Name: "te", Value: "trailers"}, {Name: "content-type", Value: contentType},
	}
	if timeout > 0 {
		fields = append(fields, h2.Field{Name: "grpc-timeout", Value: timeoutText(timeout)})
	}
	fields = append(fields, h2.Field{Name: "grpc-accept-encoding", Value: "gzip"})
	if f.target.GRPC.Compress != "" {
		fields = append(fields, h2.Field{Name: "grpc-encoding", Value: f.target.GRPC.Compress})
	}
	given := map[string]bool{}
	for _, m := range metadata {
		given[m.Name] = true
		value, static := m.Value.Static()
		switch {
		case m.Name == "host":
			if static {
				fields[2].Value = value
			}
		case ours(m.Name):
		case !static:
			fields = append(fields, h2.Field{Name: m.Name, Varies: true, Secret: secret(m.Name)})
			varying = append(varying, m.Value)
		default:
			if strings.HasSuffix(m.Name, "-bin") {
				value = strings.TrimRight(value, "=") // as implementations should send it
			}
			fields = append(fields, h2.Field{Name: m.Name, Value: value, Secret: secret(m.Name)})
		}
	}
	for _, own := range [][2]string{{"user-agent", "plimsoll"}, {"authorization", f.dialer.Authorization()}} {
		if own[1] != "" && !given[own[0]] {
			fields = append(fields, h2.Field{Name: own[0], Value: own[1], Secret: secret(own[0])})
		}
	}
	return fields, varying
}

// ours reports whether only this package writes a field: target.headers may have it for HTTP.
func ours(name string) bool {
	switch name {
	case "content-type", "te", "connection", "keep-alive", "proxy-connection", "proxy-authorization", "upgrade", "accept", "accept-encoding":
		return true
	}
	return false
}

// secret reports whether no table may keep the value of a field.
func secret(name string) bool { return name == "authorization" || name == "cookie" }

// statusText is an HTTP status with its name.
func statusText(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}
