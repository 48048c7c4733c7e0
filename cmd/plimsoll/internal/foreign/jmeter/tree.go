package jmeter

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
)

// maxNested bounds nesting: redirects and resources are two deep.
const maxNested = 1_000

// readTree reads the XML. Samples are the children of testResults, one element each.
func (r *reader) readTree(f *foreign.File) error {
	decoder := xml.NewDecoder(f)
	var top *sample
	for depth := 0; ; {
		token, err := decoder.RawToken()
		line, _ := decoder.InputPos()
		var syntax *xml.SyntaxError
		switch {
		case errors.Is(err, io.EOF) && depth == 0:
			return nil
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
			r.sink.Cut("%s ends in the middle of line %d: it was cut, and the end of the load is missing", f.Name, line)
			return nil
		case err != nil:
			return fmt.Errorf("line %d: %w", line, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth > maxNested {
				return fmt.Errorf("line %d: it is nested too deep", line)
			}
			if depth == 2 {
				top = sampleOf(token.Attr)
			}
		case xml.EndElement:
			if depth--; depth == 1 && top != nil {
				if err := r.count(top); err != nil {
					return fmt.Errorf("line %d: %w", line, err)
				}
				top = nil
			}
			if depth < 0 {
				return fmt.Errorf("line %d: </%s> has no beginning", line, token.Name.Local)
			}
		}
	}
}

// sampleOf is the sample of an element; nil for an element that is none.
func sampleOf(attributes []xml.Attr) *sample {
	var s sample
	for _, a := range attributes {
		if to := s.of(a.Name.Local); to != nil {
			*to = []byte(a.Value)
		}
	}
	if s.at == nil || s.took == nil {
		return nil
	}
	return &s
}

// of is the field of an attribute.
func (s *sample) of(name string) *[]byte {
	return map[string]*[]byte{
		"ts": &s.at, "t": &s.took, "lb": &s.label, "rc": &s.code, "rm": &s.message, "dt": &s.kind, "s": &s.success, "by": &s.bytes, "na": &s.threads,
	}[name]
}
