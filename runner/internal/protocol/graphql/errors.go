package graphql

import (
	"cmp"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/http"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// errorText says what the errors of an answer are. If they are no list, it says so.
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

// ErrorText says what errors are, as JSON: the first of a list, or the only one, without the values in its message. If
// it has some, the example has them too.
func ErrorText(errors []byte) (text, example string) {
	text, example = worded(errors, tally.Kind), worded(errors, func(said string) string { return said })
	if example == text {
		return text, ""
	}
	return text, example
}

// worded is the first of some errors, its message as fold has it.
func worded(errors []byte, fold func(said string) string) string {
	all := gjson.ParseBytes(errors)
	first, more := all, ""
	if all.IsArray() {
		first = all.Get("0") // a subscription's list may be empty
		if all.Get("1").Exists() {
			more = " (and others)"
		}
	}
	if !first.IsObject() { // not as the specification has it
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

// notList begins what is said of errors that are not as the specification has them.
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

// said ends a sentence about an object that is no answer with the message that gateways put into one.
func said(body []byte) string {
	for _, key := range []string{"message", "error", "error.message", "detail"} {
		if message := gjson.GetBytes(body, key); message.Type == gjson.String && message.Str != "" {
			return ": " + strings.TrimSpace(message.Str)
		}
	}
	return ""
}
