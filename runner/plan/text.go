package plan

import (
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Text is a part of a call: literals, and variables that get their values at each call. The zero Text is
// empty.
type Text []Part

// Part is a literal or one variable of a Text.
type Part struct {
	Kind      Kind
	Literal   string
	Escape    Escape            // how the value is escaped; a literal is already
	Generator profile.Generator // Generated
	Slot      int               // Saved: index into the user's variables
	Table     int               // Column: index into Plan.Data
	Column    int
}

// Kind is the kind of a Part.
type Kind uint8

// The kinds. Literal is the zero value; the others get a value at each call.
const (
	Literal Kind = iota
	Generated
	Saved
	Column
)

// Escape says where a value is put, which decides how it is escaped.
type Escape uint8

// The places for a value.
const (
	Plain       Escape = iota
	JSON               // inside of a JSON string
	URL                // a path or a query: all but A to Z, a to z, 0 to 9 and -._~ is percent-encoded
	HeaderValue        // control characters but tabs are left out
	JSONWhole          // a whole value of JSON: a text gets its quotes, everything else stays as it is
	JSONText           // a whole value of JSON where a text is declared: everything but null gets quotes
	JSONBare           // a whole value of JSON where a number or a truth value is declared: a text that reads like one goes without quotes
	Form               // application/x-www-form-urlencoded
	Quoted             // inside of a quoted name of multipart/form-data
)

// Static returns the text if it has no variable.
func (t Text) Static() (text string, ok bool) {
	var b strings.Builder
	for _, p := range t {
		if p.Kind != Literal {
			return "", false
		}
		b.WriteString(p.Literal)
	}
	return b.String(), true
}

// Lit is a Text of one literal.
func Lit(text string) Text { return Text{{Literal: text}} }

// Join concatenates texts and merges neighbouring literals.
func Join(texts ...Text) Text {
	var joined Text
	for _, t := range texts {
		for _, p := range t {
			last := len(joined) - 1
			switch {
			case p.Kind == Literal && p.Literal == "":
			case p.Kind == Literal && last >= 0 && joined[last].Kind == Literal:
				joined[last].Literal += p.Literal
			default:
				joined = append(joined, p)
			}
		}
	}
	return joined
}
