package profile

import (
	"encoding/pem"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

func (r *reader) target(n *yaml.Node, t *Target) {
	r.Mapping(n, strict.Fields{
		"url":       func(n *yaml.Node) { t.URL = r.url(n) },
		"socket":    func(n *yaml.Node) { t.Socket = r.template(n) },
		"headers":   func(n *yaml.Node) { r.inUser = true; t.Headers = r.headers(n); r.inUser = false },
		"timeout":   func(n *yaml.Node) { t.Timeout = r.Duration(n, time.Millisecond) },
		"http":      func(n *yaml.Node) { t.HTTP = HTTPVersion(r.OneOf(n, string(HTTPAuto), string(HTTP1), string(HTTP2))) },
		"redirects": func(n *yaml.Node) { t.Redirects = r.Int(n, 0, maxRedirects) },
		"cookies":   func(n *yaml.Node) { t.Cookies = r.Bool(n) },
		"connections": func(n *yaml.Node) {
			text, isShared := strings.CutPrefix(r.Text(n), "shared ")
			number, err := strconv.Atoi(text)
			switch {
			case text == "per-user":
			case !isShared || err != nil || number < 1 || number > maxUsers:
				r.Problem(n, "%q is not known here; write per-user, or shared and a number, such as shared 10", n.Value)
			default:
				t.Connections = number
			}
		},
		"tls":   func(n *yaml.Node) { r.tls(n, &t.TLS) },
		"start": func(n *yaml.Node) { t.Start = r.start(n) },
	})
	r.required(n, map[string]string{"url": "write what to load, for example: url: http://127.0.0.1:8080"})
}

// maxRedirects is as many as browsers follow.
const maxRedirects = 20

func (r *reader) tls(n *yaml.Node, t *TLS) {
	r.Mapping(n, strict.Fields{
		"ca":          func(n *yaml.Node) { t.CA = r.pem(n, "CERTIFICATE") },
		"cert":        func(n *yaml.Node) { t.Cert = r.pem(n, "CERTIFICATE") },
		"key":         func(n *yaml.Node) { t.Key = r.pem(n, "PRIVATE KEY") },
		"server_name": func(n *yaml.Node) { t.ServerName = r.Text(n) },
		"insecure":    func(n *yaml.Node) { t.Insecure = r.Bool(n) },
	})
	if has(n, "cert") != has(n, "key") {
		r.Problem(n, "a certificate of our own needs both cert and key")
	}
}

// pem reads a file that must hold a block of the kind.
func (r *reader) pem(n *yaml.Node, kind string) []byte {
	content := r.file(n)
	for rest := content; rest != nil; {
		block, after := pem.Decode(rest)
		if block == nil {
			r.Problem(n, "%s holds no PEM block %q", n.Value, kind)
			return nil
		}
		if strings.HasSuffix(block.Type, kind) {
			return content
		}
		rest = after
	}
	return content
}

// url reads an address. A variable may hold any part of it, so only the syntax of the rest
// is checked.
func (r *reader) url(n *yaml.Node) Template {
	text := string(r.template(n))
	if problem := urlProblem(text); text != "" && problem != "" {
		r.Problem(n, "%s", problem)
	}
	return Template(strings.TrimRight(text, "/"))
}

// urlProblem says what is wrong with an address; empty for nothing.
func urlProblem(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	switch {
	case strings.HasPrefix(text, "${"):
		return ""
	case !ok || (scheme != "http" && scheme != "https"):
		return fmt.Sprintf("%q must begin with http:// or https://", text)
	case rest == "" || strings.HasPrefix(rest, "/"):
		return fmt.Sprintf("%q names no host", text)
	case strings.ContainsAny(rest, " ?#"):
		return fmt.Sprintf("%q must end before any space, ? or #: those belong to a request", text)
	}
	return ""
}

func (r *reader) start(n *yaml.Node) *Start {
	s := &Start{Dir: ".", Ready: Ready{Kind: ReadyTCP, Within: 30 * time.Second}, StopWithin: 10 * time.Second}
	r.Mapping(n, strict.Fields{
		"build":       func(n *yaml.Node) { s.Build = r.template(n) },
		"command":     func(n *yaml.Node) { s.Command = r.template(n) },
		"dir":         func(n *yaml.Node) { s.Dir = r.Text(n) },
		"env":         func(n *yaml.Node) { s.Env = r.headers(n) },
		"ready":       func(n *yaml.Node) { r.ready(n, &s.Ready) },
		"stop_within": func(n *yaml.Node) { s.StopWithin = r.Duration(n, 0) },
	})
	r.required(n, map[string]string{"command": "write how the system is started, for example: command: bin/shop -addr 127.0.0.1:${port}"})
	return s
}

func (r *reader) ready(n *yaml.Node, ready *Ready) {
	var ways []string
	way := func(kind ReadyKind) {
		ready.Kind = kind
		ways = append(ways, string(kind))
	}
	r.Mapping(n, strict.Fields{
		"within": func(n *yaml.Node) { ready.Within = r.Duration(n, time.Millisecond) },
		"log":    func(n *yaml.Node) { way(ReadyLog); ready.Log = r.Text(n) },
		"tcp":    func(n *yaml.Node) { way(ReadyTCP); r.OneOf(n, "true") },
		"http": func(n *yaml.Node) {
			way(ReadyHTTP)
			method, path, ok := strings.Cut(r.Text(n), " ")
			if !ok || method != "GET" || !strings.HasPrefix(path, "/") {
				r.Problem(n, "%q is not a check; write for example GET /health", n.Value)
			}
			ready.Path = path
		},
	})
	if len(ways) > 1 {
		r.Problem(n, "%s are given; one way of being ready is enough", strings.Join(ways, " and "))
	}
}
