package profile

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Generator is a variable that has a new value in each call.
type Generator struct {
	Kind     Kind
	Integers [2]int64   // Int: least and most, both can be drawn
	Floats   [2]float64 // Float: from the first up to the second
	Count    int        // Floats and Sentence: how many
}

// Kind says what a Generator makes.
type Kind uint8

// The kinds. The zero Kind is none of them.
const (
	UUID Kind = iota + 1
	Int
	Float
	Floats // an array of JSON numbers
	Word
	Sentence
	FullName
	Email
	Now // RFC 3339, UTC, milliseconds
	Seq // 1, 2, 3, … of this user
	UserID
)

// generators are all kinds: this table is the only list of them.
var generators = [...]struct {
	name      string
	arguments int
	numeric   bool // makes a number or an array in JSON
}{
	UUID:     {name: "uuid"},
	Int:      {name: "int", arguments: 2, numeric: true},
	Float:    {name: "float", arguments: 2, numeric: true},
	Floats:   {name: "floats", arguments: 1, numeric: true},
	Word:     {name: "word"},
	Sentence: {name: "sentence", arguments: 1},
	FullName: {name: "name"},
	Email:    {name: "email"},
	Now:      {name: "now"},
	Seq:      {name: "seq", numeric: true},
	UserID:   {name: "user.id", numeric: true},
}

// Generators lists the names of all generators.
func Generators() []string {
	var names []string
	for _, g := range generators[1:] {
		names = append(names, g.name)
	}
	return names
}

// String is the generator's name in a profile.
func (k Kind) String() string { return generators[k].name }

// Numeric reports whether a generator makes a number, or an array of numbers, in JSON.
func (k Kind) Numeric() bool { return generators[k].numeric }

// maxCount bounds the numbers or words that one variable makes.
const maxCount = 100_000

var generator = regexp.MustCompile(`^([a-z]+(?:\.[a-z]+)?)(?:\(([^()]*)\))?$`)

// ParseGenerator reads a variable such as int(1,20). It is not ok when there is no generator of that
// name; the error says what is wrong with the arguments.
func ParseGenerator(variable string) (g Generator, ok bool, err error) {
	match := generator.FindStringSubmatch(variable)
	if match == nil {
		return g, false, nil
	}
	for kind := range generators {
		if kind > 0 && generators[kind].name == match[1] {
			g.Kind = Kind(kind)
		}
	}
	if g.Kind == 0 {
		return g, false, nil
	}
	var arguments []string
	if match[2] != "" {
		arguments = strings.Split(match[2], ",")
	}
	if want := generators[g.Kind].arguments; len(arguments) != want {
		return g, true, fmt.Errorf("${%s} takes %d arguments in parentheses, not %d", g.Kind, want, len(arguments))
	}
	if err := g.read(arguments); err != nil {
		return g, true, fmt.Errorf("${%s}: %w", variable, err)
	}
	return g, true, nil
}

// read reads the arguments. Their number has been checked.
func (g *Generator) read(arguments []string) (err error) {
	for i, text := range arguments {
		switch text = strings.TrimSpace(text); g.Kind {
		case Int:
			g.Integers[i], err = strconv.ParseInt(text, 10, 64)
		case Float:
			g.Floats[i], err = strconv.ParseFloat(text, 64)
			if math.IsInf(g.Floats[i], 0) || math.IsNaN(g.Floats[i]) {
				err = strconv.ErrRange
			}
		default:
			g.Count, err = strconv.Atoi(text)
		}
		if err != nil {
			return fmt.Errorf("%s is not a valid number here", strict.Quote(text))
		}
	}
	switch {
	case g.Kind == Int && g.Integers[0] > g.Integers[1]:
		return fmt.Errorf("write the smaller number first")
	case g.Kind == Float && !(g.Floats[0] <= g.Floats[1]):
		return fmt.Errorf("write the smaller number first")
	case len(arguments) == 1 && (g.Count < 1 || g.Count > maxCount):
		return fmt.Errorf("%d is out of range: expected 1 to %d", g.Count, maxCount)
	}
	return nil
}
