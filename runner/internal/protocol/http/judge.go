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
	body   []byte      // if the call looks at it; valid until the next call
	coding string      // of the body, until it is decoded
	head   answer.Head // if the call looks at it; valid until the next call
}

// unfit is the error of a value or an answer that does not fit. Its text is always the same sentence.
type unfit string

// Error is the sentence.
func (u unfit) Error() string { return string(u) }

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
	var own unfit
	if errors.As(err, &own) {
		r.Class, r.Error = tally.Expect, string(own)
	}
}

// decode undoes the coding of the body if the call looks at it, unless the status already shows that
// the answer is not the expected one. A dialect looks at the body whatever the status.
func (r *response) decode(t *compiled, d *coding.Decoder) {
	if r.coding == "" || r.Class != tally.OK || t.dialect == nil && !Expected(r.status, t.content.Status) {
		return
	}
	plain, err := d.Decode(r.coding, r.body, http1.MaxBody)
	var unknown coding.Unknown
	switch {
	case err == nil:
		r.body, r.coding = plain, ""
	case errors.As(err, &unknown):
		r.fail(unfit(unknown.Error()))
	case errors.Is(err, coding.ErrTooLarge):
		r.fail(http1.ErrTooLarge)
	default:
		r.fail(wire.Fault(err.Error()))
	}
}

// judge checks a whole answer against what the call expects, and saves values from it.
func (t *compiled) judge(r *response, call *plan.Call, v load.Values) {
	if r.Class != tally.OK {
		return
	}
	r.Status = int32(r.status)
	if t.dialect != nil {
		r.Class, r.Error, r.Example = t.dialect.Judge(Reply{r.status, answer.Answer{Body: r.body, Head: r.head}}, call, v)
		return
	}
	h := t.content
	if !Expected(r.status, h.Status) {
		r.Class, r.Error = tally.Status, StatusText(r.status, h.Status)
		return
	}
	if len(h.Expect) == 0 && len(call.Save) == 0 {
		return
	}
	if wrong := (answer.Answer{Body: r.body, Head: r.head}).Check(h.Expect, call.Save, v); wrong != "" {
		r.Class, r.Error = tally.Expect, wrong
	}
}

// Expected reports whether a status is one that a call wants: any below 400 if it names none.
func Expected(status int, want []int) bool {
	if len(want) == 0 {
		return status < http.StatusBadRequest
	}
	return slices.Contains(want, status)
}

// StatusText says that a status is not among those that a call wants.
func StatusText(status int, want []int) string {
	text := fmt.Sprintf("status %d", status)
	if name := http.StatusText(status); name != "" {
		text += " " + name
	}
	if len(want) > 0 {
		text += fmt.Sprintf(", expected %v", want)
	}
	return text
}
