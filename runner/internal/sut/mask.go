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
	for _, secret := range s.Secrets { // such as a key, which is printed line by line
		for line := range strings.Lines(secret) {
			if line = strings.TrimRight(line, "\r\n"); len(line) >= leastSecret && line != secret {
				all = append(all, line)
			}
		}
	}
	if token := os.Getenv("GITHUB_TOKEN"); token != "" {
		all = append(all, token)
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// leastSecret is how long a line of a secret must be to be hidden by itself, in bytes.
const leastSecret = 6

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
	line := hide(string(m.partial[:end]), m.secrets)
	m.partial = append(m.partial[:0], m.partial[end:]...)
	if end == 0 { // an endless line: what may be the beginning of a secret stays here
		all := hide(string(m.partial), m.secrets)
		kept := min(len(all), m.longest())
		line, m.partial = all[:len(all)-kept], append(m.partial[:0], all[len(all)-kept:]...)
	}
	_, err := io.WriteString(m.to, line)
	return len(p), err
}

func (m *mask) longest() int {
	if len(m.secrets) == 0 {
		return 0
	}
	return len(m.secrets[0])
}

// flush hands on what has no end, once the command has.
func (m *mask) flush() {
	_, _ = io.WriteString(m.to, hide(string(m.partial), m.secrets)) // nobody is left who could be told
	m.partial = nil
}
