package graphql

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
)

// Words that begin a definition.
var (
	inDocuments = []string{"query", "mutation", "subscription", "fragment"}
	inSchemas   = []string{"type", "extend", "schema", "scalar", "interface", "union", "enum", "input", "directive"}
)

// syntaxProblem is what the parser found wrong with a source, in our words. known are the words that may begin a
// definition in it.
func syntaxProblem(source *ast.Source, err error, known []string) Problem {
	p := Problem{source.Name, 1, 1, err.Error()}
	one, ok := errors.AsType[*gqlerror.Error](err)
	if list, several := errors.AsType[gqlerror.List](err); several && len(list) > 0 {
		one, ok = list[0], true
	}
	if !ok {
		return p
	}
	if len(one.Locations) > 0 {
		p.Line, p.Column = max(one.Locations[0].Line, 1), max(one.Locations[0].Column, 1)
	}
	if p.Text = unreadable(source, &p); p.Text == "" {
		p.Text = unexpected(source, one.Message, known)
	}
	return p
}

// unreadable says what in a source is no word, sign, number or text of GraphQL, and puts the problem where it begins;
// empty if all is, or if the parser stopped before.
func unreadable(source *ast.Source, at *Problem) string {
	token, err := firstUnreadable(source)
	if err == nil || token.Pos.Line != at.Line || token.Pos.Column != at.Column {
		return ""
	}
	runes := []rune(source.Input)
	if token.Pos.Start >= len(runes) {
		return ""
	}
	begin, end := wordAround(runes, token.Pos.Start)
	text := ""
	switch r := runes[token.Pos.Start]; {
	case strings.HasPrefix(err.Message, "Unterminated"):
		text = `the text that begins here has no closing "`
		begin = max(token.Pos.Start-1, 0) // its place is the sign behind the opening one
	case end > begin+1 || unicode.IsLetter(r):
		text = quote(string(runes[begin:end])) + " cannot be a name: names have only the letters A to Z, digits and _"
	case r == '\'' || r == '`' || unicode.In(r, unicode.Pi, unicode.Pf) || r == '„':
		text = `a text stands in straight double quotes ("), not in ` + string(r)
	case r == '/':
		text = "a comment begins with #"
	case r == '.':
		text = "a fragment has three dots in front of it: ...Name"
	case r > ' ' && !strings.ContainsRune(`"-0123456789`, r):
		text = quote(string(r)) + " means nothing in GraphQL; remove it"
	default:
		return endOf(strings.ToLower(err.Message[:1]) + err.Message[1:])
	}
	before := string(runes[:begin])
	at.Line = 1 + strings.Count(before, "\n")
	at.Column = begin + 1 - len([]rune(before[:strings.LastIndexByte(before, '\n')+1]))
	return text
}

// firstUnreadable is the first token that is none, and the error about it; nil if there is none.
func firstUnreadable(source *ast.Source) (lexer.Token, *gqlerror.Error) {
	lex := lexer.New(source)
	for {
		token, err := lex.ReadToken()
		if token.Kind == lexer.EOF {
			return token, nil
		}
		if wrong, ok := errors.AsType[*gqlerror.Error](err); ok && wrong != nil {
			return token, wrong
		}
	}
}

// wordAround is where the word begins and ends that has a sign at i: letters of any alphabet, digits, _ and -.
func wordAround(runes []rune, i int) (begin, end int) {
	in := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-' }
	if !in(runes[i]) || unicode.IsDigit(runes[i]) {
		return i, i + 1
	}
	for begin = i; begin > 0 && in(runes[begin-1]); begin-- {
	}
	for end = i + 1; end < len(runes) && in(runes[end]); end++ {
	}
	if !unicode.IsLetter(runes[begin]) && runes[begin] != '_' { // such as -x, which is a number that is wrong
		return i, i + 1
	}
	return begin, end
}

var (
	unexpectedName = regexp.MustCompile(`^Unexpected Name "(\w+)"$`)
	asJSON         = regexp.MustCompile(`^\s*\{\s*"`)
	ofTokens       = strings.NewReplacer("<EOF>", "the end of the document", "BlockString", "a text", "String", "a text", "Float", "a number", "Int", "a number", "Name", "a name")
)

// unexpected says what stands where the parser expected something else.
func unexpected(source *ast.Source, message string, known []string) string {
	if match := unexpectedName.FindStringSubmatch(message); match != nil {
		return unexpectedWord(match[1], known)
	}
	switch {
	case asJSON.MatchString(source.Input) && strings.HasSuffix(message, "found String"):
		return "this is the JSON of a request: write the text of its query, and its variables beside it under variables"
	case strings.EqualFold(message, "expected at least one definition, found }"):
		return "there is nothing between { and }: name a field"
	case strings.EqualFold(message, "expected at least one definition, found )"):
		return "there is nothing between ( and ): remove both"
	case strings.HasPrefix(message, "Expected "), strings.HasPrefix(message, "Unexpected "):
		if before, after, found := strings.Cut(message, ", found "); found {
			message = ofTokens.Replace(before) + ", found " + ofTokens.Replace(after)
		} else {
			message = strings.Replace(message, "<EOF>", "end of the document", 1)
		}
	}
	return say(&gqlerror.Error{Message: message})
}

// unexpectedWord says why a word begins no definition.
func unexpectedWord(word string, known []string) string {
	switch isDocument := slices.Contains(known, "query"); {
	case word == "on":
		return "a fragment cannot be named on"
	case slices.Contains(known, word): // its braces are missing, or stand elsewhere
		return "unexpected " + quote(word)
	case isDocument && slices.Contains(inSchemas, word):
		return quote(word) + " belongs to a schema, which is named under target.graphql.schema; operations stand here, such as query Top { top { id } }"
	case !isDocument && slices.Contains(inDocuments, word):
		return quote(word) + " begins an operation, and the schema is needed here: its types, such as type Query { … }"
	case isDocument:
		return "an operation begins with query, mutation or {, found " + quote(word) + suggestOr(strings.ToLower(word), known, "")
	}
	return "a definition begins with a word such as type or input, found " + quote(word) + suggestOr(strings.ToLower(word), known, "")
}
