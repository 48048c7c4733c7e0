package report

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// The most characters that are shown of a foreign name, and of a foreign sentence.
const (
	maxName     = 80
	maxSentence = 400
)

// plain makes foreign text one harmless line of at most most characters: white space is folded, and
// control characters, invisible ones and those that turn the direction of writing are left out.
func plain(text string, most int) string {
	kept := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r): // also format characters (Cf): bidi marks, zero widths
			return -1
		case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector), r == '\u2800':
			return -1 // letters and marks that look like nothing
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
	return cut(strings.Join(strings.Fields(kept), " "), most)
}

// code is foreign text as a markdown code span for a table. GitHub sees no mention, reference, link or
// formula in it. The fence is longer than any run of backticks inside. Bars are escaped, which
// GitHub's tables require even in code; outside of tables use span.
func code(text string, most int) string {
	return strings.ReplaceAll(span(text, most), "|", `\|`)
}

// maxRun is the longest run of backticks that is shown; longer ones are shortened to it. GitHub's
// parser takes a fence of more than 80 for text (MAXBACKTICKS in cmark-gfm's inlines.c).
const maxRun = 10

var longRun = regexp.MustCompile(fmt.Sprintf("`{%d,}", maxRun+1))

// span is foreign text as a markdown code span outside of tables.
func span(text string, most int) string {
	text = longRun.ReplaceAllString(plain(text, most), strings.Repeat("`", maxRun))
	if text == "" {
		return ""
	}
	fence := strings.Repeat("`", longestRun(text)+1)
	pad := ""
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		pad = " "
	}
	return fence + pad + text + pad + fence
}

// longestRun is the length of the longest run of backticks.
func longestRun(text string) (longest int) {
	run := 0
	for _, r := range text {
		if r != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// block is lines as a fenced block of text. Nothing in it is markup.
func block(lines []string) string {
	text := strings.Join(lines, "\n")
	fence := strings.Repeat("`", max(longestRun(text)+1, 3))
	return fence + "text\n" + text + "\n" + fence + "\n"
}

// maxURL is the longest address that is shown. Those of CI systems are far shorter, and the shortest
// comment holds two of them.
const maxURL = 300

// harmless matches addresses without characters that mean something to markdown.
var harmless = regexp.MustCompile(`^[A-Za-z0-9:/?#@!$&+,;=.%~_-]+$`)

// link is a markdown link on a word of ours; empty if the address is not http or https, or could
// break out of the link.
func link(word, address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(address) > maxURL || !harmless.MatchString(address) {
		return ""
	}
	return fmt.Sprintf("[%s](%s)", word, address)
}
