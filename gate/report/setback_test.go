package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// setback is one of n figures in which every foreign text is name.
func setback(name string, n int) report.Setback {
	s := report.Setback{Series: name, Branch: name, Run: name, When: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), Commit: name, Author: name, Before: name + "b", Profile: true}
	for i := range n {
		s.Rows = append(s.Rows, report.SetbackRow{Route: name, Figure: "p95", Environment: fmt.Sprint(name, i%2), Was: "41.8 ms", Is: "58.9 ms", Change: "+40.9 %", Commit: fmt.Sprint(i, name)})
	}
	return s
}

func TestSetback(t *testing.T) {
	s := report.Setback{
		Series: "shop", Branch: "main", Run: "0123456789abcdef", When: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), Commit: strings.Repeat("c", 40), Author: "Grace Hopper",
		Before: strings.Repeat("b", 40), Commits: "https://github.com/acme/shop/commit/ccc", Compare: "https://github.com/acme/shop/compare/bbb...ccc", History: "https://acme.github.io/shop/history/x.html#p95",
		Rows: []report.SetbackRow{{Route: "POST /orders", Figure: "p95", Environment: "linux, 2 cores", Was: "41.8 ms", Is: "58.9 ms", Change: "+40.9 %", Commit: strings.Repeat("c", 40)}},
	}
	if got, want := s.Title(), "shop: p95 of POST /orders went from 41.8 ms to 58.9 ms"; got != want {
		t.Errorf("the title is %q, want %q", got, want)
	}
	text := s.Markdown()
	for _, want := range []string{
		"1 figure of `shop` got worse on `main` and stayed so, since run `0123456789ab` of commit [`cccccccccccc`](https://github.com/acme/shop/commit/ccc) by `Grace Hopper` on 2026-11-02.",
		"The run before it was of commit `bbbbbbbbbbbb`: [what changed](https://github.com/acme/shop/compare/bbb...ccc).",
		"| `POST /orders` | p95    | 41.8 ms | 58.9 ms | +40.9 % |\n", "Measured on: `linux, 2 cores`. [History](https://acme.github.io/shop/history/x.html#p95)",
		"`plimsoll baseline accept 0123456789ab --why REASON`", "`plimsoll baseline exclude 0123456789ab --why REASON`",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the issue lacks %q:\n%s", want, text)
		}
	}
	var f found
	look(t, rendered(t, text), &f, false)
	if len(f.tables) != 1 || len(f.tables[0]) != 2 || len(f.links) != 3 {
		t.Errorf("GitHub shows %+v", f)
	}
	s.Commits, s.Compare, s.History = "javascript:alert(1)", "https://evil.example/)[x](http://evil", "http://u:p@evil.example"
	f = found{}
	if look(t, rendered(t, s.Markdown()), &f, false); len(f.links) > 0 {
		t.Errorf("addresses that are none are links: %v", f.links)
	}
}

// An issue shows a bounded number of rows, and commits and environments where they differ.
func TestSetbackIsBounded(t *testing.T) {
	for n, rows := range map[int]int{1: 1, 20: 20, 21: 20, 2000: 20} {
		text := setback(strings.Repeat("long", 2500), n).Markdown()
		var f found
		look(t, rendered(t, text), &f, false)
		if len(f.tables) != 1 || len(f.tables[0]) != rows+1 {
			t.Errorf("%d figures: tables %v", n, f.tables)
		}
		if more := fmt.Sprintf("\nand %d more figure", n-rows); (n > rows) != strings.Contains(text, more) {
			t.Errorf("%d figures: %q is wrong in\n%s", n, more, text)
		}
		if len(text) > 20_000 {
			t.Errorf("%d figures take %d bytes", n, len(text))
		}
	}
	if title := setback(strings.Repeat("ü", 500), 2000).Title(); len([]rune(title)) > 256 || !strings.Contains(title, "and 1999 more figures got worse") {
		t.Errorf("the title is %q", title)
	}
}

// A foreign text changes nothing of an issue but itself.
func TestSetbackOfHostileNames(t *testing.T) {
	texts := func(name string) []string {
		mark := report.Settled{Run: name, By: name, Why: name, At: time.Unix(1_700_000_000, 0)}
		return []string{
			setback(name, 3).Markdown(), mark.Accepted(), mark.Excluded(), report.Removed(name),
			report.Recovered([]report.SetbackRow{{Route: name, Figure: "p95", Is: "41.8 ms"}}),
		}
	}
	harmless := texts("a")
	for _, name := range hostileNames {
		for i, text := range texts("a" + name) {
			inert(t, text)
			if got, want := skeleton(text), skeleton(harmless[i]); got != want {
				t.Errorf("%q changes the markdown outside of code:\n%s\nwant:\n%s", name, got, want)
			}
		}
		if title := setback("a"+name, 3).Title(); strings.ContainsFunc(title, func(r rune) bool { return unicode.Is(unicode.C, r) }) {
			t.Errorf("%q: the title is %q", name, title)
		}
	}
}
