package openapi

import (
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ofJavaScript rewrites what patterns of JavaScript have and Go has not. What cannot be rewritten does not compile.
func ofJavaScript(pattern string) string {
	pattern = unicodeEscape.ReplaceAllString(pattern, `\x{$1}`)
	pattern = strings.ReplaceAll(pattern, `\_`, `_`)
	return manyTimes.ReplaceAllStringFunc(pattern, func(text string) string {
		match := manyTimes.FindStringSubmatch(text)
		low, _ := strconv.Atoi(match[1]) // too large for an int is 0, and then the text stays
		high, err := strconv.Atoi(match[2])
		if (err != nil || high > 1000) && low <= 1000 { // Go counts to 1000; maxLength bounds the rest
			return "{" + match[1] + ",}"
		}
		return text
	})
}

var (
	unicodeEscape = regexp.MustCompile(`\\u([0-9a-fA-F]{4})`)
	manyTimes     = regexp.MustCompile(`\{([0-9]+),([0-9]+)\}`)
)

// textLike makes a text that matches all patterns and has a length from least to most (-1 for any). It is not ok when
// there is none, or none is found.
func textLike(patterns []string, least, most int) (text string, ok bool) {
	tree, err := syntax.Parse(ofJavaScript(patterns[0]), syntax.Perl)
	if err != nil {
		return "", false
	}
	var all []*regexp.Regexp
	for _, pattern := range patterns {
		re, err := regexp.Compile(ofJavaScript(pattern))
		if err != nil {
			return "", false
		}
		all = append(all, re)
	}
	tree = tree.Simplify()
	for more := range 80 {
		w := patternWriter{more: more}
		w.write(tree)
		text := w.String()
		length := utf8.RuneCountInString(text)
		if length < least && tree.Op != syntax.OpEndText && !strings.HasSuffix(patterns[0], "$") {
			text += strings.Repeat("a", min(least-length, 1_000_000))
			length = utf8.RuneCountInString(text)
		}
		if most >= 0 && length > most || length > 2*maxText {
			return "", false
		}
		matches := length >= least
		for _, re := range all {
			matches = matches && re.MatchString(text)
		}
		if matches {
			return text, true
		}
	}
	return "", false
}

// patternWriter writes the shortest text that matches, with some repetitions more.
type patternWriter struct {
	strings.Builder
	more int
}

func (w *patternWriter) write(re *syntax.Regexp) {
	if w.Len() > 100_000 {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		w.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		w.WriteRune(oneOfClass(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		w.WriteByte('a')
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			w.write(sub)
		}
	case syntax.OpAlternate:
		w.write(re.Sub[0])
	case syntax.OpStar:
		w.repeat(re.Sub[0], w.more)
	case syntax.OpPlus:
		w.repeat(re.Sub[0], 1+w.more)
	case syntax.OpQuest:
		w.repeat(re.Sub[0], min(w.more, 1))
	case syntax.OpRepeat:
		times := re.Min + w.more
		if re.Max >= 0 {
			times = min(times, re.Max)
		}
		w.repeat(re.Sub[0], times)
	}
}

func (w *patternWriter) repeat(re *syntax.Regexp, times int) {
	for range times {
		w.write(re)
	}
}

// oneOfClass is a character of a class: a plain one if there is any. The class is pairs of bounds.
func oneOfClass(pairs []rune) rune {
	holds := func(r rune) bool {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] <= r && r <= pairs[i+1] {
				return true
			}
		}
		return false
	}
	for _, r := range "a1A-_." {
		if holds(r) {
			return r
		}
	}
	for r := rune('0'); r <= 'z'; r++ {
		if holds(r) {
			return r
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		for r := pairs[i]; r <= min(pairs[i+1], pairs[i]+1000); r++ {
			if unicode.IsPrint(r) {
				return r
			}
		}
	}
	if len(pairs) == 0 {
		return 'a'
	}
	return pairs[0]
}
