package profile

// Value is a value with its kind: a part of an answer, a cell of a table, or what a user has saved. The
// zero Value is none.
type Value struct {
	Kind ValueKind
	Text string // the text itself; for other kinds their JSON, as written
}

// ValueKind is the kind of a Value.
type ValueKind uint8

// The kinds. NoValue is the zero value.
const (
	NoValue      ValueKind = iota
	TextValue              // a text from a place with kinds: "10" is not 10
	UntypedValue           // a text from a place without kinds, such as a header: 10 may be a number
	NumberValue
	BoolValue
	NullValue
	JSONValue // an array or an object
)

// IsText reports whether the value gets quotes in JSON.
func (k ValueKind) IsText() bool { return k == TextValue || k == UntypedValue }
