package tally

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A system may put a new text into every answer, so a route keeps only some of them.
const (
	keptErrors   = 50  // texts that a route keeps
	maxErrorText = 300 // bytes of one of them
)

// OtherErrors is the text that counts all errors whose own text is not kept.
const OtherErrors = "other errors"

// Seen says how often something was seen, and when first and last, since the load began.
type Seen struct {
	Count   int64         `json:"count"`
	First   time.Duration `json:"first_ns"`
	Last    time.Duration `json:"last_ns"`
	Example string        `json:"example,omitempty"` // one text with its values, if Text has only its Kind
}

func (s Seen) merge(o Seen) Seen {
	if s.Count == 0 {
		return o
	}
	example := s.Example
	if example == "" || o.Example != "" && o.Example < example {
		example = o.Example
	}
	return Seen{s.Count + o.Count, min(s.First, o.First), max(s.Last, o.Last), example}
}

// Errors are the texts of errors. Those with the smallest hashes are kept, and the others are
// counted together under OtherErrors: a bottom-k sample (Cohen and Kaplan, "Summarizing Data
// Using Bottom-k Sketches", 2007). The same errors give the same Errors, in whatever order they
// come and however they are merged. The counts of the texts that are kept are exact, since a
// text that is kept in the end was kept wherever it was seen.
type Errors map[string]Seen

// errorTexts are Errors that grow.
type errorTexts struct {
	seen  Errors // nil while empty
	kept  int    // texts in seen besides OtherErrors
	worst rank   // the greatest of them, once keptErrors are kept
}

// rank is the order in which texts are kept: by hash, and by text where hashes are equal.
type rank struct {
	hash uint64
	text string
}

func rankOf(text string) rank {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // a hash never fails
	return rank{h.Sum64(), text}
}

func (r rank) less(o rank) bool { return r.hash < o.hash || r.hash == o.hash && r.text < o.text }

// add counts a text that was seen.
func (e *errorTexts) add(text string, s Seen) {
	s.Example = clean(s.Example)
	if before, known := e.seen[text]; known {
		e.seen[text] = before.merge(s)
		return
	}
	if e.seen == nil {
		e.seen = Errors{}
	}
	text = clean(text)
	if before, known := e.seen[text]; known || text == OtherErrors {
		e.seen[text] = before.merge(s)
		return
	}
	if e.kept == keptErrors {
		own := rankOf(text)
		if !own.less(e.worst) {
			e.addOther(s)
			return
		}
		e.addOther(e.seen[e.worst.text])
		delete(e.seen, e.worst.text)
		e.kept--
	}
	e.seen[text] = s
	if e.kept++; e.kept == keptErrors {
		e.worst = e.seen.worst()
	}
}

// addOther counts errors whose own text is not kept.
func (e *errorTexts) addOther(s Seen) {
	s.Example = ""
	e.seen[OtherErrors] = e.seen[OtherErrors].merge(s)
}

// growing makes e ready to grow.
func (e Errors) growing() errorTexts {
	g := errorTexts{seen: e, kept: len(e)}
	if _, others := e[OtherErrors]; others {
		g.kept--
	}
	if g.kept >= keptErrors {
		g.worst = e.worst()
	}
	return g
}

// worst is the last of the texts that are kept.
func (e Errors) worst() rank {
	var worst rank
	for text := range e {
		if own := rankOf(text); text != OtherErrors && worst.less(own) {
			worst = own
		}
	}
	return worst
}

// ErrorText is a text of an error as Errors keep it: of bounded length, and in one line.
func ErrorText(text string) string { return clean(text) }

// clean makes a text of bounded length that can be shown in one line.
func clean(text string) string {
	if isClean(text) {
		return text
	}
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text[:min(len(text), 2*maxErrorText)], "\ufffd"))
	for len(text) > maxErrorText {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

func isClean(text string) bool {
	return len(text) <= maxErrorText && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// validate checks Errors from elsewhere.
func (e Errors) validate() error {
	if e.growing().kept > keptErrors {
		return fmt.Errorf("%d error texts, more than the %d that are kept", len(e), keptErrors)
	}
	for text, seen := range e {
		switch {
		case !isClean(text), !isClean(seen.Example):
			return fmt.Errorf("the text of an error is longer than %d bytes, or not printable: %.40q", maxErrorText, text)
		case seen.Count < 1 || seen.First < 0 || seen.Last < seen.First:
			return fmt.Errorf("error %.40q was seen %d times from %v to %v", text, seen.Count, seen.First, seen.Last)
		}
	}
	return nil
}
