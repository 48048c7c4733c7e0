package har

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// source is a value of an answer that a later request may use.
type source struct {
	call   *call
	name   string // of the variable, once it is used
	hint   string
	where  any // as save has it
	number bool
}

// maxIndex bounds the values of answers that are kept.
const maxIndex = 200_000

// use returns the source of a value that a request sends, and makes its answer save it. It is nil for a value that no
// answer held, or that a request had sent before.
func (w *writer) use(value string) *source {
	s := w.known[value]
	if s == nil || w.sent[value] {
		if s == nil && len(value) >= 2 {
			w.sent[value] = true
		}
		return nil
	}
	if s.name == "" {
		s.name = w.free(s.hint)
		s.call.saves = append(s.call.saves, s)
		w.carried = append(w.carried, s.name)
	}
	return s
}

// free is a name for a variable.
func (w *writer) free(hint string) string {
	name := strings.Trim(unplain.ReplaceAllString(strings.ToLower(camel.ReplaceAllString(hint, "${1}_$2")), "_"), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "value" + name
	}
	if _, isGenerator, _ := profile.ParseGenerator(name); isGenerator || name == "port" || name == "side" {
		name += "_value"
	}
	name = name[:min(len(name), 40)]
	candidate := name
	for i := 2; w.names[candidate]; i++ {
		candidate = fmt.Sprintf("%s_%d", name, i)
	}
	w.names[candidate] = true
	return candidate
}

var (
	unplain = regexp.MustCompile(`[^a-z0-9]+`)
	camel   = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	idKey   = regexp.MustCompile(`(?:^|_|[a-z])(id|ID|Id|uuid|Uuid|UUID|guid|sku|slug|code|key)$`)
)

// remember keeps the values of an answer: those of JSON, those of hidden fields in a page, and what Location ends with.
func (w *writer) remember(c *call) {
	text := c.entry.Response.Content.Text
	media := strings.ToLower(c.entry.Response.Content.MimeType)
	switch trimmed := strings.TrimSpace(text); {
	case strings.Contains(media, "json") || strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "["):
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		w.walk(c, d, place{}, 0)
	case strings.Contains(media, "html"):
		w.hidden(c, text)
	}
	w.location(c)
}

// place is a place in the JSON of an answer.
type place struct{ path, key, hint string }

func (p place) below(step, key, hint string) place {
	if p.path != "" {
		step = p.path + "." + step
	}
	return place{step, key, hint}
}

// walk keeps the values of JSON. A problem ends it: what was read so far is kept.
func (w *writer) walk(c *call, d *json.Decoder, at place, depth int) bool {
	t, err := d.Token()
	if err != nil || depth > 200 {
		return false
	}
	switch t := t.(type) {
	case json.Delim:
		for i := 0; d.More(); i++ {
			if t == '[' {
				if !w.walk(c, d, at.below(strconv.Itoa(i), at.key, at.hint), depth+1) {
					return false
				}
				continue
			}
			name, err := d.Token()
			if err != nil {
				return false
			}
			inner := name.(string)
			hint := inner
			if strings.EqualFold(inner, "id") || strings.EqualFold(inner, "uuid") {
				hint = singular(cmp.Or(at.key, c.resource()))
			}
			if !w.walk(c, d, at.below(escaped(inner), inner, hint), depth+1) {
				return false
			}
		}
		_, err := d.Token()
		return err == nil
	case string:
		w.keep(c, t, at, false)
	case json.Number:
		w.keep(c, t.String(), at, true)
	}
	return true
}

// keep keeps a value: a text of four letters and more, or an id.
func (w *writer) keep(c *call, value string, at place, number bool) {
	switch {
	case len(value) > 4096 || value == "" || at.path == "" || w.index >= maxIndex:
		return
	case len(value) < 4 && !idKey.MatchString(at.key), w.sent[value]:
		return
	case w.known[value] != nil: // the first answer that held it
		return
	}
	w.index++
	w.known[value] = &source{call: c, hint: at.hint, where: at.path, number: number}
}

// singular is the name of one of many: orders becomes order.
func singular(name string) string {
	switch {
	case strings.HasSuffix(name, "ies") && len(name) > 4:
		return name[:len(name)-3] + "y"
	case strings.HasSuffix(name, "ses") || strings.HasSuffix(name, "xes"):
		return name[:len(name)-2]
	case strings.HasSuffix(name, "s") && !strings.HasSuffix(name, "ss") && len(name) > 3:
		return name[:len(name)-1]
	}
	return name
}

// resource names the thing that a request is about: the last segment of its path that is no id.
func (c *call) resource() string {
	segments := strings.Split(strings.Trim(c.entry.url.Path, "/"), "/")
	for i := len(segments) - 1; i >= 0; i-- {
		if segments[i] != "" && !idLike(segments[i]) {
			return segments[i]
		}
	}
	return "id"
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_$ /:-]+$`)

var special = regexp.MustCompile(`([.*?|#@\\!{}\[\]()=<>%"'])`)

// escaped is a key as GJSON wants it in a path.
func escaped(key string) string {
	if plainKey.MatchString(key) {
		return key
	}
	return special.ReplaceAllString(key, `\$1`)
}

var (
	inputs = regexp.MustCompile(`(?is)<(?:input|meta)\b[^>]*>`)
	nameOf = regexp.MustCompile(`(?is)\bname\s*=\s*["']([^"']+)["']`)
	value  = regexp.MustCompile(`(?is)\b(value|content)\s*=\s*["']([^"']{8,})["']`)
)

// hidden keeps the values of fields in a page: tokens against forged requests stand there.
func (w *writer) hidden(c *call, page string) {
	for _, tag := range inputs.FindAllString(page, 500) {
		name, v := nameOf.FindStringSubmatch(tag), value.FindStringSubmatch(tag)
		if name == nil || v == nil || w.known[v[2]] != nil || w.sent[v[2]] || w.index >= maxIndex {
			continue
		}
		expression := `name=["']` + regexp.QuoteMeta(name[1]) + `["'][^>]*` + v[1] + `=["']([^"']+)`
		if strings.Index(tag, v[0]) < strings.Index(tag, name[0]) {
			expression = v[1] + `=["']([^"']+)["'][^>]*name=["']` + regexp.QuoteMeta(name[1]) + `["']`
		}
		w.index++
		w.known[v[2]] = &source{call: c, hint: name[1], where: draft.Map{{Key: "text", Value: draft.Literal(expression)}}}
	}
}

// location keeps what the Location of an answer ends with: the id of what was made.
func (w *writer) location(c *call) {
	u, err := url.Parse(valueOf(c.entry.Response.Headers, "Location"))
	if err != nil || u.Path == "" {
		return
	}
	before, last := u.Path[:strings.LastIndex(u.Path, "/")+1], u.Path[strings.LastIndex(u.Path, "/")+1:]
	if !idLike(last) || w.known[last] != nil || w.sent[last] {
		return
	}
	w.known[last] = &source{call: c, hint: singular((&call{entry: &entry{url: u}}).resource()),
		where: draft.Map{{Key: "header", Value: "Location"}, {Key: "match", Value: draft.Literal(regexp.QuoteMeta(before) + `([^/?#]+)`)}}}
}
