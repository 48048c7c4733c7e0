package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// maxError is how much of an error's text is shown, in characters.
const maxError = 120

// wayOf says how requests failed: the text of their error, or else its class. Every table and
// sentence about errors uses it.
func wayOf(f gate.Failure) string {
	if text := plain(f.Text, maxError); text != "" {
		if example := example(f); example != "" {
			text += " (such as " + plain(example, maxError) + ")"
		}
		return text
	}
	switch f.Class {
	case tally.Status.String():
		return "a status that counts as a failure"
	case tally.Expect.String():
		return "not the answer that was expected"
	case tally.GraphQL.String():
		return "an error of GraphQL"
	case tally.Timeout.String():
		return "no whole answer in time"
	case tally.Transport.String():
		return "the connection failed"
	case tally.Generator.String():
		return "this machine could not send it"
	case tally.Dropped.String():
		return "not sent, because too many requests were in flight"
	default:
		return "an unknown error"
	}
}

// example is a text that the system sent, from where it differs from the kind.
func example(f gate.Failure) string {
	same := 0
	for same < min(len(f.Text), len(f.Example)) && f.Text[same] == f.Example[same] {
		same++
	}
	if at := strings.LastIndex(f.Text[:same], ": "); at >= 0 {
		return f.Example[at+2:]
	}
	return f.Example
}

// ways counts the errors of failed requests, the most frequent first; empty if none is known. failed is
// the number of all failed requests.
func ways(all []gate.Failure, failed int64) string {
	if len(all) == 0 {
		return ""
	}
	if all[0].Count >= failed {
		return wayOf(all[0])
	}
	var parts []string
	for _, f := range all {
		parts = append(parts, fmt.Sprintf("%d × %s", f.Count, wayOf(f)))
	}
	if rest := failed - sum(all); rest > 0 {
		parts = append(parts, fmt.Sprintf("%d × other errors", rest))
	}
	return strings.Join(parts, ", ")
}

// sum is the number of requests that failed in these ways.
func sum(all []gate.Failure) (n int64) {
	for _, f := range all {
		n += f.Count
	}
	return n
}

// failed says how many requests of a route failed, and how.
func failed(r *gate.Reason) string {
	n := int64(math.Round(min(max(r.Now, 0), 1) * float64(r.Requests)))
	share := requestsOf(r.Now, r.Requests) + " failed"
	if how := ways(r.Failures, n); how != "" {
		share += " (" + how + ")"
	}
	return name(r.Route) + ": " + share
}

// requestsOf is a share of some requests in words.
func requestsOf(share float64, requests int64) string {
	switch {
	case share == 1 && requests == 1:
		return "its only request"
	case share == 1:
		return fmt.Sprintf("all %d requests", requests)
	default:
		return fmt.Sprintf("%.2f %% of %d requests", 100*share, requests)
	}
}
