package sut

import (
	"bytes"
	"strings"
	"sync"
)

// How much of a system's output is kept.
const (
	tailLines    = 50
	maxLineBytes = 4 << 10
)

// tail keeps the last lines written to it, without the secrets in them, and looks for a text. Safe for
// concurrent use.
type tail struct {
	secrets
	watch string // the text to look for; empty for none

	mu      sync.Mutex // guards what follows
	lines   []string
	partial []byte // a line without its end
	seen    bool
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rest := p
	for {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		t.partial = append(t.partial, line[:min(len(line), t.limit()-len(t.partial))]...)
		t.seen = t.seen || t.watch != "" && bytes.Contains(t.partial, []byte(t.watch))
		if !ended {
			return len(p), nil
		}
		t.lines = append(t.lines, t.line())
		t.lines = t.lines[max(0, len(t.lines)-tailLines):]
		t.partial = t.partial[:0]
		rest = after
	}
}

// limit is how many bytes of a line are looked at: enough to find every secret that begins in the
// bytes that are kept.
func (t *tail) limit() int { return maxLineBytes + t.longest() }

// line is what is kept of the present line. If the line was too long, its end may be half a secret and
// is cut off.
func (t *tail) line() string {
	line := t.hide(strings.TrimRight(string(t.partial), "\r"))
	if len(t.partial) == t.limit() {
		line = line[:max(0, len(line)-t.longest())]
	}
	return line[:min(len(line), maxLineBytes)]
}

// Seen reports whether the text has appeared.
func (t *tail) Seen() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen
}

// String is the last lines.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := t.lines
	if len(t.partial) > 0 {
		lines = append(lines[:len(lines):len(lines)], t.line())
	}
	text := t.hide(strings.Join(lines, "\n")) // a secret of several short lines
	if note := t.note(); note != "" && strings.Contains(text, stars) {
		text += "\n" + note
	}
	return text
}
