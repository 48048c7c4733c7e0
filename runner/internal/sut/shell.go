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

// script prepares a line for this machine's shell. The shell takes each value literally.
func script(line plan.Line) (string, error) {
	if runtime.GOOS == "windows" {
		return windowsScript(line)
	}
	return posixScript(line)
}

// tame are values without a special character of cmd.exe, which cannot quote % and some others.
var tame = regexp.MustCompile(`^[\pL\pN_.,:/\\@+=~ -]*$`)

// windowsScript puts in values that cmd.exe takes literally, and refuses others. A program's path may be
// written with slashes.
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
			return "", errors.New("a value of ${…} contains a character with a meaning in cmd.exe: pass the value in target.start.env instead")
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

// notFound is a shell's message about a program that it cannot find.
var notFound = regexp.MustCompile(`(?m)^(?:.*: )?([^\s:][^:]*): (?:command )?not found\r?$`)

// missing says which program a shell did not find; empty if it ended with another status.
func missing(status int, output string, environ []string) string {
	name := "a program of the command"
	if found := notFound.FindStringSubmatch(output); found != nil {
		name = found[1]
	}
	switch {
	case status == 126:
		return "a program of the command cannot be executed: is it a program for this machine, and is it executable (chmod +x)?"
	case status != 127:
		return ""
	case strings.Contains(name, "/"): // found without PATH
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
