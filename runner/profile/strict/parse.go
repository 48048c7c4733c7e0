package strict

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Bounds on a file. A profile written by hand comes nowhere near them.
const (
	maxBytes  = 4 << 20
	maxDepth  = 100
	maxValues = 1_000_000 // with every alias counted as what it stands for
)

// Parse returns the root node of a document, nil after a problem.
func (r *Reader) Parse(data []byte) *yaml.Node {
	switch {
	case len(data) > maxBytes:
		r.at(1, 1, "the file has %d bytes; at most %d are read (rows of data belong in a file of their own)", len(data), maxBytes)
		return nil
	case len(bytes.TrimSpace(data)) == 0:
		r.at(1, 1, "the file is empty")
		return nil
	}
	var document yaml.Node
	// Entries reports duplicate keys with both places, so the library's own check is off.
	err := yaml.Load(data, &document, yaml.WithUniqueKeys(false))
	var at *yaml.LoadError
	switch {
	case errors.As(err, &at):
		line := max(at.Mark.Line, 1)
		r.at(line, at.Mark.Column, "invalid YAML: %s", explain(at.Message, lineOf(data, line)))
		return nil
	case err != nil && strings.Contains(err.Error(), "no documents"), err == nil && len(document.Content) == 0:
		r.at(1, 1, "the file is empty")
		return nil
	case err != nil:
		r.at(1, 1, "invalid YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		return nil
	}
	root := document.Content[0]
	if _, err := (measure{}).values(root, 0); err != nil {
		r.Problem(root, "%v", err)
		return nil
	}
	return root
}

// explain rewords the messages of the YAML library that do not say what to do.
func explain(message, line string) string {
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	switch {
	case strings.Contains(indent, "\t") || strings.Contains(message, "cannot start any token") && strings.Contains(line, "\t"):
		return "YAML does not allow tabs for indentation; use spaces"
	case strings.Contains(message, "exceeded max depth"):
		return fmt.Sprintf("the file is nested more than %d levels deep", maxDepth)
	case strings.Contains(message, "mapping values are not allowed"):
		return `unexpected ":"; quote a text that contains ": ", and check the indentation`
	default:
		return message
	}
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
		return 0, fmt.Errorf("the file is nested more than %d levels deep", maxDepth)
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
