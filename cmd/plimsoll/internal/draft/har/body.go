package har

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// body writes what a request sends.
func (w *writer) body(c *call) draft.Map {
	p := c.entry.Request.Post
	if p == nil || p.Text == "" && len(p.Params) == 0 {
		return nil
	}
	kind := p.MimeType
	if kind == "" {
		kind = c.entry.header("Content-Type")
	}
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		media, _, _ = strings.Cut(kind, ";")
	}
	switch media = strings.ToLower(strings.TrimSpace(media)); {
	case media == "application/json" || strings.HasSuffix(media, "+json") && json.Valid([]byte(p.Text)):
		if !json.Valid([]byte(p.Text)) {
			break
		}
		return draft.Map{{Key: "json", Value: w.tree(json.RawMessage(p.Text))}}
	case media == "application/x-www-form-urlencoded":
		return draft.Map{{Key: "form", Value: w.form(p)}}
	case media == "multipart/form-data":
		return draft.Map{{Key: "multipart", Value: w.multipart(c, p, params["boundary"])}}
	}
	if !utf8.ValidString(p.Text) || strings.ContainsRune(p.Text, utf8.RuneError) {
		c.off = "the recording does not hold the bytes that this request sent; put them into a file, and write body: {file: …}"
		return draft.Map{{Key: "body", Value: ""}}
	}
	return draft.Map{{Key: "body", Value: w.plain(p.Text)}}
}

// tree is JSON as a draft has it, with the values that answers gave.
func (w *writer) tree(text json.RawMessage) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := w.value(d, "")
	if err != nil {
		return w.plain(string(text))
	}
	return v
}

func (w *writer) value(d *json.Decoder, name string) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			list := []any{}
			for d.More() {
				v, err := w.value(d, name)
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
			_, err := d.Token()
			return list, err
		}
		m := draft.Map{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := w.value(d, key.(string))
			if err != nil {
				return nil, err
			}
			m = append(m, draft.Entry{Key: draft.Literal(key.(string)), Value: v})
		}
		_, err := d.Token()
		return m, err
	case json.Number:
		if s := w.use(t.String()); s != nil && s.number {
			return "${" + s.name + "}", nil
		}
		return t, nil
	case string:
		if s := w.use(t); s != nil && !s.number {
			w.savedToken = w.savedToken || isSecret(name)
			return "${" + s.name + "}", nil
		}
		if holdsSecret(name, t) {
			return w.env(name), nil
		}
		return draft.Literal(t), nil
	}
	return t, nil
}

// text is the value of a field of a form.
func (w *writer) text(name, value string) any {
	if s := w.use(value); s != nil {
		return "${" + s.name + "}"
	}
	if holdsSecret(name, value) {
		return w.env(name)
	}
	return draft.Literal(value)
}

// form is a form as a mapping. Names that come again make a list.
func (w *writer) form(p *post) draft.Map {
	fields := draft.Map{}
	if len(p.Params) > 0 {
		for _, one := range p.Params {
			add(&fields, decoded(one.Name), w.text(decoded(one.Name), decoded(one.Value)))
		}
		return fields
	}
	for _, pair := range strings.Split(p.Text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		add(&fields, decoded(name), w.text(decoded(name), decoded(value)))
	}
	return fields
}

// decoded undoes the encoding of a form. Browsers write values of params as they are sent.
func decoded(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

func add(fields *draft.Map, name string, v any) {
	name = draft.Literal(name)
	for i := range *fields {
		if f := &(*fields)[i]; f.Key == name {
			if list, is := f.Value.([]any); is {
				f.Value = append(list, v)
			} else {
				f.Value = []any{f.Value, v}
			}
			return
		}
	}
	*fields = append(*fields, draft.Entry{Key: name, Value: v})
}

// multipart is a form with files. A recording rarely holds what files held, so files are made up.
func (w *writer) multipart(c *call, p *post, boundary string) draft.Map {
	params := p.Params
	if len(params) == 0 && boundary != "" {
		params = parts(p.Text, boundary)
	}
	fields := draft.Map{}
	for _, one := range params {
		if one.FileName == "" {
			add(&fields, one.Name, w.text(one.Name, one.Value))
			continue
		}
		place := w.file(one)
		part := draft.Map{{Key: "file", Value: place}}
		if name := path.Base(strings.ReplaceAll(one.FileName, `\`, "/")); name != place {
			part = append(part, draft.Entry{Key: "name", Value: draft.Literal(name)})
		}
		if strings.Contains(one.ContentType, "/") {
			part = append(part, draft.Entry{Key: "type", Value: one.ContentType})
		}
		add(&fields, one.Name, part)
	}
	if len(fields) == 0 {
		c.above = "the recording does not hold what this form sent: fill it in"
	}
	return fields
}

// parts are the parts of a multipart body.
func parts(text, boundary string) (params []param) {
	r := multipart.NewReader(strings.NewReader(text), boundary)
	for len(params) < 100 {
		part, err := r.NextPart()
		if err != nil {
			return params
		}
		value, err := io.ReadAll(io.LimitReader(part, maxAnswer))
		if err != nil {
			return params
		}
		params = append(params, param{Name: part.FormName(), Value: string(value), FileName: part.FileName(), ContentType: part.Header.Get("Content-Type")})
	}
	return params
}

// file writes a file beside the profile: what the recording holds of it, or 1 KB made up.
func (w *writer) file(p param) (place string) {
	name := path.Base(strings.ReplaceAll(p.FileName, `\`, "/"))
	var b strings.Builder
	for _, r := range name {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			b.WriteRune(r)
		}
	}
	place = strings.TrimLeft(b.String(), ".-")
	if place == "" {
		place = "upload.bin"
	}
	content := []byte(p.Value)
	if len(content) == 0 {
		content = bytes.Repeat([]byte("plimsoll"), 128)
		w.d.Notes = append(w.d.Notes, draft.Note{File: w.in.Name, Text: fmt.Sprintf("the recording does not hold the file %s; 1 KB is made up in its place", draft.OneLine(name))})
	}
	if !slices.ContainsFunc(w.d.Files, func(f draft.File) bool { return f.Path == place }) {
		w.d.Files = append(w.d.Files, draft.File{Path: place, Content: content})
	}
	return place
}
