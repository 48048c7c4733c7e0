package http

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// form2 is the form of a call for HTTP/2.
type form2 struct {
	head   *h2.Head
	fields []h2.Field  // the source of head
	texts  []plan.Text // of the fields that vary, in order
}

// asFields compiles the form of HTTP/2. Its values are filled in in the same order as for HTTP/1.1, so
// generators give the same ones.
func (t *compiled) asFields(m *h2.Maker, at wire.Origin) {
	f := &t.form2
	f.add(":method", plan.Lit(t.content.Method))
	f.add(":scheme", plan.Lit(at.Scheme))
	if t.content.From != nil {
		f.fields, f.texts = append(f.fields, h2.Field{Name: ":path", Varies: true}), append(f.texts, nil)
	} else {
		f.add(":path", t.content.Path)
	}
	f.add(":authority", t.host)
	for _, field := range t.fields {
		switch name := strings.ToLower(field.Name); name {
		case "connection", "keep-alive", "proxy-connection", "upgrade", "proxy-authorization": // of HTTP/1.1 alone
		default:
			f.add(name, field.Value)
		}
	}
	if t.cookie != nil {
		f.add("cookie", t.cookie)
	}
	if _, static := t.content.Body.Static(); static && t.length {
		f.add("content-length", plan.Lit(strconv.Itoa(len(t.body))))
	} else if t.length {
		f.fields, f.texts = append(f.fields, h2.Field{Name: "content-length", Varies: true}), append(f.texts, nil)
	}
	f.head = m.Head(f.fields)
}

func (f *form2) add(name string, text plan.Text) {
	value, static := text.Static()
	f.fields = append(f.fields, h2.Field{Name: name, Value: value, Varies: !static, Secret: name == "authorization"})
	if !static {
		f.texts = append(f.texts, text)
	}
}

// fill fills in values. It writes them to out, which it returns, perhaps grown. It fails if a value must be
// a path and is not.
func (t *compiled) fill(q *h2.Request, out []byte, v load.Values) ([]byte, error) {
	q.Head = t.form2.head
	if q.Body, out = t.body, out[:0]; t.body == nil {
		out = v.Append(out, t.content.Body)
		q.Body = out[:len(out):len(out)]
	}
	if len(t.form2.texts) == 0 {
		return out, nil
	}
	next := 0
	for i := range t.form2.fields {
		field := &t.form2.fields[i]
		if !field.Varies {
			continue
		}
		start := len(out)
		switch text := t.form2.texts[next]; {
		case text != nil:
			out = v.Append(out, text)
		case field.Name == ":path":
			path, err := t.from(v)
			if err != nil {
				return out, err
			}
			out = v.Append(append(out, path...), t.content.Path)
		default: // content-length
			out = strconv.AppendInt(out, int64(len(q.Body)), 10)
		}
		q.Values = append(q.Values, out[start:len(out):len(out)])
		next++
	}
	return out, nil
}

// spelled are the fields of a request with all values in them.
func (x *exchange2) spelled() []h2.Field {
	if x.fields != nil {
		return x.fields
	}
	fields, next := slices.Clone(x.call.form2.fields), 0
	for i := range fields {
		if f := &fields[i]; f.Varies {
			f.Varies, f.Value = false, string(x.request.Values[next])
			next++
		}
	}
	return fields[1:] // without the method
}

// value is the value of a field of the request; empty for none.
func (x *exchange2) value(name string) string {
	if x.fields == nil {
		next := 0
		for i := range x.call.form2.fields {
			switch f := &x.call.form2.fields[i]; {
			case f.Name == name && f.Varies:
				return string(x.request.Values[next])
			case f.Name == name:
				return f.Value
			case f.Varies:
				next++
			}
		}
		return ""
	}
	for _, f := range x.fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// path is the path of the request.
func (x *exchange2) path() string { return x.value(":path") }

// redirect turns the request into that of the next hop.
func (x *exchange2) redirect(f *Clients, to hop) {
	same := x.at == to.at
	next := []h2.Field{{Name: ":scheme", Value: to.at.Scheme}, {Name: ":path", Value: to.path}}
	for _, field := range x.spelled() {
		switch {
		case field.Name == ":scheme", field.Name == ":path":
		case field.Name == ":authority":
			if !same {
				field.Value = to.at.Authority()
			}
			next = append(next, field)
		case kept(field.Name, same, to):
			next = append(next, field)
		}
	}
	x.fields, x.at, x.method = next, to.at, to.method
	if !to.body {
		x.request.Body = nil
	}
	x.request.Head, x.request.Values = f.methods[to.method], nil
}

// message is the request for HTTP/1.1.
func (x *exchange2) message(f *Clients) message {
	via := f.dialer.Via(x.at)
	begin := x.method + " " + via.Prefix()
	m := message{method: x.method, pathAt: len(begin)}
	var head bytes.Buffer
	head.WriteString(begin + x.path() + " HTTP/1.1\r\nHost: " + x.value(":authority"))
	for _, field := range x.spelled() {
		if field.Name[0] != ':' && field.Name != "cookie" {
			head.WriteString("\r\n" + field.Name + ": " + field.Value)
		}
	}
	if auth := via.Authorization(); auth != "" {
		head.WriteString("\r\nProxy-Authorization: " + auth)
	}
	if own := x.value("cookie"); own != "" {
		m.cookie = true
		head.WriteString("\r\nCookie: " + own)
	}
	m.cookieAt = head.Len()
	head.WriteString("\r\n\r\n")
	m.bodyAt = head.Len()
	if len(x.request.Body) > atOnce {
		m.apart = x.request.Body
	} else {
		head.Write(x.request.Body)
	}
	m.bytes = head.Bytes()
	return m
}

// joined are the values of the fields with a name.
func joined(header *h2.Fields, name, between string) string {
	value, ok := header.Get(name)
	if !ok {
		return ""
	}
	all := string(value)
	for i, seen := 0, false; i < header.Len(); i++ {
		n, v := header.At(i)
		if string(n) != name {
			continue
		}
		if seen {
			all += between + string(v)
		}
		seen = true
	}
	return all
}

// compile2 compiles the calls for HTTP/2.
func (f *Clients) compile2() {
	f.maker, f.methods = h2.NewMaker(), map[string]*h2.Head{}
	method := func(name string) {
		if f.methods[name] == nil {
			f.methods[name] = f.maker.Head([]h2.Field{{Name: ":method", Value: name}})
		}
	}
	method("GET") // other methods become GET in a redirect
	for _, t := range f.calls {
		if t != nil {
			t.asFields(f.maker, f.origin)
			method(t.content.Method)
		}
	}
}
