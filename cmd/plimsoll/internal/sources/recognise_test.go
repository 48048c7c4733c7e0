package sources

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/descriptor"
)

// If a file is given with the flag of another kind, the error says what it looks like and which flag takes it.
func TestOtherKinds(t *testing.T) {
	set, err := descriptor.Compile([]string{"a.proto"}, nil, func(name string) ([]byte, error) {
		if name != "a.proto" {
			return nil, os.ErrNotExist
		}
		return []byte("syntax = \"proto3\"; package a; service S { rpc M(R) returns (R); } message R { string s = 1; }"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	flags := map[string]func(name string) Flags{
		"--openapi":  func(name string) Flags { return Flags{OpenAPI: []string{name}} },
		"--graphql":  func(name string) Flags { return Flags{GraphQL: name} },
		"--har":      func(name string) Flags { return Flags{HAR: []string{name}} },
		"--locust":   func(name string) Flags { return Flags{Locust: []string{name}} },
		"--k6":       func(name string) Flags { return Flags{K6: []string{name}} },
		"--proto":    func(name string) Flags { return Flags{Proto: []string{name}} },
		"--protoset": func(name string) Flags { return Flags{Protoset: name} },
		"--grpc":     func(name string) Flags { return Flags{GRPC: name} },
	}
	for _, c := range []struct{ name, text, want, flag string }{
		{"a.proto", "// a comment\nsyntax = \"proto3\";\npackage a;\n", "a .proto file of gRPC", "--proto"},
		{"a.txt", "message Item {\n  string id = 1;\n}\nenum Order {\n  UP = 0;\n}\n", "a .proto file of gRPC", "--proto"},
		{"a.binpb", string(set), "a set of compiled descriptors of gRPC", "--protoset"},
		{"a.yaml", "info: {}\nopenapi: 3.1.0\npaths: }\n", "an OpenAPI description", "--openapi"},
		{"a.json", "\ufeff{\"info\": {}, \"swagger\": \"2.0\"}", "an OpenAPI description", "--openapi"},
		{"a.graphql", "\"What there is.\"\ntype Query implements Node @key(fields: \"id\") {\n  a: B\n}\n", "a GraphQL schema", "--graphql"},
		{"a.gql", "extend schema {\n  query: Q\n}\n", "a GraphQL schema", "--graphql"},
		{"a.json", `{"data": {"__schema": {}}}`, "the introspection of a GraphQL server", "--graphql"},
		{"op.graphql", "query Top($n: Int!) {\n  top(n: $n) { id }\n}\n", "a document with operations of GraphQL", ""},
		{"a.har", `{"log": {"entries": []}}`, "a HAR file", "--har"},
		{"a.py", "import os\nfrom locust import HttpUser, task\nclass A(\n", "a locustfile", "--locust"},
		{"b.py", "print('a') $\n", "a Python script", "--locust"},
		{"a.js", "import http from 'k6/http';\nexport default function (\n", "a k6 script", "--k6"},
		{"a.ts", "interface A { b: string }\nimport { check } from \"k6\"\n", "a k6 script", "--k6"},
		{"b.ts", "interface User {\n  name: string\n}\n", "a script of TypeScript", "--k6"},
		{"a.js", "const x = 1 +\n", "a script of JavaScript", "--k6"},
		{"a.html", "\n<!DOCTYPE html>\n<title>GraphiQL</title>", "a web page", ""},
		{"a.jmx", "<?xml version=\"1.0\"?>\n<jmeterTestPlan>", "a test plan of JMeter", ""},
		{"a.xml", "<?xml version=\"1.0\"?>\n<a>", "a file of XML", ""},
		{"a.gz", "\x1f\x8b\x08\x00\x00", "a compressed file", ""},
		{"a.bin", "\x7fELF\x00\x00", "a binary file", ""},
		{"a.har", "\xff\xfe{\x00\n\x00", "a text in UTF-16", ""},
		{"a.har", "\xfe\xff\x00{", "a text in UTF-16", ""},
		{"a.json", "{\x00}\x00", "a text in UTF-16", ""},
		{"a.py", "\xff\xfei\x00m\x00", "a text in UTF-16", ""},
		{"a.json", `{"info": {"schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}}`, "a Postman collection", ""},
		{"plimsoll.yaml", "name: a\ntarget:\n  url: http://127.0.0.1\nusers: []\n", "a profile of Plimsoll", ""},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		for flag, named := range flags {
			want := flag + " " + path + ": this looks like " + c.want
			if c.flag != "" {
				want += "; give it with " + c.flag
			}
			_, err := named(path).Draft(context.Background(), "http://127.0.0.1:1", os.LookupEnv)
			if told := err != nil && strings.HasPrefix(err.Error(), want); told != (flag != c.flag) {
				t.Errorf("%s %s: %v, want %s", flag, c.name, err, want)
			}
		}
	}
}
