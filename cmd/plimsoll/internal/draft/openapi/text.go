package openapi

import (
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// forms are texts of the formats that descriptions name, and the length of each.
var forms = map[string]struct {
	text   string
	length int
}{
	"uuid": {"${uuid}", 36}, "guid": {"${uuid}", 36},
	"date-time": {"${now}", 24}, "datetime": {"${now}", 24}, "timestamp": {"${now}", 24}, "iso-date-time": {"${now}", 24},
	"date": {"2026-01-15", 10}, "full-date": {"2026-01-15", 10},
	"time": {"12:00:00Z", 9}, "partial-time": {"12:00:00", 8}, "duration": {"PT1H", 4},
	"email": {"${email}", 50}, "idn-email": {"${email}", 50},
	"uri": {"https://example.com/${word}", 40}, "url": {"https://example.com/${word}", 40}, "iri": {"https://example.com/${word}", 40}, "http-url": {"https://example.com/${word}", 40},
	"uri-reference": {"/${word}", 20}, "iri-reference": {"/${word}", 20}, "uri-template": {"/items/{id}", 11},
	"hostname": {"host.example.com", 16}, "idn-hostname": {"host.example.com", 16}, "domain": {"example.com", 11},
	"ipv4": {"192.0.2.1", 9}, "ip": {"192.0.2.1", 9}, "ip-address": {"192.0.2.1", 9}, "ipv6": {"2001:db8::1", 11}, "cidr": {"192.0.2.0/24", 12}, "ipv4-cidr": {"192.0.2.0/24", 12}, "mac": {"00:00:5e:00:53:01", 17},
	"byte": {"cGxpbXNvbGw=", 12}, "base64": {"cGxpbXNvbGw=", 12}, "base64url": {"cGxpbXNvbGw", 11}, "binary": {"plimsoll", 8},
	"password": {"correct-horse-7", 15}, "phone": {"+15550100", 9}, "e164": {"+15550100", 9}, "color": {"#336699", 7},
	"json-pointer": {"/a", 2}, "relative-json-pointer": {"0", 1}, "regex": {"^a$", 3},
	"int32": {"1", 1}, "int64": {"1", 1}, "integer": {"1", 1}, "decimal": {"1.50", 4}, "double": {"1.5", 3}, "float": {"1.5", 3}, "number": {"1", 1},
	"semver": {"1.0.0", 5}, "ulid": {"01ARZ3NDEKTSV4RRFFQ69G5FAV", 26}, "country": {"DE", 2}, "currency": {"EUR", 3},
}

// wordLength is about the longest of what ${word} makes.
const wordLength = 16

// maxText bounds a text that a schema wants long.
const maxText = 65_536

// text makes a text.
func (m *maker) text(name string, s *shape) (any, error) {
	if s.minLen > maxText {
		return m.fill(name, "texts that are long enough"), nil
	}
	if len(s.patterns) > 0 {
		if form, ok := forms[s.format]; ok && !strings.Contains(form.text, "${") && s.fitsText(form.text) {
			return form.text, nil
		}
		if made, ok := textLike(s.patterns, s.minLen, s.maxLen); ok && s.fitsText(made) {
			return draft.Literal(made), nil
		}
		return m.fill(name, "texts that match "+s.patterns[0]), nil
	}
	if form, ok := forms[s.format]; ok && form.length >= s.minLen && (s.maxLen < 0 || form.length <= s.maxLen) {
		return form.text, nil
	}
	if s.minLen <= 1 && (s.maxLen < 0 || s.maxLen >= wordLength) {
		return "${word}", nil
	}
	length := max(s.minLen, 8)
	if s.maxLen >= 0 {
		length = min(length, s.maxLen)
	}
	return strings.Repeat("plimsoll", length/8+1)[:length], nil
}
