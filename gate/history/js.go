package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// benchmarkData is what github-action-benchmark writes into data.js, behind
// "window.BENCHMARK_DATA = ".
type benchmarkData struct {
	Entries map[string][]struct {
		Commit struct {
			ID string `json:"id"`
		} `json:"commit"`
		Date    float64 `json:"date"` // ms since 1970
		Tool    string  `json:"tool"`
		Benches []struct {
			Name  string  `json:"name"`
			Value float64 `json:"value"`
			Unit  string  `json:"unit"`
		} `json:"benches"`
	} `json:"entries"`
}

// biggerIsBetter lists the tools of which github-action-benchmark takes more for better; for
// all others it takes less (its src/write.ts, biggerIsBetter).
var biggerIsBetter = []string{"benchmarkjs", "pytest", "customBiggerIsBetter"}

// readJS reads data.js, or the JSON in it.
func (b *builder) readJS(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if start := bytes.IndexByte(text, '{'); start > 0 {
		text = text[start:]
	}
	var data benchmarkData
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&data); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return fmt.Errorf("%w: line %d: %w", ErrFormat, 1+bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n")), err)
		}
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	var names []string
	for name := range data.Entries {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		s := b.suite(strings.TrimSpace(name))
		for i, entry := range data.Entries[name] {
			for _, bench := range entry.Benches {
				c := Column{bench.Name, bench.Unit, slices.Contains(biggerIsBetter, entry.Tool)}
				if err := b.add(s, c, i, entry.Commit.ID, time.UnixMilli(int64(entry.Date)), bench.Value); err != nil {
					return err
				}
			}
		}
	}
	if b.values == 0 {
		return fmt.Errorf("%w: it has no entries with benches", ErrFormat)
	}
	return nil
}
