package github

import (
	"crypto/rand"
	"fmt"
	"io"
	"strings"

	"github.com/sethvargo/go-githubactions"
)

// Actions writes the outputs, summary and annotations that GitHub Actions collects from a step.
type Actions struct {
	to *githubactions.Action
}

// NewActions writes annotations to w, which is the step's standard output or error, and the rest
// to the files that the environment names.
func NewActions(getenv func(string) string, w io.Writer) *Actions {
	return &Actions{githubactions.New(githubactions.WithGetenv(getenv), githubactions.WithWriter(w)).
		WithFieldsMap(map[string]string{"title": "Plimsoll"})}
}

// SetOutput sets one of the step's outputs. The value may have several lines: a random delimiter
// encloses it, which nobody can put into a value on purpose.
func (a *Actions) SetOutput(name, value string) error {
	fence := rand.Text()
	return a.file("output", name+"<<"+fence+"\n"+value+"\n"+fence)
}

// AddSummary adds markdown to the job's summary.
func (a *Actions) AddSummary(markdown string) error { return a.file("step-summary", markdown) }

// file appends a message to one of the runner's files. It turns the library's panic into an error.
func (a *Actions) file(name, message string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("write the step's %s: %v", strings.ReplaceAll(name, "-", " "), r)
		}
	}()
	a.to.IssueFileCommand(&githubactions.Command{Name: name, Message: message})
	return nil
}

// Error annotates the step with an error, which the run's page shows as one line.
func (a *Actions) Error(text string) { a.to.Errorf("%s", text) }

// Warning annotates the step with a warning.
func (a *Actions) Warning(text string) { a.to.Warningf("%s", text) }
