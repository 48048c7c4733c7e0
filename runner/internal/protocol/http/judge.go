package http

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/internal/answer"
	"github.com/plimsoll-ci/plimsoll/runner/internal/coding"
	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
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
	coding string // of the body, until it is decoded
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

// decode undoes the coding of the body, if the call looks at it: not where the status says already
// that the answer is not the one expected.
func (r *response) decode(t *compiled, d *coding.Decoder) {
	if r.coding == "" || r.Class != tally.OK || !expected(r.status, t.content.Status) {
		return
	}
	plain, err := d.Decode(r.coding, r.body, http1.MaxBody)
	var unknown coding.Unknown
	switch {
	case err == nil:
		r.body, r.coding = plain, ""
	case errors.As(err, &unknown):
		r.fail(err)
		r.Class, r.Error = tally.Expect, unknown.Error()
	case errors.Is(err, coding.ErrTooLarge):
		r.fail(http1.ErrTooLarge)
	default:
		r.fail(wire.Fault(err.Error()))
	}
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

// byteOrderMark may stand before JSON, where a reader may ignore it (RFC 8259, section 8.1).
const byteOrderMark = "\xef\xbb\xbf"

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
