package sut

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// secrets are the texts to mask in what a system prints.
type secrets struct {
	texts []string      // the longest first, as one may be part of another
	short []plan.Secret // shorter than shortSecret
}

// shortSecret is the length in bytes below which a text often occurs in others by chance.
const shortSecret = 6

// secretsOf collects the secrets of a plan and those in others.
func secretsOf(s *plan.Start, others []string) secrets {
	var all secrets
	for _, secret := range s.Secrets {
		all.add(secret.Value)
		if len(secret.Value) < shortSecret {
			all.short = append(all.short, secret)
		}
	}
	for _, text := range others {
		all.add(text)
	}
	slices.SortFunc(all.texts, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	all.texts = slices.Compact(all.texts)
	return all
}

// add adds a text and each of its lines, as a key may be printed line by line.
func (s *secrets) add(text string) {
	if text != "" {
		s.texts = append(s.texts, text)
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); len(line) >= plan.LeastSecret {
			s.texts = append(s.texts, line)
		}
	}
}

// longest is the length of the longest.
func (s *secrets) longest() int {
	if len(s.texts) == 0 {
		return 0
	}
	return len(s.texts[0])
}

// stars replace a secret.
const stars = "***"

// hide replaces the secrets in a text.
func (s *secrets) hide(text string) string {
	for _, secret := range s.texts {
		text = strings.ReplaceAll(text, secret, stars)
	}
	return text
}

// note warns that stars may hide other text too; empty if no secret is short.
func (s *secrets) note() string {
	var names []string
	for _, secret := range s.short {
		names = append(names, fmt.Sprintf("%s (%d bytes)", secret.Name, len(secret.Value)))
	}
	if len(names) == 0 {
		return ""
	}
	return "(" + stars + " may hide other text too: these values are short: " + strings.Join(names, ", ") + ")"
}

// mask passes lines on without the secrets in them. Not safe for concurrent use; one goroutine copies
// both streams of a command.
type mask struct {
	secrets
	to      io.Writer
	label   string // before each line
	partial []byte // a line without its end
}

func (m *mask) Write(p []byte) (int, error) {
	m.partial = append(m.partial, p...)
	end := bytes.LastIndexByte(m.partial, '\n') + 1
	lines := m.hide(string(m.partial[:end]))
	m.partial = append(m.partial[:0], m.partial[end:]...)
	if len(m.partial) >= maxLineBytes { // pass on the line, but keep an end that may begin a secret
		all := m.hide(string(m.partial))
		kept := min(len(all), m.longest())
		lines += all[:len(all)-kept]
		m.partial = append(m.partial[:0], all[len(all)-kept:]...)
	}
	m.pass(lines)
	return len(p), nil
}

// flush passes on a last line without an end.
func (m *mask) flush() {
	m.pass(m.hide(string(m.partial)))
	m.partial = nil
}

// pass writes lines to the log, each in one call. With a label every line gets an end, as other systems
// may print in between.
func (m *mask) pass(lines string) {
	for line := range strings.Lines(lines) {
		if m.label != "" && !strings.HasSuffix(line, "\n") {
			line += "\n"
		}
		_, _ = io.WriteString(m.to, m.label+line) // the system must not end because its log cannot be written
	}
}
