package sut

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// shell says which shell runs a line, in messages.
const (
	posixShell   = "/bin/sh"
	windowsShell = "cmd.exe"
)

// script makes a line ready for this machine's shell. The shell takes each value in it as it is.
func script(line plan.Line) (string, error) {
	if runtime.GOOS == "windows" {
		return windowsScript(line)
	}
	return posixScript(line)
}

// posixScript makes a script, which ends at the first of several lines that fails. It quotes each value
// for its place: between quotes, inside of them, or in a command
// substitution (POSIX.1-2024, XCU 2.2).
func posixScript(line plan.Line) (string, error) {
	var s scanner
	for _, part := range line {
		if part.Value {
			if err := s.value(part.Text); err != nil {
				return "", err
			}
			continue
		}
		s.literal(part.Text)
	}
	if text := s.out.String(); strings.Contains(strings.TrimSpace(text), "\n") {
		return "set -e\n" + text, nil // or a line that fails would not be noticed
	}
	return s.out.String(), nil
}

// scanner reads a shell's line and knows which quotes are open.
type scanner struct {
	out     strings.Builder
	open    []byte // what is open, the innermost last: ' " ` ( or {
	escaped bool   // a backslash stands before
	comment bool   // up to the end of the line
	here    bool   // a here-document has begun
	last    byte   // outside of quotes; 0 at the beginning
}

func (s *scanner) top() byte {
	if len(s.open) == 0 {
		return 0
	}
	return s.open[len(s.open)-1]
}

func (s *scanner) push(c byte) { s.open = append(s.open, c) }

func (s *scanner) pop() { s.open = s.open[:len(s.open)-1] }

// literal reads a part of the line as the profile says it.
func (s *scanner) literal(text string) {
	s.out.WriteString(text)
	for i := range len(text) {
		escaped := s.escaped
		s.step(text[i])
		if s.last = text[i]; escaped {
			s.last = 'x' // it means nothing
		}
	}
}

// step reads one byte.
func (s *scanner) step(c byte) {
	before := s.last
	switch top := s.top(); {
	case s.comment:
		s.comment = c != '\n'
	case s.escaped:
		s.escaped = false
	case top == '\'':
		if c == '\'' {
			s.pop()
		}
	case c == '\\':
		s.escaped = true
	case c == '"' && top == '"', c == '`' && top == '`', c == ')' && top == '(', c == '}' && top == '{':
		s.pop()
	case c == '"', c == '`':
		s.push(c)
	case c == '(' && (before == '$' || !s.double()), c == '{' && before == '$':
		s.push(c)
	case c == '\'' && !s.double():
		s.push(c)
	case c == '#' && !s.double() && (before == 0 || strings.IndexByte(" \t\n;&|(", before) >= 0):
		s.comment = true
	case c == '<' && before == '<' && !s.double():
		s.here = true
	}
}

// double reports whether what comes next is inside of double quotes.
func (s *scanner) double() bool {
	for i := len(s.open) - 1; i >= 0; i-- {
		if s.open[i] != '{' {
			return s.open[i] == '"'
		}
	}
	return false
}

var (
	inSingle    = strings.NewReplacer(`'`, `'\''`)
	inDouble    = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`")
	inBackticks = strings.NewReplacer(`\`, `\\`, `$`, `\$`, "`", "\\`")
)

// value puts in a value, which the shell does not read.
func (s *scanner) value(text string) error {
	switch {
	case s.comment:
		return nil
	case s.here:
		return errors.New("a value of ${…} cannot stand behind <<: let the shell put it in, with $NAME and target.start.env")
	case s.escaped:
		return errors.New(`a backslash stands before a value of ${…}: leave it out, values are quoted by themselves`)
	}
	var quoted string
	switch {
	case s.top() == '\'':
		quoted = inSingle.Replace(text)
	case s.double():
		quoted = inDouble.Replace(text)
	default:
		quoted = "'" + inSingle.Replace(text) + "'"
	}
	for _, c := range s.open {
		if c == '`' {
			quoted = inBackticks.Replace(quoted)
		}
	}
	s.out.WriteString(quoted)
	s.last = 'x'
	return nil
}

// tame are values that mean nothing to cmd.exe. It has no quotes for % and more.
var tame = regexp.MustCompile(`^[\pL\pN_.,:/\\@+=~ -]*$`)

// windowsScript puts in values that cmd.exe takes as they are, and refuses others. A program's path may
// be written with slashes.
func windowsScript(line plan.Line) (string, error) {
	var b strings.Builder
	for _, part := range line {
		inQuotes := strings.Count(b.String(), `"`)%2 == 1
		switch {
		case strings.Contains(strings.TrimSpace(part.Text), "\n"):
			return "", errors.New("cmd.exe runs one line: join the lines with &&")
		case !part.Value:
			b.WriteString(part.Text)
		case !tame.MatchString(part.Text):
			return "", errors.New("a value of ${…} holds a character that cmd.exe would read: pass it in target.start.env instead")
		case inQuotes || !strings.ContainsAny(part.Text, " ,="):
			b.WriteString(part.Text)
		default:
			b.WriteString(`"` + part.Text + `"`)
		}
	}
	program, rest, spaced := strings.Cut(strings.TrimLeft(b.String(), " "), " ")
	if spaced {
		rest = " " + rest
	}
	if strings.Contains(program, `"`) {
		return b.String(), nil
	}
	return strings.ReplaceAll(program, "/", `\`) + rest, nil
}

// notFound is what shells say of a program that they cannot find.
var notFound = regexp.MustCompile(`(?m)^(?:.*: )?([^\s:][^:]*): (?:command )?not found\r?$`)

// missing says that a shell found no program; empty if it ended with another status.
func missing(status int, output string, environ []string) string {
	name := "a program of the command"
	if found := notFound.FindStringSubmatch(output); found != nil {
		name = found[1]
	}
	switch {
	case status == 126:
		return "a program of the command cannot be executed: is it a program, for this machine, with the right to execute it?"
	case status != 127:
		return ""
	case strings.Contains(name, "/"): // PATH has no say
		return name + " was not found"
	default:
		return name + " was not found, " + searched(environ)
	}
}

// maxPath is how much of PATH is shown, in bytes.
const maxPath = 100

// searched says where a shell looks for programs.
func searched(environ []string) string {
	path := ""
	for _, variable := range environ {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value
		}
	}
	dirs := strings.Split(path, ":")
	shown := path
	for n := len(dirs) - 1; len(shown) > maxPath && n > 0; n-- {
		shown = fmt.Sprintf("%s and %d more", strings.Join(dirs[:n], ":"), len(dirs)-n)
	}
	if path == "" {
		return "and PATH is not set"
	}
	return "and PATH is " + shown
}
