package report

import (
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// Sign is a verdict file with the digest that its content has; nil for one that cannot be read.
// A fuzzer cannot find digests by itself.
func Sign(data []byte) []byte {
	f, err := parse(data)
	if err != nil {
		return nil
	}
	text, err := f.encode()
	if err != nil {
		return nil
	}
	return text
}

// Said are the kinds of reasons that have a sentence, and Doubted those that have words for a
// headline.
func Said(kind gate.ReasonKind) bool    { return sentences[kind] != nil }
func Doubted(kind gate.ReasonKind) bool { return doubts[kind].what != "" && doubts[kind].settle != "" }

// Advice has the headline of a doubtful verdict, and what would settle it.
func Advice(v gate.Verdict) (what, settle string) {
	words := doubt(v)
	return words.what, words.settle
}

// Unsound is the file of a report that Encode would refuse.
func Unsound(r Report) ([]byte, error) {
	return bounded(r).encode()
}

// Spanned is a name as a code span of markdown, and what the span shows.
func Spanned(name string) (markdown, shown string) {
	return span(name, maxName), longRun.ReplaceAllString(plain(name, maxName), strings.Repeat("`", maxRun))
}

// WordsOf takes markdown of ours apart.
func WordsOf(markdown string) Words { return wordsOf(markdown) }
