package graphql

import (
	"cmp"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/http"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// errorText is ErrorText for an answer. It says so if the errors are not a list.
func errorText(errors []byte) (text, example string) {
	text, example = ErrorText(errors)
	if errors[0] == '[' {
		return text, example
	}
	if example != "" {
		example = notList + example
	}
	return notList + text, example
}

// ErrorText is the text of errors given as JSON: that of the first of a list, or of the only one, without the values
// in its message. If there are values, example is the text with them.
func ErrorText(errors []byte) (text, example string) {
	text, example = worded(errors, tally.Kind), worded(errors, func(said string) string { return said })
	if example == text {
		return text, ""
	}
	return text, example
}

// worded is the text of the first error, with its message passed through fold.
func worded(errors []byte, fold func(said string) string) string {
	all := gjson.ParseBytes(errors)
	first, more := all, ""
	if all.IsArray() {
		first = all.Get("0") // a subscription's list may be empty
		if all.Get("1").Exists() {
			more = " (and others)"
		}
	}
	if !first.IsObject() { // not as the specification says
		return cmp.Or(fold(strings.TrimSpace(first.String())), noMessage) + more
	}
	code, message := first.Get("extensions.code").String(), fold(strings.TrimSpace(first.Get("message").String()))
	path := pathOf(first.Get("path"))
	switch {
	case message == "PersistedQueryNotFound" || code == "PERSISTED_QUERY_NOT_FOUND":
		return "the server does not know this persisted query (PersistedQueryNotFound); send it once before, in setup, with persisted: register"
	case code != "" && path != "":
		return code + " at " + path + more
	case code != "" && message != "" && message != code:
		return code + ": " + message + more
	case code != "":
		return code + more
	case message == "":
		message = noMessage
	}
	if path != "" {
		message += " at " + path
	}
	return message + more
}

// notList begins the text of errors that are not a list, as the specification demands.
const notList = "errors of the answer is no list: "

const noMessage = "an error without a message"

// pathOf is where in the answer an error is, with # for each index.
func pathOf(path gjson.Result) string {
	var parts []string
	path.ForEach(func(_, part gjson.Result) bool {
		if part.Type == gjson.Number || strings.Trim(part.Str, "0123456789") == "" { // mercurius writes them as texts
			parts = append(parts, "#")
		} else {
			parts = append(parts, part.String())
		}
		return true
	})
	return strings.Join(parts, ".")
}

// withStatus puts a status that is a failure by itself in front of a text, if there is one.
func withStatus(status int, text string) string {
	if text == "" || http.Expected(status, nil) {
		return text
	}
	return http.StatusText(status, nil) + ": " + text
}

// said ends a sentence about an object that is not a GraphQL answer with the message that gateways put into it.
func said(body []byte) string {
	for _, key := range []string{"message", "error", "error.message", "detail"} {
		if message := gjson.GetBytes(body, key); message.Type == gjson.String && message.Str != "" {
			return ": " + strings.TrimSpace(message.Str)
		}
	}
	return ""
}
