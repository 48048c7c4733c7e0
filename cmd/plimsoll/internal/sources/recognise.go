package sources

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/runner/descriptor"
)

// looks is what a file looks like.
type looks struct {
	what string // such as: a HAR file
	flag string // the flag that takes such files; empty if none does
	do   string // what to do instead, if none does
}

// otherKind says what is wrong with a file that its source has refused if it looks like one of another kind; nil
// if it does not.
func otherKind(flag, name string, data []byte) error {
	l := recognise(name, data)
	switch {
	case l.what == "" || l.flag == flag:
		return nil
	case l.flag != "":
		return exit.BadInput("%s %s: this looks like %s; give it with %s", flag, name, l.what, l.flag)
	}
	return exit.BadInput("%s %s: this looks like %s; %s", flag, name, l.what, l.do)
}

// recognise says what a file looks like, by its name and by what is in it; what is empty if that is not clear.
func recognise(name string, data []byte) looks {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	head := bytes.TrimSpace(data[:min(len(data), 1<<16)])
	switch {
	case len(head) == 0:
		return looks{}
	case bytes.ContainsFunc(head, isControl):
		return binary(data)
	case head[0] == '{' || head[0] == '[':
		return inJSON(data)
	case head[0] == '<':
		return first(head, markups)
	}
	l, of := first(head, texts), ofExtension[strings.ToLower(filepath.Ext(name))]
	if of.what != "" && l.flag != "--k6" && l.flag != "--locust" { // an interface of TypeScript is none of GraphQL
		return of
	}
	return l
}

// ofExtension are the kinds of scripts, by the ends of their names.
var ofExtension = map[string]looks{
	".py": {what: "a Python script", flag: "--locust"},
	".js": {what: "a script of JavaScript", flag: "--k6"}, ".mjs": {what: "a script of JavaScript", flag: "--k6"}, ".cjs": {what: "a script of JavaScript", flag: "--k6"},
	".ts": {what: "a script of TypeScript", flag: "--k6"}, ".mts": {what: "a script of TypeScript", flag: "--k6"}, ".tsx": {what: "a script of TypeScript", flag: "--k6"},
}

// isControl reports whether a character is in no text.
func isControl(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\n\v\f\r", r) }

// binary is a file that is no text.
func binary(data []byte) looks {
	switch {
	case bytes.HasPrefix(data, []byte("\x1f\x8b")), bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return looks{what: "a compressed file", do: "unpack it first"}
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")), bytes.HasPrefix(data, []byte("{\x00")), bytes.HasPrefix(data, []byte("\x00{")):
		return looks{what: "a text in UTF-16", do: "save it as UTF-8"}
	}
	if _, err := descriptor.Protoset(data); err == nil {
		return looks{what: "a set of compiled descriptors of gRPC", flag: "--protoset"}
	}
	return looks{what: "a binary file", do: "descriptions, recordings and scripts are texts"}
}

// inJSON is a file of JSON.
func inJSON(data []byte) looks {
	for _, kind := range []struct {
		path string
		looks
	}{
		{"openapi", looksOpenAPI}, {"swagger", looksOpenAPI},
		{"log.entries", looks{what: "a HAR file", flag: "--har"}},
		{"__schema", looksIntrospection}, {"data.__schema", looksIntrospection},
		{"asyncapi", looksAsyncAPI}, {"info._postman_id", looksPostman}, {"collection.info", looksPostman},
	} {
		if gjson.GetBytes(data, kind.path).Exists() {
			return kind.looks
		}
	}
	if strings.Contains(gjson.GetBytes(data, "info.schema").String(), "getpostman.com") {
		return looksPostman
	}
	return looks{}
}

var (
	looksOpenAPI       = looks{what: "an OpenAPI description", flag: "--openapi"}
	looksIntrospection = looks{what: "the introspection of a GraphQL server", flag: "--graphql"}
	looksAsyncAPI      = looks{what: "an AsyncAPI description", do: "such a file is not read"}
	looksPostman       = looks{what: "a Postman collection", do: "export it as OpenAPI, and give that with --openapi"}
)

// sign is a form by which a kind of file is recognised.
type sign struct {
	form *regexp.Regexp
	looks
}

// first is the first kind that a file has a sign of.
func first(head []byte, kinds []sign) looks {
	for _, k := range kinds {
		if k.form.Match(head) {
			return k.looks
		}
	}
	return looks{}
}

// markups are the kinds that begin with a <.
var markups = []sign{
	{regexp.MustCompile(`(?i)^<(!doctype\s+html|html)`), looks{what: "a web page", do: "save the description itself, which a link on the page may lead to"}},
	{regexp.MustCompile(`<jmeterTestPlan`), looks{what: "a test plan of JMeter", do: "such a file is not read"}},
	{regexp.MustCompile(`<(\w+:)?definitions[\s>]`), looks{what: "a description of SOAP services (WSDL)", do: "such a file is not read"}},
	{regexp.MustCompile(``), looks{what: "a file of XML", do: "such a file is not read"}},
}

// texts are the other kinds, those with the clearest signs first.
var texts = []sign{
	{regexp.MustCompile(`(?m)(\bfrom\s+|^\s*import\s+|\brequire\(\s*)['"]k6(/[\w./-]+)?['"]`), looks{what: "a k6 script", flag: "--k6"}},
	{regexp.MustCompile(`(?m)^\s*(from|import)\s+locust\b`), looks{what: "a locustfile", flag: "--locust"}},
	{regexp.MustCompile(`\bio\.gatling\b`), looks{what: "a simulation of Gatling", do: "such a file is not read"}},
	{regexp.MustCompile(`(?m)^\s*(syntax|edition)\s*=\s*["']|^\s*package\s+[\w.]+\s*;\s*$|^\s*(service|message)\s+\w+\s*\{`), looks{what: "a .proto file of gRPC", flag: "--proto"}},
	{regexp.MustCompile(`(?m)^["']?(openapi|swagger)["']?\s*:`), looksOpenAPI},
	{regexp.MustCompile(`(?m)^["']?asyncapi["']?\s*:`), looksAsyncAPI},
	{regexp.MustCompile(`(?ms)^target\s*:.*^users\s*:`), looks{what: "a profile of Plimsoll", do: "it is no source of another one: plimsoll check -f explains it"}},
	{regexp.MustCompile(`(?m)^\s*(extend\s+)?(type|input|interface|enum)\s+\w+\s*(implements\s[^{]*|@[^{]*)?\{|^\s*(extend\s+)?(schema\s*\{|scalar\s+\w+\s*$|union\s+\w+\s*=)|^\s*directive\s+@\w+`), looks{what: "a GraphQL schema", flag: "--graphql"}},
	{regexp.MustCompile(`(?m)^\s*(query|mutation|subscription|fragment)\b[\w\s]*(\([^)]*\)\s*)?\{`), looks{what: "a document with operations of GraphQL", do: "--graphql takes the schema that they are written for, or the address of the server"}},
}
