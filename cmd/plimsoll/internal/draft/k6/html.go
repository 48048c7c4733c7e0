package k6

import (
	"regexp"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

var selector = regexp.MustCompile(`^\s*([a-zA-Z0-9]*)(?:#([\w-]+))?(?:\.([\w-]+))?(?:\[\s*([\w-]+)\s*\*?=\s*["']?([^"'\]]*)["']?\s*\])?\s*$`)

// selection is the match of a selector in an HTML answer. Its attributes become regular expressions.
func selection(a *script.Answer, found string) *script.Native {
	s := &script.Native{Name: "a part of a page", Has: map[string]script.Value{}}
	again := func(*script.Invocation) script.Value { return s }
	for _, name := range []string{"first", "last", "eq", "parent", "children", "get"} {
		s.Has[name] = native(name, again)
	}
	s.Has["find"] = native("find", func(c *script.Invocation) script.Value { return selection(a, c.Text(0, "")) })
	value := func(c *script.Invocation, attribute string) script.Value {
		expression, ok := tagExpression(found)
		if !ok {
			return &script.Unknown{At: c.At, Why: "what the selector " + found + " finds"}
		}
		part := a.Part(script.OfBody, "").Matching(expression + `[^>]*\b` + regexp.QuoteMeta(attribute) + `=["']([^"']*)`)
		part.Hint = nameIn(found)
		return part
	}
	s.Has["attr"] = native("attr", func(c *script.Invocation) script.Value { return value(c, c.Text(0, "")) })
	s.Has["val"] = native("val", func(c *script.Invocation) script.Value { return value(c, "value") })
	s.Has["text"] = native("text", func(c *script.Invocation) script.Value {
		expression, ok := tagExpression(found)
		if !ok {
			return &script.Unknown{At: c.At, Why: "what the selector " + found + " finds"}
		}
		return a.Part(script.OfBody, "").Matching(expression + `[^>]*>\s*([^<]*)`)
	})
	return s
}

// tagExpression is a regular expression on the tag that a selector finds.
func tagExpression(found string) (string, bool) {
	parts := strings.Fields(found)
	if len(parts) == 0 {
		return "", false
	}
	match := selector.FindStringSubmatch(parts[len(parts)-1])
	if match == nil {
		return "", false
	}
	tag := match[1]
	if tag == "" {
		tag = `\w+`
	}
	expression := "<" + tag + `\b`
	attribute := func(name, value string) {
		if value != "" {
			expression += `[^>]*\b` + regexp.QuoteMeta(name) + `=["'][^"']*` + regexp.QuoteMeta(value)
		}
	}
	attribute("id", match[2])
	attribute("class", match[3])
	if match[4] != "" {
		attribute(match[4], match[5])
	}
	return expression, true
}

// nameIn is the value that a selector asks for: a good name for what it finds.
func nameIn(found string) string {
	if match := selector.FindStringSubmatch(found); match != nil {
		return match[5]
	}
	return ""
}
