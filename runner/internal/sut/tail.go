package sut

import (
	"bytes"
	"strings"
	"sync"
)

// The end of a system's output that is kept.
const (
	tailLines    = 50
	maxLineBytes = 4 << 10
)

// tail keeps the last lines written to it, and notes when a text appears in one. Safe for
// concurrent use.
type tail struct {
	watch   string   // the text to look for; empty for none
	secrets []string // texts that are not shown

	mu      sync.Mutex // guards what follows
	lines   []string
	partial []byte // a line without its end, at most maxLineBytes
	seen    bool
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rest := p
	for {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		t.partial = append(t.partial, line[:min(len(line), maxLineBytes-len(t.partial))]...)
		t.seen = t.seen || t.watch != "" && bytes.Contains(t.partial, []byte(t.watch))
		if !ended {
			return len(p), nil
		}
		t.lines = append(t.lines, strings.TrimRight(string(t.partial), "\r"))
		t.lines = t.lines[max(0, len(t.lines)-tailLines):]
		t.partial = t.partial[:0]
		rest = after
	}
}

// Seen reports whether the text looked for has appeared.
func (t *tail) Seen() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen
}

// String gives the last lines, with stars in the place of secrets.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := t.lines
	if len(t.partial) > 0 {
		lines = append(lines[:len(lines):len(lines)], string(t.partial))
	}
	return hide(strings.Join(lines, "\n"), t.secrets)
}
