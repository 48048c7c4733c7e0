package html

import (
	"bytes"
	"html"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/chart"
)

// doc builds HTML. It escapes all texts and attribute values; the names of elements and attributes are constants of this
// package. Only drawings are inserted as they are, and they escape their own texts.
type doc struct{ bytes.Buffer }

// open opens an element; attributes are pairs of name and value.
func (d *doc) open(element string, attributes ...string) {
	d.WriteByte('<')
	d.WriteString(element)
	for i := 0; i+1 < len(attributes); i += 2 {
		d.WriteByte(' ')
		d.WriteString(attributes[i])
		d.WriteString(`="`)
		d.WriteString(html.EscapeString(attributes[i+1]))
		d.WriteByte('"')
	}
	d.WriteByte('>')
}

// shut closes elements, the innermost first.
func (d *doc) shut(elements ...string) {
	for _, element := range elements {
		d.WriteString("</" + element + ">")
	}
	d.WriteByte('\n')
}

func (d *doc) text(text string) { d.WriteString(html.EscapeString(text)) }

// element is a whole element with a text.
func (d *doc) element(element, text string, attributes ...string) {
	d.open(element, attributes...)
	d.text(text)
	d.shut(element)
}

// words writes a text with its code and its strong words.
func (d *doc) words(words report.Words) {
	for _, w := range words {
		if w.Strong {
			d.WriteString("<strong>")
		}
		if w.Code {
			d.WriteString("<code>")
		}
		d.text(w.Text)
		if w.Code {
			d.WriteString("</code>")
		}
		if w.Strong {
			d.WriteString("</strong>")
		}
	}
}

// line is a paragraph of words after a strong word of ours; nothing if there are no words.
func (d *doc) line(title string, words report.Words) {
	if len(words) == 0 {
		return
	}
	d.open("p")
	if title != "" {
		d.WriteString("<strong>")
		d.text(title)
		d.WriteString("</strong> ")
	}
	d.words(words)
	d.shut("p")
}

// list is a list of lines; nothing if there are none.
func (d *doc) list(lines []string) {
	if len(lines) == 0 {
		return
	}
	d.open("ul")
	for _, line := range lines {
		d.WriteString("<li>")
		d.text(line)
	}
	d.shut("ul")
}

func (d *doc) svg(s chart.SVG) { d.WriteString(string(s)) }

// fold opens a collapsed element that readers can unfold.
func (d *doc) fold(summary string) {
	d.open("details")
	d.element("summary", summary)
}

// plainWords is a text of ours as words.
func plainWords(text string) report.Words {
	if text == "" {
		return nil
	}
	return report.Words{{Text: text}}
}
