package plan

import (
	"net/url"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// GRPC is the content of a gRPC call.
type GRPC struct {
	Method   string   // package.Service/Method
	Message  Tree     // NoTree for none
	Metadata []Header // target.headers first; names are in lower case, and values of names in -bin are base64
	Codes    []profile.Code
	Expect   []Condition
	Place    strict.Place
}

// GRPCMessage is the content of a step of a gRPC stream.
type GRPCMessage struct {
	Send   Tree // NoTree when nothing is sent
	Reply  []Condition
	Expect []Condition
	Place  strict.Place
}

// GRPCTarget is where gRPC is spoken.
type GRPCTarget struct {
	URL        string // scheme, host and port
	Shown      string // the URL for people
	MaxMessage int    // in bytes
	Compress   string // how messages that are sent are compressed: gzip; empty for not at all
	Described  []byte // a FileDescriptorSet; nil when the system describes itself
}

// ForGRPC is the target as gRPC connects to it: in HTTP/2, and at an address of its own if it has one.
func (t Target) ForGRPC() Target {
	t.HTTP = profile.HTTP2
	if t.GRPC.URL != t.URL {
		t.URL, t.Shown, t.Socket = t.GRPC.URL, t.GRPC.Shown, ""
	}
	return t
}

// words say where gRPC is spoken, if not at the target, and who describes its services.
func (t GRPCTarget) words(target string) string {
	where, by := "gRPC", "the profile"
	if t.URL != target {
		where = "gRPC at " + t.Shown
	}
	if t.Described == nil {
		by = "the server when the run starts"
	}
	return where + ": services and messages are described by " + by + ".\n"
}

// grpcTarget resolves where gRPC is spoken: at the target, unless the profile says otherwise.
func (r *Resolver) grpcTarget(t profile.Target, whole *Target) GRPCTarget {
	if t.GRPC == nil {
		return GRPCTarget{URL: whole.URL, Shown: whole.Shown, MaxMessage: profile.DefaultMaxMessage}
	}
	resolved := GRPCTarget{URL: whole.URL, Shown: whole.Shown, MaxMessage: t.GRPC.MaxMessage, Compress: t.GRPC.Compress, Described: t.GRPC.Described}
	if t.GRPC.URL == "" {
		return resolved
	}
	resolved.URL, resolved.Shown = r.text(t.GRPC.URL), profile.WithoutCredentials(t.GRPC.URL.Shown(r.values.port))
	u, err := url.Parse(resolved.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		r.Fail("target.grpc.url is not a valid URL once its variables are filled in; it must look like http://127.0.0.1:9090")
		return resolved
	}
	for _, host := range defaultHosts(u.Hostname()) {
		if r.profile.Limits.Hosts == nil && !slices.Contains(whole.Hosts, host) {
			whole.Hosts = append(whole.Hosts, host)
		}
	}
	return resolved
}

func grpcContent(r *Resolver, c *profile.Call) any {
	g := c.Content.(*profile.GRPC)
	resolved := &GRPC{Method: g.Method, Message: r.Tree(g.Message), Codes: g.Codes, Expect: newConditions(g.Expect), Place: g.Place}
	for _, h := range r.profile.Target.Headers {
		if !named(g.Metadata, h.Name) {
			resolved.Metadata = append(resolved.Metadata, r.metadata(h))
		}
	}
	for _, h := range g.Metadata {
		resolved.Metadata = append(resolved.Metadata, r.metadata(h))
	}
	return resolved
}

func (r *Resolver) metadata(h profile.Header) Header {
	return Header{strings.ToLower(h.Name), r.Text(h.Value, HeaderValue)}
}

func grpcMessage(r *Resolver, m *profile.Message) any {
	g := m.Content.(*profile.GRPCMessage)
	return &GRPCMessage{Send: r.Tree(g.Send), Reply: newConditions(g.Reply), Expect: newConditions(g.Expect), Place: g.Place}
}

func newConditions(conditions []profile.Condition) (made []Condition) {
	for _, c := range conditions {
		made = append(made, NewCondition(c))
	}
	return made
}
