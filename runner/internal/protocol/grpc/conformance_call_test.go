//go:build real

package grpc

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"time"

	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
)

// trial is one call.
type trial struct {
	*asked
	*client
	ctx      context.Context
	cancel   context.CancelFunc
	until    time.Time
	status   Status
	payloads [][]byte
	unsent   int
}

func (t *trial) framed(message []byte) []byte {
	framed := finish(append(begin(nil), message...), 0)
	if t.Compression == "COMPRESSION_GZIP" {
		framed = new(zipper).compress(framed, 0)
	}
	return framed
}

// cancelAfterClose cancels once what is sent has ended.
func (t *trial) cancelAfterClose() {
	if t.Cancel != nil && t.Cancel.AfterCloseSendMs != nil {
		time.AfterFunc(time.Duration(*t.Cancel.AfterCloseSendMs)*time.Millisecond, t.cancel)
	}
}

// cut cancels, and returns once that has reached the client.
func (t *trial) cut() {
	for t.cancel(); !t.fuse.Blown(); {
		time.Sleep(time.Millisecond)
	}
}

func (t *trial) unary() {
	t.request.Body = t.framed(t.messages[0])
	t.cancelAfterClose()
	r := &t.client.reply
	*r = reply{}
	t.client.unary(t.ctx, &t.request, r)
	if t.status = r.status; t.status.Code == OK && t.status.Fault == "" {
		t.payloads = append(t.payloads, append([]byte(nil), r.message...))
	}
}

func (t *trial) stream() {
	f := &t.client.flow
	f.client = t.client
	sends, duplex := t.messages, t.StreamType == "STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM"
	t.request.More = true
	if t.StreamType == "STREAM_TYPE_SERVER_STREAM" {
		t.request.Body, t.request.More, sends = t.framed(sends[0]), false, nil
	}
	var o = t.client.reply.Outcome
	if f.begin(t.ctx, &t.request, &o) != nil {
		t.status = f.status
		return
	}
	reading := true
	for i, message := range sends {
		time.Sleep(time.Duration(t.RequestDelayMs) * time.Millisecond)
		if err := f.write(t.framed(message), h2.Goes, t.until); err != nil || f.closed || f.over {
			t.unsent = len(sends) - i
			break
		}
		if duplex {
			if reading = t.next(f); !reading {
				break
			}
		}
	}
	if t.Cancel != nil && t.Cancel.BeforeCloseSend != nil {
		t.cut()
	}
	f.write(nil, h2.Last, t.until) //nolint:errcheck // the status says so too
	t.cancelAfterClose()
	for reading && t.next(f) {
	}
	t.status = f.status
	single := t.StreamType == "STREAM_TYPE_CLIENT_STREAM"
	if single && t.status.Code == OK && t.status.Fault == "" && len(t.payloads) != 1 {
		t.status = ofError(map[bool]error{true: errNoMessage, false: errMessages}[len(t.payloads) == 0])
	}
	if single && (t.status.Code != OK || t.status.Fault != "") {
		t.payloads = nil
	}
}

// next reads a message; false for none.
func (t *trial) next(f *flow) bool {
	message, err := f.read(t.until)
	if err != nil {
		if errors.Is(err, errNotYet) {
			f.fail(os.ErrDeadlineExceeded)
		}
		return false
	}
	t.payloads = append(t.payloads, append([]byte(nil), message...))
	if t.Cancel != nil && t.Cancel.AfterNumResponses == len(t.payloads) {
		t.cut()
	}
	return true
}

// result is the ClientResponseResult of a call.
func (s *suite) resultOf(t *trial) (*dynamicpb.Message, error) {
	type failure struct {
		Code    string           `json:"code,omitempty"`
		Message string           `json:"message"`
		Details []map[string]any `json:"details,omitempty"`
	}
	var out struct {
		ResponseHeaders   []header `json:"responseHeaders,omitempty"`
		ResponseTrailers  []header `json:"responseTrailers,omitempty"`
		Error             *failure `json:"error,omitempty"`
		NumUnsentRequests int      `json:"numUnsentRequests"`
	}
	out.NumUnsentRequests = t.unsent
	headers, trailers := &t.client.stream.Header, &t.client.stream.Trailer
	if trailers.Len() == 0 && t.client.stream.Received == 0 {
		headers, trailers = trailers, headers
	}
	out.ResponseHeaders, out.ResponseTrailers = headersOf(headers), headersOf(trailers)
	var sent []*anypb.Any
	if t.status.Code != OK || t.status.Fault != "" {
		out.Error = &failure{Code: "CODE_" + strings.Replace(strings.Fields(shown(t.status.Code))[1], "CANCELLED", "CANCELED", 1), Message: t.status.Message + t.status.Fault}
		ended := &statuspb.Status{}
		if err := proto.Unmarshal((*head)(t.client).Details(), ended); err == nil {
			sent = ended.Details
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	m := dynamicpb.NewMessage(s.result)
	if err := protojson.Unmarshal(text, m); err != nil {
		return nil, err
	}
	fields := m.Descriptor().Fields()
	failed := fields.ByName("error")
	for _, d := range sent {
		raw, err := proto.Marshal(d)
		if err != nil {
			return nil, err
		}
		to := m.Mutable(failed).Message().Mutable(failed.Message().Fields().ByName("details")).List().AppendMutable().Message()
		if err := proto.Unmarshal(raw, to.Interface()); err != nil {
			return nil, err
		}
	}
	for _, p := range t.payloads {
		payload, err := payloadOf(p)
		if err != nil {
			return nil, err
		}
		to := m.Mutable(fields.ByName("payloads")).List().AppendMutable().Message()
		if err := proto.Unmarshal(payload, to.Interface()); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func headersOf(f *h2.Fields) (headers []header) {
	at := map[string]int{}
	for i := range f.Len() {
		name, value := f.At(i)
		if name[0] == ':' {
			continue
		}
		k, known := at[string(name)]
		if !known {
			k = len(headers)
			at[string(name)] = k
			headers = append(headers, header{Name: string(name)})
		}
		headers[k].Value = append(headers[k].Value, string(value))
	}
	return headers
}

// payloadOf is the ConformancePayload in an answer: it is field 1 of each.
func payloadOf(answer []byte) (payload []byte, err error) {
	for len(answer) > 0 {
		number, kind, n := protowire.ConsumeTag(answer)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		answer = answer[n:]
		if number == 1 && kind == protowire.BytesType {
			value, n := protowire.ConsumeBytes(answer)
			if n < 0 {
				return nil, protowire.ParseError(n)
			}
			payload, answer = value, answer[n:]
			continue
		}
		if n = protowire.ConsumeFieldValue(number, kind, answer); n < 0 {
			return nil, protowire.ParseError(n)
		}
		answer = answer[n:]
	}
	return payload, nil
}
