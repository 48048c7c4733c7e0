package scan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// maxDepth bounds nesting.
const maxDepth = 100

var errEnds = fmt.Errorf("the JSON is not whole: %w", ErrCut)

// Object calls yield for each member of a JSON object, in its order. key has no quotes any more, value is as it
// stands. An error of yield ends it. It accepts what encoding/json accepts, up to a depth of 100, and nothing else.
func Object(data []byte, yield func(key, value []byte) error) error {
	s := scanner{data: data}
	s.space()
	if c, err := s.peek(); err != nil {
		return err
	} else if c != '{' {
		return s.unexpected()
	}
	if err := s.object(0, yield); err != nil {
		return err
	}
	if s.space(); s.at < len(s.data) {
		return s.unexpected()
	}
	return nil
}

// scanner walks through JSON.
type scanner struct {
	data []byte
	at   int
}

// peek is the next byte.
func (s *scanner) peek() (byte, error) {
	if s.at >= len(s.data) {
		return 0, errEnds
	}
	return s.data[s.at], nil
}

func (s *scanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// unexpected is the error about the next byte.
func (s *scanner) unexpected() error {
	return fmt.Errorf("this is no JSON: %.20q is unexpected at column %d", s.data[s.at:], s.at+1)
}

// object reads an object, whose brace is next.
func (s *scanner) object(depth int, yield func(key, value []byte) error) error {
	return s.list(depth, '}', func() error {
		key, err := s.text()
		if err != nil {
			return err
		}
		s.space()
		if c, err := s.peek(); err != nil {
			return err
		} else if c != ':' {
			return s.unexpected()
		}
		s.at++
		s.space()
		from := s.at
		if err := s.value(depth); err != nil || yield == nil {
			return err
		}
		return yield(Text(key), s.data[from:s.at])
	})
}

// list reads the members of an object or an array, whose brace or bracket is next.
func (s *scanner) list(depth int, end byte, member func() error) error {
	if depth > maxDepth {
		return errors.New("the JSON is nested too deep")
	}
	s.at++
	s.space()
	if c, err := s.peek(); err != nil {
		return err
	} else if c == end {
		s.at++
		return nil
	}
	for {
		if err := member(); err != nil {
			return err
		}
		s.space()
		c, err := s.peek()
		switch {
		case err != nil:
			return err
		case c == end:
			s.at++
			return nil
		case c != ',':
			return s.unexpected()
		}
		s.at++
		s.space()
	}
}

// value reads any value.
func (s *scanner) value(depth int) error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	switch c {
	case '{':
		return s.object(depth+1, nil)
	case '[':
		return s.list(depth+1, ']', func() error { return s.value(depth + 1) })
	case '"':
		_, err := s.text()
		return err
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	return s.number()
}

func (s *scanner) word(word string) error {
	rest := s.data[s.at:]
	switch {
	case bytes.HasPrefix(rest, []byte(word)):
		s.at += len(word)
		return nil
	case bytes.HasPrefix([]byte(word), rest):
		return errEnds
	}
	return s.unexpected()
}

// text reads a text, and returns it with its quotes.
func (s *scanner) text() ([]byte, error) {
	from := s.at
	if c, err := s.peek(); err != nil {
		return nil, err
	} else if c != '"' {
		return nil, s.unexpected()
	}
	for s.at++; s.at < len(s.data); s.at++ {
		switch c := s.data[s.at]; {
		case c == '"':
			s.at++
			return s.data[from:s.at], nil
		case c == '\\':
			if err := s.escape(); err != nil {
				return nil, err
			}
		case c < ' ':
			return nil, s.unexpected()
		}
	}
	return nil, errEnds
}

// escape reads a backslash and what belongs to it, up to its last byte.
func (s *scanner) escape() error {
	s.at++
	c, err := s.peek()
	switch {
	case err != nil:
		return err
	case c != 'u':
		if bytes.IndexByte([]byte(`"\/bfnrt`), c) < 0 {
			return s.unexpected()
		}
		return nil
	}
	for range 4 {
		s.at++
		c, err := s.peek()
		if err != nil {
			return err
		}
		if !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f') {
			return s.unexpected()
		}
	}
	return nil
}

// number reads a number as RFC 8259 writes it.
func (s *scanner) number() error {
	s.skip('-')
	switch first := s.digits(1); {
	case first == 0:
		return s.missing()
	case s.data[s.at-1] != '0':
		s.digits(len(s.data))
	}
	if s.skip('.') && s.digits(len(s.data)) == 0 {
		return s.missing()
	}
	if s.skip('e') || s.skip('E') {
		if !s.skip('+') {
			s.skip('-')
		}
		if s.digits(len(s.data)) == 0 {
			return s.missing()
		}
	}
	return nil
}

// missing is the error about something that is not a digit.
func (s *scanner) missing() error {
	if _, err := s.peek(); err != nil {
		return err
	}
	return s.unexpected()
}

func (s *scanner) skip(c byte) bool {
	if s.at < len(s.data) && s.data[s.at] == c {
		s.at++
		return true
	}
	return false
}

// digits reads up to most digits, and returns how many there are.
func (s *scanner) digits(most int) (n int) {
	for n < most && s.at < len(s.data) && '0' <= s.data[s.at] && s.data[s.at] <= '9' {
		s.at++
		n++
	}
	return n
}

// Text is the text that a JSON value holds; other values stay as they are.
func Text(value []byte) []byte {
	if len(value) < 2 || value[0] != '"' {
		return value
	}
	inner := value[1 : len(value)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return inner
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return inner // not what Object yields
	}
	return []byte(text)
}
