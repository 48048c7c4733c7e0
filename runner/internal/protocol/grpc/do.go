package grpc

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/message"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Do makes a call with one message and one answer; see load.Client.
func (u *client) Do(ctx context.Context, call *plan.Call, v load.Values) load.Outcome {
	u.wake(ctx)
	t, r := u.clients.calls[call.Index], &u.reply
	*r = reply{}
	if wrong := u.fill(t, v); wrong != "" {
		return load.Outcome{Class: tally.Expect, Error: wrong}
	}
	u.request.Deadline = time.Now().Add(u.clients.target.Timeout) // after filling in values, since the system does not cause that time
	u.unary(ctx, &u.request, r)
	u.judge(t, &r.Outcome, &r.status, r.err)
	if r.Class == tally.OK && t.looks {
		answer := message.Answer{Wire: r.message, None: r.status.Code != OK, Head: (*head)(u)}
		if wrong := t.judge.Check(answer, v, &u.scratch); wrong != "" {
			r.Class, r.Error = tally.Expect, wrong
		}
	}
	return r.Outcome
}

// fill makes the request of a call: its message, unless it sends a stream, and the values of its head. wrong
// names a value that does not fit.
func (u *client) fill(t *compiled, v load.Values) (wrong string) {
	u.request = h2.Request{Head: t.head, More: t.sends == nil}
	if t.sends != nil {
		if u.request.Body, wrong = u.framed(t.sends, t.body, v); wrong != "" {
			return wrong
		}
	}
	if len(t.varying) > 0 {
		u.fillHead(t, v)
	}
	return ""
}

// framed is a message with its prefix, valid until the next one.
func (u *client) framed(t *message.Template, fixed []byte, v load.Values) (framed []byte, wrong string) {
	if fixed != nil {
		return fixed, ""
	}
	if u.body, wrong = t.Append(begin(u.body[:0]), v); wrong != "" {
		return nil, wrong
	}
	if u.body = finish(u.body, 0); u.clients.target.GRPC.Compress != "" {
		if u.zip == nil {
			u.zip = &zipper{}
		}
		u.body = u.zip.compress(u.body, 0)
	}
	return u.body, ""
}

// fillHead fills in the values of the head. They lie one behind the other.
func (u *client) fillHead(t *compiled, v load.Values) {
	u.text, u.ends, u.values = u.text[:0], u.ends[:0], u.values[:0]
	for _, value := range t.varying {
		u.text = v.Append(u.text, value)
		u.ends = append(u.ends, len(u.text))
	}
	from := 0
	for _, end := range u.ends {
		u.values = append(u.values, u.text[from:end])
		from = end
	}
	u.request.Values = u.values
}

// judge turns the status of a call into its outcome.
func (u *client) judge(t *compiled, o *load.Outcome, s *Status, err error) {
	expected := s.Code == OK
	if len(t.content.Codes) > 0 {
		expected = slices.Contains(t.content.Codes, s.Code)
	}
	o.Class, o.Error, o.Example, o.Status = tally.OK, "", "", int32(s.Code)
	switch {
	case wire.IsCut(err):
		o.Class, o.Error = wire.Classify(err)
		o.Unfinished = true
	case s.Code == DeadlineExceeded && expected:
	case s.Code == DeadlineExceeded:
		o.Class, o.Error = tally.Timeout, string(wire.ErrNoAnswer)
		if err != nil {
			o.Class, o.Error = wire.Classify(err) // the error may say more precisely what was late
		}
	case s.Fault != "":
		o.Class, o.Error = tally.Transport, s.sentence()
		if err != nil {
			if class, text := wire.Classify(err); class == tally.Generator {
				o.Class, o.Error = class, text
			}
		}
	case !expected:
		wanted := u.wanted(t)
		o.Class, o.Error = tally.Status, s.kind().sentence()+wanted
		if full := s.sentence() + wanted; full != o.Error {
			o.Example = full
		}
	}
}

// wanted ends the sentence of a code that was not expected.
func (u *client) wanted(t *compiled) string {
	if len(t.content.Codes) == 0 {
		return ""
	}
	var names []string
	for _, c := range t.content.Codes {
		names = append(names, c.String())
	}
	return ", expected " + strings.Join(names, " or ")
}

// head is what the last answer of a user says beside its messages.
type head client

// Metadata is the metadata in front of an answer. Several values of a name are joined with ", ".
func (h *head) Metadata(name string) (string, bool) {
	if h.stream.Trailer.Len() == 0 && h.stream.Received == 0 { // the answer is a trailer alone
		return "", false
	}
	return joined(&h.stream.Header, name)
}

// Trailer is the metadata behind an answer.
func (h *head) Trailer(name string) (string, bool) { return joined(h.trailer(), name) }

// Text is the message sent with the code.
func (h *head) Text() string {
	text, _ := h.trailer().Get("grpc-message")
	return percentDecoded(text)
}

// Details are the error's details: a google.rpc.Status.
func (h *head) Details() []byte {
	text, ok := h.trailer().Get("grpc-status-details-bin")
	if !ok {
		return nil
	}
	text, _, _ = bytes.Cut(text, []byte(",")) // a proxy may have joined two
	raw, err := decodeBinary(text)
	if err != nil {
		return nil
	}
	return raw
}

func (h *head) trailer() *h2.Fields {
	if h.stream.Trailer.Len() == 0 && h.stream.Received == 0 {
		return &h.stream.Header
	}
	return &h.stream.Trailer
}

// joined is the value of a field. Values of several fields of the name are joined. Binary ones get the padding of
// base64, which servers may leave out.
func joined(f *h2.Fields, name string) (value string, ok bool) {
	for i := range f.Len() {
		n, v := f.At(i)
		switch {
		case string(n) != name:
		case !ok:
			value, ok = string(v), true
		default:
			value += ", " + string(v)
		}
	}
	if ok && strings.HasSuffix(name, "-bin") {
		value = padded(value)
	}
	return value, ok
}
