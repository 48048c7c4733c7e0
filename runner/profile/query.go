package profile

import (
	"regexp"
	"strings"
)

// Query is a query of a GJSON path that compares numbers, such as items.#(id==7).name, cut into its parts.
// GJSON itself compares numbers as doubles: 9007199254740993 equals 9007199254740992 there.
type Query struct {
	List    string // the path of the list; empty for the whole answer
	Of      string // the path of the compared value within an item; empty for the item itself
	Op      Op     // not Matches, Exists or Contains
	Operand string // a number as JSON writes it
	All     bool   // #(…)# gives all items that match, #(…) the first one
	Rest    string // the path behind the query, with its . or |; empty for the items themselves
}

// CutQuery cuts a GJSON path at its first query, if this compares numbers and follows plain keys.
func CutQuery(path string) (q Query, ok bool) {
	begin := strings.Index(path, "#(")
	if begin < 0 || strings.ContainsAny(path[:begin], `#(){}[]@!\`) || strings.HasPrefix(path, "..") {
		return Query{}, false
	}
	if begin > 0 {
		if q.List = path[:begin-1]; path[begin-1] != '.' && path[begin-1] != '|' {
			return Query{}, false
		}
	}
	of, compared, rest, ok := splitQuery(path[begin+len("#("):])
	if !ok {
		return Query{}, false
	}
	match := comparison.FindStringSubmatch(compared)
	if match == nil || match[2] != match[4] || !IsNumber(match[3]) {
		return Query{}, false
	}
	if q.Of, q.Op, q.Operand = strings.TrimSpace(of), Op(match[1]), match[3]; q.Op == "=" {
		q.Op = Equal
	}
	q.Rest, q.All = strings.CutPrefix(rest, "#")
	return q, q.Rest == "" || q.Rest[0] == '.' || q.Rest[0] == '|'
}

var comparison = regexp.MustCompile(`^(==?|!=|<=?|>=?)\s*("?)([-+.0-9eE]+)("?)\s*$`)

// splitQuery splits the text behind a #( like GJSON: into the path, the operator with its operand, and the
// rest behind the query.
func splitQuery(text string) (path, compared, rest string, ok bool) {
	depth, operator := 1, -1
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case depth == 1 && operator < 0 && strings.IndexByte("!=<>%", c) >= 0:
			operator = i
		case c == '\\':
			i++
		case c == '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			if depth--; depth == 0 && operator >= 0 {
				return text[:operator], text[operator:i], text[i+1:], true
			} else if depth == 0 {
				return "", "", "", false
			}
		}
	}
	return "", "", "", false
}

var longOperand = regexp.MustCompile(`[=<>]\s*"?(-?[0-9][-+.0-9eE]*)"?\s*[)\]]`)

// inexact is a number in a GJSON path that is compared as a double, but is not exact as one; empty for none.
func inexact(path string) (number string) {
	if q, ok := CutQuery(path); ok {
		if number = inexact(q.Of); number == "" {
			number = inexact(strings.TrimLeft(q.Rest, ".|"))
		}
		return number
	}
	for _, match := range longOperand.FindAllStringSubmatch(path, -1) {
		if IsNumber(match[1]) && !isDouble(match[1]) {
			return match[1]
		}
	}
	return ""
}

// isDouble reports whether a double represents a number uniquely, as with up to 15 digits (IEEE 754).
func isDouble(number string) bool {
	digits, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	digits = strings.TrimLeft(strings.NewReplacer("-", "", ".", "").Replace(digits), "0")
	return exponent == "" && len(digits) <= 15
}
