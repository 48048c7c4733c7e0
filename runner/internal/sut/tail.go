package sut

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// How much of a system's output is kept.
const (
	tailLines    = 50
	headLines    = 10 // of a build: its first error is often the real one
	maxLineBytes = 4 << 10
)

// tail keeps the last lines written to it, and maybe the first ones, without the secrets in them, and
// looks for a text. Safe for concurrent use.
type tail struct {
	secrets
	watch string // a text to look for; empty for none
	first int    // how many of the first lines to keep too

	mu      sync.Mutex // guards the fields below
	head    []string
	lines   []string
	left    int    // lines between head and lines, not kept
	partial []byte // a line without its end
	recent  []byte // the last bytes, which may begin the text to look for
	seen    bool
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.look(p)
	rest := p
	for {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		t.partial = append(t.partial, line[:min(len(line), t.limit()-len(t.partial))]...)
		if !ended {
			return len(p), nil
		}
		t.keep(t.line())
		t.partial = t.partial[:0]
		rest = after
	}
}

// look looks for the text. It may come in pieces, and far from any line end.
func (t *tail) look(p []byte) {
	if t.watch == "" || t.seen {
		return
	}
	t.recent = append(t.recent, p...)
	t.seen = bytes.Contains(t.recent, []byte(t.watch))
	t.recent = append(t.recent[:0], t.recent[max(0, len(t.recent)-len(t.watch)+1):]...)
}

// keep keeps a line, and drops another if there are too many.
func (t *tail) keep(line string) {
	if len(t.head) < t.first {
		t.head = append(t.head, line)
		return
	}
	t.lines = append(t.lines, line)
	if more := len(t.lines) + t.first - tailLines; more > 0 {
		t.lines = t.lines[more:]
		t.left += more
	}
}

// limit is how many bytes of a line are looked at: enough to find every secret that begins in the
// bytes that are kept.
func (t *tail) limit() int { return maxLineBytes + t.longest() }

// line is the part of the present line to keep. It cuts off the end of a line that is too long: half a
// secret could stand there.
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

// String returns the lines that were kept. If some are left out in between, it says how many.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := slices.Clone(t.head)
	if t.left > 0 && t.first > 0 {
		lines = append(lines, fmt.Sprintf("(%d lines are left out here; -v shows all)", t.left))
	}
	lines = append(lines, t.lines...)
	if len(t.partial) > 0 {
		lines = append(lines, t.line())
	}
	text := t.hide(strings.Join(lines, "\n")) // a secret of several short lines
	if note := t.note(); note != "" && strings.Contains(text, stars) {
		text += "\n" + note
	}
	return text
}
