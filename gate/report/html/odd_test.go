package html_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
)

// Odd materials have sound pages.
func TestOdd(t *testing.T) {
	for name, m := range reporttest.Odd() {
		t.Run(name, func(t *testing.T) {
			var links []report.Link
			if m.Report != nil {
				links = m.Report.Tell().Links
			}
			sound(t, render(t, m), links)
		})
	}
}

// A page says what the file of its verdict left out, however few rows it has.
func TestLeftOut(t *testing.T) {
	if text := outline(t, render(t, reporttest.Odd()["left out"])); !strings.Contains(text, "table: Worst first: 3 rows") || !strings.Contains(text, "5 that the verdict's file does not hold") {
		t.Errorf("the page is\n%s", text)
	}
}

// A page shows failures wherever they are. Only the page of a pair says that the sides were loaded in turn.
func TestOverTime(t *testing.T) {
	for name, want := range map[string]string{
		"a second of five":               "figure: Failed requests from 0 % to 20 %",
		"failures in a part of a second": "figure: Failed requests 3, in none of the seconds that are drawn",
		"two runs":                       "Baseline is dashed; it is a run of its own, and both are drawn from their beginnings.",
		"left out":                       "Baseline is dashed; both sides were loaded in turn.",
	} {
		if text := outline(t, render(t, reporttest.Odd()[name])); !strings.Contains(text, want) {
			t.Errorf("%s: the page lacks %q:\n%s", name, want, text)
		}
	}
}

// A page has all links that a comment has.
func TestLinks(t *testing.T) {
	m := materials()["fail"]
	text := render(t, m)
	for word, address := range map[string]string{"Run log": m.Report.Links.Run, "History": m.Report.Links.History, "Docs": m.Report.Links.Docs} {
		if address == "" || !strings.Contains(text, `<a href="`+address+`" rel="noopener noreferrer">`+word+"</a>") {
			t.Errorf("the page has no link to %s at %q", word, address)
		}
	}
}
