package k6

import (
	"cmp"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// named is an address with the name of its route, which has no method yet: http.url`…`.
type named struct {
	address script.Value
	name    string
}

// template follows http.url`…`: the name of the route has {id} for what is put in. A scheme and a host have no place in
// a name.
func template(c *script.Invocation) script.Value {
	whole := joinTemplate(c)
	var route strings.Builder
	texts, _ := c.Arg(0, "").(*script.List)
	for i, item := range items(texts) {
		text, _ := c.M.StringOf(item)
		route.WriteString(text)
		if i+1 >= len(c.Args) {
			break
		}
		base, known := c.M.StringOf(c.Args[i+1])
		switch {
		case route.Len() == 0 && known && strings.Contains(base, "://"):
			route.WriteString(base)
		case route.Len() > 0 && !strings.HasSuffix(route.String(), "://"):
			route.WriteString("{" + cmp.Or(c.Hint(i+1), "id") + "}")
		}
	}
	name := route.String()
	if _, rest, ok := strings.Cut(name, "://"); ok {
		_, below, _ := strings.Cut(rest, "/")
		name = "/" + below
	}
	name, _, _ = strings.Cut(name, "?")
	if !strings.HasPrefix(name, "/") || !strings.Contains(name, "{") {
		return whole
	}
	return named{whole, name}
}

func items(l *script.List) []script.Value {
	if l == nil {
		return nil
	}
	return l.Items
}

// joinTemplate is the text of a template with a tag.
func joinTemplate(c *script.Invocation) script.Value {
	texts, is := c.Arg(0, "").(*script.List)
	if !is {
		return c.Arg(0, "")
	}
	var parts []script.Value
	for i, text := range texts.Items {
		parts = append(parts, text)
		if i+1 < len(c.Args) {
			parts = append(parts, c.Args[i+1])
		}
	}
	return c.M.Join(parts...)
}

// http is the module k6/http.
func (l *library) http() *script.Native {
	has := map[string]script.Value{}
	for word, method := range map[string]string{"get": "GET", "head": "HEAD", "post": "POST", "put": "PUT", "patch": "PATCH", "del": "DELETE", "options": "OPTIONS"} {
		has[word] = asking("http."+word, func(c *script.Invocation) script.Value {
			if method == "GET" || method == "HEAD" {
				return l.request(c, method, c.Arg(0, ""), nil, c.Arg(1, ""))
			}
			return l.request(c, method, c.Arg(0, ""), c.Arg(1, ""), c.Arg(2, ""))
		})
	}
	request := func(c *script.Invocation) script.Value {
		method, _ := c.M.StringOf(c.Arg(0, ""))
		return l.request(c, strings.ToUpper(method), c.Arg(1, ""), c.Arg(2, ""), c.Arg(3, ""))
	}
	has["request"], has["asyncRequest"] = asking("http.request", request), asking("http.asyncRequest", request)
	has["batch"] = asking("http.batch", l.batch)
	has["url"] = native("http.url", template)
	has["file"] = native("http.file", func(c *script.Invocation) script.Value {
		f := &script.File{Name: c.Arg(1, ""), Type: c.Arg(2, "")}
		switch v := c.Arg(0, "").(type) {
		case *script.File:
			f.Path, f.Content = v.Path, v.Content
		case *script.Unknown:
			return v
		default:
			text, ok := c.M.StringOf(v)
			if !ok {
				return &script.Unknown{At: c.At, Why: "the content of a file"}
			}
			f.Content = text
		}
		if f.Name == nil {
			f.Name = "file.bin"
			if f.Path != "" {
				f.Name = f.Path[strings.LastIndex(f.Path, "/")+1:]
			}
		}
		return f
	})
	has["cookieJar"] = native("http.cookieJar", l.jar)
	has["CookieJar"] = native("http.CookieJar", func(c *script.Invocation) script.Value {
		own, _ := l.jar(c).(*script.Native)
		own.Name = ownJar
		return own
	})
	has["expectedStatuses"] = native("http.expectedStatuses", expectedStatuses)
	has["setResponseCallback"] = native("http.setResponseCallback", func(c *script.Invocation) script.Value {
		l.asked.callback = c.Arg(0, "")
		return nil
	})
	whole := &script.Native{Name: "k6/http", Has: has}
	has["default"] = whole
	return whole
}

// ownJar is the name of a jar that a script makes beside that of its user.
const ownJar = "a cookie jar of its own"

// jar is a jar of cookies. What a script puts in goes out with its next requests.
func (l *library) jar(c *script.Invocation) script.Value {
	return &script.Native{Name: "a cookie jar", Has: map[string]script.Value{
		"set": native("jar.set", func(c *script.Invocation) script.Value {
			if l.cookies == nil {
				l.cookies = script.NewDict()
			}
			l.cookies.Set(c.Text(1, ""), c.Arg(2, ""))
			return true
		}),
		"cookiesForURL": native("jar.cookiesForURL", func(c *script.Invocation) script.Value { return &script.Unknown{At: c.At, Why: "the cookies of a jar"} }),
		"clear":         native("jar.clear", forget), "delete": native("jar.delete", forget),
	}}
}

// forget takes cookies out of a jar.
func forget(c *script.Invocation) script.Value {
	c.M.Note(c.At, "a cookie that is taken out of the jar stays in it: a profile has no words for that")
	return nil
}

// request makes a step of one request.
func (l *library) request(c *script.Invocation, method string, address, body, params script.Value) script.Value {
	s := &script.Step{At: c.At, Protocol: "http", Method: method}
	if method == "" {
		s.Method, s.Off = "GET", "its method is not known"
	}
	if n, is := address.(named); is {
		address, s.Name = n.address, method+" "+n.name
	}
	if u, is := address.(*script.Native); is && u.Has["href"] != nil { // new URL(…)
		address = u.Has["href"]
		if d, is := u.Has["params"].(*script.Dict); is {
			address = c.M.Query(address, d)
		}
	}
	s.URL = address
	p, _ := params.(*script.Dict)
	l.params(c, s, p)
	cookies := l.cookies
	if own, is := get(p, "cookies").(*script.Dict); is {
		cookies = own
	}
	if cookies != nil && len(cookies.Keys) > 0 {
		var parts []script.Value
		for i, key := range cookies.Keys {
			if i > 0 {
				parts = append(parts, "; ")
			}
			v := get(cookies, key)
			if d, is := v.(*script.Dict); is {
				v = get(d, "value")
			}
			parts = append(parts, key+"=", v)
		}
		s.SetHeader("Cookie", c.M.Join(parts...))
	}
	l.credentials(c, s)
	l.send(c, s, body)
	c.M.Emit(s)
	return &script.Answer{Of: s}
}

func get(d *script.Dict, key string) script.Value { return first(d.Get(key)) }

// credentials takes a user and a password out of an address: https://user:password@host.
func (l *library) credentials(c *script.Invocation, s *script.Step) {
	text, ok := c.M.StringOf(s.URL)
	if !ok {
		return
	}
	scheme, rest, ok := strings.Cut(text, "://")
	host, below, _ := strings.Cut(rest, "/")
	who, where, has := strings.Cut(host, "@")
	if !ok || !has {
		return
	}
	s.URL = scheme + "://" + where + "/" + below
	s.SetHeader("Authorization", c.M.Join("Basic ", &script.Base64{Of: who}))
}

// send finds out what a request sends: a mapping with a file in it is multipart.
func (l *library) send(c *script.Invocation, s *script.Step, body script.Value) {
	switch body := body.(type) {
	case *script.Dict:
		for _, key := range body.Keys {
			if _, is := get(body, key).(*script.File); is {
				s.Sends, s.Body = "multipart", body
				return
			}
		}
	case *script.Native:
		if fields, is := body.Has["fields"].(*script.Dict); is { // FormData, or URLSearchParams
			s.Sends, s.Body = "multipart", fields
			if body.Name == "URLSearchParams" {
				s.Sends = "form"
			}
			return
		}
		if body.Name == "ArrayBuffer" {
			body.Name = "the bytes of a body"
		}
	}
	c.M.Send(s, body)
}

// batch makes a step of each request of a batch, one after the other.
func (l *library) batch(c *script.Invocation) script.Value {
	one := func(v script.Value) script.Value {
		inner := &script.Invocation{M: c.M, At: c.At}
		switch v := v.(type) {
		case *script.List:
			item := func(i int) script.Value {
				if i < len(v.Items) {
					return v.Items[i]
				}
				return nil
			}
			method, _ := c.M.StringOf(item(0))
			return l.request(inner, strings.ToUpper(method), item(1), item(2), item(3))
		case *script.Dict:
			method, ok := c.M.StringOf(get(v, "method"))
			if !ok {
				method = "GET"
			}
			return l.request(inner, strings.ToUpper(method), get(v, "url"), get(v, "body"), get(v, "params"))
		}
		return l.request(inner, "GET", v, nil, nil)
	}
	switch all := c.Arg(0, "").(type) {
	case *script.List:
		answers := &script.List{}
		for _, v := range all.Items {
			answers.Items = append(answers.Items, one(v))
		}
		return answers
	case *script.Dict:
		answers := script.NewDict()
		for _, key := range all.Keys {
			answers.Set(key, one(get(all, key)))
		}
		return answers
	}
	c.M.Note(c.At, "the requests of this batch are not known")
	return &script.Unknown{At: c.At, Why: "the answers of a batch"}
}

// Attribute knows answers.
func (l *library) Attribute(m *script.Machine, at script.At, of script.Value, name string) (script.Value, bool) {
	switch of := of.(type) {
	case *script.Answer:
		return l.answer(m, of, name)
	case named:
		return of.address, true
	}
	return nil, false
}

func (l *library) answer(m *script.Machine, a *script.Answer, name string) (script.Value, bool) {
	switch name {
	case "status":
		return a.Part(script.OfStatus, ""), true
	case "json":
		return native(name, func(c *script.Invocation) script.Value {
			path, _ := c.M.StringOf(c.Arg(0, ""))
			return a.Part(script.OfJSON, path)
		}), true
	case "message":
		return a.Part(script.OfJSON, ""), true
	case "body":
		return a.Part(script.OfBody, ""), true
	case "headers":
		return a.Part(script.OfHeader, ""), true
	case "cookies":
		return a.Part(script.OfCookie, ""), true
	case "timings":
		took := a.Part(script.OfTime, "")
		return &script.Native{Name: name, Has: map[string]script.Value{"duration": took, "waiting": took, "receiving": nil, "sending": nil, "connecting": nil, "blocked": nil}}, true
	case "html":
		return native(name, func(c *script.Invocation) script.Value { return selection(a, c.Text(0, "")) }), true
	case "error", "error_code":
		if m.JS {
			return nil, true
		}
	case "then":
		return native(name, func(c *script.Invocation) script.Value { return c.M.Call(c.At, c.Arg(0, ""), a) }), true
	case "submitForm", "clickLink":
		return native(name, func(c *script.Invocation) script.Value {
			c.M.Note(c.At, "%s makes a request from the page, which is known only when the script runs", name)
			return &script.Unknown{At: c.At, Why: "the answer of " + name}
		}), true
	case "url", "request", "status_text", "proto", "remote_ip", "remote_port", "tls_version":
		return &script.Unknown{At: script.At{}, Why: "the " + name + " of an answer"}, true
	}
	return nil, false
}
