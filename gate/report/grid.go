package report

import (
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// grid is a table of texts for a terminal. No text is wrapped or rewritten.
type grid struct {
	columns string // a letter for each: l for text on the left, r for numbers on the right
	header  []string
	rows    [][]string
	footer  []string
}

// text writes the plain table that Locust's users know: | between columns, dashes between header,
// rows and footer.
func (g grid) text(w io.Writer) error {
	align := make([]tw.Align, len(g.columns))
	for i, letter := range g.columns {
		align[i] = map[rune]tw.Align{'l': tw.AlignLeft, 'r': tw.AlignRight}[letter]
	}
	var b strings.Builder
	t := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbols(tw.StyleASCII),
			Settings: tw.Settings{Lines: tw.Lines{ShowTop: tw.Off, ShowBottom: tw.Off, ShowHeaderLine: tw.On}, Separators: tw.Separators{BetweenColumns: tw.On, BetweenRows: tw.Off}},
		})),
		tablewriter.WithAlignment(align),
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithFooterAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone), tablewriter.WithRowAutoWrap(tw.WrapNone), tablewriter.WithFooterAutoWrap(tw.WrapNone),
	)
	t.Header(g.header)
	for _, row := range g.rows {
		if err := t.Append(row); err != nil {
			return err
		}
	}
	if g.footer != nil {
		t.Footer(g.footer)
	}
	if err := t.Render(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := io.WriteString(w, strings.TrimRight(line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}
