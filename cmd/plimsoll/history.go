package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
)

// linkFlags hold the addresses that the history's pages link to.
type linkFlags struct {
	ReportURL site.Link `name:"report-url" placeholder:"URL" help:"Where a run's report is: an address with {id}, {commit}, {ci_run}, {repository}, {series} or {branch} in it (default in a GitHub workflow: the workflow run)."`
	CommitURL site.Link `name:"commit-url" placeholder:"URL" help:"Where a commit is shown, likewise (default in a GitHub workflow: GitHub)."`
}

// options converts the flags to page options.
func (f linkFlags) options(ctx context.Context, a *console.Console) (site.Options, error) {
	o := site.Options{Report: f.ReportURL, Commit: f.CommitURL, Tool: a.Version, Author: authors(ctx, a)}
	if server := a.Env.Get("GITHUB_SERVER_URL"); a.InActions() && server != "" {
		if o.Report == "" {
			o.Report = site.Link(server + "/{repository}/actions/runs/{ci_run}")
		}
		if o.Commit == "" {
			o.Commit = site.Link(server + "/{repository}/commit/{commit}")
		}
	}
	for _, one := range []struct {
		flag string
		link site.Link
	}{{"--report-url", o.Report}, {"--commit-url", o.Commit}} {
		if err := one.link.Check(); err != nil {
			return o, exit.BadInput("%s: %w", one.flag, err)
		}
	}
	return o, nil
}

// mostCommits is how far back authors are looked up.
const mostCommits = "20000"

// authors maps the commits that git finds in the working directory's history to their authors.
func authors(ctx context.Context, a *console.Console) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	log, err := a.Git(".").Run(ctx, "log", "-n", mostCommits, "--format=%H %aN")
	if err != nil {
		return nil // not in a repository
	}
	all := map[string]string{}
	for line := range strings.Lines(log) {
		if commit, name, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			all[commit] = name
		}
	}
	return all
}

// historyCmd is plimsoll history.
type historyCmd struct {
	storeFlag
	linkFlags
	HTML       string `name:"html" required:"" placeholder:"DIR" file:"" help:"Write the pages into this directory. They need no server: open index.html. A history that is there already is replaced, other files stay."`
	Series     string `help:"Only this series."`
	Repository string `help:"Only this repository."`
	Branch     string `help:"Only this branch."`
	Runs       int    `default:"10000" help:"At most this many runs, the newest."`
}

// mostRuns is how many runs a site may have.
const mostRuns = 100_000

// Run writes the site.
func (c *historyCmd) Run(ctx context.Context, a *console.Console) error {
	if c.Runs < 1 || c.Runs > mostRuns {
		return exit.BadInput("--runs is %d: 1 to %d", c.Runs, mostRuns)
	}
	ctx, end := untilStopped(ctx, a)
	defer end()
	options, err := c.options(ctx, a)
	if err != nil {
		return err
	}
	var records []baseline.Record
	err = c.use(ctx, a, func(store baseline.Store) (err error) {
		records, options.More, err = site.Read(ctx, store, baseline.Query{Series: c.Series, Repository: c.Repository, Branch: c.Branch, Limit: c.Runs})
		return err
	})
	if err != nil {
		return err
	}
	if len(records) == 0 && c.Series+c.Repository+c.Branch != "" {
		return exit.BadInput("the store has no such runs: `plimsoll baseline list` shows what it has")
	}
	options.Made = time.Now()
	h := site.Build(records, options)
	done, err := h.Write(ctx, c.HTML)
	if errors.Is(err, site.ErrForeign) {
		return exit.BadInput("--html: %w", err)
	}
	if err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	a.OutputFile("history", c.HTML)
	_, err = fmt.Fprintf(a.Stdout, "Wrote %s of %s into %s: %.1f MB. Open %s.\n",
		counted(done.Pages, "page"), countRuns(len(records)), c.HTML, float64(done.Bytes)/1e6, filepath.Join(c.HTML, "index.html"))
	return err
}

// untilStopped returns a context that ends with the first interrupt. end releases its goroutine.
func untilStopped(ctx context.Context, a *console.Console) (stopped context.Context, end func()) {
	stopped, cancel := context.WithCancel(ctx)
	go func() { // ends with stopped
		select {
		case <-a.Stop:
			cancel()
		case <-stopped.Done():
		}
	}()
	return stopped, cancel
}
