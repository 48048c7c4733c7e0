package report

import "strings"

// Words is a text for forms other than markdown. Each word is plain, code (such as a foreign name) or strong. The texts
// contain no markup.
type Words []Word

// Word is a part of a text.
type Word struct {
	Text         string
	Code, Strong bool
}

// wordsOf parses markdown that this package wrote: code spans, and **strong** words outside of them. There is no other
// markup. A foreign name cannot end its code span: see span.
func wordsOf(markdown string) (words Words) {
	strong := false
	add := func(text string) {
		for i, part := range strings.Split(text, "**") {
			if i > 0 {
				strong = !strong
			}
			if part != "" {
				words = append(words, Word{Text: part, Strong: strong})
			}
		}
	}
	for {
		at := strings.IndexByte(markdown, '`')
		if at < 0 {
			add(markdown)
			return words
		}
		rest := strings.TrimLeft(markdown[at:], "`")
		fence := markdown[at : len(markdown)-len(rest)]
		text, after, closed := cutSpan(rest, len(fence))
		if !closed {
			add(markdown[:at] + fence)
			markdown = rest
			continue
		}
		add(markdown[:at])
		words = append(words, Word{Text: text, Code: true, Strong: strong})
		markdown = after
	}
}

// cutSpan cuts a text at the first run of exactly n backticks, and takes off the padding of the code before it.
func cutSpan(text string, n int) (code, after string, closed bool) {
	for at := 0; at < len(text); {
		if text[at] != '`' {
			at++
			continue
		}
		run := len(text[at:]) - len(strings.TrimLeft(text[at:], "`"))
		if run == n {
			code, after = text[:at], text[at+run:]
			if len(code) > 2 && code[0] == ' ' && code[len(code)-1] == ' ' {
				code = code[1 : len(code)-1]
			}
			return code, after, true
		}
		at += run
	}
	return "", "", false
}
