package tally

import "strings"

// Kind is a text from the system without its values. Texts that differ only in values have one Kind, so their errors
// are counted together: "user 17 not found" becomes "user # not found". Words with a digit or an @ are values, and so
// is anything in quotes.
func Kind(said string) string {
	if !strings.ContainsAny(said, "0123456789@\"'`") {
		return said
	}
	var b strings.Builder
	for rest, before := said, byte(' '); rest != ""; {
		n, value := nextWord(rest, before)
		switch {
		case !value:
			b.WriteString(rest[:n])
		case quote(rest[0]):
			b.WriteString(rest[:1] + "#" + rest[:1])
		default:
			b.WriteString("#")
		}
		before, rest = rest[n-1], rest[n:]
	}
	return b.String()
}

// nextWord is the length of the quoted text, the word or the separator that a text begins with, and whether it is a value.
func nextWord(text string, before byte) (n int, value bool) {
	if quote(text[0]) && separator(before) {
		if end := strings.IndexByte(text[1:], text[0]); end > 0 && (end+2 == len(text) || separator(text[end+2]) || ends(text[end+2])) {
			return end + 2, true
		}
	}
	for n < len(text) && !separator(text[n]) {
		n++
	}
	if n == 0 {
		return 1, false
	}
	for n > 1 && ends(text[n-1]) {
		n--
	}
	return n, strings.ContainsAny(text[:n], "0123456789@")
}

// separator reports whether a byte stands between words.
func separator(b byte) bool { return strings.IndexByte(" \t,;=/?&|()[]{}<>\"`'", b) >= 0 }

// ends reports whether a byte ends a sentence or a part of one.
func ends(b byte) bool { return b == '.' || b == ':' }

func quote(b byte) bool { return b == '"' || b == '\'' || b == '`' }
