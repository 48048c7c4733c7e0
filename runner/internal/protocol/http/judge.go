package http

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/internal/answer"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// response is a call's outcome before it is judged. If its Class is tally.OK, the answer is whole.
type response struct {
	load.Outcome
	status int
	body   []byte // if the call looks at it; valid until the next call
}

// failed is the response of a call that an error ended.
func failed(err error) response {
	var r response
	r.fail(err)
	return r
}

// fail makes r a failure. Its times and byte counts stay.
func (r *response) fail(err error) {
	r.status, r.body = 0, nil
	r.Class, r.Error = wire.Classify(err)
	r.Unfinished = wire.IsCut(err)
}

// judge checks a whole answer against what the call expects, and saves values from it.
func judge(r *response, call *plan.Call, v load.Values) {
	if r.Class != tally.OK {
		return
	}
	h := call.Content.(*plan.HTTP)
	if !expected(r.status, h.Status) {
		r.Class, r.Error = tally.Status, statusText(r.status, h.Status)
		return
	}
	if !looksAtBody(call, h) {
		return
	}
	if wrong := (answer.Answer{Body: r.body}).Check(h.Expect, call.Save, v); wrong != "" {
		r.Class, r.Error = tally.Expect, wrong
	}
}

// looksAtBody reports whether the body of the answer matters.
func looksAtBody(call *plan.Call, h *plan.HTTP) bool { return len(h.Expect) > 0 || len(call.Save) > 0 }

func expected(status int, want []int) bool {
	if len(want) == 0 {
		return status < http.StatusBadRequest
	}
	return slices.Contains(want, status)
}

func statusText(status int, want []int) string {
	text := fmt.Sprintf("status %d", status)
	if name := http.StatusText(status); name != "" {
		text += " " + name
	}
	if len(want) > 0 {
		text += fmt.Sprintf(", expected %v", want)
	}
	return text
}
