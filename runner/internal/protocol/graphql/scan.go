package graphql

import (
	"bytes"
	"encoding/json"
)

// parts are the parts of an answer that matter, as they stand in it.
type parts struct {
	data   []byte // empty if there is none
	errors []byte // empty if there are none: also for null and []
}

// maxDepth bounds how deep an answer may be nested, as package answer does.
const maxDepth = 10_000

// scan finds the parts of an answer, and makes sure that all of it is JSON (RFC 8259). wrong says why it is
// not a GraphQL answer. If a key comes twice, the first counts, as in GJSON; errors count wherever they are.
func scan(body []byte) (found parts, wrong string) {
	b := bytes.TrimPrefix(body, byteOrderMark)
	i := space(b, 0)
	if i == len(b) || b[i] != '{' {
		return found, notAnswer(b, i)
	}
	if i = space(b, i+1); i < len(b) && b[i] == '}' {
		return found, atEnd(b, i+1)
	}
	for {
		key, at := member(b, i)
		if at < 0 {
			return found, notAnswer(b, 0)
		}
		end := value(b, at)
		if end < 0 {
			return found, notAnswer(b, end)
		}
		found.take(key, b[at:end])
		i = space(b, end)
		switch {
		case i < len(b) && b[i] == ',':
			i = space(b, i+1)
		case i < len(b) && b[i] == '}':
			return found, atEnd(b, i+1)
		default:
			return found, notAnswer(b, 0)
		}
	}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// take keeps a member of the answer.
func (p *parts) take(key, value []byte) {
	if bytes.IndexByte(key, '\\') >= 0 {
		key = unescaped(key)
	}
	switch string(key) {
	case "data":
		if len(p.data) == 0 {
			p.data = value
		}
	case "errors":
		if len(p.errors) == 0 && !isEmpty(value) {
			p.errors = value
		}
	}
}

// unescaped is a key without the escapes of JSON.
func unescaped(key []byte) []byte {
	var plain string
	if err := json.Unmarshal([]byte(`"`+string(key)+`"`), &plain); err != nil {
		return key
	}
	return []byte(plain)
}

// isEmpty reports whether a value of errors means that there are none. The specification forbids such values,
// but servers send them.
func isEmpty(value []byte) bool {
	return string(value) == "null" || value[0] == '[' && space(value, 1) == len(value)-1
}

// atEnd makes sure that nothing follows an answer.
func atEnd(b []byte, i int) string {
	if space(b, i) == len(b) {
		return ""
	}
	return notAnswer(b, 0)
}

// Where a value would end: these are not values.
const (
	invalid = -1
	tooDeep = -2
)

// notAnswer says why a body is not a GraphQL answer. i is where it begins, or one of the ends above.
func notAnswer(b []byte, i int) string {
	start := b[min(max(space(b, 0), 0), len(b)):]
	switch {
	case i == tooDeep:
		return "the JSON of the answer is nested more than 10000 levels deep"
	case len(start) == 0:
		return "the answer is empty"
	case bytes.HasPrefix(start, []byte("--")):
		return "the answer comes in parts, as for @defer and @stream, which are not read"
	case bytes.HasPrefix(start, []byte("event:")), bytes.HasPrefix(start, []byte("data:")), bytes.HasPrefix(start, []byte(":")):
		return "the answer is a stream of events, which is not read here"
	case start[0] == '<':
		return "the answer is a page and no JSON"
	case start[0] == '[' && value(b, space(b, 0)) > 0:
		return "the answer is a list, as for several operations at once; one was sent"
	case start[0] != '{' && value(b, space(b, 0)) > 0:
		return "the answer is no object of JSON"
	}
	return "the answer is not JSON"
}

// space is where white space ends.
func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// member reads the key of a member and the colon. at is where the value begins; negative if there is none.
func member(b []byte, i int) (key []byte, at int) {
	if i >= len(b) || b[i] != '"' {
		return nil, invalid
	}
	end := text(b, i)
	if end < 0 {
		return nil, invalid
	}
	key = b[i+1 : end-1]
	if i = space(b, end); i >= len(b) || b[i] != ':' {
		return nil, invalid
	}
	return key, space(b, i+1)
}

// nesting is which of the open values are objects. It allocates past 64 of them.
type nesting struct {
	depth int
	low   uint64
	rest  []bool
}

func (n *nesting) push(object bool) {
	switch {
	case n.depth >= 64:
		n.rest = append(n.rest, object)
	case object:
		n.low |= 1 << n.depth
	default:
		n.low &^= 1 << n.depth
	}
	n.depth++
}

func (n *nesting) pop() {
	if n.depth--; n.depth >= 64 {
		n.rest = n.rest[:n.depth-64]
	}
}

func (n *nesting) inObject() bool {
	if n.depth > 64 {
		return n.rest[n.depth-65]
	}
	return n.low>>(n.depth-1)&1 == 1
}

// value is where a value ends; negative if there is none.
func value(b []byte, i int) int {
	var open nesting
	for {
		if i >= len(b) {
			return invalid
		}
		switch c := b[i]; c {
		case '{', '[':
			open.push(c == '{')
			if open.depth > maxDepth {
				return tooDeep
			}
			i = space(b, i+1)
			if i < len(b) && b[i] == c+2 { // { and }, [ and ] are two apart
				open.pop()
				i++
				break
			}
			if c == '{' {
				if _, i = member(b, i); i < 0 {
					return invalid
				}
			}
			continue
		case '"':
			i = text(b, i)
		case 't':
			i = word(b, i, "true")
		case 'f':
			i = word(b, i, "false")
		case 'n':
			i = word(b, i, "null")
		default:
			i = number(b, i)
		}
		if i = next(b, i, &open); i < 0 || open.depth == 0 {
			return i
		}
	}
}

// next goes on after a value: to the next one, or to the end of all if none is open.
func next(b []byte, i int, open *nesting) int {
	for i >= 0 && open.depth > 0 {
		if i = space(b, i); i >= len(b) {
			return invalid
		}
		object := open.inObject()
		switch c := b[i]; {
		case c == ',' && object:
			_, i = member(b, space(b, i+1))
			return i
		case c == ',':
			return space(b, i+1)
		case c == '}' && object, c == ']' && !object:
			open.pop()
			i++
		default:
			return invalid
		}
	}
	return i
}

// text is where a string ends; negative if it does not, or holds what it must not.
func text(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return invalid
		case c == '\\':
			if i++; i >= len(b) {
				return invalid
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				for range 4 {
					if i++; i >= len(b) || !isHex(b[i]) {
						return invalid
					}
				}
			default:
				return invalid
			}
		}
	}
	return invalid
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func word(b []byte, i int, want string) int {
	if len(b)-i < len(want) || string(b[i:i+len(want)]) != want {
		return invalid
	}
	return i + len(want)
}

// number is where a number ends; negative if there is none.
func number(b []byte, i int) int {
	if i < len(b) && b[i] == '-' {
		i++
	}
	whole := digits(b, i)
	if whole == i || b[i] == '0' && whole > i+1 {
		return invalid
	}
	i = whole
	if i < len(b) && b[i] == '.' {
		if end := digits(b, i+1); end > i+1 {
			i = end
		} else {
			return invalid
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		end := digits(b, i)
		if end == i {
			return invalid
		}
		i = end
	}
	return i
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}
