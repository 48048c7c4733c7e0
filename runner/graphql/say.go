package graphql

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// validate holds an operation with its fragments against a schema.
func (d *document) validate(schema *Schema, op *ast.OperationDefinition, fragments []*definition) {
	doc := &ast.QueryDocument{Operations: ast.OperationList{op}}
	for _, f := range fragments {
		doc.Fragments = append(doc.Fragments, f.fragment)
	}
	chosen := rules.NewDefaultRules()
	chosen.RemoveRule("MaxIntrospectionDepth") // a service decides that itself
	chosen.ReplaceRule("ValuesOfCorrectType", correctValues)
	for _, err := range validator.ValidateWithRulesWithSources(schema.Schema, doc, chosen) {
		if schema.onLeaf(err.Message) {
			continue // the field that has them has the problem
		}
		p := Problem{Line: 1, Column: 1, Text: say(&gqlerror.Error{Message: err.Message})}
		if at := err.SourceLocations(); len(at) > 0 {
			p.Line, p.Column = at[0].Line, at[0].Column
			if at[0].Source != nil {
				p.Source = at[0].Source.Name
			}
		}
		if !slices.Contains(d.problems, p) { // gqlparser tells some of them twice
			d.problems = append(d.problems, p)
		}
	}
}

var ofType = regexp.MustCompile(`^Cannot query field "\w+" on type "(\w+)"`)

// onLeaf reports whether a message is about fields of a type that has none.
func (s *Schema) onLeaf(message string) bool {
	match := ofType.FindStringSubmatch(message)
	return match != nil && s.Types[match[1]] != nil && s.Types[match[1]].IsLeafType()
}

// sentences are the messages of gqlparser that people meet most, and what we say instead.
var sentences = []struct {
	message *regexp.Regexp
	say     string
}{
	{regexp.MustCompile(`^Cannot query field ("\w+") on type "(\w+)"\.(.*)$`), `the operation asks for $1 on $2, which has no such field$3`},
	{regexp.MustCompile(`^Unknown argument ("\w+") on field "(\w+)\.(\w+)"\.(.*)$`), `the field $3 of $2 has no argument $1$4`},
	{regexp.MustCompile(`^Unknown argument ("\w+") on directive "(@\w+)"\.(.*)$`), `the directive $2 has no argument $1$3`},
	{regexp.MustCompile(`^Unknown type ("\w+")\.(.*)$`), `the schema has no type $1$2`},
	{regexp.MustCompile(`^Unknown directive "(@\w+)"\.(.*)$`), `the schema has no directive $1$2`},
	{regexp.MustCompile(`^Field "(\w+)" argument "(\w+)" of type "([^"]+)" is required, but it was not provided\.$`), `the field $1 needs the argument $2: $3`},
	{regexp.MustCompile(`^Field "(\w+)" must not have a selection since type "([^"]+)" has no subfields\.$`), `the field $1 is of type $2, which has no fields: remove its braces`},
	{regexp.MustCompile(`^Field "(\w+)" of type "([^"]+)" must have a selection of subfields\..*$`), `the field $1 is of type $2: say which of its fields are asked for, such as $1 { id }`},
	{regexp.MustCompile(`^Variable "(\$\w+)" of type "([^"]+)" used in position expecting type "([^"]+)"\.$`), `$1 is declared as $2 and used where $3 is needed`},
	{regexp.MustCompile(`^Variable "(\$\w+)" cannot be non-input type "([^"]+)"\.$`), `$1 cannot be of type $2, which is no input`},
	{regexp.MustCompile(`^Undefined type "?(\w+)"?\.$`), `there is no type "$1"`},
	{regexp.MustCompile(`^Cannot reference Input Object "(\w+)" within itself through a series of non-null fields: "(.*)"\.$`), `the input $1 contains itself in fields that must be given ($2), so it has no value`},
	{regexp.MustCompile(`^Schema does not support operation type "(\w+)"$`), `the schema has no $1`},
}

// say is a message of gqlparser in our words: a clause without a full stop.
func say(err *gqlerror.Error) string {
	message := err.Message
	for _, s := range sentences {
		if at := s.message.FindStringSubmatchIndex(message); at != nil {
			return endOf(string(s.message.ExpandString(nil, s.say, message, at)))
		}
	}
	if message == "" || ofScalar.MatchString(message) {
		return endOf(message)
	}
	return endOf(strings.ToLower(message[:1]) + message[1:])
}

// ofScalar is a message that begins with the name of a type.
var ofScalar = regexp.MustCompile(`^(Int|Float|String|Boolean|ID) cannot `)

// several is a list of suggestions, the nearest first.
var several = regexp.MustCompile(`(; did you mean [^"]*"[^"]+")(, | or ).*\?$`)

// endOf ends a sentence as ours do: with the nearest suggestion alone, and without a full stop.
func endOf(text string) string {
	text = strings.ReplaceAll(strings.Replace(text, " Did you mean ", "; did you mean ", 1), ".;", ";")
	text = several.ReplaceAllString(text, "$1?")
	return strings.TrimSuffix(text, ".")
}

func quote(text string) string { return strict.Quote(text) }

func suggest(name string, known []string) string { return strict.Suggest(name, known) }

// suggestOr suggests a known name that is near, or says something else.
func suggestOr(name string, known []string, otherwise string) string {
	if text := suggest(name, known); strings.Contains(text, "did you mean") {
		return text
	}
	return otherwise
}

// count is a small number in words.
func count(n int) string {
	if words := []string{"no", "one", "two", "three", "four", "five"}; n < len(words) {
		return words[n]
	}
	return strconv.Itoa(n)
}
