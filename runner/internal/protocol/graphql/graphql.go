// Package graphql judges the answers to calls of GraphQL.
//
// A call is a request of HTTP, which protocol/http sends: GraphQL is a Dialect of it, over the connections and
// with the cookies of the user's other calls. An answer is good if it has data and no errors, whatever its
// status says, unless the call expects errors. Failures that GraphQL itself reports have the class
// tally.GraphQL. The text of a failure is the code of the first error and its path, since servers mask
// messages; without a code it is the message. Indices in a path are written as #, so equal faults have equal
// texts.
//
// An answer is read once: the check for errors finds the places of errors and data while it makes sure that all
// of the answer is JSON. It allocates nothing if there are no errors. The shape of an answer is that of the
// specification of October 2021, section 7, and of the GraphQL-over-HTTP draft. Answers in parts (@defer,
// @stream) are not read.
package graphql

import (
	"github.com/plimsoll-ci/plimsoll/runner/internal/answer"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/http"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Dialect is GraphQL as a dialect of HTTP.
func Dialect() *http.Dialect { return &http.Dialect{Request: request, Judge: judge} }

func request(content any) *plan.HTTP {
	if g, ok := content.(*plan.GraphQL); ok {
		return &g.HTTP
	}
	return nil
}

// Result judges the result of an operation that came without HTTP, such as one of a subscription.
func Result(body []byte, errors profile.GraphQLErrors) (class tally.Class, text, example string) {
	found, wrong := scan(body)
	switch failed := len(found.errors) > 0; {
	case wrong != "":
		return tally.GraphQL, wrong, ""
	case failed && errors == profile.NoErrors:
		text, example := errorText(found.errors)
		return tally.GraphQL, text, example
	case !failed && errors == profile.SomeErrors:
		return tally.Expect, "expected errors, and the result has none", ""
	case !failed && len(found.data) == 0:
		return tally.GraphQL, "the result has neither data nor errors" + said(body), ""
	case !failed && string(found.data) == "null":
		return tally.GraphQL, "the data of the result is null, and no error says why", ""
	}
	return tally.OK, "", ""
}

// judge checks an answer, and saves values from it.
func judge(a http.Reply, call *plan.Call, v load.Values) (class tally.Class, text, example string) {
	g := call.Content.(*plan.GraphQL)
	found, wrong := scan(a.Body)
	good := http.Expected(a.Status, g.Status)
	switch failed := len(found.errors) > 0; {
	case wrong != "" && !good:
		return tally.Status, http.StatusText(a.Status, g.Status), ""
	case wrong != "":
		return tally.GraphQL, wrong, ""
	case failed && g.Errors == profile.NoErrors:
		text, example := errorText(found.errors)
		return tally.GraphQL, withStatus(a.Status, text), withStatus(a.Status, example)
	case !good && (!failed || len(g.Status) > 0):
		return tally.Status, http.StatusText(a.Status, g.Status), ""
	case !failed && g.Errors == profile.SomeErrors:
		return tally.Expect, "expected errors, and the answer has none", ""
	case !failed && len(found.data) == 0:
		return tally.GraphQL, "the answer has neither data nor errors" + said(a.Body), ""
	case !failed && string(found.data) == "null":
		return tally.GraphQL, "the data of the answer is null, and no error says why", ""
	}
	if len(g.Expect) == 0 && len(call.Save) == 0 {
		return tally.OK, "", ""
	}
	a.JSON = true
	if wrong := a.Answer.Check(g.Expect, call.Save, v); wrong != "" {
		return tally.Expect, wrong, ""
	}
	return tally.OK, "", ""
}

var _ answer.Saver = load.Values(nil)
