package script

import (
	"regexp"
	"strings"
)

// goesThrough remembers that a part of the answer is a list: the script takes items of it.
func (s *Step) goesThrough(path string) {
	if s.lists == nil {
		s.lists = map[string]bool{}
	}
	s.lists[path] = true
}

// count is the number of items of a list in an answer.
func (p *Part) count() *Part {
	inner := *p
	if inner.Kind == OfBody && inner.Match == "" {
		inner.Kind = OfJSON
	}
	inner.Path, inner.length = strings.TrimPrefix(p.Path+".#", "."), true
	return &inner
}

// counted is the list, or the text, whose length a part is.
func (p *Part) counted() *Part {
	inner := *p
	inner.Path, inner.length = strings.TrimSuffix(strings.TrimSuffix(p.Path, "#"), "."), false
	return &inner
}

var (
	plural = regexp.MustCompile(`(?i)([^aius]s|[a-z]{3}[^s]es|ies|list|array|rows|children|people)$`)
	worded = regexp.MustCompile(`(?i)(token|name|url|uri|href|key|text|message|title|mail|slug|code|uuid|guid|jwt|secret|csrf|password|hash|sku|html|string|label|comment|description|address|phone|date|status|[._]id|Id|^id)$`)
)

// isList reports whether a part of an answer is a list: the script takes items of it, or its name is a plural.
func (p *Part) isList() bool {
	return p.Of.real().lists[p.Path] || p.Of.lists[p.Path] || plural.MatchString(lastOf(p.Path))
}

// isText reports whether a part of an answer is a text by its name.
func (p *Part) isText() bool {
	return !p.Of.real().lists[p.Path] && !p.Of.lists[p.Path] && worded.MatchString(lastOf(p.Path))
}

// countItems turns the condition that a list is not empty, as Python asks it, into one on its length.
func (m *Machine) countItems(t *Test) {
	part, is := t.Of.(*Part)
	if !is || m.JS || t.Op != "filled" && t.Op != "empty" || !part.isList() {
		return
	}
	t.Of, t.With = part.count(), int64(0)
	t.Op = map[string]string{"filled": ">", "empty": "=="}[t.Op]
}
