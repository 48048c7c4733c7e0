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

// cell makes foreign text harmless in a spreadsheet. Excel and LibreOffice take a cell that begins with =, +, -, @ or one
// of their wide forms for a formula, quoted or not. A formula can start programs and send data elsewhere, so such a text
// gets an apostrophe in front (https://owasp.org/www-community/attacks/CSV_Injection). cell also removes invisible
// characters, such as marks that change the direction of writing. Ordinary names of routes begin with a method, a slash
// or a letter, so they do not change.
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

// decimals formats a number with up to so many decimals and no trailing zeros.
func decimals(v float64, most int) string {
	text := strconv.FormatFloat(v, 'f', most, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// withPoint formats a number as Python prints a float: 8 becomes 8.0.
func withPoint(number string) string {
	if strings.Contains(number, ".") {
		return number
	}
	return number + ".0"
}

// rate divides a number by a time in seconds.
func rate(n int64, seconds float64) string {
	if seconds <= 0 {
		return "0.0"
	}
	return withPoint(decimals(float64(n)/seconds, 6))
}
