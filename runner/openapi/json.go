package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// jsonParser reads JSON (RFC 8259) with the place of every value. encoding/json tells no places, and reading
// JSON as YAML takes five times as long.
type jsonParser struct {
	file   *file
	data   []byte
	at     int
	line   int
	begin  int // of the line
	values int
}

func (p *jsonParser) column() int { return p.at - p.begin + 1 }

// whole reads the whole text. If it stops early, wrong is the problem at the parser's position.
func (p *jsonParser) whole() (root *Node, wrong string) {
	root, wrong = p.value(0)
	if p.space(); wrong == "" && p.at < len(p.data) {
		wrong = "invalid JSON: something follows the value"
	}
	return root, wrong
}

// space passes over what separates values.
func (p *jsonParser) space() {
	for ; p.at < len(p.data); p.at++ {
		switch p.data[p.at] {
		case '\n':
			p.line, p.begin = p.line+1, p.at+1
		case ' ', '\t', '\r':
		default:
			return
		}
	}
}

// next is the byte where the parser stands, 0 at the end.
func (p *jsonParser) next() byte {
	if p.space(); p.at < len(p.data) {
		return p.data[p.at]
	}
	return 0
}

func (p *jsonParser) value(depth int) (n *Node, wrong string) {
	c := p.next()
	n = &Node{file: p.file, Line: p.line, Column: p.column()}
	if p.values++; p.values > maxValues {
		return n, fmt.Sprintf("the file has more than %d values", maxValues)
	}
	if depth > maxDepth {
		return n, tooDeep
	}
	switch c {
	case '{':
		return n, p.object(n, depth)
	case '[':
		return n, p.array(n, depth)
	case '"':
		n.Kind = Text
		n.Text, wrong = p.text()
		return n, wrong
	}
	end := p.at
	for end < len(p.data) && bytes.IndexByte([]byte(" \t\r\n,]}:"), p.data[end]) < 0 {
		end++
	}
	switch word := string(p.data[p.at:end]); {
	case word == "null":
	case word == "true" || word == "false":
		n.Kind, n.Text = Bool, word
	case profile.IsNumber(word):
		n.Kind, n.Text = Number, word
	default:
		return n, "invalid JSON: expected a value"
	}
	p.at = end
	return n, ""
}

func (p *jsonParser) object(n *Node, depth int) (wrong string) {
	n.Kind = Map
	p.at++
	known := map[string]bool{}
	for first := true; ; first = false {
		if more, wrong := p.more(first, '}'); !more {
			return wrong
		}
		if p.next() != '"' {
			return "invalid JSON: expected a key in quotes"
		}
		line, column := p.line, p.column()
		key, wrong := p.text()
		if wrong != "" {
			return wrong
		}
		if p.next() != ':' {
			return "invalid JSON: expected a colon"
		}
		p.at++
		value, wrong := p.value(depth + 1)
		if wrong != "" {
			return wrong
		}
		value.Line, value.Column = line, column
		if known[key] {
			p.file.twice(line, column, key)
			continue
		}
		known[key] = true
		n.Keys, n.Items = append(n.Keys, key), append(n.Items, value)
	}
}

func (p *jsonParser) array(n *Node, depth int) (wrong string) {
	n.Kind = List
	p.at++
	for first := true; ; first = false {
		if more, wrong := p.more(first, ']'); !more {
			return wrong
		}
		item, wrong := p.value(depth + 1)
		if wrong != "" {
			return wrong
		}
		n.Items = append(n.Items, item)
	}
}

// more reads what stands before an item: nothing before the first, a comma before others. After the last stands end.
func (p *jsonParser) more(first bool, end byte) (more bool, wrong string) {
	switch c := p.next(); {
	case c == end:
		p.at++
		return false, ""
	case first:
		return true, ""
	case c == ',':
		p.at++
		return true, ""
	}
	return false, "invalid JSON: expected a comma or " + string(end)
}

// text reads a text in quotes.
func (p *jsonParser) text() (text, wrong string) {
	for end := p.at + 1; end < len(p.data); end++ {
		switch c := p.data[end]; {
		case c == '\\':
			end++
		case c < ' ':
			return "", "invalid JSON: a control character in a text"
		case c == '"':
			raw := p.data[p.at : end+1]
			p.at = end + 1
			if bytes.IndexByte(raw, '\\') < 0 {
				return string(raw[1 : len(raw)-1]), ""
			}
			if json.Unmarshal(raw, &text) != nil {
				return "", "invalid JSON: a text with a broken escape"
			}
			return text, ""
		}
	}
	return "", "invalid JSON: a text without an end"
}

// jsonNumber is a number of YAML as JSON writes it; empty when it has no such form.
func jsonNumber(text string) string {
	text = strings.TrimPrefix(text, "+")
	if profile.IsNumber(text) {
		return text
	}
	plain := strings.ReplaceAll(text, "_", "")
	if n, ok := new(big.Int).SetString(plain, 0); ok && !strings.HasPrefix(strings.TrimPrefix(plain, "-"), "0") {
		return n.String()
	}
	for _, prefix := range []string{"0x", "0o", "0b"} {
		if n, ok := new(big.Int).SetString(plain, 0); ok && strings.HasPrefix(plain, prefix) {
			return n.String()
		}
	}
	sign := ""
	if strings.HasPrefix(plain, "-") {
		sign, plain = "-", plain[1:]
	}
	whole, rest, _ := strings.Cut(plain, ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	candidate := sign + whole
	if strings.Contains(plain, ".") {
		if rest == "" {
			rest = "0"
		}
		candidate += "." + rest
	}
	if profile.IsNumber(candidate) {
		return candidate
	}
	return ""
}
