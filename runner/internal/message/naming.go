package message

import (
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// naming is how fields are named in JSON.
type naming func(protoreflect.FieldDescriptor) string

// namings are the two ways: a path may take the names of either.
var namings = [...]naming{asInProto, camelCase}

func asInProto(f protoreflect.FieldDescriptor) string { return f.TextName() }

func camelCase(f protoreflect.FieldDescriptor) string {
	if f.IsExtension() {
		return f.TextName()
	}
	return f.JSONName()
}

// names are the names of fields as in the .proto, by both names.
type names struct {
	inProto map[string]string
	seen    map[protoreflect.FullName]bool
}

// namesOf are the names of a message and of all messages in it.
func namesOf(d protoreflect.MessageDescriptor) *names {
	n := &names{map[string]string{}, map[protoreflect.FullName]bool{}}
	n.add(d)
	return n
}

// namesOfDetails are the names of all messages that the details of a code may be of.
func (t *Types) namesOfDetails() *names {
	n := &names{map[string]string{}, map[protoreflect.FullName]bool{}}
	add := func(f protoreflect.FileDescriptor) bool {
		for i := range f.Messages().Len() {
			n.add(f.Messages().Get(i))
		}
		return true
	}
	t.files.RangeFiles(add)
	add(errdetails.File_google_rpc_error_details_proto)
	return n
}

// add adds the names of a message, of those within it and of those of its fields.
func (n *names) add(d protoreflect.MessageDescriptor) {
	if n.seen[d.FullName()] {
		return
	}
	n.seen[d.FullName()] = true
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		n.put(camelCase(f), asInProto(f))
		n.put(asInProto(f), asInProto(f))
		if f.Message() != nil {
			n.add(f.Message())
		}
	}
	for i := range d.Messages().Len() {
		n.add(d.Messages().Get(i))
	}
}

// put adds a name. One that stands for several fields is no name.
func (n *names) put(written, inProto string) {
	if before, there := n.inProto[written]; there && before != inProto {
		inProto = ""
	}
	n.inProto[written] = inProto
}

// path is a GJSON path with the names of the .proto in place of those in camel case. Texts in quotes, operands and
// modifiers stay as they are.
func (n *names) path(text string) string {
	var b strings.Builder
	operand := false
	before := byte('.') // the byte in front of a name
	for i := 0; i < len(text); {
		end := i + 1
		switch c := text[i]; {
		case c == '\\' && end < len(text):
			end++
			before = 0
		case c == '"':
			end = i + quoted(text[i:])
			before = 0
		case isWord(c):
			for end < len(text) && isWord(text[end]) {
				end++
			}
			if name := n.inProto[text[i:end]]; name != "" && !operand && strings.IndexByte(".|([{,:", before) >= 0 {
				b.WriteString(name)
				i = end
			}
			before = 0
		case c == ')':
			operand, before = false, c
		case strings.IndexByte("=<>!%", c) >= 0:
			operand, before = true, c
		case c != ' ':
			before = c
		}
		b.WriteString(text[i:end])
		i = end
	}
	return b.String()
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// quoted is the length of the text in quotes at the front.
func quoted(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}
