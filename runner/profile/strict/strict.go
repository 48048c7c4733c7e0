// Package strict reads YAML that a person wrote and reports everything that is wrong with it.
//
// A Reader walks the nodes of one file. Each of its readers takes a node and stores a value, or
// notes a Problem with the line, the column and the path of the key and stores nothing, so that
// all problems of a file are reported at once. Unknown and duplicate keys are problems.
//
// The same readers describe the file: Schema runs them without one, and each of them adds what
// it accepts to a JSON Schema (draft 2020-12). A key that is read is therefore in the schema.
//
// A file may come from a stranger: its size, its depth and the number of values behind its
// aliases are bounded before it is read.
//
// The Reader does not know what a file means. Packages profile and gate do, and add their own
// problems to the same list.
package strict

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Problem is one thing that is wrong in a file.
type Problem struct {
	File         string
	Line, Column int    // from 1
	Key          string // path of the key, such as users[0].wait; empty for the file itself
	Text         string // what is wrong and what to write instead
}

// Place is where a value stands in a file. It outlives the reader: a problem of the value may be found
// later.
type Place struct {
	File         string
	Line, Column int
	Key          string
}

// Problem is a problem of the value at the place.
func (p Place) Problem(format string, args ...any) Problem {
	return Problem{p.File, p.Line, p.Column, p.Key, cut(fmt.Sprintf(format, args...), maxProblem)}
}

// String formats the problem as a compiler does: file:line:column: key: text.
func (p Problem) String() string {
	if p.Key == "" {
		return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", p.File, p.Line, p.Column, p.Key, p.Text)
}

// Problems are all problems of a file, sorted by line.
type Problems []Problem

// Error lists the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns the problems as an error, nil when there are none.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// Merge joins several lists about one file into one, sorted by line. It cuts a long list short.
func Merge(lists ...Problems) Problems {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, byPlace)
	if more := len(all) - maxProblems; more > 1 {
		last := all[maxProblems]
		last.Key, last.Text = "", unshown(more)
		all = append(all[:maxProblems], last)
	}
	return all
}

func byPlace(a, b Problem) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

func unshown(more int) string { return fmt.Sprintf("%d more problems are not shown", more) }

// Bounds on what a hostile file can make a person read.
const (
	maxProblems = 100
	maxProblem  = 1000 // bytes of one text
)

// Reader reads one file and collects its problems, or describes what such a file may hold.
type Reader struct {
	file     string
	data     []byte // of the file
	path     []string
	problems Problems
	unshown  int // problems past maxProblems

	schemas map[*yaml.Node]*Schema // of placeholder nodes; nil when a file is read
	defs    map[string]*Schema     // of Named
}

// NewReader returns a Reader that names the given file in its problems.
func NewReader(file string) *Reader { return &Reader{file: file} }

// Read reads one value.
type Read = func(n *yaml.Node)

// Problems returns what was found so far, sorted by line.
func (r *Reader) Problems() Problems {
	sorted := slices.Clone(r.problems)
	slices.SortStableFunc(sorted, byPlace)
	if r.unshown > 0 {
		last := sorted[len(sorted)-1]
		sorted = append(sorted, Problem{File: r.file, Line: last.Line, Column: last.Column, Text: unshown(r.unshown)})
	}
	return sorted
}

// Problem notes that something is wrong at a node.
func (r *Reader) Problem(n *yaml.Node, format string, args ...any) {
	r.at(n.Line, n.Column, format, args...)
}

// Where is what a Problem at a node begins with: file:line:column: key.
func (r *Reader) Where(n *yaml.Node) string {
	where := Problem{File: r.file, Line: n.Line, Column: n.Column, Key: r.Path()}.String()
	return strings.TrimSuffix(where, ": ")
}

// Place is the place of a node that is being read.
func (r *Reader) Place(n *yaml.Node) Place { return Place{r.file, n.Line, n.Column, r.Path()} }

func (r *Reader) at(line, column int, format string, args ...any) {
	switch {
	case r.schemas != nil:
		return
	case len(r.problems) == maxProblems:
		r.unshown++
		return
	}
	text := cut(fmt.Sprintf(format, args...), maxProblem)
	r.problems = append(r.problems, Problem{r.file, max(line, 1), max(column, 1), r.Path(), text})
}

// Path is the path of the key that is being read, as problems show it.
func (r *Reader) Path() string {
	return strings.ReplaceAll(strings.Join(r.path, "."), ".[", "[")
}

// In calls read with name added to the path that problems show.
func (r *Reader) In(name string, read func()) {
	r.path = append(r.path, shorten(name))
	read()
	r.path = r.path[:len(r.path)-1]
}

// resolve follows an alias to its anchor.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// found names the kind of a node.
func found(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	default:
		return Quote(n.Value)
	}
}

// Quote quotes a text of the file for a problem, and cuts a long one short.
func Quote(text string) string { return strconv.Quote(shorten(text)) }

// shorten cuts a text of the file short.
func shorten(text string) string { return cut(text, 100) }

// cut cuts a text after most bytes, at the end of a character.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}
