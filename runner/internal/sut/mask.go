package sut

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// secrets are what is not shown of what a system prints, the longest first, since one may begin
// another. A token stays in its environment: a build may need one.
func secrets(s *plan.Start) []string {
	all := slices.Clone(s.Secrets)
	if token := os.Getenv("GITHUB_TOKEN"); token != "" {
		all = append(all, token)
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// hide puts stars in the place of secrets.
func hide(text string, secrets []string) string {
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}

// mask hands lines on without the secrets in them, whole lines at a time. Not safe for concurrent
// use: of a command, both streams are copied by one goroutine.
type mask struct {
	to      io.Writer
	secrets []string
	partial []byte // a line without its end
}

func (m *mask) Write(p []byte) (int, error) {
	m.partial = append(m.partial, p...)
	end := bytes.LastIndexByte(m.partial, '\n') + 1
	if end == 0 && len(m.partial) < maxLineBytes {
		return len(p), nil
	}
	if end == 0 {
		end = len(m.partial)
	}
	line := hide(string(m.partial[:end]), m.secrets)
	m.partial = append(m.partial[:0], m.partial[end:]...)
	_, err := io.WriteString(m.to, line)
	return len(p), err
}

// flush hands on what has no end, once the command has.
func (m *mask) flush() {
	_, _ = io.WriteString(m.to, hide(string(m.partial), m.secrets)) // nobody is left who could be told
	m.partial = nil
}
