package draft

import (
	"strings"
	"unicode"
)

// maxWidth is how wide a line may be that holds a mapping or a list.
const maxWidth = 118

// writer writes YAML.
type writer struct{ strings.Builder }

// YAML writes the mapping, with its comments.
func (m Map) YAML() string {
	var w writer
	w.entries(m, 0, false)
	return w.String()
}

// line writes a line.
func (w *writer) line(indent int, text string) {
	if text != "" {
		w.WriteString(strings.Repeat(" ", indent))
	}
	w.WriteString(text)
	w.WriteByte('\n')
}

// comment writes a comment of one or more lines.
func (w *writer) comment(indent int, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		w.line(indent, strings.TrimRight("# "+OneLine(line), " "))
	}
}

// OneLine is a text without what would end a comment of YAML.
func OneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return r == ' ' || r == '\ufffd' || r == '\ufeff' || !unicode.IsPrint(r)
	}), " ")
}

// off writes what write writes as a comment.
func (w *writer) off(indent int, write func(*writer)) {
	var inner writer
	write(&inner)
	for line := range strings.Lines(inner.String()) {
		w.line(indent, strings.TrimRight("# "+strings.TrimSuffix(line, "\n"), " "))
	}
}

// entries writes the entries of a mapping. With inline, the first key stands where the writer is: behind
// the - of an item, after which the others line up.
func (w *writer) entries(m Map, indent int, inline bool) {
	for i, e := range m {
		if inline && i == 0 {
			w.entry(e, indent, true)
			continue
		}
		w.comment(indent, e.Above)
		if e.Off {
			w.off(indent, func(w *writer) { w.entry(e, 0, false) })
			continue
		}
		w.entry(e, indent, false)
	}
}

// entry writes a key and its value.
func (w *writer) entry(e Entry, indent int, inline bool) {
	begin := strings.Repeat(" ", indent)
	if inline {
		begin = ""
	}
	name := key(e.Key)
	if len(e.Key) > maxKey {
		begin += "? " + name + "\n" + strings.Repeat(" ", indent) + ":"
	} else {
		begin += name + ":"
	}
	w.WriteString(begin)
	beside := ""
	if e.Beside != "" {
		beside = " # " + OneLine(e.Beside)
	}
	w.value(e.Value, indent, indent+len(name), beside)
}

// value writes a value behind a key or a -, where the line has so many bytes already.
func (w *writer) value(value any, indent, used int, beside string) {
	if inner := unblocked(value); !isNested(inner) {
		value = inner
	}
	if s, ok := value.(string); ok && isLiteral(s) {
		w.literal(s, indent, beside)
		return
	}
	if written, ok := scalar(value, false); ok {
		w.WriteString(" " + written + beside + "\n")
		return
	}
	if written, ok := flow(value); ok && (used+len(written) < maxWidth || written == "{}" || written == "[]") {
		w.WriteString(" " + written + beside + "\n")
		return
	}
	w.WriteString(beside + "\n")
	w.nested(value, indent+2)
}

// literal writes a text of several lines under a |.
func (w *writer) literal(s string, indent int, beside string) {
	begin := " |"
	if !strings.HasSuffix(s, "\n") {
		begin = " |-"
	}
	w.WriteString(begin + beside + "\n")
	for line := range strings.SplitSeq(strings.TrimSuffix(s, "\n"), "\n") {
		w.line(indent+2, line)
	}
}

// nested writes a mapping or a list on lines of its own.
func (w *writer) nested(value any, indent int) {
	switch v := unblocked(value).(type) {
	case Map:
		if len(v) == 0 {
			w.line(indent, "{}")
		}
		w.entries(v, indent, false)
	case []any:
		if len(v) == 0 {
			w.line(indent, "[]")
		}
		for _, item := range v {
			w.item(item, indent)
		}
	default:
		panic("draft: a value of an unknown type")
	}
}

// item writes an item of a list.
func (w *writer) item(item any, indent int) {
	if with, ok := item.(Item); ok {
		w.comment(indent, with.Above)
		if with.Off {
			w.off(indent, func(w *writer) { w.item(with.Value, 0) })
			return
		}
		item = with.Value
	}
	inner := unblocked(item)
	if written, ok := flow(item); ok && isNested(inner) && indent+len(written) < maxWidth {
		w.line(indent, "- "+written)
		return
	}
	if m, ok := inner.(Map); ok && len(m) > 0 && m[0].Above == "" && !m[0].Off {
		w.WriteString(strings.Repeat(" ", indent) + "- ")
		w.entries(m, indent+2, true)
		return
	}
	w.WriteString(strings.Repeat(" ", indent) + "-")
	w.value(item, indent, indent, "")
}

// unblocked is a value without the Block around it.
func unblocked(value any) any {
	for {
		block, ok := value.(Block)
		if !ok {
			return value
		}
		value = block.Value
	}
}

// isNested reports whether a value is a mapping or a list.
func isNested(value any) bool {
	switch value.(type) {
	case Map, []any:
		return true
	}
	return false
}
