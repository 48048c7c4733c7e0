package profile

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// FormField is a field of a form: a name with a value or a file.
type FormField struct {
	Name  Template
	Value Template
	File  *File // of a MultipartBody; nil for a value
}

// File is a file that is sent.
type File struct {
	Name    Template // as the server sees it
	Type    string   // its Content-Type; empty for application/octet-stream
	Content []byte
}

// maxUpload is the maximum size of a file in a request, in bytes.
const maxUpload = 16 << 20

// Body reads a text with variables, or the file to send.
func (r *CallReader) Body(text *Template, file **File) strict.Read {
	return func(n *yaml.Node) {
		r.Either(n, r.Template(text), func(n *yaml.Node) {
			f := &File{}
			r.Mapping(n, strict.Need("file", "A file that is sent as it is; relative to the profile.", "name the file, for example: body: {file: payload.bin}", r.reader.upload(f)))
			*file = f
		})
	}
}

// upload reads a file that is sent.
func (r *reader) upload(to *File) strict.Read {
	return r.file(func(n *yaml.Node, content []byte) {
		if len(content) > maxUpload {
			r.Problem(n, "%s is larger than %d MiB, the maximum for a file in a request", n.Value, maxUpload>>20)
			return
		}
		to.Content = content
	})
}

// Form reads the fields of a form. A mapping in a mapping is sent as a[b], a list of values repeats its
// name, and a list of mappings is sent as a[0][b].
func (r *CallReader) Form(to *[]FormField) strict.Read {
	return r.AnyMapping(func(n *yaml.Node) {
		r.reader.formFields(n, "", to)
	})
}

// formFields reads the entries of a mapping, under a name.
func (r *reader) formFields(n *yaml.Node, under string, to *[]FormField) {
	r.Entries(n, func(key, value *yaml.Node) {
		name := key.Value
		r.checkText(key, name)
		if under != "" {
			name = under + "[" + name + "]"
		}
		r.formField(value, name, to)
	})
}

// formField reads the value of a field.
func (r *reader) formField(n *yaml.Node, name string, to *[]FormField) {
	switch n.Kind {
	case yaml.MappingNode:
		r.formFields(n, name, to)
	case yaml.SequenceNode:
		i := 0
		r.Sequence(n, func(item *yaml.Node) {
			switch item.Kind {
			case yaml.SequenceNode:
				r.Problem(item, "a form cannot have a list in a list; name each field, for example: \"a[0][1]\": x")
			case yaml.MappingNode:
				r.formFields(item, name+"["+strconv.Itoa(i)+"]", to)
			default:
				r.formField(item, name, to)
			}
			i++
		})
	default:
		var value Template
		r.template(&value)(n)
		*to = append(*to, FormField{Name: Template(name), Value: value})
	}
}

// Multipart reads the parts of a multipart form: values, files, and lists of them, which repeat their name.
func (r *CallReader) Multipart(to *[]FormField) strict.Read {
	return func(n *yaml.Node) {
		r.Entries(n, func(key, value *yaml.Node) {
			r.reader.checkText(key, key.Value)
			r.OneOrMore(func(n *yaml.Node) {
				field := FormField{Name: Template(key.Value)}
				r.Either(n, r.Template(&field.Value), func(n *yaml.Node) { field.File = r.reader.filePart(n) })
				*to = append(*to, field)
			})(value)
		})
	}
}

var mediaType = strict.NewPattern(`^[^\s;/]+/[^\s;/]+( *;[ -~]*)?$`, "a Content-Type such as image/png")

// filePart reads a file of a multipart form.
func (r *reader) filePart(n *yaml.Node) *File {
	f := &File{}
	r.Mapping(n,
		strict.Need("file", "The file that is sent; relative to the profile.", "name the file, for example: {file: cat.png}", func(n *yaml.Node) {
			if r.upload(f)(n); f.Name == "" {
				f.Name = templateOf([]Part{{Literal: path.Base(strings.ReplaceAll(n.Value, `\`, "/"))}})
			}
		}),
		strict.Key("name", "The name of the file for the server; by default its own.", r.template(&f.Name)),
		strict.Key("type", "The Content-Type of the file; by default application/octet-stream.", r.Match(mediaType, func(_ *yaml.Node, text string) { f.Type = text })),
	)
	return f
}

type (
	formV1 struct {
		Name  Template
		Value Template `json:",omitempty"`
		File  *fileV1  `json:",omitempty"`
	}
	fileV1 struct {
		Name Template `json:",omitempty"`
		Type string   `json:",omitempty"`
		Sum  string
	}
)

func (f FormField) digestV1() formV1 { return formV1{f.Name, f.Value, f.File.digestV1()} }

func (f *File) digestV1() *fileV1 {
	if f == nil {
		return nil
	}
	sum := sha256.Sum256(f.Content)
	return &fileV1{f.Name, f.Type, hex.EncodeToString(sum[:])}
}
