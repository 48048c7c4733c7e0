// Package strict reads YAML that a person wrote and says everything that is wrong with it.
//
// A Reader walks the nodes of one file. Each method takes a node and gives back a value, or
// notes a Problem with the line, the column and the path of the key, and gives back the zero
// value, so that reading goes on and all problems of a file are told at once. Unknown and
// repeated keys are problems. The Reader knows nothing of what the file means; profile and
// gate, which do, add their own problems to the same list through Problem.
package strict

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Problem is one thing wrong in a file.
type Problem struct {
	File         string
	Line, Column int    // from 1
	Key          string // path of the key, such as users[0].wait; empty for the file itself
	Text         string // what is wrong and what to write instead
}

// String is the problem as compilers print theirs: file:line:column: key: text.
func (p Problem) String() string {
	if p.Key == "" {
		return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", p.File, p.Line, p.Column, p.Key, p.Text)
}

// Problems are all that is wrong in a file, in the order of its lines. It is an error when
// there is at least one.
type Problems []Problem

// Error lists the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// Err is the list as an error, nil when it is empty.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// Reader reads one file and collects its problems.
type Reader struct {
	file     string
	path     []string
	problems Problems
}

// NewReader is a Reader whose problems name the given file.
func NewReader(file string) *Reader { return &Reader{file: file} }

// Parse is the root node of a document, nil when it is not YAML or empty.
func (r *Reader) Parse(data []byte) *yaml.Node {
	if len(bytes.TrimSpace(data)) == 0 {
		r.at(1, 1, "the file is empty")
		return nil
	}
	var document yaml.Node
	// Repeated keys are noted by Mapping, with the place of both, so the library's own
	// check is off.
	err := yaml.Load(data, &document, yaml.WithUniqueKeys(false))
	var at *yaml.LoadError
	switch {
	case errors.As(err, &at):
		r.at(at.Mark.Line, at.Mark.Column, "this is not YAML: %s", at.Message)
		return nil
	case err != nil || len(document.Content) == 0:
		r.at(1, 1, "this is not a YAML document: %v", err)
		return nil
	}
	return document.Content[0]
}

// Problems gives what was found so far, in the order of lines.
func (r *Reader) Problems() Problems {
	sorted := slices.Clone(r.problems)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return sorted
}

// Problem notes that something is wrong at a node.
func (r *Reader) Problem(n *yaml.Node, format string, args ...any) {
	r.at(n.Line, n.Column, format, args...)
}

func (r *Reader) at(line, column int, format string, args ...any) {
	key := strings.ReplaceAll(strings.Join(r.path, "."), ".[", "[")
	r.problems = append(r.problems, Problem{r.file, max(line, 1), max(column, 1), key, fmt.Sprintf(format, args...)})
}

// In runs read with name added to the path that problems show.
func (r *Reader) In(name string, read func()) {
	r.path = append(r.path, name)
	read()
	r.path = r.path[:len(r.path)-1]
}

// Fields says how the value of each known key of a mapping is read.
type Fields map[string]func(value *yaml.Node)

// Mapping reads the keys of n. A key that is not in fields, or comes twice, is a problem.
func (r *Reader) Mapping(n *yaml.Node, fields Fields) {
	known := make([]string, 0, len(fields))
	for name := range fields {
		known = append(known, name)
	}
	slices.Sort(known)
	r.Entries(n, func(key, value *yaml.Node) {
		read, ok := fields[key.Value]
		if !ok {
			r.Problem(key, "unknown key%s", Suggest(key.Value, known))
			return
		}
		read(value)
	})
}

// Entries reads a mapping with keys of the user's choice; a key that comes twice is a
// problem.
func (r *Reader) Entries(n *yaml.Node, each func(key, value *yaml.Node)) {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		r.Problem(n, "%s stands where keys with values are meant", describe(n))
		return
	}
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		r.In(key.Value, func() {
			if before, twice := first[key.Value]; twice {
				r.Problem(key, "the key stands here for the second time; the first is in line %d", before.Line)
				return
			}
			first[key.Value] = key
			each(key, resolve(value))
		})
	}
}

// Sequence reads the items of a list.
func (r *Reader) Sequence(n *yaml.Node, each func(item *yaml.Node)) {
	n = resolve(n)
	if n.Kind != yaml.SequenceNode {
		r.Problem(n, "%s stands where a list is meant", describe(n))
		return
	}
	for i, item := range n.Content {
		r.In(fmt.Sprintf("[%d]", i), func() { each(resolve(item)) })
	}
}

// Text reads a text, or a number or truth value as the text that was written.
func (r *Reader) Text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		r.Problem(n, "%s stands where a text is meant", describe(n))
		return ""
	}
	return n.Value
}

// Bool reads true or false.
func (r *Reader) Bool(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		r.Problem(n, "%s is neither true nor false", describe(n))
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

// OneOf reads one of the given words.
func (r *Reader) OneOf(n *yaml.Node, words ...string) string {
	text := r.Text(n)
	if text != "" && !slices.Contains(words, text) {
		r.Problem(n, "%q is not known here; write one of: %s", text, strings.Join(words, ", "))
		return ""
	}
	return text
}

// Int reads a whole number between least and most.
func (r *Reader) Int(n *yaml.Node, least, most int) int {
	v, err := strconv.Atoi(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || err != nil:
		r.Problem(n, "%s is not a whole number; write for example %d", describe(n), max(least, 1))
	case v < least || v > most:
		r.Problem(n, "%d is outside %d to %d", v, least, most)
	default:
		return v
	}
	return 0
}

// Rate reads a positive number up to most, bare or with "/s" behind it.
func (r *Reader) Rate(n *yaml.Node, most float64) float64 {
	v, err := strconv.ParseFloat(strings.TrimSuffix(n.Value, "/s"), 64)
	if n.Kind != yaml.ScalarNode || err != nil || !(v > 0 && v <= most) {
		r.Problem(n, "%s is not a rate; write for example 10 or 0.5/s", describe(n))
		return 0
	}
	return v
}

// Percent reads a share such as 20% and gives it as 0.2. It must lie in least to most, which
// are shares too.
func (r *Reader) Percent(n *yaml.Node, least, most float64) float64 {
	digits, ok := strings.CutSuffix(n.Value, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	switch v /= 100; {
	case n.Kind != yaml.ScalarNode || !ok || err != nil:
		r.Problem(n, "%s is not a percentage; write for example 20%%", describe(n))
	case !(v >= least && v <= most):
		r.Problem(n, "%s is outside %g%% to %g%%", n.Value, least*100, most*100)
	default:
		return v
	}
	return 0
}

// Duration reads a span as ParseDuration does, of at least least.
func (r *Reader) Duration(n *yaml.Node, least time.Duration) time.Duration {
	d, err := ParseDuration(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || err != nil:
		r.Problem(n, "%s is not a span of time; write for example 30s, 500ms or 1h20m", describe(n))
	case d < least:
		r.Problem(n, "%s is less than %v", n.Value, least)
	default:
		return d
	}
	return 0
}

// maxDuration keeps sums of spans within what a time.Duration holds.
const maxDuration = 100 * 24 * time.Hour

// ParseDuration reads a span as Locust's users write it: 20 (seconds), 20s, 3m, 1h20m, and
// also 500ms and decimals. Negative spans and those over 100 days are errors.
func ParseDuration(text string) (time.Duration, error) {
	spelled := text
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		spelled = text + "s"
	}
	d, err := time.ParseDuration(spelled)
	if err != nil || d < 0 || d > maxDuration {
		return 0, fmt.Errorf("%q is not a span of time between 0 and 100 days; write for example 30s, 500ms or 1h20m", text)
	}
	return d, nil
}

// resolve follows an alias to its anchor.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a group of keys"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	default:
		return strconv.Quote(n.Value)
	}
}
