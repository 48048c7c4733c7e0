package sut

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// The shells that run a line.
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
