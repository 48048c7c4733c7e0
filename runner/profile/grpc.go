package profile

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/descriptor"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// GRPC is the content of a gRPC call.
type GRPC struct {
	Method   string   // package.Service/Method
	Message  Tree     // NoTree for none: an empty message, or the messages of a stream
	Metadata []Header // the value of a name that ends in -bin is base64
	Codes    []Code   // expected codes; empty for OK
	Expect   []Condition
	Place    strict.Place
}

// Protocol is grpc.
func (g *GRPC) Protocol() string { return "grpc" }

// Route is the method.
func (g *GRPC) Route() string { return g.Method }

// Canonical is the call as the digest counts it.
func (g *GRPC) Canonical() any {
	return struct {
		Method   string
		Message  Tree        `json:",omitzero"`
		Metadata []Header    `json:",omitempty"`
		Codes    []Code      `json:",omitempty"`
		Expect   []Condition `json:",omitempty"`
	}{g.Method, g.Message, g.Metadata, g.Codes, g.Expect}
}

func (g *GRPC) sends() (Content, string) {
	sent := *g
	sent.Codes, sent.Expect = nil, nil
	return &sent, fmt.Sprintf("%s %s", g.Method, g.Message.JSON())
}

func (g *GRPC) expects() (string, []Condition) {
	if len(g.Codes) == 0 {
		return "", g.Expect
	}
	return fmt.Sprintf("code %v", g.Codes), g.Expect
}

// IsZero reports whether nothing was written.
func (t Tree) IsZero() bool { return t.Kind == NoTree }

// GRPCMessage is the content of a step of a gRPC stream.
type GRPCMessage struct {
	Send   Tree        // NoTree when nothing is sent
	Reply  []Condition // which message answers; empty for the next one
	Expect []Condition
	Place  strict.Place
}

// Canonical is the step as the digest counts it.
func (m *GRPCMessage) Canonical() any {
	return struct {
		Send   Tree        `json:",omitzero"`
		Reply  []Condition `json:",omitempty"`
		Expect []Condition `json:",omitempty"`
	}{m.Send, m.Reply, m.Expect}
}

// GRPCTarget says where gRPC is spoken, and where its messages are described.
type GRPCTarget struct {
	URL        Template // empty for that of the target
	Proto      []string // files, as they are imported
	Protoset   string   // a file
	Import     []string // directories in which files are looked for; the profile's own when empty
	MaxMessage int      // in bytes
	Compress   string   // how the messages that are sent are compressed: gzip; empty for not at all
	Described  []byte   // what Proto or Protoset hold, as a FileDescriptorSet; nil for neither
}

// DefaultMaxMessage is the largest message in bytes, unless the profile says otherwise.
const DefaultMaxMessage = 16 << 20

// Code is a code of gRPC.
type Code uint32

// codeNames are the codes by their names, https://grpc.io/docs/guides/status-codes.
var codeNames = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
	"UNAUTHENTICATED",
}

// String is the name of the code, or its number when it has no name.
func (c Code) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return strconv.Itoa(int(c))
}

// grpcProtocol reads calls such as grpc: shop.v1.Search/Query.
func grpcProtocol() Protocol {
	return Protocol{Word: "grpc", Example: "grpc: shop.v1.Search/Query", Read: readGRPC}
}

const grpcMethodForm = `^([A-Za-z_][A-Za-z0-9_]*\.)*[A-Za-z_][A-Za-z0-9_]*/[A-Za-z_][A-Za-z0-9_]*$`

var (
	fullMethod = regexp.MustCompile(grpcMethodForm)
	grpcMethod = strict.NewPattern(grpcMethodForm, "package, service and method such as shop.v1.Search/Query").Explained(explainMethod)
)

// explainMethod says how to write a method that is written wrongly.
func explainMethod(text string) string {
	plain := strings.Trim(text, "/ ")
	if plain != text && fullMethod.MatchString(plain) {
		return fmt.Sprintf("%s begins or ends with what is no part of it; write %s", strict.Quote(text), plain)
	}
	if i := strings.LastIndexByte(plain, '.'); i > 0 && fullMethod.MatchString(plain[:i]+"/"+plain[i+1:]) {
		return fmt.Sprintf("%s does not say which part is the method; write %s/%s", strict.Quote(text), plain[:i], plain[i+1:])
	}
	return ""
}

func readGRPC(r *CallReader) Words {
	g := &GRPC{}
	return Words{
		Step: []strict.Field{
			strict.Need("grpc", "Package, service and method, such as shop.v1.Search/Query.", "write for example: grpc: shop.v1.Search/Query",
				r.Match(grpcMethod, func(n *yaml.Node, text string) { g.Method, g.Place = text, r.Place(n) })),
			strict.Key("message", "The request, as JSON of protobuf; its fields are named as in the .proto, or in camel case.", r.Tree(&g.Message)),
			strict.Key("metadata", "Metadata of this call; the value of a name that ends in -bin is base64.", func(n *yaml.Node) { g.Metadata = r.reader.metadata(n) }),
		},
		Expect: []strict.Field{
			strict.Key("code", "The expected code, or a list of them; OK when it is left out.", r.OneOrMore(r.code(&g.Codes))),
			strict.Key("json", "What the answer must be: GJSON path to a value, or to a condition such as > 0, != x, ~ ^SKU or exists.", r.Conditions(OfJSON, &g.Expect)),
			strict.Key("metadata", "What metadata of the answer must be: name to a value or a condition.", r.Conditions(OfMetadata, &g.Expect)),
			strict.Key("trailers", "What metadata behind the answer must be: name to a value or a condition.", r.Conditions(OfTrailer, &g.Expect)),
			strict.Key("details", "What the details of the code must be, as a list in JSON: GJSON path to a value or a condition.", r.Conditions(OfDetails, &g.Expect)),
			strict.Key("text", "What the text beside the code must contain, or a condition (~ regular expression, == all of it, != x), or a list of them.", r.TextConditions(&g.Expect)),
			r.Refused("status", "an answer of gRPC has a code, such as code: NOT_FOUND; status belongs to HTTP"),
			r.Refused("headers", "the headers of gRPC are its metadata; write metadata, or trailers for what comes behind the answer"),
		},
		Sources: []Source{OfMetadata, OfTrailer, OfDetails, OfText},
		Content: func(step *yaml.Node) Content {
			if !slices.ContainsFunc(g.Codes, func(c Code) bool { return c == 0 }) && len(g.Codes) > 0 &&
				slices.ContainsFunc(g.Expect, func(c Condition) bool { return c.Of == OfJSON }) {
				expect := strict.Get(step, "expect")
				r.In("expect.json", func() {
					r.Problem(strict.Get(expect, "json"), "a call that ends with %s has no answer for json to be asked about; add OK to code, or ask about details or text", g.Codes[0])
				})
			}
			return g
		},
		Message: readGRPCMessage,
	}
}

// readGRPCMessage reads a step of a stream.
func readGRPCMessage(r *CallReader) MessageWords {
	m := &GRPCMessage{}
	return MessageWords{
		Send:  r.Tree(&m.Send),
		Reply: r.Conditions(OfJSON, &m.Reply),
		Expect: []strict.Field{
			strict.Key("json", "What each message must be: GJSON path to a value or a condition.", r.Conditions(OfJSON, &m.Expect)),
		},
		Content: func(step *yaml.Node, to *Message) {
			m.Place = r.Place(step)
			to.Content = m
		},
	}
}

// canceled is how many libraries spell CANCELLED.
const canceled = "CANCELED"

// code reads the name of a code.
func (r *CallReader) code(to *[]Code) strict.Read {
	return func(n *yaml.Node) {
		if number, err := strconv.Atoi(n.Value); err == nil && number >= 0 && number < len(codeNames) {
			r.Problem(n, "a code is written by its name: %s is %s", n.Value, codeNames[number])
			return
		}
		var name string
		words := slices.Clone(codeNames[:])
		if n.Value == canceled || n.Value == "" && n.Tag != "!!null" { // no sentence lists both spellings
			words = append(words, canceled)
		}
		strict.OneOf(r.Reader, &name, words...)(n)
		if name == canceled {
			name = "CANCELLED"
		}
		if i := slices.Index(codeNames[:], name); i >= 0 {
			*to = append(*to, Code(i))
		}
	}
}

var metadataName = strict.NewPattern(`^[0-9A-Za-z_.-]+$`, "the name of metadata, of letters, digits and -_.")

// metadata reads a mapping of names to texts.
func (r *reader) metadata(n *yaml.Node) []Header {
	headers := r.headers(n, metadataName)
	for i, h := range headers {
		name := strings.ToLower(h.Name)
		headers[i].Name = name
		at := strict.Get(n, h.Name)
		switch {
		case strings.HasPrefix(name, "grpc-") || name == "content-type" || name == "te":
			r.In(h.Name, func() { r.Problem(at, "%s is written for you: leave it out", h.Name) })
		case strings.HasSuffix(name, "-bin") && !isBase64(h.Value):
			r.In(h.Name, func() {
				r.Problem(at, "the value of a name that ends in -bin is base64, and %s is not", strict.Quote(string(h.Value)))
			})
		}
	}
	return headers
}

// isBase64 reports whether a text may be base64, padded or not. A text with variables may be.
func isBase64(t Template) bool {
	parts := t.Parts()
	if slices.ContainsFunc(parts, func(p Part) bool { return p.Variable != "" }) {
		return true
	}
	_, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(t.literals(), "="))
	return err == nil
}

// grpcTarget reads target.grpc.
func (r *reader) grpcTarget(n *yaml.Node) *GRPCTarget {
	t := &GRPCTarget{MaxMessage: DefaultMaxMessage}
	r.Mapping(n,
		strict.Key("url", "Scheme, host and port of gRPC, when they differ from those of target.url.", r.url(&t.URL)),
		strict.Key("proto", "The .proto file that describes the services, or a list of them.", r.OneOrMore(r.fileName(&t.Proto))),
		strict.Key("protoset", "A file of compiled descriptors (protoc --include_imports -o api.binpb …), instead of proto.", r.Text(&t.Protoset)),
		strict.Key("import", "The directories in which .proto files and what they import are looked for, relative to the profile; its own when it is left out.", r.OneOrMore(r.fileName(&t.Import))),
		strict.Key("compress", "gzip: the messages that are sent are compressed. Answers may be in any case.", strict.OneOf(r.Reader, &t.Compress, "gzip")),
		strict.Key("max_message", "The largest message, such as 64MiB.", r.byteSize(&t.MaxMessage)),
	)
	r.Exclude(n, "proto", "protoset", "one description is enough")
	r.Exclude(n, "import", "protoset", "a protoset holds everything that it imports")
	r.describe(n, t)
	return t
}

// describe reads the files that describe the messages of gRPC.
func (r *reader) describe(n *yaml.Node, t *GRPCTarget) {
	key, err := "proto", error(nil)
	switch {
	case len(t.Proto) > 0:
		t.Described, err = descriptor.Compile(t.Proto, t.Import, r.from.Read)
	case t.Protoset != "":
		key = "protoset"
		t.Described, err = r.protoset(t.Protoset)
	case len(t.Import) > 0:
		r.Problem(strict.Get(n, "import"), "import says where .proto files are looked for; name one with proto")
	}
	for _, mistake := range mistakes(err) {
		r.In(key, func() { r.Problem(strict.Get(n, key), "%v", mistake) })
	}
}

// mistakes are the errors that were joined to one.
func mistakes(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// protoset reads a file of compiled descriptors.
func (r *reader) protoset(file string) ([]byte, error) {
	content, err := r.from.Read(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	set, err := descriptor.Protoset(content)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be used: %w", file, err)
	}
	return set, nil
}

// fileName reads a name and adds it to a list.
func (r *reader) fileName(to *[]string) strict.Read {
	return func(n *yaml.Node) {
		var name string
		if r.Text(&name)(n); name != "" {
			*to = append(*to, name)
		}
	}
}

var byteSizeForm = strict.NewPattern(`^[0-9]{1,10} *(KiB|MiB|GiB)?$`, "a number of bytes such as 64MiB")

// maxByteSize bounds a message. Lengths in gRPC have 32 bits.
const maxByteSize = 1 << 30

func (r *reader) byteSize(to *int) strict.Read {
	return r.Match(byteSizeForm, func(n *yaml.Node, text string) {
		number := strings.TrimRight(text, " KMGiB")
		size, _ := strconv.Atoi(number) // the form has ten digits
		size <<= map[string]int{"KiB": 10, "MiB": 20, "GiB": 30}[strings.TrimSpace(text[len(number):])]
		switch {
		case text == "": // the JSON schema is being written
		case size < 1 || size > maxByteSize:
			r.Problem(n, "%s is out of range: expected 1 to 1GiB", text)
		default:
			*to = size
		}
	})
}
