package profile

// Value is a value with its kind: a part of an answer, a cell of a table, or what a user has saved. The
// zero Value is none.
type Value struct {
	Kind ValueKind
	Text string // the text itself, or the JSON of anything else, as it was written
}

// ValueKind is the kind of a Value.
type ValueKind uint8

// The kinds. NoValue is the zero value.
const (
	NoValue      ValueKind = iota
	TextValue              // a text, where numbers have a kind of their own: "10" is not 10
	UntypedValue           // a text from a place that knows no kinds, such as a header: 10 may be a number
	NumberValue
	BoolValue
	NullValue
	JSONValue // an array or an object
)

// IsText reports whether the value is sent in quotes where JSON is sent.
func (k ValueKind) IsText() bool { return k == TextValue || k == UntypedValue }
