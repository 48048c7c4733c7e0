package http1

import (
	"bytes"
	"strings"
)

// Answer is an answer without its body.
type Answer struct {
	Status   int
	Received int64    // bytes of the body
	Coding   string   // of the body, as Content-Encoding says, if the body is wanted
	Location string   // if it is wanted
	Cookies  []string // the values of Set-Cookie, if they are wanted
	Header   []byte   // its lines, each with its line end, if they are wanted; a folded line is one

	minor    byte  // of the version, '0' or '1'
	length   int64 // -1 if the header does not say
	chunked  bool
	closes   bool // the server closes after it
	persists bool // it is HTTP/1.0 and says keep-alive
	looked   bool // the previous field must not be folded
}

// Want says which parts of an answer are needed. The zero Want asks for the status only.
type Want struct {
	Head     bool // the request was a HEAD: there is no body
	Body     bool // keep it
	Location bool
	Cookies  bool
	Header   bool
}

// reset prepares for another answer.
func (a *Answer) reset() {
	*a = Answer{length: -1, looked: true, Cookies: a.Cookies[:0], Header: a.Header[:0]}
}

// keep adds a line to Header.
func (a *Answer) keep(line []byte) {
	if len(a.Header) > 0 && (line[0] == ' ' || line[0] == '\t') {
		a.Header = append(a.Header[:len(a.Header)-1], ' ')
		line = trim(line)
	}
	a.Header = append(append(a.Header, line...), '\n')
}

// Field is the value of a field of Header. Its name may be in any case. Lines of one name are joined
// with ", " (RFC 9110, section 5.3).
func (a *Answer) Field(name string) (value string, ok bool) {
	for line := range bytes.Lines(a.Header) {
		key, text, _ := bytes.Cut(line, []byte{':'})
		if !strings.EqualFold(string(key), name) {
			continue
		}
		if ok {
			value += ", "
		}
		value, ok = value+string(trim(bytes.TrimSuffix(text, []byte{'\n'}))), true
	}
	return value, ok
}

// start reads a status line (RFC 9112, section 4).
func (a *Answer) start(line []byte) error {
	if len(line) < len("HTTP/1.1 200") || string(line[:7]) != "HTTP/1." || line[8] != ' ' {
		return errNotHTTP
	}
	if len(line) > 12 && line[12] != ' ' {
		return errNotHTTP
	}
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return errNotHTTP
		}
		a.Status = a.Status*10 + int(c-'0')
	}
	a.minor = line[7]
	if a.Status < 100 || (a.minor != '0' && a.minor != '1') {
		return errNotHTTP
	}
	return nil
}

// field reads a header line. Most do not matter.
func (a *Answer) field(line []byte, want Want) error {
	if line[0] == ' ' || line[0] == '\t' { // it continues the previous value, an obsolete form
		if a.looked { // there is no previous line, or it matters
			return errField
		}
		return nil
	}
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || line[0] < ' ' || line[colon-1] <= ' ' { // others may strip it and read another name
		return errField
	}
	name, value := line[:colon], line[colon+1:]
	a.looked = true
	switch {
	case colon == 14 && fold(name, "content-length"):
		return a.setLength(trim(value))
	case colon == 17 && fold(name, "transfer-encoding"):
		if a.chunked || !fold(trim(value), "chunked") {
			return errCoding
		}
		a.chunked = true
	case colon == 10 && fold(name, "connection"):
		a.closes = a.closes || HasToken(value, "close")
		a.persists = a.persists || HasToken(value, "keep-alive")
	case colon == 16 && want.Body && fold(name, "content-encoding"):
		if a.Coding != "" {
			a.Coding += ","
		}
		a.Coding += string(trim(value))
	case colon == 8 && want.Location && fold(name, "location"):
		return a.setLocation(trim(value))
	case colon == 10 && want.Cookies && fold(name, "set-cookie"):
		a.Cookies = append(a.Cookies, string(trim(value)))
	default:
		a.looked = false
	}
	return nil
}

// setLength reads a Content-Length. It must be digits only, and equal to an earlier one; otherwise two
// parties could disagree about where the answer ends.
func (a *Answer) setLength(value []byte) error {
	n := int64(0)
	if len(value) == 0 || len(value) > 18 { // 10^18 fits
		return errLength
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			return errLength
		}
		n = n*10 + int64(c-'0')
	}
	if a.length >= 0 && a.length != n {
		return errLengths
	}
	a.length = n
	return nil
}

// setLocation keeps a Location. If a redirect has two, browsers follow neither.
func (a *Answer) setLocation(value []byte) error {
	if a.Status/100 == 3 && a.Location != "" && a.Location != string(value) {
		return ErrLocations
	}
	a.Location = string(value)
	return nil
}

// check checks the header as a whole.
func (a *Answer) check() error {
	switch {
	case a.chunked && a.minor == '0': // RFC 9112, section 6.1: faulty framing
		return errCoding
	case a.chunked && a.length >= 0: // section 6.3: perhaps an attempt at smuggling
		return errBoth
	}
	return nil
}

// fold reports whether b equals a word in lower case, whatever the case of b.
func fold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' { // a letter; no other byte may be folded
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// trim cuts off spaces and tabs.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// HasToken reports whether a comma-separated list contains a word, given in lower case.
func HasToken(list []byte, word string) bool {
	for len(list) > 0 {
		token := list
		if i := bytes.IndexByte(list, ','); i >= 0 {
			token, list = list[:i], list[i+1:]
		} else {
			list = nil
		}
		if fold(trim(token), word) {
			return true
		}
	}
	return false
}
