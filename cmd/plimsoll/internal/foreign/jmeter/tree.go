package jmeter

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
)

const (
	maxNested = 1_000 // elements: redirects and resources are two deep
	maxWhy    = 1_000 // bytes of an assertion's message
)

// element is an open element of the XML.
type element struct {
	*sample      // nil if it is no sample that counts
	holds   bool // the samples in it count
	why     bool // its text says why an assertion failed
}

// walk follows the elements of the XML.
type walk struct {
	reader *reader
	open   []element
	begun  bool
}

// readTree reads the XML. The samples that count are the children of testResults and of transactions.
func (r *reader) readTree(f *foreign.File) error {
	decoder, t := xml.NewDecoder(f), walk{reader: r}
	var unread error // why the encoding cannot be read: the decoder's error has words of its own around it
	decoder.CharsetReader = func(name string, in io.Reader) (decoded io.Reader, err error) {
		decoded, unread = charset(name, in)
		return decoded, unread
	}
	for {
		token, err := decoder.RawToken()
		line, _ := decoder.InputPos()
		var syntax *xml.SyntaxError
		switch {
		case unread != nil:
			err = unread
		case errors.Is(err, io.EOF) && len(t.open) == 0:
			return nil
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
			r.sink.Cut("%s ends in the middle of line %d: it was cut, and the end of the load is missing", f.Name, line)
			return nil
		case err == nil:
			err = t.take(token)
		case syntax != nil:
			err = fmt.Errorf("the XML: %s", syntax.Msg)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// charset reads text in an encoding other than UTF-8.
func charset(name string, in io.Reader) (io.Reader, error) {
	switch strings.ToUpper(name) {
	case "ISO-8859-1", "LATIN1", "US-ASCII":
		return &latin{in: in}, nil
	}
	return nil, fmt.Errorf("its encoding is %.40q: write it as UTF-8", name)
}

// latin makes UTF-8 of ISO-8859-1, whose bytes are the first characters of Unicode.
type latin struct {
	in    io.Reader
	ready []byte // UTF-8 that was not read yet
	block [4096]byte
	err   error
}

func (l *latin) Read(b []byte) (int, error) {
	for len(l.ready) == 0 && l.err == nil {
		var n int
		n, l.err = l.in.Read(l.block[:])
		for _, c := range l.block[:n] {
			l.ready = utf8.AppendRune(l.ready, rune(c))
		}
	}
	if len(l.ready) == 0 {
		return 0, l.err
	}
	n := copy(b, l.ready)
	l.ready = l.ready[n:]
	return n, nil
}

// take follows one token.
func (t *walk) take(token xml.Token) error {
	switch token := token.(type) {
	case xml.StartElement:
		if len(t.open) >= maxNested {
			return errors.New("it is nested too deep")
		}
		if len(t.open) == 0 && t.begun {
			return foreign.ErrJoined
		}
		t.begun = true
		t.begin(token)
	case xml.CharData:
		if len(t.open) > 0 && t.open[len(t.open)-1].why {
			t.explain(token)
		}
	case xml.EndElement:
		if len(t.open) == 0 {
			return fmt.Errorf("</%s> has no beginning", token.Name.Local)
		}
		ended := t.open[len(t.open)-1]
		t.open = t.open[:len(t.open)-1]
		if ended.sample != nil {
			return t.reader.count(ended.sample)
		}
	}
	return nil
}

func (t *walk) begin(token xml.StartElement) {
	e := element{holds: len(t.open) == 0, why: token.Name.Local == "failureMessage"}
	if len(t.open) > 0 && t.open[len(t.open)-1].holds {
		e.sample = sampleOf(token.Attr)
		e.holds = e.sample != nil && isTransaction(e.sample)
	}
	t.open = append(t.open, e)
}

// explain gives the message of an assertion to the sample that it is of, unless that has one.
func (t *walk) explain(text []byte) {
	for i := len(t.open) - 1; i >= 0; i-- {
		if s := t.open[i].sample; s != nil {
			if len(s.why) == 0 {
				s.why = bytes.ToValidUTF8(bytes.TrimSpace(text[:min(len(text), maxWhy)]), nil) // a copy
			}
			return
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
