package har

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// writer turns entries into steps.
type writer struct {
	in         draft.Input
	d          *draft.Draft
	known      map[string]*source // values of answers, by their text
	sent       map[string]bool    // values that requests have sent before any answer held them
	names      map[string]bool    // of variables
	labels     draft.Labels       // of operations of GraphQL
	routes     map[string]bool
	carried    []string
	savedToken bool
	steps      int
	index      int // values in known
}

// pause is the least time between two requests that becomes a wait.
const (
	pause    = time.Second
	maxPause = time.Minute
)

// task writes all entries as one task. What answers are used for is known only at the end, so saves come last.
func (w *writer) task(entries []*entry) draft.Task {
	task := draft.Task{Name: "visit"}
	calls := make([]*call, len(entries))
	for i, e := range entries {
		calls[i] = &call{entry: e}
		if w.write(calls[i]); calls[i].off == "" {
			w.remember(calls[i])
		}
	}
	var end time.Time
	for _, c := range calls {
		if gap := c.entry.start.Sub(end); !end.IsZero() && gap > pause {
			task.Steps = append(task.Steps, draft.Step{Keys: draft.Map{{Key: "wait", Value: waitOf(min(gap, maxPause))}}})
		}
		if c.entry.end.After(end) {
			end = c.entry.end
		}
		task.Steps = append(task.Steps, w.step(c))
		w.steps++
	}
	return task
}

// waitOf is a span in tenths of a second.
func waitOf(d time.Duration) string {
	d = d.Round(100 * time.Millisecond)
	if d%time.Second == 0 {
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return fmt.Sprintf("%dms", d/time.Millisecond)
}

// call is an entry that becomes a step.
type call struct {
	entry *entry
	keys  draft.Map
	saves []*source
	route string
	above string
	off   string // why it can only be a comment
}

func (w *writer) step(c *call) draft.Step {
	keys := c.keys
	if len(c.saves) > 0 {
		saves := draft.Map{}
		for _, s := range c.saves {
			saves = append(saves, draft.Entry{Key: s.name, Value: s.where})
		}
		keys = append(keys, draft.Entry{Key: "save", Value: saves})
	}
	if c.off == "" {
		w.routes[c.route] = true
	} else {
		w.d.Notes = append(w.d.Notes, draft.Note{File: w.in.Name, Text: c.route + " is a comment: " + c.off})
	}
	return draft.Step{Keys: keys, Above: c.above, Off: c.off}
}

// write finds the keys of a call, save among them only later.
func (w *writer) write(c *call) {
	e := c.entry
	if e.isSocket() {
		w.socket(c)
		return
	}
	if w.graphql(c) {
		return
	}
	place, ids := w.path(e.url)
	c.keys = draft.Map{{Key: "http", Value: e.Request.Method + " " + place}}
	c.route = e.Request.Method + " " + place
	if ids != place {
		c.route = e.Request.Method + " " + ids
		c.keys = append(c.keys, draft.Entry{Key: "name", Value: draft.OneLine(c.route)})
	}
	body := w.body(c)
	if len(body) == 0 && e.hasBody() {
		c.off = "the recording does not hold the body that this request sent; fill it in"
	}
	if headers := w.headers(e, body); len(headers) > 0 {
		c.keys = append(c.keys, draft.Entry{Key: "headers", Value: headers})
	}
	c.keys = append(c.keys, body...)
	if e.isEvents() {
		w.events(c)
		return
	}
	if status := e.Response.Status; status >= 300 && status < 400 && status != 304 {
		c.keys = append(c.keys, draft.Entry{Key: "expect", Value: draft.Map{{Key: "status", Value: status}}})
	}
}

var (
	digits   = regexp.MustCompile(`^[0-9]+$`)
	uuidForm = regexp.MustCompile(`^(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	ulidForm = regexp.MustCompile(`^[0-7][0-9A-HJKMNP-TV-Z]{25}$`)
	hexForm  = regexp.MustCompile(`^(?i)[0-9a-f]{16,}$`)
)

func idLike(text string) bool {
	return digits.MatchString(text) || uuidForm.MatchString(text) || ulidForm.MatchString(text) || hexForm.MatchString(text)
}

// path writes the path of an address twice: place has variables for the values that came from answers, and route has
// {id} for each segment that looks like an id. Without such segments both are the same.
func (w *writer) path(u *url.URL) (place, route string) {
	var path, named []string
	for _, segment := range strings.Split(cmp.Or(u.EscapedPath(), "/"), "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			plain = segment
		}
		switch s := w.use(plain); {
		case s != nil && plain != "":
			path, named = append(path, "${"+s.name+"}"), append(named, "{"+s.name+"}")
		case webToken.MatchString(plain):
			path, named = append(path, w.env("token")), append(named, "{token}")
		case idLike(plain):
			path, named = append(path, draft.Literal(clean(segment))), append(named, "{id}")
		default:
			path, named = append(path, draft.Literal(clean(segment))), append(named, draft.Literal(clean(segment)))
		}
	}
	place, route = strings.Join(path, "/"), strings.Join(named, "/")
	if u.RawQuery == "" {
		return place, route
	}
	query, carries := w.query(u.RawQuery)
	if !carries && place == route && len(place)+len(query) < 120 {
		return place + "?" + query, place + "?" + query
	}
	return place + "?" + query, route
}

// clean percent-encodes what may not stand in a path of a profile.
func clean(raw string) string {
	var b strings.Builder
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c >= 0x7f || c == '#' || c == '"' || c == '<' || c == '>' {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(raw[i])
	}
	return b.String()
}

// query is a query with the values that answers gave. Secrets in it become variables of the environment.
func (w *writer) query(raw string) (text string, carries bool) {
	var pairs []string
	for _, pair := range strings.Split(raw, "&") {
		name, value, hasValue := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(value)
		if err != nil {
			plain = value
		}
		key, _ := url.QueryUnescape(name)
		switch s := w.use(plain); {
		case !hasValue:
			pairs = append(pairs, draft.Literal(clean(pair)))
			continue
		case s != nil:
			value, carries = "${"+s.name+"}", true
		case holdsSecret(key, plain), plain != "" && isOnce(key) && redirected(raw):
			value, carries = w.env(key), true
		default:
			value = draft.Literal(clean(value))
		}
		pairs = append(pairs, draft.LiteralBefore(clean(name))+"="+value)
	}
	return strings.Join(pairs, "&"), carries
}

// headers are those that are kept: Content-Type where the body does not say it, Accept, Authorization and own ones.
func (w *writer) headers(e *entry, body draft.Map) (headers draft.Map) {
	for _, h := range e.Request.Headers {
		low := strings.ToLower(strings.TrimSpace(h.Name))
		has := slices.ContainsFunc(headers, func(has draft.Entry) bool { return strings.EqualFold(has.Key, low) })
		switch {
		case has || low == "cookie" || low == "proxy-authorization" || strings.HasPrefix(low, ":") || !tokenForm.MatchString(low) || strings.ContainsAny(h.Value, "\r\n\x00"):
		case low == "content-type":
			if word := firstKey(body); word == "body" && h.Value != "" {
				headers = append(headers, draft.Entry{Key: "Content-Type", Value: draft.Literal(h.Value)})
			}
		case low == "accept":
			if h.Value != "*/*" && h.Value != "" {
				headers = append(headers, draft.Entry{Key: "Accept", Value: draft.Literal(h.Value)})
			}
		case low == "authorization":
			headers = append(headers, draft.Entry{Key: "Authorization", Value: w.authorization(h.Value)})
		case strings.HasPrefix(low, "x-") && !strings.HasPrefix(low, "x-client-data") && !strings.HasPrefix(low, "x-devtools"):
			headers = append(headers, draft.Entry{Key: h.Name, Value: w.own(h.Name, h.Value)})
		case isSecret(low):
			headers = append(headers, draft.Entry{Key: h.Name, Value: w.own(h.Name, h.Value)})
		}
	}
	if authorized := func(h draft.Entry) bool { return h.Key == "Authorization" }; e.url.User != nil && !slices.ContainsFunc(headers, authorized) {
		headers = append(headers, draft.Entry{Key: "Authorization", Value: "Basic " + w.env("API_BASIC")})
		w.note("the user and the password in addresses of %s become the header Authorization", e.origin())
	}
	return headers
}

// note adds a sentence once.
func (w *writer) note(format string, args ...any) {
	n := draft.Note{File: w.in.Name, Text: fmt.Sprintf(format, args...)}
	if !slices.Contains(w.d.Notes, n) {
		w.d.Notes = append(w.d.Notes, n)
	}
}

var tokenForm = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func firstKey(m draft.Map) string {
	if len(m) == 0 {
		return ""
	}
	return m[0].Key
}

// graphql writes a request of GraphQL as a graphql step. It is not ok for anything else.
func (w *writer) graphql(c *call) bool {
	e := c.entry
	if e.Request.Method != "POST" || e.Request.Post == nil || !strings.Contains(e.Request.Post.MimeType, "json") {
		return false
	}
	var sent struct {
		Query         string          `json:"query"`
		OperationName string          `json:"operationName"`
		Variables     json.RawMessage `json:"variables"`
		Extensions    json.RawMessage `json:"extensions"`
	}
	if json.Unmarshal([]byte(e.Request.Post.Text), &sent) != nil {
		return false
	}
	query := strings.TrimSpace(sent.Query)
	operation := draft.Operation(query, sent.OperationName)
	if operation == nil || e.url.RawQuery != "" {
		return false
	}
	if safe := written.ReplaceAllStringFunc(query, blackened); safe != query {
		query, c.off = safe, "its document holds a secret, which was not written; send it as a variable"
	}
	c.keys = draft.Map{{Key: "graphql", Value: query + "\n"}}
	c.route = cmp.Or(sent.OperationName, query)
	if name := w.labels.Of(operation); name != "" {
		c.keys = append(c.keys, draft.Entry{Key: "name", Value: name})
	}
	if len(operations.FindAllString(query, -1)) > 1 && sent.OperationName != "" {
		c.keys = append(c.keys, draft.Entry{Key: "operation", Value: sent.OperationName})
	}
	if sent.Variables != nil {
		if v, ok := w.tree(sent.Variables).(draft.Map); ok && len(v) > 0 {
			c.keys = append(c.keys, draft.Entry{Key: "variables", Value: v})
		}
	}
	if place := e.url.EscapedPath(); place != "/graphql" {
		c.keys = append(c.keys, draft.Entry{Key: "path", Value: draft.Literal(clean(cmp.Or(place, "/")))})
	}
	if headers := w.headers(e, draft.Map{{Key: "json"}}); len(headers) > 0 {
		headers = slices.DeleteFunc(headers, func(h draft.Entry) bool { return h.Key == "Accept" })
		if len(headers) > 0 {
			c.keys = append(c.keys, draft.Entry{Key: "headers", Value: headers})
		}
	}
	return true
}

var (
	operations = regexp.MustCompile(`(?m)^\s*(query|mutation|subscription)\b`)
)
