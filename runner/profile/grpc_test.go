package profile_test

import (
	"os"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Whatever a gRPC call sends or expects counts for the digest. How messages are described does not.
func TestDigestOfGRPC(t *testing.T) {
	content, err := os.ReadFile(corpus + "/ok/grpc.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	changes(t, text, [][2]string{
		{"127.0.0.1:9090", "127.0.0.1:9091"}, {", max_message: 64MiB", ", max_message: 32MiB"}, {", compress: gzip", ""}, {"message: {}", "message: {text: a}"}, {"message: {}", "message: []"},
		{"top_k: 10", "top_k: \"10\""}, {"9007199254740993, since", "9007199254740992, since"}, {"x-request-id", "x-request"}, {"AAEC", "AAED"},
		{"[OK, NOT_FOUND, CANCELED]", "[OK, NOT_FOUND]"}, {"code: NOT_FOUND", "code: OK"}, {"== 10", "== 11"}, {"x-served-by: exists", "x-served: exists"}, {"< 10", "< 11"}, {"QUOTA}", "RATE}"},
		{"[exceeded,", "[passed,"}, {"metadata: x-since", "trailer: x-since"}, {"details: 0.reason, opt", "details: 1.reason, opt"}, {"receive: 20", "receive: 21"}, {"send: {id: 1}", "send: {id: 2}"},
		{"reply: {id: 1}", "reply: {id: 2}"}, {"text: hello}}", "text: bye}}"}, {"Search/Chat", "Search/Talk"},
	})
	for _, same := range [][2]string{{"proto: [search.proto], import: [api], ", ""}, {"Trace-Bin", "trace-bin"}, {"CANCELED", "CANCELLED"}, {"64MiB", "67108864"}, {"64MiB", "65536 KiB"}} {
		if other := strings.Replace(text, same[0], same[1], 1); other == text || digest(t, other) != digest(t, text) {
			t.Errorf("%q instead of %q changes the digest", same[1], same[0])
		}
	}
}

// Each mistake in a .proto file is a problem of its own.
func TestMistakesInProto(t *testing.T) {
	with := from
	with.Read = func(string) ([]byte, error) {
		return []byte("syntax = \"proto3\";\nmessage A {\n int32 k = 19000;\n}\nenum E {\n A1 = 1;\n}\n"), nil
	}
	_, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://127.0.0.1\", grpc: {proto: a.proto}}\nusers: [{name: u, tasks: [{grpc: a.B/C}]}]\n"), with)
	const want = "p.yaml:2:49: target.grpc.proto: a.proto:3:12: tag number 19000 is in disallowed reserved range 19000-19999\n" +
		"p.yaml:2:49: target.grpc.proto: a.proto:6:7: enum E: proto3 requires that first value of enum have numeric value zero"
	if got := problems.Error(); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
}

// People see what is sent and expected otherwise.
func TestDifferencesOfGRPC(t *testing.T) {
	read := func(call string) *profile.Profile {
		p, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://127.0.0.1\"}\nusers: [{name: u, tasks: [{grpc: a.B/C, "+call+"}]}]\n"), from)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return p
	}
	found := profile.Differences(read("message: {n: 1}, expect: {code: NOT_FOUND}"), read("message: {n: 2}, expect: {code: [OK], json: {a: 1}}"))
	want := []profile.Difference{
		{What: "request", Name: "a.B/C", Before: `a.B/C {"n":1}`, Now: `a.B/C {"n":2}`},
		{What: "expect", Name: "a.B/C", Before: "code [NOT_FOUND]", Now: "code [OK], a == 1"},
	}
	if len(found) != 2 || found[0] != want[0] || found[1] != want[1] {
		t.Errorf("found %v, want %v", found, want)
	}
}
