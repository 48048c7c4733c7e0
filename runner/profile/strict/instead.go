package strict

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Barred is a path of keys, such as load.rate, that must not stand beside another one, and why.
type Barred struct{ Path, Why string }

// Instead notes a problem for each barred path that n holds beside the path of keys. Without the path, n must hold the key
// need; missing says what to write.
func (r *Reader) Instead(n *yaml.Node, path, need, missing string, barred ...Barred) {
	if s := r.describing(n); s != nil {
		s.If, s.Then, s.Else = holding(path), &Schema{}, &Schema{Required: []string{need}}
		for _, b := range barred {
			s.Then.bar(b.Path)
		}
		return
	}
	switch {
	case resolve(n).Kind != yaml.MappingNode: // which is a problem already
	case follow(n, path) == nil && !Has(n, need):
		r.In(need, func() { r.Problem(n, "missing; %s", missing) })
	case follow(n, path) != nil:
		for _, b := range barred {
			if at := follow(n, b.Path); at != nil {
				r.inPath(b.Path, func() { r.Problem(at, "%s and %s cannot be combined: %s", b.Path, path, b.Why) })
			}
		}
	}
}

// bar refuses what lies at a path of keys.
func (s *Schema) bar(path string) {
	first, rest, more := strings.Cut(path, ".")
	i := slices.IndexFunc(s.Properties, func(p Property) bool { return p.Name == first })
	if i < 0 {
		i = len(s.Properties)
		s.Properties = append(s.Properties, Property{first, &Schema{}})
	}
	if more {
		s.Properties[i].Value.bar(rest)
		return
	}
	s.Properties[i].Value.Not = &Schema{}
}

// inPath calls read with the keys of a path added to the path that problems show.
func (r *Reader) inPath(path string, read func()) {
	first, rest, more := strings.Cut(path, ".")
	r.In(first, func() {
		if more {
			r.inPath(rest, read)
			return
		}
		read()
	})
}

// follow returns the key at the end of a path of keys, nil when n does not hold it.
func follow(n *yaml.Node, path string) *yaml.Node {
	first, rest, more := strings.Cut(path, ".")
	if !more {
		return keyOf(n, first)
	}
	inner := Get(n, first)
	if inner == nil {
		return nil
	}
	return follow(inner, rest)
}

// holding describes a mapping that holds a path of keys.
func holding(path string) *Schema {
	first, rest, more := strings.Cut(path, ".")
	s := &Schema{Required: []string{first}}
	if more {
		s.Properties = Properties{{first, holding(rest)}}
	}
	return s
}
