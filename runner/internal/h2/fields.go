package h2

// Field is one field of a head. Names of HTTP/2 are in lower case.
type Field struct {
	Name, Value string
	Varies      bool // the value comes with each request
	Secret      bool // no table and no proxy on the way keeps it (RFC 7541, section 7.1.3)
}

// Fields are the fields of an answer's header or trailer. They are valid until the next exchange of their
// stream.
type Fields struct {
	text  []byte
	spans []span
	size  int // as SETTINGS_MAX_HEADER_LIST_SIZE counts
}

// span is one field within Fields.text.
type span struct{ name, value, end int }

// Len is the number of fields.
func (f *Fields) Len() int { return len(f.spans) }

// At is a field: its name and its value.
func (f *Fields) At(i int) (name, value []byte) {
	s := f.spans[i]
	return f.text[s.name:s.value], f.text[s.value:s.end]
}

// Get is the value of the first field with a name in lower case.
func (f *Fields) Get(name string) (value []byte, ok bool) {
	for i := range f.spans {
		n, v := f.At(i)
		if string(n) == name {
			return v, true
		}
	}
	return nil, false
}

// reset empties the fields and keeps the memory.
func (f *Fields) reset() { f.text, f.spans, f.size = f.text[:0], f.spans[:0], 0 }

// shrink frees what an unusual answer made large.
func (f *Fields) shrink() {
	f.reset()
	if cap(f.text) > keepBytes {
		*f = Fields{}
	}
}

// add copies a field. It fails if there are too many or too large ones.
func (f *Fields) add(name, value []byte) error {
	f.size += len(name) + len(value) + entryOverhead
	if f.size > MaxHeader {
		return Violation{EnhanceYourCalm, "the header is larger than 1 MiB"}
	}
	at := len(f.text)
	f.text = append(append(f.text, name...), value...)
	f.spans = append(f.spans, span{at, at + len(name), len(f.text)})
	return nil
}

// status checks the fields of an answer and returns its status (RFC 9113, section 8.3).
func (f *Fields) status() (int, error) {
	status := 0
	for i := range f.spans {
		name, value := f.At(i)
		switch {
		case len(name) == 0:
			return 0, errMalformed
		case name[0] != ':':
			if !validName(name) || !validValue(value) {
				return 0, errMalformed
			}
		case string(name) != ":status" || i != 0 || len(value) != 3:
			return 0, errMalformed
		default:
			for _, c := range value {
				if c < '0' || c > '9' {
					return 0, errMalformed
				}
				status = status*10 + int(c-'0')
			}
		}
	}
	if status < 100 || status == 101 {
		return 0, errMalformed
	}
	return status, nil
}

// trailer checks the fields of a trailer, which has no status.
func (f *Fields) trailer() error {
	for i := range f.spans {
		if name, value := f.At(i); !validName(name) || !validValue(value) {
			return errMalformed
		}
	}
	return nil
}

var errMalformed = broken(ProtocolError, "the header of the answer is malformed")

// validName reports whether a name is a token in lower case.
func validName(name []byte) bool {
	for _, c := range name {
		if !nameBytes[c] {
			return false
		}
	}
	return len(name) > 0
}

// nameBytes are the bytes of names: those of tokens (RFC 9110, section 5.6.2), in lower case.
var nameBytes = func() (ok [256]bool) {
	for _, c := range "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz" {
		ok[c] = true
	}
	return ok
}()

// validValue reports whether a value holds no control character: another protocol may take it for a line's
// end.
func validValue(value []byte) bool {
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
