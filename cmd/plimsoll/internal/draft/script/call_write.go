package script

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// call writes the keys of a request.
func (w *writer) call(s *Step) draft.Map {
	if s.Protocol == "grpc" {
		return w.grpc(s)
	}
	place, ok := w.path(s)
	if !ok && s.Off == "" {
		s.Off = "it goes to another host than the others"
	}
	if !ok {
		place = escapePath(w.template(s.URL))
		if _, _, whole := origin(s.URL); !whole {
			place = "/" + strings.TrimLeft(place, "/")
		}
	}
	var keys draft.Map
	if keys = w.graphql(s, place); keys != nil {
		s.Protocol = "graphql"
		return w.rest(s, keys, nil)
	}
	if s.Protocol == "websocket" {
		keys = draft.Map{{Key: "websocket", Value: place}}
	} else {
		keys = draft.Map{{Key: "http", Value: s.Method + " " + place}}
	}
	switch {
	case s.Name != "" && s.Name != s.Method+" "+place && s.Name != place:
		keys = append(keys, draft.Entry{Key: "name", Value: draft.OneLine(s.Name)})
	case strings.Contains(place, "${") && s.Protocol != "websocket":
		keys = append(keys, draft.Entry{Key: "name", Value: s.Method + " " + routeOf(place)})
	case strings.Contains(place, "${"):
		keys = append(keys, draft.Entry{Key: "name", Value: "WS " + routeOf(place)})
	}
	var body draft.Map
	if !tooLarge(s.Body) {
		body = w.body(s)
	}
	return w.rest(s, keys, body)
}

// rest writes the keys that requests of all protocols over HTTP have in common.
func (w *writer) rest(s *Step, keys, body draft.Map) draft.Map {
	if headers := w.headers(s); len(headers) > 0 {
		keys = append(keys, draft.Entry{Key: "headers", Value: headers})
	}
	keys = append(append(keys, body...), w.extra(s)...)
	if expect := w.expect(s); len(expect) > 0 {
		keys = append(keys, draft.Entry{Key: "expect", Value: expect})
	}
	if saves := w.saves(s); len(saves) > 0 {
		keys = append(keys, draft.Entry{Key: "save", Value: saves})
	}
	return keys
}

// grpc writes the keys of a call of gRPC.
func (w *writer) grpc(s *Step) draft.Map {
	name, _ := w.m.StringOf(s.URL)
	keys := draft.Map{{Key: "grpc", Value: strings.TrimPrefix(name, "/")}}
	message := w.value(s.Body)
	if message == nil {
		message = draft.Map{}
	}
	if messages := w.extra(s); len(messages) > 0 {
		keys = append(keys, messages...)
	} else {
		keys = append(keys, draft.Entry{Key: "message", Value: message})
	}
	if headers := w.headers(s); len(headers) > 0 {
		keys = append(keys, draft.Entry{Key: "metadata", Value: headers})
	}
	if expect := w.expect(s); len(expect) > 0 {
		keys = append(keys, draft.Entry{Key: "expect", Value: expect})
	}
	if saves := w.saves(s); len(saves) > 0 {
		keys = append(keys, draft.Entry{Key: "save", Value: saves})
	}
	return keys
}

func (w *writer) extra(s *Step) (keys draft.Map) {
	if s.Extra == nil {
		return nil
	}
	m, _ := w.value(s.Extra).(draft.Map)
	return m
}

var (
	token  = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	basic  = regexp.MustCompile(`^(?i)basic +[a-z0-9+/]+=*$`)
	bearer = regexp.MustCompile(`^(?i)(bearer|token|jwt) +\S{8,}$`)
	keyed  = regexp.MustCompile(`(?i)(api[-_]?key|access[-_]?key|auth[-_]?token|access[-_]?token|secret)$`)
)

// headers writes the headers of a request. Those that follow from the body are left out.
func (w *writer) headers(s *Step) (headers draft.Map) {
	if s.Headers == nil {
		return nil
	}
	for _, name := range s.Headers.Keys {
		v := s.Headers.m[name]
		low := strings.ToLower(name)
		text := w.template(v)
		_, unknown := isUnknown(w.m.text(v))
		known, isKnown := w.m.text(v).(string)
		switch {
		case v == nil || low == "content-length" || low == "transfer-encoding" || low == "host" || low == "connection" || !token.MatchString(name):
			continue
		case low == "content-type" && (s.Sends == "multipart" || s.Sends == "form" || s.Sends == "json" && strings.HasPrefix(known, "application/json")):
			continue
		case unknown:
			w.m.Note(s.At, "the value of the header %s is not known, and the header is left out", name)
			continue
		case strings.ContainsAny(text, "\r\n"):
			w.m.Note(s.At, "the header %s has a line break, and is left out", name)
			continue
		case isKnown && low == "authorization" && basic.MatchString(known):
			text = w.secret("API_BASIC", name, known)
		case isKnown && low == "authorization" && bearer.MatchString(known):
			text = w.secret("API_TOKEN", name, known)
		case isKnown && keyed.MatchString(name) && len(known) >= 8:
			text = w.secret("API_KEY", name, known)
		}
		headers = append(headers, draft.Entry{Key: name, Value: text})
	}
	return headers
}

// secret stands for a secret that the script holds: the last word of a header. Each secret has a variable.
func (w *writer) secret(variable, header, known string) string {
	at := strings.LastIndexByte(known, ' ') + 1
	name := variable
	for i := 2; ; i++ {
		if held, taken := w.secrets[name]; !taken {
			w.secrets[name] = known[at:]
			w.d.Env = append(w.d.Env, draft.Variable{Name: name, Why: w.in.Name + " has the value in its header " + header + ", and a profile holds no secrets"})
		} else if held != known[at:] {
			name = fmt.Sprintf("%s_%d", variable, i)
			continue
		}
		return known[:at] + "${env." + name + "}"
	}
}

// body writes what a request sends.
func (w *writer) body(s *Step) draft.Map {
	switch s.Sends {
	case "json":
		if text, is := w.m.StringOf(s.Body); is {
			if _, isText := s.Body.(string); !isText {
				if v, err := FromJSON(text); err == nil {
					return draft.Map{{Key: "json", Value: w.value(v)}}
				}
			}
		}
		return draft.Map{{Key: "json", Value: w.value(s.Body)}}
	case "form", "multipart":
		return draft.Map{{Key: s.Sends, Value: w.fields(s.Body, s.Sends == "multipart")}}
	case "body":
		if f, is := s.Body.(*File); is {
			return draft.Map{{Key: "body", Value: draft.Map{{Key: "file", Value: w.filePath(f)}}}}
		}
		return draft.Map{{Key: "body", Value: w.template(s.Body)}}
	}
	return nil
}

// fields are the fields of a form.
func (w *writer) fields(v Value, multipart bool) draft.Map {
	d, _ := v.(*Dict)
	fields := draft.Map{}
	if d == nil {
		return fields
	}
	one := func(v Value) any {
		switch v := v.(type) {
		case *File:
			part := draft.Map{{Key: "file", Value: w.filePath(v)}}
			if v.Name != nil && multipart {
				if name := w.template(v.Name); name != path.Base(v.Path) {
					part = append(part, draft.Entry{Key: "name", Value: name})
				}
			}
			if kind, ok := w.m.StringOf(v.Type); ok && strings.Contains(kind, "/") {
				part = append(part, draft.Entry{Key: "type", Value: kind})
			}
			return part
		default:
			return w.template(v)
		}
	}
	for _, key := range d.Keys {
		switch v := d.m[key].(type) {
		case nil:
			if w.m.JS {
				fields = append(fields, draft.Entry{Key: draft.Literal(key), Value: "null"})
			}
		case *List:
			items := []any{}
			for _, item := range v.Items {
				items = append(items, one(item))
			}
			fields = append(fields, draft.Entry{Key: draft.Literal(key), Value: items})
		default:
			fields = append(fields, draft.Entry{Key: draft.Literal(key), Value: one(v)})
		}
	}
	return fields
}

// filePath is where a file lies, from the profile, and copies the file there when the script made it up.
func (w *writer) filePath(f *File) string {
	if f.Path == "" { // content that the script holds
		name := plainName(strings.TrimSuffix(fileName(w, f), path.Ext(fileName(w, f))))
		if name == "" {
			name = "upload"
		}
		place := name + path.Ext(fileName(w, f))
		if !slices.ContainsFunc(w.d.Files, func(has draft.File) bool { return has.Path == place }) {
			w.d.Files = append(w.d.Files, draft.File{Path: place, Content: []byte(f.Content)})
		}
		return place
	}
	return path.Join(path.Dir(w.in.Name), f.Path)
}

func fileName(w *writer, f *File) string {
	name, _ := w.m.StringOf(f.Name)
	return name
}

// value is a value as a draft has it in JSON.
func (w *writer) value(v Value) any {
	switch v := v.(type) {
	case nil, bool, int64, float64:
		return v
	case string:
		return draft.Literal(v)
	case *List:
		items := []any{}
		for _, item := range v.Items {
			items = append(items, w.value(item))
		}
		return items
	case *Dict:
		m := draft.Map{}
		for _, key := range v.Keys {
			m = append(m, draft.Entry{Key: draft.Literal(key), Value: w.value(v.m[key])})
		}
		return m
	case *Object:
		return w.value(v.Fields)
	case *Row:
		m := draft.Map{}
		for _, column := range v.Table.Columns() {
			m = append(m, draft.Entry{Key: draft.Literal(column), Value: w.template(v.Table.column(column))})
		}
		return m
	}
	return w.template(v)
}

// codes are the codes of gRPC, by their numbers.
var codes = []string{"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
	"FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"}

// codes are the names of the codes that are expected; none for OK alone, which is the usual one.
func (s *Step) codes() (names []any) {
	for _, code := range s.Status {
		if code >= 0 && code < len(codes) {
			names = append(names, codes[code])
		}
	}
	if len(names) == 1 && names[0] == codes[0] {
		return nil
	}
	return names
}

// expect writes what an answer must be.
func (w *writer) expect(s *Step) (expect draft.Map) {
	switch n := len(s.Status); {
	case s.Protocol == "grpc":
		if names := s.codes(); len(names) == 1 {
			expect = append(expect, draft.Entry{Key: "code", Value: names[0]})
		} else if len(names) > 1 {
			expect = append(expect, draft.Entry{Key: "code", Value: names})
		}
	case n == 0 || s.Protocol != "http": // the others know by themselves what success is
	case n == 1:
		expect = append(expect, draft.Entry{Key: "status", Value: s.Status[0]})
	default:
		var all []any
		for _, status := range s.Status {
			all = append(all, status)
		}
		expect = append(expect, draft.Entry{Key: "status", Value: all})
	}
	for _, kind := range []Kind{OfJSON, OfHeader, OfCookie} {
		word := map[Kind]string{OfJSON: "json", OfHeader: "headers", OfCookie: "cookies"}[kind]
		var conditions draft.Map
		for _, e := range s.Expected {
			path, want := e.Path, e.Want
			if t, is := want.(truth); is {
				path, want = t.condition(w.m.JS)
			}
			if e.Kind == kind && conditions.Get(path) == nil {
				conditions = append(conditions, draft.Entry{Key: path, Value: want})
			}
		}
		if len(conditions) > 0 {
			expect = append(expect, draft.Entry{Key: word, Value: conditions})
		}
	}
	var texts []any
	for _, e := range s.Expected {
		switch e.Kind {
		case OfBody:
			if text, is := e.Want.(string); is {
				texts = append(texts, draft.Literal(text))
			}
		case OfSize:
			if expect.Get("size") == nil {
				expect = append(expect, draft.Entry{Key: "size", Value: e.Want})
			}
		}
	}
	if len(texts) == 1 {
		expect = append(expect, draft.Entry{Key: "text", Value: texts[0]})
	} else if len(texts) > 1 {
		expect = append(expect, draft.Entry{Key: "text", Value: texts})
	}
	if s.Within != "" {
		expect = append(expect, draft.Entry{Key: "within", Value: s.Within})
	}
	return expect
}

// saves writes what is kept of an answer.
func (w *writer) saves(s *Step) (saves draft.Map) {
	for _, save := range s.Saves {
		p := save.Part
		var at draft.Map
		switch p.Kind {
		case OfJSON:
			if p.Match == "" && !save.Optional && p.Path != "" {
				saves = append(saves, draft.Entry{Key: save.Name, Value: p.Path})
				continue
			}
			path := p.Path
			if path == "" {
				path = "@this"
			}
			at = draft.Map{{Key: "json", Value: path}}
		case OfHeader:
			at = draft.Map{{Key: "header", Value: p.Path}}
		case OfCookie:
			at = draft.Map{{Key: "cookie", Value: p.Path}}
		default:
			match := p.Match
			if match == "" {
				match = "(?s).+"
			}
			at = draft.Map{{Key: "text", Value: draft.Literal(match)}}
		}
		if p.Match != "" && p.Kind != OfBody {
			at = append(at, draft.Entry{Key: "match", Value: draft.Literal(p.Match)})
		}
		if save.Optional {
			at = append(at, draft.Entry{Key: "optional", Value: true})
		}
		saves = append(saves, draft.Entry{Key: save.Name, Value: at})
	}
	return saves
}
