package openapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	api "github.com/plimsoll-ci/plimsoll/runner/openapi"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// place is a place in a request that values are put into.
type place uint8

const (
	inPath place = iota
	inQuery
	inHeader
)

// escaped percent-encodes the literal parts of a text; its variables are encoded when they get their values.
func escaped(text string, at place) string {
	var b strings.Builder
	parts := profile.Template(text).Parts()
	for i, part := range parts {
		if part.Variable != "" {
			b.WriteString("${" + part.Variable + "}")
			continue
		}
		literal := part.Literal
		switch at {
		case inPath:
			literal = pathLiteral(literal)
		case inQuery:
			literal = strings.ReplaceAll(url.QueryEscape(literal), "+", "%20")
		case inHeader:
			literal = strings.Map(func(r rune) rune {
				if r < ' ' || r == 0x7f {
					return -1
				}
				return r
			}, literal)
		}
		if i+1 < len(parts) {
			b.WriteString(draft.LiteralBefore(literal))
			continue
		}
		b.WriteString(draft.Literal(literal))
	}
	return b.String()
}

// pathLiteral encodes what cannot stand in a path. What is encoded already stays.
func pathLiteral(text string) string {
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case c <= ' ' || c >= 0x7f || strings.IndexByte("\"#<>\\^`{|}", c) >= 0:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// plainText is a value as a text.
func plainText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return ""
	case draft.Map, []any:
		return asJSON(v)
	}
	return fmt.Sprint(v)
}

// asJSON writes a value as the text of JSON. A variable stands without quotes where it makes a number.
func asJSON(v any) string {
	switch v := v.(type) {
	case draft.Map:
		var parts []string
		for _, e := range v {
			parts = append(parts, asJSON(e.Key)+":"+asJSON(e.Value))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, asJSON(item))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case string:
		if variable, ok := strings.CutPrefix(v, "${"); ok && strings.HasSuffix(variable, ")}") { // int(1,2)
			return v
		}
		text, err := json.Marshal(v)
		if err != nil {
			panic("openapi: " + err.Error()) // a text
		}
		return string(text)
	case nil:
		return "null"
	}
	return fmt.Sprint(v)
}

// styled writes the value of a parameter in its style (OpenAPI 3.0.3, "Style Values").
func styled(p *api.Parameter, v any) string {
	at := map[string]place{"path": inPath, "query": inQuery, "header": inHeader, "cookie": inQuery}[p.In]
	name := escaped(draft.Literal(p.Name), inQuery)
	text := func(v any) string {
		if at == inPath { // a value is one segment
			return escaped(plainText(v), inQuery)
		}
		return escaped(plainText(v), at)
	}
	if p.Type != "" { // content, such as JSON
		return named(p, name, text(asJSON(v)))
	}
	switch v := v.(type) {
	case []any:
		return styledList(p, name, v, text)
	case draft.Map:
		return styledObject(p, name, v, text)
	}
	return named(p, name, text(v))
}

// named puts the name of a parameter in front of its value, where its place or its style wants that.
func named(p *api.Parameter, name, value string) string {
	switch {
	case p.In == "query":
		return name + "=" + value
	case p.Style == "label":
		return "." + value
	case p.Style == "matrix":
		return ";" + name + "=" + value
	}
	return value
}

func styledList(p *api.Parameter, name string, list []any, text func(any) string) string {
	var values []string
	for _, item := range list {
		values = append(values, text(item))
	}
	if p.Explode && p.In == "query" && p.Style != "deepObject" {
		for i := range values {
			values[i] = name + "=" + values[i]
		}
		return strings.Join(values, "&")
	}
	if p.Style == "deepObject" {
		for i := range values {
			values[i] = name + "%5B%5D=" + values[i]
		}
		return strings.Join(values, "&")
	}
	by := map[string]string{"spaceDelimited": "%20", "tabDelimited": "%09", "pipeDelimited": "%7C"}[p.Style]
	if by == "" {
		by = ","
	}
	if p.Explode && p.Style == "label" {
		by = "."
	}
	return named(p, name, strings.Join(values, by))
}

func styledObject(p *api.Parameter, name string, object draft.Map, text func(any) string) string {
	var pairs []string
	for _, e := range object {
		key, value := escaped(e.Key, inQuery), text(e.Value)
		switch {
		case p.Style == "deepObject":
			pairs = append(pairs, name+"%5B"+key+"%5D="+value)
		case p.Explode:
			pairs = append(pairs, key+"="+value)
		default:
			pairs = append(pairs, key, value)
		}
	}
	switch {
	case p.Style == "deepObject" || p.Explode && p.In == "query":
		return strings.Join(pairs, "&")
	case p.Explode && p.Style == "matrix":
		return ";" + strings.Join(pairs, ";")
	case p.Explode && p.Style == "label":
		return "." + strings.Join(pairs, ".")
	}
	return named(p, name, strings.Join(pairs, ","))
}
