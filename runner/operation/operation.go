// Package operation says which operations of an API are meant.
//
// A pattern is a name in which * stands for any text, such as GET *, GET /pets/{petId}, query search or
// shop.v1.Search/*; or the end of a name, such as /pets/{petId}, search, Search/Query or Query; or tag:NAME
// for operations with a tag; or deprecated. Choose reads patterns, and a Choice tells which operations
// match.
package operation

import (
	"fmt"
	"slices"
	"strings"
)

// Deprecated is the tag of operations that a description calls deprecated; a pattern names it without tag:.
const Deprecated = "deprecated"

// Choice keeps some operations. The zero Choice keeps all.
type Choice struct{ only, skip []string }

// Choose keeps the operations that match a pattern of only, or all without one, except those that match
// a pattern of skip.
func Choose(only, skip []string) (Choice, error) {
	for _, pattern := range slices.Concat(only, skip) {
		if strings.TrimSpace(strings.TrimPrefix(pattern, "tag:")) == "" {
			return Choice{}, fmt.Errorf("%q means no operation; write for example 'GET *', 'GET /pets/{petId}' or tag:admin", pattern)
		}
	}
	return Choice{only, skip}, nil
}

// Keeps reports whether an operation is kept: by its name, such as GET /pets/{petId}, and its tags.
func (c Choice) Keeps(name string, tags ...string) bool { return c.KeepsAny([]string{name}, tags...) }

// KeepsAny is Keeps for an operation with several names: a pattern may match any of them.
func (c Choice) KeepsAny(names []string, tags ...string) bool {
	means := func(pattern string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return Means(pattern, name, tags...) })
	}
	return (len(c.only) == 0 || slices.ContainsFunc(c.only, means)) && !slices.ContainsFunc(c.skip, means)
}

// Means reports whether a pattern matches an operation.
func Means(pattern, name string, tags ...string) bool {
	if tag, isTag := strings.CutPrefix(pattern, "tag:"); isTag {
		return slices.ContainsFunc(tags, func(has string) bool { return strings.EqualFold(has, tag) })
	}
	if pattern == Deprecated {
		return slices.Contains(tags, Deprecated)
	}
	pattern = strings.Join(strings.Fields(pattern), " ")
	return slices.ContainsFunc(names(name), func(name string) bool { return fits(pattern, name) })
}

// names are a name and what people call the operation for short: the path without the method, the field
// without the kind of operation, the service without its package, the method without its service.
func names(name string) []string {
	if _, short, ok := strings.Cut(name, " "); ok {
		return []string{name, short}
	}
	service, method, ok := strings.Cut(name, "/")
	if !ok {
		return []string{name}
	}
	return []string{name, service[strings.LastIndexByte(service, '.')+1:] + "/" + method, method}
}

// fits reports whether a text matches a pattern, in which * stands for any text.
func fits(pattern, text string) bool {
	parts := strings.Split(strings.ToLower(pattern), "*")
	text = strings.ToLower(text)
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return text == first
	}
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return true
}
