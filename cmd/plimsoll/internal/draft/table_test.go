package draft_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// A table fits the terminal: long texts are wrapped, and nothing of them is lost.
func TestTable(t *testing.T) {
	d := &draft.Draft{Rows: []*draft.Row{
		{Operation: "GET /pets", As: "task", Tried: "200"},
		{Operation: "POST /organizations/{organizationId}/repositories/{repositoryId}/pulls/{pullId}/comments", As: "in the chain: pullId from POST /organizations/{organizationId}/repositories/{repositoryId}/pulls", Tried: "422 Unprocessable Entity"},
		{Operation: "shop.v1.Shop/AddToCart", As: "comment: it failed", Tried: "code 5 NOT_FOUND: there is no product with SKU rather, and a reason that says much more than fits"},
		{Operation: "query " + strings.Repeat("ü", 150), As: "", Tried: ""},
	}}
	words := func(text string) string { return strings.Join(strings.Fields(text), "") }
	for _, width := range []int{80, 100, 120} {
		table := d.Table(width)
		for line := range strings.Lines(table) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width || strings.HasSuffix(line, " \n") {
				t.Errorf("%d columns: a line has %d: %q", width, n, line)
			}
		}
		if len(words(table)) != len(words(d.Table(1000))) {
			t.Errorf("%d columns: something is lost in\n%s", width, table)
		}
	}
	want := "" +
		"  Operation                 Written as          Tried\n" +
		"  GET    /pets              task                200\n" +
		"  shop.v1.Shop/AddToCart    comment: it failed  code 5 NOT_FOUND: there\n" +
		"                                                  is no product\n" +
		"  POST   /a/{aaaaaaaaaaaa}  comment: x          \n"
	small := &draft.Draft{Rows: []*draft.Row{d.Rows[0], {Operation: "shop.v1.Shop/AddToCart", As: "comment: it failed", Tried: "code 5 NOT_FOUND: there is no product"}, {Operation: "POST /a/{aaaaaaaaaaaa}", As: "comment: x"}}}
	if got := small.Table(72); got != strings.ReplaceAll(want, "          \n", "\n") {
		t.Errorf("the table is\n%s, want\n%s", got, want)
	}
	if got, want := (&draft.Draft{Rows: []*draft.Row{{Operation: "GET /", As: "task"}}}).Table(80), "  Operation  Written as\n  GET    /   task\n"; got != want {
		t.Errorf("the table is\n%q, want\n%q", got, want)
	}
}
