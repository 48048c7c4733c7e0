package python

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// kind is a kind of token.
type kind uint8

const (
	end kind = iota
	newline
	indent
	dedent
	name
	number
	text
	operator
)

// token is one word of a program. The value of a text is its source, with prefix and quotes.
type token struct {
	kind  kind
	value string
	at    script.At
}

// is reports whether the token is this operator or this name.
func (t token) is(words ...string) bool {
	if t.kind != operator && t.kind != name {
		return false
	}
	for _, word := range words {
		if t.value == word {
			return true
		}
	}
	return false
}

// lexer cuts a program into tokens.
type lexer struct {
	file    string
	source  string
	pos     int
	line    int
	begins  int       // where the line begins
	joined  bool      // the line goes on the one before
	open    []token   // brackets that are open
	never   []Problem // brackets that are never closed
	indents []int     // columns of the blocks that are open
	tokens  []token
}

// operators are those of more than one character, the longer ones first.
var operators = []string{"**=", "//=", ">>=", "<<=", "...", "!=", "==", "<=", ">=", "->", ":=", "+=", "-=", "*=", "/=", "%=", "@=", "&=", "|=", "^=", "**", "//", "<<", ">>", "<>"}

// tokens cuts a program.
func tokens(file, source string, line, col int) (words []token, never []Problem, err error) {
	l := &lexer{file: file, source: source, line: line, begins: 1 - col, indents: []int{0}}
	for l.pos < len(l.source) {
		if err := l.next(); err != nil {
			return nil, nil, err
		}
	}
	l.giveUp()
	l.add(newline, "")
	for len(l.indents) > 1 {
		l.indents = l.indents[:len(l.indents)-1]
		l.add(dedent, "")
	}
	l.add(end, "")
	return l.tokens, l.never, nil
}

// giveUp takes the brackets that are open for closed.
func (l *lexer) giveUp() {
	if n := len(l.open); n > 0 {
		last := l.open[n-1]
		l.never = append(l.never, Problem{last.at, fmt.Sprintf("this %q is never closed", last.value)})
		l.open = nil
		l.add(newline, "")
	}
}

// beginsStatement are words that no line within brackets begins with.
var beginsStatement = regexp.MustCompile(`^[ \t\f]*(@[A-Za-z_.]+(\([^\r\n]*\))?[ \t]*[\r\n]|(return|import|raise|while|with|try|del|global|assert|pass|break|continue|class|def)\b)`)

func (l *lexer) at() script.At {
	return script.At{File: l.file, Line: l.line, Col: l.pos - l.begins + 1}
}

func (l *lexer) add(k kind, value string) {
	if k == newline && (len(l.tokens) == 0 || l.tokens[len(l.tokens)-1].kind == newline) {
		return
	}
	l.tokens = append(l.tokens, token{k, value, l.at()})
}

// lineBreak steps over a line break.
func (l *lexer) lineBreak() {
	if l.source[l.pos] == '\r' && strings.HasPrefix(l.source[l.pos:], "\r\n") {
		l.pos++
	}
	l.pos++
	l.line++
	l.begins = l.pos
}

// next reads one token, or what stands between two.
func (l *lexer) next() error {
	if l.pos == l.begins && len(l.open) > 0 && beginsStatement.MatchString(l.source[l.pos:]) {
		l.giveUp()
	}
	if l.pos == l.begins && len(l.open) == 0 && !l.joined {
		if blank, err := l.indentation(); blank || err != nil {
			return err
		}
	}
	l.joined = false
	rest := l.source[l.pos:]
	r, size := utf8.DecodeRuneInString(rest)
	switch {
	case r == '\n' || r == '\r':
		if len(l.open) == 0 {
			l.add(newline, "")
		}
		l.lineBreak()
	case r == '\\' && len(rest) > 1 && (rest[1] == '\n' || rest[1] == '\r'):
		l.pos++
		l.lineBreak()
		l.joined = true
	case r == ' ' || r == '\t' || r == '\f' || r == '\uFEFF':
		l.pos += size
	case r == '#':
		l.pos += len(rest) - len(strings.TrimLeftFunc(rest, func(r rune) bool { return r != '\n' && r != '\r' }))
	case r == '_' || unicode.IsLetter(r):
		return l.word(rest)
	case r >= '0' && r <= '9' || r == '.' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
		n := numberLength(rest)
		l.add(number, rest[:n])
		l.pos += n
	case r == '"' || r == '\'':
		return l.text(rest, 0)
	default:
		return l.operator(rest, size)
	}
	return nil
}

// indentation opens and closes blocks at the beginning of a line. A blank line does neither.
func (l *lexer) indentation() (blank bool, err error) {
	column, at := 0, l.pos
	for ; at < len(l.source); at++ {
		switch l.source[at] {
		case ' ':
			column++
			continue
		case '\t':
			column += 8 - column%8
			continue
		case '\f':
			continue
		}
		break
	}
	if at == len(l.source) {
		l.pos = at
		return true, nil
	}
	switch l.source[at] {
	case '\n', '\r':
		l.pos = at
		l.lineBreak()
		return true, nil
	case '#':
		l.pos = at
		return false, nil
	}
	l.pos = at
	if column > l.indents[len(l.indents)-1] {
		l.indents = append(l.indents, column)
		if len(l.indents) > maxDepth {
			return false, Problem{l.at(), fmt.Sprintf("%d blocks in each other are too many", maxDepth)}
		}
		l.add(indent, "")
	}
	for column < l.indents[len(l.indents)-1] {
		l.indents = l.indents[:len(l.indents)-1]
		l.add(dedent, "")
	}
	return false, nil
}

// word reads a name, or the prefix of a text.
func (l *lexer) word(rest string) error {
	n := strings.IndexFunc(rest, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	if n < 0 {
		n = len(rest)
	}
	if n <= 2 && n < len(rest) && (rest[n] == '"' || rest[n] == '\'') && strings.Trim(strings.ToLower(rest[:n]), "rbfut") == "" {
		return l.text(rest, n)
	}
	l.add(name, rest[:n])
	l.pos += n
	return nil
}

// text reads a text with its prefix of n bytes.
func (l *lexer) text(rest string, n int) error {
	start := l.at()
	quote := rest[n : n+1]
	if strings.HasPrefix(rest[n:], strings.Repeat(quote, 3)) {
		quote = strings.Repeat(quote, 3)
	}
	i := n + len(quote)
	line, begins := l.line, l.begins
	formatted, depth := strings.ContainsAny(strings.ToLower(rest[:n]), "f"), 0
	for ; i < len(rest); i++ {
		switch c := rest[i]; {
		case depth == 0 && strings.HasPrefix(rest[i:], quote):
			i += len(quote)
			l.tokens = append(l.tokens, token{text, rest[:i], start})
			l.pos += i
			l.line, l.begins = line, begins
			return nil
		case c == '\\':
			i++
			if i < len(rest) && rest[i] == '\n' {
				line, begins = line+1, l.pos+i+1
			}
		case c == '\n':
			if len(quote) == 1 && depth == 0 {
				return Problem{start, "this text has no end"}
			}
			line, begins = line+1, l.pos+i+1
		case formatted && depth == 0 && (strings.HasPrefix(rest[i:], "{{") || strings.HasPrefix(rest[i:], "}}")):
			i++
		case formatted && c == '{' && strings.Contains(rest[i:], "}"):
			depth++
		case formatted && c == '}' && depth > 0:
			depth--
		case depth > 0 && strings.HasPrefix(rest[i:], quote) && !closesLater(rest[i+len(quote):], quote):
			depth = 0 // the brace was no expression after all: the text ends here
			i--
		}
	}
	return Problem{start, "this text has no end"}
}

// closesLater reports whether a brace and the quote follow on this line: then a quote within braces is one of an
// inner text, as Python 3.12 allows.
func closesLater(rest, quote string) bool {
	if line, _, more := strings.Cut(rest, "\n"); more && len(quote) == 1 {
		rest = line
	}
	brace := strings.Index(rest, "}")
	return brace >= 0 && strings.Contains(rest[brace:], quote)
}

func (l *lexer) operator(rest string, size int) error {
	for _, op := range operators {
		if strings.HasPrefix(rest, op) {
			l.add(operator, op)
			l.pos += len(op)
			return nil
		}
	}
	switch c := rest[:size]; {
	case strings.Contains("([{", c):
		l.open = append(l.open, token{operator, c, l.at()})
	case strings.Contains(")]}", c):
		l.open = l.open[:max(0, len(l.open)-1)]
	case !strings.Contains("+-*/%@&|^~<>=.,:;!", c):
		return Problem{l.at(), fmt.Sprintf("%q is no Python", c)}
	}
	l.add(operator, rest[:size])
	l.pos += size
	return nil
}

// numberLength is how long the number is that a text begins with.
func numberLength(rest string) int {
	for i := range len(rest) {
		c := rest[i]
		exponent := (c == '+' || c == '-') && i > 0 && (rest[i-1] == 'e' || rest[i-1] == 'E') && !strings.HasPrefix(strings.ToLower(rest), "0x")
		if !exponent && c != '.' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return i
		}
	}
	return len(rest)
}
