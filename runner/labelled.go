package runner

import (
	"bytes"
	"io"
	"sync"
)

// longestLine is how many bytes wait for a line break.
const longestLine = 64 << 10

// labelled passes whole lines on to a writer that several share, each behind a label. What
// has no line break at its end yet waits for one, or for end. Safe for concurrent use.
type labelled struct {
	mu    *sync.Mutex // guards what follows, and is shared with the others
	to    io.Writer
	label string
	rest  []byte // of the last line
}

// Write passes lines on.
func (l *labelled) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for len(l.rest) > 0 {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 && len(l.rest) < longestLine {
			break
		}
		if err := l.pass(max(end+1, 0)); err != nil {
			return len(p), err
		}
	}
	return len(p), nil
}

// end passes on what waits for a line break.
func (l *labelled) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		_ = l.pass(0) // as with all that is shown beside the results: nobody reads it
	}
}

// pass passes on the first n bytes, which are a line; 0 for all, which are a part of one.
func (l *labelled) pass(n int) error {
	line := append([]byte(l.label), l.rest[:n]...)
	if n == 0 {
		line = append(append(line, l.rest...), '\n')
		n = len(l.rest)
	}
	l.rest = l.rest[n:]
	_, err := l.to.Write(line)
	return err
}
