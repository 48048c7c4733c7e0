package sut

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// Check returns a *Failure if the commands of a plan cannot run: their directory is missing, or the shell
// finds a syntax error. It runs none of them.
func Check(ctx context.Context, s *plan.Start, at Place) error {
	dir := at.command(s, "").Dir
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return &Failure{What: fmt.Sprintf("there is no directory %s: target.start would build and start the system there; correct target.start.dir", dir)}
	}
	for _, one := range []struct {
		key, shown string
		line       plan.Line
	}{{"build", s.ShownBuild, s.Build}, {"command", s.ShownCommand, s.Command}} {
		wrong, err := misread(ctx, one.line)
		if err != nil {
			return &Failure{What: fmt.Sprintf("target.start.%s: %q: %v", one.key, one.shown, err)}
		}
		if wrong != "" {
			hidden := secretsOf(s, at.Secrets)
			return &Failure{What: fmt.Sprintf("target.start.%s: the shell cannot read %q: %s", one.key, one.shown, hidden.hide(wrong))}
		}
	}
	return nil
}

// misread is the shell's message about a line with a syntax error. It is empty for a correct line, and on
// systems with a shell that cannot check a line without running it.
func misread(ctx context.Context, line plan.Line) (string, error) {
	text, err := script(line)
	if err != nil || len(line) == 0 || runtime.GOOS == "windows" {
		return "", err
	}
	var said bytes.Buffer
	read := exec.CommandContext(ctx, posixShell, "-n", "-c", text)
	read.Stderr = &said
	if err := read.Run(); err == nil || said.Len() == 0 {
		return "", nil
	}
	_, wrong, found := strings.Cut(strings.TrimSpace(said.String()), "Syntax error: ") // of dash: sh: 1: Syntax error: …
	if !found {
		wrong = strings.TrimSpace(said.String())
	}
	return wrong, nil
}
