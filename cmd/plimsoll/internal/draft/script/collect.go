package script

// Bounds of one value: a script may put a list into itself, or double it again and again.
const (
	maxParts  = 100_000
	maxNested = 100
	maxText   = 1 << 20 // bytes of a concatenated text
	maxPieces = 1_000   // unknown values in a text, and the literals between them
)

// collect calls yield for each value in a value. It reports whether it has seen all: not of one that is too large, or
// that holds itself.
func collect(v Value, yield func(Value)) bool {
	left := maxParts
	return collectSome(v, yield, &left, 0)
}

func collectSome(v Value, yield func(Value), left *int, depth int) bool {
	if *left--; *left < 0 || depth > maxNested {
		return false
	}
	yield(v)
	all := true
	into := func(inner Value) {
		all = all && collectSome(inner, yield, left, depth+1)
	}
	switch v := v.(type) {
	case *Text:
		for _, p := range v.Parts {
			into(p)
		}
	case *List:
		for _, item := range v.Items {
			into(item)
		}
	case *Dict:
		if v != nil {
			for _, key := range v.Keys {
				into(v.m[key])
			}
		}
	case *Object:
		into(v.Fields)
	case *JSON:
		into(v.Of)
	case *Base64:
		into(v.Of)
	case *File:
		if v != nil {
			into(v.Name)
		}
	}
	return all
}

// tooLarge reports whether a value cannot be written: it is too large, or holds itself.
func tooLarge(v Value) bool { return !collect(v, func(Value) {}) }

// isUnknown reports whether a value, or a part of it, is not known.
func isUnknown(v Value) (found *Unknown, is bool) {
	whole := collect(v, func(v Value) {
		if u, is := v.(*Unknown); is && found == nil {
			found = u
		}
	})
	if !whole && found == nil {
		found = &Unknown{Why: "a value that is too large"}
	}
	return found, found != nil
}

// plain reports whether a value holds no variables.
func (m *Machine) plain(v Value) bool {
	plain := true
	whole := collect(v, func(v Value) {
		switch v.(type) {
		case nil, string, bool, int64, float64, *List, *Dict:
		default:
			plain = false
		}
	})
	return plain && whole
}
