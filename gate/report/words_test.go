package report_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
)

// A name from outside is one word of code, whatever stands around it, and is shown as markdown would show it.
func TestWordsOfNames(t *testing.T) {
	for _, name := range reporttest.Names() {
		spanned, want := report.Spanned(name)
		words := report.WordsOf("**say** " + spanned + ": a `run_time` of **10 s**")
		var code []string
		for _, w := range words {
			if w.Code {
				code = append(code, w.Text)
			} else if strings.Contains(w.Text, "`") {
				t.Errorf("%.80q: %q is no code", name, w.Text)
			}
		}
		if want == "" {
			code = append([]string{""}, code...)
		}
		if len(code) != 2 || code[0] != want || code[1] != "run_time" {
			t.Errorf("%.80q: code %q, want %q and run_time", name, code, want)
		}
		if last := words[len(words)-1]; !last.Strong || last.Text != "10 s" || !words[0].Strong || words[0].Text != "say" {
			t.Errorf("%.80q: strong words are lost: %+v", name, words)
		}
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[string]string{
		"":                    "",
		"plain":               "plain",
		"a `b` c":             "a [b] c",
		"``a`b``":             "[a`b]",
		"`` `a` ``":           "[`a`]",
		"never `closed":       "never `closed",
		"a **b `c`** d":       "a <b ><[c]> d",
		"`a``b`":              "[a``b]",
		"**x**, **y**":        "<x>, <y>",
		"two ` of ` spaces `": "two [of] spaces `",
	} {
		var b strings.Builder
		for _, w := range report.WordsOf(in) {
			text := w.Text
			if w.Code {
				text = "[" + text + "]"
			}
			if w.Strong {
				text = "<" + text + ">"
			}
			b.WriteString(text)
		}
		if got := b.String(); got != want {
			t.Errorf("%q is read as %q, want %q", in, got, want)
		}
	}
}
