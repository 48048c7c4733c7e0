package profile

import (
	"math/big"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// The forms of plain scalars in the core schema of YAML 1.2.2, section 10.3.2. Further forms of YAML 1.1,
// such as 1_000, yes and 12:30, are texts.
var (
	nullForm    = regexp.MustCompile(`^(null|Null|NULL|~|)$`)
	boolForm    = regexp.MustCompile(`^(true|True|TRUE|false|False|FALSE)$`)
	octalForm   = regexp.MustCompile(`^0o[0-7]+$`)
	hexForm     = regexp.MustCompile(`^0x[0-9a-fA-F]+$`)
	decimalForm = regexp.MustCompile(`^([-+]?)([0-9]*)(?:\.([0-9]*))?([eE][-+]?[0-9]+)?$`)
	notNumber   = regexp.MustCompile(`^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
	oldNumber   = regexp.MustCompile(`^[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?)$`)
)

// IsNumber reports whether a text is a number as JSON writes it.
func IsNumber(text string) bool {
	text = strings.TrimPrefix(text, "-")
	whole := digits(text)
	if whole == 0 || whole > 1 && text[0] == '0' {
		return false
	}
	text = text[whole:]
	if fraction, ok := strings.CutPrefix(text, "."); ok {
		n := digits(fraction)
		if n == 0 {
			return false
		}
		text = fraction[n:]
	}
	if text != "" && (text[0] == 'e' || text[0] == 'E') {
		text = text[1:]
		if text != "" && (text[0] == '-' || text[0] == '+') {
			text = text[1:]
		}
		return text != "" && digits(text) == len(text)
	}
	return text == ""
}

// digits is the number of digits that a text begins with.
func digits(text string) int {
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return n
}

// jsonNumber is a number of YAML 1.2 as JSON writes it, with all its digits: 01234 is 1234, 0x1F is
// 31, and .5 is 0.5.
func jsonNumber(text string) (number string, ok bool) {
	if IsNumber(text) {
		return text, true
	}
	if octalForm.MatchString(text) || hexForm.MatchString(text) {
		n, ok := new(big.Int).SetString(text, 0)
		return n.String(), ok
	}
	match := decimalForm.FindStringSubmatch(text)
	if match == nil || match[2] == "" && match[3] == "" {
		return "", false
	}
	if match[1] == "+" {
		match[1] = ""
	}
	whole, fraction := strings.TrimLeft(match[2], "0"), match[3]
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return match[1] + whole + fraction + match[4], true
}

// scalarOf is a scalar as YAML 1.2 reads it: its kind, and its text or JSON. NoValue means that JSON cannot
// express it.
func scalarOf(n *yaml.Node) (kind ValueKind, text string) {
	quoted := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	tagged := n.Style&yaml.TaggedStyle != 0
	number, isNumber := jsonNumber(n.Value)
	switch {
	case tagged && (n.Tag == "!!int" || n.Tag == "!!float"):
		if !isNumber {
			return NoValue, ""
		}
		return NumberValue, number
	case tagged && n.Tag == "!!bool" && boolForm.MatchString(n.Value):
		return BoolValue, strings.ToLower(n.Value)
	case tagged && n.Tag == "!!null":
		return NullValue, "null"
	case tagged && n.Tag != "!!str" && n.Tag != "!!timestamp":
		return NoValue, ""
	case tagged || quoted:
		return TextValue, n.Value
	case nullForm.MatchString(n.Value):
		return NullValue, "null"
	case boolForm.MatchString(n.Value):
		return BoolValue, strings.ToLower(n.Value)
	case isNumber:
		return NumberValue, number
	case notNumber.MatchString(n.Value):
		return NoValue, ""
	}
	return TextValue, n.Value
}

// scalar is a scalar as YAML 1.2 reads it. NoValue means that there is a problem.
func (r *reader) scalar(n *yaml.Node) (kind ValueKind, text string) {
	kind, text = scalarOf(n)
	switch {
	case kind == NoValue:
		r.Problem(n, "JSON cannot express %s; write a text in quotes", strict.Quote(n.Value))
	case kind == TextValue && n.Style == 0 && oldNumber.MatchString(text):
		r.Problem(n, "%s is a number in YAML 1.1 and a text in YAML 1.2: write a number in decimal digits, or a text in quotes", strict.Quote(text))
		return NoValue, ""
	}
	return kind, text
}
