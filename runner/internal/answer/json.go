package answer

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// maxDepth bounds how deep an answer may be nested, as encoding/json does: gjson reads levels by
// recursion, and a stack that overflows ends the program.
const maxDepth = 10_000

// notJSON says why a body cannot be read as JSON.
func notJSON(body []byte) (wrong string) {
	switch {
	case len(body) > maxDepth && tooDeep(body):
		return "the JSON of the answer is nested more than 10000 levels deep"
	case !gjson.ValidBytes(body):
		return "the answer is not JSON"
	}
	return ""
}

func tooDeep(body []byte) bool {
	depth, inText := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '[' || c == '{':
			if depth++; depth > maxDepth {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// json is the body without a byte order mark, which a reader may ignore (RFC 8259, section 8.1).
func (a Answer) json() []byte { return bytes.TrimPrefix(a.Body, byteOrderMark) }

var byteOrderMark = []byte("\xef\xbb\xbf")

// find is the part of JSON at a GJSON path. It compares numbers in queries exactly. gjson compares
// doubles: its #(id==9007199254740993) finds 9007199254740992 too.
func find(json, path string) gjson.Result {
	q, ok := profile.CutQuery(path)
	if !ok {
		return gjson.Get(json, path)
	}
	list := gjson.Parse(json)
	if q.List != "" {
		list = gjson.Get(json, q.List)
	}
	if !list.IsArray() {
		return gjson.Result{}
	}
	var found []gjson.Result
	list.ForEach(func(_, item gjson.Result) bool {
		if matches(&q, item) {
			found = append(found, item)
		}
		return q.All || len(found) == 0
	})
	switch {
	case !q.All && len(found) == 0:
		return gjson.Result{}
	case !q.All && q.Rest == "":
		return found[0]
	case !q.All:
		return find(found[0].Raw, q.Rest[1:])
	case strings.HasPrefix(q.Rest, "|"):
		return find(array(found).Raw, q.Rest[1:])
	}
	if q.Rest != "" {
		var inner []gjson.Result
		for _, item := range found {
			if part := find(item.Raw, q.Rest[1:]); part.Exists() {
				inner = append(inner, part)
			}
		}
		found = inner
	}
	return array(found)
}

// array is a list of values.
func array(items []gjson.Result) gjson.Result {
	raw := []byte{'['}
	for i, item := range items {
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = append(raw, item.Raw...)
	}
	return gjson.Result{Type: gjson.JSON, Raw: string(append(raw, ']'))}
}

// matches reports whether an item of a list is one that a query asks for. Apart from numbers it
// compares as gjson does.
func matches(q *profile.Query, item gjson.Result) bool {
	if q.Of != "" {
		item = find(item.Raw, q.Of)
	}
	order := 0
	switch item.Type {
	case gjson.String:
		order = strings.Compare(item.Str, q.Operand)
	case gjson.Number:
		order = plan.CompareNumbers(item.Raw, q.Operand)
	case gjson.True:
		return q.Op == profile.NotEqual || q.Op == profile.GreaterEqual
	case gjson.False:
		return q.Op == profile.NotEqual || q.Op == profile.LessEqual
	default:
		return false
	}
	return plan.Meets(q.Op, order)
}
