package foreign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
)

// ErrSecond is the error about a file that holds sums of two runs, one after the other.
var ErrSecond = errors.New("a second run begins: import one at a time")

// Document reads a file that is one document, of up to so many bytes.
func Document(f *File, most int) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF): // of gzip
		return nil, errCutDocument
	case err != nil:
		return nil, err
	case len(data) > most:
		return nil, fmt.Errorf("it has more than %d MiB: it is no summary", most>>20)
	}
	return data, nil
}

var errCutDocument = fmt.Errorf("its JSON: %w: it was cut, so nothing can be read from it", scan.ErrCut)

// Decode makes a value of a document of JSON that nothing follows.
func Decode(data []byte, to any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	err := decoder.Decode(to)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errCutDocument
	}
	if err != nil {
		return fmt.Errorf("its JSON: %w", err)
	}
	switch rest := bytes.TrimSpace(data[decoder.InputOffset():]); {
	case len(rest) == 0:
		return nil
	case rest[0] == '{':
		return ErrSecond
	default:
		return fmt.Errorf("%.40q follows its JSON", rest)
	}
}
