// Package console gives every command its output, its environment, the signal to stop, and its step in a GitHub
// workflow, if it runs in one.
//
// Stdout carries the answer, Stderr progress and warnings. In a workflow Warn and Error annotate the step, Output
// sets its outputs and Summarize adds to its summary. Elsewhere Warn prints and the others do nothing. Not safe for
// concurrent use.
package console

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/gate/github"
)

// Console is made once, in main, and handed to the command.
type Console struct {
	Stdout, Stderr io.Writer
	Guarded        bool // main starts guards of systems; see runner.Config
	Env            environ.Values
	Stop           <-chan struct{}              // closed by the first interrupt: end the load gracefully
	Version        string                       // of this program
	Reach          func(github.Run) *github.API // replaces GitHub's API in tests; else nil

	outputs map[string]bool // that were set
}

// With is a copy that works in another environment.
func (c *Console) With(env environ.Values) *Console {
	changed := *c
	changed.Env = env
	return &changed
}

// InActions reports whether this is a step of a GitHub workflow.
func (c *Console) InActions() bool { return c.Env.Get("GITHUB_ACTIONS") == "true" }

// Workflow is the workflow run that this step belongs to; zero outside of GitHub Actions.
func (c *Console) Workflow() (github.Run, error) { return github.FromEnv(c.Env.Get) }

// Token is the token for GitHub's API; empty when there is none.
func (c *Console) Token() string { return c.Env.Get(environ.GitHubToken) }

// API speaks to GitHub for a workflow run.
func (c *Console) API(workflow github.Run) *github.API {
	if c.Reach != nil {
		return c.Reach(workflow)
	}
	return &github.API{Run: workflow, Token: c.Token()}
}

// Git asks git about a directory.
func (c *Console) Git(dir string) git.Dir { return git.In(dir, c.Env.List()) }

// Warn prints a warning of trouble that changes neither the results nor the verdict.
func (c *Console) Warn(text string) {
	if c.InActions() {
		c.actions().Warning(text)
		return
	}
	fmt.Fprintf(c.Stderr, "plimsoll: %s\n", text)
}

// Error annotates the step of a workflow. Elsewhere it does nothing: the error is printed anyway.
func (c *Console) Error(text string) {
	if c.InActions() {
		c.actions().Error(text)
	}
}

// Output sets one of the step's outputs, in a workflow.
func (c *Console) Output(name, value string) {
	if !c.InActions() {
		return
	}
	if err := c.actions().SetOutput(name, value); err != nil {
		c.Warn(err.Error())
		return
	}
	if c.outputs == nil {
		c.outputs = map[string]bool{}
	}
	c.outputs[name] = true
}

// OutputFile sets an output to the path of a file, in a form that later steps understand in any directory.
func (c *Console) OutputFile(name, path string) {
	if full, err := filepath.Abs(path); err == nil {
		path = full
	}
	c.Output(name, path)
}

// HasOutput reports whether an output of the step was set.
func (c *Console) HasOutput(name string) bool { return c.outputs[name] }

// Summarize adds markdown to the job's summary, in a workflow.
func (c *Console) Summarize(markdown string) {
	if !c.InActions() {
		return
	}
	if err := c.actions().AddSummary(markdown); err != nil {
		c.Warn(err.Error())
	}
}

func (c *Console) actions() *github.Actions { return github.NewActions(c.Env.Get, c.Stderr) }
