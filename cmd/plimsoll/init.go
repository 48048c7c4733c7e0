package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/sources"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/starter"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/trial"
)

// initCmd is plimsoll init.
type initCmd struct {
	Kind  string `arg:"" optional:"" default:"paired" enum:"paired,stored,forks,fleet,kubernetes" help:"The gate: paired (a pull request against its base, no database), stored (against the history of main, in PostgreSQL), forks (paired, in two workflows, where strangers send pull requests), or fleet (paired, on four machines, for a verdict in a quarter of the time). Or kubernetes: the manifest of a load from several pods."`
	Name  string `help:"The series (default: the name of the directory)."`
	Build string `help:"The command that builds the service."`
	Start string `help:"The command that starts the service. The port is in $PORT, and $${port} in the command stands for it."`
	URL   string `name:"url" help:"The address of a running service. Nothing is built or started."`
	Path  string `help:"The first path to load (default: /). It must answer 200 once the service is ready."`
	Pages bool   `help:"With stored: also write a workflow that publishes the history on GitHub Pages. Pages of a private repository may be public."`
	Force bool   `help:"Overwrite existing files."`

	clusterFlags

	sources.Flags `group:"Draft the profile from"`
}

// Run writes a profile and the workflows for it, all of them or none.
func (c *initCmd) Run(ctx context.Context, a *console.Console) error {
	if err := c.Check(); err != nil {
		return err
	}
	if c.Kind == "kubernetes" {
		return c.writeCluster(ctx, a)
	}
	if c.clusterFlags != (clusterFlags{}) {
		return exit.BadInput("--shards and --image belong to plimsoll init kubernetes")
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	settings, err := c.settings(ctx, a, dir, c.Kind)
	if err != nil {
		return err
	}
	files, err := settings.Files(ctx, starter.Place{Git: a.Git(dir), Env: a.Env, Version: a.Version})
	if err != nil {
		return err
	}
	if err := c.write(dir, files); err != nil {
		return err
	}
	return sayNext(a, dir, settings, files)
}

// settings are what the files are made from: the flags, guesses, answers of the user, and a draft, maybe a tried one.
func (c *initCmd) settings(ctx context.Context, a *console.Console, dir, kind string) (settings starter.Settings, err error) {
	settings = starter.Settings{Kind: kind, Name: c.Name, Build: c.Build, Start: c.Start, URL: c.URL, Path: c.Path, Pages: c.Pages}
	settings.Guess(dir)
	if !c.Any() {
		settings.Path = cmp.Or(settings.Path, "/")
	}
	if err := askAtTerminal(a, &settings); err != nil {
		return settings, err
	}
	if c.Any() {
		if settings.Draft, err = c.Draft(ctx, settings.URL, a.Env.Lookup); err != nil {
			return settings, unwritten{err}
		}
		settings.TakeURL()
	}
	if err := settings.Check(); err != nil {
		return settings, err
	}
	if c.Any() && c.Try {
		whole := settings.Whole()
		if settings.Draft, err = trial.Try(ctx, trial.Place{Console: a, Dir: dir, Read: whole.Read, Headers: c.Unwritten(whole)}, whole); err != nil {
			return settings, err
		}
		if settings.Draft.IsEmpty() {
			return settings, exit.BadInput("%sno step succeeded, and nothing was written", told(a, settings.Draft))
		}
	}
	return settings, nil
}

// write writes all files or none. It refuses to overwrite one without --force.
func (c *initCmd) write(dir string, files []starter.File) error {
	if there := starter.There(files); len(there) > 0 && !c.Force {
		return exit.BadInput("%s: there already, and nothing was written; --force overwrites existing files", strings.Join(shortened(dir, there), ", "))
	}
	return starter.Write(files)
}

// unwritten is an error of a source, after which init has written nothing.
type unwritten struct{ error }

func (u unwritten) Unwrap() error { return u.error }

// askAtTerminal asks for the settings at a terminal. Elsewhere it keeps the flags and the guesses.
func askAtTerminal(a *console.Console, s *starter.Settings) error {
	if !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stdout.Fd())) || s.URL != "" {
		return nil
	}
	answers := bufio.NewScanner(os.Stdin)
	for _, question := range []struct {
		text string
		into *string
	}{
		{"Kind of gate: paired, stored, forks or fleet", &s.Kind},
		{"Name of the series", &s.Name},
		{"Command that builds the service (empty for none)", &s.Build},
		{"Command that starts it; the port is in $PORT", &s.Start},
		{"First path to load", &s.Path},
	} {
		fmt.Fprintf(a.Stdout, "%s [%s]: ", question.text, *question.into)
		if !answers.Scan() {
			return errors.Join(exit.BadInput("nothing was written"), answers.Err())
		}
		*question.into = cmp.Or(strings.TrimSpace(answers.Text()), *question.into)
	}
	return nil
}

// sayNext prints which files were written, and the next steps.
func sayNext(a *console.Console, dir string, settings starter.Settings, files []starter.File) error {
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path)
	}
	names := shortened(dir, paths)
	if d := settings.Draft; d != nil && len(d.Rows) > 0 {
		names[0] += fmt.Sprintf(" (%d of %d operations)", d.Written(), len(d.Rows))
	}
	text := told(a, settings.Draft) + "Wrote " + strings.Join(names, ", ") + ".\n\n"
	if settings.From != "" {
		text += "- build and command are guessed from " + settings.From + ": check them in " + job.Usual + ".\n"
	}
	for _, note := range settings.Notes {
		text += "- Please check: " + note + "\n"
	}
	if settings.Draft != nil {
		text += toDo(settings.Draft, a.Env)
	} else {
		text += "- Put the routes that matter into " + job.Usual + ", each with its weight.\n"
	}
	text += "" +
		"- `plimsoll check` explains the profile, `plimsoll run` tries it here.\n" +
		"- Add result*.json and .plimsoll/ to .gitignore: runs write them here.\n"
	switch other := filepath.Join(filepath.Dir(paths[len(paths)-1]), "plimsoll-comment.yml"); {
	case settings.Kind == "stored":
		text += "- Put the URL of a PostgreSQL database into the repository's secrets as PLIMSOLL_DATABASE_URL.\n" +
			"- The first five pushes to the main branch fill the baseline; the gate can fail a change after ten.\n"
		if settings.Pages {
			text += "- In the repository's settings, choose GitHub Actions as the source of Pages. Pages of a private repository may be public:\n" +
				"  the history names routes, branches and commits.\n"
		}
	case settings.Kind == "fleet":
		text += "- In the repository's rules, require the check of the job plimsoll, and not those of its legs.\n"
	case settings.Kind == "paired" && starter.Exists(other):
		text += "- Remove " + shortened(dir, []string{other})[0] + ": it belongs to the gate for forks.\n"
	}
	_, err := fmt.Fprint(a.Stdout, text+"- Commit, push, and open a pull request.\n")
	return err
}

// told tells what a draft was made from: its sources, a table of what was written as what, and what was not
// understood.
func told(a *console.Console, d *draft.Draft) string {
	if d == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString(d.Title + "\n")
	if len(d.Rows) > 0 {
		b.WriteString("\n" + d.Table(columns(a.Stdout)) + "\n")
	}
	for _, note := range d.Notes {
		b.WriteString(note.String() + "\n")
	}
	return b.String()
}

// columns is how wide a table may be: as the terminal, within reason; of anything else as of a wide one.
func columns(w io.Writer) int {
	const narrow, wide = 80, 120
	if f, isFile := w.(*os.File); isFile {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return min(max(width, narrow), wide)
		}
	}
	return wide
}

// toDo lists what a drafted profile needs before it can be used.
func toDo(d *draft.Draft, env environ.Values) (text string) {
	for _, t := range d.ToFill() {
		text += "- Fill in data." + t.Name + " in " + job.Usual + ": " + t.Fill + ".\n"
	}
	for _, v := range d.Env {
		if _, set := env.Lookup(v.Name); !set {
			text += "- Set " + v.Name + ": " + v.Why + ".\n"
		}
	}
	return text
}

// shortened makes paths relative to a directory where that is shorter.
func shortened(dir string, paths []string) []string {
	var short []string
	for _, path := range paths {
		if below, err := filepath.Rel(dir, path); err == nil {
			path = filepath.ToSlash(below)
		}
		short = append(short, path)
	}
	return short
}
