package grpc

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Code is a status code of gRPC.
type Code = profile.Code

// The codes that this package gives itself (https://grpc.io/docs/guides/status-codes).
const (
	OK                Code = 0
	Canceled          Code = 1
	Unknown           Code = 2
	DeadlineExceeded  Code = 4
	PermissionDenied  Code = 7
	ResourceExhausted Code = 8
	Unimplemented     Code = 12
	Internal          Code = 13
	Unavailable       Code = 14
	Unauthenticated   Code = 16
)

// shown is a code with its name, such as 14 UNAVAILABLE.
func shown(c Code) string {
	number := strconv.FormatUint(uint64(c), 10)
	if name := c.String(); name != number {
		return number + " " + name
	}
	return number
}

// ofHTTP is the code of an answer that no gRPC server gave, by its HTTP status
// (grpc/doc/http-grpc-status-mapping.md).
func ofHTTP(status int) Code {
	switch status {
	case http.StatusBadRequest:
		return Internal
	case http.StatusUnauthorized:
		return Unauthenticated
	case http.StatusForbidden:
		return PermissionDenied
	case http.StatusNotFound:
		return Unimplemented
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return Unavailable
	}
	return Unknown
}

// ofReset is the code of a stream that the server reset (grpc/doc/PROTOCOL-HTTP2.md, "Errors").
func ofReset(code h2.Code) Code {
	switch code {
	case h2.RefusedStream:
		return Unavailable
	case h2.Cancel:
		return Canceled
	case h2.EnhanceYourCalm:
		return ResourceExhausted
	case inadequateSecurity:
		return PermissionDenied
	}
	return Internal
}

// inadequateSecurity is a code of RFC 9113 that nothing else uses.
const inadequateSecurity h2.Code = 0xc

// Status is how a call ended.
type Status struct {
	Code    Code
	Message string
	// Fault says why no gRPC server gave this status, in a sentence; empty if one did.
	Fault string
}

// statusOf reads the status in a trailer, or in the header of an answer that is a trailer alone. The
// server sent no status if ok is false.
func statusOf(f *h2.Fields) (s Status, ok bool) {
	text, ok := f.Get("grpc-status")
	if !ok {
		return s, false
	}
	code, known := parseCode(text)
	switch {
	case !known:
		return Status{Code: Unknown, Fault: "the server sent a grpc-status that is no number"}, true
	case contradicts(f, text):
		return Status{Code: Unknown, Fault: "the server sent two different grpc-status"}, true
	}
	if s.Code = code; code == OK {
		return s, true // a message beside it means nothing
	}
	if message, ok := f.Get("grpc-message"); ok {
		s.Message = percentDecoded(message)
	}
	return s, true
}

// contradicts reports whether another status than text is there too.
func contradicts(f *h2.Fields, text []byte) bool {
	for i := range f.Len() {
		if name, value := f.At(i); string(name) == "grpc-status" && !bytes.Equal(value, text) {
			return true
		}
	}
	return false
}

// parseCode reads the digits of a code.
func parseCode(text []byte) (Code, bool) {
	if len(text) == 0 || len(text) > 9 {
		return 0, false
	}
	code := Code(0)
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		code = code*10 + Code(c-'0')
	}
	return code, true
}

// percentDecoded undoes the coding of grpc-message. Invalid escapes stay as they are
// (grpc/doc/PROTOCOL-HTTP2.md, "Responses").
func percentDecoded(text []byte) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if c, err := strconv.ParseUint(string(text[i+1:i+3]), 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return strings.ToValidUTF8(b.String(), "\ufffd")
}

// decodeBinary decodes the value of a name that ends in -bin, padded or not.
func decodeBinary(text []byte) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(string(text), "="))
}

// padded gives binary values, separated by commas, the padding of base64.
func padded(values string) string {
	all := strings.Split(values, ",")
	for i, value := range all {
		all[i] = strings.TrimSpace(value)
		if raw, err := decodeBinary([]byte(all[i])); err == nil {
			all[i] = base64.StdEncoding.EncodeToString(raw)
		}
	}
	return strings.Join(all, ", ")
}

// maxMessage bounds the server's text in a sentence, in bytes: faults are counted by their text.
const maxMessage = 200

// sentence is the status for people, such as code 14 UNAVAILABLE: no backend.
func (s Status) sentence() string {
	text := "code " + shown(s.Code)
	if message := oneLine(s.Message); message != "" {
		text += ": " + message
	}
	if s.Fault != "" {
		text = fmt.Sprintf("%s (code %s)", s.Fault, shown(s.Code))
	}
	return text
}

// kind is the status without the values in its message; see tally.Kind.
func (s Status) kind() Status {
	s.Message = tally.Kind(oneLine(s.Message))
	return s
}

// oneLine is a text of the server without control characters, and not too long.
func oneLine(text string) string {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))
	if len(text) <= maxMessage {
		return text
	}
	cut := maxMessage
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// timeoutText is a span as grpc-timeout writes it: at most eight digits and a unit. It rounds up.
func timeoutText(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Millisecond, "m"}, {time.Second, "S"}, {time.Minute, "M"}} {
		if n := (d + unit.size - 1) / unit.size; n < 100_000_000 {
			return strconv.FormatInt(int64(n), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64((d+time.Hour-1)/time.Hour), 10) + "H" // no Duration has more digits
}
