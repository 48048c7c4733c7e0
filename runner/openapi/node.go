package openapi

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Node is a value of a description, as it was written: its keys in their order, its numbers with all their
// digits, its place. A nil *Node stands for a missing value; every method takes one.
type Node struct {
	Kind         Kind
	Text         string   // of a Text; the digits of a Number, as JSON writes them; true or false
	Keys         []string // of a Map
	Items        []*Node  // of a List; the values of a Map
	Line, Column int      // from 1; of a value in a Map, those of its key

	file  *file
	index map[string]int // of the keys of a large Map, once one was asked for
}

// Kind is the kind of a Node.
type Kind uint8

// The kinds. The zero Kind is null.
const (
	Null Kind = iota
	Text
	Number
	Bool
	List
	Map
)

// Get returns the value of a key; nil for none.
func (n *Node) Get(key string) *Node {
	if n == nil || n.Kind != Map {
		return nil
	}
	if len(n.Keys) <= fewKeys {
		if i := slices.Index(n.Keys, key); i >= 0 {
			return n.Items[i]
		}
		return nil
	}
	if n.index == nil {
		n.index = make(map[string]int, len(n.Keys))
		for i, has := range n.Keys {
			n.index[has] = i
		}
	}
	if i, ok := n.index[key]; ok {
		return n.Items[i]
	}
	return nil
}

// fewKeys is how many keys can be looked through as fast as an index.
const fewKeys = 16

// String is the text of a Text, and empty for anything else.
func (n *Node) String() string {
	if n == nil || n.Kind != Text {
		return ""
	}
	return n.Text
}

// Is reports whether the node is the truth value true.
func (n *Node) Is() bool { return n != nil && n.Kind == Bool && n.Text == "true" }

// List returns the items of a List; none of anything else.
func (n *Node) List() []*Node {
	if n == nil || n.Kind != List {
		return nil
	}
	return n.Items
}

// Strings are the texts of a List.
func (n *Node) Strings() (texts []string) {
	for _, item := range n.List() {
		if item.Kind == Text {
			texts = append(texts, item.Text)
		}
	}
	return texts
}

// Problem is a problem at the place of the node.
func (n *Node) Problem(format string, args ...any) error {
	return strict.Problems{{File: n.file.name, Line: n.Line, Column: n.Column, Text: fmt.Sprintf(format, args...)}}
}

// Place is where the node stands: file:line:column.
func (n *Node) Place() string { return fmt.Sprintf("%s:%d:%d", n.file.name, n.Line, n.Column) }

// Bounds on one file.
const (
	maxBytes  = 64 << 20
	maxYAML   = 16 << 20 // whose reader needs 60 times as much memory
	maxDepth  = 500
	maxValues = 4_000_000 // an alias counts as all values that it stands for
)

// file is a file of a description.
type file struct {
	name string // as problems show it
	path string // relative to the first file; empty for that one
	root *Node

	anchors map[string]*Node // once one was asked for
	doubts  strict.Problems  // about duplicate keys
}

// twice notes that a mapping has a key twice.
func (f *file) twice(line, column int, key string) {
	if len(f.doubts) < maxDoubts {
		f.doubts = append(f.doubts, strict.Problem{File: f.name, Line: line, Column: column, Text: "duplicate key " + strict.Quote(key) + ": the first one counts"})
	}
}

// parse reads JSON or YAML.
func parse(f *file, data []byte) (*Node, error) {
	at := func(line, column int, format string, args ...any) error {
		return strict.Problems{{File: f.name, Line: line, Column: column, Text: fmt.Sprintf(format, args...)}}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch trimmed := bytes.TrimSpace(data); {
	case len(data) > maxBytes:
		return nil, at(1, 1, "the file is larger than %d MiB: give a smaller part of it", maxBytes>>20)
	case len(trimmed) == 0:
		return nil, at(1, 1, "the file is empty")
	case !utf8.Valid(data):
		return nil, at(1, 1, "the file is not UTF-8: save it as UTF-8")
	case trimmed[0] == '{':
		p := jsonParser{file: f, data: data, line: 1}
		root, wrong := p.whole()
		if wrong == "" {
			return root, nil
		}
		if strings.HasPrefix(wrong, "the file") {
			return nil, at(p.line, p.column(), "%s", wrong)
		}
		if len(data) <= maxYAML {
			if tree, err := parseYAML(f, data); err == nil { // flow style
				return tree, nil
			}
		}
		return nil, at(p.line, p.column(), "%s", wrong)
	}
	if len(data) > maxYAML {
		return nil, at(1, 1, "the file is larger than %d MiB, the limit of YAML: write it as JSON, whose limit is %d MiB, or give a smaller part of it", maxYAML>>20, maxBytes>>20)
	}
	return parseYAML(f, data)
}

// parseYAML reads YAML.
func parseYAML(f *file, data []byte) (*Node, error) {
	at := func(line, column int, text string) error {
		return strict.Problems{{File: f.name, Line: max(line, 1), Column: max(column, 1), Text: text}}
	}
	var document yaml.Node
	if err := yaml.Load(data, &document, yaml.WithUniqueKeys(false)); err != nil {
		var where *yaml.LoadError
		if errors.As(err, &where) {
			return nil, at(where.Mark.Line, where.Mark.Column, "invalid YAML: "+where.Message)
		}
		return nil, at(1, 1, "invalid YAML: "+strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(document.Content) == 0 {
		return nil, at(1, 1, "the file is empty")
	}
	c := converter{file: f, open: map[*yaml.Node]bool{}}
	root := c.node(document.Content[0], 0)
	if c.wrong != "" {
		return nil, at(c.line, c.column, c.wrong)
	}
	return root, nil
}

// converter makes Nodes of yaml.Nodes, within bounds.
type converter struct {
	file         *file
	values       int
	open         map[*yaml.Node]bool // anchors that are being converted
	wrong        string
	line, column int
}

func (c *converter) fail(n *yaml.Node, text string) *Node {
	if c.wrong == "" {
		c.wrong, c.line, c.column = text, n.Line, n.Column
	}
	return &Node{file: c.file, Line: n.Line, Column: n.Column}
}

func (c *converter) node(n *yaml.Node, depth int) *Node {
	made := &Node{file: c.file, Line: n.Line, Column: n.Column}
	if n.Kind == yaml.AliasNode {
		if c.open[n.Alias] {
			return c.fail(n, "the alias *"+n.Value+" stands inside of what it stands for")
		}
		c.open[n.Alias] = true
		inner := c.node(n.Alias, depth)
		delete(c.open, n.Alias)
		return inner
	}
	if c.values++; c.values > maxValues {
		return c.fail(n, fmt.Sprintf("the file has more than %d values, counting what each alias stands for", maxValues))
	}
	if depth > maxDepth {
		return c.fail(n, tooDeep)
	}
	if c.wrong != "" {
		return made
	}
	switch n.Kind {
	case yaml.MappingNode:
		c.mapping(made, n, depth)
	case yaml.SequenceNode:
		made.Kind = List
		for _, item := range n.Content {
			made.Items = append(made.Items, c.node(item, depth+1))
		}
	default:
		scalar(made, n)
	}
	return made
}

// mapping converts a mapping. Keys merged by << come after its own.
func (c *converter) mapping(made *Node, n *yaml.Node, depth int) {
	made.Kind = Map
	var merged []*Node
	known := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		value := c.node(n.Content[i+1], depth+1)
		if key.Tag == "!!merge" {
			if value.Kind == List {
				merged = append(merged, value.Items...)
			} else {
				merged = append(merged, value)
			}
			continue
		}
		if known[key.Value] {
			c.file.twice(key.Line, key.Column, key.Value)
			continue
		}
		if n.Content[i+1].Kind != yaml.AliasNode {
			value.Line, value.Column = key.Line, key.Column
		}
		known[key.Value] = true
		made.Keys, made.Items = append(made.Keys, key.Value), append(made.Items, value)
	}
	for _, from := range merged {
		for i, key := range from.Keys {
			if !known[key] {
				known[key] = true
				made.Keys, made.Items = append(made.Keys, key), append(made.Items, from.Items[i])
			}
		}
	}
}

// scalar converts a scalar.
func scalar(made *Node, n *yaml.Node) {
	made.Text = n.Value
	switch n.Tag {
	case "!!null":
		made.Kind, made.Text = Null, ""
	case "!!bool":
		made.Kind, made.Text = Bool, strings.ToLower(n.Value)
	case "!!int", "!!float":
		made.Kind = Number
		if made.Text = jsonNumber(n.Value); made.Text == "" {
			made.Kind, made.Text = Text, n.Value
		}
	default:
		made.Kind = Text
	}
}

var tooDeep = fmt.Sprintf("the file is nested more than %d levels deep", maxDepth)
