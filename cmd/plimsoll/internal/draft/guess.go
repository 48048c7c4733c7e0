package draft

import (
	"regexp"
	"strings"
)

// Names of values, by what such a value probably is. They match camel case and underscores.
var (
	paging  = regexp.MustCompile(`(?i)^(first|last|limit|count|take|size|page_?size|per_?page|n|top|top_?k|max|max_?results)$`)
	anID    = regexp.MustCompile(`(^id|Id|ID|_id|^uuid|_uuid|^uid|_uid|^guid|_guid|^sku|^slug)s?$`)
	search  = regexp.MustCompile(`(?i)^(q|query|search|term|text|keywords?|filter|phrase)$|(?i)search`)
	email   = regexp.MustCompile(`(?i)email|^mail`)
	long    = regexp.MustCompile(`(?i)body|content|description|comment|message|text|summary|bio`)
	secrets = regexp.MustCompile(`(?i)password|token|secret|^code$|otp`)
)

// IsID reports whether a value of that name is the id of something that must exist.
func IsID(name string) bool { return anID.MatchString(name) }

// IsSearch reports whether a value of that name is a text to search for.
func IsSearch(name string) bool { return search.MatchString(name) }

// IsEmail reports whether a value of that name is an address of mail.
func IsEmail(name string) bool { return email.MatchString(name) }

// IsSecret reports whether only the user can know a value of that name.
func IsSecret(name string) bool { return secrets.MatchString(name) }

// TextFor is a text that fits a name, if any text does.
func TextFor(name string) string {
	switch {
	case IsEmail(name):
		return "${email}"
	case IsSearch(name):
		return "${word}"
	case long.MatchString(name):
		return "${sentence(8)}"
	case strings.EqualFold(name, "name"):
		return "${name}"
	}
	return "${word}"
}

// NumberFor is a whole number that fits a name.
func NumberFor(name string) any {
	switch {
	case paging.MatchString(name):
		return 10
	case strings.EqualFold(name, "offset") || strings.EqualFold(name, "skip"):
		return 0
	case strings.EqualFold(name, "page"):
		return 1
	}
	return "${int(1,10)}"
}
