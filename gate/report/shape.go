package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// maxDepth is how deep a verdict file may be nested. Ours need six levels.
const maxDepth = 16

// checkShape looks at JSON before it is decoded, in little memory. It refuses deep nesting, lists that
// are longer than any of ours, and objects that hold a key twice: such a key could say one thing to
// this program and another to the next. The decoder refuses text that is not JSON.
func checkShape(data []byte) error {
	s := shape{tokens: json.NewDecoder(bytes.NewReader(data))}
	s.tokens.UseNumber()
	if err := s.value(0); !errors.Is(err, errNoJSON) {
		return err
	}
	return nil
}

// errNoJSON ends the walk where the text is not JSON.
var errNoJSON = errors.New("no JSON")

// shape walks through JSON.
type shape struct{ tokens *json.Decoder }

func (s shape) value(depth int) error {
	token, err := s.tokens.Token()
	switch {
	case err != nil:
		return errNoJSON
	case depth > maxDepth:
		return fmt.Errorf("%w: it is nested more than %d levels deep", ErrMalformed, maxDepth)
	case token == json.Delim('['):
		return s.list(depth)
	case token == json.Delim('{'):
		return s.object(depth)
	default:
		return nil
	}
}

func (s shape) list(depth int) error {
	for n := 1; s.tokens.More(); n++ {
		if n > gate.MaxComparisons {
			return fmt.Errorf("%w: it holds a list of more than %d entries", ErrUnsound, gate.MaxComparisons)
		}
		if err := s.value(depth + 1); err != nil {
			return err
		}
	}
	_, _ = s.tokens.Token() // the end of the list, or what the decoder finds there
	return nil
}

// maxKeys is how many keys an object may have. Ours have fewer than thirty.
const maxKeys = 100

func (s shape) object(depth int) error {
	seen := map[string]bool{}
	for s.tokens.More() {
		token, err := s.tokens.Token()
		key, ok := token.(string)
		switch {
		case err != nil || !ok:
			return errNoJSON
		case seen[key]:
			return fmt.Errorf("%w: an object holds the key %.80q twice", ErrMalformed, key)
		case len(seen) == maxKeys:
			return fmt.Errorf("%w: an object holds more than %d keys", ErrMalformed, maxKeys)
		}
		seen[key] = true
		if err := s.value(depth + 1); err != nil {
			return err
		}
	}
	_, _ = s.tokens.Token() // the end of the object, or what the decoder finds there
	return nil
}
