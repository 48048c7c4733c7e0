package locust

import (
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// table writes rows as Python's csv module does, and keeps the first error.
type table struct {
	w   io.Writer
	err error
}

// newTable writes the header.
func newTable(w io.Writer, header ...string) *table {
	t := &table{w: w}
	t.row(header...)
	return t
}

// row writes one row. After an error it does nothing.
func (t *table) row(cells ...string) {
	if t.err != nil {
		return
	}
	var b strings.Builder
	for i, text := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		if strings.ContainsAny(text, ",\"\r\n") {
			text = `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
		}
		b.WriteString(text)
	}
	b.WriteString("\r\n")
	_, t.err = io.WriteString(t.w, b.String())
}

// cell makes foreign text harmless for people who open the file with a spreadsheet. Excel and LibreOffice take a cell that
// begins with =, +, -, @ or one of their wide forms for a formula, quoted or not, which may start programs and send data
// elsewhere; so such a text gets an apostrophe in front (https://owasp.org/www-community/attacks/CSV_Injection). What is
// not seen, such as marks that turn the direction of writing, is left out. Names of routes begin with a method, a slash or
// a letter, so they stay as they are.
func cell(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r), unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	if begins := strings.TrimLeft(text, " '\""); begins != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(begins)[0]) {
		return "'" + text
	}
	return text
}

// millis is a span in milliseconds with up to three decimals.
func millis(d time.Duration) string { return decimals(float64(d)/float64(time.Millisecond), 3) }

// decimals is a number with up to so many decimals, and none that are zero.
func decimals(v float64, most int) string {
	text := strconv.FormatFloat(v, 'f', most, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// withPoint is a number as Python writes one that is not whole by its type: 8 becomes 8.0.
func withPoint(number string) string {
	if strings.Contains(number, ".") {
		return number
	}
	return number + ".0"
}

// rate is a number for each second.
func rate(n int64, seconds float64) string {
	if seconds <= 0 {
		return "0.0"
	}
	return withPoint(decimals(float64(n)/seconds, 6))
}
