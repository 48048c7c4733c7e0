package draft

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Map is a mapping whose keys keep their order. A value is a string, a json.Number, an int, an int64, a
// float64, a bool, nil, a Map, a []any, or one of these in a Block. Items of a []any may be an Item.
type Map []Entry

// Entry is a key with its value.
type Entry struct {
	Key    string
	Value  any
	Above  string // comment lines above the key
	Beside string // a comment behind it
	Off    bool   // the key and its value are written as a comment
}

// Item is an item of a list that has comments.
type Item struct {
	Value any
	Above string
	Off   bool // the item is written as a comment
}

// Block is a mapping or a list that is written over several lines, however short it is.
type Block struct{ Value any }

// Get returns the value of a key, nil when there is none.
func (m Map) Get(key string) any {
	for _, e := range m {
		if e.Key == key && !e.Off {
			return e.Value
		}
	}
	return nil
}

// Set replaces the value of a key, or adds it at the end.
func (m *Map) Set(key string, value any) {
	for i := range *m {
		if (*m)[i].Key == key && !(*m)[i].Off {
			(*m)[i].Value = value
			return
		}
	}
	*m = append(*m, Entry{Key: key, Value: value})
}

// plain are texts that need no quotes in block style; flowing are those that need none in flow style.
var (
	plain   = regexp.MustCompile(`^[A-Za-z./_][A-Za-z0-9 ./_=?&%$(){}\[\],:;+*@~!-]*$`)
	flowing = regexp.MustCompile(`^[A-Za-z./_][A-Za-z0-9 ./_=+-]*$`)
	spans   = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(ms|s|m|h|%|/s)(\.\.[0-9]+(ms|s|m|h))?$`)
	kinds   = regexp.MustCompile(`(?i)^(null|true|false|yes|no|on|off|y|n|\.inf|\.nan)$`)
)

// text writes a text as a scalar that is read as this text.
func text(s string, inFlow bool) string {
	form := plain
	if inFlow {
		form = flowing
	}
	switch {
	case spans.MatchString(s):
		return s
	case !form.MatchString(s) || kinds.MatchString(s) || strings.HasSuffix(s, " ") || strings.HasSuffix(s, ":"),
		strings.Contains(s, ": ") || strings.HasPrefix(s, ". ") || s == "." || s[0] == '.' && len(s) > 1 && s[1] >= '0' && s[1] <= '9':
		return quoted(s)
	}
	return s
}

// quoted writes a text in double quotes.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == ' ' || unicode.IsPrint(r) && r != '\ufeff':
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02X`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// scalar writes a value that is neither a mapping nor a list.
func scalar(value any, inFlow bool) (written string, ok bool) {
	switch v := value.(type) {
	case nil:
		return "null", true
	case string:
		return text(strings.ToValidUTF8(v, "\ufffd"), inFlow), true
	case bool:
		return strconv.FormatBool(v), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return "null", true // JSON, which it is to become, has no form of it
		}
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case json.Number:
		if !profile.IsNumber(v.String()) {
			return quoted(v.String()), true
		}
		return v.String(), true
	}
	return "", false
}

// flow writes a value in one line. It is not ok for what has comments or is a Block.
func flow(value any) (written string, ok bool) {
	if written, ok := scalar(value, true); ok {
		return written, true
	}
	var parts []string
	switch v := value.(type) {
	case Map:
		for _, e := range v {
			inner, ok := flow(e.Value)
			if !ok || e.Above != "" || e.Beside != "" || e.Off || len(e.Key) > maxKey {
				return "", false
			}
			parts = append(parts, key(e.Key)+": "+inner)
		}
		return "{" + strings.Join(parts, ", ") + "}", true
	case []any:
		for _, item := range v {
			inner, ok := flow(item)
			if !ok {
				return "", false
			}
			parts = append(parts, inner)
		}
		return "[" + strings.Join(parts, ", ") + "]", true
	}
	return "", false
}

// maxKey is how long a key may be that stands on one line with its value (YAML 1.2.2, section 8.2.2), less its quotes and escapes.
const maxKey = 100

// key writes a key.
func key(s string) string { return text(strings.ToValidUTF8(s, "\ufffd"), true) }

// isLiteral reports whether a text of lines can be written as they are, under a |.
func isLiteral(s string) bool {
	if !utf8.ValidString(s) || !strings.Contains(s, "\n") || strings.HasSuffix(s, "\n\n") {
		return false
	}
	if first := s[0]; first == ' ' || first == '\n' || first == '\t' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && r != ' ' && (!unicode.IsPrint(r) || r == '\ufeff') })
}
