package strict

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Bounds on a file. A profile written by hand comes nowhere near them.
const (
	maxBytes  = 1 << 20
	maxDepth  = 100
	maxValues = 300_000 // with every alias counted as what it stands for
)

// Parse returns the root node of a document, nil after a problem.
func (r *Reader) Parse(data []byte) *yaml.Node {
	r.data = data
	switch {
	case len(data) > maxBytes:
		r.at(1, 1, "the file is larger than %d MiB; rows of data belong in a file of their own", maxBytes>>20)
		return nil
	case len(bytes.TrimSpace(data)) == 0:
		r.at(1, 1, "the file is empty")
		return nil
	}
	var document yaml.Node
	// Entries reports duplicate keys with both places, so the library's own check is off.
	if err := yaml.Load(data, &document, yaml.WithUniqueKeys(false)); err != nil {
		r.invalid(data, err)
		return nil
	}
	if len(document.Content) == 0 {
		r.at(1, 1, "the file is empty")
		return nil
	}
	root := document.Content[0]
	if _, err := (measure{}).values(root, 0); err != nil {
		r.Problem(root, "%v", err)
		return nil
	}
	r.merge(root, map[*yaml.Node]bool{})
	return root
}

// merge puts the keys of each << into the mapping that holds it, behind its own, which come first: a
// key that is there already stays. done are the nodes that have been looked at.
func (r *Reader) merge(n *yaml.Node, done map[*yaml.Node]bool) {
	if n = resolve(n); done[n] {
		return
	}
	done[n] = true
	for _, inner := range n.Content {
		r.merge(inner, done)
	}
	if n.Kind != yaml.MappingNode || !slices.ContainsFunc(n.Content, isMerge) {
		return
	}
	var own, merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !isMerge(n.Content[i]) {
			own = append(own, n.Content[i], n.Content[i+1])
			continue
		}
		from := []*yaml.Node{n.Content[i+1]}
		if list := resolve(n.Content[i+1]); list.Kind == yaml.SequenceNode {
			from = list.Content
		}
		for _, of := range from {
			if of = resolve(of); of.Kind != yaml.MappingNode {
				r.Problem(n.Content[i], "<< takes a mapping, or a list of mappings, such as *anchor; found %s", found(of))
				continue
			}
			merged = append(merged, of.Content...)
		}
	}
	there := map[string]bool{}
	for i := 0; i < len(own); i += 2 {
		there[own[i].Value] = true
	}
	for i := 0; i+1 < len(merged); i += 2 {
		if !there[merged[i].Value] {
			own = append(own, merged[i], merged[i+1])
			there[merged[i].Value] = true
		}
	}
	n.Content = own
}

// isMerge reports whether a node is a key << that is not in quotes.
func isMerge(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!merge" }

// invalid notes why a file is not YAML. It rewords the messages of the library that do not say
// what to do.
func (r *Reader) invalid(data []byte, err error) {
	line, column, message := 1, 1, strings.TrimPrefix(err.Error(), "yaml: ")
	var at *yaml.LoadError
	if errors.As(err, &at) {
		line, column, message = max(at.Mark.Line, 1), at.Mark.Column, at.Message
	}
	text := lineOf(data, line)
	indent := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	switch {
	case strings.Contains(message, "no documents"):
		message = "the file is empty"
	case strings.Contains(message, "exceeded max depth"):
		message = tooDeep
	case strings.Contains(message, "tab character") || strings.Contains(indent, "\t") || strings.Contains(message, "cannot start any token") && strings.Contains(text, "\t"):
		message = "YAML does not allow tabs for indentation; use spaces"
	case strings.Contains(message, "invalid Unicode character escape"):
		message = `YAML has no pairs of escapes such as \uD83D\uDE00; write the character itself, or \U0001F600`
	case strings.Contains(message, "found multiple"):
		message = "the file contains several YAML documents; write one"
	case strings.Contains(message, "mapping values are not allowed"):
		message = `unexpected ":"; check the indentation, and quote a text that contains ": "`
	default:
		message = "invalid YAML: " + strings.TrimPrefix(message, "yaml: ")
	}
	r.at(line, column, "%s", message)
}

// lineOf returns a line of a text, counted from 1.
func lineOf(data []byte, number int) string {
	for line := range bytes.Lines(data) {
		if number--; number == 0 {
			return string(line)
		}
	}
	return ""
}

var tooDeep = fmt.Sprintf("the file is nested more than %d levels deep", maxDepth)

// measure holds the number of values under each node that has been measured, 0 while it is.
type measure map[*yaml.Node]int

// values counts the values under a node. An alias counts as what it stands for: that is what
// reading it costs.
func (m measure) values(n *yaml.Node, depth int) (int, error) {
	n = resolve(n)
	if count, seen := m[n]; seen {
		if count == 0 {
			return 0, fmt.Errorf("the anchor &%s contains an alias of itself", shorten(n.Anchor))
		}
		return count, nil
	}
	if depth > maxDepth {
		return 0, errors.New(tooDeep)
	}
	m[n] = 0
	count := 1 + len(n.Value)/64
	for _, inner := range n.Content {
		of, err := m.values(inner, depth+1)
		if err != nil {
			return 0, err
		}
		if count += of; count > maxValues {
			return 0, fmt.Errorf("the file stands for more than %d values, counting every alias", maxValues)
		}
	}
	m[n] = count
	return count, nil
}
