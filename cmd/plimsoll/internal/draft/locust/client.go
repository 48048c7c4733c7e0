package locust

import (
	"path"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/python"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// methods are the methods of a client that make a request.
var methods = []string{"get", "post", "put", "patch", "delete", "head", "options"}

// newClient is the client of a user. Its headers are sent with every request.
func (l *library) newClient() *script.Native {
	headers := script.NewDict()
	client := &script.Native{Name: "the client", Has: map[string]script.Value{"headers": headers, "base_url": ""}}
	for _, method := range methods {
		client.Has[method] = asking(method, func(c *script.Invocation) script.Value {
			return l.request(c, client, strings.ToUpper(method), c.Arg(0, "url"), 1)
		})
	}
	client.Has["request"] = asking("request", func(c *script.Invocation) script.Value {
		return l.request(c, client, strings.ToUpper(c.Text(0, "method")), c.Arg(1, "url"), 2)
	})
	client.Has["rename_request"] = native("rename_request", func(c *script.Invocation) script.Value {
		before, name := client.Has["request_name"], c.Arg(0, "name")
		set := func(v script.Value) func(*script.Invocation) script.Value {
			return func(*script.Invocation) script.Value {
				client.Has["request_name"] = v
				return nil
			}
		}
		return &script.Native{Name: "rename_request", Has: map[string]script.Value{"__enter__": native("__enter__", set(name)), "__exit__": native("__exit__", set(before))}}
	})
	client.Has["mount"] = telling("mount", "how this client connects has no place in a profile, and is left out")
	client.Has["cookies"] = jar(client)
	return client
}

// jar is the jar of a client: what a script puts in goes out with its next requests.
func jar(client *script.Native) *script.Native {
	kept := script.NewDict()
	client.Has["own_cookies"] = kept
	set := native("cookies.set", func(c *script.Invocation) script.Value {
		kept.Set(c.Text(0, "name"), c.Arg(1, "value"))
		return nil
	})
	update := native("cookies.update", func(c *script.Invocation) script.Value {
		if more, is := c.Arg(0, "").(*script.Dict); is {
			for _, key := range more.Keys {
				v, _ := more.Get(key)
				kept.Set(key, v)
			}
			return nil
		}
		c.M.Note(c.At, "which cookies this sets is not known, and they are left out")
		return nil
	})
	value := func(key string) script.Value {
		if v, ok := kept.Get(key); ok {
			return v
		}
		return &script.Unknown{Why: "the cookie " + key + " of the client"}
	}
	return &script.Native{Name: "the cookies of the client", Set: kept.Set, Item: value, Has: map[string]script.Value{"set": set, "update": update, "clear": nothing("clear"), "clear_session_cookies": nothing("clear"),
		"get": native("cookies.get", func(c *script.Invocation) script.Value { return value(c.Text(0, "name")) }), "get_dict": nothing("get_dict"), "items": nothing("items")}}
}

// told notes an argument of a request that has no form in a profile.
func (l *library) told(c *script.Invocation, key string) {
	switch key {
	case "url", "method", "params", "headers", "auth", "cookies", "name", "data", "json", "files", "verify", "catch_response", "context", "stream", "path", "self":
	case "allow_redirects":
		if c.Arg(-1, key) == false {
			c.M.Note(c.At, "this request follows no redirect; those of the profile follow as target.redirects says")
		}
	default:
		c.M.Note(c.At, "%s of this request is left out", key)
	}
}

// request makes a step of a call such as self.client.post(url, data, json, …). next is the position of the argument
// after the address.
func (l *library) request(c *script.Invocation, client *script.Native, method string, address script.Value, next int) script.Value {
	s := &script.Step{At: c.At, Protocol: "http", Method: method, Headers: script.NewDict()}
	if method == "" {
		s.Method, s.Off = "GET", "its method is not known"
	}
	if address == nil { // as FastHttpUser calls it
		address = c.Arg(-1, "path")
	}
	if address == nil {
		address, s.Off = "/", "it has no address yet when the script begins"
	}
	if client != nil {
		if all, is := client.Has["headers"].(*script.Dict); is {
			s.Headers = all.Clone()
		}
		if client.Has["verify"] == false {
			l.insecure = true
		}
		l.authorize(c, s, client.Has["auth"])
		if base := client.Has["base_url"]; base != nil && base != "" {
			if text, ok := c.M.StringOf(address); !ok || !strings.Contains(text, "://") {
				address = c.M.Join(base, address)
			}
		}
	}
	for _, key := range c.Named.Keys {
		l.told(c, key)
	}
	if c.Arg(-1, "verify") == false {
		l.insecure = true
	}
	params := c.Arg(-1, "params")
	if params == nil && method == "GET" {
		params = c.Arg(next, "")
	}
	s.URL = c.M.Query(address, params)
	if headers, is := c.Arg(-1, "headers").(*script.Dict); is {
		for _, key := range headers.Keys {
			v, _ := headers.Get(key)
			s.SetHeader(key, v)
		}
	}
	l.authorize(c, s, c.Arg(-1, "auth"))
	l.sentCookies(c, client, s)
	s.Name = routeName(c, client)
	data := c.Arg(-1, "data")
	if data == nil && (method == "POST" || method == "PUT" || method == "PATCH") {
		data = c.Arg(next, "")
	}
	json := c.Arg(-1, "json")
	if json == nil && method == "POST" {
		json = c.Arg(next+1, "")
	}
	l.body(c, s, data, json, c.Arg(-1, "files"))
	c.M.Emit(s)
	return &script.Answer{Of: s}
}

// sentCookies writes the cookies of a client and of its request.
func (l *library) sentCookies(c *script.Invocation, client *script.Native, s *script.Step) {
	sent := script.NewDict()
	if client != nil {
		sent, _ = client.Has["own_cookies"].(*script.Dict)
		sent = sent.Clone()
	}
	if cookies, is := c.Arg(-1, "cookies").(*script.Dict); is {
		for _, key := range cookies.Keys {
			v, _ := cookies.Get(key)
			sent.Set(key, v)
		}
	}
	if len(sent.Keys) > 0 {
		l.cookies(c, s, sent)
	}
}

// routeName is the name that a request or its client gives; empty for none.
func routeName(c *script.Invocation, client *script.Native) string {
	if name := c.Arg(-1, "name"); name != nil {
		if text, ok := c.M.StringOf(name); ok && text != "" {
			return text
		}
		if route := c.M.Route(name); route != "" {
			return route
		}
	}
	if client != nil && client.Has["request_name"] != nil {
		return c.M.Route(client.Has["request_name"])
	}
	return ""
}

// body finds out what a request sends.
func (l *library) body(c *script.Invocation, s *script.Step, data, json, files script.Value) {
	switch {
	case files != nil:
		s.Sends, s.Body = "multipart", l.files(c, data, files)
	case data != nil:
		c.M.Send(s, data)
		if l, is := data.(*script.List); is { // pairs of names and values
			form := script.NewDict()
			for _, item := range l.Items {
				if pair, is := item.(*script.List); is && len(pair.Items) == 2 {
					if key, ok := c.M.StringOf(pair.Items[0]); ok {
						form.Set(key, pair.Items[1])
					}
				}
			}
			s.Sends, s.Body = "form", form
		}
	case json != nil:
		s.Sends, s.Body = "json", json
	}
}

// files are the parts of a multipart form.
func (l *library) files(c *script.Invocation, data, files script.Value) script.Value {
	form := script.NewDict()
	if fields, is := data.(*script.Dict); is {
		form = fields.Clone()
	}
	add := func(name string, v script.Value) {
		f := fileOf(c, v)
		if f == nil {
			form.Set(name, v)
			return
		}
		if had, there := form.Get(name); there {
			if all, is := had.(*script.List); is {
				all.Items = append(all.Items, f)
				return
			}
			form.Set(name, &script.List{Items: []script.Value{had, f}})
			return
		}
		form.Set(name, f)
	}
	switch files := files.(type) {
	case *script.Dict:
		for _, key := range files.Keys {
			v, _ := files.Get(key)
			add(key, v)
		}
	case *script.List:
		for _, item := range files.Items {
			if pair, is := item.(*script.List); is && len(pair.Items) == 2 {
				if key, ok := c.M.StringOf(pair.Items[0]); ok {
					add(key, pair.Items[1])
				}
			}
		}
	}
	return form
}

// fileOf is a file that a form sends: opened, or (name, content, type).
func fileOf(c *script.Invocation, v script.Value) *script.File {
	switch v := v.(type) {
	case *script.File:
		f := *v
		if f.Name == nil {
			f.Name = path.Base(f.Path)
		}
		return &f
	case *script.List:
		if len(v.Items) < 2 {
			return nil
		}
		f := &script.File{Name: v.Items[0]}
		if opened, is := v.Items[1].(*script.File); is {
			f.Path, f.Content = opened.Path, opened.Content
		} else if content, ok := c.M.StringOf(v.Items[1]); ok {
			f.Content = content
		} else {
			return nil
		}
		if name, isName := c.M.StringOf(f.Name); f.Path == "" && (!isName || name == "") {
			return nil
		}
		if len(v.Items) > 2 {
			f.Type = v.Items[2]
		}
		return f
	}
	return nil
}

// authorize writes the header of Basic authentication.
func (l *library) authorize(c *script.Invocation, s *script.Step, auth script.Value) {
	pair, is := auth.(*script.List)
	if !is || len(pair.Items) != 2 {
		if auth != nil {
			c.M.Note(c.At, "how this request authenticates is not known, and it is left out")
		}
		return
	}
	s.SetHeader("Authorization", c.M.Join("Basic ", &script.Base64{Of: c.M.Join(pair.Items[0], ":", pair.Items[1])}))
}

// cookies writes cookies of a request into its header.
func (l *library) cookies(c *script.Invocation, s *script.Step, cookies *script.Dict) {
	var parts []script.Value
	for i, key := range cookies.Keys {
		if i > 0 {
			parts = append(parts, "; ")
		}
		v, _ := cookies.Get(key)
		parts = append(parts, key+"=", v)
	}
	s.SetHeader("Cookie", c.M.Join(parts...))
}

// Source reads a module beside the locustfile.
func (l *library) Source(from, module string) (string, []script.Node, bool) {
	if l.in.Open == nil {
		return "", nil, false
	}
	dir := path.Dir(l.in.Name)
	for _, place := range modulePaths(dir, from, module) {
		beside := strings.TrimPrefix(strings.TrimPrefix(place, dir), "/")
		data, err := l.in.Open(beside)
		if err != nil {
			continue
		}
		body, passedOver, err := python.Parse(place, string(data))
		if err != nil {
			continue
		}
		l.late = append(l.late, passedOver...)
		return place, body, true
	}
	return "", nil, false
}

// notes tells which statements were passed over.
func (l *library) notes(m *script.Machine, passedOver []python.Problem) {
	for _, p := range passedOver {
		m.Note(p.At, script.NotRead, p.Text)
	}
}

// isOurs reports whether a module is one that the library knows.
func isOurs(module string, names ...string) bool {
	root, _, _ := strings.Cut(module, ".")
	return slices.Contains(names, root)
}
