package main

import (
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/completion"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
)

// completionCmd is plimsoll completion.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish. In bash and zsh, load it with: source <(plimsoll completion bash)."`
}

// Run prints the script for the shell.
func (c *completionCmd) Run(a *console.Console) error {
	script, err := completion.Script(c.Shell)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(a.Stdout, script)
	return err
}

// completeCmd is plimsoll complete, which the scripts call.
type completeCmd struct {
	Words []string `arg:"" optional:""`
}

// Run prints the possible completions of the last word.
func (c *completeCmd) Run(a *console.Console, command *kong.Context) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	return completion.Complete(command.Model.Node, words).Print(a.Stdout)
}
