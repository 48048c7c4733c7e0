package profile

import (
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

func (r *reader) target(n *yaml.Node, t *Target) {
	r.Mapping(n,
		strict.Need("url", "Scheme, host and optionally a path that every request begins with. ${port} is a free port chosen for the run.",
			"write what to load, for example: url: http://127.0.0.1:8080", r.url(&t.URL)),
		strict.Key("socket", "A unix socket to connect to; the URL still gives the Host header.", r.template(&t.Socket)),
		strict.Key("headers", "Sent with every request; a step's own header of the same name replaces it.", func(n *yaml.Node) {
			r.inUser = true
			t.Headers = r.headers(n, headerName)
			r.inUser = false
		}),
		strict.Key("timeout", "For one request, connecting included.", r.Duration(&t.Timeout, time.Millisecond)),
		strict.Key("http", "The HTTP version; auto: what TLS negotiates, and 1.1 without TLS. 3 is slower to send, and for services that speak it.", strict.OneOf(r.Reader, &t.HTTP, HTTPAuto, HTTP1, HTTP2, HTTP3)),
		strict.Key("redirects", "How many redirects are followed; with 0, a 3xx is the answer.", r.Int(&t.Redirects, 0, maxRedirects)),
		strict.Key("cookies", "Whether each user keeps cookies.", r.Bool(&t.Cookies)),
		strict.Key("connections", "per-user, or shared and a number: so many for all users.", r.connections(&t.Connections)),
		strict.Key("tls", "How the certificate of the system is verified, and a client certificate.", func(n *yaml.Node) { r.tls(n, &t.TLS) }),
		strict.Key("graphql", "Where the system answers GraphQL, and its schema.", func(n *yaml.Node) { r.graphqlTarget(n, &t.GraphQL) }),
		strict.Key("grpc", "Where gRPC is spoken, and where its messages are described: proto, protoset, or else the reflection of the system.", func(n *yaml.Node) { t.GRPC = r.grpcTarget(n) }),
		strict.Key("start", "How Plimsoll builds and starts the system itself.", func(n *yaml.Node) { t.Start = r.start(n) }),
		strict.Key("locust", "Locust loads the target, as a locustfile says: the profile then has no users.", func(n *yaml.Node) { t.Locust = r.locust(n) }),
	)
	r.onlyOwn(n)
	if t.HTTP == HTTP3 {
		r.http3(n, t)
	}
}

// http3 refuses a target that QUIC cannot reach. A URL that begins with a variable is checked when the clients are
// made.
func (r *reader) http3(n *yaml.Node, t *Target) {
	if strings.HasPrefix(string(t.URL), "http://") {
		r.Problem(strict.Get(n, "http"), "HTTP/3 is always encrypted: give a url that begins with https://")
	}
	if t.Socket != "" {
		r.Problem(strict.Get(n, "socket"), "HTTP/3 goes over UDP: leave socket out, or write http: 2")
	}
}

// maxRedirects is the number that browsers follow.
const maxRedirects = 20

var connections = strict.NewPattern(`^(per-user|shared [1-9][0-9]{0,5})$`, "per-user, or shared and a number, such as shared 10")

func (r *reader) connections(to *int) strict.Read {
	return r.Match(connections, func(n *yaml.Node, text string) {
		number, isShared := strings.CutPrefix(text, "shared ")
		if !isShared {
			return
		}
		value := *n
		value.Tag, value.Value = "!!int", number
		r.Int(to, 1, maxUsers)(&value)
	})
}

func (r *reader) tls(n *yaml.Node, t *TLS) {
	r.Mapping(n,
		strict.Key("ca", "A PEM file of authorities to trust instead of the machine's.", r.pem(&t.CA, "CERTIFICATE")),
		strict.Key("cert", "A PEM file with the client certificate.", r.pem(&t.Cert, "CERTIFICATE")),
		strict.Key("key", "A PEM file with its private key.", r.pem(&t.Key, "PRIVATE KEY")),
		strict.Key("server_name", "The name that the certificate must have, when it is not the URL's host.", r.Text(&t.ServerName)),
		strict.Key("insecure", "Accept any certificate.", r.Bool(&t.Insecure)),
	)
	r.Together(n, "cert", "key", "a client certificate needs both cert and key")
}

// pem reads a file that must contain a block of the kind.
func (r *reader) pem(to *[]byte, kind string) strict.Read {
	return r.file(func(n *yaml.Node, content []byte) {
		for rest := content; ; {
			block, after := pem.Decode(rest)
			if block == nil {
				r.Problem(n, "%s has no PEM block %q", n.Value, kind)
				return
			}
			if strings.HasSuffix(block.Type, kind) {
				*to = content
				return
			}
			rest = after
		}
	})
}

// urlForm leaves a URL that begins with a variable alone: any part of it may be in there.
var urlForm = strict.NewPattern(`^(\$\{.*|https?://[^/ ?#][^ ?#]*)$`, "a URL such as http://127.0.0.1:8080").Explained(explainURL)

// url reads an address. A variable may contain any part of it, so only the syntax of the rest
// is checked.
func (r *reader) url(to *Template) strict.Read {
	return r.templateForm(urlForm, func(_ *yaml.Node, text Template) {
		*to = Template(strings.TrimRight(string(text), "/"))
	})
}

// explainURL says what is wrong with an address.
func explainURL(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	switch {
	case !ok || (scheme != "http" && scheme != "https"):
		return fmt.Sprintf("%s does not begin with http:// or https://", strict.Quote(text))
	case rest == "" || strings.HasPrefix(rest, "/"):
		return fmt.Sprintf("%s names no host", strict.Quote(text))
	default:
		return fmt.Sprintf("%s contains a space, ? or #; a query belongs to a request", strict.Quote(text))
	}
}

func (r *reader) start(n *yaml.Node) *Start {
	s := &Start{Dir: ".", Ready: Ready{Kind: ReadyTCP, Within: 30 * time.Second}, StopWithin: 10 * time.Second}
	r.Mapping(n,
		strict.Key("build", "A command line that a shell runs once before the start; it is not measured.", r.template(&s.Build)),
		strict.Need("command", "The command line of the shell that starts the system; ${port} is the port that it must listen on.",
			"write how the system is started, for example: command: bin/shop -addr 127.0.0.1:${port}", r.template(&s.Command)),
		strict.Key("dir", "Where both commands run; relative to the profile.", r.Text(&s.Dir)),
		strict.Key("env", "Environment variables of both commands.", func(n *yaml.Node) { s.Env = r.headers(n, envName) }),
		strict.Key("ready", "How to tell that the system is up.", func(n *yaml.Node) { r.ready(n, &s.Ready) }),
		strict.Key("stop_within", "How long the system may take to end before it is killed.", r.Duration(&s.StopWithin, 0)),
	)
	return s
}

var readyPath = strict.NewPattern(`^GET /.*$`, "a check such as GET /health")

var readyService = strict.NewPattern(`^\S+$`, "health, or the name of a service such as shop.v1.Search")

func (r *reader) ready(n *yaml.Node, ready *Ready) {
	is := func(kind ReadyKind, read strict.Read) strict.Read {
		return func(n *yaml.Node) { ready.Kind = kind; read(n) }
	}
	tcp := "true"
	r.Mapping(n,
		strict.Key("http", "A path that must answer with a status below 400, such as GET /health.", is(ReadyHTTP,
			r.Match(readyPath, func(_ *yaml.Node, text string) {
				ready.Path = strings.TrimPrefix(text, "GET ")
			}))),
		strict.Key("tcp", "true: the port must accept connections.", is(ReadyTCP, strict.OneOf(r.Reader, &tcp, "true"))),
		strict.Key("grpc", "health: the server must say so as grpc.health.v1.Health, for itself or for a service such as shop.v1.Search.", is(ReadyGRPC,
			r.Match(readyService, func(_ *yaml.Node, text string) {
				if ready.Health = text; text == "health" {
					ready.Health = ""
				}
			}))),
		strict.Key("log", "A text that must appear in the system's output.", is(ReadyLog, r.Text(&ready.Log))),
		strict.Key("within", "How long that may take.", r.Duration(&ready.Within, time.Millisecond)),
	)
	r.AtMostOne(n, "one way of being ready is enough", "http", "tcp", "grpc", "log")
}
