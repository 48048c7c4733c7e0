package html

import (
	"fmt"
	"html"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// Each kind of table may add rows until the page has this size, in bytes. The rest of the page is bounded, so the page stays
// below maxPage.
const (
	maxPage       = 2_000_000
	comparedUpTo  = 200_000
	allRoutesUpTo = 1_250_000
	requestsUpTo  = 1_500_000
	percentsUpTo  = 1_750_000
	errorsUpTo    = 1_850_000
)

// table is a table of texts.
type table struct {
	caption string
	report.Grid
	head int // the column that heads its rows
	upTo int // how far the page may grow
}

// table writes a table, in a frame that scrolls if the table is too wide, and says how many rows it left out.
func (p *page) table(t table) {
	if len(t.Rows) == 0 {
		return
	}
	p.beginTable("", t.caption, t.Header, t.Columns)
	shown := 0
	for _, row := range t.Rows {
		if p.Len() > t.upTo {
			break
		}
		p.row(row, t.Columns, t.head)
		shown++
	}
	if t.Footer != nil {
		p.WriteString("<tfoot>")
		p.row(t.Footer, t.Columns, t.head)
	}
	p.endTable()
	p.more(len(t.Rows)-shown+t.More, "more")
}

// beginTable opens a table of a class; empty for none.
func (p *page) beginTable(class, caption string, header []string, columns string) {
	p.open("div", "class", "scroll", "role", "region", "tabindex", "0", "aria-label", caption)
	if class == "" {
		p.open("table")
	} else {
		p.open("table", "class", class)
	}
	p.element("caption", caption)
	p.WriteString("<thead><tr>")
	for i, cell := range header {
		p.WriteString(`<th scope="col"` + align(columns, i) + ">")
		p.text(cell)
	}
	p.WriteString("<tbody>\n")
}

// row is a row of texts. Closing tags are left out, as HTML allows: a page may have thousands of rows.
func (p *page) row(cells []string, columns string, head int) {
	p.WriteString("<tr>")
	for i, cell := range cells {
		if i == head {
			p.WriteString(`<th scope="row"` + align(columns, i) + ">")
		} else {
			p.WriteString("<td" + align(columns, i) + ">")
		}
		p.WriteString(html.EscapeString(cell))
	}
	p.WriteByte('\n')
}

// align right-aligns a cell by an attribute, which works without a style sheet too.
func align(columns string, i int) string {
	if i < len(columns) && columns[i] == 'r' {
		return ` align="right"`
	}
	return ""
}

func (p *page) endTable() { p.shut("table", "div") }

// more says how many rows were left out.
func (p *page) more(n int, what string) {
	if n > 0 {
		p.element("p", fmt.Sprintf("and %s %s", report.Thousands(int64(n)), what), "class", "cut")
	}
}

// facts writes lines of the form "name: text" as a table of two columns.
func (p *page) facts(caption string, lines []string) {
	if len(lines) == 0 {
		return
	}
	p.open("table", "class", "facts")
	p.element("caption", caption)
	p.WriteString("<tbody>")
	for _, line := range lines {
		if name, text, ok := strings.Cut(line, ": "); ok {
			p.WriteString(`<tr><th scope="row">`)
			p.text(name)
			p.WriteString("<td>")
			p.text(text)
			continue
		}
		p.WriteString(`<tr><td colspan="2">`)
		p.text(line)
	}
	p.shut("table")
}
