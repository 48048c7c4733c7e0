package python

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// texts reads a text, and those that follow it directly, which Python joins.
func (p *parser) texts(first token) script.Node {
	parts := p.text(first)
	for p.peek().kind == text {
		parts = append(parts, p.text(p.next())...)
	}
	var joined []script.Node
	for _, part := range parts { // neighbouring literals become one
		literal, isLiteral := part.(script.Literal)
		if n := len(joined); isLiteral && n > 0 {
			if before, ok := joined[n-1].(script.Literal); ok {
				joined[n-1] = script.Literal{At: before.At, Value: before.Value.(string) + literal.Value.(string)}
				continue
			}
		}
		joined = append(joined, part)
	}
	if len(joined) == 1 {
		if literal, ok := joined[0].(script.Literal); ok {
			return literal
		}
	}
	return script.Join{At: first.at, Parts: joined}
}

// text is the content of one string: literals, and in an f-string the expressions between them.
func (p *parser) text(t token) []script.Node {
	quote := strings.IndexAny(t.value, `"'`)
	prefix := strings.ToLower(t.value[:quote])
	body := t.value[quote:]
	n := 1
	if len(body) >= 6 && (strings.HasPrefix(body, `"""`) || strings.HasPrefix(body, "'''")) {
		n = 3
	}
	body = body[n : len(body)-n]
	raw := strings.Contains(prefix, "r")
	if !strings.Contains(prefix, "f") {
		return []script.Node{script.Literal{At: t.at, Value: unescaped(body, raw)}}
	}
	return p.formatted(t, body, raw)
}

// formatted reads the body of an f-string.
func (p *parser) formatted(t token, body string, raw bool) (parts []script.Node) {
	var plain strings.Builder
	flush := func() {
		parts = append(parts, script.Literal{At: t.at, Value: unescaped(plain.String(), raw)})
		plain.Reset()
	}
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case (c == '{' || c == '}') && i+1 < len(body) && body[i+1] == c:
			plain.WriteByte(c)
			i++
		case c == '{':
			flush()
			n := expressionLength(body[i+1:])
			value := p.inner(t, body[i+1:i+1+n])
			i += 1 + n
			if form := numberForm.FindStringSubmatch(body[i:]); form != nil {
				value = script.Binary{At: t.at, Op: "%", X: script.Literal{At: t.at, Value: "%" + form[1]}, Y: value}
			}
			parts = append(parts, value)
			if i < len(body) && body[i] != '}' { // !r, :>10 or =
				depth := 1
				for ; i < len(body); i++ {
					if body[i] == '{' {
						depth++
					} else if body[i] == '}' {
						if depth--; depth == 0 {
							break
						}
					}
				}
			}
		default:
			plain.WriteByte(c)
		}
	}
	flush()
	return parts
}

// numberForm is the form of a number behind an expression: {n:03d}.
var numberForm = regexp.MustCompile(`^:(0?[0-9]*(?:\.[0-9]+)?[dfx])\}`)

// expressionLength is how long the expression is that begins a text, up to its }, its ! or its format.
func expressionLength(rest string) int {
	depth, quote := 0, byte(0)
	for i := range len(rest) {
		switch c := rest[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(' || c == '[' || c == '{':
			depth++
		case depth == 0 && (c == '}' || c == ':' || c == '!' && !strings.HasPrefix(rest[i:], "!=")),
			depth == 0 && c == '=' && strings.HasPrefix(strings.TrimLeft(rest[i+1:], " "), "}"):
			return i
		case c == ')' || c == ']' || c == '}':
			depth--
		}
	}
	return len(rest)
}

// inner reads an expression within an f-string.
func (p *parser) inner(t token, source string) script.Node {
	words, _, err := tokens(t.at.File, strings.TrimSpace(strings.ReplaceAll(source, "\n", " ")), t.at.Line, t.at.Col)
	if err != nil {
		return script.Unread{At: t.at, Why: "the expression {" + source + "}"}
	}
	inside := &parser{tokens: words, depth: p.depth}
	var value script.Node
	func() {
		defer func() {
			switch problem := recover().(type) {
			case nil:
			case Problem:
				value = script.Unread{At: t.at, Why: problem.Text}
			default:
				panic(problem)
			}
		}()
		value = inside.expressions()
	}()
	return value
}

var escapes = map[byte]string{'n': "\n", 't': "\t", 'r': "\r", '\\': `\`, '\'': "'", '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v", '\n': ""}

// unescaped undoes the escapes of a text.
func unescaped(body string, raw bool) string {
	if raw || !strings.Contains(body, `\`) {
		return body
	}
	var b strings.Builder
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' || i+1 == len(body) {
			b.WriteByte(body[i])
			continue
		}
		i++
		c := body[i]
		if plain, ok := escapes[c]; ok {
			b.WriteString(plain)
			continue
		}
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
		if code, err := strconv.ParseUint(body[min(i+1, len(body)):min(i+1+digits, len(body))], 16, 32); digits > 0 && err == nil {
			b.WriteString(string(utf8.AppendRune(nil, rune(code))))
			i += digits
			continue
		}
		b.WriteByte('\\')
		b.WriteByte(c)
	}
	return b.String()
}
