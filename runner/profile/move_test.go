package profile_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Another host stands for the target, and another one for gRPC that has an address of its own.
func TestMove(t *testing.T) {
	const (
		started = `start: {command: "shop ${port} ${port.grpc}"}`
		speaks  = "[{http: GET /}, {grpc: shop.v1.Search/Query}]"
		own     = `grpc: {url: "http://127.0.0.1:${port.grpc}", max_message: 1MiB}`
	)
	for _, c := range []struct {
		target, steps string
		host, grpc    string
		url, grpcURL  string // afterwards
		wrong         string
	}{
		{started + ", " + own, speaks, "http://a", "https://b:1/", "http://a", "https://b:1", ""},
		{started + ", " + own, speaks, "http://a", "", "", "", "gRPC has an address of its own in the profile (target.grpc.url): give --grpc-host too"},
		{started + ", " + own, "[{http: GET /}]", "http://a", "", "http://a", "http://127.0.0.1:${port.grpc}", ""},
		{started, speaks, "http://a", "", "http://a", "", ""},
		{started, speaks, "http://a", "http://b", "http://a", "http://b", ""},
		{started, speaks, "", "http://b", "", "", "Plimsoll would start the system: give --host too"},
		{"timeout: 1s", speaks, "", "http://b", "http://127.0.0.1", "http://b", ""},
		{"timeout: 1s", "[{http: GET /}]", "http://a", "http://b", "", "", "no step of the profile speaks gRPC"},
		{"timeout: 1s", speaks, "http://a", "b:1", "", "", `the host of gRPC "b:1" does not begin with http://`},
		{"timeout: 1s", speaks, "http://a", "http://u:secret@b:1?x", "", "", `the host of gRPC "http://b:1?x" contains`},
		{"timeout: 1s", speaks, "http://a", "http://${port}", "", "", "contains a variable"},
	} {
		text := "name: x\ntarget: {url: \"http://127.0.0.1\", " + c.target + "}\nusers: [{name: u, tasks: [{steps: " + c.steps + "}]}]\n"
		p, problems := profile.Parse("p.yaml", []byte(text), from)
		if len(problems) > 0 {
			t.Fatalf("%v", problems)
		}
		before := p.Target.GRPC
		err := p.Apply(profile.Change{Host: c.host, GRPCHost: c.grpc})
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		grpcURL := ""
		if p.Target.GRPC != nil {
			grpcURL = string(p.Target.GRPC.URL)
		}
		if string(p.Target.URL) != c.url || grpcURL != c.grpcURL {
			t.Errorf("%+v: %s and %s", c, p.Target.URL, grpcURL)
		}
		if before != nil && c.grpc != "" && (before == p.Target.GRPC || p.Target.GRPC.MaxMessage != before.MaxMessage) {
			t.Errorf("%+v: the profile that others hold was changed, or more than its address", c)
		}
	}
}
