package datagen

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// escape makes dst[from:], a value of that kind, safe for its place.
func escape(dst []byte, from int, where plan.Escape, kind profile.ValueKind) []byte {
	quotes := false
	switch where {
	case plan.Plain:
		return dst
	case plan.JSONWhole, plan.JSONText, plan.JSONBare:
		if kind == profile.NullValue || where != plan.JSONText && !kind.IsText() || where == plan.JSONBare && plan.IsBare(string(dst[from:])) {
			return dst
		}
		where, quotes = plan.JSON, true
	}
	if where == plan.JSON && !utf8.Valid(dst[from:]) { // JSON is UTF-8 (RFC 8259, section 8.1)
		dst = append(dst[:from], bytes.ToValidUTF8(dst[from:], []byte("\ufffd"))...)
	}
	if quotes {
		dst = slices.Insert(dst, from, '"')
		from++
	}
	if slices.ContainsFunc(dst[from:], func(c byte) bool { return unsafe(c, where) }) {
		dst = escapeBytes(dst, from, where)
	}
	if quotes {
		dst = append(dst, '"')
	}
	return dst
}

// escapeBytes replaces each byte of dst[from:] that is not safe.
func escapeBytes(dst []byte, from int, where plan.Escape) []byte {
	const digits = "0123456789ABCDEF"
	value := slices.Clone(dst[from:])
	dst = dst[:from]
	for _, c := range value {
		switch {
		case !unsafe(c, where):
			dst = append(dst, c)
		case where == plan.Form && c == ' ':
			dst = append(dst, '+')
		case where == plan.URL || where == plan.Form || where == plan.Quoted:
			dst = append(dst, '%', digits[c>>4], digits[c&0xf])
		case where == plan.JSON && (c == '"' || c == '\\'):
			dst = append(dst, '\\', c)
		case where == plan.JSON:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&0xf])
		}
	}
	return dst
}

// unsafe reports whether a byte must be escaped.
func unsafe(c byte, where plan.Escape) bool {
	switch where {
	case plan.URL, plan.Form:
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		return !letter && c != '-' && c != '.' && c != '_' && c != '~'
	case plan.JSON:
		return c < 0x20 || c == '"' || c == '\\'
	case plan.Quoted:
		return c == '\r' || c == '\n' || c == '"'
	default: // a header's value
		return c < 0x20 && c != '\t' || c == 0x7f
	}
}
