package script

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// path is the address of a step as the path of a profile. It is not ok for another host.
func (w *writer) path(s *Step) (string, bool) {
	rest := s.URL
	if host, path, ok := origin(s.URL); ok {
		if !strings.EqualFold(host, w.host) && !strings.EqualFold(host, strings.TrimSuffix(w.d.URL, "/")) {
			if w.host != "" {
				return "", false
			}
		}
		rest = path
	} else if base, path := leadingVariable(s.URL); base != "" {
		if base != w.base {
			return "", false
		}
		rest = path
	}
	text := w.template(rest)
	text, _, _ = strings.Cut(text, "#")
	if strings.HasPrefix(text, "${") && !strings.HasPrefix(text, "${data.") && s.startsWithPart() {
		return escapePath(text), true
	}
	if !strings.HasPrefix(text, "/") {
		text = "/" + text
	}
	return escapePath(text), true
}

// startsWithPart reports whether an address is a link of an answer.
func (s *Step) startsWithPart() bool {
	first, others := parts(s.URL)
	if first != "" || len(others) == 0 {
		return false
	}
	_, is := others[0].(*Part)
	return is
}

// escapePath percent-encodes what may not stand in a path.
func escapePath(text string) string {
	var b strings.Builder
	inside := false
	for i := range len(text) {
		c := text[i]
		switch {
		case strings.HasPrefix(text[i:], "${"):
			inside = true
		case c == '}' && inside:
			inside = false
			b.WriteByte(c)
			continue
		}
		if !inside && (c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0) {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

var inPath = regexp.MustCompile(`\$\{([^}]*)\}`)

// routeOf is the name of a route for a path with variables: {id} stands for each.
func routeOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return inPath.ReplaceAllStringFunc(path, func(variable string) string {
		name := strings.Trim(variable, "${}")
		if _, column, isData := strings.Cut(name, "data."); isData {
			name = column[strings.LastIndex(column, ".")+1:]
		}
		if strings.ContainsAny(name, "(") || name == "" {
			name = "id"
		}
		return "{" + strings.TrimPrefix(name, "env.") + "}"
	})
}

// Query adds parameters to an address.
func (m *Machine) Query(address Value, params Value) Value {
	d, is := params.(*Dict)
	if !is {
		if params == nil {
			return address
		}
		if text, is := m.text(params).(string); is && text != "" {
			return m.concat(address, "?", text)
		}
		return m.concat(address, params)
	}
	separator := "?"
	if first, is := m.text(address).(string); is && strings.Contains(first, "?") {
		separator = "&"
	}
	made := []Value{address}
	add := func(key string, v Value) {
		if s, is := v.(string); is {
			v = url.QueryEscape(s)
		}
		made = append(made, separator, url.QueryEscape(key)+"=", v)
		separator = "&"
	}
	for _, key := range d.Keys {
		switch v := d.m[key].(type) {
		case nil: // requests leaves it out
		case *List:
			for _, item := range v.Items {
				add(key, item)
			}
		default:
			add(key, v)
		}
	}
	return m.concat(made...)
}
