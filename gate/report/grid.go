package report

import (
	"io"
	"slices"
	"strings"

	"github.com/clipperhouse/displaywidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// A grid is at most maxTable characters wide, if wrapping can make it so without a text column narrower than
// minText.
const (
	maxTable = 120
	minText  = 20
)

// grid is a table of texts for a terminal. Left-aligned texts are wrapped if the table would be too wide.
type grid struct {
	columns string // a letter for each: l for text on the left, r for numbers on the right
	header  []string
	rows    [][]string
	footer  []string
}

// text writes the plain table that Locust's users know: | between columns, dashes joined by | between header,
// rows and footer.
func (g grid) text(w io.Writer) error {
	g = g.wrapped()
	align := make([]tw.Align, len(g.columns))
	for i, letter := range g.columns {
		align[i] = map[rune]tw.Align{'l': tw.AlignLeft, 'r': tw.AlignRight}[letter]
	}
	var b strings.Builder
	t := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbolCustom("Locust").WithRow("-").WithColumn("|").WithCenter("|").WithMidLeft("|").WithMidRight("|").WithTopMid("|").WithBottomMid("|").WithHeaderMid("|"),
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

// wrapped is the grid with left-aligned texts wrapped as far as needed to fit.
func (g grid) wrapped() grid {
	widths := make([]int, len(g.columns))
	for _, row := range append([][]string{g.header, g.footer}, g.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], displaywidth.String(cell))
		}
	}
	over := -maxTable - 1
	for _, width := range widths {
		over += width + len(" "+" |")
	}
	most := slices.Clone(widths)
	for ; over > 0; over-- { // the widest column gives way
		at := -1
		for i, letter := range g.columns {
			if letter == 'l' && most[i] > minText && (at < 0 || most[i] > most[at]) {
				at = i
			}
		}
		if at < 0 {
			break
		}
		most[at]--
	}
	rows := make([][]string, len(g.rows))
	for k, row := range g.rows {
		rows[k] = slices.Clone(row)
		for i, cell := range row {
			if most[i] < widths[i] {
				rows[k][i] = broken(cell, most[i])
			}
		}
	}
	g.rows = rows
	return g
}

// broken breaks a text into lines of at most width characters, after spaces and slashes if that leaves lines of
// half the width.
func broken(text string, width int) string {
	var lines []string
	for displaywidth.String(text) > width {
		end, good, wide := 0, 0, 0
		for i, r := range text {
			if wide += displaywidth.Rune(r); wide > width && end > 0 {
				break
			}
			end = i + len(string(r))
			if (r == ' ' || r == '/') && wide >= width/2 {
				good = end
			}
		}
		if good > 0 && !(end < len(text) && text[end] == ' ') {
			end = good
		}
		lines = append(lines, strings.TrimRight(text[:end], " "))
		text = strings.TrimLeft(text[end:], " ")
	}
	return strings.Join(append(lines, text), "\n")
}
